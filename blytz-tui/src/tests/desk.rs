use blytz_core::wire::{
    ErrorCode,
    auction::{EventData, VoidedBy},
    product::Inventory,
};
use insta::assert_snapshot;

use super::{SMALL, Seat, WIDE, world};
use crate::{
    effect::{Effect, Request},
    message::{News, Reply},
    model::Screen,
};

/// Mei Ling at her desk.
fn seller(size: (u16, u16)) -> Seat {
    let mut seat = Seat::guest(size);
    seat.live(News::Up);
    seat.reply(Reply::Profile(Ok(Box::new(world::meiling_herself()))));
    seat.press("D");
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadDesk(world::MEILING))));
    let show = world::shows().remove(1);
    let queue: Vec<_> = world::lots().into_iter().filter(|lot| lot.stream_id.is_some()).collect();
    seat.reply(Reply::Desk(Ok(Some((show, queue)))));
    for lot in [world::CAMERA, world::WATCH] {
        let product = blytz_core::ProductId(lot.uuid());
        seat.reply(Reply::Stock(product, Ok(Inventory { on_hand: 3, reserved: 1, available: 2 })));
    }
    seat.reply(Reply::History(world::CAMERA, Ok(world::camera_log())));
    seat.live(News::ChatState(world::SHOW, Box::new(world::chat())));
    seat.quiet();
    seat
}

#[test]
fn queue_bids_and_chat() {
    assert_snapshot!("desk_wide", seller(WIDE).screen());
    assert_snapshot!("desk_small", seller(SMALL).screen());
}

#[test]
fn only_sellers_have_a_desk() {
    let mut seat = Seat::buyer(WIDE);
    seat.press("D");
    assert_eq!((seat.model.screen, seat.notice().as_str()), (Screen::Lobby, "The desk is for sellers"));
    let mut seat = Seat::guest(WIDE);
    seat.press("D");
    assert_eq!((seat.model.screen, seat.notice().as_str()), (Screen::Lobby, "Log in first: L"));
}

#[test]
fn starting_cancelling_voiding() {
    for (keys, typed, then, done) in [
        ("s", "", "", vec![Effect::Ask(Request::StartLot(world::WATCH))]),
        ("x", "", "enter", vec![]),
        (
            "x",
            "broken in transport",
            "enter",
            vec![Effect::Ask(Request::CancelLot(world::WATCH, "broken in transport".to_owned()))],
        ),
        ("x", "broken", "esc", vec![]),
        (
            "v",
            "shill",
            "enter",
            vec![Effect::Ask(Request::VoidBid(world::CAMERA, world::bid(803), Some(world::BALA), "shill".to_owned()))],
        ),
        (
            "tab j v",
            "shill",
            "enter",
            vec![Effect::Ask(Request::VoidBid(
                world::CAMERA,
                world::bid(802),
                Some(world::STRANGER),
                "shill".to_owned(),
            ))],
        ),
        (
            "tab j enter",
            "shill",
            "enter",
            vec![Effect::Ask(Request::VoidBid(
                world::CAMERA,
                world::bid(802),
                Some(world::STRANGER),
                "shill".to_owned(),
            ))],
        ),
    ] {
        let mut seat = seller(WIDE);
        seat.press(keys);
        seat.write(typed);
        if !then.is_empty() {
            seat.press(then);
        }
        assert_eq!(seat.effects(), done, "{keys} {typed:?} {then}");
    }
}

#[test]
fn moderating_the_selected_message() {
    let second = world::message(2, world::bala(), "").id;
    for (keys, done) in [
        ("d y", Effect::Ask(Request::DeleteMessage(second))),
        ("d enter", Effect::Ask(Request::DeleteMessage(second))),
        ("u enter", Effect::Ask(Request::Mute(world::SHOW, world::BALA, 300))),
        ("B y", Effect::Ask(Request::Ban(world::SHOW, world::BALA))),
    ] {
        let mut seat = seller(WIDE);
        seat.press("tab tab up up");
        seat.press(keys);
        assert_eq!(seat.effects(), [done], "{keys}");
    }
    let mut seat = seller(WIDE);
    seat.press("d");
    assert_eq!(seat.notice(), "Select a message first");
    seat.press("up");
    assert_snapshot!("desk_moderating", seat.screen());
}

#[test]
fn a_new_message_does_not_move_the_selection_to_another() {
    let mut seat = seller(WIDE);
    seat.press("tab tab up up");
    seat.live(News::Chat(world::SHOW, world::said(&world::message(4, world::bala(), "me again"))));
    let selected = seat.model.chats[&world::SHOW].selected_line().map(|line| line.text.to_string());
    assert_eq!(selected.as_deref(), Some("does it come with the case?"));
}

#[test]
fn a_refusal_is_told() {
    let mut seat = seller(WIDE);
    seat.reply(Reply::Done("Lot cancelled", Err(super::bidding::refusal(ErrorCode::AuctionHasBids, "it has bids"))));
    assert_eq!(seat.notice(), "Lot cancelled: no. it has bids (void its bids, or ask an admin)");
}

#[test]
fn voided_bids_leave_the_list() {
    let mut seat = seller(WIDE);
    seat.press("tab j");
    seat.live(News::Auction(
        world::CAMERA,
        Box::new(world::entry(
            6,
            0,
            EventData::Voided {
                bid_id: world::bid(801),
                bid_seq: 3,
                by: VoidedBy::Seller,
                block: true,
                struck: vec![world::bid(801), world::bid(803)],
                reason: "shill".to_owned(),
                price: Some(world::myr(100_000)),
                leader: None,
                next_minimum: Some(world::myr(100_500)),
                reserve_met: Some(false),
                bid_count: 1,
                closes_at: world::start().plus_millis(30_000),
            },
        )),
    ));
    let lot = seat.model.desk_floor().expect("a lot");
    assert_eq!(lot.standing_bids().len(), 1);
    assert_eq!(seat.model.desk.bid, 0, "the selection stays inside the list");
}

#[test]
fn a_copied_id_does_not_take_the_other_bid_from_the_list() {
    let mut seat = seller(WIDE);
    let copy = world::leading(801, world::STRANGER, 130_000, 4, 30_000);
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(6, 0, copy))));
    let voided = EventData::Voided {
        bid_id: world::bid(801),
        bid_seq: 6,
        by: VoidedBy::Seller,
        block: true,
        struck: vec![world::bid(801)],
        reason: "shill".to_owned(),
        price: Some(world::myr(125_000)),
        leader: Some(world::BALA),
        next_minimum: Some(world::myr(125_500)),
        reserve_met: Some(false),
        bid_count: 3,
        closes_at: world::start().plus_millis(30_000),
    };
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(7, 0, voided))));
    let lot = seat.model.desk_floor().expect("a lot");
    let fallen: Vec<u64> = lot.history.iter().filter(|(seq, row)| lot.fell(**seq, row)).map(|(seq, _)| *seq).collect();
    assert_eq!((lot.standing_bids().len(), fallen), (3, vec![6]));
}
