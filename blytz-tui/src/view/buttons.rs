//! The buttons under the price: keys for those who type, targets for those who click.

use blytz_core::wire::auction::Format;
use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::text;
use crate::{keymap::Action, model::Model, theme::Role};

/// The buttons that make sense now, with their labels.
fn visible(model: &Model) -> Vec<(Action, String)> {
    let Some(lot) = model.current_lot().filter(|lot| lot.is_live()) else { return Vec::new() };
    let mut actions = match lot.state.format {
        Format::English => vec![
            (Action::Bid, "Bid"),
            (Action::StepUp, "Step"),
            (Action::StepDown, ""),
            (Action::Amount, "Amount"),
            (Action::Max, "Max"),
        ],
        Format::Dutch => vec![(Action::Bid, "Take it at this price"), (Action::Amount, "Amount")],
        Format::SealedFirstPrice | Format::SealedSecondPrice => vec![(Action::Amount, "Bid an amount, unseen")],
    };
    if lot.state.buy_now.is_some() {
        actions.push((Action::BuyNow, "Buy now"));
    }
    let label = |(action, word): (Action, &str)| {
        let key = model.keymap.first(action);
        let label = if word.is_empty() { format!(" {key} ") } else { format!(" {key} {word} ") };
        (!key.is_empty()).then_some((action, label))
    };
    actions.into_iter().filter_map(label).collect()
}

/// The places of the buttons in their row.
fn places(model: &Model, area: Rect) -> Vec<(Action, Rect, String)> {
    let mut x = area.x + 1;
    let mut places = Vec::new();
    for (action, label) in visible(model) {
        let width = text::width(&label) as u16;
        if x + width > area.right() {
            break;
        }
        places.push((action, Rect::new(x, area.y, width, area.height.min(1)), label));
        x += width + 1;
    }
    places
}

/// The button at a place.
pub fn action_at(model: &Model, area: Rect, at: Position) -> Option<Action> {
    places(model, area).into_iter().find(|(_, place, _)| place.contains(at)).map(|(action, ..)| action)
}

pub(super) fn draw(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    for (action, place, label) in places(model, area) {
        let style = if action == Action::Bid { Role::Selected } else { Role::Accent };
        let label = Span::styled(label, model.style(style));
        frame.render_widget(Paragraph::new(Line::from(label)), place);
    }
}
