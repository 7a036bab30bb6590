//! Products, one row each.

use std::collections::HashMap;

use blytz_core::{
    CategoryId, Money, ProductId, Timestamp, UserId,
    catalog::{Listing, Stock},
    text::searchable,
    wire::{auction::LotProduct, product::Product},
};
use uuid::Uuid;

use super::search::words;
use crate::{
    db::{Db, Tx, on_db, on_tx},
    error::{Result, internal},
};

/// A product as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub id: ProductId,
    pub seller_id: UserId,
    pub category_id: Option<CategoryId>,
    pub title: String,
    pub description: String,
    pub price: Money,
    pub listing: Listing,
    pub images: Vec<String>,
    pub tags: Vec<String>,
    pub weight_g: Option<u32>,
    pub tax_class: Option<String>,
    pub sku: Option<String>,
    pub stock: Stock,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Counts the changes; whoever saves names the one they read.
    pub rev: i64,
}

impl From<&Record> for Product {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id,
            seller_id: record.seller_id,
            title: record.title.clone(),
            description: record.description.clone(),
            category_id: record.category_id,
            price: record.price,
            status: record.listing.status(record.stock),
            images: record.images.clone(),
            tags: record.tags.clone(),
            weight_g: record.weight_g,
            tax_class: record.tax_class.clone(),
            sku: record.sku.clone(),
            available: record.stock.available(),
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

pub(super) const fn listing_text(listing: Listing) -> &'static str {
    match listing {
        Listing::Draft => "draft",
        Listing::Active => "active",
        Listing::Archived => "archived",
    }
}

fn listing_from(text: &str) -> Option<Listing> {
    [Listing::Draft, Listing::Active, Listing::Archived].into_iter().find(|listing| listing_text(*listing) == text)
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    seller_id: Uuid,
    category_id: Option<Uuid>,
    title: String,
    description: String,
    price: i64,
    currency: String,
    listing: String,
    images: String,
    tags: String,
    weight_g: Option<i64>,
    tax_class: Option<String>,
    sku: Option<String>,
    on_hand: i64,
    reserved: i64,
    created_at_us: i64,
    updated_at_us: i64,
    rev: i64,
}

impl Row {
    pub(super) fn read(self) -> Result<Record> {
        let unreadable = |what: &str| internal(format!("product {}: unreadable {what}", self.id));
        let words = |text: &str, what| serde_json::from_str(text).map_err(|_| unreadable(what));
        let currency = self.currency.parse().map_err(|_| unreadable("currency"))?;
        let weight_g = self.weight_g.map(u32::try_from).transpose().map_err(|_| unreadable("weight"))?;
        Ok(Record {
            id: self.id.into(),
            seller_id: self.seller_id.into(),
            category_id: self.category_id.map(CategoryId),
            price: Money::new(self.price, currency),
            listing: listing_from(&self.listing).ok_or_else(|| unreadable("listing"))?,
            images: words(&self.images, "images")?,
            tags: words(&self.tags, "tags")?,
            weight_g,
            stock: Stock::from_parts(self.on_hand, self.reserved).ok_or_else(|| unreadable("stock"))?,
            created_at: Timestamp::from_micros(self.created_at_us),
            updated_at: Timestamp::from_micros(self.updated_at_us),
            rev: self.rev,
            title: self.title,
            description: self.description,
            tax_class: self.tax_class,
            sku: self.sku,
        })
    }
}

macro_rules! select_products {
    ($($tail:expr),+ $(,)?) => {
        concat!(
            "select id, seller_id, category_id, title, description, price, currency, listing, images, tags, \
             weight_g, tax_class, sku, on_hand, reserved, created_at_us, updated_at_us, rev from products ",
            $($tail),+
        )
    };
}
pub(super) use select_products;

const FIND: &str = select_products!("where id = $1");

/// A product, as last committed.
pub async fn find(db: &Db, id: ProductId) -> Result<Option<Record>> {
    let row: Option<Row> = on_db!(db, pool => sqlx::query_as(FIND).bind(id.uuid()).fetch_optional(pool).await)?;
    row.map(Row::read).transpose()
}

/// A product, as this transaction sees it.
pub async fn find_in(tx: &mut Tx, id: ProductId) -> Result<Option<Record>> {
    let row: Option<Row> = on_tx!(tx, conn => sqlx::query_as(FIND).bind(id.uuid()).fetch_optional(conn).await)?;
    row.map(Row::read).transpose()
}

/// Why a product was not saved.
#[derive(Debug)]
pub enum SaveError {
    /// Its category does not exist.
    NoSuchCategory,
    /// Another product of the seller has its sku.
    SkuTaken,
    /// Somebody else changed it since it was read.
    Stale,
    /// The database refused.
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for SaveError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refused) if refused.is_foreign_key_violation() => Self::NoSuchCategory,
            // Ids are never the same twice, so only the sku can be.
            Some(refused) if refused.is_unique_violation() => Self::SkuTaken,
            _ => Self::Sql(error),
        }
    }
}

const INSERT: &str = "
    insert into products (id, seller_id, category_id, title, title_key, description, price, currency, listing,
        images, tags, weight_g, tax_class, on_hand, reserved, words, created_at_us, updated_at_us, rev, sku)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";

/// Adds a product.
pub async fn insert(tx: &mut Tx, record: &Record) -> Result<(), SaveError> {
    on_tx!(tx, conn => sqlx::query(INSERT)
        .bind(record.id.uuid())
        .bind(record.seller_id.uuid())
        .bind(record.category_id.map(CategoryId::uuid))
        .bind(&record.title)
        .bind(searchable(&record.title))
        .bind(&record.description)
        .bind(record.price.amount)
        .bind(record.price.currency.code())
        .bind(listing_text(record.listing))
        .bind(json(&record.images))
        .bind(json(&record.tags))
        .bind(record.weight_g.map(i64::from))
        .bind(&record.tax_class)
        .bind(record.stock.on_hand())
        .bind(record.stock.reserved())
        .bind(words(record))
        .bind(record.created_at.as_micros())
        .bind(record.updated_at.as_micros())
        .bind(record.rev)
        .bind(&record.sku)
        .execute(conn)
        .await)?;
    Ok(())
}

const SAVE: &str = "
    update products set category_id = $3, title = $4, title_key = $5, description = $6, price = $7, currency = $8,
        listing = $9, images = $10, tags = $11, weight_g = $12, tax_class = $13, on_hand = $14, reserved = $15,
        words = $16, updated_at_us = $17, sku = $18, rev = rev + 1
    where id = $1 and rev = $2";

/// Saves a product that was read before, and counts its rev up.
pub async fn save(tx: &mut Tx, record: &mut Record) -> Result<(), SaveError> {
    let changed = on_tx!(tx, conn => sqlx::query(SAVE)
        .bind(record.id.uuid())
        .bind(record.rev)
        .bind(record.category_id.map(CategoryId::uuid))
        .bind(&record.title)
        .bind(searchable(&record.title))
        .bind(&record.description)
        .bind(record.price.amount)
        .bind(record.price.currency.code())
        .bind(listing_text(record.listing))
        .bind(json(&record.images))
        .bind(json(&record.tags))
        .bind(record.weight_g.map(i64::from))
        .bind(&record.tax_class)
        .bind(record.stock.on_hand())
        .bind(record.stock.reserved())
        .bind(words(record))
        .bind(record.updated_at.as_micros())
        .bind(&record.sku)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    if changed == 0 {
        return Err(SaveError::Stale);
    }
    record.rev += 1;
    Ok(())
}

fn json(words: &[String]) -> String {
    serde_json::Value::from(words).to_string()
}

/// As many ids as [`LOTS`] takes: a list of fixed length is the same text for every database.
const LOTS_AT_ONCE: usize = 16;

const LOTS: &str = "
    select id, title, images from products
    where id in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// The products as lots show them.
pub async fn lots(db: &Db, ids: &[ProductId]) -> Result<HashMap<ProductId, LotProduct>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(LOTS_AT_ONCE) {
        let last = chunk.last().copied();
        let padded = chunk.iter().copied().map(Some).chain(std::iter::repeat(last)).take(LOTS_AT_ONCE);
        let rows: Vec<(Uuid, String, String)> = on_db!(db, pool => padded
            .fold(sqlx::query_as(LOTS), |query, id| query.bind(id.map(ProductId::uuid)))
            .fetch_all(pool)
            .await)?;
        for (id, title, images) in rows {
            let images = serde_json::from_str(&images).map_err(internal)?;
            found.insert(id.into(), LotProduct { id: id.into(), title, images });
        }
    }
    Ok(found)
}
