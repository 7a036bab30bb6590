//! The help, made from the keymap.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph},
};

use super::{layout, text};
use crate::{
    keymap::{Action, Place},
    model::Model,
    theme::Role,
};

fn area(model: &Model) -> Rect {
    layout::centred(model.size, 74, model.size.1.saturating_sub(2))
}

/// The last row that can stand at the top.
pub fn last_scroll(model: &Model) -> u16 {
    (lines(model).len() as u16).saturating_sub(layout::inside(area(model)).height)
}

pub(super) fn draw(model: &Model, scroll: u16, frame: &mut Frame<'_>) {
    let area = area(model);
    let block = Block::bordered().title(" Keys ").border_style(model.style(Role::Focus));
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines(model)).scroll((scroll, 0)), layout::inside(area));
}

/// The place one is at comes first.
fn lines(model: &Model) -> Vec<Line<'static>> {
    let here = model.place();
    let others = Place::ALL.into_iter().filter(|place| *place != here);
    let mut lines = Vec::new();
    for place in std::iter::once(here).chain(others) {
        lines.push(Line::styled(format!(" {}", place.title()), model.style(Role::Accent)));
        for action in Action::ALL.iter().filter(|action| action.place() == place) {
            let keys = model.keymap.label(*action);
            if !keys.is_empty() {
                lines.push(Line::from(vec![
                    Span::styled(text::fit_right(&keys, 16), model.style(Role::Good)),
                    Span::raw(format!("  {}", action.about())),
                ]));
            }
        }
        lines.push(Line::default());
    }
    lines.pop();
    lines
}
