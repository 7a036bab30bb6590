//! Products, one row each.

use std::collections::HashMap;

use blytz_core::{
    CategoryId, Money, ProductId, Timestamp, UserId,
    catalog::{Listing, Stock},
    text::searchable,
    wire::{
        auction::LotProduct,
        product::{Product, ProductInput, ProductStatus},
    },
};
use sqlx::error::DatabaseError;
use uuid::Uuid;

use crate::{
    db::{Db, Run, Source, Tx, is_duplicate, on_db, on_tx, select_in},
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

impl Record {
    /// What the search looks through.
    pub fn words(&self) -> String {
        let mut words = format!("{}\n{}", self.title, self.description);
        for tag in &self.tags {
            words.push('\n');
            words.push_str(tag);
        }
        searchable(&words)
    }

    /// A new product, on sale unless it is to be a draft.
    pub fn new(id: ProductId, seller: UserId, input: ProductInput, stock: Stock, at: Timestamp) -> Self {
        Self {
            id,
            seller_id: seller,
            category_id: input.category_id,
            title: input.title,
            description: input.description,
            price: input.price,
            listing: if input.status == Some(ProductStatus::Draft) { Listing::Draft } else { Listing::Active },
            images: input.images.unwrap_or_default(),
            tags: input.tags.unwrap_or_default(),
            weight_g: input.weight_g,
            tax_class: input.tax_class,
            sku: input.sku,
            stock,
            created_at: at,
            updated_at: at,
            rev: 1,
        }
    }
}

impl From<Record> for Product {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            seller_id: record.seller_id,
            title: record.title,
            description: record.description,
            category_id: record.category_id,
            price: record.price,
            status: record.listing.status(record.stock),
            images: record.images,
            tags: record.tags,
            weight_g: record.weight_g,
            tax_class: record.tax_class,
            sku: record.sku,
            available: record.stock.available(),
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

pub const fn listing_text(listing: Listing) -> &'static str {
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
pub struct Row {
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
    pub fn read(self) -> Result<Record> {
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

/// A product.
pub async fn find(from: impl Source, id: ProductId) -> Result<Option<Record>> {
    let row: Option<Row> = on_db!(from, conn => sqlx::query_as(FIND).bind(id.uuid()).fetch_optional(conn).await)?;
    row.map(Row::read).transpose()
}

const TAKE: &str = "select 1 from products where id = $1 for no key update";

/// A product that nobody else changes until this transaction has ended.
pub async fn take(tx: &mut Tx, id: ProductId) -> Result<Option<Record>> {
    tx.hold(TAKE, id.uuid()).await?;
    find(tx, id).await
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
        if error.as_database_error().is_some_and(DatabaseError::is_foreign_key_violation) {
            Self::NoSuchCategory
        } else if is_duplicate(&error) {
            // Ids are never the same twice, so only the sku can be.
            Self::SkuTaken
        } else {
            Self::Sql(error)
        }
    }
}

/// A statement with `$1` to `$18` bound: what is written of a product whether it is new or not.
macro_rules! written {
    ($sql:ident, $record:ident) => {
        sqlx::query($sql)
            .bind($record.id.uuid())
            .bind($record.rev)
            .bind($record.category_id.map(CategoryId::uuid))
            .bind(&$record.title)
            .bind(searchable(&$record.title))
            .bind(&$record.description)
            .bind($record.price.amount)
            .bind($record.price.currency.code())
            .bind(listing_text($record.listing))
            .bind(json(&$record.images))
            .bind(json(&$record.tags))
            .bind($record.weight_g.map(i64::from))
            .bind(&$record.tax_class)
            .bind($record.stock.on_hand())
            .bind($record.stock.reserved())
            .bind($record.words())
            .bind($record.updated_at.as_micros())
            .bind(&$record.sku)
    };
}

const INSERT: &str = "
    insert into products (id, rev, category_id, title, title_key, description, price, currency, listing, images, tags,
        weight_g, tax_class, on_hand, reserved, words, updated_at_us, sku, seller_id, created_at_us)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";

/// Adds a product.
pub async fn insert(tx: &mut Tx, record: &Record) -> Result<(), SaveError> {
    on_tx!(tx, conn => written!(INSERT, record)
        .bind(record.seller_id.uuid())
        .bind(record.created_at.as_micros())
        .run(conn)
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
    let rows = on_tx!(tx, conn => written!(SAVE, record).run(conn).await)?;
    if rows == 0 {
        return Err(SaveError::Stale);
    }
    record.rev += 1;
    Ok(())
}

fn json(words: &[String]) -> String {
    serde_json::Value::from(words).to_string()
}

const LOTS: &str = "select id, title, images from products where id in";

/// The products as lots show them.
pub async fn lots(db: &Db, ids: &[ProductId]) -> Result<HashMap<ProductId, LotProduct>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<(Uuid, String, String)> = select_in(db, LOTS, None, &ids).await?;
    let read = |(id, title, images): (Uuid, String, String)| {
        let images = serde_json::from_str(&images).map_err(internal)?;
        Ok((id.into(), LotProduct { id: id.into(), title, images }))
    };
    rows.into_iter().map(read).collect()
}
