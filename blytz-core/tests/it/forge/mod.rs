//! A house that owns server, database, clock and keys, and forges: it takes an honest proof, changes
//! something, and makes all right again that a house can make right: commitments, hashes, the chain,
//! the signature under its end. What is left to refuse is for deciding again, and for receipts that
//! were kept.
//!
//! The kit works on JSON, so that it can write what our types can't, and hashes by its own hand.

mod changes;
mod courses;
mod holes;
mod long;
mod shapes;
mod sweep;

use blytz_core::{
    AuctionId,
    auction::{
        log::Head,
        proof::{self, Trust, Verdict, Viewer},
        receipt::Signer,
    },
    wire::auction::{Proof, Receipt},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::proof::runs::{Run, seal_head};

/// A proof in a forger's hands.
#[derive(Clone)]
pub struct Forger {
    pub proof: Value,
    pub signer: Signer,
}

fn digest(value: &Value) -> Value {
    let canonical = serde_json_canonicalizer::to_vec(value).expect("JSON");
    hex::encode(Sha256::digest(canonical)).into()
}

/// Whether an event has an opening.
pub fn is_bid(event: &Value) -> bool {
    event["kind"] == "bid" || event["kind"] == "max_raised"
}

impl Forger {
    pub fn of(run: &Run, viewer: Viewer) -> Self {
        let proof = serde_json::to_value(run.proof(viewer)).expect("it has a JSON form");
        Self { proof, signer: run.signer.clone() }
    }

    pub fn events(&mut self) -> &mut Vec<Value> {
        self.proof["events"].as_array_mut().expect("a list")
    }

    pub fn openings(&mut self) -> &mut Vec<Value> {
        self.proof["openings"].as_array_mut().expect("a list")
    }

    pub fn auction_id(&self) -> AuctionId {
        serde_json::from_value(self.proof["auction_id"].clone()).expect("an id")
    }

    /// The place of the last event that states rules and item.
    pub fn last_stated(&self) -> Option<usize> {
        let events = self.proof["events"].as_array().expect("a list");
        events.iter().rposition(|event| event["data"].get("rules").is_some())
    }

    /// Makes another log of the events. What names an event by its seq follows it to where it stands then,
    /// and every bid has its opening.
    pub fn reorder(&mut self, change: impl FnOnce(&mut Vec<Value>)) {
        change(self.events());
        let old: Vec<Value> = self.events().iter().map(|event| event["seq"].clone()).collect();
        let place_of = |seq: &Value| old.iter().position(|old| old == seq).map(|place| json!(place + 1));
        let openings = std::mem::take(self.openings());
        let mut opened = Vec::new();
        for (place, event) in self.events().iter_mut().enumerate() {
            if let Some(place) = event["data"].get("bid_seq").and_then(place_of) {
                event["data"]["bid_seq"] = place;
            }
            if let Some(opening) = openings.iter().find(|opening| is_bid(event) && opening["seq"] == event["seq"]) {
                let mut opening = opening.clone();
                opening["seq"] = json!(place + 1);
                opened.push(opening);
            }
            event["seq"] = json!(place + 1);
        }
        *self.openings() = opened;
    }

    /// Makes reserve, rules, item and openings what the log commits to.
    pub fn commit(&mut self) {
        let Some(stated) = self.last_stated() else { return };
        let auction_id = self.proof["auction_id"].clone();
        let mut rules = self.proof["events"][stated]["data"]["rules"].clone();
        let reserve = self.proof["reserve"].clone();
        if reserve.is_object() && rules["reserve_price"].is_object() {
            let (reserve_price, nonce) = (&reserve["reserve_price"], &reserve["nonce"]);
            let hidden = json!({"auction_id": auction_id, "reserve_price": reserve_price, "nonce": nonce});
            rules["reserve_price"] = json!({"commitment": digest(&hidden)});
        }
        let (rules_hash, item_hash) = (digest(&rules), digest(&self.proof["item"]));
        self.proof["rules"] = rules.clone();
        self.proof["events"][stated]["data"]["rules"] = rules;
        self.proof["events"][stated]["data"]["item_hash"] = item_hash;
        for event in self.events().iter_mut().filter(|event| event["data"].get("rules").is_some()) {
            event["data"]["rules_hash"] = digest(&event["data"]["rules"]);
        }
        for opening in self.openings().clone() {
            let events = self.events().iter_mut();
            let Some(event) = events.filter(|event| is_bid(event)).find(|event| event["seq"] == opening["seq"]) else {
                continue;
            };
            let named_by = if event["kind"] == "bid" { "bidder" } else { "leader" };
            let data = &mut event["data"];
            let logged = &data[named_by];
            let bidder = if logged.is_null() { &opening["bidder"] } else { logged };
            let mut hidden = json!({"auction_id": auction_id, "bidder": bidder, "bid_id": data["bid_id"],
                "rules_hash": rules_hash, "nonce": opening["nonce"]});
            for offer in ["amount", "max"] {
                if let Some(money) = opening.get(offer) {
                    hidden[offer] = money.clone();
                }
            }
            if !opening["nonce"].is_null() {
                data["commitment"] = digest(&hidden);
            }
        }
    }

    /// Chains the events anew as they stand.
    pub fn chain(&mut self) {
        let (auction_id, mut prev) = (self.proof["auction_id"].clone(), Value::from("0".repeat(64)));
        for event in self.events() {
            event["prev"] = prev;
            let mut hashed = event.clone();
            hashed.as_object_mut().expect("an object").remove("hash");
            hashed["auction_id"] = auction_id.clone();
            prev = digest(&hashed);
            event["hash"] = prev.clone();
        }
    }

    /// Signs where the log ends.
    pub fn sign(&mut self) {
        let last = self.events().last().cloned().expect("a log");
        let seq = last["seq"].as_u64().expect("a seq");
        let hash = last["hash"].as_str().expect("a hash").to_owned();
        let receipt = seal_head(&self.signer, &Head { auction_id: self.auction_id(), seq, hash: hash.clone() });
        self.proof["head"] = json!({"seq": seq, "hash": hash, "receipt": receipt});
    }

    pub fn chain_and_sign(&mut self) {
        self.chain();
        self.sign();
    }

    /// All that a house can make right.
    pub fn remake(&mut self) {
        self.commit();
        self.chain_and_sign();
    }

    pub fn receipt(&self) -> Receipt {
        serde_json::from_value(self.proof["head"]["receipt"].clone()).expect("a receipt")
    }

    /// The proof in our types, if it can be said in them.
    pub fn typed(&self) -> Option<Proof> {
        let typed: Proof = serde_json::from_value(self.proof.clone()).ok()?;
        (serde_json::to_value(&typed).expect("it has a JSON form") == self.proof).then_some(typed)
    }

    /// What a checker says; of what is no proof at all, too.
    pub fn verdict(&self, trust: &Trust) -> Result<Verdict, String> {
        let reading = proof::read(self.proof.to_string().as_bytes(), trust, |_, _| {});
        if let (Some(typed), Ok(reading)) = (self.typed(), &reading) {
            assert_eq!(proof::verify(&typed, trust), reading.verdict, "at hand and as JSON");
        }
        reading.map_err(|unreadable| unreadable.to_string())?.verdict.map_err(|flaw| flaw.to_string())
    }
}
