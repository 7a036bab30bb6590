//! The events of a lot's log, said for people: every program that shows them says them so.

use std::fmt;

use blytz_core::{
    Money, Timestamp, UserId,
    wire::auction::{BidOutcome, EventData, ExtensionReason, VoidedBy},
};

use crate::{clean::Clean, format, people::People, theme::Role};

/// An event in words. Printed as a whole it reads `MYR 12.00  Aishah leads (bid 3)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What happened, short enough for a narrow pane.
    pub what: String,
    /// What there is to add where there is room; may be empty.
    pub more: String,
    /// The price after it.
    pub price: Option<Money>,
    pub(crate) role: Role,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(price) = self.price {
            write!(f, "{price}  ")?;
        }
        f.write_str(&self.what)?;
        if self.more.is_empty() { Ok(()) } else { write!(f, " ({})", self.more) }
    }
}

impl Words {
    /// Says what happened at `at`.
    pub fn of(at: Timestamp, data: &EventData, people: &People) -> Self {
        match data {
            EventData::Scheduled { starts_at, .. } => scheduled(at, *starts_at),
            EventData::Amended { .. } => Self::new("rules or item changed", Role::Warn),
            EventData::Opened { closes_at, .. } => Self::new("opened", Role::Muted).adding(to_go(at, *closes_at)),
            EventData::Bid { outcome: BidOutcome::Sealed, bid_count, .. } => {
                Self::new("a sealed bid", Role::Text).adding(format!("{bid_count} in all"))
            }
            EventData::Bid { bidder, outcome, price, leader, bid_count, .. } => {
                bid(people, *bidder, *outcome, *leader, *bid_count).at(*price)
            }
            EventData::MaxRaised { price, leader, .. } => raised(people, *leader).at(*price),
            EventData::ReserveMet { price } => {
                Self::new("the reserve is met", Role::Good).adding(format!("at {price}"))
            }
            EventData::Voided { by, block, struck, reason, price, leader, .. } => {
                let leads = leader.map(|leader| does(people, Some(leader), "lead"));
                voided(struck.len(), *by, *block, reason).adding(leads.unwrap_or_default()).at(*price)
            }
            EventData::Unblocked { .. } => Self::new("unblocked: a bidder may bid again", Role::Warn),
            EventData::Extended { closes_at, reason, .. } => extended(*reason).adding(to_go(at, *closes_at)),
            EventData::Closed { winner: Some(winner), price, .. } => {
                Self::new(format!("sold to {}", people.name(*winner)), Role::Accent).at(*price)
            }
            EventData::Closed { winner: None, .. } => Self::new("closed, not sold", Role::Accent),
            EventData::Cancelled { reason } => Self::new(format!("called off: {}", Clean::title(reason)), Role::Warn),
        }
    }

    fn new(what: impl Into<String>, role: Role) -> Self {
        Self { what: what.into(), more: String::new(), price: None, role }
    }

    fn at(self, price: Option<Money>) -> Self {
        Self { price, ..self }
    }

    fn adding(self, more: String) -> Self {
        Self { more, ..self }
    }
}

fn scheduled(at: Timestamp, starts_at: Option<Timestamp>) -> Words {
    let opens = starts_at.map(|starts_at| format!("opens in {}", format::countdown(starts_at.micros_since(at))));
    Words::new("scheduled", Role::Muted).adding(opens.unwrap_or_default())
}

fn bid(people: &People, bidder: Option<UserId>, outcome: BidOutcome, leader: Option<UserId>, count: u64) -> Words {
    let (what, more) = match outcome {
        BidOutcome::Won => (does(people, bidder, "win"), format!("bid {count}")),
        BidOutcome::Outbid => {
            let leads = does(people, leader, "lead");
            (format!("{}: outbid at once", people.somebody(bidder)), format!("bid {count}, {leads}"))
        }
        BidOutcome::Leading | BidOutcome::Sealed => (does(people, bidder, "lead"), format!("bid {count}")),
    };
    Words::new(what, role_of(people, bidder)).adding(more)
}

fn raised(people: &People, bidder: Option<UserId>) -> Words {
    let whose = match bidder {
        None => return Words::new("a sealed bid raised", Role::Text),
        Some(bidder) if people.is_me(bidder) => "your max".to_owned(),
        Some(bidder) => format!("the max of {}", people.name(bidder)),
    };
    Words::new(format!("{whose} raised"), role_of(people, bidder))
}

fn voided(count: usize, by: VoidedBy, block: bool, reason: &str) -> Words {
    let bids = if count == 1 { "a bid".to_owned() } else { format!("{count} bids") };
    let by = match by {
        VoidedBy::Seller => "the seller",
        VoidedBy::Admin => "an admin",
    };
    // That the bidder is out is the rule, so what is said is the exception.
    let block = if block { "" } else { ", not blocked" };
    Words::new(format!("{bids} voided by {by}{block}: {}", Clean::title(reason)), Role::Warn)
}

fn extended(reason: ExtensionReason) -> Words {
    let why = match reason {
        ExtensionReason::SoftClose => "a late bid",
        ExtensionReason::Void => "a late void",
        ExtensionReason::Outage => "the house was away",
    };
    Words::new(format!("close moved: {why}"), Role::Warn)
}

fn does(people: &People, user: Option<UserId>, verb: &str) -> String {
    let ending = if user.is_some_and(|user| people.is_me(user)) { "" } else { "s" };
    format!("{} {verb}{ending}", people.somebody(user))
}

fn role_of(people: &People, user: Option<UserId>) -> Role {
    if user.is_some_and(|user| people.is_me(user)) { Role::Good } else { Role::Text }
}

fn to_go(now: Timestamp, closes_at: Timestamp) -> String {
    format!("{} to go", format::countdown(closes_at.micros_since(now)))
}

/// `1 bid`, `2 bids`.
pub fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use blytz_core::wire::auction::AuctionStatus;

    use super::*;
    use crate::{people::Me, tests::world};

    fn of(data: &EventData) -> String {
        let mut people = People::default();
        people.meet(&world::bala());
        people.log_in(Me::from(&world::aishah()));
        Words::of(world::start(), data, &people).to_string()
    }

    fn outcome(outcome: BidOutcome, bidder: Option<UserId>) -> EventData {
        match world::leading(1, world::BALA, 1_200, 3, 9_300) {
            EventData::Bid { bid_id, price, leader, next_minimum, closes_at, bid_count, commitment, .. } => {
                EventData::Bid {
                    bid_id,
                    bidder,
                    outcome,
                    price,
                    leader,
                    next_minimum,
                    closes_at,
                    bid_count,
                    commitment,
                }
            }
            other => other,
        }
    }

    #[test]
    fn bids_say_who_did_what_and_who_leads() {
        for (data, says) in [
            (outcome(BidOutcome::Leading, Some(world::AISHAH)), "MYR 12.00  you lead (bid 3)"),
            (outcome(BidOutcome::Leading, Some(world::BALA)), "MYR 12.00  Bala leads (bid 3)"),
            (outcome(BidOutcome::Outbid, Some(world::AISHAH)), "MYR 12.00  you: outbid at once (bid 3, Bala leads)"),
            (outcome(BidOutcome::Won, Some(world::STRANGER)), "MYR 12.00  bidder dead wins (bid 3)"),
            (outcome(BidOutcome::Sealed, None), "a sealed bid (3 in all)"),
        ] {
            assert_eq!(of(&data), says);
        }
    }

    #[test]
    fn voids_say_by_whom_and_who_may_bid_again() {
        use VoidedBy::{Admin, Seller};
        for (by, block, fell, says) in [
            (Seller, true, 1, "MYR 12.00  a bid voided by the seller: [2Ja slip (you lead)"),
            (Admin, true, 2, "MYR 12.00  2 bids voided by an admin: [2Ja slip (you lead)"),
            (Seller, false, 1, "MYR 12.00  a bid voided by the seller, not blocked: [2Ja slip (you lead)"),
        ] {
            let voided = EventData::Voided {
                bid_id: world::bid(1),
                bid_seq: 3,
                by,
                block,
                struck: (1..=fell).map(world::bid).collect(),
                reason: "\u{1b}[2Ja slip".to_owned(),
                price: Some(world::myr(1_200)),
                leader: Some(world::AISHAH),
                next_minimum: Some(world::myr(1_700)),
                reserve_met: None,
                bid_count: 2,
                closes_at: world::start(),
            };
            assert_eq!(of(&voided), says);
        }
        let unblocked = EventData::Unblocked { bid_id: world::bid(1), bid_seq: 3 };
        assert_eq!(of(&unblocked), "unblocked: a bidder may bid again");
    }

    #[test]
    fn what_else_happens_is_said_with_what_is_left_and_in_harmless_letters() {
        let closes_at = world::start().plus_millis(9_300);
        let price = Some(world::myr(1_200));
        let reason = "\u{1b}[2Ja slip".to_owned();
        for (data, says) in [
            (EventData::Opened { opens_at: world::start(), closes_at }, "opened (9.3 s to go)"),
            (EventData::ReserveMet { price: world::myr(1_200) }, "the reserve is met (at MYR 12.00)"),
            (EventData::extended(closes_at, ExtensionReason::Outage), "close moved: the house was away (9.3 s to go)"),
            (
                EventData::Closed { status: AuctionStatus::Sold, winner: Some(world::BALA), price },
                "MYR 12.00  sold to Bala",
            ),
            (EventData::Closed { status: AuctionStatus::Unsold, winner: None, price: None }, "closed, not sold"),
            (EventData::Cancelled { reason }, "called off: [2Ja slip"),
        ] {
            assert_eq!(of(&data), says);
        }
    }
}
