//! What came of checking a proof, on one screen or as JSON.

use blytz_core::{
    AuctionId,
    auction::proof::{Flaw, Frame, OutageSeen, Reading, Verdict, VoidSeen},
    wire::auction::AuctionStatus,
};
use serde::Serialize;
use serde_json::json;

use super::grounds::Grounds;
use crate::{
    context::Context,
    error::{Exit, Failure},
    evidence::fingerprint,
    output::{or_dash, word},
    values::moment,
};

/// Of what a log tells many of, so many are shown to people.
const SHOWN: usize = 3;

/// What stays open however well a log fits together.
const NOT_IN_ANY_LOG: [&str; 5] = [
    "who stands behind an account: a bidder may be the seller's ghost",
    "bids that were sent and never answered",
    "whether the house told somebody the maxes before the close",
    "whether the house's clock was right",
    "a winner's max above the price: that it was above is taken on trust",
];

/// Says what came of it; whatever does not hold is a failure.
pub fn tell(ctx: &Context, reading: Reading, grounds: &Grounds) -> Result<(), Failure> {
    match (reading.verdict, reading.frame) {
        (Ok(verdict), Some(frame)) => show(ctx, &Checked { frame: &frame, verdict: &verdict, grounds }),
        (Ok(_), None) => Err(Failure::failed("There is no proof.")),
        (Err(flaw), frame) => refuse(ctx, frame.as_ref(), &flaw, grounds),
    }
}

fn refuse(ctx: &Context, frame: Option<&Frame>, flaw: &Flaw, grounds: &Grounds) -> Result<(), Failure> {
    let auction = frame.map(|frame| frame.auction_id);
    let want = frame.and_then(|frame| wanting(frame, grounds));
    if ctx.out.is_json() {
        ctx.out.json(&json!({
            "valid": false,
            "auction_id": auction,
            "seq": flaw.seq,
            "detail": flaw.what,
            "wanted": want,
            "changes": changes(grounds),
        }))?;
        return Err(Failure::Reported(Exit::Failed));
    }
    let of = auction.map(|id| format!(" of auction {id}")).unwrap_or_default();
    let want = want.map(|want| format!(" {want}")).unwrap_or_default();
    Err(Failure::failed(format!("The proof{of} does not hold: {flaw}.{want}")))
}

/// What could be done about it, where the proof itself may be as good as any.
fn wanting(frame: &Frame, grounds: &Grounds) -> Option<String> {
    let receipt = frame.head.receipt.as_ref()?;
    let origin = &receipt.origin;
    if !grounds.know_nothing_of(origin) {
        return None;
    }
    let id = frame.auction_id;
    Some(format!(
        "Give the keys of {origin:?} with --keys FILE; or have them kept from its server, once: blytz verify {id} \
         --server URL, or blytz keys trust --server URL."
    ))
}

fn changes(grounds: &Grounds) -> Vec<String> {
    grounds.changes.iter().map(ToString::to_string).collect()
}

/// A proof that holds.
struct Checked<'a> {
    frame: &'a Frame,
    verdict: &'a Verdict,
    grounds: &'a Grounds,
}

/// The same for programs.
#[derive(Serialize)]
struct Report<'a> {
    valid: bool,
    auction_id: AuctionId,
    title: &'a str,
    #[serde(flatten)]
    verdict: &'a Verdict,
    keys: &'static str,
    fingerprint: Option<String>,
    receipts_of_other_auctions: usize,
    changes: Vec<String>,
    not_in_any_log: [&'static str; 5],
}

fn show(ctx: &Context, checked: &Checked<'_>) -> Result<(), Failure> {
    let Checked { frame, verdict, grounds } = checked;
    let report = Report {
        valid: true,
        auction_id: frame.auction_id,
        title: &frame.item.title,
        verdict,
        keys: if grounds.want_keys() { "kept" } else { "given" },
        fingerprint: checked.fingerprint(),
        receipts_of_other_auctions: grounds.of_other_auctions(frame.auction_id),
        changes: changes(grounds),
        not_in_any_log: NOT_IN_ANY_LOG,
    };
    ctx.out.record(&report, || checked.fields())?;
    if !ctx.out.is_json() {
        ctx.out.line("")?;
        ctx.out.line("What no log can show:")?;
        NOT_IN_ANY_LOG.iter().try_for_each(|what| ctx.out.line(format!("  - {what}")))?;
    }
    Ok(())
}

impl Checked<'_> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let verdict = self.verdict;
        let mut fields = vec![
            ("proof", "holds".to_owned()),
            ("auction", self.frame.auction_id.to_string()),
            ("item", self.frame.item.title.clone()),
            ("status", word(&verdict.status)),
            ("winner", or_dash(verdict.winner)),
            ("price", or_dash(verdict.price)),
            ("winning bid", or_dash(verdict.bid_id)),
            ("events", format!("{}, every hash recomputed", verdict.events)),
            ("bids", self.bids()),
            ("signed", self.signed()),
            ("receipts", self.receipts()),
        ];
        fields.extend(listed("outages", &verdict.outages, outage));
        fields.extend(listed("voids", &verdict.voids, void));
        if let Some([from, to]) = verdict.restored {
            let restored = format!("the house, from a backup, on the way: its history {from} became {to}");
            fields.push(("restored", restored));
        }
        fields
    }

    fn bids(&self) -> String {
        let Verdict { status, opened, hidden, unopened, .. } = self.verdict;
        if *status == AuctionStatus::Cancelled && *unopened > 0 {
            return format!("{unopened}, none opened as it was cancelled: of their course only the chain is checked");
        }
        format!("{opened} opened and decided again, {hidden} taken as above the price")
    }

    fn fingerprint(&self) -> Option<String> {
        let Verdict { origin, key_id, .. } = self.verdict;
        let key = self.grounds.trust.keys.of(origin).iter().find(|key| key.key_id == *key_id);
        key.map(fingerprint)
    }

    fn signed(&self) -> String {
        let Verdict { origin, key_id, .. } = self.verdict;
        let from = match self.grounds.kept_since(origin, key_id) {
            Some((since, server)) => format!("kept since {}, first seen at {server}", moment(since)),
            None => "by --keys".to_owned(),
        };
        format!("by key {key_id} ({}) of the house {origin:?}, {from}", self.fingerprint().unwrap_or_default())
    }

    fn receipts(&self) -> String {
        let stand = match self.verdict.receipts {
            0 => "none was kept of this auction".to_owned(),
            1 => "1 that was kept stands in it".to_owned(),
            many => format!("{many} that were kept stand in it"),
        };
        match self.grounds.of_other_auctions(self.frame.auction_id) {
            0 => stand,
            others => format!("{stand}; {others} of other auctions say nothing here"),
        }
    }
}

/// The first few, and how many more there are.
fn listed<T>(name: &'static str, items: &[T], line: impl Fn(&T) -> String) -> Vec<(&'static str, String)> {
    let mut lines: Vec<_> = items.iter().take(SHOWN).map(line).collect();
    if items.len() > SHOWN {
        lines.push(format!("and {} more", items.len() - SHOWN));
    }
    // Named once.
    lines.into_iter().enumerate().map(|(at, line)| (if at == 0 { name } else { "" }, line)).collect()
}

fn outage(outage: &OutageSeen) -> String {
    let OutageSeen { from, to, closes_at, seq } = outage;
    let [from, to, closes_at] = [from, to, closes_at].map(|at| moment(*at));
    format!("#{seq}: nobody was served from {from} to {to}; the close moved to {closes_at}")
}

fn void(void: &VoidSeen) -> String {
    let VoidSeen { seq, at, by, block, struck, reason } = void;
    let bids = if *struck == 1 { "1 bid".to_owned() } else { format!("{struck} bids") };
    let unblocked = if *block { "" } else { ", and blocked nobody" };
    format!("#{seq}: the {} struck {bids} at {}{unblocked}: {reason}", word(by), moment(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_counted() {
        let lines = |count: u32| listed("voids", &(0..count).collect::<Vec<_>>(), |number| format!("void {number}"));
        assert_eq!(lines(0), []);
        assert_eq!(lines(1), [("voids", "void 0".to_owned())]);
        assert_eq!(lines(3).len(), 3);
        assert_eq!(lines(9).last(), Some(&("", "and 6 more".to_owned())));
        assert_eq!(lines(9).len(), 4);
    }
}
