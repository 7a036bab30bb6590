//! The screen, drawn from the model alone.

pub mod buttons;
mod chart;
mod chat;
mod desk;
mod digits;
mod frame;
pub mod help;
mod history;
pub mod layout;
pub mod lobby;
mod login;
mod lot;
mod prompt;
mod text;

use ratatui::{Frame, layout::Alignment, text::Line, widgets::Paragraph};

use crate::{
    model::{Model, Overlay, Screen},
    theme::Role,
};

/// The smallest terminal in which everything has its place.
pub const SMALLEST: (u16, u16) = (60, 20);

/// Draws the model.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(model, frame);
    }
    frame::draw(model, frame);
    match model.screen {
        Screen::Lobby => lobby::draw(model, frame),
        Screen::Lot(id) => lot::draw(model, id, frame),
        Screen::Desk => desk::draw(model, frame),
        Screen::Login => login::draw(model, frame),
    }
    match &model.overlay {
        Some(Overlay::Help(scroll)) => help::draw(model, *scroll, frame),
        Some(Overlay::Prompt(prompt)) => prompt::draw(model, prompt, frame),
        None => {}
    }
}

fn too_small(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let lines = vec![
        Line::styled("Blytz needs a little more room", model.style(Role::Accent)),
        Line::raw(format!("{}×{} at least; this is {}×{}", SMALLEST.0, SMALLEST.1, area.width, area.height)),
    ];
    let rows = ratatui::layout::Rect { y: area.y + area.height / 3, height: area.height - area.height / 3, ..area };
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), rows);
}
