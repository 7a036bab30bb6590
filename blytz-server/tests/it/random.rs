//! Random auctions over HTTP agree with the rules in every answer.
//!
//! The judge is the naive model below, written from the rules and sharing no code with the engine:
//! it keeps every accepted bid and knows no shortcut.

use serde_json::{Value, json};

use crate::house::{self, House, Lot, Person, buy_now, exact, max, money, new_id, rules_with};

const AUCTIONS: usize = 24;
const STEPS: usize = 110;

/// An English auction, the slow way.
#[derive(Default)]
struct Model {
    start: i64,
    reserve: Option<i64>,
    buy_now: Option<i64>,
    full: bool,
    steps: Vec<(i64, i64)>,
    price: Option<i64>,
    leader: Option<usize>,
    max: i64,
    met: bool,
    was_met: bool,
    any: bool,
    won: bool,
    taken: Vec<Taken>,
    blocked: Vec<usize>,
}

#[derive(Clone)]
struct Taken {
    who: usize,
    offer: Offer,
    id: String,
    raise: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Offer {
    Amount(i64),
    Max(i64),
    BuyNow,
}

impl Offer {
    /// As it is sent.
    fn under(self, id: &str) -> house::Offer {
        let offer = match self {
            Self::Amount(amount) => exact(amount),
            Self::Max(amount) => max(amount),
            Self::BuyNow => buy_now(),
        };
        offer.under(id)
    }
}

impl Model {
    fn step(&self, price: i64) -> i64 {
        self.steps.iter().rev().find(|(from, _)| *from <= price).expect("the first row is from 0").1
    }

    fn minimum(&self) -> Option<i64> {
        match self.price {
            _ if self.won => None,
            None => Some(self.start),
            Some(price) => Some(price + self.step(price)),
        }
    }

    fn buy_now_open(&self) -> Option<i64> {
        let gone = if self.reserve.is_some() { self.was_met } else { self.any };
        self.buy_now.filter(|_| !gone && !self.won)
    }

    /// What the contract says becomes of a bid: the status and the outcome or code.
    fn bid(&mut self, who: usize, offer: Offer, id: &str) -> (u16, &'static str) {
        if self.blocked.contains(&who) {
            return (403, "blocked");
        }
        if self.won {
            return (409, "auction_closed");
        }
        let buys = match (offer, self.buy_now_open()) {
            (Offer::BuyNow, None) => return (409, "buy_now_unavailable"),
            (Offer::BuyNow, Some(price)) => Some(price),
            (Offer::Amount(amount), Some(price)) if amount >= price => Some(price),
            _ => None,
        };
        if let Some(price) = buys {
            (self.won, self.any, self.price, self.leader) = (true, true, Some(price), Some(who));
            self.met = self.reserve.is_some();
            self.taken.push(Taken { who, offer, id: id.to_owned(), raise: false });
            return (201, "won");
        }
        let (Offer::Amount(most) | Offer::Max(most)) = offer else { unreachable!("buy-now is settled") };
        let raise = self.leader == Some(who);
        if raise && matches!(offer, Offer::Amount(_)) {
            return (409, "already_leading");
        }
        if raise && most <= self.max {
            return (409, "max_not_raised");
        }
        if !raise && self.minimum().is_some_and(|minimum| most < minimum) {
            return (409, "bid_too_low");
        }
        self.any = true;
        self.taken.push(Taken { who, offer, id: id.to_owned(), raise });
        (201, if self.place(who, offer) { "leading" } else { "outbid" })
    }

    /// Rules 2 to 5. Says whether the bidder leads.
    fn place(&mut self, who: usize, offer: Offer) -> bool {
        let (most, exact) = match offer {
            Offer::Amount(amount) => (amount, true),
            Offer::Max(max) => (max, false),
            Offer::BuyNow => return true,
        };
        match self.leader {
            None => {
                (self.leader, self.max) = (Some(who), most);
                self.price = Some(if exact { most } else { self.start });
            }
            Some(leader) if leader == who => self.max = self.max.max(most),
            Some(_) if most > self.max => {
                let price = self.price.expect("who leads has a price");
                self.price = Some(if exact { most } else { price.max(most.min(self.max + self.step(self.max))) });
                (self.leader, self.max) = (Some(who), most);
            }
            Some(_) => {
                let price = self.price.expect("who leads has a price");
                self.price = Some(price.max(self.max.min(most + self.step(most))));
            }
        }
        if let Some(reserve) = self.reserve.filter(|_| !self.met) {
            if self.max >= reserve {
                self.price = self.price.max(Some(reserve));
                (self.met, self.was_met) = (true, true);
            } else if self.full {
                self.price = Some(self.max);
            }
        }
        self.leader == Some(who)
    }

    /// Rule 9.
    fn void(&mut self, id: &str) {
        let first = self.taken.iter().position(|taken| taken.id == id).expect("a bid that stands");
        let who = self.taken[first].who;
        let stands = |(index, taken): &(usize, Taken)| taken.who != who || *index < first;
        self.taken = self.taken.clone().into_iter().enumerate().filter(stands).map(|(_, taken)| taken).collect();
        self.blocked.push(who);
        (self.price, self.leader, self.max, self.met) = (None, None, 0, false);
        for taken in self.taken.clone() {
            self.place(taken.who, taken.offer);
        }
    }

    fn bid_count(&self) -> usize {
        self.taken.iter().filter(|taken| !taken.raise).count()
    }
}

fn chance(percent: u32) -> bool {
    rand::random_ratio(percent, 100)
}

/// A random auction: the model of it and the rules as a seller states them.
fn draw() -> (Model, Value) {
    let start = [1, 50, 1_000, 9_900][rand::random_range(0..4)];
    let (steps, increment) = match rand::random_range(0..3) {
        0 => (vec![(0, 100)], json!({ "fixed": 100 })),
        1 => (
            vec![
                (0, 100),
                (3_000, 200),
                (5_000, 300),
                (10_000, 500),
                (30_000, 1_000),
                (100_000, 2_000),
                (200_000, 5_000),
            ],
            json!({ "named": "whatnot" }),
        ),
        _ => (vec![(0, 7), (2_000, 50)], json!({ "table": [{ "from": 0, "step": 7 }, { "from": 2_000, "step": 50 }] })),
    };
    let reserve = chance(40).then(|| start + rand::random_range(0..5_000));
    let buy_now = chance(40).then(|| reserve.unwrap_or(start) + 1 + rand::random_range(0..8_000));
    let full = reserve.is_some() && chance(50);
    let rules = rules_with(json!({
        "starting_price": money(start), "increment": increment, "reserve_price": reserve.map(money),
        "buy_now_price": buy_now.map(money), "duration_ms": 3_600_000,
        "below_reserve": if full { "full" } else { "proxy" },
    }));
    (Model { start, reserve, buy_now, full, steps, ..Model::default() }, rules)
}

fn amount(value: &Value) -> Option<i64> {
    value["amount"].as_i64()
}

/// One random step; the index of the bidder says who is asked about afterwards.
async fn step(model: &mut Model, lot: &Lot, seller: &Person, bidders: &[Person]) {
    if chance(3) && !model.won && !model.taken.is_empty() {
        let id = model.taken[rand::random_range(0..model.taken.len())].id.clone();
        model.void(&id);
        seller.void(lot, &id).await.expect(200);
        return;
    }
    let who = rand::random_range(0..bidders.len());
    let near = model.minimum().unwrap_or(model.start);
    let off = [-150, -1, 0, 0, 1, 50, 100, rand::random_range(0..3_000)][rand::random_range(0..8)];
    let most = (near + off).max(1);
    let offer = match rand::random_range(0..100) {
        0..3 => Offer::BuyNow,
        3..50 => Offer::Amount(most),
        _ => Offer::Max(most),
    };
    let (bidder, id) = (&bidders[who], new_id());
    let before = model.minimum();
    let expected = model.bid(who, offer, &id);
    let answer = bidder.bid(lot, offer.under(&id)).await;
    let said = answer.body["outcome"].as_str().or(answer.body["code"].as_str()).unwrap_or_default();
    assert_eq!((answer.status, said), expected, "{offer:?}: {}", answer.body);
    if answer.status == 201 {
        assert_eq!(amount(&answer.body["price"]), model.price, "{offer:?}: {}", answer.body);
        assert_eq!(answer.body["leader_id"].as_str(), model.leader.map(|leader| bidders[leader].id.as_str()));
        assert_eq!(amount(&answer.body["next_minimum"]), model.minimum(), "{offer:?}: {}", answer.body);
        let again = bidder.bid(lot, offer.under(&id)).await;
        assert_eq!((again.status, &again.body["replayed"]), (200, &json!(true)));
        assert_eq!(again.body["hash"], answer.body["hash"], "the same answer");
    } else if said == "bid_too_low" {
        assert_eq!(amount(&answer.body["next_minimum"]), before);
    }
}

async fn agrees(model: &Model, lot: &Lot, bidders: &[Person]) {
    let status = lot.status().await;
    assert_eq!(amount(&status["price"]), model.price, "{status}");
    assert_eq!(status["leader"]["id"].as_str(), model.leader.map(|leader| bidders[leader].id.as_str()), "{status}");
    assert_eq!(amount(&status["next_minimum"]), model.minimum(), "{status}");
    assert_eq!(status["bid_count"], model.bid_count(), "{status}");
    assert_eq!(status["reserve_met"].as_bool(), model.reserve.map(|_| model.met), "{status}");
    assert_eq!(amount(&status["buy_now"]), model.buy_now_open(), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: 24 auctions of 110 steps, several requests each"]
async fn random_auctions_agree_with_the_rules() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let mut bidders = Vec::new();
    for index in 0..6 {
        bidders.push(house.buyer(&format!("bidder{index}")).await);
    }
    for _ in 0..AUCTIONS {
        let (mut model, rules) = draw();
        let lot = seller.auction(rules).await;
        for _ in 0..STEPS {
            step(&mut model, &lot, &seller, &bidders).await;
            agrees(&model, &lot, &bidders).await;
        }
    }
}
