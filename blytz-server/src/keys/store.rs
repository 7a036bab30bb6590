//! The tables `signing_keys` and `history`.

use blytz_core::{Epoch, Timestamp};

use crate::db::{Tx, on_tx};

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Jwt,
    Log,
}

impl Purpose {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Log => "log",
        }
    }
}

/// A row of `signing_keys`; without `Debug`, as `seed` may lie open.
#[derive(sqlx::FromRow)]
pub(super) struct KeyRow {
    pub(super) key_id: String,
    pub(super) purpose: String,
    pub(super) encrypted: bool,
    pub(super) seed: String,
    pub(super) created_at: i64,
    pub(super) retired_at: Option<i64>,
}

const KEYS: &str =
    "select key_id, purpose, encrypted, seed, created_at, retired_at from signing_keys order by created_at, key_id";

pub(super) async fn keys(tx: &mut Tx) -> Result<Vec<KeyRow>, sqlx::Error> {
    on_tx!(tx, conn => sqlx::query_as(KEYS).fetch_all(conn).await)
}

const INSERT_KEY: &str = "insert into signing_keys (key_id, purpose, encrypted, seed, created_at, retired_at) \
    values ($1, $2, $3, $4, $5, $6)";

pub(super) async fn insert_key(tx: &mut Tx, row: &KeyRow) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(INSERT_KEY)
        .bind(&row.key_id)
        .bind(&row.purpose)
        .bind(row.encrypted)
        .bind(&row.seed)
        .bind(row.created_at)
        .bind(row.retired_at)
        .execute(conn)
        .await)
    .map(drop)
}

const ENCRYPT_KEY: &str = "update signing_keys set seed = $2, encrypted = true where key_id = $1";

pub(super) async fn encrypt_key(tx: &mut Tx, key_id: &str, sealed: &str) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(ENCRYPT_KEY).bind(key_id).bind(sealed).execute(conn).await).map(drop)
}

const EPOCH: &str = "select epoch from history where id = 1";

pub(super) async fn epoch(tx: &mut Tx) -> Result<Option<Epoch>, sqlx::Error> {
    let epoch: Option<uuid::Uuid> = on_tx!(tx, conn => sqlx::query_scalar(EPOCH).fetch_optional(conn).await)?;
    Ok(epoch.map(Epoch))
}

const INSERT_EPOCH: &str = "insert into history (id, epoch, created_at) values (1, $1, $2)";

pub(super) async fn insert_epoch(tx: &mut Tx, epoch: Epoch, at: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(INSERT_EPOCH).bind(epoch.uuid()).bind(at.as_micros()).execute(conn).await).map(drop)
}

const REPLACE_EPOCH: &str = "insert into history (id, epoch, created_at) values (1, $1, $2) \
    on conflict (id) do update set epoch = excluded.epoch, created_at = excluded.created_at";

pub(super) async fn replace_epoch(tx: &mut Tx, epoch: Epoch, at: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(REPLACE_EPOCH).bind(epoch.uuid()).bind(at.as_micros()).execute(conn).await).map(drop)
}
