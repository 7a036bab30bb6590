//! The price over time.

use blytz_core::{Money, Timestamp, wire::auction::Format};
use ratatui::{
    Frame,
    layout::Rect,
    symbols::Marker,
    text::Line,
    widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph},
};

use super::layout;
use crate::{
    format,
    model::{Model, lot::Lot},
    theme::Role,
};

/// A falling price is drawn with so many points.
const POINTS: i64 = 120;

pub fn draw(model: &Model, lot: &Lot, area: Rect, frame: &mut Frame<'_>) {
    let block = Block::bordered().title(" Price ").border_style(model.style(Role::Border));
    let prices = prices(model, lot);
    if prices.len() < 2 || area.height < 5 {
        frame.render_widget(block, area);
        let text = if lot.state.format.is_sealed() { " Hidden until the close." } else { " Two bids make a line." };
        frame.render_widget(Paragraph::new(Line::styled(text, model.style(Role::Muted))), layout::inside(area));
        return;
    }
    let points = steps(&prices, model.server_now());
    let amounts = prices.iter().map(|(_, price)| price.amount);
    let (low, high) = (amounts.clone().min().unwrap_or(0), amounts.max().unwrap_or(0));
    let label = |amount| format::digits(Money::new(amount, lot.currency()));
    // A flat line stands in the middle, not on the frame.
    let air = ((high - low) / 10).max(1) as f64;
    let end = points.last().map_or(1.0, |(x, _)| x.max(1.0));
    let dataset = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(GraphType::Line)
        .style(model.style(Role::Price))
        .data(&points);
    let chart = Chart::new(vec![dataset]).block(block).x_axis(Axis::default().bounds([0.0, end])).y_axis(
        Axis::default()
            .bounds([low as f64 - air, high as f64 + air])
            .labels([label(low), label(high)])
            .style(model.style(Role::Muted)),
    );
    frame.render_widget(chart, area);
}

fn prices(model: &Model, lot: &Lot) -> Vec<(Timestamp, Money)> {
    match (lot.state.format, lot.state.opens_at) {
        (Format::Dutch, Some(opens_at)) if lot.is_live() => {
            let elapsed = model.server_now().micros_since(opens_at).max(0);
            let at = |point| opens_at.plus_micros(elapsed / POINTS * point);
            (0..=POINTS).filter_map(|point| lot.price_at(at(point)).map(|price| (at(point), price))).collect()
        }
        _ => lot.prices(),
    }
}

/// A price holds until the next one: two points for each change.
fn steps(prices: &[(Timestamp, Money)], now: Timestamp) -> Vec<(f64, f64)> {
    let start = prices[0].0;
    let x = |at: Timestamp| at.micros_since(start).max(0) as f64 / 1e6;
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(prices.len() * 2 + 1);
    for (at, price) in prices {
        if let Some((_, before)) = points.last().copied() {
            points.push((x(*at), before));
        }
        points.push((x(*at), price.amount as f64));
    }
    if let Some((last, price)) = points.last().copied()
        && x(now) > last
    {
        points.push((x(now), price));
    }
    points
}
