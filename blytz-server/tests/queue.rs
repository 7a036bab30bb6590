//! A show's queue, and whom its changes reach. A program of its own, as it reads the process's metrics.

mod actors;
mod lots;

use actors::TestApp;
use blytz_core::wire::live::MAX_FRAME;
use blytz_server::platform::hub::{Mailbox, Topic};
use lots::{bid, live_lot, lot, product, rules, start, text};
use serde_json::{Value, json};

/// How often rooms have been woken by now, all together.
async fn woken(app: &TestApp) -> u64 {
    let url = format!("{}/metrics", app.running.url());
    let metrics = reqwest::get(url).await.expect("an answer").text().await.expect("text");
    let count = metrics.lines().find_map(|line| line.strip_prefix("blytz_room_queue_count "));
    count.map_or(0, |count| count.parse().expect("a number"))
}

#[tokio::test]
async fn only_rooms_whose_lot_came_or_went_hear_of_a_queue() {
    let app = TestApp::start().await;
    let (seller, other) = (app.with_role("seller", "seller").await, app.with_role("other", "seller").await);
    let ann = app.buyer("ann").await;
    for _ in 0..5 {
        live_lot(&app, &other, rules(json!({}))).await;
    }
    let mut shows = Vec::new();
    for title in ["Morning", "Evening"] {
        let show = text(&app.post(Some(&seller), "/streams", json!({ "title": title })).await.expect(201)["id"]);
        app.post(Some(&seller), &format!("/streams/{show}/start"), json!({})).await.expect(200);
        shows.push(show);
    }
    let [morning, evening] = [&shows[0], &shows[1]];
    let (stays, comes) = (lot(&app, &seller, rules(json!({}))).await, live_lot(&app, &seller, rules(json!({}))).await);
    let put = async |show: &str, lots: &[&String]| {
        let body = json!({ "auction_ids": lots });
        app.put(Some(&seller), &format!("/streams/{show}/lots"), body).await.expect(200)
    };
    put(morning, &[&stays]).await;
    start(&app, &seller, &stays).await;

    let before = woken(&app).await;
    assert!(before > 0, "the metric is there");
    put(morning, &[&comes, &stays]).await;
    put(morning, &[&stays, &comes]).await;
    // A room hears of it in its own time; a bid stands behind it.
    bid(&app, &ann, &comes, json!({ "buy_now": true })).await.refused(409, "buy_now_unavailable");
    let told = woken(&app).await - before;
    assert!((1..=2).contains(&told), "one room came, and was asked once: {told}");

    // What it heard is so: its news go to the show it is in.
    let mut watcher = app.running.app().platform.hub.open();
    watcher.subscribe(Topic::Stream(morning.parse().expect("an id")));
    let cancel = json!({ "reason": "broken" });
    app.post(Some(&seller), &format!("/auction/{comes}/cancel"), cancel).await.expect(200);
    let (_, news) = news_of(&mut watcher, "lot").await;
    assert_eq!(news["auction_id"], json!(comes));

    // One that goes hears of it, too.
    put(morning, &[&stays]).await;
    assert_eq!(put(evening, &[&comes]).await["items"][0]["id"], json!(comes));
}

/// The next news of a kind, and the length of their frame. How many watch is told in between.
async fn news_of(watcher: &mut Mailbox, kind: &str) -> (usize, Value) {
    loop {
        let delivery = watcher.recv().await.expect("news");
        for frame in &*delivery.frames {
            let news: Value = serde_json::from_str(&frame.text).expect("JSON");
            if news["update"]["kind"] == kind {
                return (frame.text.len(), news["update"]["data"].clone());
            }
        }
    }
}

/// However many lots a show has, its queue fits a frame.
#[tokio::test]
async fn a_long_queue_fits_a_frame() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let show = text(&app.post(Some(&seller), "/streams", json!({ "title": "Endless" })).await.expect(201)["id"]);
    let product = product(&app, &seller, 2_000).await;
    let lot = json!({ "product_id": product, "stream_id": show, "rules": rules(json!({})) });
    for _ in 0..1_001 {
        app.post(Some(&seller), "/auction", lot.clone()).await.expect(201);
    }
    let mut watcher = app.running.app().platform.hub.open();
    watcher.subscribe(Topic::Stream(show.parse().expect("an id")));
    app.post(Some(&seller), "/auction", lot).await.expect(201);
    let (length, news) = news_of(&mut watcher, "lots").await;
    assert!(length <= MAX_FRAME, "{length} bytes");
    assert_eq!(news["auction_ids"].as_array().map(Vec::len), Some(1_000));
}
