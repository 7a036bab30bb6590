//! The chat beside a lot or a desk.

use blytz_core::StreamId;
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};

use super::{layout, text};
use crate::{
    keymap::Action,
    model::{Model, chat, chat::Chat},
    theme::Role,
};

pub fn draw(model: &Model, stream: Option<StreamId>, focused: bool, area: Rect, input: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let border = if focused { Role::Focus } else { Role::Border };
    let watchers = stream.and_then(|id| model.shows.get(&id)).map(|show| show.watchers);
    let title = watchers.map_or_else(|| " Chat ".to_owned(), |count| format!(" Chat, {count} watching "));
    frame.render_widget(Block::bordered().title(title).border_style(model.style(border)), area);
    let inner = layout::inside(area);
    let Some(stream) = stream else {
        let line = Line::styled("This lot is in no show.", model.style(Role::Muted));
        frame.render_widget(Paragraph::new(line), inner);
        return;
    };
    let fallback = Chat::default();
    let chat = model.chats.get(&stream).unwrap_or(&fallback);
    let mut rows = Rect { height: inner.height.saturating_sub(1), ..inner };
    if let Some(pinned) = pinned(chat).filter(|_| rows.height > 3) {
        let line = format!("pinned: {}", text::cut(pinned, usize::from(rows.width).saturating_sub(8)));
        frame.render_widget(Paragraph::new(Line::styled(line, model.style(Role::Accent))), Rect { height: 1, ..rows });
        rows = Rect { y: rows.y + 1, height: rows.height - 1, ..rows };
    }
    messages(model, chat, focused, rows, frame);
    entry(model, chat, input, frame);
}

fn pinned(chat: &Chat) -> Option<&str> {
    let pinned = chat.pinned?;
    chat.lines.iter().find(|line| line.id == pinned && !line.deleted).map(|line| line.text.as_str())
}

/// The messages that fit, the selected or else the newest one at the bottom.
fn messages(model: &Model, chat: &Chat, focused: bool, area: Rect, frame: &mut Frame<'_>) {
    let selected = chat.selected.filter(|_| focused);
    let mut rows: Vec<Line<'static>> = Vec::new();
    for (index, line) in chat.lines.iter().rev().enumerate().skip(chat.selected.unwrap_or(0)) {
        if rows.len() >= usize::from(area.height) {
            break;
        }
        let style = if selected == Some(index) { model.style(Role::Selected) } else { Style::new() };
        let message = message(model, line, usize::from(area.width));
        rows.extend(message.into_iter().rev().map(|row| row.patch_style(style)));
    }
    rows.truncate(usize::from(area.height));
    if rows.is_empty() {
        rows.push(Line::styled("Nobody has said anything yet.", model.style(Role::Muted)));
    }
    rows.reverse();
    let free = area.height.saturating_sub(rows.len() as u16);
    frame.render_widget(Paragraph::new(rows), Rect { y: area.y + free, height: area.height - free, ..area });
}

fn message(model: &Model, line: &chat::Line, width: usize) -> Vec<Line<'static>> {
    let name = model.people.name(line.user);
    let style = if model.people.is_me(line.user) { Role::Good } else { Role::Accent };
    let (said, said_style) = match (line.deleted, line.pending) {
        (true, _) => ("(deleted)".to_owned(), Role::Muted),
        (false, true) => (format!("{} …", line.text), Role::Muted),
        (false, false) => (line.text.to_string(), Role::Text),
    };
    // Nobody can call themselves something in brackets, so what stands in them is true.
    let name = name.replace('[', "(").replace(']', ")");
    let role = line.role.map_or_else(String::new, |role| format!("[{role}] "));
    let indent = text::width(&role) + text::width(&name) + 2;
    let mut lines = text::wrap(&said, width, indent).into_iter();
    let first = Line::from(vec![
        Span::styled(role, model.style(Role::Warn)),
        Span::styled(name, model.style(style)),
        Span::raw("  "),
        Span::styled(lines.next().unwrap_or_default(), model.style(said_style)),
    ]);
    std::iter::once(first).chain(lines.map(|rest| Line::styled(rest, model.style(said_style)))).collect()
}

fn entry(model: &Model, chat: &Chat, area: Rect, frame: &mut Frame<'_>) {
    if !chat.writing {
        let key = model.keymap.first(Action::Chat);
        let mut hint = format!("{key} to write");
        if chat.slow_mode_s > 0 {
            hint = format!("{hint}, every {} s", chat.slow_mode_s);
        }
        frame.render_widget(Paragraph::new(Line::styled(hint, model.style(Role::Muted))), area);
        return;
    }
    let room = usize::from(area.width).saturating_sub(3);
    let scroll = chat.input.visual_scroll(room);
    let line = Line::from(vec![Span::styled("> ", model.style(Role::Accent))]);
    frame.render_widget(Paragraph::new(line), area);
    let field = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let text = Paragraph::new(chat.input.value().to_owned()).scroll((0, scroll as u16));
    frame.render_widget(text, field);
    let cursor = chat.input.visual_cursor().saturating_sub(scroll).min(room);
    frame.set_cursor_position(Position::new(field.x + cursor as u16, field.y));
}
