//! Shows and their moderators.

use std::collections::HashSet;

use blytz_core::{
    StreamId, Timestamp, UserId,
    wire::stream::{StreamInput, StreamStatus},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::{signed, unreadable};
use crate::db::{Db, Run, Source, Tx, on_db, on_tx};

/// A show.
pub struct Show {
    pub id: StreamId,
    pub seller_id: UserId,
    pub title: String,
    pub status: StreamStatus,
    pub starts_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct ShowRow {
    id: Uuid,
    seller_id: Uuid,
    title: String,
    status: String,
    starts_at_us: Option<i64>,
    started_at_us: Option<i64>,
    ended_at_us: Option<i64>,
}

impl TryFrom<ShowRow> for Show {
    type Error = sqlx::Error;
    fn try_from(row: ShowRow) -> sqlx::Result<Self> {
        let status = StreamStatus::ALL.into_iter().find(|status| status.name() == row.status);
        Ok(Self {
            id: StreamId(row.id),
            seller_id: UserId(row.seller_id),
            title: row.title,
            status: status.ok_or_else(|| unreadable("status of a show"))?,
            starts_at: row.starts_at_us.map(Timestamp::from_micros),
            started_at: row.started_at_us.map(Timestamp::from_micros),
            ended_at: row.ended_at_us.map(Timestamp::from_micros),
        })
    }
}

const INSERT_SHOW: &str = "
    insert into streams (id, seller_id, title, status, starts_at_us, created_at_us)
    values ($1, $2, $3, 'scheduled', $4, $5)";

/// Announces a show.
pub async fn insert_show(
    tx: &mut Tx,
    id: StreamId,
    seller: UserId,
    show: &StreamInput,
    at: Timestamp,
) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(INSERT_SHOW)
        .bind(id.uuid())
        .bind(seller.uuid())
        .bind(&show.title)
        .bind(show.starts_at.map(Timestamp::as_micros))
        .bind(at.as_micros())
        .run(conn)
        .await
        .map(drop))
}

macro_rules! select_shows {
    ($($where:expr),+) => {
        concat!(
            "select id, seller_id, title, status, starts_at_us, started_at_us, ended_at_us from streams where ",
            $($where),+
        )
    };
}

const SELECT_SHOW: &str = select_shows!("id = $1");

/// One show.
pub async fn show(from: impl Source, id: StreamId) -> sqlx::Result<Option<Show>> {
    let row: Option<ShowRow> =
        on_db!(from, conn => sqlx::query_as(SELECT_SHOW).bind(id.uuid()).fetch_optional(conn).await)?;
    row.map(Show::try_from).transpose()
}

const TAKE_SHOW: &str = "select 1 from streams where id = $1 for no key update";

/// A show that nobody else changes until this transaction has ended, nor opens a lot of by hand.
pub async fn take_show(tx: &mut Tx, id: StreamId) -> sqlx::Result<Option<Show>> {
    tx.hold(TAKE_SHOW, id.uuid()).await?;
    show(tx, id).await
}

/// Which shows a list has.
pub struct ShowFilter {
    pub status: Option<StreamStatus>,
    pub seller_id: Option<UserId>,
    /// Only those announced before this one.
    pub before: Option<StreamId>,
}

macro_rules! list_shows {
    ($where:literal) => {
        select_shows!($where, " and id < $1 and ($2 is null or status = $2) order by id desc limit $4")
    };
}

const LIST_ALL: &str = list_shows!("$3 is null");
const LIST_OF_STATUS: &str = list_shows!("status = $2 and $3 is null");
const LIST_OF_SELLER: &str = list_shows!("seller_id = $3");

impl ShowFilter {
    /// The way that most likely passes the fewest shows.
    const fn text(&self) -> &'static str {
        match self {
            Self { seller_id: Some(_), .. } => LIST_OF_SELLER,
            Self { status: Some(_), .. } => LIST_OF_STATUS,
            _ => LIST_ALL,
        }
    }
}

/// Shows, the newest first.
pub async fn shows(db: &Db, filter: &ShowFilter, limit: usize) -> sqlx::Result<Vec<Show>> {
    let rows: Vec<ShowRow> = on_db!(db, conn => sqlx::query_as(filter.text())
        .bind(filter.before.map_or(Uuid::max(), StreamId::uuid))
        .bind(filter.status.map(StreamStatus::name))
        .bind(filter.seller_id.map(UserId::uuid))
        .bind(signed(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(Show::try_from).collect()
}

const START_SHOW: &str = "
    update streams set status = 'live', started_at_us = $2 where id = $1 and status = 'scheduled'";

/// Puts a scheduled show on air. False when it is not scheduled.
pub async fn start_show(tx: &mut Tx, id: StreamId, at: Timestamp) -> sqlx::Result<bool> {
    on_tx!(tx, conn => sqlx::query(START_SHOW)
        .bind(id.uuid())
        .bind(at.as_micros())
        .run(conn)
        .await
        .map(|rows| rows == 1))
}

const END_SHOW: &str = "update streams set status = 'ended', ended_at_us = $2 where id = $1 and status <> 'ended'";

/// Ends a show. False when it has ended before.
pub async fn end_show(tx: &mut Tx, id: StreamId, at: Timestamp) -> sqlx::Result<bool> {
    on_tx!(tx, conn => sqlx::query(END_SHOW)
        .bind(id.uuid())
        .bind(at.as_micros())
        .run(conn)
        .await
        .map(|rows| rows == 1))
}

const MODERATORS: &str = "select user_id from stream_moderators where stream_id = $1";

/// The show's own moderators.
pub async fn moderators(db: &Db, id: StreamId) -> sqlx::Result<HashSet<UserId>> {
    let ids: Vec<Uuid> = on_db!(db, conn => sqlx::query_scalar(MODERATORS).bind(id.uuid()).fetch_all(conn).await)?;
    Ok(ids.into_iter().map(UserId).collect())
}

const ADD_MODERATOR: &str = "
    insert into stream_moderators (stream_id, user_id) values ($1, $2) on conflict (stream_id, user_id) do nothing";

/// Makes somebody a moderator of a show.
pub async fn add_moderator(tx: &mut Tx, id: StreamId, user: UserId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(ADD_MODERATOR).bind(id.uuid()).bind(user.uuid()).run(conn).await.map(drop))
}

const REMOVE_MODERATOR: &str = "delete from stream_moderators where stream_id = $1 and user_id = $2";

/// Takes that back.
pub async fn remove_moderator(tx: &mut Tx, id: StreamId, user: UserId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(REMOVE_MODERATOR).bind(id.uuid()).bind(user.uuid()).run(conn).await.map(drop))
}
