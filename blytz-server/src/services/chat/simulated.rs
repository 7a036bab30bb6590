//! Chats in a simulated house: see [`crate::channel::tests`].

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use blytz_core::{
    MessageId, StreamId, Timestamp, UserId,
    auction::Outage,
    chat::{
        Answer, Chat, Command, Draft, Head, LONGEST_SLOW_MODE_MS, Member, Participant, RateWindow, Restriction,
        STAFF_LIMIT, USER_LIMIT, WINDOW_S, Write,
    },
    wire::{
        ErrorCode,
        account::PublicUser,
        chat::{ChatEvent, ChatEventData, ChatSettings, Message, ShowRole},
    },
};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

use super::ledger::{Batch, ChatLedger, ChatStore};
use crate::{
    Clock,
    channel::{
        Entry, Unwritten, Verdicts,
        tests::{
            disk::{Disk, Tables, Transaction, random_id},
            sim::{self, Kind, NOW, Told},
        },
    },
    error::Result,
};

/// So many people that some write too often, and most do not. The first of them moderate.
const PEOPLE: u128 = 600;
const STAFF: u128 = 3;

/// All shows' chats.
#[derive(Default)]
struct Shelf {
    chats: BTreeMap<StreamId, Rows>,
    messages: BTreeMap<MessageId, Message>,
    /// Whose they are.
    sent: HashMap<UserId, Vec<MessageId>>,
}

#[derive(Default)]
struct Rows {
    head: Head,
    /// The log as it was first written.
    log: Vec<Entry>,
    /// The log as it is now: what was erased is gone.
    events: Vec<Entry>,
    members: HashMap<UserId, Member>,
    /// What was said, in order.
    messages: Vec<MessageId>,
}

impl Shelf {
    fn window(&self, user: UserId, now: Timestamp) -> RateWindow {
        let since = now.plus_millis(-WINDOW_S * 1_000);
        let mut sent: Vec<_> = self.of(user).map(|message| message.at).filter(|at| *at > since).collect();
        sent.sort_unstable();
        let skip = sent.len().saturating_sub(STAFF_LIMIT);
        sent.into_iter().skip(skip).collect()
    }

    fn of(&self, user: UserId) -> impl Iterator<Item = &Message> {
        self.sent.get(&user).into_iter().flatten().map(|id| &self.messages[id])
    }
}

impl Tables for Shelf {
    type Batch = Batch;

    fn channel(batch: &Batch) -> Uuid {
        batch.stream.uuid()
    }

    fn check(&self, batch: &Batch) -> bool {
        let is_free = self.chats[&batch.stream].head.seq == batch.from;
        let is_new = batch.writes.iter().all(|write| match write {
            Write::Message(message) => !self.messages.contains_key(&message.id),
            Write::Erase(_) | Write::Ruling(_) => true,
        });
        let mut windows = batch.windows.iter();
        let holds = windows.all(|(user, window)| self.window(*user, batch.windows_at) == *window);
        is_free && is_new && holds
    }

    fn apply(&mut self, batch: &Batch) {
        let rows = self.chats.get_mut(&batch.stream).expect("a chat");
        rows.head = batch.to.clone();
        rows.log.extend(batch.events.iter().cloned());
        rows.events.extend(batch.events.iter().cloned());
        for write in &batch.writes {
            match write {
                Write::Message(message) => {
                    self.sent.entry(message.user.id).or_default().push(message.id);
                    rows.messages.push(message.id);
                    self.messages.insert(message.id, message.clone());
                }
                Write::Erase(erased) => {
                    self.messages.insert(erased.id, erased.clone());
                    let data = ChatEventData::Message {
                        id: erased.id,
                        user: erased.user.clone(),
                        text: String::new(),
                        deleted: true,
                    };
                    let event = ChatEvent { seq: erased.seq, at: erased.at, data };
                    let json = serde_json::to_string(&event).expect("JSON").into();
                    rows.events[place(erased.seq)] = Entry { seq: erased.seq, json };
                }
                Write::Ruling(ruling) => drop(rows.members.insert(ruling.user_id, ruling.member)),
            }
        }
    }
}

fn place(seq: u64) -> usize {
    usize::try_from(seq).expect("a seq") - 1
}

impl ChatStore for Disk<Shelf> {
    type Tx = Transaction;

    async fn chat(&self, stream: StreamId, now: Timestamp) -> Result<Chat> {
        let since = now.plus_millis(-LONGEST_SLOW_MODE_MS);
        let chat = |shelf: &Shelf| {
            let rows = &shelf.chats[&stream];
            let said = rows.messages.iter().rev().map(|id| &shelf.messages[id]);
            let here = said.take_while(|message| message.at > since);
            let mut spoke: HashMap<UserId, Timestamp> = HashMap::new();
            for message in here {
                let last = spoke.entry(message.user.id).or_insert(message.at);
                *last = message.at.max(*last);
            }
            let (head, members) = (rows.head.clone(), rows.members.clone());
            Chat { stream_id: stream, head, members, spoke, swept_at: now }
        };
        self.read(chat).await
    }

    async fn head(&self, stream: StreamId) -> Result<Option<u64>> {
        Self::head(self, |shelf| Some(shelf.chats[&stream].head.seq)).await
    }

    async fn events_after(&self, stream: StreamId, after: u64) -> Result<Vec<Entry>> {
        let skip = usize::try_from(after).expect("a seq");
        self.read(|shelf| shelf.chats[&stream].events.iter().skip(skip).take(20).cloned().collect()).await
    }

    async fn messages(&self, ids: &[MessageId]) -> Result<HashMap<MessageId, Message>> {
        let found = |shelf: &Shelf| {
            let messages = ids.iter().filter_map(|id| shelf.messages.get(id));
            messages.map(|message| (message.id, message.clone())).collect()
        };
        self.read(found).await
    }

    async fn windows(&self, people: &[UserId], now: Timestamp) -> Result<HashMap<UserId, RateWindow>> {
        self.read(|shelf| people.iter().map(|user| (*user, shelf.window(*user, now))).collect()).await
    }

    async fn begin(&self) -> Result<Transaction, Unwritten> {
        Disk::begin(self).await
    }

    async fn hold(&self, id: StreamId) -> Result<Option<Transaction>, Unwritten> {
        Disk::hold(self, id.uuid()).await
    }

    async fn write(&self, tx: Transaction, batches: &[Arc<Batch>]) -> Verdicts {
        Disk::write(self, tx, batches).await
    }
}

struct Chats;

impl Chats {
    fn draft(chance: &mut StdRng) -> Draft {
        // A few can't stop: they are at their limit all the time, in several shows at once.
        let number =
            if chance.random_bool(0.4) { STAFF + chance.random_range(0..4) } else { chance.random_range(0..PEOPLE) };
        let role = (number < STAFF).then_some(ShowRole::Moderator);
        Draft {
            user: PublicUser { id: UserId(Uuid::from_u128(number)), display_name: format!("person {number}") },
            participant: Participant { role, suspended: false, joined_at: NOW },
            follows: false,
            name_reserved: false,
            live: true,
            message_id: MessageId(random_id(chance)),
            text: ["hello", "nice vase", "a scam", "sold!"].choose(chance).map(|text| (*text).to_owned()).expect("one"),
        }
    }
}

impl Kind for Chats {
    type Tables = Shelf;
    type Ledger = ChatLedger<Disk<Shelf>>;

    fn tables(chance: &mut StdRng) -> Shelf {
        let chats = (0..5).map(|_| (StreamId(random_id(chance)), Rows::default())).collect();
        Shelf { chats, ..Shelf::default() }
    }

    fn channels(shelf: &Shelf) -> Vec<StreamId> {
        shelf.chats.keys().copied().collect()
    }

    fn ledger(disk: &Disk<Shelf>, clock: &Clock) -> Self::Ledger {
        ChatLedger::new(disk.clone(), clock.clone())
    }

    fn log(shelf: &Shelf, id: StreamId) -> Vec<Entry> {
        shelf.chats[&id].log.clone()
    }

    fn rewritten(shelf: &Shelf, id: StreamId) -> Vec<Entry> {
        shelf.chats[&id].events.clone()
    }

    fn command(shelf: &Shelf, id: StreamId, _now: Timestamp, chance: &mut StdRng) -> Command {
        let message_id = shelf.chats[&id].messages.choose(chance).copied();
        let user_id = UserId(Uuid::from_u128(chance.random_range(STAFF..PEOPLE)));
        let by = UserId(Uuid::from_u128(0));
        match (chance.random_range(0..100), message_id) {
            (0..4, Some(message_id)) => Command::Delete { message_id },
            (4..6, message_id) => Command::Pin { message_id },
            (6..9, _) => {
                let restriction = *[Restriction::Mute { seconds: 5 }, Restriction::Ban, Restriction::Lift]
                    .choose(chance)
                    .expect("one of three");
                Command::Restrict { user_id, restriction, reason: None, by }
            }
            (9, _) => Command::Settings(ChatSettings {
                slow_mode_s: chance.random_range(0..3),
                blocked_terms: if chance.random() { vec!["scam".to_owned()] } else { Vec::new() },
                ..ChatSettings::default()
            }),
            _ => Command::Send(Self::draft(chance)),
        }
    }

    fn check(shelf: &Shelf, told: &Told<Self>) {
        let rows = &shelf.chats[&told.id];
        match (&told.command, &told.answer) {
            (Command::Send(draft), Ok(Answer::Written(message) | Answer::Replayed(message))) => {
                let stored = &shelf.messages[&draft.message_id];
                assert_eq!((stored.seq, stored.at, stored.user.id), (message.seq, message.at, draft.user.id));
                assert_eq!(stored.text, if stored.deleted { "" } else { &*message.text });
                let event: ChatEvent = serde_json::from_str(&rows.log[place(message.seq)].json).expect("an event");
                assert!(matches!(event.data, ChatEventData::Message { id, .. } if id == draft.message_id));
            }
            (Command::Delete { message_id }, Ok(_)) => assert!(shelf.messages[message_id].deleted),
            (Command::Send(draft), Err(error)) => match error.code() {
                ErrorCode::RateLimited => {
                    assert!(shelf.of(draft.user.id).count() >= USER_LIMIT, "{error}");
                }
                ErrorCode::Banned | ErrorCode::Muted => assert!(rows.members.contains_key(&draft.user.id)),
                ErrorCode::MessageBlocked => assert_eq!(draft.text, "a scam"),
                ErrorCode::SlowMode => assert!(shelf.of(draft.user.id).any(|message| message.stream_id == told.id)),
                _ => panic!("{error} for {draft:?}"),
            },
            (Command::Pin { .. }, Err(error)) => assert_eq!(error.code(), ErrorCode::NotFound),
            (Command::Pin { .. } | Command::Restrict { .. } | Command::Settings(_), Ok(_)) => {}
            (command, answer) => panic!("{answer:?} for {command:?}"),
        }
    }

    fn check_all(shelf: &Shelf, told: &[Told<Self>], _outages: &[Outage]) {
        let sent = |told: &Told<Self>| match &told.command {
            Command::Send(draft) => Some(draft.message_id),
            _ => None,
        };
        let accepted: HashSet<_> = told.iter().filter(|one| one.answer.is_ok()).filter_map(sent).collect();
        let stands: HashSet<_> = shelf.messages.keys().copied().collect();
        assert_eq!(accepted, stands, "what was accepted stands, what was refused does not, and nobody's does");
        let mut logged = HashSet::new();
        for rows in shelf.chats.values() {
            assert_eq!(rows.head.seq as usize, rows.events.len());
            for entry in &rows.events {
                let event: ChatEvent = serde_json::from_str(&entry.json).expect("an event");
                if let ChatEventData::Message { id, text, deleted, .. } = event.data {
                    assert!(logged.insert(id), "a message stands in the log once");
                    let message = &shelf.messages[&id];
                    assert_eq!((&text, deleted), (&message.text, message.deleted), "what is erased is gone");
                }
            }
        }
        assert_eq!(logged, stands);
        for number in 0..PEOPLE {
            let mut sent: Vec<_> = shelf.of(UserId(Uuid::from_u128(number))).map(|message| message.at).collect();
            sent.sort_unstable();
            let limit = if number < STAFF { STAFF_LIMIT } else { USER_LIMIT };
            let crowded = sent.windows(limit + 1).any(|many| many[limit].micros_since(many[0]) < WINDOW_S * 1_000_000);
            assert!(!crowded, "person {number} wrote too often, over all shows");
        }
    }
}

#[test]
fn whatever_fails_each_message_stands_once_or_was_refused() {
    sim::stands_whatever_fails::<Chats>(4);
}

#[test]
fn who_writes_alone_tells_every_event_once() {
    sim::stands_alone::<Chats>(5);
}

#[test]
fn the_same_seed_gives_the_same_chats() {
    sim::repeats_itself::<Chats>(5);
}
