//! Every scenario in `fixtures/scenarios` runs as its table says, and together they show every
//! rule, every refusal and every format.

use std::{collections::BTreeSet, fs, path::PathBuf};

use blytz_core::{
    auction::{
        Auction, Rejection,
        scenario::{Column, Scenario},
    },
    money::{Currency, Money},
    wire::auction::Format,
};

fn scenarios() -> Vec<(String, Scenario)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the fixtures are part of the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a text");
        let scenario = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, scenario)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_scenario_runs_as_its_table_says() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 40, "only {} scenarios", scenarios.len());
    let mut wrong = Vec::new();
    for (name, scenario) in &scenarios {
        let course = scenario.run();
        wrong.extend(scenario.mismatches(&course).iter().map(|mismatch| format!("{name}: {mismatch}")));
        let folded = Auction::fold(course.auction.id(), &course.log).expect("its own log");
        assert_eq!(folded, course.auction, "{name}: the log does not fold to the state");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_row_expects_an_outcome() {
    for (name, scenario) in scenarios() {
        assert!(!scenario.title.is_empty() && !scenario.shows.is_empty(), "{name} needs a title and rules");
        for step in &scenario.steps {
            assert!(step.expected.contains_key(&Column::Outcome), "{name}: line {} expects nothing", step.line);
        }
    }
}

#[test]
fn together_they_show_every_rule_every_refusal_and_every_format() {
    let scenarios = scenarios();
    let shown: BTreeSet<&str> =
        scenarios.iter().flat_map(|(_, scenario)| &scenario.shows).map(String::as_str).collect();
    let rules = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    for rule in rules.into_iter().chain(["soft_close", "dutch", "sealed", "exactly_once", "cancel", "amend", "outage"])
    {
        assert!(shown.contains(rule), "no scenario shows rule {rule}");
    }
    for format in [Format::English, Format::Dutch, Format::SealedFirstPrice, Format::SealedSecondPrice] {
        assert!(scenarios.iter().any(|(_, scenario)| scenario.rules.format() == format), "no scenario is {format:?}");
    }
    let outcomes: BTreeSet<&str> = scenarios
        .iter()
        .flat_map(|(_, scenario)| &scenario.steps)
        .filter_map(|step| step.expected.get(&Column::Outcome))
        .filter_map(|outcome| outcome.split_whitespace().next())
        .collect();
    for rejection in every_rejection() {
        let code = rejection.code();
        assert!(outcomes.contains(code.as_str()), "no scenario is refused with {code}");
    }
}

/// In order of precedence. The match makes a new rejection a compile error here.
fn every_rejection() -> Vec<Rejection> {
    let next_minimum = Money::new(1, Currency::MYR);
    let next = |rejection: &Rejection| match rejection {
        Rejection::NotFound => Some(Rejection::SharedBidId),
        Rejection::SharedBidId => Some(Rejection::IdempotencyMismatch),
        Rejection::IdempotencyMismatch => Some(Rejection::Suspended),
        Rejection::Suspended => Some(Rejection::OwnAuction),
        Rejection::OwnAuction => Some(Rejection::Blocked),
        Rejection::Blocked => Some(Rejection::CurrencyMismatch),
        Rejection::CurrencyMismatch => Some(Rejection::KindNotAllowed),
        Rejection::KindNotAllowed => Some(Rejection::AuctionCancelled),
        Rejection::AuctionCancelled => Some(Rejection::AuctionNotLive),
        Rejection::AuctionNotLive => Some(Rejection::AuctionClosed),
        Rejection::AuctionClosed => Some(Rejection::RulesChanged),
        Rejection::RulesChanged => Some(Rejection::BuyNowUnavailable),
        Rejection::BuyNowUnavailable => Some(Rejection::AlreadyLeading),
        Rejection::AlreadyLeading => Some(Rejection::MaxNotRaised),
        Rejection::MaxNotRaised => Some(Rejection::BidTooLow { next_minimum }),
        Rejection::BidTooLow { .. } => Some(Rejection::AuctionHasBids),
        Rejection::AuctionHasBids => Some(Rejection::AuctionLocked),
        Rejection::AuctionLocked => Some(Rejection::StartFixed),
        Rejection::StartFixed => None,
    };
    std::iter::successors(Some(Rejection::NotFound), next).collect()
}
