//! A shop in the middle of a show, and every endpoint that takes a body with one that it accepts.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD, Person, exact, money, rules_with, text};

/// A shop in the middle of a show: something of every kind that a request can name.
pub struct Shop {
    pub house: House,
    pub admin: Person,
    pub seller: Person,
    pub buyer: Person,
    pub product: String,
    pub category: String,
    pub address: String,
    pub stream: String,
    pub live: String,
    pub scheduled: String,
    pub bid: String,
    pub message: String,
}

/// An endpoint with a body that it would accept.
pub struct Endpoint<'a> {
    pub method: Method,
    pub path: String,
    pub who: &'a Person,
    pub good: Value,
    pub required: &'static [&'static str],
}

fn endpoint<'a>(
    method: &Method,
    path: impl Into<String>,
    who: &'a Person,
    good: Value,
    required: &'static [&'static str],
) -> Endpoint<'a> {
    Endpoint { method: method.clone(), path: path.into(), who, good, required }
}

/// Rules that leave nothing to defaults.
pub fn whole_rules() -> Value {
    rules_with(json!({
        "reserve_price": null, "buy_now_price": null, "below_reserve": "proxy",
        "soft_close": { "trigger_ms": 10_000, "extend_ms": 10_000, "mode": "reset", "max_total_ms": null },
    }))
}

/// A UUID of a client's own, a different one for each number.
pub fn own_id(number: u128) -> String {
    uuid::Uuid::from_u128(0x0190_a5c2_7e3b_4cc1_8a54_0000_0000_0000 + number).to_string()
}

impl Shop {
    pub async fn open() -> Self {
        Self::stock(House::open().await).await
    }

    /// A shop in a house that has nobody in it yet.
    pub async fn stock(house: House) -> Self {
        let (admin, seller, buyer) = (house.admin().await, house.seller("sita").await, house.buyer("buyer").await);
        let category = text(&admin.post("/categories", json!({ "name": "Vases" })).await.expect(201)["id"]);
        let product = json!({ "title": "Vase", "description": "Blue", "price": money(12_500), "quantity": 5 });
        let product = text(&seller.list(product).await["id"]);
        let show = seller.host("Evening show").await;
        let lot = json!({ "product_id": product, "stream_id": show, "rules": whole_rules() });
        let (live, scheduled) = (seller.put_up_as(lot.clone()).await, seller.put_up_as(lot).await);
        seller.open(&live).await.expect(200);
        let bid = own_id(0);
        buyer.bid(&live, exact(1_500).under(&bid)).await.expect(201);
        let message = text(&buyer.say(&show, "Lovely!").await.expect(201)["id"]);
        let address = text(&buyer.post("/auth/profile/addresses", an_address()).await.expect(201)["id"]);
        let (stream, live, scheduled) = (show.id, live.id, scheduled.id);
        Self { house, admin, seller, buyer, product, category, address, stream, live, scheduled, bid, message }
    }

    /// Every endpoint of these services that takes a body.
    pub fn endpoints(&self) -> Vec<Endpoint<'_>> {
        let (nobody, admin, seller, buyer) = (&self.house.nobody, &self.admin, &self.seller, &self.buyer);
        let (post, put, patch) = (&Method::POST, &Method::PUT, &Method::PATCH);
        let (product, stream) = (&self.product, &self.stream);
        let a_product = json!({
            "title": "Bowl", "description": "", "price": money(100), "quantity": 1, "category_id": self.category,
            "weight_g": 500, "images": ["https://example.com/bowl.jpg"], "tax_class": "standard", "tags": ["bowl"],
            "status": "draft",
        });
        let change = json!({
            "title": "Bowl", "description": "", "price": money(100), "category_id": null, "weight_g": null,
            "images": [], "tax_class": null, "tags": [], "status": "active",
        });
        let an_auction = json!({
            "product_id": product, "title": "Lot 3", "stream_id": stream, "starts_at": "2099-01-01T00:00:00.000000Z",
            "rules": whole_rules(),
        });
        let person = json!({ "user_id": self.buyer.id, "reason": "spam" });
        let settings = json!({
            "slow_mode_s": 3, "max_length": 100, "blocked_terms": ["x"], "followers_only": false,
            "min_account_age_s": 0,
        });
        vec![
            endpoint(
                post,
                "/auth/signup",
                nobody,
                json!({ "email": "new@example.com", "password": PASSWORD, "display_name": "New" }),
                &["email", "password", "display_name"],
            ),
            endpoint(
                post,
                "/auth/login",
                nobody,
                json!({ "email": "buyer@example.com", "password": PASSWORD }),
                &["email", "password"],
            ),
            endpoint(
                post,
                "/auth/refresh",
                nobody,
                json!({ "refresh_token": self.buyer.refresh_token }),
                &["refresh_token"],
            ),
            endpoint(post, "/auth/verify", nobody, json!({ "token": self.buyer.token }), &["token"]),
            endpoint(post, "/auth/firebase", nobody, json!({ "id_token": "x" }), &["id_token"]),
            endpoint(patch, "/auth/profile", buyer, json!({ "display_name": "Renamed" }), &[]),
            endpoint(
                post,
                "/auth/password",
                buyer,
                json!({ "current_password": PASSWORD, "new_password": "cerulean-okapi-88" }),
                &["current_password", "new_password"],
            ),
            endpoint(post, "/auth/profile/addresses", buyer, an_address(), ADDRESS_NEEDS),
            endpoint(put, format!("/auth/profile/addresses/{}", self.address), buyer, an_address(), ADDRESS_NEEDS),
            endpoint(
                put,
                format!("/auth/users/{}/roles", self.buyer.id),
                admin,
                json!({ "roles": ["seller"] }),
                &["roles"],
            ),
            endpoint(post, "/products", seller, a_product, &["title", "description", "price", "quantity"]),
            endpoint(patch, format!("/products/{product}"), seller, change, &[]),
            endpoint(put, format!("/products/{product}/inventory"), seller, json!({ "on_hand": 9 }), &["on_hand"]),
            endpoint(
                post,
                format!("/products/{product}/inventory/adjust"),
                seller,
                json!({ "delta": 1, "reason": "found one" }),
                &["delta", "reason"],
            ),
            endpoint(post, "/categories", admin, json!({ "name": "Bowls", "parent_id": null }), &["name"]),
            endpoint(
                patch,
                format!("/categories/{}", self.category),
                admin,
                json!({ "name": "Tall vases", "parent_id": null }),
                &[],
            ),
            endpoint(post, "/auction", seller, an_auction, &["product_id", "rules"]),
            endpoint(
                patch,
                format!("/auction/{}", self.scheduled),
                seller,
                json!({ "title": "x", "starts_at": null, "rules": whole_rules() }),
                &[],
            ),
            endpoint(post, "/auction/start", seller, json!({ "auction_id": self.scheduled }), &["auction_id"]),
            endpoint(
                post,
                "/auction/bid",
                buyer,
                json!({ "auction_id": self.live, "bid_id": own_id(1), "max": money(9_000) }),
                &["auction_id", "bid_id", "max"],
            ),
            endpoint(
                put,
                format!("/streams/{stream}/lots"),
                seller,
                json!({ "auction_ids": [self.live, self.scheduled] }),
                &["auction_ids"],
            ),
            endpoint(
                post,
                format!("/auction/{}/cancel", self.scheduled),
                seller,
                json!({ "reason": "broken" }),
                &["reason"],
            ),
            endpoint(
                post,
                format!("/auction/{}/void", self.live),
                seller,
                json!({ "bid_id": self.bid, "reason": "a mistake" }),
                &["bid_id", "reason"],
            ),
            endpoint(post, "/streams", seller, json!({ "title": "Another show", "starts_at": null }), &["title"]),
            endpoint(
                post,
                "/chat/send",
                buyer,
                json!({ "stream_id": stream, "message_id": own_id(2), "text": "Hi" }),
                &["stream_id", "text"],
            ),
            endpoint(
                post,
                format!("/chat/stream/{stream}/mute"),
                seller,
                json!({ "user_id": self.buyer.id, "seconds": 60, "reason": "spam" }),
                &["user_id", "seconds"],
            ),
            endpoint(post, format!("/chat/stream/{stream}/ban"), seller, person.clone(), &["user_id"]),
            endpoint(post, format!("/chat/stream/{stream}/unban"), seller, person, &["user_id"]),
            endpoint(post, format!("/chat/stream/{stream}/pin"), seller, json!({ "message_id": self.message }), &[]),
            endpoint(put, format!("/chat/stream/{stream}/settings"), seller, settings, &[]),
        ]
    }

    /// Everything that can be seen, by everybody who could see it, but for the clock.
    pub async fn state(&self) -> String {
        let mut state = String::new();
        for (who, path) in self.sights() {
            let body = who.get(&path).await.expect(200);
            writeln!(state, "{path} {body}").expect("a text can be written");
        }
        state
    }

    /// What can be seen, and by whom.
    pub fn sights(&self) -> Vec<(&Person, String)> {
        let (admin, seller, buyer) = (&self.admin, &self.seller, &self.buyer);
        vec![
            (admin, "/auth/users".to_owned()),
            (buyer, "/auth/profile/addresses".to_owned()),
            (seller, format!("/products?seller_id={}", seller.id)),
            (seller, format!("/products/{}", self.product)),
            (seller, format!("/products/{}/inventory", self.product)),
            (seller, format!("/products/{}/inventory/movements", self.product)),
            (admin, "/categories".to_owned()),
            (seller, "/auction".to_owned()),
            (seller, format!("/auction/{}/events", self.live)),
            (seller, format!("/auction/{}/events", self.scheduled)),
            (buyer, format!("/auction/{}/me", self.live)),
            (seller, "/auction/blocked".to_owned()),
            (seller, "/streams".to_owned()),
            (seller, format!("/streams/{}/lots", self.stream)),
            (buyer, format!("/chat/stream/{}", self.stream)),
            (seller, format!("/chat/stream/{}/settings", self.stream)),
        ]
    }
}

impl Endpoint<'_> {
    /// Sends a body as it is, of this type or of none.
    pub async fn raw(&self, kind: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
        self.raw_as(self.who, kind, body).await
    }

    pub async fn raw_as(&self, who: &Person, kind: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
        let build = |request: reqwest::RequestBuilder| {
            let request = request.body(body.into());
            if let Some(kind) = kind { request.header("content-type", kind) } else { request }
        };
        who.send(self.method.clone(), &self.path, build).await
    }

    pub async fn json(&self, body: &Value) -> Answer {
        self.raw(Some("application/json"), body.to_string()).await
    }
}

const ADDRESS_NEEDS: &[&str] = &["name", "phone", "line1", "city", "postcode", "country"];

pub fn an_address() -> Value {
    json!({
        "name": "Ann Tan", "phone": "+60 12-345 6789", "line1": "1 Jalan Ampang", "line2": null,
        "city": "Kuala Lumpur", "state": "WP", "postcode": "50450", "country": "MY",
    })
}
