//! Every field of every kind of event changed in every way that its kind of value can be, every event
//! dropped, copied and moved, every opening altered: all re-chained and signed anew by the house itself,
//! so that only deciding again can refuse it.
//!
//! What passes is another course of things that the rules allow. A house that owns everything can write
//! such a one from the first event on, and no log can show it; a receipt that somebody kept can. The
//! tables here name all of them.

use std::collections::BTreeSet;

use blytz_core::auction::proof::{Trust, Viewer};
use serde_json::{Value, json};

use super::{
    Forger,
    changes::{changes, leaves, moved, presences},
    courses,
};

/// Forgeries of one honest proof after the other, by their kinds.
#[derive(Default)]
struct Sweep {
    tried: usize,
    refused: BTreeSet<String>,
    passed: BTreeSet<String>,
}

impl Sweep {
    /// Refuses what was forged, or notes that no log can show it; then a kept receipt does.
    fn attempt(&mut self, kind: &str, forged: &Forger, honest: &Forger, trust: &Trust) {
        if forged.proof == honest.proof || forged.typed().is_none() {
            return;
        }
        self.tried += 1;
        if forged.verdict(trust).is_err() {
            self.refused.insert(kind.to_owned());
            return;
        }
        self.passed.insert(kind.to_owned());
        let kept = Trust { receipts: vec![honest.receipt()], ..trust.clone() };
        let told = forged.verdict(&kept).expect_err(kind);
        assert!(told.contains("a receipt that was kept"), "{kind}: {told}");
    }

    /// All kinds that pass are in the table, and all in the table do.
    fn judge(&self, table: BTreeSet<String>, at_least: usize) {
        println!("of {} forgeries {} kinds were refused", self.tried, self.refused.len());
        assert_eq!(self.passed, table);
        assert!(self.refused.len() >= at_least, "{} kinds", self.refused.len());
    }
}

fn named(table: &[&str]) -> BTreeSet<String> {
    table.iter().map(|kind| (*kind).to_owned()).collect()
}

/// What an event is called here: rules that were amended before the first bid decided nothing.
fn called(event: &Value, place: usize, honest: &Forger) -> String {
    let kind = event["kind"].as_str().expect("a kind");
    let superseded = event["data"].get("rules").is_some() && honest.last_stated() != Some(place);
    if superseded { format!("superseded {kind}") } else { kind.to_owned() }
}

/// What [`Forger::commit`] makes right is changed after that.
fn is_derived(name: &str, is_last_stated: bool) -> bool {
    matches!(name, "commitment" | "rules_hash") || (name == "item_hash" && is_last_stated)
}

/// Kinds of events, a field of theirs, and changes of it that may leave a course that the rules allow.
type Row = (&'static [&'static str], &'static str, &'static [&'static str]);

const LESS_OR_MORE: &[&str] = &["is less", "is more"];
const SCHEDULED: &[&str] = &["scheduled", "superseded scheduled"];
const SUPERSEDED: &[&str] = &["superseded scheduled", "superseded amended"];

const FIELDS_NO_LOG_CAN_SHOW: &[Row] = &[
    // The house's clock, by its own word, as long as time goes forward and nothing falls due.
    (SCHEDULED, "/at", &["is earlier", "is later", "is a second earlier", "is hours earlier"]),
    (&["superseded amended"], "/at", &["is earlier"]),
    (&["amended", "voided"], "/at", &["is earlier", "is later"]),
    (&["max_raised", "unblocked"], "/at", &["is earlier", "is later", "is a second later"]),
    (&["bid"], "/at", &["is earlier", "is later", "is a second earlier", "is a second later"]),
    // The house's history, and who sells what: nothing in a log follows from it, but that sellers don't bid.
    (SCHEDULED, "/data/epoch", &["is another"]),
    (SCHEDULED, "/data/product_id", &["is another"]),
    (SCHEDULED, "/data/seller_id", &["is another's"]),
    // When it was to open by itself: it may be opened at any time.
    (SCHEDULED, "/data/starts_at", &["is there"]),
    // Rules and items that others took the place of before the first bid.
    (SUPERSEDED, "/data/item_hash", &["is another"]),
    (SUPERSEDED, "/data/rules/below_reserve", &["is full"]),
    (SUPERSEDED, "/data/rules/buy_now_price", &["is there"]),
    (SUPERSEDED, "/data/rules/increment/table", &["lacks the last"]),
    (SUPERSEDED, "/data/rules/starting_price", &["is less", "is more", "is much more"]),
    (&["superseded scheduled"], "/data/rules/duration_ms", LESS_OR_MORE),
    (&["superseded amended"], "/data/rules/soft_close/extend_ms", LESS_OR_MORE),
    (&["superseded amended"], "/data/rules/soft_close/trigger_ms", LESS_OR_MORE),
    // Rules that decided nothing of what happened.
    (&["amended", "scheduled"], "/data/rules/buy_now_price", &["is there"]),
    (&["amended", "scheduled"], "/data/rules/starting_price", LESS_OR_MORE),
    (&["amended"], "/data/rules/soft_close/trigger_ms", LESS_OR_MORE),
    (&["scheduled"], "/data/rules/below_reserve", &["is full"]),
    (&["scheduled"], "/data/rules/dutch/floor", &["is less", "is more", "is much more"]),
    (&["scheduled"], "/data/rules/dutch/interval_ms", LESS_OR_MORE),
    (&["scheduled"], "/data/rules/format", &["is sealed_second_price"]),
    (&["scheduled"], "/data/rules/increment/table", &["lacks the last"]),
    // Which of those who did not lead a bid was, as who stands behind an account.
    (&["bid"], "/data/bidder", &["is another's"]),
    // How long nobody was served.
    (&["extended"], "/data/from", &["is earlier", "is later", "is a second earlier", "is a second later"]),
    (&["extended"], "/data/to", &["is earlier", "is later", "is a second earlier"]),
    // Who wanted a void and why, and whether it blocked somebody who did not come back.
    (&["voided"], "/data/by", &["is admin"]),
    (&["voided"], "/data/reason", &["is another"]),
    (&["voided"], "block", &["put in"]),
];

#[test]
fn no_field_of_an_event_can_be_changed() {
    let mut sweep = Sweep::default();
    for (course, run) in courses::all() {
        let (honest, trust) = (Forger::of(&run, Viewer::Admin), run.trust());
        let mut remade = honest.clone();
        remade.remake();
        assert_eq!(remade.proof, honest.proof, "{course}: the kit hashes and signs as the house does");
        honest.verdict(&trust).expect("it holds");
        for (place, event) in honest.proof["events"].as_array().expect("a list").iter().enumerate() {
            let kind = called(event, place, &honest);
            for (path, value) in leaves(event) {
                let name = path.rsplit('/').next().expect("a name");
                for (what, changed) in changes(name, &value) {
                    let mut forged = honest.clone();
                    *forged.events()[place].pointer_mut(&path).expect("it is there") = changed;
                    if is_derived(name, honest.last_stated() == Some(place)) {
                        forged.chain_and_sign();
                    } else {
                        forged.remake();
                    }
                    sweep.attempt(&format!("{kind} {path} {what}"), &forged, &honest, &trust);
                }
            }
            for (what, changed) in presences(event) {
                let mut forged = honest.clone();
                forged.events()[place] = changed;
                forged.remake();
                sweep.attempt(&format!("{kind} {what}"), &forged, &honest, &trust);
            }
        }
    }
    let rows = FIELDS_NO_LOG_CAN_SHOW.iter();
    let kinds = rows.flat_map(|(kinds, path, whats)| {
        kinds.iter().flat_map(move |kind| whats.iter().map(move |what| format!("{kind} {path} {what}")))
    });
    sweep.judge(kinds.collect(), 161);
}

/// What was done and left nothing behind, and what may as well have been done again or at another time.
const ORDERS_NO_LOG_CAN_SHOW: &[&str] = &[
    "amended copied",
    "superseded amended copied",
    "superseded amended dropped",
    "superseded amended dropped with its decision",
    // The last bid of all, which did not win.
    "bid dropped",
    "bid dropped with its decision",
    "bid moved",
    // Nobody bid against it.
    "max_raised copied",
    "max_raised dropped",
    "max_raised dropped with its decision",
    "max_raised moved",
    "unblocked dropped",
    "unblocked dropped with its decision",
    // While sealed nothing shows of a void but the count.
    "voided dropped",
    "voided dropped with its decision",
    "voided moved",
];

#[test]
fn no_event_can_be_dropped_copied_or_moved() {
    let mut sweep = Sweep::default();
    for (_, run) in courses::all() {
        let (honest, trust) = (Forger::of(&run, Viewer::Admin), run.trust());
        let events = honest.proof["events"].as_array().expect("a list");
        let mut attempt = |kind: String, change: &dyn Fn(&mut Vec<Value>)| {
            let mut forged = honest.clone();
            forged.reorder(change);
            forged.remake();
            sweep.attempt(&kind, &forged, &honest, &trust);
        };
        for (place, event) in events.iter().enumerate() {
            let kind = called(event, place, &honest);
            attempt(format!("{kind} dropped"), &|events| drop(events.remove(place)));
            if place > 0 {
                attempt(format!("{kind} dropped with its decision"), &|events| {
                    events.retain(|other| other["at"] != event["at"]);
                });
            }
            for to in 0..=events.len() {
                attempt(format!("{kind} copied"), &|events| insert(events, to, event.clone()));
                attempt(format!("{kind} moved"), &|events| reseat(events, place, to));
            }
        }
    }
    sweep.judge(named(ORDERS_NO_LOG_CAN_SHOW), 40);
}

/// Puts an event in, a microsecond after the one before it.
fn insert(events: &mut Vec<Value>, to: usize, mut event: Value) {
    if let Some(at) = to.checked_sub(1).and_then(|before| events[before]["at"].as_str()) {
        event["at"] = moved(at, 1);
    }
    events.insert(to, event);
}

/// Takes an event to another place; the times stay where they are.
fn reseat(events: &mut Vec<Value>, from: usize, to: usize) {
    let times: Vec<Value> = events.iter().map(|event| event["at"].clone()).collect();
    let event = events.remove(from);
    events.insert(to.min(events.len()), event);
    for (event, at) in events.iter_mut().zip(times) {
        event["at"] = at;
    }
}

/// What a house says was bid when nothing else tells it, and committed to anew.
const OPENINGS_NO_LOG_CAN_SHOW: &[&str] = &[
    // A Dutch lot was taken at the price, a sealed bid did not decide; and above what it took to win.
    "amount is less",
    "amount is more",
    "amount is much more",
    "max is less",
    "max is more",
    "max is much more",
    "offer of the other kind",
    // As who stands behind an account.
    "bidder is another's",
    "nonce is another",
    // It was reached, or not, by far.
    "reserve is less",
    "reserve is more",
    "reserve is much more",
    "reserve's nonce is another",
];

#[test]
fn no_opening_can_be_altered() {
    let mut sweep = Sweep::default();
    for (_, run) in courses::all() {
        let (honest, trust) = (Forger::of(&run, Viewer::Admin), run.trust());
        let mut attempt = |kind: String, change: &dyn Fn(&mut Forger)| {
            let mut forged = honest.clone();
            change(&mut forged);
            forged.remake();
            sweep.attempt(&kind, &forged, &honest, &trust);
        };
        let openings = honest.proof["openings"].as_array().expect("a list");
        for (place, opening) in openings.iter().enumerate() {
            for (name, value) in opening.as_object().expect("an object") {
                for (what, changed) in changes(name, value) {
                    attempt(format!("{name} {what}"), &|forged| forged.openings()[place][name] = changed.clone());
                }
            }
            let last = openings.len() - 1;
            attempt("offer of the other kind".to_owned(), &|forged| turn(&mut forged.openings()[place]));
            attempt("dropped".to_owned(), &|forged| drop(forged.openings().remove(place)));
            attempt("doubled".to_owned(), &|forged| forged.openings().insert(place, opening.clone()));
            attempt("added at the end".to_owned(), &|forged| forged.openings().push(opening.clone()));
            attempt("swapped".to_owned(), &|forged| forged.openings().swap(place, last));
        }
        let reserve = &honest.proof["reserve"];
        for (what, changed) in changes("reserve_price", &reserve["reserve_price"]) {
            attempt(format!("reserve {what}"), &|forged| forged.proof["reserve"]["reserve_price"] = changed.clone());
        }
        let nonce = json!("ab".repeat(32));
        attempt("reserve dropped".to_owned(), &|forged| forged.proof["reserve"] = Value::Null);
        attempt("reserve's nonce is another".to_owned(), &|forged| {
            if reserve.is_object() {
                forged.proof["reserve"]["nonce"] = nonce.clone();
            }
        });
        attempt("reserve where there is none".to_owned(), &|forged| {
            if reserve.is_null() {
                let price = json!({"amount": 1, "currency": "MYR"});
                forged.proof["reserve"] = json!({"reserve_price": price, "nonce": nonce});
            }
        });
    }
    sweep.judge(named(OPENINGS_NO_LOG_CAN_SHOW), 20);
}

/// Says of an exact bid that it was a max, or the other way round.
fn turn(opening: &mut Value) {
    let opening = opening.as_object_mut().expect("an object");
    let (from, to) = if opening.contains_key("max") { ("max", "amount") } else { ("amount", "max") };
    let money = opening.remove(from).expect("all is opened to an admin");
    opening.insert(to.to_owned(), money);
}
