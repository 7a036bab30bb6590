//! What a commit means for others: the events to everybody who watches, and news to those whom it
//! concerns.

use std::collections::BTreeMap;

use blytz_core::{
    AuctionId, Money, StreamId, Timestamp, UserId,
    auction::PublicState,
    wire::{
        auction::{AuctionStatus, EventData, LogEntry},
        live::{Channel, UpdateData},
    },
};

use super::committer::Struck;
use crate::platform::hub::{Hub, Topic, event_frame};

/// Where the news of one auction go.
pub struct News<'a> {
    pub id: AuctionId,
    pub hub: &'a Hub,
    pub stream: Option<StreamId>,
    pub at: Timestamp,
}

impl News<'_> {
    /// Tells of a commit, in the order of the log.
    pub fn tell(&self, entries: &[LogEntry], before: &PublicState, status: AuctionStatus, struck: Option<Struck>) {
        self.hub.publish(Topic::Auction(self.id), entries.iter().map(|entry| self.frame(entry)));
        let struck_bidder = struck.as_ref().map(|struck| struck.bidder);
        for (user, (price, next_minimum)) in outbid(entries, before.leader) {
            // Whose bids were struck is told that, and not that somebody bid more.
            if Some(user) != struck_bidder {
                self.update(Topic::User(user), UpdateData::Outbid { auction_id: self.id, price, next_minimum });
            }
        }
        if let Some(Struck { bidder, ids, .. }) = struck {
            for bid_id in ids {
                self.update(Topic::User(bidder), UpdateData::BidVoided { auction_id: self.id, bid_id });
            }
        }
        for entry in entries {
            if let EventData::Closed { winner: Some(winner), price: Some(price), .. } = &entry.data {
                self.update(Topic::User(*winner), UpdateData::Won { auction_id: self.id, price: *price });
            }
        }
        if let Some(stream) = self.stream.filter(|_| before.status != status) {
            self.update(Topic::Stream(stream), UpdateData::Lot { auction_id: self.id, status });
        }
    }

    fn frame(&self, entry: &LogEntry) -> (u64, axum::extract::ws::Utf8Bytes) {
        let json = serde_json::to_string(entry).unwrap_or_default();
        (entry.seq, event_frame(Channel::Auction(self.id), &json))
    }

    fn update(&self, topic: Topic, data: UpdateData) {
        self.hub.update(topic, data, self.at);
    }
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
    use blytz_core::{BidId, Currency, wire::auction::BidOutcome};

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
