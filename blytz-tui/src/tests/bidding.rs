use blytz_core::{
    Money,
    wire::{ErrorCode, auction::BidOutcome},
};
use insta::assert_snapshot;

use super::{SMALL, Seat, WIDE, world};
use crate::{
    clean::Clean,
    effect::{Effect, Request},
    message::Reply,
    model::{Position, attempt::AttemptState, request_error::RequestError},
};

/// What a bid asks for: amount, max, buy now.
type Asked = (Option<i64>, Option<i64>, Option<bool>);

fn bids(seat: &mut Seat) -> Vec<Asked> {
    let amount = |money: Option<Money>| money.map(|money| money.amount);
    let asked = |effect| match effect {
        Effect::Ask(Request::Bid(bid)) => Some((amount(bid.amount), amount(bid.max), bid.buy_now)),
        _ => None,
    };
    seat.effects().into_iter().filter_map(asked).collect()
}

pub fn refusal(code: ErrorCode, text: &str) -> RequestError {
    RequestError { code: Some(code), text: Clean::line(text, 100), next_minimum: None, definite: true, untrue: false }
}

pub fn silence() -> RequestError {
    RequestError {
        code: None,
        text: Clean::line("the connection was cut", 100),
        next_minimum: None,
        definite: false,
        untrue: false,
    }
}

#[test]
fn quick_keys() {
    for (keys, typed, then, asked) in [
        ("b", "", "", vec![(Some(125_500), None, None)]),
        ("+ + b", "", "", vec![(Some(126_500), None, None)]),
        ("+ + - b", "", "", vec![(Some(126_000), None, None)]),
        ("- b", "", "", vec![(Some(125_500), None, None)]),
        ("up enter", "", "", vec![(Some(126_000), None, None)]),
        ("a", "1300", "enter", vec![(Some(130_000), None, None)]),
        ("a", "1300.5", "enter", vec![(Some(130_050), None, None)]),
        ("a", "1255", "enter", vec![(Some(125_500), None, None)]),
        ("a", "1254.99", "enter", vec![]),
        ("a", "1300", "esc", vec![]),
        ("a", "1,300", "enter", vec![]),
        ("a", "", "enter", vec![]),
        ("m", "2000", "enter", vec![(None, Some(200_000), None)]),
        ("B", "", "enter", vec![(None, None, Some(true))]),
        ("B", "", "y", vec![(None, None, Some(true))]),
        ("B", "", "n", vec![]),
        ("B", "", "x esc", vec![]),
        ("a", "20000", "enter", vec![]),
        ("a", "20000", "enter n", vec![]),
        ("a", "20000", "enter y", vec![(Some(2_000_000), None, None)]),
        ("m", "12549", "enter", vec![(None, Some(1_254_900), None)]),
        ("m", "12550", "enter", vec![]),
        ("m", "12550", "enter n", vec![]),
        ("m", "12550", "enter y", vec![(None, Some(1_255_000), None)]),
        ("m", "6275000", "enter y", vec![(None, Some(627_500_000), None)]),
    ] {
        let mut seat = Seat::bidder(WIDE);
        seat.press(keys);
        seat.write(typed);
        if !then.is_empty() {
            seat.press(then);
        }
        assert_eq!(bids(&mut seat), asked, "{keys} {typed:?} {then}");
    }
}

#[test]
fn a_hint_is_in_the_lots_own_currency() {
    for (code, hint) in [("MYR", "like 125.50."), ("JPY", "like 125."), ("KWD", "like 125.500.")] {
        let mut seat = Seat::bidder(WIDE);
        let lot = seat.model.lots.get_mut(&world::CAMERA).expect("the lot");
        lot.rules.currency = code.parse().expect("a currency");
        seat.press("a");
        seat.write("1,300");
        seat.press("enter");
        let screen = seat.screen();
        assert!(screen.contains(&format!("Write an amount of {code}, {hint}")), "{screen}");
    }
}

#[test]
fn every_intention_has_its_own_id_and_a_slip_of_the_finger_none() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b b b + b");
    let ids: Vec<_> = seat
        .effects()
        .into_iter()
        .filter_map(|effect| if let Effect::Ask(Request::Bid(bid)) = effect { Some(bid.bid_id) } else { None })
        .collect();
    assert_eq!(ids, [world::bid(1), world::bid(2)], "the same bid again while it is on its way is no bid");
}

#[test]
fn a_bid_is_pending_then_accepted() {
    let mut seat = Seat::bidder(SMALL);
    seat.press("b");
    assert!(seat.screen().contains("Your bid MYR 1,255.00: on its way"));
    seat.reply(Reply::Bid(world::bid(1), Ok(Box::new(world::answer(1, BidOutcome::Leading, 125_500)))));
    assert!(seat.screen().contains("Your bid MYR 1,255.00: accepted"));
    seat.reply(Reply::Bid(world::bid(1), Ok(Box::new(world::answer(1, BidOutcome::Outbid, 130_000)))));
    assert_eq!(seat.notice(), "Somebody's max beats yours: now MYR 1,300.00");
    let lot = seat.model.current_lot().expect("on the screen");
    assert_eq!(seat.model.position(lot), Position::Outbid);
}

#[test]
fn a_refused_bid_says_why_and_what_to_do() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("b");
    let low = refusal(ErrorCode::BidTooLow, "the next minimum is MYR 1,300.00");
    seat.reply(Reply::Bid(world::bid(1), Err(low)));
    assert_snapshot!("bid_refused", seat.screen());
    assert!(seat.effects().contains(&Effect::Ask(Request::LoadLot(world::CAMERA))));
    seat.press("b");
    assert!(matches!(&seat.effects()[..], [Effect::Ask(Request::Bid(bid))] if bid.bid_id == world::bid(2)), "a new id");
}

#[test]
fn a_bid_without_an_answer_is_asked_about_with_its_id() {
    let mut seat = Seat::bidder(SMALL);
    seat.press("m");
    seat.write("1500");
    seat.press("enter");
    let first = seat.effects();
    seat.reply(Reply::Bid(world::bid(1), Err(silence())));
    assert!(seat.screen().contains("no answer, R asks again"));
    seat.effects();
    seat.press("R");
    assert_eq!(seat.effects(), first, "the identical request");
    seat.press("R");
    assert_eq!(seat.effects(), [], "it is on its way");
}

#[test]
fn a_guest_is_asked_to_log_in() {
    let mut seat = Seat::bidder(WIDE);
    seat.model.people.me = None;
    for key in ["b", "a", "m", "B", "c", "w"] {
        seat.press(key);
        assert_eq!(seat.notice(), "Log in first: L", "{key}");
    }
    assert!(bids(&mut seat).is_empty());
}

#[test]
fn nobody_bids_while_it_is_open_in_whose_name() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("L");
    seat.write("bala@example.com");
    seat.press("tab");
    seat.write("correct horse");
    seat.press("enter esc b");
    assert!(bids(&mut seat).is_empty());
    assert_eq!(seat.notice(), "Somebody is just logging in: press again when it is said who");
    seat.reply(Reply::LoggedIn(Ok(Box::new(world::aishah()))));
    seat.press("b");
    assert_eq!(bids(&mut seat), [(Some(125_500), None, None)]);
}

#[test]
fn who_leads_is_told_to_set_a_max() {
    let mut seat = Seat::bidder(WIDE);
    let mine = world::leading(1, world::AISHAH, 130_000, 4, 30_000);
    seat.live(crate::message::News::Auction(world::CAMERA, Box::new(world::entry(6, 0, mine))));
    seat.press("b");
    assert_eq!(seat.notice(), "You lead. Set a max with m to stay ahead");
    assert!(bids(&mut seat).is_empty());
    seat.press("m");
    seat.write("1300.01");
    seat.press("enter");
    assert_eq!(bids(&mut seat), [(None, Some(130_001), None)], "a leader may raise by less than a step");
}

#[test]
fn each_format_takes_its_own_kind() {
    let mut seat = Seat::buyer(WIDE);
    seat.model.lobby.selected = Some(crate::model::lobby::Entry::Lot(world::BATIK));
    seat.press("enter b");
    assert_eq!(bids(&mut seat), [(Some(43_000), None, None)], "Dutch: the price of this moment");
    seat.press("m B");
    assert!(bids(&mut seat).is_empty());

    seat.press("esc");
    seat.model.lobby.selected = Some(crate::model::lobby::Entry::Lot(world::TEAPOT));
    seat.press("enter b");
    seat.write("99");
    seat.press("enter");
    assert_eq!(bids(&mut seat), [(Some(9_900), None, None)], "sealed: an amount is asked for");

    seat.press("esc");
    seat.model.lobby.selected = Some(crate::model::lobby::Entry::Lot(world::WATCH));
    seat.press("enter b");
    assert_eq!(seat.notice(), "This lot takes no bids now");
}

#[test]
fn many_steps_above_the_minimum_are_asked_about_like_a_typed_amount() {
    let mut lot = world::camera();
    lot.status.next_minimum = Some(world::myr(100));
    lot.status.price = Some(world::myr(50));
    let mut seat = Seat::bidder(WIDE);
    seat.reply(Reply::Lot(world::CAMERA, Ok(Box::new(lot))));
    seat.press("+ b");
    assert!(matches!(bids(&mut seat)[..], [(Some(600), None, None)]));
    seat.press("+ + b");
    assert!(bids(&mut seat).is_empty(), "eleven times the minimum");
    assert!(seat.screen().contains("MYR 11.00 is 11 times the minimum."));
    seat.press("y");
    assert!(matches!(bids(&mut seat)[..], [(Some(1_100), None, None)]));
}

#[test]
fn questions_can_be_read() {
    let mut seat = Seat::bidder(SMALL);
    seat.press("B");
    assert_snapshot!("question_buy_now", seat.screen());
    seat.press("esc a");
    seat.write("12");
    seat.press("enter");
    assert_snapshot!("question_amount", seat.screen());
    seat.press("esc m");
    seat.write("20000");
    seat.press("enter");
    assert!(seat.screen().contains("A max of MYR 20,000.00 is 15 times the minimum."));
    seat.press("esc");
    assert!(seat.model.attempts.latest_on(world::CAMERA).is_none(), "nothing was bid");
}

#[test]
fn what_was_bid_is_in_no_debug_output() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("m");
    seat.write("98765.43");
    seat.press("enter y");
    let attempt = seat.model.attempts.latest_on(world::CAMERA).expect("a bid");
    assert_eq!(attempt.state, AttemptState::Pending);
    assert!(!format!("{attempt:?} {:?}", seat.effects).contains("98765"));
}
