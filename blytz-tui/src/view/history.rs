//! What happened to a lot, the latest first.

use blytz_core::{
    Money, UserId,
    wire::auction::{BidOutcome, ExtensionReason},
};
use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};

use super::{layout, role, text};
use crate::{
    format,
    model::{
        Model,
        lot::{Happening, Lot, Row},
    },
    theme::Role,
};

pub fn draw(model: &Model, lot: &Lot, scroll: usize, focused: bool, area: Rect, frame: &mut Frame<'_>) {
    let border = if focused { Role::Focus } else { Role::Border };
    let plural = if lot.bid_count == 1 { "" } else { "s" };
    let title = format!(" History, {} bid{plural} ", lot.bid_count);
    frame.render_widget(Block::bordered().title(title).border_style(role(model, border)), area);
    let inner = layout::inside(area);
    let rows = lot.history.iter().rev().skip(scroll).take(inner.height as usize);
    let lines: Vec<Line<'_>> =
        rows.map(|(seq, row)| line(model, row, lot.fell(*seq, row), inner.width as usize)).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

/// A row: how long ago, what, and the price after it; crossed out when it was struck.
pub fn line(model: &Model, row: &Row, struck: bool, width: usize) -> Line<'static> {
    let (what, price, style) = words(model, row);
    let age = text::fit_right(&format::ago(row.at, model.server_now()), 7);
    let price = price.map(|price| format!(" {}", format::digits(price))).unwrap_or_default();
    let room = width.saturating_sub(8 + text::width(&price));
    let mut style = role(model, style);
    if struck {
        style = role(model, Role::Muted).add_modifier(Modifier::CROSSED_OUT);
    }
    let what = if struck { format!("{what} (void)") } else { what };
    Line::from(vec![
        Span::styled(format!("{age} "), role(model, Role::Muted)),
        Span::styled(text::fit(&what, room), style),
        Span::styled(price, style),
    ])
}

fn words(model: &Model, row: &Row) -> (String, Option<Money>, Role) {
    let who = |user: Option<UserId>| user.map_or_else(|| "somebody".to_owned(), |user| model.name(user));
    let mine = |user: Option<UserId>| user.is_some_and(|user| model.is_me(user));
    let does = |user, verb: &str| if mine(user) { format!("you {verb}") } else { format!("{} {verb}s", who(user)) };
    let style = |user| if mine(user) { Role::Good } else { Role::Text };
    match &row.what {
        Happening::Opened => ("opened".to_owned(), None, Role::Muted),
        Happening::Bid { bidder, outcome, price, .. } => {
            let what = match outcome {
                BidOutcome::Leading => does(*bidder, "lead"),
                BidOutcome::Outbid => format!("{}: outbid at once", who(*bidder)),
                BidOutcome::Won => does(*bidder, "win"),
                BidOutcome::Sealed => "a sealed bid".to_owned(),
            };
            (what, *price, style(*bidder))
        }
        Happening::Raised { bidder: None, .. } => ("a sealed bid raised".to_owned(), None, Role::Text),
        Happening::Raised { bidder, price, .. } => {
            let whose = if mine(*bidder) { "your max".to_owned() } else { format!("the max of {}", who(*bidder)) };
            (format!("{whose} raised"), *price, style(*bidder))
        }
        Happening::ReserveMet => ("the reserve is met".to_owned(), None, Role::Good),
        Happening::Voided { count: 1, reason, price } => (format!("a bid voided: {reason}"), *price, Role::Warn),
        Happening::Voided { count, reason, price } => (format!("{count} bids voided: {reason}"), *price, Role::Warn),
        Happening::Extended(reason) => {
            let why = match reason {
                ExtensionReason::SoftClose => "a late bid",
                ExtensionReason::Void => "a late void",
                ExtensionReason::Outage => "the house was away",
            };
            (format!("close moved: {why}"), None, Role::Warn)
        }
        Happening::Amended => ("rules changed".to_owned(), None, Role::Warn),
        Happening::Closed { winner: Some(winner), price } => {
            (format!("sold to {}", model.name(*winner)), *price, Role::Accent)
        }
        Happening::Closed { winner: None, .. } => ("closed, not sold".to_owned(), None, Role::Accent),
        Happening::Cancelled(reason) => (format!("called off: {reason}"), None, Role::Warn),
    }
}
