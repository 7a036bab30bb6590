//! One lot: price, position, countdown, buttons, history, chart, chat.

use blytz_core::{
    AuctionId, Money,
    wire::auction::{AuctionStatus, BidOutcome, Format},
};
use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    buttons, chart, chat, digits, history,
    layout::{ALARM_MARGIN, LotLayout},
    text,
};
use crate::{
    format,
    keymap::Action,
    model::{Model, Pane, Position, attempt::AttemptState, follow::Hop, lot::Lot},
    theme::Role,
    words::count,
};

pub(super) fn draw(model: &Model, id: AuctionId, frame: &mut Frame<'_>) {
    let layout = LotLayout::of(model);
    alarm(model, id, layout.alarm, frame);
    let Some(lot) = model.lots.get(&id) else {
        let line = Line::styled(" Asking the server about this lot …", model.style(Role::Muted));
        frame.render_widget(Paragraph::new(line), layout.title);
        return;
    };
    title(model, lot, layout.title, frame);
    item(model, lot, layout.item, frame);
    price(model, lot, layout.price, frame);
    let facts = vec![position(model, lot), countdown(model, lot), offer(model, lot)];
    frame.render_widget(Paragraph::new(facts), layout.facts);
    match model.following.hop {
        Some(hop) => next_lot(model, &hop, layout.buttons, frame),
        None => buttons::draw(model, layout.buttons, frame),
    }
    attempt(model, lot, layout.attempt, frame);
    if !layout.tabs.is_empty() {
        tabs(model, layout.tabs, frame);
    }
    if !layout.chart.is_empty() {
        chart::draw(model, lot, layout.chart, frame);
    }
    let pane = model.floor.pane;
    if !layout.history.is_empty() {
        history::draw(model, lot, model.floor.scroll, pane == Pane::History, layout.history, frame);
    }
    chat::draw(model, lot.stream, pane == Pane::Chat, layout.chat, layout.chat_input, frame);
}

fn title(model: &Model, lot: &Lot, area: Rect, frame: &mut Frame<'_>) {
    let watching = model.standings.get(&lot.id).is_some_and(|standing| standing.watching);
    let mark = if watching { " ★" } else { "" };
    let format = match lot.state.format {
        Format::English => "",
        Format::Dutch => ", Dutch: the price falls",
        Format::SealedFirstPrice => ", sealed: the highest wins and pays its bid",
        Format::SealedSecondPrice => ", sealed: the highest wins and pays the second price",
    };
    let room = usize::from(area.width).saturating_sub(2);
    let name = text::cut(&format!("{}{mark}", lot.title), room);
    let about = format!("{}{format}, {} watching", model.people.name(lot.seller), lot.watchers);
    let lines = vec![
        Line::styled(format!(" {name}"), model.style(Role::Accent)),
        Line::styled(format!(" {}", text::cut(&about, room)), model.style(Role::Muted)),
    ];
    frame.render_widget(Paragraph::new(lines), area);
}

/// What the house was caught at, so that nobody overlooks it: bold and reversed in every theme.
fn alarm(model: &Model, id: AuctionId, area: Rect, frame: &mut Frame<'_>) {
    let Some(alarm) = model.alarms.get(&id) else { return };
    let style = model.style(Role::Bad).add_modifier(Modifier::REVERSED);
    let width = usize::from(area.width);
    let rows = rows(alarm.as_str(), width.saturating_sub(ALARM_MARGIN), area.height);
    let marked = rows.into_iter().enumerate().map(|(index, row)| {
        let mark = if index == 0 { "!!" } else { "  " };
        Line::styled(text::fit(&format!(" {mark} {row}"), width), style)
    });
    frame.render_widget(Paragraph::new(marked.collect::<Vec<_>>()), area);
}

fn item(model: &Model, lot: &Lot, area: Rect, frame: &mut Frame<'_>) {
    let (words, role) = if lot.knows_item() {
        (lot.item.words(), Role::Text)
    } else {
        ("The seller changed what is sold: asking what it is now …".to_owned(), Role::Warn)
    };
    let rows = rows(&words, usize::from(area.width).saturating_sub(2), area.height);
    let lines: Vec<_> = rows.into_iter().map(|row| Line::styled(format!(" {row}"), model.style(role))).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Wrapped into so many rows; the last one says whether there is more.
fn rows(words: &str, width: usize, height: u16) -> Vec<String> {
    let height = usize::from(height);
    let mut rows = text::wrap(words, width, 0);
    if rows.len() > height && height > 0 {
        let rest = rows.split_off(height - 1).join(" ");
        rows.push(text::cut(&rest, width));
    }
    rows
}

fn price(model: &Model, lot: &Lot, area: Rect, frame: &mut Frame<'_>) {
    let (amount, caption) = figure(model, lot);
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let used = digits::draw(&format::digits(amount), model.style(Role::Price), inner, frame);
    let beside = Rect { x: inner.x + used, width: inner.width - used, ..inner };
    let lines = vec![
        Line::styled(amount.currency.code(), model.style(Role::Price)),
        Line::styled(caption, model.style(Role::Muted)),
    ];
    frame.render_widget(Paragraph::new(lines), beside);
}

/// The amount in large figures, and what it is.
fn figure(model: &Model, lot: &Lot) -> (Money, String) {
    let now = model.server_now();
    let start = lot.rules.starting_price;
    match lot.price_at(now) {
        Some(price) if lot.state.format == Format::Dutch && lot.is_live() => match lot.next_drop(now) {
            Some(left) => (price, format!("falls in {}", format::countdown(left))),
            None => (price, "the floor".to_owned()),
        },
        Some(price) if lot.state.status == AuctionStatus::Sold => (price, "hammer price".to_owned()),
        Some(price) => (price, String::new()),
        None if lot.state.format.is_sealed() && lot.is_live() => {
            match model.standings.get(&lot.id).and_then(|standing| standing.max) {
                Some(mine) => (mine, "your bid".to_owned()),
                None => (start, "at least".to_owned()),
            }
        }
        None => (start, "starts at".to_owned()),
    }
}

fn position(model: &Model, lot: &Lot) -> Line<'static> {
    let leader = lot.state.leader.map(|leader| model.people.name(leader));
    let bids = match lot.state.bid_count {
        0 => "no bids yet".to_owned(),
        bids => count(bids, "bid"),
    };
    let leads = leader.as_ref().map_or_else(|| bids.clone(), |leader| format!("{leader} leads, {bids}"));
    let (words, style) = match model.position(lot) {
        _ if lot.state.status == AuctionStatus::Scheduled => ("Not open yet".to_owned(), Role::Muted),
        Position::Leading => (format!("▲ You lead, {bids}"), Role::Good),
        Position::Outbid => (format!("▼ You are outbid: {leads}"), Role::Bad),
        Position::Won => ("★ You won".to_owned(), Role::Good),
        Position::Lost => ("You did not win".to_owned(), Role::Warn),
        Position::Sealed => (format!("● Your sealed bid stands, {bids}"), Role::Good),
        Position::Seller => (format!("Your own lot: {leads}"), Role::Text),
        Position::Watching | Position::Anonymous if lot.is_over() => (String::new(), Role::Text),
        Position::Watching => (leads, Role::Text),
        Position::Anonymous => {
            (format!("{leads} ({} to log in and bid)", model.keymap.first(Action::Login)), Role::Text)
        }
    };
    let mut spans = vec![Span::styled(format!(" {words}"), model.style(style))];
    match lot.state.reserve_met {
        Some(false) if lot.is_live() => spans.push(Span::styled("  reserve not met", model.style(Role::Warn))),
        Some(true) if lot.is_live() => spans.push(Span::styled("  reserve met", model.style(Role::Good))),
        _ => {}
    }
    Line::from(spans)
}

fn countdown(model: &Model, lot: &Lot) -> Line<'static> {
    let now = model.server_now();
    let price = lot.state.price.map(format::money).unwrap_or_default();
    let (words, style) = match (lot.state.status, lot.time_left(now)) {
        (AuctionStatus::Live, Some(0)) => ("Closing …".to_owned(), Role::Bad),
        (AuctionStatus::Live, Some(left)) if lot.in_soft_close(now) => {
            (format!("Closes in {}  SOFT CLOSE: a bid moves it", format::countdown(left)), Role::Bad)
        }
        (AuctionStatus::Live, Some(left)) => {
            let moved = match lot.state.extensions {
                0 => String::new(),
                1 => ", moved once".to_owned(),
                count => format!(", moved {count} times"),
            };
            (format!("Closes in {}{moved}", format::countdown(left)), Role::Text)
        }
        (AuctionStatus::Scheduled, _) => match lot.starts_at {
            Some(at) => (format!("Opens in {}", format::countdown(at.micros_since(now))), Role::Text),
            None => ("Opens when the seller says so".to_owned(), Role::Muted),
        },
        (AuctionStatus::Sold, _) => {
            let winner = model.people.somebody(lot.state.leader);
            (format!("Sold to {winner} for {price}"), Role::Accent)
        }
        (AuctionStatus::Unsold, _) => ("Closed, not sold".to_owned(), Role::Accent),
        (AuctionStatus::Cancelled, _) => ("Called off".to_owned(), Role::Warn),
        (AuctionStatus::Live, None) => (String::new(), Role::Text),
    };
    Line::styled(format!(" {words}"), model.style(style))
}

fn offer(model: &Model, lot: &Lot) -> Line<'static> {
    if !lot.is_live() {
        return Line::default();
    }
    let mut spans = Vec::new();
    if lot.state.format == Format::English
        && let Some(amount) = model.offered_amount(lot)
    {
        let steps = match model.floor.steps {
            0 => "the minimum".to_owned(),
            1 => "a step above the minimum".to_owned(),
            steps => format!("{steps} steps above the minimum"),
        };
        spans.push(Span::raw(format!(" Next bid {}", format::money(amount))));
        spans.push(Span::styled(format!(", {steps}"), model.style(Role::Muted)));
    }
    if let Some(price) = lot.state.buy_now {
        spans.push(Span::styled(format!("  buy now {}", format::money(price)), model.style(Role::Accent)));
    }
    let max = model.standings.get(&lot.id).and_then(|standing| standing.max);
    if let Some(max) = max.filter(|_| lot.state.format == Format::English && model.position(lot) == Position::Leading) {
        spans.push(Span::styled(format!("  your max {}", format::money(max)), model.style(Role::Good)));
    }
    Line::from(spans)
}

/// Where the screen moves by itself, and how to stay: in the row of the buttons, which a lot that is
/// over has no use for.
fn next_lot(model: &Model, hop: &Hop, area: Rect, frame: &mut Frame<'_>) {
    let title = model.lots.get(&hop.to).map(|lot| lot.title.to_string()).unwrap_or_default();
    let key = model.keymap.first(Action::Follow);
    let when = if hop.held {
        ", once you are done".to_owned()
    } else {
        let seconds = (hop.at.micros_since(model.now).max(0) + 999_999) / 1_000_000;
        format!(", in {seconds} s")
    };
    let stay = if key.is_empty() { String::new() } else { format!(", press {key} to stay") };
    let tail = format!("{when}{stay} ");
    let room = usize::from(area.width).saturating_sub(text::width(&tail) + 8);
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(format!(" Next: {}{tail}", text::cut(&title, room)), model.style(Role::Selected)),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

/// The latest bid made from here, from the key press to the last word on it.
fn attempt(model: &Model, lot: &Lot, area: Rect, frame: &mut Frame<'_>) {
    let Some(attempt) = model.attempts.latest_on(lot.id) else { return };
    let (words, style) = match &attempt.state {
        AttemptState::Pending => ("on its way …".to_owned(), Role::Warn),
        AttemptState::Accepted { outcome, .. } => match outcome {
            BidOutcome::Leading => ("accepted".to_owned(), Role::Good),
            BidOutcome::Outbid => ("accepted, but somebody's max beats it".to_owned(), Role::Bad),
            BidOutcome::Won => ("accepted: yours".to_owned(), Role::Good),
            BidOutcome::Sealed => ("accepted, unseen until the close".to_owned(), Role::Good),
        },
        AttemptState::Voided => ("voided".to_owned(), Role::Bad),
        AttemptState::Refused(error) => (format!("refused: {}", error.line()), Role::Bad),
        AttemptState::Unknown(error) if error.untrue => {
            let key = model.keymap.first(Action::AskAgain);
            (format!("answered, but the house can't be held to it; {key} asks again"), Role::Bad)
        }
        AttemptState::Unknown(error) => {
            let key = model.keymap.first(Action::AskAgain);
            (format!("no answer, {key} asks again: {}", error.text), Role::Warn)
        }
    };
    let bid = format!(" Your bid {}: ", attempt.kind.words());
    let width = usize::from(area.width).saturating_sub(1);
    let mut rows = text::wrap(&words, width, text::width(&bid)).into_iter();
    let mut first = rows.next().unwrap_or_default();
    let rest = rows.collect::<Vec<_>>().join(" ");
    let mut lines = Vec::new();
    if area.height < 2 && !rest.is_empty() {
        first = text::cut(&words, width.saturating_sub(text::width(&bid)));
    }
    lines.push(Line::from(vec![Span::raw(bid), Span::styled(first, model.style(style))]));
    lines.push(Line::styled(format!(" {}", text::cut(&rest, width)), model.style(style)));
    frame.render_widget(Paragraph::new(lines), area);
}

fn tabs(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let chat = model.floor.pane == Pane::Chat;
    let style = |on: bool| model.style(if on { Role::Selected } else { Role::Muted });
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(" History ", style(!chat)),
        Span::raw(" "),
        Span::styled(" Chat ", style(chat)),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}
