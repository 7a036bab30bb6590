//! What every screen has: the bar at the top, the news and the keys at the bottom.

use blytz_core::wire::auction::AuctionStatus;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{layout, text};
use crate::{
    keymap::Action,
    model::{Connection, Model, Overlay, Screen, follow::Mode},
    people::Me,
    theme::Role,
};

/// For how long the bar says that something was shown anew.
const RESYNCED_SHOWN_MS: i64 = 10_000;

pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = layout::whole(model.size);
    bar(model, Rect { height: 1, ..area }, frame);
    news(model, Rect { y: area.height - 2, height: 1, ..area }, frame);
    keys(model, Rect { y: area.height - 1, height: 1, ..area }, frame);
}

fn bar(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let style = model.style(Role::Bar);
    let live = model.lots.values().filter(|lot| lot.state.status == AuctionStatus::Live).count();
    let place = match model.screen {
        Screen::Lobby => format!("Lobby, {live} live"),
        Screen::Lot(_) => "Lot".to_owned(),
        Screen::Desk => "Seller's desk".to_owned(),
        Screen::Login => "Log in".to_owned(),
    };
    let me = model.people.me.as_ref().map_or_else(|| "guest".to_owned(), |me| text::cut(me.name.as_str(), 20));
    let right = format!("{}  {me} ", connection(model));
    let left = text::fit(&format!(" BLYTZ  {place}"), usize::from(area.width).saturating_sub(text::width(&right)));
    frame.render_widget(Paragraph::new(Line::styled(left + &right, style)).style(style), area);
}

/// The connection in words: always there, never only a colour.
fn connection(model: &Model) -> String {
    match &model.connection {
        Connection::Connecting => "◌ connecting".to_owned(),
        Connection::Live { resynced_at: Some(at) } if model.now.micros_since(*at) < RESYNCED_SHOWN_MS * 1_000 => {
            "● live, resynced".to_owned()
        }
        Connection::Live { .. } => "● live".to_owned(),
        Connection::Reconnecting { attempt, next_try } => {
            let left = (next_try.micros_since(model.now).max(0) + 999_999) / 1_000_000;
            format!("◌ reconnecting in {left} s (try {attempt})")
        }
        Connection::Closed(reason) => format!("✕ closed: {}", text::cut(reason.as_str(), 30)),
    }
}

fn news(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let Some(newest) = model.notices.iter().last() else { return };
    let more = model.notices.iter().count() - 1;
    let mut spans = vec![Span::styled(format!(" {} ", newest.text), model.style(newest.role))];
    if more > 0 {
        spans.push(Span::styled(format!("(+{more})"), model.style(Role::Muted)));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn keys(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let key_word = |action, word| {
        let word = if action == Action::Follow && model.following.mode == Mode::On { "stay" } else { word };
        (model.keymap.first(action), format!(" {word}   "))
    };
    let mouse = if model.mouse { "" } else { "mouse off   " };
    let help = key_word(Action::Help, "help");
    let fixed = 1 + text::width(mouse) + text::width(&help.0) + text::width(&help.1);
    let mut room = usize::from(area.width).saturating_sub(fixed);
    let mut line = vec![Span::raw(" ")];
    // What does not fit is left out whole; the help, which has it all, is always there.
    let apt = |hint: &&(Action, &str)| hint.0 != Action::Follow || model.current_chat().is_some();
    for (key, word) in
        hints(model).iter().filter(apt).map(|(action, word)| key_word(*action, word)).chain([help.clone()])
    {
        let needed = text::width(&key) + text::width(&word);
        let is_help = (&key, &word) == (&help.0, &help.1);
        if !key.is_empty() && (is_help || needed <= room) {
            room = room.saturating_sub(needed);
            line.push(Span::styled(key, model.style(Role::Accent)));
            line.push(Span::styled(word, model.style(Role::Muted)));
        }
    }
    line.push(Span::styled(mouse, model.style(Role::Muted)));
    frame.render_widget(Paragraph::new(Line::from(line)), area);
}

/// The keys that matter most where the person is now.
fn hints(model: &Model) -> &'static [(Action, &'static str)] {
    match (&model.overlay, model.screen) {
        (Some(Overlay::Help(_)), _) => &[(Action::Down, "scroll"), (Action::Back, "close")],
        (Some(Overlay::Prompt(_)), _) => &[(Action::Open, "yes, do it"), (Action::Back, "no")],
        (None, Screen::Lobby) => match &model.people.me {
            None => {
                &[(Action::Open, "open"), (Action::Filter, "filter"), (Action::Login, "log in"), (Action::Quit, "quit")]
            }
            Some(Me { seller: true, .. }) => {
                &[(Action::Open, "open"), (Action::Filter, "filter"), (Action::Desk, "desk"), (Action::Quit, "quit")]
            }
            Some(_) => &[(Action::Open, "open"), (Action::Filter, "filter"), (Action::Quit, "quit")],
        },
        (None, Screen::Lot(_)) => &[
            (Action::Chat, "chat"),
            (Action::NextPane, "pane"),
            (Action::NextLot, "next lot"),
            (Action::Watch, "watch"),
            (Action::Follow, "follow"),
            (Action::Back, "back"),
        ],
        (None, Screen::Desk) => &[
            (Action::StartLot, "start"),
            (Action::CancelLot, "cancel"),
            (Action::VoidBid, "void"),
            (Action::DeleteMessage, "delete"),
            (Action::Mute, "mute"),
            (Action::Ban, "ban"),
        ],
        (None, Screen::Login) => &[(Action::NextPane, "next field"), (Action::Open, "log in"), (Action::Back, "back")],
    }
}
