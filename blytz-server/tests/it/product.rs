//! The catalogue, its stock book and its tree of categories, over HTTP.

use std::time::Duration;

use blytz_core::{ProductId, UserId};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::house::{House, Person, UNKNOWN, each, items, money, text, with};

fn input(title: &str) -> Value {
    json!({
        "title": title, "description": "Thrown by hand", "price": money(12_500),
        "quantity": 3,
    })
}

/// The product that comes of it, and its id.
async fn create(seller: &Person, body: Value) -> (String, Value) {
    let product = seller.list(body).await;
    (text(&product["id"]), product)
}

fn titles(page: &Value) -> Vec<String> {
    each(page, "title")
}

/// Reserves a unit as a lot would.
async fn hold(house: &House, seller: &Person, id: &str) -> Result<(), blytz_server::error::Error> {
    let parts = house.app();
    let (seller, id): (UserId, ProductId) = (seller.id.parse().expect("an id"), id.parse().expect("an id"));
    let mut tx = parts.platform.db.begin_write().await.expect("a transaction");
    parts.catalog.hold_unit(&mut tx, seller, id, "lot", house.clock.now()).await?;
    tx.commit().await.expect("a commit");
    Ok(())
}

async fn release(house: &House, id: &str) -> Result<(), blytz_server::error::Error> {
    let parts = house.app();
    let mut tx = parts.platform.db.begin_write().await.expect("a transaction");
    parts.catalog.release_unit(&mut tx, id.parse().expect("an id"), "unsold", house.clock.now()).await?;
    tx.commit().await.expect("a commit");
    Ok(())
}

#[tokio::test]
async fn a_product_from_its_listing_to_its_archive() {
    let house = House::open().await;
    let (seller, other, buyer) = (house.seller("siti").await, house.seller("ravi").await, house.buyer("mei").await);

    house.nobody.post("/products", input("Vase")).await.refused(401, "unauthenticated");
    buyer.post("/products", input("Vase")).await.refused(403, "forbidden");
    let body = with(
        input("Vase"),
        json!({ "tags": ["blue"], "images": ["https://example.com/vase.jpg"], "weight_g": 900, "tax_class": "art" }),
    );
    let (id, product) = create(&seller, body).await;
    assert_eq!(
        product,
        json!({
            "id": id, "seller_id": seller.id, "title": "Vase", "description": "Thrown by hand", "category_id": null,
            "price": money(12_500), "status": "active", "tags": ["blue"],
            "images": ["https://example.com/vase.jpg"], "weight_g": 900, "tax_class": "art", "sku": null,
            "available": 3, "created_at": house.clock.now(), "updated_at": house.clock.now(),
        })
    );
    let path = format!("/products/{id}");
    assert_eq!(house.nobody.get(&path).await.expect(200), product);

    house.clock.advance(Duration::from_secs(1));
    let change = json!({ "title": "Blue vase", "weight_g": null, "price": money(9_900) });
    house.nobody.patch(&path, change.clone()).await.refused(401, "unauthenticated");
    buyer.patch(&path, change.clone()).await.refused(403, "forbidden");
    other.patch(&path, change.clone()).await.refused(403, "forbidden");
    let changed = seller.patch(&path, change).await.expect(200);
    let expected = with(
        product,
        json!({ "title": "Blue vase", "weight_g": null, "price": money(9_900), "updated_at": house.clock.now() }),
    );
    assert_eq!(changed, expected);
    assert_eq!(seller.patch(&path, json!({})).await.expect(200), expected, "nothing asked, nothing done");

    other.delete(&path).await.refused(403, "forbidden");
    for _ in 0..2 {
        seller.delete(&path).await.expect(204);
    }
    assert_eq!(seller.get(&path).await.expect(200)["status"], "archived");
    let hidden = other.get(&path).await;
    let random = other.get(format!("/products/{UNKNOWN}")).await;
    assert_eq!(hidden.without_request_id(), random.without_request_id(), "no difference to be seen");
    other.delete(&path).await.refused(404, "not_found");
    assert!(titles(&seller.get("/products").await.expect(200)).is_empty());
    assert_eq!(seller.patch(&path, json!({ "status": "active" })).await.expect(200)["status"], "active");
}

#[tokio::test]
async fn a_sku_is_one_products_among_its_sellers() {
    let house = House::open().await;
    let (seller, other) = (house.seller("siti").await, house.seller("ravi").await);
    let numbered = |title: &str, sku: &str| with(input(title), json!({ "sku": sku }));
    let (vase, product) = create(&seller, numbered("Vase", "V-1")).await;
    assert_eq!(product["sku"], "V-1");
    assert_eq!(house.nobody.get(format!("/products/{vase}")).await.expect(200)["sku"], "V-1");

    // Theirs alone: another seller counts by another book, and most products have no number at all.
    create(&other, numbered("Vase", "V-1")).await;
    let (bowl, plain) = create(&seller, input("Bowl")).await;
    create(&seller, input("Cup")).await;
    assert_eq!(plain["sku"], Value::Null);
    seller.post("/products", numbered("Vase again", "V-1")).await.refused(409, "sku_taken");
    let list = seller.get(format!("/products?seller_id={}", seller.id)).await.expect(200);
    assert_eq!(titles(&list).len(), 3, "nothing came of what was refused: {list}");

    let path = format!("/products/{bowl}");
    seller.patch(&path, json!({ "sku": "V-1", "title": "Bowl?" })).await.refused(409, "sku_taken");
    assert_eq!(house.nobody.get(&path).await.expect(200)["title"], "Bowl");
    assert_eq!(seller.patch(&path, json!({ "sku": "v-1" })).await.expect(200)["sku"], "v-1");

    // An archived product keeps its number until it is taken from it.
    let path = format!("/products/{vase}");
    seller.delete(&path).await;
    seller.post("/products", numbered("Vase", "V-1")).await.refused(409, "sku_taken");
    assert!(seller.patch(&path, json!({ "sku": null })).await.expect(200)["sku"].is_null());
    create(&seller, numbered("Vase", "V-1")).await;

    for wrong in ["", " V-2", "V-2 ", "V\n2", "V\t2", "V\u{200b}2", &"9".repeat(65)] {
        seller.post("/products", numbered("Vase", wrong)).await.refused_for("/sku");
    }
    create(&seller, numbered("Vase", &"\u{6642}".repeat(64))).await;
}

#[tokio::test]
async fn drafts_are_their_sellers_own() {
    let house = House::open().await;
    let (seller, other, admin) = (house.seller("siti").await, house.seller("ravi").await, house.admin().await);
    let (id, draft) = create(&seller, with(input("Draft"), json!({ "status": "draft" }))).await;
    create(&seller, input("Active")).await;
    assert_eq!(draft["status"], "draft");
    let path = format!("/products/{id}");
    for stranger in [&house.nobody, &other] {
        stranger.get(&path).await.refused(404, "not_found");
        assert_eq!(titles(&stranger.get("/products").await.expect(200)), ["Active"]);
        assert_eq!(titles(&stranger.get("/products?status=draft").await.expect(200)), [""; 0]);
        let theirs = format!("/products?seller_id={}", seller.id);
        assert_eq!(titles(&stranger.get(&theirs).await.expect(200)), ["Active"]);
    }
    other.patch(&path, json!({})).await.refused(404, "not_found");
    other.put(format!("{path}/inventory"), json!({ "on_hand": 1 })).await.refused(404, "not_found");
    for insider in [&seller, &admin] {
        assert_eq!(insider.get(&path).await.expect(200)["id"], id);
        assert_eq!(titles(&insider.get("/products?status=draft").await.expect(200)), ["Draft"]);
    }
    let own = seller.get(format!("/products?seller_id={}", seller.id)).await.expect(200);
    assert_eq!(titles(&own).len(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let (id, product) = create(&seller, input("Vase")).await;
    let price = |amount: Value, currency: &str| json!({ "price": { "amount": amount, "currency": currency } });
    for (change, pointer) in [
        (json!({ "title": "" }), "/title"),
        (json!({ "title": "x".repeat(201) }), "/title"),
        (json!({ "title": "a\u{7}" }), "/title"),
        (json!({ "description": "x".repeat(10_001) }), "/description"),
        (price(json!(0), "MYR"), "/price/amount"),
        (price(json!(-1), "MYR"), "/price/amount"),
        (price(json!(1.5), "MYR"), "/price/amount"),
        (price(json!("1"), "MYR"), "/price/amount"),
        (price(json!(9_007_199_254_740_992_i64), "MYR"), "/price/amount"),
        (price(json!(1), "myr"), "/price/currency"),
        (price(json!(1), "XXQ"), "/price/currency"),
        (json!({ "category_id": UNKNOWN }), "/category_id"),
        (json!({ "category_id": "vases" }), "/category_id"),
        (json!({ "weight_g": 0 }), "/weight_g"),
        (json!({ "images": ["ftp://example.com/a"] }), "/images/0"),
        (json!({ "tags": ["a", ""] }), "/tags/1"),
        (json!({ "status": "sold_out" }), "/status"),
        (json!({ "status": "gone" }), "/status"),
        (json!({ "seller_id": seller.id }), "/seller_id"),
    ] {
        for refused in [
            seller.post("/products", with(input("New"), change.clone())).await,
            seller.patch(format!("/products/{id}"), change.clone()).await,
        ] {
            refused.refused_for(pointer);
        }
    }
    for change in [json!({ "quantity": -1 }), json!({ "quantity": 1_000_001 }), json!({ "quantity": 1.0 })] {
        seller.post("/products", with(input("New"), change)).await.refused(422, "validation_failed");
    }
    for query in [
        "sort=random",
        "status=gone",
        "min_price=-1",
        "min_price=cheap",
        "limit=0",
        "limit=101",
        "cursor=nonsense",
        "category=vases",
        "seller_id=7",
    ] {
        house.nobody.get(format!("/products?{query}")).await.refused(422, "validation_failed");
    }
    house.nobody.get("/products/7").await.refused(404, "not_found");
    let page = house.nobody.get("/products").await.expect(200);
    assert_eq!(page, json!({ "items": [product], "next_cursor": null }));
}

#[tokio::test]
async fn lists_filter_sort_and_page() {
    let house = House::open().await;
    let (siti, ravi) = (house.seller("siti").await, house.seller("ravi").await);
    // Two share a price, two share a moment, and case does not sort.
    for (title, amount, quantity, tags, seller, pause) in [
        ("Celadon bowl", 3_000, 1, json!(["green"]), &siti, 1),
        ("blue vase", 2_000, 2, json!(["100%"]), &ravi, 0),
        ("Amber ring", 2_000, 0, json!([]), &siti, 1),
        ("Dragon scroll", 9_000, 1, json!(["a_b"]), &siti, 1),
        ("Ébène box", 500, 1, json!([]), &ravi, 1),
    ] {
        let changes = json!({ "price": money(amount), "quantity": quantity, "tags": tags });
        create(seller, with(input(title), changes)).await;
        house.clock.advance(Duration::from_secs(pause));
    }
    let list = async |query: &str| house.nobody.get(format!("/products?{query}")).await.expect(200);
    for (query, expected) in [
        ("q=vase", vec!["blue vase"]),
        ("q=VASE%20blue", vec!["blue vase"]),
        ("q=vase%20green", vec![]),
        ("q=hand%20by%20thrown%20bowl%20celadon", vec!["Celadon bowl"]),
        ("q=celadon%20bowl%20thrown%20by%20hand", vec!["Celadon bowl"]),
        ("q=100%25", vec!["blue vase"]),
        ("q=_", vec!["Dragon scroll"]),
        // Composed, decomposed, full width, without case; short words, and within words.
        ("q=%C3%A9B%C3%A8ne", vec!["Ébène box"]),
        ("q=e%CC%81be%CC%80NE", vec!["Ébène box"]),
        ("q=%EF%BC%A2%EF%BC%AF%EF%BC%B8", vec!["Ébène box"]),
        ("q=scr%20ag%20r", vec!["Dragon scroll"]),
        ("q=%22", vec![]),
        ("q=box%22", vec![]),
        ("min_price=2001&max_price=9000&sort=price_asc", vec!["Celadon bowl", "Dragon scroll"]),
        ("status=sold_out", vec!["Amber ring"]),
        ("status=active&max_price=2000&sort=price_asc", vec!["Ébène box", "blue vase"]),
        ("status=archived", vec![]),
        ("sort=title", vec!["Amber ring", "blue vase", "Celadon bowl", "Dragon scroll", "Ébène box"]),
        (&format!("seller_id={}&sort=title", ravi.id), vec!["blue vase", "Ébène box"]),
    ] {
        assert_eq!(titles(&list(query).await), expected, "{query}");
    }
    for sort in ["newest", "oldest", "price_asc", "price_desc", "title"] {
        let whole = list(&format!("sort={sort}")).await;
        assert_eq!(whole["next_cursor"], Value::Null);
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = list(&format!("sort={sort}&limit=1{cursor}")).await;
            paged.extend(items(&page).cloned());
            let Some(next) = page["next_cursor"].as_str() else { break };
            let elsewhere =
                format!("/products?sort={}&cursor={next}", if sort == "title" { "newest" } else { "title" });
            house.nobody.get(&elsewhere).await.refused(422, "validation_failed");
            cursor = format!("&cursor={next}");
        }
        assert_eq!(Value::from(paged), whole["items"], "{sort}");
    }
    let newest = list("sort=newest").await;
    assert_eq!(titles(&newest), titles(&list("").await));
    assert_eq!(titles(&newest)[..2], ["Ébène box", "Dragon scroll"]);
}

#[tokio::test]
async fn the_stock_book_adds_up() {
    let house = House::open().await;
    let (seller, other) = (house.seller("siti").await, house.seller("ravi").await);
    let (id, _) = create(&seller, input("Vase")).await;
    let (product, stock) = (format!("/products/{id}"), format!("/products/{id}/inventory"));
    let stands = async |on_hand: i64, reserved: i64| {
        let expected = json!({ "on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved });
        assert_eq!(seller.get(&stock).await.expect(200), expected);
    };
    stands(3, 0).await;
    house.nobody.get(&stock).await.refused(401, "unauthenticated");
    for path in [&stock, &format!("{stock}/movements")] {
        other.get(path).await.refused(403, "forbidden");
    }

    assert_eq!(hold(&house, &other, &id).await.expect_err("not theirs").status(), 403);
    for _ in 0..3 {
        hold(&house, &seller, &id).await.expect("a unit");
    }
    stands(3, 3).await;
    assert_eq!(hold(&house, &seller, &id).await.expect_err("none left").code().as_str(), "out_of_stock");
    assert_eq!(house.nobody.get(&product).await.expect(200)["status"], "sold_out");

    seller.put(&stock, json!({ "on_hand": 2 })).await.refused(409, "conflict");
    let adjust = format!("{stock}/adjust");
    seller.post(&adjust, json!({ "delta": -1, "reason": "broken" })).await.refused(409, "conflict");
    seller
        .patch(&product, json!({ "price": { "amount": 1, "currency": "SGD" } }))
        .await
        .refused(422, "currency_mismatch");
    seller.patch(&product, json!({ "title": null })).await.refused(422, "validation_failed");
    seller.patch(&product, json!({ "status": "draft" })).await.refused(409, "conflict");
    for (path, body) in [
        (&adjust, json!({ "delta": 0, "reason": "nothing" })),
        (&adjust, json!({ "delta": 1 })),
        (&adjust, json!({ "delta": 1, "reason": "" })),
        (&adjust, json!({ "delta": 1_000_000, "reason": "too many" })),
    ] {
        seller.post(path, body).await.refused(422, "validation_failed");
    }
    stands(3, 3).await;

    release(&house, &id).await.expect("a unit back");
    house.clock.advance(Duration::from_secs(1));
    let answer = seller.post(&adjust, json!({ "delta": -1, "reason": "broken" })).await.expect(200);
    assert_eq!(answer, json!({ "on_hand": 2, "reserved": 2, "available": 0 }));
    seller.put(&stock, json!({ "on_hand": 7 })).await.expect(200);
    stands(7, 2).await;
    assert_eq!(house.nobody.get(&product).await.expect(200)["available"], 5);

    let book = seller.pages(format!("{stock}/movements?limit=3")).await;
    let lines: Vec<_> =
        book.iter().map(|line| json!([line["kind"], line["delta"], line["reason"], line["on_hand_after"]])).collect();
    assert_eq!(
        lines,
        [
            json!(["set", 5, null, 7]),
            json!(["adjust", -1, "broken", 2]),
            json!(["release", 1, "unsold", 3]),
            json!(["reserve", 1, "lot", 3]),
            json!(["reserve", 1, "lot", 3]),
            json!(["reserve", 1, "lot", 3]),
            json!(["initial", 3, null, 3]),
        ]
    );
    for bad in ["cursor=x", "limit=0"] {
        seller.get(format!("{stock}/movements?{bad}")).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn only_active_products_can_be_held() {
    let house = House::open().await;
    let (seller, other) = (house.seller("siti").await, house.seller("ravi").await);
    let (id, _) = create(&seller, with(input("Draft"), json!({ "status": "draft" }))).await;
    for status in ["draft", "archived"] {
        seller.patch(format!("/products/{id}"), json!({ "status": status })).await.expect(200);
        assert_eq!(hold(&house, &seller, &id).await.expect_err("not on sale").code().as_str(), "conflict");
        assert_eq!(hold(&house, &other, &id).await.expect_err("not to be seen").status(), 404);
    }
    assert_eq!(hold(&house, &seller, &seller.id).await.expect_err("unknown").status(), 404);
    assert!(release(&house, &id).await.is_err(), "nothing was held");
}

#[tokio::test]
async fn changes_at_the_same_moment_all_count() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let (id, _) = create(&seller, with(input("Vase"), json!({ "quantity": 0 }))).await;
    let adjust = format!("/products/{id}/inventory/adjust");
    let body = json!({ "delta": 1, "reason": "found" });
    let all = join_all((0..20).map(|_| seller.post(&adjust, body.clone()))).await;
    let mut seen: Vec<i64> =
        all.into_iter().map(|answer| answer.expect(200)["on_hand"].as_i64().expect("a number")).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<_>>(), "each saw its own");
}

#[tokio::test]
async fn categories_are_a_tree_that_admins_shape() {
    let house = House::open().await;
    let (admin, seller) = (house.admin().await, house.seller("siti").await);
    let make = async |name: &str, parent: Option<&str>| {
        text(&admin.post("/categories", json!({ "name": name, "parent_id": parent })).await.expect(201)["id"])
    };
    seller.post("/categories", json!({ "name": "Art" })).await.refused(403, "forbidden");
    house.nobody.post("/categories", json!({ "name": "Art" })).await.refused(401, "unauthenticated");
    let art = make("Art", None).await;
    let vases = make("Vases", Some(&art)).await;
    let blue = make("Blue", Some(&vases)).await;
    make("Blue", Some(&art)).await;
    for (name, parent) in [("art", None), ("VASES", Some(&art))] {
        admin.post("/categories", json!({ "name": name, "parent_id": parent })).await.refused(409, "conflict");
    }
    admin.post("/categories", json!({ "name": "X", "parent_id": admin.id })).await.refused(422, "validation_failed");
    admin.post("/categories", json!({ "name": "" })).await.refused(422, "validation_failed");

    let path = |id: &str| format!("/categories/{id}");
    assert_eq!(
        house.nobody.get(path(&vases)).await.expect(200),
        json!({ "id": vases, "parent_id": art, "name": "Vases" })
    );
    for parent in [&art, &vases, &blue] {
        let moved = admin.patch(path(&art), json!({ "parent_id": parent })).await;
        moved.refused(422, "validation_failed");
    }
    let whole = house.nobody.get("/categories").await.expect(200);
    assert_eq!(each(&whole, "name"), ["Art", "Blue", "Blue", "Vases"]);
    let first = house.nobody.get("/categories?limit=3").await.expect(200);
    let next = format!("/categories?limit=3&cursor={}", text(&first["next_cursor"]));
    assert_eq!(each(&house.nobody.get(&next).await.expect(200), "name"), ["Vases"]);

    let (id, product) = create(&seller, with(input("Vase"), json!({ "category_id": blue }))).await;
    assert_eq!(product["category_id"], blue);
    for (category, expected) in [(&art, 1), (&vases, 1), (&blue, 1), (&seller.id, 0)] {
        let page = house.nobody.get(format!("/products?category={category}")).await.expect(200);
        assert_eq!(titles(&page).len(), expected);
    }
    admin.delete(path(&vases)).await.refused(409, "conflict");
    admin.delete(path(&blue)).await.refused(409, "conflict");
    seller.patch(format!("/products/{id}"), json!({ "category_id": null })).await.expect(200);
    seller.delete(path(&blue)).await.refused(403, "forbidden");
    admin.delete(path(&blue)).await.expect(204);
    admin.delete(path(&blue)).await.refused(404, "not_found");
    let renamed = admin.patch(path(&vases), json!({ "name": "Pots", "parent_id": null })).await.expect(200);
    assert_eq!(renamed, json!({ "id": vases, "parent_id": null, "name": "Pots" }));
}
