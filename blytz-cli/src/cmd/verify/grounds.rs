//! What a proof is held against: keys and receipts that somebody names, or that are kept here.

use std::path::Path;

use blytz_client::wire::auction::{LogKey, LogKeys, Receipt};
use blytz_core::{
    AuctionId, Timestamp,
    auction::proof::{Trust, TrustedKeys},
};

use crate::{
    context::Context,
    error::Failure,
    evidence::{Change, Found, Pins, receipts_in},
    values::read_text,
};

/// What a proof is held against, and where that comes from.
pub struct Grounds {
    pub trust: Trust,
    /// What its server shows of the house that is not as it is kept.
    pub changes: Vec<Change>,
    /// What is kept; nothing if keys were given.
    pins: Option<Pins>,
    /// Whether the receipts are another folder's than our own.
    others_receipts: bool,
}

impl Grounds {
    /// What the command line names.
    pub fn given(keys: Option<&str>, receipts: Option<&Path>) -> Result<Self, Failure> {
        let given = keys.map(read_keys).transpose()?;
        let pins = given.is_none().then(Pins::default);
        let keys = given.map_or_else(TrustedKeys::default, TrustedKeys::Given);
        let others_receipts = receipts.is_some();
        let receipts = receipts.map(receipts_in).transpose()?.unwrap_or_default();
        let trust = Trust { auction_id: None, keys, receipts: alone(receipts) };
        Ok(Self { trust, changes: Vec::new(), pins, others_receipts })
    }

    /// Whether keys are taken from what is kept.
    pub fn want_keys(&self) -> bool {
        self.pins.is_some()
    }

    /// Adds what is kept where nothing was named.
    pub fn complete(&mut self, ctx: &Context, asked: Option<AuctionId>) -> Result<(), Failure> {
        self.trust.auction_id = asked;
        if self.want_keys() {
            let pins = ctx.evidence().pins()?;
            self.trust.keys = TrustedKeys::Kept(pins.keys());
            self.pins = Some(pins);
        }
        if !self.others_receipts {
            let kept = match asked {
                Some(id) => ctx.evidence().receipts_of(id)?,
                None => ctx.evidence().receipts()?,
            };
            self.trust.receipts = alone(kept);
        }
        Ok(())
    }

    /// Since when a key is kept, and at which address its house was first seen; none of one that was given.
    pub fn kept_since(&self, origin: &str, key_id: &str) -> Option<(Timestamp, &str)> {
        let house = self.pins.as_ref()?.houses.get(origin)?;
        house.keys.iter().find(|pin| pin.key.key_id == key_id).map(|pin| (pin.since, &*house.server))
    }

    /// Whether nothing is known by which a house could be held to anything.
    pub fn know_nothing_of(&self, origin: &str) -> bool {
        self.trust.keys.of(origin).is_empty()
    }

    /// How many of the receipts that were named are of other auctions, and say nothing of this one.
    pub fn of_other_auctions(&self, auction: AuctionId) -> usize {
        let others = self.trust.receipts.iter().filter(|receipt| receipt.auction_id != auction);
        if self.others_receipts { others.count() } else { 0 }
    }
}

fn alone(found: Vec<Found>) -> Vec<Receipt> {
    found.into_iter().map(|found| found.receipt).collect()
}

fn read_keys(path: &str) -> Result<Vec<LogKey>, Failure> {
    let text = read_text(path)?;
    let read: Result<LogKeys, _> = serde_json::from_str(&text);
    read.map(|keys| keys.keys).map_err(|error| Failure::failed(format!("{path} holds no keys: {error}.")))
}
