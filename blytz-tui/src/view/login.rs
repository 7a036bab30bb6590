//! The login form.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::{Block, Paragraph},
};
use tui_input::Input;

use super::layout;
use crate::{
    model::{Model, login::Field},
    theme::Role,
};

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = layout::centred(model.size, 56, 11);
    let form = &model.login;
    frame.render_widget(Block::bordered().title(" Log in ").border_style(model.style(Role::Focus)), area);
    let inner = layout::inside(area);
    let row = |index: u16| Rect { y: inner.y + index, height: 1, x: inner.x + 1, width: inner.width - 2 };
    field(model, "Email", &form.email, false, form.field == Field::Email, row(1), frame);
    field(model, "Password", &form.password, true, form.field == Field::Password, row(3), frame);
    let (words, style) = match (&form.error, form.waiting) {
        (Some(error), _) => (error.clone(), Role::Bad),
        (None, true) => ("Asking the server …".to_owned(), Role::Muted),
        (None, false) => ("No account yet? In a shell: blytz signup".to_owned(), Role::Muted),
    };
    let lines = super::text::wrap(&words, usize::from(inner.width) - 2, 0);
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| Line::styled(line, model.style(style))).collect();
    frame.render_widget(Paragraph::new(lines), Rect { height: inner.height - 5, ..row(5) });
}

fn field(model: &Model, label: &str, input: &Input, hidden: bool, focused: bool, area: Rect, frame: &mut Frame<'_>) {
    const LABEL: u16 = 10;
    let style = model.style(if focused { Role::Accent } else { Role::Muted });
    frame.render_widget(Paragraph::new(Line::from(Span::styled(label.to_owned(), style))), area);
    let room = usize::from(area.width - LABEL - 1);
    let value = if hidden { "•".repeat(input.value().chars().count()) } else { input.value().to_owned() };
    let at = if hidden { input.cursor() } else { input.visual_cursor() };
    let scroll = at.saturating_sub(room);
    let value_area = Rect { x: area.x + LABEL, width: area.width - LABEL, ..area };
    frame.render_widget(Paragraph::new(value).scroll((0, scroll as u16)), value_area);
    if focused {
        frame.set_cursor_position(Position::new(value_area.x + (at - scroll) as u16, value_area.y));
    }
}
