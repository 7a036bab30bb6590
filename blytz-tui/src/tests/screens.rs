//! Login, help, the connection, small terminals, and what works everywhere.

use blytz_core::wire::{ErrorCode, live::Channel};
use insta::assert_snapshot;

use super::{SMALL, Seat, WIDE, world};
use crate::{
    clean::Clean,
    effect::{Credentials, Effect, Request},
    message::{Message, News, Reply},
    model::{Overlay, Screen, request_error::RequestError},
};

#[test]
fn logging_in() {
    let mut seat = Seat::guest(SMALL);
    seat.press("L");
    seat.write("aishah@example.com");
    seat.press("enter");
    seat.write("correct horse q?");
    assert_snapshot!("login", seat.screen());
    assert!(!format!("{:?}", seat.model).contains("correct horse"), "no password in debug output");
    seat.effects();
    seat.press("enter enter");
    let credentials = Credentials { email: "aishah@example.com".to_owned(), password: "correct horse q?".to_owned() };
    assert_eq!(seat.effects(), [Effect::Ask(Request::Login(credentials))], "asked once");

    let wrong = RequestError {
        code: Some(ErrorCode::InvalidCredentials),
        text: Clean::line("Wrong email address or password.", 100),
        next_minimum: None,
        definite: true,
        untrue: false,
    };
    seat.reply(Reply::LoggedIn(Err(wrong)));
    assert_snapshot!("login_refused", seat.screen());

    seat.write("right this time");
    seat.press("enter");
    seat.effects();
    seat.reply(Reply::LoggedIn(Ok(Box::new(world::aishah()))));
    assert_eq!(seat.model.screen, Screen::Lobby);
    assert_eq!(seat.notice(), "Welcome, Aishah");
    let effects = seat.effects();
    let connect = effects.iter().position(|effect| *effect == Effect::Connect);
    let subscribe = effects.iter().position(|effect| *effect == Effect::Subscribe(Channel::Me));
    assert!(connect.is_some() && connect < subscribe, "first connect, then follow: {effects:?}");
}

#[test]
fn logging_in_leads_back_to_the_lot() {
    let mut seat = Seat::bidder(SMALL);
    seat.press("L esc");
    assert_eq!(seat.model.screen, Screen::Lot(world::CAMERA));
    seat.press("L");
    seat.reply(Reply::LoggedIn(Ok(Box::new(world::aishah()))));
    assert_eq!(seat.model.screen, Screen::Lot(world::CAMERA));
    seat.press("esc");
    assert_eq!(seat.model.screen, Screen::Lobby);
}

#[test]
fn the_help_is_made_from_the_keymap() {
    let mut seat = Seat::bidder(SMALL);
    seat.press("?");
    assert_snapshot!("help_lot_small", seat.screen());
    for _ in 0..200 {
        seat.press("down");
    }
    assert_snapshot!("help_end_small", seat.screen());
    seat.press("esc");
    assert!(seat.model.overlay.is_none());
    assert_eq!(seat.model.screen, Screen::Lot(world::CAMERA), "esc closed the help and nothing else");

    let changes = std::collections::BTreeMap::from([("bid".to_owned(), vec!["space".to_owned()])]);
    seat.model.keymap = crate::keymap::Keymap::with(&changes).expect("valid");
    seat.press("?");
    assert!(seat.screen().contains("space  Bid the amount shown"));
}

#[test]
fn the_connection_is_always_said() {
    let mut seat = Seat::buyer(WIDE);
    assert!(seat.screen().contains("● live  Aishah"));
    seat.live(News::Reconnecting { attempt: 3, in_micros: 4_200_000 });
    assert!(seat.screen().contains("◌ reconnecting in 5 s (try 3)"));
    seat.live(News::Up);
    assert_eq!(seat.notice(), "Connected again; nothing was missed unless said");
    seat.live(News::Resynced(Channel::Auction(world::CAMERA)));
    assert!(seat.screen().contains("● live, resynced"));
    seat.at(10_000);
    assert!(!seat.screen().contains("resynced"));
    seat.live(News::Closed(Clean::line("closed by this program", 60)));
    assert!(seat.screen().contains("✕ closed: closed by this program"));
}

#[test]
fn without_the_live_connection_a_lot_is_asked_for() {
    let mut seat = Seat::bidder(WIDE);
    seat.live(News::Reconnecting { attempt: 1, in_micros: 60_000_000 });
    seat.at(2_900);
    assert_eq!(seat.effects(), []);
    seat.at(3_100);
    assert_eq!(seat.effects(), [Effect::Ask(Request::LoadLot(world::CAMERA))]);
}

#[test]
fn too_small_is_said_kindly_and_any_size_is_survived() {
    let mut seat = Seat::bidder(WIDE);
    seat.update(Message::Resize(59, 19));
    assert_snapshot!(seat.screen());
    for screen in ["", "esc", "L", "?"] {
        if !screen.is_empty() {
            seat.press(screen);
        }
        for columns in (1..130).step_by(7) {
            for rows in 1..40 {
                seat.update(Message::Resize(columns, rows));
                seat.buffer();
            }
        }
    }
}

#[test]
fn what_works_everywhere() {
    for (keys, effect) in [
        ("q", Effect::Quit),
        ("ctrl-c", Effect::Quit),
        ("ctrl-z", Effect::Suspend),
        ("ctrl-l", Effect::Redraw),
        ("f12", Effect::Picture),
        ("M", Effect::Mouse(false)),
    ] {
        let mut seat = Seat::bidder(WIDE);
        seat.press(keys);
        assert_eq!(seat.effects(), [effect], "{keys}");
    }
    for keys in ["c", "a", "?", "L"] {
        let mut seat = Seat::bidder(WIDE);
        seat.press(keys);
        seat.effects();
        seat.press("ctrl-c");
        assert_eq!(seat.effects(), [Effect::Quit], "also while at {keys}");
    }
}

#[test]
fn pasted_text_goes_into_the_text_being_written_and_nowhere_else() {
    let mut seat = Seat::bidder(WIDE);
    seat.update(Message::Paste("bbb".to_owned()));
    assert_eq!(seat.effects(), [], "a paste is no key press");
    seat.press("a");
    seat.update(Message::Paste("13\n00\u{1b}[A".to_owned()));
    let Some(Overlay::Prompt(prompt)) = &seat.model.overlay else { panic!("a question") };
    assert_eq!(prompt.input.as_ref().map(tui_input::Input::value), Some("13 00[A"));
}

#[test]
fn who_is_logged_in_is_asked_until_the_server_says() {
    let mut seat = Seat::guest(WIDE);
    let ids = &mut || uuid::Uuid::nil();
    let effects = crate::update::start(&mut seat.model, Screen::Lobby, true, ids);
    assert!(effects.contains(&Effect::Ask(Request::LoadProfile)));
    let error = |definite| RequestError {
        code: None,
        text: Clean::line("away", 100),
        next_minimum: None,
        definite,
        untrue: false,
    };
    seat.reply(Reply::Profile(Err(error(false))));
    seat.effects();
    seat.live(News::Up);
    assert_eq!(seat.effects(), [Effect::Ask(Request::LoadProfile), Effect::Ask(Request::LoadLobby)]);
    seat.reply(Reply::Profile(Err(error(true))));
    assert_eq!(seat.notice(), "Not logged in: away");
    seat.live(News::Up);
    assert_eq!(seat.effects(), [Effect::Ask(Request::LoadLobby)]);
}
