//! Address books.

use blytz_core::{
    AddressId, UserId,
    wire::account::{Address, AddressInput},
};
use uuid::Uuid;

use crate::{
    db::{Db, Run, Tx, on_db, on_tx},
    error::Result,
};

#[derive(sqlx::FromRow)]
struct AddressRow {
    id: Uuid,
    name: String,
    phone: String,
    line1: String,
    line2: Option<String>,
    city: String,
    state: Option<String>,
    postcode: String,
    country: String,
}

impl From<AddressRow> for Address {
    fn from(row: AddressRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            phone: row.phone,
            line1: row.line1,
            line2: row.line2,
            city: row.city,
            state: row.state,
            postcode: row.postcode,
            country: row.country,
        }
    }
}

const PAGE: &str = "
    select id, name, phone, line1, line2, city, state, postcode, country from addresses
    where user_id = $1 and id > $2 order by id limit $3";

/// A user's addresses after `after`, oldest first.
pub async fn page(db: &Db, user: UserId, after: AddressId, count: usize) -> Result<Vec<Address>> {
    let rows: Vec<AddressRow> = on_db!(db, conn => sqlx::query_as(PAGE)
        .bind(user.uuid())
        .bind(after.uuid())
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Address::from).collect())
}

const ADDRESS: &str = "
    select id, name, phone, line1, line2, city, state, postcode, country from addresses
    where user_id = $1 and id = $2";

/// One of the user's own addresses.
pub async fn address(db: &Db, user: UserId, id: AddressId) -> Result<Option<Address>> {
    let row: Option<AddressRow> = on_db!(db, conn =>
        sqlx::query_as(ADDRESS).bind(user.uuid()).bind(id.uuid()).fetch_optional(conn).await)?;
    Ok(row.map(Address::from))
}

const COUNT: &str = "select count(*) from addresses where user_id = $1";

/// How many addresses a user has.
pub async fn count(tx: &mut Tx, user: UserId) -> Result<i64> {
    Ok(on_tx!(tx, conn => sqlx::query_scalar(COUNT).bind(user.uuid()).fetch_one(conn).await)?)
}

const INSERT: &str = "
    insert into addresses (user_id, id, name, phone, line1, line2, city, state, postcode, country)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    returning id, name, phone, line1, line2, city, state, postcode, country";

pub async fn insert(tx: &mut Tx, user: UserId, id: AddressId, input: &AddressInput) -> Result<Option<Address>> {
    write(tx, INSERT, user, id, input).await
}

const UPDATE: &str = "
    update addresses set name = $3, phone = $4, line1 = $5, line2 = $6, city = $7, state = $8, postcode = $9,
        country = $10
    where user_id = $1 and id = $2
    returning id, name, phone, line1, line2, city, state, postcode, country";

/// Replaces one of the user's own addresses.
pub async fn update(tx: &mut Tx, user: UserId, id: AddressId, input: &AddressInput) -> Result<Option<Address>> {
    write(tx, UPDATE, user, id, input).await
}

async fn write(
    tx: &mut Tx,
    sql: &'static str,
    user: UserId,
    id: AddressId,
    input: &AddressInput,
) -> Result<Option<Address>> {
    let row: Option<AddressRow> = on_tx!(tx, conn => sqlx::query_as(sql)
        .bind(user.uuid())
        .bind(id.uuid())
        .bind(&input.name)
        .bind(&input.phone)
        .bind(&input.line1)
        .bind(&input.line2)
        .bind(&input.city)
        .bind(&input.state)
        .bind(&input.postcode)
        .bind(&input.country)
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Address::from))
}

const DELETE: &str = "delete from addresses where user_id = $1 and id = $2";

/// Deletes one of the user's own addresses; false when there is none.
pub async fn delete(tx: &mut Tx, user: UserId, id: AddressId) -> Result<bool> {
    let rows = on_tx!(tx, conn => sqlx::query(DELETE).bind(user.uuid()).bind(id.uuid()).run(conn).await)?;
    Ok(rows == 1)
}
