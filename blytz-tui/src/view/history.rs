//! What happened to a lot, the latest first.

use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};

use super::{layout, text};
use crate::{
    format,
    model::{
        Model,
        lot::{Lot, Row},
    },
    theme::Role,
    words::{Words, count},
};

pub fn draw(model: &Model, lot: &Lot, scroll: usize, focused: bool, area: Rect, frame: &mut Frame<'_>) {
    let border = if focused { Role::Focus } else { Role::Border };
    let title = format!(" History, {} ", count(lot.state.bid_count, "bid"));
    frame.render_widget(Block::bordered().title(title).border_style(model.style(border)), area);
    let inner = layout::inside(area);
    let rows = lot.history.iter().rev().skip(scroll).take(inner.height as usize);
    let lines: Vec<Line<'_>> =
        rows.map(|(seq, row)| line(model, row, lot.fell(*seq, row), inner.width as usize)).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

/// A row: how long ago, what, and the price after it; crossed out when it was struck.
pub fn line(model: &Model, row: &Row, struck: bool, width: usize) -> Line<'static> {
    let Words { what, price, role, .. } = Words::of(row.at, &row.data, &model.people);
    let age = text::fit_right(&format::ago(row.at, model.server_now()), 7);
    let price = price.map(|price| format!(" {}", format::digits(price))).unwrap_or_default();
    let room = width.saturating_sub(8 + text::width(&price));
    let mut style = model.style(role);
    if struck {
        style = model.style(Role::Muted).add_modifier(Modifier::CROSSED_OUT);
    }
    let what = if struck { format!("{what} (void)") } else { what };
    Line::from(vec![
        Span::styled(format!("{age} "), model.style(Role::Muted)),
        Span::styled(text::fit(&what, room), style),
        Span::styled(price, style),
    ])
}
