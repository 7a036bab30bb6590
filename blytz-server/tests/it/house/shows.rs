use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Answer, Lot, Person, text};

/// A show. In a path and in a body it stands as its id.
pub struct Show {
    pub id: String,
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl Serialize for Show {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

impl Person {
    /// A show that is not live yet.
    pub async fn announce(&self, title: &str) -> Show {
        Show { id: text(&self.post("/streams", json!({ "title": title })).await.expect(201)["id"]) }
    }

    /// A live show.
    pub async fn host(&self, title: &str) -> Show {
        let show = self.announce(title).await;
        self.go_live(&show).await.expect(200);
        show
    }

    pub async fn go_live(&self, show: &Show) -> Answer {
        self.post(format!("/streams/{show}/start"), json!({})).await
    }

    pub async fn end(&self, show: &Show) -> Answer {
        self.post(format!("/streams/{show}/end"), json!({})).await
    }

    /// Puts these lots, and no others, into the show's queue, in this order.
    pub async fn queue(&self, show: &Show, lots: &[&Lot]) -> Answer {
        self.put(format!("/streams/{show}/lots"), json!({ "auction_ids": lots })).await
    }

    pub async fn say(&self, show: impl Serialize, text: &str) -> Answer {
        self.post("/chat/send", json!({ "stream_id": show, "text": text })).await
    }

    /// The same under an id of the test's.
    pub async fn say_as(&self, message_id: &str, show: &Show, text: &str) -> Answer {
        self.post("/chat/send", json!({ "stream_id": show, "message_id": message_id, "text": text })).await
    }

    /// Does something to a show's chat: mutes, bans, unbans, pins.
    pub async fn moderate(&self, show: &Show, verb: &str, body: Value) -> Answer {
        self.post(format!("/chat/stream/{show}/{verb}"), body).await
    }

    pub async fn settings(&self, show: &Show) -> Answer {
        self.get(format!("/chat/stream/{show}/settings")).await
    }

    pub async fn set(&self, show: &Show, settings: Value) -> Answer {
        self.put(format!("/chat/stream/{show}/settings"), settings).await
    }
}
