//! Categories, a tree by parent.

use blytz_core::{CategoryId, text::searchable, wire::product::Category};
use sqlx::error::DatabaseError;
use uuid::Uuid;

use crate::{
    db::{Db, Run, Source, Tx, is_duplicate, on_db, on_tx},
    error::Result,
};

/// Why a category was not written.
#[derive(Debug)]
pub enum CategoryError {
    /// The one above does not exist.
    NoSuchParent,
    /// A sibling has that name.
    NameTaken,
    /// Products or categories are in it.
    InUse,
    /// The database refused.
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for CategoryError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(DatabaseError::is_foreign_key_violation) {
            Self::NoSuchParent
        } else if is_duplicate(&error) {
            Self::NameTaken
        } else {
            Self::Sql(error)
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    parent_id: Option<Uuid>,
    name: String,
}

impl From<Row> for Category {
    fn from(row: Row) -> Self {
        Self { id: row.id.into(), parent_id: row.parent_id.map(CategoryId), name: row.name }
    }
}

/// What categories are ordered by.
pub fn name_key(name: &str) -> String {
    searchable(name)
}

const FIND: &str = "select id, parent_id, name from categories where id = $1";

/// A category.
pub async fn find(from: impl Source, id: CategoryId) -> Result<Option<Category>> {
    let row: Option<Row> = on_db!(from, conn => sqlx::query_as(FIND).bind(id.uuid()).fetch_optional(conn).await)?;
    Ok(row.map(Category::from))
}

const LIST: &str = "
    select id, parent_id, name from categories
    where (name_key, id) > ($1, $2) order by name_key, id limit $3";

/// Categories by name, after a name's key and an id.
pub async fn list(db: &Db, after: &str, after_id: CategoryId, limit: usize) -> Result<Vec<Category>> {
    let rows: Vec<Row> = on_db!(db, conn => sqlx::query_as(LIST)
        .bind(after)
        .bind(after_id.uuid())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Category::from).collect())
}

const INSERT: &str = "insert into categories (id, parent_id, name, name_key) values ($1, $2, $3, $4)";

/// Adds a category.
pub async fn insert(tx: &mut Tx, category: &Category) -> Result<(), CategoryError> {
    write(tx, INSERT, category).await
}

const SAVE: &str = "update categories set parent_id = $2, name = $3, name_key = $4 where id = $1";

/// Saves a category.
pub async fn save(tx: &mut Tx, category: &Category) -> Result<(), CategoryError> {
    write(tx, SAVE, category).await
}

async fn write(tx: &mut Tx, sql: &'static str, category: &Category) -> Result<(), CategoryError> {
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(category.id.uuid())
        .bind(category.parent_id.map(CategoryId::uuid))
        .bind(&category.name)
        .bind(name_key(&category.name))
        .run(conn)
        .await)?;
    Ok(())
}

const HOLD_ALL: &str = "select 1 from categories where id >= $1 order by id for no key update";

/// Has nobody else change any category until this transaction has ended: what is below what then stays so.
pub async fn hold_all(tx: &mut Tx) -> Result<()> {
    Ok(tx.hold(HOLD_ALL, Uuid::nil()).await?)
}

const IS_BELOW: &str = "
    with recursive below (id) as (
        select id from categories where id = $1
        union select c.id from categories c join below b on c.parent_id = b.id)
    select count(*) from below where id = $2";

/// Whether `lower` is `upper` or anywhere below it.
pub async fn is_below(from: impl Source, upper: CategoryId, lower: CategoryId) -> Result<bool> {
    let count: i64 = on_db!(from, conn => sqlx::query_scalar(IS_BELOW)
        .bind(upper.uuid())
        .bind(lower.uuid())
        .fetch_one(conn)
        .await)?;
    Ok(count > 0)
}

const DELETE: &str = "delete from categories where id = $1";

/// Takes a category away. False when there was none.
pub async fn delete(tx: &mut Tx, id: CategoryId) -> Result<bool, CategoryError> {
    match on_tx!(tx, conn => sqlx::query(DELETE).bind(id.uuid()).run(conn).await).map_err(CategoryError::from) {
        Ok(rows) => Ok(rows > 0),
        Err(CategoryError::NoSuchParent) => Err(CategoryError::InUse),
        Err(other) => Err(other),
    }
}
