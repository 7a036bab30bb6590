//! What a room does when its database or another node gets in the way.

use blytz_core::{
    StreamId, Timestamp, UserId,
    chat::{Answer, Command, Draft, Participant},
    wire::{
        account::PublicUser,
        chat::{ChatEvent, ChatEventData, Message},
    },
};

use super::{Chats, store};
use crate::{
    Clock, Config, Server,
    clock::new_id,
    db::{Run, on_tx},
    error::Result,
    platform::hub::{Mailbox, Topic},
    serve::Embedded,
};

const NOW: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);
const STREAM: StreamId = StreamId(uuid::Uuid::from_u128(7));
const MEI: UserId = UserId(uuid::Uuid::from_u128(8));

async fn open(folder: &tempfile::TempDir) -> Embedded {
    let config = Config::in_folder(folder.path());
    Server::builder().config(config).clock(Clock::manual(NOW)).open().await.expect("a server")
}

async fn say(chats: &Chats, text: &str) -> Result<Message> {
    let draft = Draft {
        user: PublicUser { id: MEI, display_name: "mei".to_owned() },
        participant: Participant { role: None, suspended: false, joined_at: NOW },
        follows: false,
        name_reserved: false,
        live: true,
        message_id: new_id(&chats.platform.clock),
        text: text.to_owned(),
    };
    match chats.command(STREAM, Command::Send(draft)).await? {
        Answer::Written(message) => Ok(message),
        other => panic!("{other:?} for a new message"),
    }
}

fn heard(mailbox: &mut Mailbox) -> Vec<Option<u64>> {
    std::iter::from_fn(|| mailbox.try_recv())
        .flat_map(|delivery| delivery.frames.iter().map(|frame| frame.seq).collect::<Vec<_>>())
        .collect()
}

/// Runs a statement that no service would.
async fn tamper(chats: &Chats, sql: &'static str) {
    let mut tx = chats.platform.db.begin_write().await.expect("a transaction");
    on_tx!(tx, conn => sqlx::query(sql).run(conn).await).expect("a statement");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn what_was_not_written_was_not_said_and_counts_for_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = open(&folder).await;
    let chats = &server.app().chats;
    let mut mailbox = server.app().platform.hub.open();
    mailbox.subscribe(Topic::Chat(STREAM));
    say(chats, "one").await.expect("written");
    tamper(chats, "alter table chat_messages rename to elsewhere").await;
    for _ in 0..30 {
        assert_eq!(say(chats, "lost").await.expect_err("not written").status(), 500);
    }
    tamper(chats, "alter table elsewhere rename to chat_messages").await;
    assert_eq!(say(chats, "two").await.expect("no limit was used up").seq, 2);
    assert_eq!(heard(&mut mailbox), [Some(1), Some(2)]);
    assert_eq!(chats.events_after(STREAM, 0, 9).await.expect("events").len(), 2);
}

#[tokio::test]
async fn what_another_node_wrote_is_said_before_what_follows() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = open(&folder).await;
    let chats = &server.app().chats;
    let mut mailbox = server.app().platform.hub.open();
    mailbox.subscribe(Topic::Chat(STREAM));
    say(chats, "one").await.expect("written");

    let mut head = store::head(&chats.platform.db, STREAM).await.expect("a head");
    head.seq += 1;
    head.at = NOW.plus_millis(5);
    let event = ChatEvent { seq: 2, at: head.at, data: ChatEventData::Pinned { message_id: None } };
    let mut tx = chats.platform.db.begin_write().await.expect("a transaction");
    let json = serde_json::to_string(&event).expect("JSON");
    store::append(&mut tx, STREAM, 2, &json).await.expect("appended");
    assert!(store::move_head(&mut tx, STREAM, 1, &head).await.expect("moved"));
    tx.commit().await.expect("a commit");

    let message = say(chats, "three").await.expect("written");
    assert_eq!((message.seq, message.at), (3, NOW.plus_millis(5).plus_micros(1)));
    assert_eq!(heard(&mut mailbox), [Some(1), Some(2), Some(3)]);
}
