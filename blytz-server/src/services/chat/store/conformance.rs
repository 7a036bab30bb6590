//! Chats on both databases: see [`crate::db::conformance`].

use std::collections::{BTreeMap, HashMap};

use blytz_core::{
    MessageId, StreamId, UserId,
    chat::{Head, Member, Ruling, Write},
    wire::chat::{Author, ChatSettings, Message, ShowRole},
};

use super::super::store;
use crate::db::conformance::{Draw, Pair, left_out, reads, writes};

const STEPS: usize = 10_000;

#[tokio::test]
async fn chats_are_kept_alike() {
    if left_out() {
        return;
    }
    let (mut pair, mut draw) = (Pair::open(13).await, Draw::new(13));
    for _ in 0..STEPS {
        match draw.below(10) {
            0..3 => say(&mut pair, &mut draw).await,
            3..5 => go_on(&mut pair, &mut draw).await,
            5..7 => rule(&mut pair, &mut draw).await,
            7 => read_log(&mut pair, &mut draw).await,
            _ => read_messages(&mut pair, &mut draw).await,
        }
        pair.step().await;
    }
    pair.finish().await;
}

fn message(draw: &mut Draw) -> Message {
    let role = draw.maybe(|draw| draw.of(&[ShowRole::Seller, ShowRole::Moderator, ShowRole::Admin]));
    Message {
        id: if draw.one_in(3) { draw.new_id() } else { draw.id() },
        stream_id: draw.few(),
        seq: seq(draw),
        user: Author { id: draw.few(), display_name: draw.text(), role },
        text: draw.text(),
        at: draw.at(),
        deleted: draw.one_in(5),
    }
}

fn seq(draw: &mut Draw) -> u64 {
    draw.below(400) as u64
}

/// Where somebody may ask from: also from before the first and after the last.
fn cursor(draw: &mut Draw) -> u64 {
    let seq = seq(draw);
    draw.of(&[0, u64::MAX, seq, seq, seq])
}

async fn say(pair: &mut Pair, draw: &mut Draw) {
    let (stream, message): (StreamId, _) = (draw.few(), message(draw));
    let event = serde_json::to_string(&message).expect("JSON");
    match draw.below(3) {
        0 => drop(writes!(pair, store::append(stream, message.seq, &event))),
        1 => {
            // As the server does it: the event, and the row beside it.
            let (stream, seq) = (message.stream_id, message.seq);
            if writes!(pair, store::append(stream, seq, &event)).is_some() {
                writes!(pair, store::write(stream, &Write::Message(message.clone())));
            }
        }
        _ => drop(writes!(pair, store::write(stream, &Write::Message(message.clone())))),
    }
}

async fn go_on(pair: &mut Pair, draw: &mut Draw) {
    let stream: StreamId = draw.few();
    let before = reads!(pair, store::head(stream)).expect("a head").seq;
    let from = if draw.one_in(4) { seq(draw) } else { before };
    let to = Head { seq: before + 1, at: draw.at(), settings: settings(draw), pinned: draw.maybe(Draw::id) };
    if draw.one_in(3) {
        writes!(pair, store::hold_head(stream));
    } else {
        writes!(pair, store::move_head(stream, from, &to));
    }
}

fn settings(draw: &mut Draw) -> ChatSettings {
    let blocked_terms = draw.several(3, Draw::text);
    ChatSettings { slow_mode_s: 3, blocked_terms, followers_only: draw.coin(), ..ChatSettings::default() }
}

async fn rule(pair: &mut Pair, draw: &mut Draw) {
    let stream: StreamId = draw.few();
    match draw.below(4) {
        0 => {
            let erased = Message { text: String::new(), deleted: true, ..message(draw) };
            writes!(pair, store::write(stream, &Write::Erase(erased.clone())));
        }
        1 => {
            let ruling = Ruling {
                user_id: draw.id(),
                member: Member { muted_until: draw.maybe(Draw::at), banned: draw.one_in(3) },
                reason: draw.maybe(Draw::text),
                by: draw.id(),
                at: draw.at(),
            };
            writes!(pair, store::write(stream, &Write::Ruling(ruling.clone())));
        }
        2 => drop(reads!(pair, store::members(stream) => sorted)),
        _ => {
            let user: UserId = draw.id();
            reads!(pair, store::member(stream, user));
        }
    }
}

async fn read_log(pair: &mut Pair, draw: &mut Draw) {
    let (stream, place, limit): (StreamId, _, _) = (draw.few(), cursor(draw), draw.limit());
    if draw.coin() {
        reads!(pair, store::events_after(stream, place, limit));
    } else {
        reads!(pair, store::history(stream, place, limit));
    }
}

async fn read_messages(pair: &mut Pair, draw: &mut Draw) {
    let (id, user, at): (MessageId, UserId, _) = (draw.id(), draw.few(), draw.at());
    match draw.below(4) {
        0 => {
            reads!(pair, store::message(id));
            writes!(pair, store::message(id));
        }
        1 => {
            let ids = draw.ids::<MessageId>();
            reads!(pair, store::messages(&ids) => sorted);
            writes!(pair, store::messages(&ids) => sorted);
        }
        2 => {
            let stream: StreamId = draw.few();
            reads!(pair, store::spoke(stream, at) => sorted);
        }
        _ => {
            reads!(pair, store::window(user, at));
            writes!(pair, store::window(user, at));
        }
    }
}

fn sorted<K: Ord, V>(found: HashMap<K, V>) -> BTreeMap<K, V> {
    found.into_iter().collect()
}
