use insta::assert_snapshot;

use super::{SMALL, Seat, WIDE, world};
use crate::{
    effect::{Effect, Request},
    message::{News, Reply},
    model::{Screen, request_error::RequestError},
};

#[test]
fn before_the_server_answers() {
    let mut seat = Seat::guest(SMALL);
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadLobby)));
    assert_snapshot!(seat.screen());
}

#[test]
fn shows_and_lots_live_first() {
    assert_snapshot!("lobby_wide", Seat::buyer(WIDE).screen());
    assert_snapshot!("lobby_small", Seat::buyer(SMALL).screen());
}

#[test]
fn the_keys_at_the_bottom_are_those_of_whoever_is_there() {
    let footer = |seat: &Seat| seat.screen().lines().last().unwrap_or_default().to_owned();
    for (user, login, desk) in
        [(None, true, false), (Some(world::aishah()), false, false), (Some(world::meiling_herself()), false, true)]
    {
        let mut seat = Seat::guest(WIDE);
        if let Some(user) = user {
            seat.reply(Reply::Profile(Ok(Box::new(user))));
        }
        let footer = footer(&seat);
        assert_eq!((footer.contains("L log in"), footer.contains("D desk")), (login, desk), "{footer}");
    }
}

#[test]
fn an_empty_house_and_an_unreachable_one() {
    let unreachable = RequestError {
        code: None,
        text: crate::clean::Clean::line("no connection to 127.0.0.1:8080", 100),
        next_minimum: None,
        definite: false,
        untrue: false,
    };
    let mut seat = Seat::guest(SMALL);
    seat.reply(Reply::Lobby(Err(unreachable.clone())));
    assert_snapshot!(seat.screen());
    seat.effects();
    seat.live(News::Up);
    assert_eq!(seat.effects(), [Effect::Ask(Request::LoadLobby)], "a connection is a reason to ask again");
    seat.reply(Reply::Lobby(Ok((Vec::new(), Vec::new()))));
    assert!(seat.screen().contains("Nothing is on yet"));
    seat.reply(Reply::Lobby(Err(unreachable)));
    assert_eq!(seat.notice(), "The lobby can't be loaded: no connection to 127.0.0.1:8080 (ask again)");
}

#[test]
fn the_filter_narrows_while_one_types() {
    let mut seat = Seat::buyer(SMALL);
    seat.press("/");
    seat.write("BATIK q");
    assert!(seat.screen().contains("Nothing passes the filter"));
    seat.press("backspace backspace");
    assert_snapshot!(seat.screen());
    seat.press("enter enter");
    assert_eq!(seat.model.screen, Screen::Lot(world::BATIK));
    seat.press("esc esc");
    assert_eq!((seat.model.screen, seat.model.lobby.filter.value()), (Screen::Lobby, ""));
}

#[test]
fn arrows_and_letters_move_and_enter_opens() {
    let mut seat = Seat::buyer(WIDE);
    seat.press("g j j");
    let by_letters = seat.model.lobby.selected;
    seat.press("g down down");
    assert_eq!(seat.model.lobby.selected, by_letters);
    seat.press("k k k k");
    assert_eq!(seat.model.lobby_selected(&seat.model.lobby_entries()), 0);
    seat.press("G j");
    let entries = seat.model.lobby_entries();
    assert_eq!(seat.model.lobby_selected(&entries), entries.len() - 1);
    seat.press("g enter");
    assert_eq!(seat.model.screen, Screen::Lot(world::CAMERA), "a show opens at its live lot");
    seat.press("esc");
    assert_eq!(seat.model.screen, Screen::Lobby);
}

#[test]
fn lists_are_asked_for_again_after_a_while() {
    let mut seat = Seat::buyer(WIDE);
    seat.at(9_999);
    assert_eq!(seat.effects(), []);
    seat.at(10_000);
    assert_eq!(seat.effects(), [Effect::Ask(Request::LoadLobby)]);
    seat.at(10_100);
    assert_eq!(seat.effects(), []);
}
