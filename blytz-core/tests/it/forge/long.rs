//! Logs that are made to take long: however often closed maxes are beaten and voided, deciding them again
//! takes a bounded number of steps for each event, or is refused with the sentence that says so.

use blytz_core::{
    auction::{
        BidKind,
        proof::{Trust, Verdict, Viewer},
    },
    wire::auction::RulesInput,
};

use super::Forger;
use crate::proof::runs::{Run, SELLER, Step, english, exact, forgive, max, myr, run, void};

/// So little after the one before that a long log fits an hour.
fn quick(step: Step) -> Step {
    Step { wait_ms: 1, ..step }
}

fn long(steps: impl IntoIterator<Item = Step>) -> Run {
    let rules = RulesInput { duration_ms: 3_600_000, ..english() };
    let steps: Vec<Step> = [exact(SELLER, 1)].into_iter().chain(steps.into_iter().map(quick)).collect();
    run(&rules, &steps)
}

fn judge(run: &Run) -> Result<Verdict, String> {
    let trust: Trust = run.trust();
    Forger::of(run, Viewer::Public).verdict(&trust)
}

const TOO_LONG: &str = "take longer to decide again than this checker gives them";

#[test]
fn an_ordinary_long_log_holds() {
    // Two who raise each other all the time, a third who looks in, a void now and then.
    let steps = (0..1_000_usize).map(|number| {
        let amount = 1_000 + 100 * i64::try_from(number).expect("small");
        match number % 20 {
            19 => forgive(number.saturating_sub(8)),
            number if number % 5 == 4 => exact(4, amount + 50),
            number if number % 2 == 0 => max(2, amount + 70),
            _ => max(3, amount + 90),
        }
    });
    let run = long(steps.chain([max(5, 1_000_000)]));
    assert!(run.log.len() > 900, "{} events", run.log.len());
    let verdict = judge(&run).expect("it holds");
    assert_eq!((verdict.events, verdict.hidden), (run.log.len() as u64, 1));
    assert!(verdict.voids.len() > 10, "{} voids", verdict.voids.len());
}

/// A closed max, beaten by ever less, each time voided: every bid tells a little more of it, so all is
/// decided again and again.
fn told_bit_by_bit(rounds: usize) -> Run {
    let rounds = (0..rounds).flat_map(|round| {
        let amount = 1_000_000 - i64::try_from(round).expect("small");
        // The first bid was refused, and the second is the closed max.
        [exact(10 + round as u128, amount), void(2 + round)]
    });
    long([max(2, 500_000)].into_iter().chain(rounds))
}

#[test]
fn a_closed_max_that_is_told_bit_by_bit_is_decided_or_refused() {
    let few = judge(&told_bit_by_bit(60)).expect("it holds");
    assert_eq!(few.hidden, 1);
    let run = told_bit_by_bit(2_000);
    assert!(run.log.len() > 4_000, "{} events", run.log.len());
    let told = judge(&run);
    let said = told.as_ref().map_or_else(String::as_str, |_| "");
    assert!(told.is_ok() || said.contains(TOO_LONG), "{told:?}");
}

/// Many closed maxes: each raise beaten and struck, and the bidder let in to raise again.
#[test]
fn closed_maxes_in_great_number_are_decided_or_refused() {
    let rounds = (0..1_000_usize).flat_map(|round| {
        let amount = 100_000 + 10 * i64::try_from(round).expect("small");
        let bids = 1 + 2 * round;
        [max(2, amount), exact(3, amount + 1_000), forgive(bids + 1), forgive(bids)]
    });
    let run = long(rounds.chain([max(2, 200_000)]));
    assert!(run.log.len() > 4_000, "{} events", run.log.len());
    let told = judge(&run);
    let said = told.as_ref().map_or_else(String::as_str, |_| "");
    assert!(told.is_ok() || said.contains(TOO_LONG), "{told:?}");
}

/// Voids over many bids that stand: each goes over all of them.
#[test]
fn voids_over_many_bids_are_decided() {
    let bids = (0..700_u128).map(|number| {
        let amount = 1_000 + 60 * i64::try_from(number).expect("small");
        Step { wait_ms: 1, ..exact(10 + number, amount) }
    });
    let voids = (0..700_usize).map(|number| void(1 + number));
    let run = long(bids.chain(voids).chain([crate::proof::runs::bid(5, BidKind::Max(myr(900)))]));
    let told = judge(&run);
    assert!(told.as_ref().is_ok_and(|verdict| verdict.voids.len() == 700), "{told:?}");
}
