//! Sessions and their refresh tokens.

use blytz_core::{SessionId, Timestamp, UserId};
use uuid::Uuid;

use crate::{
    db::{Db, Tx, on_db, on_tx},
    error::Result,
    services::auth::token::GRACE_SECONDS,
};

/// A session and its newest refresh token.
pub(in crate::services::auth) struct NewSession<'a> {
    pub(in crate::services::auth) id: SessionId,
    pub(in crate::services::auth) user: UserId,
    pub(in crate::services::auth) refresh_hash: &'a str,
    pub(in crate::services::auth) now: Timestamp,
    pub(in crate::services::auth) expires_at: Timestamp,
}

const DROP_EXPIRED: &str = "delete from sessions where user_id = $1 and expires_at <= $2";
const INSERT_SESSION: &str =
    "insert into sessions (id, user_id, closed, created_at, expires_at) values ($1, $2, false, $3, $4)";

pub(in crate::services::auth) async fn insert_session(tx: &mut Tx, new: NewSession<'_>) -> Result<()> {
    on_tx!(tx, conn =>
        sqlx::query(DROP_EXPIRED).bind(new.user.uuid()).bind(new.now.as_micros()).execute(conn).await)?;
    on_tx!(tx, conn => sqlx::query(INSERT_SESSION)
        .bind(new.id.uuid())
        .bind(new.user.uuid())
        .bind(new.now.as_micros())
        .bind(new.expires_at.as_micros())
        .execute(conn)
        .await)?;
    insert_refresh(tx, new.id, new.refresh_hash, new.expires_at).await
}

const INSERT_REFRESH: &str =
    "insert into refresh_tokens (hash, session_id, spent, expires_at) values ($1, $2, false, $3)";

async fn insert_refresh(tx: &mut Tx, session: SessionId, hash: &str, expires_at: Timestamp) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(INSERT_REFRESH)
        .bind(hash)
        .bind(session.uuid())
        .bind(expires_at.as_micros())
        .execute(conn)
        .await)?;
    Ok(())
}

/// What is known of a refresh token.
#[derive(sqlx::FromRow)]
pub(in crate::services::auth) struct RefreshRow {
    session_id: Uuid,
    user_id: Uuid,
    pub(in crate::services::auth) spent: bool,
    pub(in crate::services::auth) closed: bool,
    pub(in crate::services::auth) suspended: bool,
    expires_at: i64,
    spent_at: Option<i64>,
    nonce: Option<String>,
}

impl RefreshRow {
    pub(in crate::services::auth) fn session(&self) -> SessionId {
        self.session_id.into()
    }

    pub(in crate::services::auth) fn user(&self) -> UserId {
        self.user_id.into()
    }

    pub(in crate::services::auth) fn expires_at(&self) -> Timestamp {
        Timestamp::from_micros(self.expires_at)
    }

    /// The nonce of its successor, if that may be given again at `now`. There is one as long as the
    /// successor is unused.
    pub(in crate::services::auth) fn repeats(&self, now: Timestamp) -> Option<&str> {
        let spent_at = Timestamp::from_micros(self.spent_at?);
        let in_time = now.micros_since(spent_at) < GRACE_SECONDS * 1_000_000;
        self.nonce.as_deref().filter(|_| in_time && !self.closed)
    }
}

const REFRESH: &str = "
    select t.session_id, s.user_id, t.spent, s.closed, u.suspended, t.expires_at, t.spent_at, t.nonce
    from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
    where t.hash = $1";

pub(in crate::services::auth) async fn refresh(tx: &mut Tx, hash: &str) -> Result<Option<RefreshRow>> {
    Ok(on_tx!(tx, conn => sqlx::query_as(REFRESH).bind(hash).fetch_optional(conn).await)?)
}

const SPEND: &str = "update refresh_tokens set spent = true, spent_at = $2, nonce = $3 where hash = $1";
const SETTLE: &str = "update refresh_tokens set nonce = null where session_id = $1 and nonce is not null";
const PROLONG: &str = "update sessions set expires_at = $2 where id = $1";
const DROP_STALE: &str = "delete from refresh_tokens where session_id = $1 and expires_at <= $2";

/// Spends the refresh token `spent` for a new one, made of it and `nonce`; `new.user` is not looked
/// at. This is the use of `spent`: what was spent for it is not given again.
pub(in crate::services::auth) async fn rotate(
    tx: &mut Tx,
    spent: &str,
    nonce: &str,
    new: NewSession<'_>,
) -> Result<()> {
    let session = new.id.uuid();
    on_tx!(tx, conn => sqlx::query(SETTLE).bind(session).execute(conn).await)?;
    on_tx!(tx, conn =>
        sqlx::query(SPEND).bind(spent).bind(new.now.as_micros()).bind(nonce).execute(conn).await)?;
    on_tx!(tx, conn =>
        sqlx::query(PROLONG).bind(session).bind(new.expires_at.as_micros()).execute(conn).await)?;
    on_tx!(tx, conn => sqlx::query(DROP_STALE).bind(session).bind(new.now.as_micros()).execute(conn).await)?;
    insert_refresh(tx, new.id, new.refresh_hash, new.expires_at).await
}

const SESSION_OWNER: &str = "select user_id from sessions where id = $1";

/// Whose session this is; nobody's once it has ended.
pub(in crate::services::auth) async fn session_owner(db: &Db, session: SessionId) -> Result<Option<UserId>> {
    let owner: Option<Uuid> =
        on_db!(db, pool => sqlx::query_scalar(SESSION_OWNER).bind(session.uuid()).fetch_optional(pool).await)?;
    Ok(owner.map(UserId))
}

const END_SESSION: &str = "delete from sessions where id = $1";

pub(in crate::services::auth) async fn end_session(tx: &mut Tx, session: SessionId) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(END_SESSION).bind(session.uuid()).execute(conn).await)?;
    Ok(())
}

const END_OTHERS: &str = "delete from sessions where user_id = $1 and id <> $2 returning id";

/// Ends every session of a user but one, and says which they were.
pub(in crate::services::auth) async fn end_others(
    tx: &mut Tx,
    user: UserId,
    kept: SessionId,
) -> Result<Vec<SessionId>> {
    let ended: Vec<Uuid> = on_tx!(tx, conn =>
        sqlx::query_scalar(END_OTHERS).bind(user.uuid()).bind(kept.uuid()).fetch_all(conn).await)?;
    Ok(ended.into_iter().map(SessionId).collect())
}

const CLOSE_SESSIONS: &str = "update sessions set closed = true where user_id = $1";

/// Makes every session of a user one that can't be refreshed.
pub(in crate::services::auth) async fn close_sessions(tx: &mut Tx, user: UserId) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(CLOSE_SESSIONS).bind(user.uuid()).execute(conn).await)?;
    Ok(())
}
