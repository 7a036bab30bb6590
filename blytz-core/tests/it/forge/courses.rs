//! Honest auctions that between them have every kind of event.

use blytz_core::{
    auction::BidKind,
    wire::auction::{BelowReserve, Dutch, Format, Increment, Item, RulesInput, SoftClose, SoftCloseMode},
};

use crate::proof::runs::{
    Action, Run, SELLER, Step, copy, english, exact, forgive, max, myr, run, unblock, vase, void,
};

/// So long after the step before it.
fn after(wait_ms: i64, step: Step) -> Step {
    Step { wait_ms, ..step }
}

fn step(action: Action) -> Step {
    Step { wait_ms: 1_000, action }
}

fn amend(rules: &RulesInput) -> Step {
    let item = Item { title: "Blue vase, signed".to_owned(), condition: Some("chipped".to_owned()), ..vase() };
    step(Action::Amend { rules: Box::new(rules.clone()), item: Some(Box::new(item)) })
}

/// The first step comes before the opening; this one is refused then.
fn nothing() -> Step {
    exact(SELLER, 1)
}

const SOFT_CLOSE: SoftClose =
    SoftClose { trigger_ms: 20_000, extend_ms: 10_000, mode: SoftCloseMode::Reset, max_total_ms: None };

/// Amended before the opening and after it; a raise, the reserve met, voids with and without a block, bids
/// again of who was let in, a late bid, an outage, a late void, another outage.
pub fn busy() -> Run {
    let rules = RulesInput { reserve_price: Some(myr(300)), soft_close: Some(SOFT_CLOSE), ..english() };
    let longer = RulesInput { duration_ms: 90_000, ..rules.clone() };
    let outage = |away_ms, ago_ms| Action::Resume { away_ms, ago_ms };
    run(
        &english(),
        &[
            amend(&rules),
            amend(&longer),
            exact(2, 120),
            max(3, 250),
            exact(4, 140),
            max(3, 280),
            max(5, 600),
            max(2, 350),
            forgive(5),
            max(2, 330),
            void(2),
            unblock(4),
            exact(4, 420),
            copy(0, 6, BidKind::Exact(myr(480))),
            after(75_000, exact(2, 560)),
            after(9_000, step(outage(4_000, 500))),
            after(1_000, max(5, 700)),
            after(6_000, void(6)),
            after(4_000, step(outage(3_000, 0))),
        ],
    )
}

/// Without a soft close; the winner's max stays closed to the public.
pub fn quiet() -> Run {
    let steps = [nothing(), max(2, 500), exact(3, 200), after(50_000, exact(4, 450)), void(3), max(2, 900)];
    run(&english(), &steps)
}

pub fn bought() -> Run {
    let rules = RulesInput { reserve_price: Some(myr(400)), buy_now_price: Some(myr(800)), ..english() };
    run(&rules, &[nothing(), max(2, 300), exact(3, 150), exact(4, 800)])
}

pub fn dutch() -> Run {
    let dutch = Dutch { step: 10, interval_ms: 1_000, floor: myr(50) };
    let rules = RulesInput {
        format: Format::Dutch,
        starting_price: myr(900),
        increment: None,
        dutch: Some(dutch),
        ..english()
    };
    run(&rules, &[nothing(), after(5_500, exact(2, 900))])
}

/// Second price: a raise, a tie, a void that leaves an earlier bid, who is let in again.
pub fn sealed() -> Run {
    let rules =
        RulesInput { format: Format::SealedSecondPrice, reserve_price: Some(myr(200)), increment: None, ..english() };
    run(
        &rules,
        &[
            nothing(),
            exact(2, 300),
            exact(3, 250),
            exact(2, 400),
            exact(4, 350),
            exact(5, 120),
            void(2),
            unblock(3),
            exact(3, 380),
            forgive(3),
            exact(2, 500),
            after(40_000, void(4)),
            unblock(4),
        ],
    )
}

pub fn sealed_first() -> Run {
    let rules = RulesInput { format: Format::SealedFirstPrice, increment: None, ..english() };
    run(&rules, &[nothing(), exact(2, 300), exact(3, 250), exact(4, 300)])
}

/// Bid in full below a reserve that is not reached.
pub fn unsold() -> Run {
    let rules = RulesInput {
        reserve_price: Some(myr(900)),
        below_reserve: Some(BelowReserve::Full),
        increment: Some(Increment::Fixed(7)),
        ..english()
    };
    run(&rules, &[nothing(), max(2, 300), exact(3, 350), max(3, 400)])
}

/// With bids on the way.
pub fn cancelled() -> Run {
    let rules = RulesInput { reserve_price: Some(myr(300)), ..english() };
    run(&rules, &[nothing(), max(2, 250), exact(3, 150), void(2), step(Action::Cancel)])
}

/// All that came to their close, by name.
pub fn all() -> [(&'static str, Run); 7] {
    [
        ("busy", busy()),
        ("quiet", quiet()),
        ("bought", bought()),
        ("dutch", dutch()),
        ("sealed", sealed()),
        ("sealed first", sealed_first()),
        ("unsold", unsold()),
    ]
}
