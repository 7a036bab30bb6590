//! A show's queue, and whom its changes reach.

use blytz_core::wire::live::MAX_FRAME;
use blytz_server::platform::hub::{Mailbox, Topic};
use serde_json::{Value, json};

use crate::{
    document::witness::client,
    house::{House, buy_now, product, rules},
};

/// How often auctions' rooms have been woken by now, all together.
async fn woken(house: &House) -> u64 {
    let url = format!("{}/metrics", house.running.url());
    let metrics = client().get(url).send().await.expect("an answer").text().await.expect("text");
    let count = metrics.lines().find_map(|line| line.strip_prefix("blytz_room_queue_count{kind=\"auction\"} "));
    count.map_or(0, |count| count.parse().expect("a number"))
}

#[tokio::test]
async fn a_queue_wakes_no_room_and_the_news_of_its_lots_go_to_the_show_they_are_in() {
    let house = House::open().await;
    let (seller, ann) = (house.seller("sita").await, house.buyer("ann").await);
    let (morning, evening) = (seller.host("Morning").await, seller.host("Evening").await);
    let (stays, comes) = (seller.put_up(rules()).await, seller.put_up(rules()).await);
    ann.bid(&comes, buy_now()).await.refused(409, "auction_not_live");

    let before = woken(&house).await;
    assert!(before > 0, "the metric is there");
    seller.queue(&evening, &[&comes]).await.expect(200);
    seller.queue(&morning, &[&comes, &stays]).await.expect(200);
    seller.queue(&morning, &[&stays, &comes]).await.expect(200);
    assert_eq!(woken(&house).await, before);

    let mut watcher = house.app().platform.hub.open();
    watcher.subscribe(Topic::Stream(morning.id.parse().expect("an id")));
    seller.cancel(&comes, "broken").await.expect(200);
    let (_, news) = news_of(&mut watcher, "lot").await;
    assert_eq!(news["auction_id"], json!(comes));
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
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let show = seller.announce("Endless").await;
    let product = seller.list(product(2_000)).await["id"].take();
    let lot = json!({ "product_id": product, "stream_id": show, "rules": rules() });
    for _ in 0..1_001 {
        seller.post("/auction", lot.clone()).await.expect(201);
    }
    let mut watcher = house.app().platform.hub.open();
    watcher.subscribe(Topic::Stream(show.id.parse().expect("an id")));
    seller.post("/auction", lot).await.expect(201);
    let (length, news) = news_of(&mut watcher, "lots").await;
    assert!(length <= MAX_FRAME, "{length} bytes");
    assert_eq!(news["auction_ids"].as_array().map(Vec::len), Some(1_000));
}
