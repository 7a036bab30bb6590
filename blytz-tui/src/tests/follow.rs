//! Going along with a show.

use blytz_core::{
    AuctionId,
    wire::{
        auction::{Auction, AuctionStatus, BidOutcome, EventData},
        live::{Channel, Update, UpdateData},
    },
};
use insta::assert_snapshot;

use super::{SMALL, Seat, WIDE, world};
use crate::{
    effect::{Effect, Request},
    message::{News, Reply},
    model::{Overlay, Pane, Screen, follow::Mode},
};

const ON_THE_CAMERA: Screen = Screen::Lot(world::CAMERA);
const ON_THE_WATCH: Screen = Screen::Lot(world::WATCH);

fn queue() -> Vec<Auction> {
    let in_show = |lot: &Auction| [world::CAMERA, world::WATCH].contains(&lot.status.id);
    let mut lots: Vec<Auction> = world::lots().into_iter().filter(in_show).collect();
    lots.sort_by_key(|lot| lot.status.id);
    lots
}

/// Aishah on the camera, with the watch as the only other lot of the show.
fn seat(size: (u16, u16)) -> Seat {
    let mut seat = Seat::bidder(size);
    seat.model.lots.retain(|id, _| [world::CAMERA, world::WATCH].contains(id));
    seat.reply(Reply::Queue(world::SHOW, Ok(queue())));
    seat.quiet();
    seat
}

fn closes(seat: &mut Seat, at_ms: i64) {
    seat.at(at_ms);
    let sold =
        EventData::Closed { status: AuctionStatus::Sold, winner: Some(world::BALA), price: Some(world::myr(125_000)) };
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(6, at_ms, sold))));
}

/// The watch as it is once it opened.
fn opened(at_ms: i64) -> Auction {
    let mut watch = queue().remove(1);
    watch.status.status = AuctionStatus::Live;
    watch.status.seq = 2;
    watch.status.opens_at = Some(world::start().plus_millis(at_ms));
    watch.status.closes_at = Some(world::start().plus_millis(at_ms + 60_000));
    watch
}

/// The show's channel says so, and the server tells more when asked.
fn opens(seat: &mut Seat, at_ms: i64) {
    seat.at(at_ms);
    let data = UpdateData::Lot { auction_id: world::WATCH, status: AuctionStatus::Live };
    seat.live(News::Update(Channel::Stream(world::SHOW), Update { data, at: world::start().plus_millis(at_ms) }));
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadLot(world::WATCH))));
    seat.reply(Reply::Lot(world::WATCH, Ok(Box::new(opened(at_ms)))));
}

fn next_line(seat: &Seat) -> Option<String> {
    let screen = seat.screen();
    let line = screen.lines().find(|line| line.contains("Next: "))?;
    Some(line.split_once("Next: ").map_or("", |(_, rest)| rest.split('│').next().unwrap_or(rest)).trim().to_owned())
}

#[test]
fn the_screen_goes_on_with_the_show() {
    let mut seat = seat(WIDE);
    closes(&mut seat, 30_000);
    assert_eq!(next_line(&seat), None, "nothing else is live");
    opens(&mut seat, 33_000);
    assert_snapshot!("follow_notice", seat.screen());
    assert_snapshot!("follow_notice_small", {
        seat.model.size = SMALL;
        seat.screen()
    });
    seat.model.size = WIDE;
    for (millis, left) in [(33_001, 4), (34_000, 3), (36_999, 1)] {
        seat.at(millis);
        let line = format!("Seiko diver, 1968, in {left} s, press . to stay");
        assert_eq!((seat.model.screen, next_line(&seat)), (ON_THE_CAMERA, Some(line)), "after {millis} ms");
    }
    seat.effects();
    seat.at(37_000);
    assert_eq!(seat.model.screen, ON_THE_WATCH);
    assert_eq!(seat.notice(), "The show goes on with Seiko diver, 1968");
    let effects = seat.effects();
    for wanted in [
        Effect::Ask(Request::LoadStanding(world::WATCH)),
        Effect::Subscribe(Channel::Auction(world::WATCH)),
        Effect::Unsubscribe(Channel::Auction(world::CAMERA)),
    ] {
        assert!(effects.contains(&wanted), "{wanted:?} in {effects:?}");
    }
    assert!(!effects.contains(&Effect::Unsubscribe(Channel::Chat(world::SHOW))), "it is the same chat");
    assert_snapshot!("follow_moved", seat.screen());
    seat.press("esc");
    assert_eq!(seat.model.screen, Screen::Lobby, "back leads where one came from");
}

#[test]
fn it_goes_on_and_on() {
    let mut seat = seat(WIDE);
    closes(&mut seat, 30_000);
    opens(&mut seat, 30_000);
    seat.at(34_000);
    assert_eq!((seat.model.screen, seat.model.following.mode), (ON_THE_WATCH, Mode::On));
    seat.at(90_000);
    let over = EventData::Closed { status: AuctionStatus::Unsold, winner: None, price: None };
    seat.live(News::Auction(world::WATCH, Box::new(world::entry(3, 90_000, over))));
    let mut teapot = world::teapot();
    teapot.status.opens_at = Some(world::start().plus_millis(89_000));
    seat.reply(Reply::Lot(world::TEAPOT, Ok(Box::new(teapot))));
    seat.at(94_000);
    assert_eq!(seat.model.screen, Screen::Lot(world::TEAPOT));
}

#[test]
fn a_pane_is_kept_and_a_dead_lot_is_no_target() {
    let mut seat = seat(SMALL);
    seat.press("tab tab");
    assert_eq!(seat.model.floor.pane, Pane::Chat);
    closes(&mut seat, 30_000);
    opens(&mut seat, 31_000);
    seat.at(35_000);
    assert_eq!((seat.model.screen, seat.model.floor.pane), (ON_THE_WATCH, Pane::Chat));

    let mut late = self::seat(SMALL);
    opens(&mut late, -50_000);
    closes(&mut late, 30_000);
    assert_eq!(next_line(&late), None, "its time is over, even if nobody said so yet");
}

#[test]
fn a_key_stays_and_follows_again() {
    let mut seat = seat(WIDE);
    closes(&mut seat, 30_000);
    opens(&mut seat, 30_000);
    seat.press(".");
    assert_eq!(seat.notice(), "Staying here; . follows the show again");
    seat.at(60_000);
    assert_eq!((seat.model.screen, next_line(&seat)), (ON_THE_CAMERA, None));
    assert!(seat.screen().contains(". follow "));
    seat.press(".");
    assert!(seat.screen().contains(". stay "));
    assert!(next_line(&seat).is_some_and(|line| line.contains("in 4 s")), "the notice begins anew");
    seat.at(64_000);
    assert_eq!(seat.model.screen, ON_THE_WATCH);
}

type Step = fn(&mut Seat);

#[test]
fn what_was_begun_holds_it_back() {
    let ways: [(&str, Step, Step); 4] = [
        ("the help", |seat| seat.press("?"), |seat| seat.press("esc")),
        ("a question", |seat| seat.press("a"), |seat| seat.press("esc")),
        ("a message", |seat| seat.press("c"), |seat| seat.press("esc")),
        (
            "a bid on its way",
            |seat| seat.press("b"),
            |seat| {
                let answer = world::answer(1, BidOutcome::Outbid, 126_000);
                seat.reply(Reply::Bid(world::bid(1), Ok(Box::new(answer))));
            },
        ),
    ];
    for (what, begin, finish) in ways {
        let mut seat = seat(WIDE);
        seat.at(29_000);
        begin(&mut seat);
        closes(&mut seat, 30_000);
        opens(&mut seat, 30_000);
        seat.at(50_000);
        assert_eq!(seat.model.screen, ON_THE_CAMERA, "{what}");
        if !matches!(seat.model.overlay, Some(Overlay::Help(_))) {
            assert_eq!(next_line(&seat).as_deref(), Some("Seiko diver, 1968, once you are done, press . to stay"));
        }
        finish(&mut seat);
        seat.at(53_999);
        assert_eq!(seat.model.screen, ON_THE_CAMERA, "{what}: a moment to look up");
        seat.at(54_000);
        assert_eq!(seat.model.screen, ON_THE_WATCH, "{what}");
    }
}

#[test]
fn a_question_that_opens_during_the_notice_stops_it() {
    let mut seat = seat(WIDE);
    closes(&mut seat, 30_000);
    opens(&mut seat, 30_000);
    seat.at(33_900);
    seat.press("?");
    seat.at(34_100);
    assert_eq!(seat.model.screen, ON_THE_CAMERA);
    seat.press("esc");
    seat.at(38_000);
    assert_eq!(seat.model.screen, ON_THE_CAMERA);
    seat.at(38_100);
    assert_eq!(seat.model.screen, ON_THE_WATCH);
}

#[test]
fn a_key_meant_for_the_last_lot_bids_on_no_other() {
    let mut seat = seat(WIDE);
    closes(&mut seat, 30_000);
    opens(&mut seat, 30_000);
    seat.at(34_000);
    seat.effects();
    for key in ["b", "B", "enter", "m"] {
        seat.press(key);
        assert!(!seat.effects().iter().any(|effect| matches!(effect, Effect::Ask(Request::Bid(_)))), "{key}");
        assert!(seat.model.overlay.is_none(), "{key}");
    }
    assert_eq!(seat.notice(), "This is the next lot already: press again to bid on it");
    seat.at(35_000);
    seat.press("b");
    assert!(seat.effects().iter().any(|effect| matches!(effect, Effect::Ask(Request::Bid(_)))));
}

#[test]
fn only_who_came_for_the_live_lot_or_the_show_is_taken_along() {
    let over_at_once = |seat: &mut Seat| {
        seat.reply(Reply::Lot(world::WATCH, Ok(Box::new(opened(0)))));
        closes(seat, 30_000);
        seat.at(40_000);
    };
    let enter = |open: crate::model::lobby::Entry| {
        let mut seat = Seat::buyer(WIDE);
        seat.model.lots.retain(|id, _| [world::CAMERA, world::WATCH].contains(id));
        seat.model.lobby.selected = Some(open);
        seat.press("enter");
        seat
    };
    use crate::model::lobby::Entry;

    let mut live = enter(Entry::Lot(world::CAMERA));
    over_at_once(&mut live);
    assert_eq!(live.model.screen, ON_THE_WATCH);

    let mut show = enter(Entry::Show(world::SHOW));
    over_at_once(&mut show);
    assert_eq!(show.model.screen, ON_THE_WATCH);

    // The camera is over before it is opened.
    let opened_late = |open: Entry| {
        let mut seat = Seat::buyer(WIDE);
        seat.model.lots.retain(|id, _| *id == world::CAMERA);
        closes(&mut seat, 30_000);
        seat.model.lobby.selected = Some(open);
        seat.press("enter");
        seat.reply(Reply::Lot(world::WATCH, Ok(Box::new(opened(30_000)))));
        seat.at(40_000);
        seat
    };
    let mut over = opened_late(Entry::Lot(world::CAMERA));
    assert_eq!(over.model.screen, ON_THE_CAMERA, "it was what they wanted to see");
    over.press(".");
    over.at(44_000);
    assert_eq!(over.model.screen, ON_THE_WATCH, "but a key goes along");
    assert_eq!(opened_late(Entry::Show(world::SHOW)).model.screen, ON_THE_WATCH);
}

#[test]
fn the_login_form_is_no_new_visit() {
    let mut seat = seat(WIDE);
    seat.press("L");
    closes(&mut seat, 30_000);
    opens_unseen(&mut seat);
    seat.at(60_000);
    assert_eq!(seat.model.screen, Screen::Login);
    seat.press("esc");
    assert_eq!(seat.model.screen, ON_THE_CAMERA);
    seat.at(64_000);
    assert_eq!(seat.model.screen, ON_THE_WATCH);
}

fn opens_unseen(seat: &mut Seat) {
    seat.reply(Reply::Lot(world::WATCH, Ok(Box::new(opened(30_000)))));
}

#[test]
fn the_lots_of_the_show_are_asked_for() {
    let mut seat = Seat::buyer(WIDE);
    seat.press("enter");
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadQueue(world::SHOW))));
    seat.at(25_000);
    assert!(!seat.effects().contains(&Effect::Ask(Request::LoadQueue(world::SHOW))), "once");
    seat.live(News::Up);
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadQueue(world::SHOW))), "news may have been missed");

    let mut waiting = self::seat(WIDE);
    closes(&mut waiting, 30_000);
    waiting.effects();
    let asked =
        |seat: &mut Seat| seat.effects().iter().filter(|e| **e == Effect::Ask(Request::LoadQueue(world::SHOW))).count();
    let mut times = 0;
    for second in 31..=60 {
        waiting.at(second * 1_000);
        times += asked(&mut waiting);
    }
    assert_eq!(times, 3, "every ten seconds while nothing is live");
    waiting.press(".");
    waiting.at(90_000);
    assert_eq!(asked(&mut waiting), 0, "not for who stays");
}

#[test]
fn next_and_previous_follow_the_sellers_order() {
    let mut seat = seat(WIDE);
    let order = [world::WATCH, world::STAMPS, world::CAMERA];
    let data = UpdateData::Lots { auction_ids: order.to_vec() };
    seat.live(News::Update(Channel::Stream(world::SHOW), Update { data, at: world::start() }));
    let mut stamps = world::lots().swap_remove(2);
    stamps.stream_id = Some(world::SHOW);
    seat.reply(Reply::Lot(world::STAMPS, Ok(Box::new(stamps))));
    let visit = |seat: &mut Seat, key: &str| -> Option<AuctionId> {
        seat.press(key);
        seat.model.current_lot().map(|lot| lot.id)
    };
    for (key, lot) in [
        ("]", world::WATCH),
        ("]", world::STAMPS),
        ("]", world::CAMERA),
        ("[", world::STAMPS),
        ("[", world::WATCH),
        ("[", world::CAMERA),
    ] {
        assert_eq!(visit(&mut seat, key), Some(lot), "{key}");
    }
}

#[test]
fn a_lot_that_opens_beside_the_one_watched_is_told_with_the_key_that_leads_there() {
    let mut seat = seat(WIDE);
    opens(&mut seat, 1_000);
    assert_eq!(seat.notice(), "Seiko diver, 1968 is live now: ] goes on");
    assert_eq!(next_line(&seat), None, "the camera is not over");
}
