//! The seller's desk.

use blytz_core::wire::{auction::AuctionStatus, stream::StreamStatus};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};

use super::{chat, history, layout, layout::DeskLayout, text};
use crate::{
    format,
    keymap::Action,
    model::{Model, Pane, lot::Lot},
    theme::Role,
};

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let layout = DeskLayout::of(model);
    let width = usize::from(layout.head.width);
    frame.render_widget(Paragraph::new(vec![show(model), floor(model, width)]), layout.head);
    if !layout.tabs.is_empty() {
        tabs(model, layout.tabs, frame);
    }
    if !layout.queue.is_empty() {
        queue(model, layout.queue, frame);
    }
    if !layout.bids.is_empty() {
        bids(model, layout.bids, frame);
    }
    chat::draw(model, model.desk.show, model.desk.pane == Pane::Chat, layout.chat, layout.chat_input, frame);
}

fn show(model: &Model) -> Line<'static> {
    let Some(show) = model.desk.show.and_then(|id| model.shows.get(&id)) else {
        let words = if model.desk.loaded {
            " You have no show yet. Make one with: blytz shows create"
        } else {
            " Asking the server about your show …"
        };
        return Line::styled(words, model.style(Role::Muted));
    };
    let state = match show.status {
        StreamStatus::Live => Span::styled(" ● LIVE ", model.style(Role::Good)),
        StreamStatus::Scheduled => {
            Span::styled(format!(" ○ {} starts it ", model.keymap.first(Action::StartShow)), model.style(Role::Warn))
        }
        StreamStatus::Ended => Span::styled(" ✓ over ", model.style(Role::Muted)),
    };
    Line::from(vec![
        state,
        Span::styled(show.title.to_string(), model.style(Role::Accent)),
        Span::styled(format!("  {} watching", show.watchers), model.style(Role::Muted)),
    ])
}

fn floor(model: &Model, width: usize) -> Line<'static> {
    let Some(lot) = model.desk_floor().filter(|lot| lot.is_live()) else {
        let next = model.desk_next().map_or_else(
            || " No lot waits.".to_owned(),
            |lot| format!(" {} starts {}", model.keymap.first(Action::StartLot), lot.title),
        );
        return Line::styled(next, model.style(Role::Muted));
    };
    let now = model.server_now();
    let left = format::countdown(lot.time_left(now).unwrap_or(0));
    let style = if lot.in_soft_close(now) { Role::Bad } else { Role::Text };
    let price = lot.price_at(now).map_or_else(|| "no bid yet".to_owned(), format::money);
    let leader = lot.state.leader.map(|leader| format!(", {} leads", model.people.name(leader))).unwrap_or_default();
    let reserve = if lot.state.reserve_met == Some(false) { ", reserve not met" } else { "" };
    let about = format!("{leader}{reserve}");
    // The countdown comes first: it must be seen, whatever the lot is called.
    let room = width.saturating_sub(text::width(&left) + text::width(&price) + text::width(&about) + 6);
    Line::from(vec![
        Span::styled(format!(" {left}  "), model.style(style)),
        Span::styled(price, model.style(Role::Price)),
        Span::styled(format!("{about}  "), model.style(Role::Text)),
        Span::styled(text::cut(lot.title.as_str(), room), model.style(Role::Muted)),
    ])
}

fn queue(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let focused = model.desk.pane == Pane::Main;
    let waiting = model.desk.queue.iter().filter_map(|id| model.lots.get(id));
    let waiting = waiting.filter(|lot| lot.state.status == AuctionStatus::Scheduled).count();
    pane(model, format!(" Queue, {waiting} waiting "), focused, area, frame);
    let inner = layout::inside(area);
    let first = layout::window(model.desk.selected, model.desk.queue.len(), inner.height as usize);
    let mut lines = Vec::new();
    for (index, id) in model.desk.queue.iter().enumerate().skip(first).take(inner.height as usize) {
        let Some(lot) = model.lots.get(id) else { continue };
        let style = if index == model.desk.selected && focused { model.style(Role::Selected) } else { Style::new() };
        lines.push(queue_line(model, index, lot, inner.width as usize).patch_style(style));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn queue_line(model: &Model, index: usize, lot: &Lot, width: usize) -> Line<'static> {
    let (state, style) = match lot.state.status {
        AuctionStatus::Live => ("live", Role::Good),
        AuctionStatus::Scheduled => ("wait", Role::Text),
        AuctionStatus::Sold => ("sold", Role::Muted),
        AuctionStatus::Unsold => ("kept", Role::Muted),
        AuctionStatus::Cancelled => ("off", Role::Muted),
    };
    let price = lot.price_at(model.server_now()).unwrap_or(lot.rules.starting_price);
    // Sold lots took their unit long ago; what is left matters for those that wait.
    let stock = model.desk.stock.get(&lot.product).filter(|_| !lot.is_over());
    let stock = stock.map_or(String::new(), |left| format!("{left} left"));
    let room = width.saturating_sub(4 + 5 + 14 + 9);
    let row = format!(
        "{} {} {}{}{}",
        text::fit_right(&(index + 1).to_string(), 3),
        text::fit(state, 4),
        text::fit(lot.title.as_str(), room),
        text::fit_right(&format::digits(price), 14),
        text::fit_right(&stock, 9),
    );
    Line::styled(row, model.style(style))
}

fn bids(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let focused = model.desk.pane == Pane::History;
    let Some(lot) = model.desk_floor() else {
        return pane(model, " Bids ".to_owned(), focused, area, frame);
    };
    let rows = lot.standing_bids();
    pane(model, format!(" Bids, {} standing ", rows.len()), focused, area, frame);
    let inner = layout::inside(area);
    let first = layout::window(model.desk.bid, rows.len(), inner.height as usize);
    let mut lines = Vec::new();
    for (index, row) in rows.iter().enumerate().skip(first).take(inner.height as usize) {
        let style = if index == model.desk.bid && focused { model.style(Role::Selected) } else { Style::new() };
        lines.push(history::line(model, row, false, inner.width as usize).patch_style(style));
    }
    if lines.is_empty() {
        lines.push(Line::styled("No bids.", model.style(Role::Muted)));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn pane(model: &Model, title: String, focused: bool, area: Rect, frame: &mut Frame<'_>) {
    let border = if focused { Role::Focus } else { Role::Border };
    frame.render_widget(Block::bordered().title(title).border_style(model.style(border)), area);
}

fn tabs(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let mut spans = vec![Span::raw(" ")];
    for (pane, word) in [(Pane::Main, " Queue "), (Pane::History, " Bids "), (Pane::Chat, " Chat ")] {
        let style = if model.desk.pane == pane { Role::Selected } else { Role::Muted };
        spans.push(Span::styled(word, model.style(style)));
        spans.push(Span::raw(" "));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}
