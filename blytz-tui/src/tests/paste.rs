//! Pasted text, announced by the terminal or not: never an act.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Seat, WIDE, world};
use crate::{
    effect::{Credentials, Effect, Request},
    message::{Message, Reply},
    model::{Overlay, Screen, lobby::Entry},
};

/// A text as a terminal sends it that announces pastes, and as one does that does not.
const WAYS: [fn(&mut Seat, &str); 2] =
    [|seat, text| seat.update(Message::Paste(text.replace('\r', "\n"))), |seat, text| seat.at_once(text)];

/// Texts full of keys that do something somewhere.
const TEXTS: [&str; 5] = ["the blue one", "bbb", "By the way, yes\ry\r", "SsvB\r\r", "+++++b"];

fn written(seat: &Seat) -> String {
    match &seat.model.overlay {
        Some(Overlay::Prompt(prompt)) => prompt.input.as_ref().expect("a text").value().to_owned(),
        other => panic!("no question: {other:?}"),
    }
}

#[test]
fn a_paste_is_no_key_press_anywhere() {
    let seller = || {
        let mut seat = Seat::buyer(WIDE);
        seat.reply(Reply::Profile(Ok(Box::new(world::meiling_herself()))));
        seat.press("D");
        seat.reply(Reply::Desk(Ok(Some((world::shows().remove(1), world::lots())))));
        seat
    };
    let places: [fn() -> Seat; 3] = [|| Seat::buyer(WIDE), || Seat::bidder(WIDE), seller];
    for (place, seat) in ["lobby", "lot", "desk"].into_iter().zip(places) {
        for text in TEXTS {
            for paste in WAYS {
                let mut seat = seat();
                seat.quiet();
                let (screen, steps) = (seat.model.screen, seat.model.floor.steps);
                paste(&mut seat, text);
                assert_eq!(seat.effects(), [], "{place}: {text:?}");
                assert_eq!((seat.model.screen, seat.model.floor.steps), (screen, steps), "{place}: {text:?}");
                assert!(seat.model.overlay.is_none(), "{place}: {text:?}");
                assert_eq!(seat.notice(), "Taken for a paste: none of it counts as a key here");
            }
        }
    }
}

#[test]
fn a_paste_answers_no_question() {
    for text in TEXTS {
        for paste in WAYS {
            let mut seat = Seat::bidder(WIDE);
            seat.press("B");
            paste(&mut seat, text);
            assert!(seat.effects().is_empty() && matches!(seat.model.overlay, Some(Overlay::Prompt(_))), "{text:?}");
            seat.press("y");
            assert!(matches!(&seat.effects()[..], [Effect::Ask(Request::Bid(bid))] if bid.buy_now == Some(true)));
        }
    }
}

#[test]
fn a_paste_goes_into_the_text_being_written_and_sends_nothing() {
    for paste in WAYS {
        let mut seat = Seat::bidder(WIDE);
        seat.press("a");
        paste(&mut seat, "1300\r");
        assert_eq!((written(&seat), seat.effects()), ("1300".to_owned(), vec![]));
        seat.press("enter");
        assert!(
            matches!(&seat.effects()[..], [Effect::Ask(Request::Bid(bid))] if bid.amount == Some(world::myr(130_000)))
        );

        seat.press("c");
        paste(&mut seat, "\rthe blue\r\rone\r");
        assert_eq!(seat.effects(), []);
        assert_eq!(seat.model.chats[&world::SHOW].input.value(), "the blue one");
    }
}

#[test]
fn a_pasted_password_has_no_line_end() {
    for paste in WAYS {
        let mut seat = Seat::guest(WIDE);
        seat.press("L");
        paste(&mut seat, "aishah@example.com\r");
        seat.press("tab");
        paste(&mut seat, "correct horse\r");
        seat.quiet();
        seat.press("enter");
        let (email, password) = ("aishah@example.com".to_owned(), "correct horse".to_owned());
        assert_eq!(seat.effects(), [Effect::Ask(Request::Login(Credentials { email, password }))]);
    }
}

#[test]
fn quick_fingers_on_a_slow_line_are_no_paste() {
    let mut seat = Seat::bidder(WIDE);
    seat.at_once("+b");
    assert!(matches!(&seat.effects()[..], [Effect::Ask(Request::Bid(bid))] if bid.amount == Some(world::myr(126_000))));

    // A key held down while the line stood still.
    let mut seat = Seat::bidder(WIDE);
    seat.at_once("+++++");
    assert_eq!(seat.model.floor.steps, 5);
    let mut seat = Seat::buyer(WIDE);
    seat.model.lobby.selected = None;
    let down = KeyEvent::new(KeyCode::Down, KeyModifiers::NONE);
    seat.update(Message::Keys(vec![down; 3]));
    let moved = seat.model.lobby.selected;
    assert!(matches!(moved, Some(Entry::Lot(_) | Entry::Show(_))), "{moved:?}");
    seat.model.lobby.selected = None;
    seat.at_once("jjj");
    assert_eq!(seat.model.lobby.selected, moved);
}

#[test]
fn nobody_answers_a_question_together_with_the_key_that_brings_it_up() {
    for keys in ["By", "B\r"] {
        let mut seat = Seat::bidder(WIDE);
        seat.at_once(keys);
        assert!(seat.effects().is_empty() && matches!(seat.model.overlay, Some(Overlay::Prompt(_))), "{keys:?}");
    }
    let mut seat = Seat::bidder(WIDE);
    seat.press("m");
    seat.write("99999");
    seat.at_once("\r\r");
    assert_eq!(seat.effects(), [], "asked whether it is meant");
    seat.press("enter");
    assert!(matches!(&seat.effects()[..], [Effect::Ask(Request::Bid(bid))] if bid.max == Some(world::myr(9_999_900))));
}

#[test]
fn corrections_and_the_way_out_work_in_the_midst_of_it() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("a");
    let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
    let typed = [KeyCode::Char('1'), KeyCode::Char('4'), KeyCode::Backspace, KeyCode::Char('3')];
    seat.update(Message::Keys(typed.map(key).to_vec()));
    assert_eq!(written(&seat), "13");
    seat.effects();
    let mut keys = typed.map(key).to_vec();
    keys.push(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    seat.update(Message::Keys(keys));
    assert_eq!(seat.effects(), [Effect::Quit]);
    assert_eq!(seat.model.screen, Screen::Lot(world::CAMERA));
}

#[test]
fn what_is_pasted_into_the_chat_is_sent_as_it_was_meant() {
    let scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
    let hebrew = "\u{5d0} (A)\u{200f}!";
    for (pasted, sent) in [
        (scotland, scotland),
        (family, family),
        (hebrew, hebrew),
        ("co\u{ad}op", "co\u{ad}op"),
        ("\u{feff}hello", "hello"),
        ("hello\u{e0067}\u{e0062}", "hello"),
        ("a\u{202e}b\u{2066}c\u{1b}d", "abcd"),
    ] {
        for paste in WAYS {
            let mut seat = Seat::bidder(WIDE);
            seat.press("c");
            paste(&mut seat, pasted);
            seat.press("enter");
            let Some(Effect::Ask(Request::Say(message))) = seat.effects().pop() else { panic!("{pasted:?} is sent") };
            assert_eq!(message.text, sent);
        }
    }
}

#[test]
fn a_text_takes_as_many_characters_as_people_see() {
    let scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
    for (pasted, kept) in [("x".repeat(100_000), "x".repeat(500)), (scotland.repeat(100), scotland.repeat(100))] {
        let mut seat = Seat::bidder(WIDE);
        seat.press("c");
        seat.update(Message::Paste(pasted));
        assert_eq!(seat.model.chats[&world::SHOW].input.value(), kept);
    }
}
