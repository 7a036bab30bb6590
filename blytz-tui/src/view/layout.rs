//! Where things are: functions of the terminal's size, shared by drawing and clicking.

use ratatui::layout::{Margin, Rect};

use super::text;
use crate::model::{Model, Pane, Screen};

/// Columns beside the text of an alarm.
pub const ALARM_MARGIN: usize = 5;
/// From this width on the chat stands beside the lot.
const WIDE: u16 = 90;

/// The whole terminal.
pub fn whole(size: (u16, u16)) -> Rect {
    Rect::new(0, 0, size.0, size.1)
}

/// What is left between the bar at the top and the two rows at the bottom.
pub fn body(size: (u16, u16)) -> Rect {
    Rect::new(0, 1, size.0, size.1.saturating_sub(3))
}

/// What is inside a frame.
pub fn inside(area: Rect) -> Rect {
    area.inner(Margin::new(1, 1))
}

/// A box in the middle.
pub fn centred(size: (u16, u16), width: u16, height: u16) -> Rect {
    let whole = whole(size);
    let (width, height) = (width.min(whole.width), height.min(whole.height));
    Rect::new((whole.width - width) / 2, (whole.height - height) / 2, width, height)
}

/// A box at the bottom of the body, in the middle.
pub fn at_the_bottom(size: (u16, u16), width: u16, height: u16) -> Rect {
    let body = body(size);
    let height = height.min(body.height);
    Rect { y: body.bottom() - height, height, ..centred(size, width, height) }
}

/// Takes rows from the top of an area.
fn take(area: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    let taken = Rect { height: rows, ..*area };
    area.y += rows;
    area.height -= rows;
    taken
}

/// The parts of the lot screen; those not shown are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LotLayout {
    /// What the house was caught at.
    pub alarm: Rect,
    /// Title, then seller and format.
    pub title: Rect,
    /// What is sold.
    pub item: Rect,
    /// The price in large figures.
    pub price: Rect,
    /// Position, countdown and the amount on offer.
    pub facts: Rect,
    pub buttons: Rect,
    /// The latest bid made from here.
    pub attempt: Rect,
    /// On narrow terminals: which of history and chat is shown.
    pub tabs: Rect,
    /// The price chart.
    pub chart: Rect,
    pub history: Rect,
    pub chat: Rect,
    /// What is being written in it.
    pub chat_input: Rect,
}

impl LotLayout {
    /// The parts for a model.
    pub fn of(model: &Model) -> Self {
        let Screen::Lot(id) = model.screen else { return Self::new(model.size, model.floor.pane, 0, false) };
        let width = usize::from(model.size.0).saturating_sub(ALARM_MARGIN);
        let alarm = model.alarms.get(&id).map_or(0, |alarm| text::wrap(alarm.as_str(), width, 0).len());
        let item = model.lots.get(&id).is_some_and(|lot| !lot.knows_item() || !lot.item.words().is_empty());
        Self::new(model.size, model.floor.pane, alarm as u16, item)
    }

    /// With so many rows of an alarm, and with words about the item or without.
    fn new(size: (u16, u16), pane: Pane, alarm: u16, item: bool) -> Self {
        let mut left = body(size);
        let wide = left.width >= WIDE;
        let alarm = take(&mut left, alarm.min(if wide { 4 } else { 3 }));
        let mut layout = Self { alarm, ..Self::default() };
        if wide {
            let chat = (left.width * 36 / 100).min(56);
            left.width -= chat;
            layout.chat = Rect { x: left.width, width: chat, ..left };
        }
        layout.title = take(&mut left, 2);
        // On a small screen the alarm matters more.
        let rows = if left.height >= 22 { 2 } else { u16::from(wide || alarm.is_empty()) };
        layout.item = take(&mut left, if item { rows } else { 0 });
        // The air around the price is what makes it the first thing one sees.
        let roomy = left.height >= 22;
        let _ = take(&mut left, u16::from(roomy));
        let large = wide && left.height >= 18;
        layout.price = take(&mut left, if large { 5 } else { 3 });
        let _ = take(&mut left, u16::from(roomy));
        layout.facts = take(&mut left, 3);
        layout.buttons = take(&mut left, 1);
        layout.attempt = take(&mut left, if roomy { 2 } else { 1 });
        if wide {
            if left.height >= 10 {
                // In fewer rows there is no line to see.
                let chart = (left.height * 45 / 100).max(5);
                layout.chart = take(&mut left, chart);
            }
            layout.history = left;
        } else {
            layout.tabs = take(&mut left, 1);
            match pane {
                Pane::Chat => layout.chat = left,
                Pane::Main | Pane::History => layout.history = left,
            }
        }
        layout.chat_input = last_row(inside(layout.chat));
        layout
    }
}

/// The parts of the seller's desk; those not shown are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskLayout {
    /// The show, then the lot on the floor.
    pub head: Rect,
    /// On narrow terminals: which pane is shown.
    pub tabs: Rect,
    /// The queue of lots.
    pub queue: Rect,
    /// The bids of the lot on the floor.
    pub bids: Rect,
    pub chat: Rect,
    /// What is being written in it.
    pub chat_input: Rect,
}

impl DeskLayout {
    /// The parts for a model.
    pub fn of(model: &Model) -> Self {
        Self::new(model.size, model.desk.pane)
    }

    fn new(size: (u16, u16), pane: Pane) -> Self {
        let mut area = body(size);
        let mut layout = Self { head: take(&mut area, 2), ..Self::default() };
        if area.width >= WIDE {
            let left = area.width * 54 / 100;
            layout.queue = Rect { width: left, ..area };
            let mut right = Rect { x: left, width: area.width - left, ..area };
            layout.bids = take(&mut right, area.height * 45 / 100);
            layout.chat = right;
        } else {
            layout.tabs = take(&mut area, 1);
            match pane {
                Pane::Main => layout.queue = area,
                Pane::History => layout.bids = area,
                Pane::Chat => layout.chat = area,
            }
        }
        layout.chat_input = last_row(inside(layout.chat));
        layout
    }
}

fn last_row(area: Rect) -> Rect {
    Rect { y: area.y + area.height.saturating_sub(1), height: area.height.min(1), ..area }
}

/// The first row to show of a list, so that the selected one stays in view.
pub fn window(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_inside_the_body_and_never_over_each_other() {
        for width in 60..160 {
            for height in 20..60 {
                for pane in [Pane::Main, Pane::History, Pane::Chat] {
                    let size = (width, height);
                    for (alarm, item) in [(0, false), (0, true), (1, true), (9, true), (9, false)] {
                        let lot = LotLayout::new(size, pane, alarm, item);
                        let (top, bottom) = ([lot.alarm, lot.title, lot.item, lot.price, lot.facts], lot.history);
                        check(
                            size,
                            &[&top[..], &[lot.buttons, lot.attempt, lot.tabs, lot.chart, bottom, lot.chat]].concat(),
                        );
                    }
                    let desk = DeskLayout::new(size, pane);
                    check(size, &[desk.head, desk.tabs, desk.queue, desk.bids, desk.chat]);
                }
            }
        }
    }

    fn check(size: (u16, u16), parts: &[Rect]) {
        for (index, part) in parts.iter().enumerate() {
            assert!(part.is_empty() || body(size).union(*part) == body(size), "{size:?} {part:?}");
            for other in &parts[..index] {
                assert!(part.is_empty() || other.is_empty() || !part.intersects(*other), "{size:?} {part:?} {other:?}");
            }
        }
    }
}
