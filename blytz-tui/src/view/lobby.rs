//! The lobby.

use blytz_core::{
    AuctionId, StreamId,
    wire::{auction::AuctionStatus, stream::StreamStatus},
};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{layout, text};
use crate::{
    format,
    model::{Model, lobby::Entry, lot::Lot},
    theme::Role,
};

/// Where the rows are.
pub fn rows_area(size: (u16, u16)) -> Rect {
    let body = layout::body(size);
    Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body }
}

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let body = layout::body(model.size);
    heading(model, Rect { height: 1, ..body }, frame);
    let area = rows_area(model.size);
    let entries = model.lobby_entries();
    if entries.is_empty() {
        frame.render_widget(Paragraph::new(empty(model, area.width)), area);
        return;
    }
    let selected = model.lobby_selected(&entries);
    let first = layout::window(selected, entries.len(), area.height as usize);
    for (index, entry) in entries.iter().enumerate().skip(first).take(area.height as usize) {
        let row = Rect { y: area.y + (index - first) as u16, height: 1, ..area };
        let line = match entry {
            Entry::Show(id) => show_line(model, *id, area.width),
            Entry::Loose => Line::styled(" Other lots", model.style(Role::Accent)),
            Entry::Lot(id) => lot_line(model, *id, area.width),
        };
        let style = if index == selected { model.style(Role::Selected) } else { Style::new() };
        frame.render_widget(Paragraph::new(line.patch_style(style)).style(style), row);
    }
}

/// What is said instead of rows.
fn empty(model: &Model, width: u16) -> Vec<Line<'static>> {
    let muted = |text: &'static str| vec![Line::styled(text, model.style(Role::Muted))];
    match (&model.lobby.trouble, model.lobby.loaded, model.lobby.filter.value().is_empty()) {
        (Some(trouble), false, _) => vec![
            Line::styled(format!(" {}", text::cut(trouble, usize::from(width) - 2)), model.style(Role::Bad)),
            Line::styled(" It is asked again every few seconds.", model.style(Role::Muted)),
        ],
        (None, false, _) => muted(" Asking the server what is on …"),
        (_, true, false) => muted(" Nothing passes the filter; esc takes it away."),
        (_, true, true) => muted(" Nothing is on yet. Sellers open shows with: blytz shows create"),
    }
}

fn heading(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let filter = &model.lobby.filter;
    let line = if model.lobby.filtering || !filter.value().is_empty() {
        Line::from(vec![
            Span::styled(" filter: ", model.style(Role::Accent)),
            Span::raw(filter.value().to_owned()),
            Span::styled(if model.lobby.filtering { "▏" } else { "" }, model.style(Role::Accent)),
        ])
    } else {
        let columns = Columns::new(area.width);
        Line::styled(columns.row("", "lot", "price", "bids", "closes"), model.style(Role::Muted))
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// The widths of the columns.
struct Columns {
    title: usize,
    bids: usize,
}

const STATE: usize = 10;
const PRICE: usize = 17;
const TIME: usize = 14;

impl Columns {
    fn new(width: u16) -> Self {
        let bids = if width >= 80 { 7 } else { 0 };
        let fixed = STATE + PRICE + TIME + bids + 2;
        Self { title: usize::from(width).saturating_sub(fixed), bids }
    }

    fn row(&self, state: &str, title: &str, price: &str, bids: &str, time: &str) -> String {
        format!(
            " {}{}{}{}{} ",
            text::fit(state, STATE),
            text::fit(title, self.title),
            text::fit_right(price, PRICE),
            text::fit_right(bids, self.bids),
            text::fit_right(time, TIME),
        )
    }
}

fn show_line(model: &Model, id: StreamId, width: u16) -> Line<'static> {
    let Some(show) = model.shows.get(&id) else { return Line::default() };
    let (state, style) = match show.status {
        StreamStatus::Live => ("● LIVE", Role::Good),
        StreamStatus::Scheduled => ("○ soon", Role::Muted),
        StreamStatus::Ended => ("✓ over", Role::Muted),
    };
    let mut facts = match (show.status, show.starts_at) {
        (StreamStatus::Live, _) => format!("{} watching", show.watchers),
        (StreamStatus::Scheduled, Some(at)) => {
            format!("in {}", format::countdown(at.micros_since(model.server_now())))
        }
        _ => String::new(),
    };
    if show.reactions > 0 {
        facts = format!("♥ {}  {facts}", show.reactions);
    }
    let title = format!("{}, {}", show.title, model.people.name(show.seller));
    let room = usize::from(width).saturating_sub(STATE + text::width(&facts) + 3);
    Line::from(vec![
        Span::styled(format!(" {}", text::fit(state, STATE)), model.style(style)),
        Span::styled(text::fit(&title, room), model.style(Role::Accent)),
        Span::styled(format!(" {facts} "), model.style(Role::Muted)),
    ])
}

fn lot_line(model: &Model, id: AuctionId, width: u16) -> Line<'static> {
    let Some(lot) = model.lots.get(&id) else { return Line::default() };
    let now = model.server_now();
    let state = match lot.state.status {
        AuctionStatus::Live => "  live",
        AuctionStatus::Scheduled => "  next",
        AuctionStatus::Sold => "  sold",
        AuctionStatus::Unsold => "  unsold",
        AuctionStatus::Cancelled => "  off",
    };
    let columns = Columns::new(width);
    let bids = if lot.state.bid_count == 0 { String::new() } else { lot.state.bid_count.to_string() };
    let row = columns.row(state, lot.title.as_str(), &price(lot, model), &bids, &time(lot, model));
    let style = match lot.state.status {
        AuctionStatus::Live if lot.in_soft_close(now) => model.style(Role::Bad),
        AuctionStatus::Live => model.style(Role::Text),
        _ => model.style(Role::Muted),
    };
    Line::styled(row, style)
}

fn price(lot: &Lot, model: &Model) -> String {
    match lot.price_at(model.server_now()) {
        Some(price) => format::money(price),
        None if lot.state.format.is_sealed() && lot.is_live() => "sealed".to_owned(),
        None if lot.is_over() => String::new(),
        None => format!("from {}", format::money(lot.rules.starting_price)),
    }
}

fn time(lot: &Lot, model: &Model) -> String {
    let now = model.server_now();
    match (lot.state.status, lot.starts_at) {
        (AuctionStatus::Live, _) => lot.time_left(now).map(format::countdown).unwrap_or_default(),
        (AuctionStatus::Scheduled, Some(at)) => format!("in {}", format::countdown(at.micros_since(now))),
        (AuctionStatus::Sold | AuctionStatus::Unsold, _) => {
            lot.state.closes_at.map(|at| format!("{} ago", format::ago(at, now))).unwrap_or_default()
        }
        _ => String::new(),
    }
}
