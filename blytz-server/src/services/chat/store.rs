//! The SQL of service chat. No other file names its tables.

#[cfg(test)]
mod conformance;

use std::collections::HashMap;

use blytz_core::{
    MessageId, StreamId, Timestamp, UserId,
    chat::{Head, Member, RateWindow, Ruling, STAFF_LIMIT, WINDOW_S, Write},
    wire::chat::{Author, ChatEvent, ChatEventData, Message, ShowRole},
};
use uuid::Uuid;

use crate::{
    db::{Db, Run, Source, Tx, TxEngine, on_db, on_tx, select_in},
    error::{Result, internal},
};

const HEAD: &str = "
    select head_seq, last_at_us, settings, pinned_id from chat_channels where stream_id = $1";

/// Where a chat stands; at the start when nothing was ever said in it.
pub async fn head(db: &Db, stream: StreamId) -> Result<Head> {
    let row: Option<(i64, i64, String, Option<Uuid>)> =
        on_db!(db, conn => sqlx::query_as(HEAD).bind(stream.uuid()).fetch_optional(conn).await)?;
    let Some((seq, at_us, settings, pinned)) = row else { return Ok(Head::default()) };
    Ok(Head {
        seq: seq_from(seq),
        at: Timestamp::from_micros(at_us),
        settings: serde_json::from_str(&settings).map_err(internal)?,
        pinned: pinned.map(MessageId),
    })
}

const OPEN: &str = "
    insert into chat_channels (stream_id, head_seq, last_at_us, settings) values ($1, 0, 0, '{}')
    on conflict (stream_id) do nothing";

const MOVE: &str = "
    update chat_channels set head_seq = $3, last_at_us = $4, settings = $5, pinned_id = $6
    where stream_id = $1 and head_seq = $2";

/// One that another transaction holds is left out, so that nobody waits for it here: its writer is behind
/// in any case.
const MOVE_THERE: &str = "
    update chat_channels set head_seq = $3, last_at_us = $4, settings = $5, pinned_id = $6
    where stream_id = (select stream_id from chat_channels where stream_id = $1 and head_seq = $2
        for update skip locked)";

/// Moves a chat from where it stood at seq `from`. False when it stands elsewhere: somebody else
/// wrote in it.
pub async fn move_head(tx: &mut Tx, stream: StreamId, from: u64, to: &Head) -> Result<bool> {
    if from == 0 {
        on_tx!(tx, conn => sqlx::query(OPEN).bind(stream.uuid()).run(conn).await)?;
    }
    let settings = serde_json::to_string(&to.settings).map_err(internal)?;
    let sql = if matches!(tx.engine, TxEngine::Postgres(_)) { MOVE_THERE } else { MOVE };
    let moved = on_tx!(tx, conn => sqlx::query(sql)
        .bind(stream.uuid())
        .bind(from as i64)
        .bind(to.seq as i64)
        .bind(to.at.as_micros())
        .bind(settings)
        .bind(to.pinned.map(MessageId::uuid))
        .run(conn)
        .await)?;
    Ok(moved == 1)
}

const HOLD: &str = "select 1 from chat_channels where stream_id = $1 for update";

/// Has nobody else move a chat's head until this transaction has ended. Whoever asked first has it first.
pub async fn hold_head(tx: &mut Tx, stream: StreamId) -> Result<(), sqlx::Error> {
    // One in which nothing was ever said has no row to wait for.
    on_tx!(tx, conn => sqlx::query(OPEN).bind(stream.uuid()).run(conn).await)?;
    tx.hold(HOLD, stream.uuid()).await
}

const APPEND: &str = "insert into chat_events (stream_id, seq, event) values ($1, $2, $3)";

/// Appends an event to the log.
pub async fn append(tx: &mut Tx, stream: StreamId, seq: u64, event: &str) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn =>
        sqlx::query(APPEND).bind(stream.uuid()).bind(seq as i64).bind(event).run(conn).await)?;
    Ok(())
}

const EVENTS: &str = "
    select seq, event from chat_events where stream_id = $1 and seq > $2 order by seq limit $3";

/// At most `limit` events after `after`, in order.
pub async fn events_after(db: &Db, stream: StreamId, after: u64, limit: usize) -> Result<Vec<(u64, String)>> {
    let rows: Vec<(i64, String)> = on_db!(db, conn => sqlx::query_as(EVENTS)
        .bind(stream.uuid())
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|(seq, event)| (seq_from(seq), event)).collect())
}

/// Writes a row beside the log.
pub async fn write(tx: &mut Tx, stream: StreamId, write: &Write) -> Result<(), sqlx::Error> {
    match write {
        Write::Message(message) => insert_message(tx, message).await,
        Write::Erase(message) => erase_message(tx, message).await,
        Write::Ruling(ruling) => save_member(tx, stream, ruling).await,
    }
}

const INSERT_MESSAGE: &str = "
    insert into chat_messages (id, stream_id, seq, user_id, display_name, role, text, at_us, deleted)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

async fn insert_message(tx: &mut Tx, message: &Message) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(INSERT_MESSAGE)
        .bind(message.id.uuid())
        .bind(message.stream_id.uuid())
        .bind(message.seq as i64)
        .bind(message.user.id.uuid())
        .bind(&message.user.display_name)
        .bind(message.user.role.map(ShowRole::as_str))
        .bind(&message.text)
        .bind(message.at.as_micros())
        .bind(message.deleted)
        .run(conn)
        .await)?;
    Ok(())
}

const ERASE_MESSAGE: &str = "update chat_messages set text = '', deleted = true where id = $1";

const REWRITE_EVENT: &str = "update chat_events set event = $3 where stream_id = $1 and seq = $2";

/// Takes a message's text out of both its row and its event. The seqs stay: the log has no holes.
async fn erase_message(tx: &mut Tx, erased: &Message) -> Result<(), sqlx::Error> {
    let data = ChatEventData::Message {
        id: erased.id,
        user: erased.user.clone(),
        text: erased.text.clone(),
        deleted: erased.deleted,
    };
    let event = ChatEvent { seq: erased.seq, at: erased.at, data };
    let event = serde_json::to_string(&event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    on_tx!(tx, conn => sqlx::query(ERASE_MESSAGE).bind(erased.id.uuid()).run(conn).await)?;
    on_tx!(tx, conn => sqlx::query(REWRITE_EVENT)
        .bind(erased.stream_id.uuid())
        .bind(erased.seq as i64)
        .bind(event)
        .run(conn)
        .await)?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: Uuid,
    stream_id: Uuid,
    seq: i64,
    user_id: Uuid,
    display_name: String,
    role: Option<String>,
    text: String,
    at_us: i64,
    deleted: bool,
}

impl TryFrom<MessageRow> for Message {
    type Error = crate::error::Error;
    fn try_from(row: MessageRow) -> Result<Self> {
        let role = row.role.map(|role| serde_json::from_value(role.into())).transpose().map_err(internal)?;
        Ok(Self {
            id: row.id.into(),
            stream_id: row.stream_id.into(),
            seq: seq_from(row.seq),
            user: Author { id: row.user_id.into(), display_name: row.display_name, role },
            text: row.text,
            at: Timestamp::from_micros(row.at_us),
            deleted: row.deleted,
        })
    }
}

const MESSAGE: &str = "
    select id, stream_id, seq, user_id, display_name, role, text, at_us, deleted from chat_messages where id = $1";

pub async fn message(from: impl Source, id: MessageId) -> Result<Option<Message>> {
    let row: Option<MessageRow> =
        on_db!(from, conn => sqlx::query_as(MESSAGE).bind(id.uuid()).fetch_optional(conn).await)?;
    row.map(Message::try_from).transpose()
}

const MESSAGES: &str = "
    select id, stream_id, seq, user_id, display_name, role, text, at_us, deleted from chat_messages where id in";

/// Those of these messages that there are.
pub async fn messages(from: impl Source, ids: &[MessageId]) -> Result<HashMap<MessageId, Message>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<MessageRow> = select_in(from, MESSAGES, None, &ids).await?;
    let by_id = |row| Message::try_from(row).map(|message| (message.id, message));
    rows.into_iter().map(by_id).collect()
}

const HISTORY: &str = "
    select id, stream_id, seq, user_id, display_name, role, text, at_us, deleted from chat_messages
    where stream_id = $1 and seq < $2 order by seq desc limit $3";

/// At most `limit` messages before `before`, newest first.
pub async fn history(db: &Db, stream: StreamId, before: u64, limit: usize) -> Result<Vec<Message>> {
    let rows: Vec<MessageRow> = on_db!(db, conn => sqlx::query_as(HISTORY)
        .bind(stream.uuid())
        .bind(i64::try_from(before).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(Message::try_from).collect()
}

const SAVE_MEMBER: &str = "
    insert into chat_members (stream_id, user_id, muted_until_us, banned, reason, decided_by, decided_at_us)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (stream_id, user_id) do update set muted_until_us = excluded.muted_until_us,
        banned = excluded.banned, reason = excluded.reason, decided_by = excluded.decided_by,
        decided_at_us = excluded.decided_at_us";

async fn save_member(tx: &mut Tx, stream: StreamId, ruling: &Ruling) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(SAVE_MEMBER)
        .bind(stream.uuid())
        .bind(ruling.user_id.uuid())
        .bind(ruling.member.muted_until.map(Timestamp::as_micros))
        .bind(ruling.member.banned)
        .bind(&ruling.reason)
        .bind(ruling.by.uuid())
        .bind(ruling.at.as_micros())
        .run(conn)
        .await)?;
    Ok(())
}

const MEMBERS: &str = "
    select user_id, muted_until_us, banned from chat_members
    where stream_id = $1 and (banned or muted_until_us is not null)";

/// What moderators decided about single users.
pub async fn members(db: &Db, stream: StreamId) -> Result<HashMap<UserId, Member>> {
    let rows: Vec<(Uuid, Option<i64>, bool)> =
        on_db!(db, conn => sqlx::query_as(MEMBERS).bind(stream.uuid()).fetch_all(conn).await)?;
    let read = |(user, muted_until, banned): (Uuid, Option<i64>, bool)| {
        (UserId(user), Member { muted_until: muted_until.map(Timestamp::from_micros), banned })
    };
    Ok(rows.into_iter().map(read).collect())
}

const MEMBER: &str = "
    select muted_until_us, banned from chat_members where stream_id = $1 and user_id = $2";

/// What moderators decided about one user.
pub async fn member(db: &Db, stream: StreamId, user: UserId) -> Result<Member> {
    let row: Option<(Option<i64>, bool)> = on_db!(db, conn => sqlx::query_as(MEMBER)
        .bind(stream.uuid())
        .bind(user.uuid())
        .fetch_optional(conn)
        .await)?;
    let read = |(muted_until, banned): (Option<i64>, bool)| Member {
        muted_until: muted_until.map(Timestamp::from_micros),
        banned,
    };
    Ok(row.map(read).unwrap_or_default())
}

/// The most messages a room looks back at when it opens, to know who may write again when.
const LOOK_BACK: i64 = 20_000;

const SPOKE: &str = "
    select user_id, at_us from chat_messages
    where stream_id = $1 and at_us > $2 order by at_us desc limit $3";

/// When people last wrote in a chat, since `since`.
pub async fn spoke(db: &Db, stream: StreamId, since: Timestamp) -> Result<HashMap<UserId, Timestamp>> {
    let rows: Vec<(Uuid, i64)> = on_db!(db, conn => sqlx::query_as(SPOKE)
        .bind(stream.uuid())
        .bind(since.as_micros())
        .bind(LOOK_BACK)
        .fetch_all(conn)
        .await)?;
    // The newest comes first, so that the last to be taken is it.
    Ok(rows.into_iter().rev().map(|(user, at_us)| (user.into(), Timestamp::from_micros(at_us))).collect())
}

const WINDOW: &str = "
    select at_us from chat_messages where user_id = $1 and at_us > $2 order by at_us desc limit $3";

/// When somebody wrote, in whichever chat, as far as it counts at `now`.
pub async fn window(from: impl Source, user: UserId, now: Timestamp) -> Result<RateWindow, sqlx::Error> {
    let sent: Vec<i64> = on_db!(from, conn => sqlx::query_scalar(WINDOW)
        .bind(user.uuid())
        .bind(now.plus_millis(-WINDOW_S * 1_000).as_micros())
        .bind(STAFF_LIMIT as i64)
        .fetch_all(conn)
        .await)?;
    Ok(sent.into_iter().rev().map(Timestamp::from_micros).collect())
}

/// Seqs are never negative in the tables.
fn seq_from(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or_default()
}
