//! The tables `signing_keys` and `history`.

#[cfg(test)]
mod conformance;

use blytz_core::{Epoch, Timestamp};

use super::KeysError;
use crate::db::{Run, Tx, on_tx};

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Jwt,
    Log,
}

impl Purpose {
    pub const ALL: [Self; 2] = [Self::Jwt, Self::Log];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Log => "log",
        }
    }
}

/// A key as it is stored; without `Debug`, as its seed may lie open.
pub struct StoredKey {
    pub id: String,
    pub purpose: Purpose,
    pub seed: Seed,
    pub created_at: Timestamp,
    /// Since when it signs no more.
    pub retired_at: Option<Timestamp>,
}

/// A key's seed, in hex.
pub enum Seed {
    /// As it is.
    Open(String),
    /// Encrypted with the operator's secret.
    Sealed(String),
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    key_id: String,
    purpose: String,
    encrypted: bool,
    seed: String,
    created_at_us: i64,
    retired_at_us: Option<i64>,
}

impl TryFrom<KeyRow> for StoredKey {
    type Error = KeysError;
    fn try_from(row: KeyRow) -> Result<Self, KeysError> {
        let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.as_str() == row.purpose);
        Ok(Self {
            purpose: purpose.ok_or_else(|| KeysError::Damaged(row.key_id.clone()))?,
            id: row.key_id,
            seed: if row.encrypted { Seed::Sealed(row.seed) } else { Seed::Open(row.seed) },
            created_at: Timestamp::from_micros(row.created_at_us),
            retired_at: row.retired_at_us.map(Timestamp::from_micros),
        })
    }
}

const KEYS: &str = "
    select key_id, purpose, encrypted, seed, created_at_us, retired_at_us from signing_keys
    order by created_at_us, key_id";

/// Every key, in the order they were made.
pub async fn keys(tx: &mut Tx) -> Result<Vec<StoredKey>, KeysError> {
    let rows: Vec<KeyRow> = on_tx!(tx, conn => sqlx::query_as(KEYS).fetch_all(conn).await)?;
    rows.into_iter().map(StoredKey::try_from).collect()
}

const INSERT_KEY: &str = "
    insert into signing_keys (key_id, purpose, encrypted, seed, created_at_us, retired_at_us)
    values ($1, $2, $3, $4, $5, $6)";

pub async fn insert_key(tx: &mut Tx, key: &StoredKey) -> Result<(), sqlx::Error> {
    let (encrypted, seed) = match &key.seed {
        Seed::Open(seed) => (false, seed),
        Seed::Sealed(seed) => (true, seed),
    };
    on_tx!(tx, conn => sqlx::query(INSERT_KEY)
        .bind(&key.id)
        .bind(key.purpose.as_str())
        .bind(encrypted)
        .bind(seed)
        .bind(key.created_at.as_micros())
        .bind(key.retired_at.map(Timestamp::as_micros))
        .run(conn)
        .await)
    .map(drop)
}

const RETIRE_KEY: &str = "update signing_keys set retired_at_us = $2 where key_id = $1";

pub async fn retire_key(tx: &mut Tx, key_id: &str, at: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(RETIRE_KEY).bind(key_id).bind(at.as_micros()).run(conn).await).map(drop)
}

const ENCRYPT_KEY: &str = "update signing_keys set seed = $2, encrypted = true where key_id = $1";

pub async fn encrypt_key(tx: &mut Tx, key_id: &str, sealed: &str) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(ENCRYPT_KEY).bind(key_id).bind(sealed).run(conn).await).map(drop)
}

const EPOCH: &str = "select epoch from history where id = 1";

pub async fn epoch(tx: &mut Tx) -> Result<Option<Epoch>, sqlx::Error> {
    let epoch: Option<uuid::Uuid> = on_tx!(tx, conn => sqlx::query_scalar(EPOCH).fetch_optional(conn).await)?;
    Ok(epoch.map(Epoch))
}

const BEGIN: &str = "
    insert into history (id, epoch, created_at_us) values (1, $1, $2) on conflict (id) do nothing";

/// Begins a history, unless there is one.
pub async fn begin_history(tx: &mut Tx, epoch: Epoch, at: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(BEGIN).bind(epoch.uuid()).bind(at.as_micros()).run(conn).await).map(drop)
}

const HOLD: &str = "select 1 from history where epoch = $1 for no key update";

/// Has nobody else make or retire keys of this history until this transaction has ended.
pub async fn hold(tx: &mut Tx, epoch: Epoch) -> Result<(), sqlx::Error> {
    tx.hold(HOLD, epoch.uuid()).await
}

const PUT_EPOCH: &str = "
    insert into history (id, epoch, created_at_us) values (1, $1, $2)
    on conflict (id) do update set epoch = excluded.epoch, created_at_us = excluded.created_at_us";

/// Begins a history, in place of the one there was.
pub async fn put_epoch(tx: &mut Tx, epoch: Epoch, at: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(PUT_EPOCH).bind(epoch.uuid()).bind(at.as_micros()).run(conn).await).map(drop)
}
