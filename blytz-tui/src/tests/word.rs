//! What a bidder saw is what they bid on, and a house that was caught stays caught.

use blytz_core::wire::{
    ErrorCode,
    auction::{Auction, BidRequest, EventData},
};
use insta::assert_snapshot;
use ratatui::style::Modifier;

use super::{
    SMALL, Seat, WIDE,
    bidding::{refusal, silence},
    world,
};
use crate::{
    clean::Clean,
    effect::{Effect, Request},
    message::{News, Reply},
    model::{Overlay, attempt::BidKind, prompt::Question, request_error::RequestError},
    theme::{Base, Theme},
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

/// The camera after the seller has changed its rules: `change` says what.
fn changed(change: impl Fn(&mut Auction)) -> Reply {
    let mut lot = world::camera();
    lot.status.seq = 6;
    lot.rules_hash = "7".repeat(64);
    change(&mut lot);
    Reply::Lot(world::CAMERA, Ok(Box::new(lot)))
}

fn refused(seat: &mut Seat) -> BidRequest {
    let bid = bids(seat).remove(0);
    seat.reply(Reply::Bid(bid.bid_id, Err(refusal(ErrorCode::RulesChanged, "the rules were changed since"))));
    bid
}

#[test]
fn a_bid_under_old_rules_is_asked_about_again_and_never_sent_by_itself() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b");
    let first = refused(&mut seat);
    seat.reply(Reply::Lot(world::CAMERA, Ok(Box::new(world::camera()))));
    assert!(seat.model.overlay.is_none(), "the lot as it was before: there is nothing new to look at yet");
    seat.reply(changed(|_| ()));
    assert_snapshot!("rules_changed", seat.screen());
    seat.press("enter y");
    assert!(bids(&mut seat).is_empty(), "nobody has read it yet");
    seat.at(1_000);
    seat.press("enter");
    let second = bids(&mut seat).remove(0);
    assert_eq!((second.amount, second.rules_hash), (first.amount, Some("7".repeat(64))));
    assert_ne!(second.bid_id, first.bid_id, "it is another intention");
}

#[test]
fn what_the_new_rules_do_not_allow_is_not_asked_about() {
    for (keys, typed) in [("b", ""), ("m", "1300"), ("B", "")] {
        let mut seat = Seat::bidder(WIDE);
        seat.press(keys);
        seat.write(typed);
        if keys != "b" {
            seat.press("enter");
        }
        refused(&mut seat);
        seat.reply(changed(|lot| {
            lot.status.next_minimum = Some(world::myr(150_000));
            lot.status.buy_now = None;
        }));
        assert!(seat.model.overlay.is_none(), "{keys}");
        assert_eq!(seat.notice(), "The rules changed: that bid can't be made under the new ones");
    }
}

#[test]
fn buying_now_is_asked_about_at_the_new_price() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("B enter");
    refused(&mut seat);
    seat.reply(changed(|lot| lot.status.buy_now = Some(world::myr(260_000))));
    let Some(Overlay::Prompt(prompt)) = &seat.model.overlay else { panic!("a question") };
    assert_eq!(prompt.question, Question::Anew(world::CAMERA, BidKind::BuyNow(world::myr(260_000))));
    assert!(prompt.about.contains("buy now at MYR 2,600.00"), "{}", prompt.about);
}

#[test]
fn a_question_about_a_bid_under_old_rules_is_taken_back_however_the_new_ones_come() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("B");
    seat.reply(changed(|_| ()));
    assert!(matches!(&seat.model.overlay, Some(Overlay::Prompt(prompt)) if prompt.question == Question::LookAgain));
    seat.press("y");
    assert!(bids(&mut seat).is_empty());
}

#[test]
fn a_bid_that_is_asked_about_again_keeps_the_rules_it_was_made_under() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b");
    let first = bids(&mut seat).remove(0);
    seat.reply(Reply::Bid(first.bid_id, Err(silence())));
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(6, 0, amended("7")))));
    seat.quiet();
    seat.press("R");
    assert_eq!(bids(&mut seat), [first], "another body under the same id would be refused");
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

        seat.press("B enter");
        assert!(bids(&mut seat).is_empty(), "buying now, too");
        seat.press("enter");
        assert_eq!(bids(&mut seat).len(), 1);
    }
}

#[test]
fn an_alarm_stays_and_is_seen_in_every_theme() {
    for base in [Base::Dark, Base::Light, Base::Plain] {
        let mut seat = Seat::bidder(SMALL);
        seat.model.theme = Theme::new(base);
        seat.live(News::Fork(world::CAMERA, Clean::line("two histories", 200)));
        seat.live(News::Fork(world::CAMERA, Clean::line("and what follows from it", 200)));
        seat.at(60_000);
        seat.reply(Reply::Lot(world::CAMERA, Ok(Box::new(world::camera()))));
        assert!(seat.screen().contains(" !! two histories"), "{}", seat.screen());
        let cell = seat.buffer()[(59, 1)].clone();
        assert!(cell.modifier.contains(Modifier::REVERSED | Modifier::BOLD), "{base:?}: the whole row");
        seat.press("esc");
        assert!(!seat.screen().contains("two histories"), "it is about that lot");
    }
}

#[test]
fn a_bid_is_not_sent_again_to_a_caught_house_without_a_question() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b");
    let first = bids(&mut seat).remove(0);
    seat.reply(Reply::Bid(first.bid_id, Err(silence())));
    seat.live(News::Fork(world::CAMERA, Clean::line("two histories", 200)));
    seat.press("R");
    assert!(bids(&mut seat).is_empty());
    seat.press("y");
    assert_eq!(bids(&mut seat), [first]);
}

#[test]
fn what_is_sold_is_what_the_lot_says_and_the_log_confirms() {
    let described = |seq, hash: &str, condition: Option<&str>, description: &str| {
        let mut lot = world::camera();
        lot.product.title = "what the product is called by now".to_owned();
        lot.status.seq = seq;
        lot.item_hash = hash.repeat(64);
        lot.item.condition = condition.map(str::to_owned);
        lot.item.description = description.to_owned();
        Reply::Lot(world::CAMERA, Ok(Box::new(lot)))
    };
    let long = "The shutter was cleaned in spring and runs at all speeds. ".repeat(3);
    for (size, name) in [(WIDE, "item"), (SMALL, "item_small")] {
        let mut seat = Seat::bidder(size);
        seat.reply(described(5, "5", Some("used, brassing at the edges"), &long));
        assert_snapshot!(name, seat.screen());

        seat.live(News::Auction(world::CAMERA, Box::new(world::entry(6, 0, amended("7")))));
        assert!(seat.screen().contains("The seller changed what is sold: asking"), "{}", seat.screen());
        seat.reply(described(5, "5", None, "as it was"));
        assert!(seat.screen().contains("The seller changed what is sold: asking"), "that is from before");
        seat.live(News::Auction(
            world::CAMERA,
            Box::new(world::entry(7, 0, world::leading(1, world::BALA, 130_000, 4, 30_000))),
        ));
        seat.reply(described(6, "6", None, "with its case"));
        assert!(seat.screen().contains(" with its case"), "a bid came meanwhile: {}", seat.screen());
    }
}

#[test]
fn an_answer_that_nobody_is_held_to_is_no_answer() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b");
    let bid = bids(&mut seat).remove(0);
    let text = Clean::line("the house answered that the bid counts, but it can't be held to that", 100);
    let error = RequestError { text, untrue: true, ..silence() };
    seat.reply(Reply::Bid(bid.bid_id, Err(error)));
    assert_eq!(seat.notice(), "THE HOUSE DOES NOT KEEP ITS WORD ON THIS LOT");
    let screen = seat.screen();
    assert!(screen.contains("Your bid MYR 1,255.00: answered, but the house can't be held"), "{screen}");
    assert!(screen.contains("!! the house answered that the bid counts"), "{screen}");
}
