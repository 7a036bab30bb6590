//! Accounts and the identities elsewhere that log in to them.

use blytz_core::{
    Timestamp, UserId,
    account::Role,
    text::searchable,
    wire::account::{PublicUser, User, UserStatus},
};
use uuid::Uuid;

use crate::{
    db::{Db, Run, Source, Tx, on_db, on_tx, select_in},
    error::{Result, internal},
};

/// An account as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub display_name: String,
    pub roles: Vec<Role>,
    pub suspended: bool,
    pub created_at: Timestamp,
    /// Grows with every change.
    pub rev: i64,
}

impl From<&Person> for User {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id,
            email: person.email.clone(),
            display_name: person.display_name.clone(),
            roles: person.roles.clone(),
            status: if person.suspended { UserStatus::Suspended } else { UserStatus::Active },
            created_at: person.created_at,
        }
    }
}

impl From<&Person> for PublicUser {
    fn from(person: &Person) -> Self {
        Self { id: person.id, display_name: person.display_name.clone() }
    }
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    email: String,
    display_name: String,
    roles: String,
    suspended: bool,
    rev: i64,
    created_at_us: i64,
}

impl TryFrom<PersonRow> for Person {
    type Error = crate::error::Error;
    fn try_from(row: PersonRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            email: row.email,
            display_name: row.display_name,
            roles: serde_json::from_str(&row.roles).map_err(internal)?,
            suspended: row.suspended,
            created_at: Timestamp::from_micros(row.created_at_us),
            rev: row.rev,
        })
    }
}

fn one(row: Option<PersonRow>) -> Result<Option<Person>> {
    row.map(Person::try_from).transpose()
}

fn all(rows: Vec<PersonRow>) -> Result<Vec<Person>> {
    rows.into_iter().map(Person::try_from).collect()
}

fn roles_text(roles: &[Role]) -> Result<String> {
    serde_json::to_string(roles).map_err(internal)
}

fn search_text(email: &str, display_name: &str) -> String {
    searchable(&format!("{email} {display_name}"))
}

/// A new account with what only its owner may know.
pub struct NewPerson<'a> {
    pub person: &'a Person,
    pub password_hash: Option<&'a str>,
    pub email_proven: bool,
}

const INSERT_USER: &str = "
    insert into users (id, email, email_proven, display_name, search_text, password_hash, roles, suspended, rev, created_at_us)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (email) do nothing";

/// Adds an account; false when the address is taken.
pub async fn insert_user(tx: &mut Tx, new: NewPerson<'_>) -> Result<bool> {
    let person = new.person;
    let roles = roles_text(&person.roles)?;
    let rows = on_tx!(tx, conn => sqlx::query(INSERT_USER)
        .bind(person.id.uuid())
        .bind(&person.email)
        .bind(new.email_proven)
        .bind(&person.display_name)
        .bind(search_text(&person.email, &person.display_name))
        .bind(new.password_hash)
        .bind(roles)
        .bind(person.suspended)
        .bind(person.rev)
        .bind(person.created_at.as_micros())
        .run(conn)
        .await)?;
    Ok(rows == 1)
}

const USER_BY_ID: &str =
    "select id, email, display_name, roles, suspended, rev, created_at_us from users where id = $1";

pub async fn user(db: &Db, id: UserId) -> Result<Option<Person>> {
    one(on_db!(db, conn => sqlx::query_as(USER_BY_ID).bind(id.uuid()).fetch_optional(conn).await)?)
}

const USER_BY_EMAIL: &str =
    "select id, email, display_name, roles, suspended, rev, created_at_us from users where email = $1";

/// The account with this address, which must be in its normal form.
pub async fn user_by_email(from: impl Source, email: &str) -> Result<Option<Person>> {
    one(on_db!(from, conn => sqlx::query_as(USER_BY_EMAIL).bind(email).fetch_optional(conn).await)?)
}

const USERS_BY_IDS: &str =
    "select id, email, display_name, roles, suspended, rev, created_at_us from users where id in";

/// The accounts with these ids, in no order.
pub async fn users(db: &Db, ids: &[UserId]) -> Result<Vec<Person>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    all(select_in(db, USERS_BY_IDS, None, &ids).await?)
}

const PAGE_OF_USERS: &str = "
    select id, email, display_name, roles, suspended, rev, created_at_us from users
    where id > $1 and search_text like $2 escape '\\'
    order by id limit $3";

/// The accounts after `after`, oldest first, whose address or name contains `text`.
pub async fn page_of_users(db: &Db, after: UserId, text: &str, count: usize) -> Result<Vec<Person>> {
    let escaped = searchable(text).replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    all(on_db!(db, conn => sqlx::query_as(PAGE_OF_USERS)
        .bind(after.uuid())
        .bind(format!("%{escaped}%"))
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await)?)
}

/// What a login is checked against.
pub struct Credentials {
    pub id: UserId,
    pub email: String,
    /// None while the account has no password.
    pub password_hash: Option<String>,
}

const CREDENTIALS: &str = "select id, email, password_hash from users where email = $1";

/// Whose address this is, and the hash of their password. The address must be in its normal form.
pub async fn credentials(db: &Db, email: &str) -> Result<Option<Credentials>> {
    credentials_by(db, CREDENTIALS, email).await
}

const CREDENTIALS_OF_OLD: &str = "select id, email, password_hash from users where email = $1 and email_folded";

/// The same for an address from before addresses had one form, in lower case.
pub async fn credentials_of_old(db: &Db, email: &str) -> Result<Option<Credentials>> {
    credentials_by(db, CREDENTIALS_OF_OLD, email).await
}

async fn credentials_by(db: &Db, sql: &'static str, email: &str) -> Result<Option<Credentials>> {
    let row: Option<(Uuid, String, Option<String>)> =
        on_db!(db, conn => sqlx::query_as(sql).bind(email).fetch_optional(conn).await)?;
    Ok(row.map(|(id, email, password_hash)| Credentials { id: id.into(), email, password_hash }))
}

const HOLD: &str = "select 1 from users where id = $1 for no key update";

/// Has nobody else change an account until this transaction has ended: what is decided by it, such as
/// whether it may log in, still holds then.
pub async fn hold(tx: &mut Tx, id: UserId) -> Result<()> {
    Ok(tx.hold(HOLD, id.uuid()).await?)
}

const HOLD_ALL: &str = "select 1 from users where id = any($1) order by id for no key update";

/// The same for several.
pub async fn hold_all(tx: &mut Tx, ids: &[UserId]) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    tx.hold_all(HOLD_ALL, &ids).await
}

const HAS_PASSWORD: &str = "
    select id, email, display_name, roles, suspended, rev, created_at_us from users
    where id = $1 and password_hash is not distinct from $2";

/// The account, held, if its password is still the one behind `hash`.
pub async fn with_password(tx: &mut Tx, id: UserId, hash: Option<&str>) -> Result<Option<Person>> {
    hold(tx, id).await?;
    one(on_tx!(tx, conn => sqlx::query_as(HAS_PASSWORD).bind(id.uuid()).bind(hash).fetch_optional(conn).await)?)
}

const SET_PASSWORD: &str =
    "update users set password_hash = $2 where id = $1 and password_hash is not distinct from $3";

/// Replaces a password; false when it is no longer the one that was verified.
pub async fn set_password(tx: &mut Tx, id: UserId, hash: &str, before: Option<&str>) -> Result<bool> {
    let rows = on_tx!(tx, conn =>
        sqlx::query(SET_PASSWORD).bind(id.uuid()).bind(hash).bind(before).run(conn).await)?;
    Ok(rows == 1)
}

const SET_NAME: &str = "
    update users set display_name = $2, search_text = $3, rev = rev + 1 where id = $1
    returning id, email, display_name, roles, suspended, rev, created_at_us";

pub async fn set_name(tx: &mut Tx, person: &Person, display_name: &str) -> Result<Option<Person>> {
    one(on_tx!(tx, conn => sqlx::query_as(SET_NAME)
        .bind(person.id.uuid())
        .bind(display_name)
        .bind(search_text(&person.email, display_name))
        .fetch_optional(conn)
        .await)?)
}

const SET_ROLES: &str = "
    update users set roles = $2, rev = rev + 1 where id = $1
    returning id, email, display_name, roles, suspended, rev, created_at_us";

pub async fn set_roles(tx: &mut Tx, id: UserId, roles: &[Role]) -> Result<Option<Person>> {
    let roles = roles_text(roles)?;
    one(on_tx!(tx, conn => sqlx::query_as(SET_ROLES).bind(id.uuid()).bind(roles).fetch_optional(conn).await)?)
}

const SET_SUSPENDED: &str = "
    update users set suspended = $2, rev = rev + 1 where id = $1
    returning id, email, display_name, roles, suspended, rev, created_at_us";

pub async fn set_suspended(tx: &mut Tx, id: UserId, suspended: bool) -> Result<Option<Person>> {
    one(on_tx!(tx, conn =>
        sqlx::query_as(SET_SUSPENDED).bind(id.uuid()).bind(suspended).fetch_optional(conn).await)?)
}

const PERSON_BEHIND: &str = "
    select u.id, u.email, u.display_name, u.roles, u.suspended, u.rev, u.created_at_us
    from identities i join users u on u.id = i.user_id
    where i.provider = $1 and i.subject = $2";

/// Whose account an identity elsewhere logs in to.
pub async fn person_behind(tx: &mut Tx, provider: &str, subject: &str) -> Result<Option<Person>> {
    one(on_tx!(tx, conn => sqlx::query_as(PERSON_BEHIND).bind(provider).bind(subject).fetch_optional(conn).await)?)
}

const LINK: &str = "
    insert into identities (provider, subject, user_id, created_at_us) values ($1, $2, $3, $4)
    on conflict (provider, subject) do nothing";

/// Has an identity log in to an account, unless it has one already.
pub async fn link(tx: &mut Tx, provider: &str, subject: &str, user: UserId, now: Timestamp) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(LINK)
        .bind(provider)
        .bind(subject)
        .bind(user.uuid())
        .bind(now.as_micros())
        .run(conn)
        .await)?;
    Ok(())
}

const PROVE_EMAIL: &str =
    "update users set email_proven = true, password_hash = null where id = $1 and not email_proven";

/// Notes that the address is its owner's; true when that was not known before. The password then
/// goes: whoever chose it never showed that the address was theirs.
pub async fn prove_email(tx: &mut Tx, id: UserId) -> Result<bool> {
    let rows = on_tx!(tx, conn => sqlx::query(PROVE_EMAIL).bind(id.uuid()).run(conn).await)?;
    Ok(rows == 1)
}

const UNSETTLED: &str = "
    select u.id, u.email, u.display_name, u.roles, u.suspended, u.rev, u.created_at_us
    from users_to_settle s join users u on u.id = s.user_id order by u.id limit $1";

/// Accounts from before texts had one form, which are to be brought into it.
pub async fn unsettled(db: &Db, count: i64) -> Result<Vec<Person>> {
    all(on_db!(db, conn => sqlx::query_as(UNSETTLED).bind(count).fetch_all(conn).await)?)
}

const SETTLE: &str = "update users set email = $2, search_text = $3, rev = rev + 1 where id = $1";
const SETTLED: &str = "delete from users_to_settle where user_id = $1";

/// Brings an account into the form in which it is compared and found.
pub async fn settle(tx: &mut Tx, person: &Person, email: &str) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(SETTLE)
        .bind(person.id.uuid())
        .bind(email)
        .bind(search_text(email, &person.display_name))
        .run(conn)
        .await)?;
    on_tx!(tx, conn => sqlx::query(SETTLED).bind(person.id.uuid()).run(conn).await)?;
    Ok(())
}
