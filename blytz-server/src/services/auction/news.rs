//! What a turn means for those whom it concerns.

use std::collections::BTreeMap;

use blytz_core::{
    AuctionId, Money, UserId,
    wire::{
        auction::{EventData, LogEntry},
        live::UpdateData,
    },
};

use super::batch::Struck;

/// What a turn's events mean for single people.
pub fn of(
    id: AuctionId,
    entries: &[LogEntry],
    leader_before: Option<UserId>,
    struck: Option<&Struck>,
) -> Vec<(UserId, UpdateData)> {
    let mut news = Vec::new();
    for (user, (price, next_minimum)) in outbid(entries, leader_before) {
        // Whose bids were struck is told that, and not that somebody bid more.
        if Some(user) != struck.map(|struck| struck.bidder) {
            news.push((user, UpdateData::Outbid { auction_id: id, price, next_minimum }));
        }
    }
    if let Some(Struck { bidder, ids, .. }) = struck {
        news.extend(ids.iter().map(|bid_id| (*bidder, UpdateData::BidVoided { auction_id: id, bid_id: *bid_id })));
    }
    for entry in entries {
        if let EventData::Closed { winner: Some(winner), price: Some(price), .. } = &entry.data {
            news.push((*winner, UpdateData::Won { auction_id: id, price: *price }));
        }
    }
    news
}

/// What somebody who is outbid is told: the price now, and the least that would lead again.
type Beaten = (Option<Money>, Option<Money>);

/// Who led at some moment of a commit and does not at its end.
fn outbid(entries: &[LogEntry], before: Option<UserId>) -> BTreeMap<UserId, Beaten> {
    let mut leader = before;
    let mut beaten = BTreeMap::new();
    for entry in entries {
        let (EventData::Bid { leader: now, price, next_minimum, .. }
        | EventData::Voided { leader: now, price, next_minimum, .. }) = &entry.data
        else {
            continue;
        };
        if let Some(loser) = leader.filter(|leader| Some(*leader) != *now) {
            beaten.insert(loser, (*price, *next_minimum));
        }
        leader = *now;
    }
    if let Some(leader) = leader {
        beaten.remove(&leader);
    }
    beaten
}

#[cfg(test)]
mod tests {
    use blytz_core::{BidId, Currency, Timestamp, wire::auction::BidOutcome};

    use super::*;

    fn user(number: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(number))
    }

    fn bid(leader: u128, price: i64) -> LogEntry {
        let money = |amount| Some(Money::new(amount, Currency::MYR));
        LogEntry {
            seq: 1,
            at: Timestamp::from_micros(0),
            data: EventData::Bid {
                bid_id: BidId(uuid::Uuid::nil()),
                bidder: Some(user(leader)),
                outcome: BidOutcome::Leading,
                price: money(price),
                leader: Some(user(leader)),
                next_minimum: money(price + 1),
                closes_at: Timestamp::from_micros(1),
                bid_count: 1,
                commitment: String::new(),
            },
            prev: String::new(),
            hash: String::new(),
        }
    }

    #[test]
    fn who_led_in_between_is_told_and_who_leads_again_is_not() {
        let log = [bid(2, 10), bid(3, 20), bid(1, 30)];
        let told: Vec<UserId> = outbid(&log, Some(user(1))).into_keys().collect();
        assert_eq!(told, [user(2), user(3)]);
        assert!(outbid(&log[2..], Some(user(1))).is_empty());
    }
}
