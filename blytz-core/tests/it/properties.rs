//! What holds in every auction, whoever bids what when.

use blytz_core::{
    BidId, Timestamp, UserId,
    auction::{
        Auction, BidKind, Command, Event, MAX_OUTAGES, Outage, PublicState, Rejection, Sealed,
        recall::{Known, fingerprint, recall},
    },
    wire::auction::{AuctionStatus, BelowReserve, BidOutcome, Dutch, EventData, ExtensionReason, Format, RulesInput},
};
use proptest::prelude::*;

use crate::arena::{
    self, Asked, Played, bid_id, dutch_rules, english_rules, model::Model, moves, moves_of, myr, opened, play,
    rules_of_any_format, sealed_rules, user,
};

fn any_rules() -> impl Strategy<Value = RulesInput> {
    prop_oneof![3 => english_rules(), 1 => sealed_rules()]
}

/// As it comes back from storage.
fn stored(event: &Event) -> Event {
    let data = serde_json::to_string(&event.data).expect("events are JSON");
    let sealed = event.sealed.as_ref().map(|sealed| serde_json::to_string(sealed).expect("sealed parts are JSON"));
    Event {
        at: event.at,
        data: serde_json::from_str(&data).expect("what was written"),
        sealed: sealed.map(|text| serde_json::from_str(&text).expect("what was written")),
    }
}

/// The log without the commitments, which are as random as their nonces.
fn public_log(played: &Played) -> Vec<(Timestamp, EventData)> {
    let bare = |event: &Event| {
        let mut data = event.data.clone();
        if let EventData::Bid { commitment, .. } | EventData::MaxRaised { commitment, .. } = &mut data {
            commitment.clear();
        }
        (event.at, data)
    };
    played.log.iter().map(bare).collect()
}

fn is_void(asked: &Asked) -> bool {
    matches!(asked, Asked::Void { .. })
}

fn closed(played: &Played) -> Option<(Option<UserId>, Option<i64>)> {
    played.log.iter().find_map(|event| match &event.data {
        EventData::Closed { winner, price, .. } => Some((*winner, price.map(|price| price.amount))),
        _ => None,
    })
}

proptest! {
    #[test]
    fn the_price_never_falls_without_a_void(rules in english_rules(), moves in moves()) {
        for turn in &play(&rules, &moves).turns {
            let (before, after) = (turn.public_before().price, turn.public_after().price);
            let (before, after) = (before.map(|price| price.amount), after.map(|price| price.amount));
            prop_assert!(is_void(&turn.asked) || after >= before, "{before:?} fell to {after:?}");
        }
    }

    #[test]
    fn a_void_never_raises_the_price(rules in english_rules(), moves in moves()) {
        for turn in play(&rules, &moves).turns.iter().filter(|turn| is_void(&turn.asked)) {
            let (before, after) = (turn.public_before().price, turn.public_after().price);
            prop_assert!(after.map(|price| price.amount) <= before.map(|price| price.amount));
        }
    }

    #[test]
    fn the_leaders_max_is_never_exceeded(rules in english_rules(), moves in moves()) {
        for turn in &play(&rules, &moves).turns {
            let state = turn.public_after();
            let Some((price, leader)) = state.price.zip(state.leader) else { continue };
            let max = turn.after.leader_max_for(leader).expect("a leader has a max");
            prop_assert!(price.amount <= max.amount, "{price} is above the leader's {max}");
        }
    }

    #[test]
    fn nobody_bids_against_themselves_but_up_to_the_reserve(rules in english_rules(), moves in moves()) {
        for turn in &play(&rules, &moves).turns {
            let Ok(events) = &turn.result else { continue };
            if !matches!(events.first().map(|event| &event.data), Some(EventData::MaxRaised { .. })) {
                continue;
            }
            let (before, after) = (turn.public_before(), turn.public_after());
            prop_assert_eq!(before.leader, after.leader);
            prop_assert_eq!(before.bid_count, after.bid_count);
            let price = before.price.expect("somebody leads").amount;
            let max = turn.after.leader_max_for(after.leader.expect("somebody leads")).expect("a leader has a max").amount;
            let expected = match rules.reserve_price {
                Some(reserve) if max >= reserve.amount => price.max(reserve.amount),
                Some(_) if rules.below_reserve == Some(BelowReserve::Full) => max,
                _ => price,
            };
            prop_assert_eq!(after.price, Some(myr(expected)));
        }
    }

    #[test]
    fn a_lone_bidder_pays_the_start_or_the_reserve(rules in english_rules(), maxes in prop::collection::vec(0..500_i64, 1..10)) {
        let rules = RulesInput { buy_now_price: None, below_reserve: None, ..rules };
        let mut played = opened(&rules);
        for (number, above) in maxes.into_iter().enumerate() {
            played.now = played.now.plus_millis(10);
            played.bid(user(1), bid_id(number), BidKind::Max(myr(rules.starting_price.amount + above)));
        }
        played.close();
        let reserve = rules.reserve_price.map_or(0, |reserve| reserve.amount);
        if let Some((Some(winner), price)) = closed(&played) {
            prop_assert_eq!(winner, user(1));
            prop_assert_eq!(price, Some(rules.starting_price.amount.max(reserve)));
        } else {
            prop_assert!(played.standing().iter().all(|(_, amount)| *amount < reserve));
        }
    }

    #[test]
    fn the_winner_holds_the_highest_max_and_the_earliest_among_equals(rules in english_rules(), moves in moves()) {
        let mut played = play(&rules, &moves);
        played.close();
        let bought = played.log.iter().any(|event| matches!(event.data, EventData::Bid { outcome: BidOutcome::Won, .. }));
        let (winner, price) = closed(&played).expect("it closed");
        let Some(winner) = winner else { return Ok(()) };
        let standing = played.standing();
        if bought {
            prop_assert_eq!(standing.last().map(|(bidder, _)| *bidder), Some(winner));
            prop_assert_eq!(price, rules.buy_now_price.map(|price| price.amount));
        } else {
            let highest = standing.iter().map(|(_, amount)| *amount).max().expect("somebody won");
            let earliest = standing.iter().find(|(_, amount)| *amount == highest);
            prop_assert_eq!(earliest.map(|(bidder, _)| *bidder), Some(winner));
        }
    }

    #[test]
    fn without_exact_bids_and_reserve_the_price_is_the_second_max_and_at_most_a_step(
        rules in english_rules(),
        maxes in prop::collection::vec((0..5_u8, 0..500_i64), 1..20),
    ) {
        let rules = RulesInput { reserve_price: None, buy_now_price: None, below_reserve: None, ..rules };
        let mut played = opened(&rules);
        for (number, (who, above)) in maxes.into_iter().enumerate() {
            played.now = played.now.plus_millis(10);
            played.bid(user(who), bid_id(number), BidKind::Max(myr(rules.starting_price.amount + above)));
        }
        let state = played.auction.public(played.now);
        let leader = state.leader.expect("the first max is enough");
        let standing = played.standing();
        let highest = |of_leader: bool| {
            let amounts = standing.iter().filter(|(bidder, _)| (*bidder == leader) == of_leader);
            amounts.map(|(_, amount)| *amount).max()
        };
        let max = highest(true).expect("they lead");
        let steps = played.auction.rules().steps().expect("English rules have steps").clone();
        let price = state.price.expect("somebody leads").amount;
        let start = rules.starting_price.amount;
        // Less than a step: who took the lead by less than that, and raised later.
        let (least, most) = highest(false).map_or((start, start), |second| (second, max.min(steps.above(second))));
        prop_assert!(least <= price && price <= most, "{price} is not within {least} to {most}");
    }

    #[test]
    fn the_fold_of_the_stored_events_is_the_state(rules in any_rules(), moves in moves()) {
        let mut played = play(&rules, &moves);
        played.close();
        let stored: Vec<Event> = played.log.iter().map(stored).collect();
        let folded = Auction::fold(played.auction.id(), &stored).expect("its own log");
        prop_assert_eq!(folded, played.auction);
    }

    #[test]
    fn the_public_fold_of_the_public_events_is_what_the_auction_says_of_itself(
        played in arena::courses(),
        snapshot in any::<prop::sample::Index>(),
        later_us in prop::collection::vec(0..70_000_000_i64, 10),
    ) {
        let snapshot = snapshot.index(played.log.len());
        let mut auction = Auction::fold(played.auction.id(), &played.log[..1]).expect("its own log");
        let mut rules = auction.rules_view().clone();
        let mut state = PublicState::scheduled(&rules);
        for (number, event) in played.log.iter().enumerate() {
            if number > 0 {
                auction.apply(event).expect("its own log");
            }
            rules = event.data.rules().cloned().unwrap_or(rules);
            state.apply(&rules, &event.data);
            for later_us in &later_us {
                let now = event.at.plus_micros(*later_us);
                prop_assert_eq!(state.at(&rules, now), auction.public(now), "event {} seen {} later", number, later_us);
            }
            if number == snapshot {
                state = auction.public(event.at.plus_micros(later_us[0]));
            }
        }
    }

    #[test]
    fn a_repeated_bid_changes_nothing(rules in any_rules(), moves in moves(), again in prop::collection::vec(any::<prop::sample::Index>(), 50)) {
        let once = play(&rules, &moves);
        let mut repeated = opened(&rules);
        let mut known: Vec<((UserId, BidId), BidKind)> = Vec::new();
        for (turn, nth) in once.turns.iter().skip(1).zip(again) {
            repeated.now = turn.now;
            match turn.asked {
                Asked::Clock => repeated.tick(),
                Asked::Void { bid_id, bidder, by, block } => repeated.void(bid_id, bidder, by, block),
                Asked::Unblock { bidder } => repeated.unblock(bidder),
                Asked::Bid { bidder, bid_id, bid } => {
                    repeated.bid(bidder, bid_id, bid);
                    if turn.result.is_ok() {
                        known.push(((bidder, bid_id), bid));
                    }
                }
            }
            // A copy of an accepted bid arrives: known by its bidder and id, it never gets to the auction.
            if let Some(((bidder, bid_id), bid)) = known.get(nth.index(known.len().max(1))).copied() {
                let remembered = known.iter().find(|(key, _)| *key == (bidder, bid_id)).expect("just taken from there");
                let remembered = Known { fingerprint: fingerprint(remembered.1, None) };
                prop_assert_eq!(recall(&remembered, &fingerprint(bid, None)), Ok(()));
                let other = match bid {
                    BidKind::Exact(money) => BidKind::Max(money),
                    BidKind::Max(money) => BidKind::Max(myr(money.amount + 1)),
                    BidKind::BuyNow => BidKind::Exact(myr(1)),
                };
                prop_assert_eq!(recall(&remembered, &fingerprint(other, None)), Err(Rejection::IdempotencyMismatch));
            }
        }
        prop_assert_eq!(public_log(&repeated), public_log(&once));
    }

    #[test]
    fn a_refusal_changes_nothing(rules in any_rules(), moves in moves()) {
        for turn in &play(&rules, &moves).turns {
            if turn.result.as_ref().map_or(true, Vec::is_empty) {
                prop_assert_eq!(&turn.before, &turn.after);
            }
        }
    }

    #[test]
    fn no_bid_counts_before_the_opening_or_at_the_close_or_after(rules in any_rules(), moves in moves()) {
        for turn in &play(&rules, &moves).turns {
            let Asked::Bid { .. } = turn.asked else { continue };
            let state = turn.public_before();
            let open = state.opens_at.zip(state.closes_at).filter(|_| state.status == AuctionStatus::Live);
            for event in turn.result.iter().flatten() {
                let (opens_at, closes_at) = open.expect("only a live auction takes bids");
                prop_assert!(opens_at <= event.at && event.at < closes_at);
            }
        }
    }

    #[test]
    fn the_close_never_moves_earlier_but_for_a_purchase(rules in any_rules(), moves in moves()) {
        for turn in &play(&rules, &moves).turns {
            let won = turn.result.iter().flatten().any(|event| matches!(event.data, EventData::Bid { outcome: BidOutcome::Won, .. }));
            prop_assert!(won || turn.after.closes_at() >= turn.before.closes_at());
        }
    }

    #[test]
    fn all_extensions_stay_within_the_cap(rules in english_rules(), moves in moves()) {
        let played = play(&rules, &moves);
        let most = match rules.soft_close {
            // Without one nothing but a void moves the close.
            None => Some(0).filter(|_| !played.turns.iter().any(|turn| is_void(&turn.asked))),
            Some(soft_close) => soft_close.max_total_ms,
        };
        if let (Some(most), Some(closes_at)) = (most, played.auction.closes_at()) {
            prop_assert!(closes_at <= arena::OPENS.plus_millis(rules.duration_ms + most));
        }
    }

    #[test]
    fn time_only_goes_forward_whatever_the_clock_says(rules in any_rules(), moves in moves(), jumps in prop::collection::vec(-5_000_000..5_000_000_i64, 50)) {
        let mut played = opened(&rules);
        for (number, (chosen, jump)) in moves.iter().zip(jumps).enumerate() {
            played.now = played.now.plus_micros(jump);
            if let arena::Act::Bid { who, above, .. } = chosen.act {
                played.bid(user(who), bid_id(number), BidKind::Exact(myr((rules.starting_price.amount + above * 10).max(1))));
            }
        }
        let mut last: Option<Timestamp> = None;
        for turn in &played.turns {
            let Some(first) = turn.result.iter().flatten().next() else { continue };
            prop_assert!(last.is_none_or(|last| last < first.at), "two commands share a time");
            last = turn.result.iter().flatten().last().map(|event| event.at);
        }
    }

    #[test]
    fn voiding_everything_returns_to_the_start(rules in any_rules(), moves in arena::bids()) {
        let rules = RulesInput { duration_ms: 86_400_000, soft_close: None, buy_now_price: None, ..rules };
        let mut played = play(&rules, &moves);
        let fresh = opened(&rules).auction.public(arena::OPENS);
        for turn in 0..played.turns.len() {
            if let (Asked::Bid { bid_id, bidder, .. }, true) = (played.turns[turn].asked, played.turns[turn].result.is_ok()) {
                played.now = played.now.plus_millis(1);
                played.void_and_block(bid_id, Some(bidder));
            }
        }
        prop_assert_eq!(played.auction.public(played.now), fresh);
        prop_assert_eq!(played.standing(), vec![]);
    }

    #[test]
    fn voiding_twice_changes_nothing(rules in any_rules(), moves in arena::bids(), nth in any::<prop::sample::Index>()) {
        let rules = RulesInput { duration_ms: 86_400_000, buy_now_price: None, ..rules };
        let mut played = play(&rules, &moves);
        let accepted: Vec<_> = played.turns.iter().filter(|turn| turn.result.is_ok()).filter_map(|turn| match turn.asked {
            Asked::Bid { bid_id, bidder, .. } => Some((bid_id, bidder)),
            _ => None,
        }).collect();
        prop_assume!(!accepted.is_empty());
        let (bid_id, bidder) = *nth.get(&accepted);
        played.void_and_block(bid_id, Some(bidder));
        let once = played.auction.clone();
        played.now = played.now.plus_millis(5);
        played.void_and_block(bid_id, Some(bidder));
        prop_assert_eq!(played.auction, once);
    }

    #[test]
    fn the_second_price_is_at_most_the_first(rules in sealed_rules(), moves in moves()) {
        let both = [Format::SealedFirstPrice, Format::SealedSecondPrice].map(|format| {
            let mut played = play(&RulesInput { format, ..rules.clone() }, &moves);
            played.close();
            (closed(&played).expect("it closed"), played.standing())
        });
        let [((first_winner, first), standing), ((second_winner, second), _)] = both;
        prop_assert_eq!(first_winner, second_winner);
        prop_assert!(second <= first);
        let floor = rules.starting_price.amount.max(rules.reserve_price.map_or(0, |reserve| reserve.amount));
        prop_assert!(second.is_none_or(|price| price >= floor));
        let highest = standing.iter().map(|(_, amount)| *amount).max();
        prop_assert_eq!(first, highest.filter(|amount| *amount >= floor));
    }

    #[test]
    fn nothing_of_a_sealed_auction_shows_before_the_close(rules in sealed_rules(), moves in moves()) {
        let rules = RulesInput { duration_ms: 2_592_000_000, ..rules };
        let played = play(&rules, &moves);
        let state = played.auction.public(played.now);
        prop_assert_eq!((state.price, state.next_minimum, state.leader, state.reserve_met), (None, None, None, None));
        for event in played.log.iter().skip(1) {
            let json = serde_json::to_string(&event.data).expect("events are JSON");
            prop_assert!(!json.contains("amount"), "{json}");
            prop_assert!((0..5).all(|who| !json.contains(&user(who).to_string())), "{json}");
        }
    }

    #[test]
    fn a_dutch_winner_pays_the_price_of_the_moment(
        rules in dutch_rules(), pause_us in 0..60_000_000_i64, above in -1..50_i64,
    ) {
        let Dutch { step, interval_ms, floor } = rules.dutch.expect("how it falls");
        let mut played = opened(&rules);
        played.now = played.now.plus_micros(pause_us.max(1));
        let ticks = pause_us.max(1) / (interval_ms * 1_000);
        let price = (rules.starting_price.amount - step * ticks).max(floor.amount);
        prop_assert_eq!(played.auction.public(played.now).price, Some(myr(price)));
        played.bid(user(1), bid_id(0), BidKind::Exact(myr((price + above).max(1))));
        if above >= 0 {
            prop_assert_eq!(closed(&played), Some((Some(user(1)), Some(price))));
        } else if price > 1 {
            let refused = Rejection::BidTooLow { next_minimum: myr(price) };
            prop_assert_eq!(&played.turns.last().expect("a bid").result, &Err(refused));
        }
    }

    /// An outage moves a close at most, by its cause, later, to where there is time to bid, and only if
    /// the last moments were part of it.
    #[test]
    fn an_outage_extends_only_what_it_overlapped(
        rules in rules_of_any_format(), moves in moves(), begun_ms in -100_000..20_000_i64, away_ms in 0..200_000_i64, told_ms in 0..20_000_i64,
    ) {
        let mut played = play(&rules, &moves);
        let before = played.auction.clone();
        let from = played.now.plus_millis(begun_ms);
        let outage = Outage { from, to: from.plus_millis(away_ms) };
        let now = outage.to.max(played.now).plus_millis(told_ms);
        let events = played.auction.handle(now, Command::Resume(outage)).expect("an outage is never refused");
        prop_assert!(events.len() <= 1);
        let Some(event) = events.first() else {
            prop_assert_eq!(played.auction, before);
            return Ok(());
        };
        let EventData::Extended { closes_at, reason, from, to } = event.data else {
            panic!("an outage came to {:?}", event.data)
        };
        // Whoever did something in the lot after the outage is said to have begun was served then.
        let served = if before.last_at() < outage.to { before.last_at() } else { outage.from };
        let bounds = (Some(outage.from.max(served)), Some(outage.to));
        prop_assert_eq!((reason, (from, to)), (ExtensionReason::Outage, bounds));
        let (opened, was) = (before.opens_at().expect("it is live"), before.closes_at().expect("it is live"));
        let soft_close = rules.soft_close.expect("nothing else is extended");
        prop_assert!(before.status() == AuctionStatus::Live && closes_at > was);
        prop_assert!(closes_at > now, "an extension leaves time to bid");
        prop_assert!(closes_at <= event.at.plus_millis(soft_close.extend_ms));
        prop_assert!(outage.from < was && outage.to > was.plus_millis(-soft_close.trigger_ms) && outage.to > opened);
        if let Some(most) = soft_close.max_total_ms {
            prop_assert!(closes_at <= opened.plus_millis(rules.duration_ms + most));
        }
    }

    /// Whoever loads an auction may offer it every outage that is known: what was offered once does
    /// nothing later, in whatever number and order, whatever was bid, voided or amended since.
    #[test]
    fn outages_that_were_offered_do_nothing_again(
        rules in english_rules(),
        amended in prop::option::of(english_rules()),
        rounds in prop::collection::vec((moves_of(0..6), prop::option::of(0..40_000_i64)), 1..8),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut played = opened(&rules);
        let mut known: Vec<Outage> = Vec::new();
        for (number, (moves, away_ms)) in rounds.iter().enumerate() {
            if let (0, Some(rules)) = (number, &amended) {
                played.amend(rules, None);
            }
            if let Some(away_ms) = away_ms {
                let from = played.now.plus_millis(-1);
                played.now = from.plus_millis(*away_ms);
                known.push(Outage { from, to: played.now });
                for outage in &known {
                    played.ask(Command::Resume(*outage));
                }
                played.tick();
            }
            played.play(moves);
            let before = played.auction.clone();
            for outage in again.iter().filter(|_| !known.is_empty()).map(|index| *index.get(&known)) {
                played.ask(Command::Resume(outage));
            }
            prop_assert_eq!(&played.auction, &before);
        }
        let extended = played.log.iter().filter(|event| matches!(event.data, EventData::Extended { reason: ExtensionReason::Outage, .. }));
        prop_assert!(extended.count() <= known.len().min(usize::from(MAX_OUTAGES)));
        let folded = Auction::fold(played.auction.id(), &played.log).expect("its own log");
        prop_assert_eq!(folded, played.auction);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_engine_agrees_in_every_answer_price_leader_and_next_minimum(rules in english_rules(), moves in moves()) {
        let played = play(&rules, &moves);
        let mut model = Model::opened(&rules);
        for turn in &played.turns {
            match turn.asked {
                Asked::Clock => {}
                Asked::Void { bid_id, bidder, block, .. } => {
                    let answer = turn.result.as_ref().map(|_| ()).map_err(Clone::clone);
                    prop_assert_eq!(answer, model.void(turn.now, bid_id, bidder, block));
                }
                Asked::Unblock { bidder } => {
                    let answer = turn.result.as_ref().map(|_| ()).map_err(Clone::clone);
                    prop_assert_eq!(answer, model.unblock(turn.now, bidder));
                }
                Asked::Bid { bidder, bid_id, bid } => {
                    let answer = model.bid(turn.now, bidder, bid_id, bid);
                    let outcome = turn.result.as_ref().map(|events| match events.first().map(|event| &event.data) {
                        Some(EventData::Bid { outcome, .. }) => *outcome,
                        Some(EventData::MaxRaised { .. }) => BidOutcome::Leading,
                        other => panic!("a bid came to {other:?}"),
                    });
                    prop_assert_eq!(outcome, answer.as_ref().copied());
                }
            }
            let state = turn.public_after();
            let live = state.status == AuctionStatus::Live;
            prop_assert_eq!(state.price.map(|price| price.amount), model.current_price());
            prop_assert_eq!(state.leader, model.current_leader().map(|(leader, _)| leader));
            prop_assert_eq!(state.next_minimum.map(|price| price.amount), live.then(|| model.next_minimum()));
            prop_assert_eq!(state.reserve_met, model.reserve_met());
            prop_assert_eq!(state.buy_now.map(|price| price.amount), model.buy_now().filter(|_| live));
            prop_assert_eq!(state.bid_count, model.bid_count());
            prop_assert_eq!(state.closes_at, Some(model.closes_at));
            prop_assert_eq!(state.extensions, model.extensions);
        }
    }
}

/// Amounts that nothing else here contains.
const SECRET_MAX: i64 = 77_133_701;
const SECRET_RESERVE: i64 = 66_133_702;

#[test]
fn no_event_debug_print_or_refusal_says_a_max_or_the_reserve() {
    let text = format!(
        r#"{{"format": "english", "currency": "MYR", "starting_price": {{"amount": 1000, "currency": "MYR"}},
        "reserve_price": {{"amount": {SECRET_RESERVE}, "currency": "MYR"}}, "increment": {{"fixed": 100}}, "duration_ms": 60000}}"#
    );
    let rules: RulesInput = serde_json::from_str(&text).expect("valid");
    let mut played = opened(&rules);
    for (number, (who, bid)) in [
        (1, BidKind::Max(myr(SECRET_RESERVE - 5_000))),
        (2, BidKind::Exact(myr(2_000))),
        (1, BidKind::Max(myr(SECRET_RESERVE - 4_000))),
        (1, BidKind::Max(myr(SECRET_RESERVE - 4_500))),
        (3, BidKind::Exact(myr(1_000))),
    ]
    .into_iter()
    .enumerate()
    {
        played.now = played.now.plus_millis(10);
        played.bid(user(who), bid_id(number), bid);
    }
    let secrets = [0, 4_000, 4_500, 5_000].map(|below| (SECRET_RESERVE - below).to_string());
    let mut said: Vec<String> = vec![format!("{:?}", played.auction), format!("{:?}", played.log)];
    for event in &played.log {
        said.push(serde_json::to_string(&event.data).expect("JSON"));
    }
    said.extend(
        played
            .turns
            .iter()
            .filter_map(|turn| turn.result.as_ref().err())
            .map(|refusal| format!("{refusal} {refusal:?}")),
    );
    for text in &said {
        assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{text}");
    }
    // The reserve becomes the price once it is met, the max above it never does.
    played.bid(user(2), bid_id(9), BidKind::Max(myr(SECRET_MAX)));
    let told = format!("{:?} {:?}", played.auction, played.log);
    assert!(told.contains(&SECRET_RESERVE.to_string()) && !told.contains(&SECRET_MAX.to_string()));
    let stored = serde_json::to_string(&played.log.last().map(|event| &event.data)).expect("JSON");
    assert!(!stored.contains(&SECRET_MAX.to_string()));
    assert!(played.log.iter().any(|event| matches!(event.sealed, Some(Sealed::Bid { .. }))));
}
