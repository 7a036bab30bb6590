use std::{collections::HashMap, fmt};

use blytz_core::{Timestamp, wire::auction::BidRequest};
use futures_util::future::join_all;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, House, Person, text};

/// A lot, which anybody can look at. In a path and in a body it stands as its id.
pub struct Lot {
    pub id: String,
    visitor: Person,
}

impl Lot {
    pub fn of(made: &Value, visitor: &Person) -> Self {
        Self { id: text(&made["id"]), visitor: visitor.stranger() }
    }

    /// The same lot in a house that was opened again.
    pub fn at(&self, house: &House) -> Self {
        Self { id: self.id.clone(), visitor: house.nobody.clone() }
    }

    pub async fn view(&self) -> Value {
        self.visitor.get(format!("/auction/{self}")).await.expect(200)
    }

    pub async fn status(&self) -> Value {
        self.visitor.get(format!("/auction/{self}/status")).await.expect(200)
    }

    pub async fn opened(&self) -> Timestamp {
        text(&self.status().await["opens_at"]).parse().expect("a time")
    }

    /// All events.
    pub async fn log(&self) -> Vec<Value> {
        self.visitor.pages(format!("/auction/{self}/events?limit=100")).await
    }

    /// The kinds of all events.
    pub async fn kinds(&self) -> Vec<String> {
        self.log().await.iter().map(|event| text(&event["kind"])).collect()
    }

    pub async fn proof(&self) -> Answer {
        self.visitor.get(format!("/auction/{self}/proof")).await
    }
}

impl fmt::Display for Lot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl Serialize for Lot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

/// What somebody offers. A plain number is an exact amount in minor units, under a fresh id.
pub struct Offer {
    id: String,
    kind: &'static str,
    value: Value,
    rules_hash: Option<Value>,
}

pub fn exact(amount: i64) -> Offer {
    Offer::new("amount", money(amount))
}

pub fn max(amount: i64) -> Offer {
    Offer::new("max", money(amount))
}

pub fn buy_now() -> Offer {
    Offer::new("buy_now", json!(true))
}

impl Offer {
    fn new(kind: &'static str, value: Value) -> Self {
        Self { id: new_id(), kind, value, rules_hash: None }
    }

    /// The same under an id of the test's.
    pub fn under(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    /// By somebody who saw these rules.
    pub fn seeing(mut self, rules_hash: &Value) -> Self {
        self.rules_hash = Some(rules_hash.clone());
        self
    }

    /// The same number of another currency.
    pub fn in_currency(mut self, currency: &str) -> Self {
        self.value["currency"] = json!(currency);
        self
    }

    /// The bid as it is sent.
    pub fn on(self, lot: impl Serialize) -> Value {
        let mut bid = json!({ "auction_id": lot, "bid_id": self.id, self.kind: self.value });
        if let Some(rules_hash) = self.rules_hash {
            bid["rules_hash"] = rules_hash;
        }
        bid
    }
}

impl From<i64> for Offer {
    fn from(amount: i64) -> Self {
        exact(amount)
    }
}

impl Person {
    /// The product that comes of it.
    pub async fn list(&self, product: Value) -> Value {
        self.post("/products", product).await.expect(201)
    }

    /// A scheduled auction of a product of its own.
    pub async fn put_up(&self, rules: Value) -> Lot {
        let product = self.list(product(1)).await;
        self.put_up_as(json!({ "product_id": product["id"], "rules": rules })).await
    }

    /// A scheduled auction with everything as the test says it.
    pub async fn put_up_as(&self, auction: Value) -> Lot {
        Lot::of(&self.post("/auction", auction).await.expect(201), self)
    }

    /// A live auction of a product of its own.
    pub async fn auction(&self, rules: Value) -> Lot {
        let lot = self.put_up(rules).await;
        self.open(&lot).await.expect(200);
        lot
    }

    pub async fn open(&self, lot: &Lot) -> Answer {
        self.post("/auction/start", json!({ "auction_id": lot })).await
    }

    pub async fn amend(&self, lot: &Lot, change: Value) -> Answer {
        self.patch(format!("/auction/{lot}"), change).await
    }

    pub async fn cancel(&self, lot: &Lot, reason: &str) -> Answer {
        self.post(format!("/auction/{lot}/cancel"), json!({ "reason": reason })).await
    }

    pub async fn void(&self, lot: &Lot, bid_id: &str) -> Answer {
        self.post(format!("/auction/{lot}/void"), json!({ "bid_id": bid_id, "reason": "a shill" })).await
    }

    /// Voids the bid of one of those whose bids have this id.
    pub async fn void_of(&self, bidder_id: &str, lot: &Lot, bid_id: &str) -> Answer {
        let body = json!({ "bid_id": bid_id, "bidder_id": bidder_id, "reason": "a shill" });
        self.post(format!("/auction/{lot}/void"), body).await
    }

    /// Lets a bidder bid on this lot again.
    pub async fn unblock_on(&self, lot: &Lot, bidder: &Self) -> Answer {
        self.delete(format!("/auction/{lot}/blocked/{}", bidder.id)).await
    }

    pub async fn block(&self, bidder: &Self) -> Answer {
        self.put(format!("/auction/blocked/{}", bidder.id), json!({})).await
    }

    pub async fn unblock(&self, bidder: &Self) -> Answer {
        self.delete(format!("/auction/blocked/{}", bidder.id)).await
    }

    pub async fn bid(&self, lot: impl Serialize, offer: impl Into<Offer>) -> Answer {
        self.post("/auction/bid", offer.into().on(lot)).await
    }

    /// What is known of their own bid.
    pub async fn recall(&self, lot: &Lot, bid_id: &str) -> Answer {
        self.get(format!("/auction/{lot}/bids/{bid_id}")).await
    }

    /// How they stand themselves.
    pub async fn standing(&self, lot: &Lot) -> Answer {
        self.get(format!("/auction/{lot}/me")).await
    }
}

impl House {
    /// Many bids at once, past HTTP, in this order. All are accepted; their ids.
    pub async fn pour<'a>(&self, lot: &Lot, bids: impl IntoIterator<Item = (&'a Person, Offer)>) -> Vec<String> {
        let (accounts, auctions) = (&self.app().accounts, &self.app().auctions);
        let (mut users, mut requests) = (HashMap::new(), Vec::new());
        for (who, offer) in bids {
            if !users.contains_key(&who.id) {
                users.insert(&who.id, accounts.identify(&who.token).await.expect("logged in"));
            }
            let request: BidRequest = serde_json::from_value(offer.on(lot)).expect("a bid");
            requests.push((&who.id, request));
        }
        let ids = requests.iter().map(|(_, request)| request.bid_id.to_string()).collect();
        let mut requests = requests.into_iter().peekable();
        while requests.peek().is_some() {
            // As many as a room lets wait.
            let some = requests.by_ref().take(1_000);
            for answer in join_all(some.map(|(who, request)| auctions.bid(&users[who], request))).await {
                answer.expect("accepted");
            }
        }
        ids
    }
}

pub fn money(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "MYR" })
}

/// A client's own id.
pub fn new_id() -> String {
    Uuid::from_u128(rand::random()).to_string()
}

pub fn product(quantity: i64) -> Value {
    json!({ "title": "Lot", "description": "", "price": money(1), "quantity": quantity })
}

/// Plain English rules, from 10.00 by 1.00 for a minute.
pub fn rules() -> Value {
    rules_with(json!({}))
}

/// Plain rules but for what `change` says.
pub fn rules_with(change: Value) -> Value {
    let rules = json!({
        "format": "english", "currency": "MYR", "starting_price": money(1_000),
        "increment": { "fixed": 100 }, "duration_ms": 60_000,
    });
    with(rules, change)
}

/// An object with some fields changed or added.
pub fn with(mut object: Value, changes: Value) -> Value {
    let (Value::Object(fields), Value::Object(changes)) = (&mut object, changes) else { panic!("two objects") };
    fields.extend(changes);
    object
}
