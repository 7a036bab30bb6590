use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{SMALL, Seat, WIDE, world};
use crate::{
    effect::{Effect, Request},
    message::Message,
    model::{Pane, Screen},
};

impl Seat {
    fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        self.update(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    fn click(&mut self, words: &str) {
        let buffer = self.buffer();
        let text = |y: u16| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        let (row, line) = (0..buffer.area.height)
            .map(|y| (y, text(y)))
            .find(|(_, line)| line.contains(words))
            .unwrap_or_else(|| panic!("{words:?} is on the screen"));
        let before = line.split(words).next().unwrap_or_default();
        self.mouse(MouseEventKind::Down(MouseButton::Left), before.chars().count() as u16 + 1, row);
    }
}

#[test]
fn a_click_selects_a_row_and_another_opens_it() {
    for size in [WIDE, SMALL] {
        let mut seat = Seat::buyer(size);
        seat.click("Batik tulis");
        assert_eq!(seat.model.screen, Screen::Lobby);
        seat.click("Batik tulis");
        assert_eq!(seat.model.screen, Screen::Lot(world::BATIK));
        seat.mouse(MouseEventKind::Down(MouseButton::Right), 5, 5);
        assert_eq!(seat.model.screen, Screen::Lobby);
    }
}

#[test]
fn buttons_do_what_their_keys_do() {
    for size in [WIDE, SMALL] {
        let mut seat = Seat::bidder(size);
        seat.click("+ Step");
        assert_eq!(seat.model.floor.steps, 1);
        seat.click("b Bid");
        let effects = seat.effects();
        assert!(
            matches!(&effects[..], [Effect::Ask(Request::Bid(bid))] if bid.amount == Some(world::myr(126_000))),
            "{effects:?}"
        );
        seat.click("m Max");
        assert!(seat.model.overlay.is_some());
        seat.click("Leica");
        assert!(seat.model.overlay.is_some(), "a click beside a question is no answer");
    }
}

#[test]
fn panes_take_clicks_and_the_wheel() {
    let mut seat = Seat::bidder(WIDE);
    seat.click("does it come");
    assert_eq!(seat.model.floor.pane, Pane::Chat);
    seat.click("c to write");
    assert!(seat.model.chats[&world::SHOW].writing);
    seat.press("esc");
    seat.click("opened");
    assert_eq!(seat.model.floor.pane, Pane::History);
    let rows = seat.model.size.1;
    seat.mouse(MouseEventKind::ScrollDown, 5, rows - 5);
    assert_eq!(seat.model.floor.scroll, 1);
    seat.mouse(MouseEventKind::ScrollUp, 5, rows - 5);
    assert_eq!(seat.model.floor.scroll, 0);
}
