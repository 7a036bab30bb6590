//! A question over the screen.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph},
};

use super::{layout, text};
use crate::{
    model::{Model, prompt::Prompt},
    theme::Role,
};

pub(super) fn draw(model: &Model, prompt: &Prompt, frame: &mut Frame<'_>) {
    // At the bottom, so that price and countdown stay in sight while one types.
    let area = layout::at_the_bottom(model.size, 58, 8);
    frame.render_widget(Clear, area);
    let block = Block::bordered().title(format!(" {} ", prompt.title())).border_style(model.style(Role::Focus));
    frame.render_widget(block, area);
    let inner = layout::inside(area);
    let inner = Rect { x: inner.x + 1, width: inner.width - 2, ..inner };
    let about = text::wrap(&prompt.about, usize::from(inner.width), 0);
    let about: Vec<Line<'_>> = about.into_iter().take(3).map(Line::raw).collect();
    frame.render_widget(Paragraph::new(about), Rect { height: 3, ..inner });
    let row = |index: u16| Rect { y: inner.y + index, height: 1, ..inner };
    match &prompt.input {
        Some(input) => {
            let room = usize::from(inner.width) - 3;
            let scroll = input.visual_scroll(room);
            frame.render_widget(Paragraph::new(Span::styled("> ", model.style(Role::Accent))), row(4));
            let field = Rect { x: inner.x + 2, width: inner.width - 2, ..row(4) };
            frame.render_widget(Paragraph::new(input.value().to_owned()).scroll((0, scroll as u16)), field);
            let at = input.visual_cursor().saturating_sub(scroll) as u16;
            frame.set_cursor_position(Position::new(field.x + at, field.y));
        }
        None => {
            let keys = Line::from(vec![
                Span::styled("y", model.style(Role::Accent)),
                Span::raw(" or enter: yes    "),
                Span::styled("n", model.style(Role::Accent)),
                Span::raw(" or esc: no"),
            ]);
            frame.render_widget(Paragraph::new(keys), row(4));
        }
    }
    if let Some(error) = &prompt.error {
        let error = text::cut(error, usize::from(inner.width));
        frame.render_widget(Paragraph::new(Line::styled(error, model.style(Role::Bad))), row(5));
    }
}
