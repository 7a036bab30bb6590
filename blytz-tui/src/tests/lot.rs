use blytz_core::wire::{
    account::PublicUser,
    auction::{AuctionStatus, BidOutcome, EventData, ExtensionReason, MyStanding, VoidedBy},
    live::{Channel, Update, UpdateData},
};
use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};

use super::{SMALL, Seat, WIDE, world};
use crate::{
    effect::{Effect, Request},
    message::{News, Reply},
    model::{Position, Screen},
    theme::{Base, Theme},
};

fn event(seat: &mut Seat, seq: u64, at_ms: i64, data: EventData) {
    seat.at(at_ms);
    seat.live(News::Auction(world::CAMERA, Box::new(world::entry(seq, at_ms, data))));
}

fn open(seat: &mut Seat, lot: blytz_core::AuctionId) {
    seat.press("esc");
    seat.model.lobby.selected = Some(crate::model::lobby::Entry::Lot(lot));
    seat.press("enter");
    seat.quiet();
}

#[test]
fn a_lot_that_somebody_else_leads() {
    assert_snapshot!("lot_wide", Seat::bidder(WIDE).screen());
    assert_snapshot!("lot_small", Seat::bidder(SMALL).screen());
    let mut seat = Seat::bidder(SMALL);
    seat.press("tab tab");
    assert_snapshot!("lot_small_chat", seat.screen());
}

#[test]
fn opening_a_lot_asks_and_follows() {
    let mut seat = Seat::buyer(WIDE);
    seat.press("enter");
    let effects = seat.effects();
    for wanted in [
        Effect::Ask(Request::LoadLot(world::CAMERA)),
        Effect::Ask(Request::LoadStanding(world::CAMERA)),
        Effect::Subscribe(Channel::Chat(world::SHOW)),
        Effect::Unsubscribe(Channel::Auction(world::BATIK)),
    ] {
        assert!(effects.contains(&wanted), "{wanted:?} in {effects:?}");
    }
    assert!(seat.model.subscribed.contains(&Channel::Auction(world::CAMERA)));
    seat.reply(Reply::Lot(world::CAMERA, Ok(Box::new(world::camera()))));
    assert_eq!(seat.effects(), [Effect::Ask(Request::LoadHistory(world::CAMERA, 0))]);
    seat.press("esc");
    assert!(seat.effects().contains(&Effect::Unsubscribe(Channel::Chat(world::SHOW))));
}

#[test]
fn leading_then_outbid_then_won() {
    let mut seat = Seat::bidder(WIDE);
    event(&mut seat, 6, 1_000, world::leading(1, world::AISHAH, 140_000, 4, 30_000));
    event(&mut seat, 7, 1_000, EventData::ReserveMet { price: world::myr(140_000) });
    seat.reply(Reply::Standing(
        world::CAMERA,
        Ok(MyStanding { leading: true, max: Some(world::myr(180_000)), watching: true }),
    ));
    assert_snapshot!("lot_leading", seat.screen());

    event(&mut seat, 8, 2_000, world::leading(2, world::BALA, 180_500, 5, 30_000));
    assert_eq!(seat.notice(), "Outbid on Leica M3 of 1954 with a 50 mm Summicron: now MYR 1,805.00");
    assert!(seat.effects().contains(&Effect::Bell));
    assert_snapshot!("lot_outbid", seat.screen());

    event(&mut seat, 9, 3_000, world::leading(3, world::AISHAH, 200_000, 6, 30_000));
    let sold = EventData::Closed {
        status: AuctionStatus::Sold,
        winner: Some(world::AISHAH),
        price: Some(world::myr(200_000)),
    };
    event(&mut seat, 10, 30_000, sold);
    assert_eq!(seat.notice(), "You won Leica M3 of 1954 with a 50 mm Summicron for MYR 2,000.00");
    assert_snapshot!("lot_won", seat.screen());
    assert_snapshot!("lot_won_small", {
        seat.model.size = SMALL;
        seat.screen()
    });
}

#[test]
fn the_news_that_one_won_is_told_once() {
    let mut seat = Seat::bidder(WIDE);
    let price = world::myr(200_000);
    event(&mut seat, 6, 0, world::leading(1, world::AISHAH, 200_000, 4, 30_000));
    event(
        &mut seat,
        7,
        30_000,
        EventData::Closed { status: AuctionStatus::Sold, winner: Some(world::AISHAH), price: Some(price) },
    );
    let won = UpdateData::Won { auction_id: world::CAMERA, price };
    seat.live(News::Update(Channel::Me, Update { data: won, at: world::start() }));
    assert_eq!(seat.model.notices.iter().count(), 1);
}

#[test]
fn the_countdown_follows_the_servers_clock() {
    let mut seat = Seat::bidder(SMALL);
    assert!(seat.screen().contains("Closes in 00:30"));
    seat.live(News::Clock(5_000_000));
    assert!(seat.screen().contains("Closes in 00:25"), "the server is five seconds ahead");
    seat.at(2_000);
    assert!(seat.screen().contains("Closes in 00:23"));
}

#[test]
fn the_soft_close_is_red_and_said() {
    let mut seat = Seat::bidder(SMALL);
    seat.at(20_000);
    assert!(!seat.screen().contains("SOFT CLOSE"), "exactly ten seconds are left");
    seat.at(22_800);
    assert!(seat.screen().contains("Closes in 7.2 s  SOFT CLOSE"));
    assert_eq!(countdown_cell(&seat).fg, Color::Red);

    seat.model.theme = Theme::new(Base::Plain);
    let cell = countdown_cell(&seat);
    assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    assert!(cell.modifier.contains(Modifier::REVERSED), "without colour it is reversed");

    event(&mut seat, 6, 23_000, world::leading(1, world::BALA, 130_000, 4, 33_000));
    let closes_at = world::start().plus_millis(33_000);
    event(&mut seat, 7, 23_000, EventData::extended(closes_at, ExtensionReason::SoftClose));
    assert!(seat.screen().contains("Closes in 00:10, moved once"));
}

fn countdown_cell(seat: &Seat) -> ratatui::buffer::Cell {
    let buffer = seat.buffer();
    let text = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let row = (0..buffer.area.height).find(|y| text(*y).contains("Closes in")).expect("the countdown is shown");
    buffer[(3, row)].clone()
}

#[test]
fn a_dutch_price_falls_by_itself() {
    let mut seat = Seat::bidder(WIDE);
    open(&mut seat, world::BATIK);
    assert_snapshot!("dutch", seat.screen());
    let price = |seat: &Seat| {
        seat.model.current_lot().and_then(|lot| lot.price_at(seat.model.server_now())).map(|price| price.amount)
    };
    for (millis, amount) in [(0, 43_000), (749, 43_000), (750, 42_000), (22_750, 20_000), (40_000, 20_000)] {
        seat.at(millis);
        assert_eq!(price(&seat), Some(amount), "after {millis} ms");
    }
    assert!(seat.screen().contains("the floor"));
}

#[test]
fn a_sealed_lot_shows_the_count_and_ones_own_bid() {
    let mut seat = Seat::bidder(SMALL);
    open(&mut seat, world::TEAPOT);
    assert_snapshot!("sealed", seat.screen());
    let standing = MyStanding { leading: false, max: Some(world::myr(12_000)), watching: false };
    seat.reply(Reply::Standing(world::TEAPOT, Ok(standing)));
    let screen = seat.screen();
    assert!(screen.contains("Your sealed bid stands, 4 bids") && screen.contains("your bid"), "{screen}");
}

#[test]
fn a_void_strikes_bids_and_gives_the_lead_back() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("a");
    seat.write("1300");
    seat.press("enter");
    let accepted = world::answer(1, BidOutcome::Leading, 130_000);
    seat.reply(Reply::Bid(world::bid(1), Ok(Box::new(accepted))));
    event(&mut seat, 6, 1_000, world::leading(1, world::AISHAH, 130_000, 4, 30_000));
    event(
        &mut seat,
        7,
        2_000,
        EventData::Voided {
            bid_id: world::bid(1),
            bid_seq: 6,
            by: VoidedBy::Seller,
            block: true,
            struck: vec![world::bid(1)],
            reason: "a wrong amount".to_owned(),
            price: Some(world::myr(125_000)),
            leader: Some(world::BALA),
            next_minimum: Some(world::myr(125_500)),
            reserve_met: Some(false),
            bid_count: 3,
            closes_at: world::start().plus_millis(30_000),
        },
    );
    assert_eq!(seat.notice(), "Your bid on Leica M3 of 1954 with a 50 mm Summicron was voided");
    assert_snapshot!("voided", seat.screen());
}

#[test]
fn a_void_of_a_copied_id_is_not_the_users_own() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("a");
    seat.write("1300");
    seat.press("enter");
    let accepted = world::answer(1, BidOutcome::Leading, 130_000);
    seat.reply(Reply::Bid(world::bid(1), Ok(Box::new(accepted))));
    event(&mut seat, 6, 1_000, world::leading(1, world::AISHAH, 130_000, 4, 30_000));
    let before = seat.model.attempts.get_mut(world::bid(1)).expect("an attempt").state.clone();
    event(&mut seat, 7, 2_000, world::leading(1, world::BALA, 140_000, 5, 30_000));
    event(
        &mut seat,
        8,
        3_000,
        EventData::Voided {
            bid_id: world::bid(1),
            bid_seq: 7,
            by: VoidedBy::Seller,
            block: true,
            struck: vec![world::bid(1)],
            reason: "a shill".to_owned(),
            price: Some(world::myr(130_000)),
            leader: Some(world::AISHAH),
            next_minimum: Some(world::myr(130_500)),
            reserve_met: Some(false),
            bid_count: 4,
            closes_at: world::start().plus_millis(30_000),
        },
    );
    let attempt = seat.model.attempts.get_mut(world::bid(1)).expect("an attempt");
    assert_eq!(attempt.state, before);
}

#[test]
fn events_may_come_twice_and_answers_late() {
    let mut seat = Seat::bidder(WIDE);
    let bid = world::leading(1, world::AISHAH, 130_000, 4, 30_000);
    event(&mut seat, 6, 1_000, bid.clone());
    let after = seat.model.lots[&world::CAMERA].clone();
    event(&mut seat, 6, 1_000, bid);
    assert_eq!(seat.model.lots[&world::CAMERA], after, "an event counts once");
    seat.reply(Reply::Lot(world::CAMERA, Ok(Box::new(world::camera()))));
    assert_eq!(
        seat.model.lots[&world::CAMERA].state.price,
        Some(world::myr(130_000)),
        "an older answer changes nothing"
    );
}

#[test]
fn who_leads_without_a_name_is_asked_for() {
    let mut seat = Seat::bidder(WIDE);
    let stranger = blytz_core::UserId(uuid::Uuid::from_u128(0xbeef));
    event(&mut seat, 6, 100, world::leading(1, stranger, 130_000, 4, 30_000));
    assert!(seat.screen().contains("bidder beef leads"));
    assert!(
        !seat.effects().contains(&Effect::Ask(Request::LoadLot(world::CAMERA))),
        "asked a moment ago, on the way in"
    );
    seat.at(500);
    assert_eq!(seat.effects(), [Effect::Ask(Request::LoadLot(world::CAMERA))]);

    // An answer that is behind the log changes no state, but it does name people.
    let mut lot = world::camera();
    lot.status.leader = Some(PublicUser { id: stranger, display_name: "Farah".to_owned() });
    seat.reply(Reply::Lot(world::CAMERA, Ok(Box::new(lot))));
    assert!(seat.screen().contains("Farah leads"));
    seat.at(1_500);
    assert_eq!(seat.effects(), []);
}

#[test]
fn names_are_asked_for_at_once_but_not_for_every_bid() {
    let mut seat = Seat::bidder(WIDE);
    seat.at(2_000);
    seat.effects();
    let asked =
        |seat: &mut Seat| seat.effects().iter().filter(|e| **e == Effect::Ask(Request::LoadLot(world::CAMERA))).count();
    for n in 1..=20_u32 {
        let stranger = blytz_core::UserId(uuid::Uuid::from_u128(0xbe00 + u128::from(n)));
        let at = 2_000 + i64::from(n);
        let price = 130_000 + i64::from(n) * 500;
        event(
            &mut seat,
            5 + u64::from(n),
            at,
            world::leading(u128::from(n), stranger, price, 3 + u64::from(n), 30_000),
        );
    }
    assert_eq!(asked(&mut seat), 1, "a storm of bids is one request");
    seat.at(2_400);
    assert_eq!(asked(&mut seat), 0);
    seat.at(2_501);
    assert_eq!(asked(&mut seat), 1, "and one more for who leads after it");
}

#[test]
fn a_name_that_shows_nothing_is_not_asked_for_for_ever() {
    let mut seat = Seat::bidder(WIDE);
    let stranger = blytz_core::UserId(uuid::Uuid::from_u128(0xbeef));
    event(&mut seat, 6, 2_000, world::leading(1, stranger, 130_000, 4, 30_000));
    let mut lot = world::camera();
    lot.status.leader = Some(PublicUser { id: stranger, display_name: "\u{202e}\u{200b}".to_owned() });
    seat.reply(Reply::Lot(world::CAMERA, Ok(Box::new(lot))));
    assert!(seat.screen().contains("bidder beef leads"));
    seat.effects();
    seat.at(5_000);
    assert_eq!(seat.effects(), []);
}

#[test]
fn names_also_come_with_states_and_with_the_chat() {
    let stranger = blytz_core::UserId(uuid::Uuid::from_u128(0xbeef));
    let farah = PublicUser { id: stranger, display_name: "Farah".to_owned() };
    let mut by_state = Seat::bidder(WIDE);
    let mut state = world::camera().status;
    (state.seq, state.leader) = (6, Some(farah.clone()));
    by_state.live(News::AuctionState(Box::new(state)));
    assert!(by_state.screen().contains("Farah leads"));

    let mut by_chat = Seat::bidder(WIDE);
    event(&mut by_chat, 6, 100, world::leading(1, stranger, 130_000, 4, 30_000));
    by_chat.live(News::Chat(world::SHOW, world::said(&world::message(4, farah, "mine"))));
    assert!(by_chat.screen().contains("Farah leads"));
    by_chat.effects();
    by_chat.at(2_000);
    assert_eq!(by_chat.effects(), [], "nobody is left without a name");
}

#[test]
fn what_the_chat_says_and_what_one_says() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("c");
    seat.write("Is that a q?");
    assert_eq!(seat.model.screen, Screen::Lot(world::CAMERA), "letters go into the text");
    seat.press("enter");
    let Some(Effect::Ask(Request::Say(sent))) = seat.effects().pop() else { panic!("something is sent") };
    assert_eq!((sent.text.as_str(), sent.stream_id), ("Is that a q?", world::SHOW));
    let mine = sent.message_id.expect("every message has an id");
    assert_snapshot!("chat_pending", seat.screen());

    let mut confirmed = world::message(
        4,
        blytz_core::wire::account::PublicUser { id: world::AISHAH, display_name: "Aishah".to_owned() },
        "Is that a q?",
    );
    confirmed.id = mine;
    seat.live(News::Chat(world::SHOW, world::said(&confirmed)));
    let chat = &seat.model.chats[&world::SHOW];
    assert_eq!(chat.lines.iter().filter(|line| line.id == mine).count(), 1);
    assert!(!chat.lines.iter().any(|line| line.pending));
}

#[test]
fn no_name_can_say_what_somebody_is() {
    let mut seat = Seat::bidder(WIDE);
    let double = PublicUser { id: world::BALA, display_name: "[seller] Mei".to_owned() };
    seat.live(News::Chat(world::SHOW, world::said(&world::message(4, double, "pay me"))));
    let screen = seat.screen();
    assert!(screen.contains("(seller) Mei  pay me"), "{screen}");
    assert!(screen.contains("[seller] Mei Ling Antiques"), "{screen}");
}

#[test]
fn a_refused_message_can_be_written_differently() {
    let mut seat = Seat::bidder(WIDE);
    seat.press("c");
    seat.write("rude");
    seat.press("enter");
    let Some(Effect::Ask(Request::Say(sent))) = seat.effects().pop() else { panic!("something is sent") };
    let refused = super::bidding::refusal(blytz_core::wire::ErrorCode::MessageBlocked, "blocked");
    seat.reply(Reply::Said(world::SHOW, sent.message_id.expect("an id"), Err(refused)));
    assert_eq!(seat.notice(), "Not sent: blocked (write it differently)");
    assert_eq!(seat.model.chats[&world::SHOW].input.value(), "rude");
    assert!(!seat.model.chats[&world::SHOW].lines.iter().any(|line| line.pending));
}

#[test]
fn outcomes_of_bids_by_others_count_too() {
    let mut seat = Seat::bidder(WIDE);
    let mut data = world::leading(1, world::AISHAH, 130_000, 4, 30_000);
    if let EventData::Bid { outcome, leader, .. } = &mut data {
        (*outcome, *leader) = (BidOutcome::Outbid, Some(world::BALA));
    }
    event(&mut seat, 6, 0, data);
    let lot = &seat.model.lots[&world::CAMERA];
    assert_eq!((lot.state.leader, lot.state.price), (Some(world::BALA), Some(world::myr(130_000))));
    assert_eq!(seat.model.position(lot), Position::Watching, "nothing was accepted from here yet");
}
