//! What a bidder saw is what they bid on, and a house that was caught stays caught.

use blytz_core::wire::{
    ErrorCode,
    auction::{BidRequest, EventData},
};
use insta::assert_snapshot;

use super::{SMALL, Seat, WIDE, bidding::refusal, world};
use crate::{
    clean::Clean,
    effect::{Effect, Request},
    message::{News, Reply},
    model::{Overlay, prompt::Question, request_error::RequestError},
};

fn bids(seat: &mut Seat) -> Vec<BidRequest> {
    let bid = |effect| match effect {
        Effect::Ask(Request::Bid(bid)) => Some(bid),
        _ => None,
    };
    seat.effects().into_iter().filter_map(bid).collect()
}

fn amended(hash: &str) -> EventData {
    EventData::Amended {
        rules: world::camera().rules,
        rules_hash: hash.repeat(64),
        item_hash: "6".repeat(64),
        starts_at: None,
        closes_at: Some(world::start().plus_millis(30_000)),
    }
}

#[test]
fn a_bid_names_the_rules_on_the_screen() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b");
    assert_eq!(bids(&mut seat)[0].rules_hash, Some("4".repeat(64)));
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(6, 0, amended("7")))));
    seat.press("+ b");
    assert_eq!(bids(&mut seat)[0].rules_hash, Some("7".repeat(64)));
}

#[test]
fn whoever_is_about_to_bid_on_other_terms_has_to_look_again() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("a");
    seat.write("1300");
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(6, 0, amended("7")))));
    assert!(matches!(&seat.model.overlay, Some(Overlay::Prompt(prompt)) if prompt.question == Question::LookAgain));
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadLot(world::CAMERA))), "the item is asked for, too");
    seat.press("enter");
    assert!(bids(&mut seat).is_empty() && seat.model.overlay.is_none());
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(7, 0, amended("8")))));
    assert_eq!(seat.notice(), "The seller changed the rules or the item");

    seat.press("+ b");
    let bid = bids(&mut seat).remove(0);
    seat.reply(Reply::Bid(bid.bid_id, Err(refusal(ErrorCode::RulesChanged, "the rules were changed since"))));
    assert_eq!(seat.notice(), "Bid refused: the rules were changed since (look at the lot again, and bid again)");
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadLot(world::CAMERA))));
}

#[test]
fn a_house_that_was_caught_is_shown_as_such_and_asked_about_before_a_bid() {
    for (size, name) in [(WIDE, "a_fork"), (SMALL, "a_fork_small")] {
        let mut seat = Seat::bidder(size);
        let what = "the house has shown two histories of auction 0190a5c2: up to event 5 its log had the hash ab";
        seat.live(News::Fork(world::CAMERA, Clean::line(what, 200)));
        assert_eq!(seat.notice(), "THE HOUSE DOES NOT KEEP ITS WORD ON THIS LOT");
        assert!(seat.effects().contains(&Effect::Bell));
        seat.quiet();
        assert_snapshot!(name, seat.screen());

        seat.press("b");
        assert!(bids(&mut seat).is_empty());
        assert!(matches!(&seat.model.overlay, Some(Overlay::Prompt(prompt)) if prompt.about.contains("its word")));
        seat.press("y");
        assert_eq!(bids(&mut seat).len(), 1);
    }
}

#[test]
fn an_answer_that_nobody_is_held_to_is_no_answer() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b");
    let bid = bids(&mut seat).remove(0);
    let text = Clean::line("the house answered that the bid counts, but it can't be held to that", 100);
    let error = RequestError { code: None, text, next_minimum: None, definite: false, untrue: true };
    seat.reply(Reply::Bid(bid.bid_id, Err(error)));
    assert_eq!(seat.notice(), "THE HOUSE DOES NOT KEEP ITS WORD ON THIS LOT");
    let screen = seat.screen();
    assert!(screen.contains("!! the house answered that the bid counts"), "{screen}");
}
