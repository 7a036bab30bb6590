//! Sessions and their refresh tokens.

use blytz_core::{SessionId, Timestamp, UserId};
use uuid::Uuid;

use crate::{
    db::{Db, Run, Tx, on_db, on_tx},
    error::Result,
};

/// A session and its newest refresh token.
pub struct NewSession<'a> {
    pub id: SessionId,
    pub user: UserId,
    pub refresh_hash: &'a str,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

const DROP_EXPIRED: &str = "delete from sessions where user_id = $1 and expires_at_us <= $2";
const INSERT_SESSION: &str =
    "insert into sessions (id, user_id, closed, created_at_us, expires_at_us) values ($1, $2, false, $3, $4)";

pub async fn insert_session(tx: &mut Tx, new: NewSession<'_>) -> Result<()> {
    on_tx!(tx, conn =>
        sqlx::query(DROP_EXPIRED).bind(new.user.uuid()).bind(new.now.as_micros()).run(conn).await)?;
    on_tx!(tx, conn => sqlx::query(INSERT_SESSION)
        .bind(new.id.uuid())
        .bind(new.user.uuid())
        .bind(new.now.as_micros())
        .bind(new.expires_at.as_micros())
        .run(conn)
        .await)?;
    insert_refresh(tx, new.id, new.refresh_hash, new.expires_at).await
}

const INSERT_REFRESH: &str =
    "insert into refresh_tokens (hash, session_id, spent, expires_at_us) values ($1, $2, false, $3)";

async fn insert_refresh(tx: &mut Tx, session: SessionId, hash: &str, expires_at: Timestamp) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(INSERT_REFRESH)
        .bind(hash)
        .bind(session.uuid())
        .bind(expires_at.as_micros())
        .run(conn)
        .await)?;
    Ok(())
}

/// What is known of a refresh token.
pub struct RefreshToken {
    pub session: SessionId,
    pub user: UserId,
    /// Whether the account is suspended.
    pub suspended: bool,
    /// Whether the session can't be refreshed any more.
    pub closed: bool,
    pub expires_at: Timestamp,
    pub spent: bool,
    /// When it was spent, and the nonce of its successor, as long as that one is unused.
    pub successor: Option<(Timestamp, String)>,
}

#[derive(sqlx::FromRow)]
struct RefreshRow {
    session_id: Uuid,
    user_id: Uuid,
    suspended: bool,
    closed: bool,
    expires_at_us: i64,
    spent: bool,
    spent_at_us: Option<i64>,
    nonce: Option<String>,
}

impl From<RefreshRow> for RefreshToken {
    fn from(row: RefreshRow) -> Self {
        Self {
            session: row.session_id.into(),
            user: row.user_id.into(),
            suspended: row.suspended,
            closed: row.closed,
            expires_at: Timestamp::from_micros(row.expires_at_us),
            spent: row.spent,
            successor: row.spent_at_us.map(Timestamp::from_micros).zip(row.nonce),
        }
    }
}

const REFRESH: &str = "
    select t.session_id, s.user_id, u.suspended, s.closed, t.expires_at_us, t.spent, t.spent_at_us, t.nonce
    from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
    where t.hash = $1";

const SESSION_OF: &str = "select session_id from refresh_tokens where hash = $1";
const HOLD: &str = "select 1 from sessions where id = $1 for update";

/// What is known of a refresh token, whose session nobody else refreshes or ends until this transaction
/// has ended.
pub async fn refresh_token(tx: &mut Tx, hash: &str) -> Result<Option<RefreshToken>> {
    let session: Option<Uuid> =
        on_tx!(tx, conn => sqlx::query_scalar(SESSION_OF).bind(hash).fetch_optional(conn).await)?;
    let Some(session) = session else { return Ok(None) };
    tx.hold(HOLD, session).await?;
    let row: Option<RefreshRow> = on_tx!(tx, conn => sqlx::query_as(REFRESH).bind(hash).fetch_optional(conn).await)?;
    Ok(row.map(RefreshToken::from))
}

const SPEND: &str = "update refresh_tokens set spent = true, spent_at_us = $2, nonce = $3 where hash = $1";
const SETTLE: &str = "update refresh_tokens set nonce = null where session_id = $1 and nonce is not null";
const PROLONG: &str = "update sessions set expires_at_us = $2 where id = $1";
const DROP_STALE: &str = "delete from refresh_tokens where session_id = $1 and expires_at_us <= $2";

/// Spends the refresh token `spent` for a new one, made of it and `nonce`; `new.user` is not looked
/// at. This is the use of `spent`: what was spent for it is not given again.
pub async fn rotate(tx: &mut Tx, spent: &str, nonce: &str, new: NewSession<'_>) -> Result<()> {
    let session = new.id.uuid();
    on_tx!(tx, conn => sqlx::query(SETTLE).bind(session).run(conn).await)?;
    on_tx!(tx, conn =>
        sqlx::query(SPEND).bind(spent).bind(new.now.as_micros()).bind(nonce).run(conn).await)?;
    on_tx!(tx, conn =>
        sqlx::query(PROLONG).bind(session).bind(new.expires_at.as_micros()).run(conn).await)?;
    on_tx!(tx, conn => sqlx::query(DROP_STALE).bind(session).bind(new.now.as_micros()).run(conn).await)?;
    insert_refresh(tx, new.id, new.refresh_hash, new.expires_at).await
}

const SESSION_OWNER: &str = "select user_id from sessions where id = $1";

/// Whose session this is; nobody's once it has ended.
pub async fn session_owner(db: &Db, session: SessionId) -> Result<Option<UserId>> {
    let owner: Option<Uuid> =
        on_db!(db, conn => sqlx::query_scalar(SESSION_OWNER).bind(session.uuid()).fetch_optional(conn).await)?;
    Ok(owner.map(UserId))
}

const END_SESSION: &str = "delete from sessions where id = $1";

pub async fn end_session(tx: &mut Tx, session: SessionId) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(END_SESSION).bind(session.uuid()).run(conn).await)?;
    Ok(())
}

const END_OTHERS: &str = "delete from sessions where user_id = $1 and id <> $2 returning id";

/// Ends every session of a user but the one that is kept, and says which they were.
pub async fn end_others(tx: &mut Tx, user: UserId, kept: Option<SessionId>) -> Result<Vec<SessionId>> {
    let kept = kept.map_or(Uuid::nil(), SessionId::uuid);
    let ended: Vec<Uuid> = on_tx!(tx, conn =>
        sqlx::query_scalar(END_OTHERS).bind(user.uuid()).bind(kept).fetch_all(conn).await)?;
    Ok(ended.into_iter().map(SessionId).collect())
}

const CLOSE_SESSIONS: &str = "update sessions set closed = true where user_id = $1";

/// Makes every session of a user one that can't be refreshed.
pub async fn close_sessions(tx: &mut Tx, user: UserId) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(CLOSE_SESSIONS).bind(user.uuid()).run(conn).await)?;
    Ok(())
}
