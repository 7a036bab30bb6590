//! The catalogue's handle: who sees and changes which product, and what lots do to the stock.

use std::collections::HashMap;

use blytz_core::{
    Currency, ProductId, Timestamp, UserId,
    account::Action,
    catalog::{Listing, ListingError, Moved, Stock, StockError},
    wire::{ErrorCode, auction::LotProduct, product::ProductInput},
};

use super::store::{self, Record, SaveError};
use crate::{
    clock::new_id,
    db::Tx,
    error::{Error, Result},
    platform::Platform,
    services::auth::User,
};

/// How many products are indexed in one transaction at the start.
const INDEXED_AT_ONCE: usize = 200;

/// The catalogue, as its neighbours see it. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    pub(super) platform: Platform,
}

/// A product of which one unit was just reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldProduct {
    /// The product's title.
    pub title: String,
    /// Its images.
    pub images: Vec<String>,
    /// The currency of its price.
    pub currency: Currency,
}

impl Catalog {
    /// Starts the service: what an older version left without an index is indexed first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn start(platform: &Platform) -> Result<Self> {
        let catalog = Self { platform: platform.clone() };
        catalog.index_the_rest().await?;
        Ok(catalog)
    }

    /// Indexes what an older version left without: so many products at a time, so that nobody else
    /// waits for long.
    ///
    /// # Errors
    /// When the database refuses.
    async fn index_the_rest(&self) -> Result<()> {
        let (mut after, mut indexed) = (ProductId(uuid::Uuid::nil()), 0);
        loop {
            let records = store::search::not_indexed(&self.platform.db, after, INDEXED_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            if indexed == 0 {
                tracing::info!("the search does not know every product; it learns of them before the start");
            }
            after = last.id;
            let mut tx = self.platform.db.begin_write().await?;
            for record in &records {
                store::search::renew(&mut tx, record).await?;
            }
            tx.commit().await?;
            indexed += records.len();
        }
        if indexed > 0 {
            tracing::info!(products = indexed, "the search has learnt of products that it did not know");
        }
        Ok(())
    }

    /// Reserves one unit of the seller's product, in the caller's transaction.
    ///
    /// # Errors
    /// 404 unknown or somebody else's private product, 403 somebody else's public one, 409
    /// `conflict` for the seller's own draft or archived product, 409 `out_of_stock`.
    pub async fn hold_unit(
        &self,
        tx: &mut Tx,
        seller: UserId,
        product: ProductId,
        reason: &str,
        at: Timestamp,
    ) -> Result<HeldProduct> {
        let mut record = store::find_in(tx, product).await?.ok_or_else(Error::not_found)?;
        match record.listing {
            _ if record.seller_id != seller => return Err(not_theirs(&record)),
            Listing::Active => {}
            Listing::Draft => return Err(Error::conflict("The product is a draft; activate it first.")),
            Listing::Archived => return Err(Error::conflict("The product is archived; activate it first.")),
        }
        let moved = record.stock.reserve(1).map_err(|error| stock_error(error, ""))?;
        self.save(tx, &mut record, at, Some((moved, Some(reason)))).await?;
        Ok(HeldProduct { title: record.title, images: record.images, currency: record.price.currency })
    }

    /// Gives a reserved unit back, in the caller's transaction.
    ///
    /// # Errors
    /// When the database refuses, or no unit of the product is reserved.
    pub async fn release_unit(&self, tx: &mut Tx, product: ProductId, reason: &str, at: Timestamp) -> Result<()> {
        let mut record = store::find_in(tx, product).await?.ok_or_else(Error::not_found)?;
        let moved = record.stock.release(1).map_err(|error| stock_error(error, ""))?;
        self.save(tx, &mut record, at, Some((moved, Some(reason)))).await
    }

    /// The products as lots show them, whatever their status. Unknown ids are left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lot_products(&self, ids: &[ProductId]) -> Result<HashMap<ProductId, LotProduct>> {
        store::lots(&self.platform.db, ids).await
    }

    /// A product that this user may see.
    pub(super) async fn visible(&self, asker: Option<&User>, id: ProductId) -> Result<Record> {
        let record = store::find(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        if is_visible(&record, asker) { Ok(record) } else { Err(Error::not_found()) }
    }

    /// A product whose book this user keeps.
    pub(super) async fn own(&self, user: &User, id: ProductId) -> Result<Record> {
        let record = store::find(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        check_own(&record, user)?;
        Ok(record)
    }

    pub(super) async fn create(&self, seller: UserId, input: ProductInput, listing: Listing) -> Result<Record> {
        let now = self.platform.clock.now();
        let first = Stock::initial(input.quantity).map_err(|error| stock_error(error, "/quantity"))?;
        let record = Record {
            id: new_id(&self.platform.clock),
            seller_id: seller,
            category_id: input.category_id,
            title: input.title,
            description: input.description,
            price: input.price,
            listing,
            images: input.images.unwrap_or_default(),
            tags: input.tags.unwrap_or_default(),
            weight_g: input.weight_g,
            tax_class: input.tax_class,
            sku: input.sku,
            stock: first.after,
            created_at: now,
            updated_at: now,
            rev: 1,
        };
        let mut tx = self.platform.db.begin_write().await?;
        store::insert(&mut tx, &record).await.map_err(save_error)?;
        store::search::index(&mut tx, &record).await?;
        store::movements::append(&mut tx, &record, new_id(&self.platform.clock), first, None).await?;
        tx.commit().await?;
        Ok(record)
    }

    /// Changes a product of the user's. `change` says how the stock moved, if it did; what it
    /// leaves as it was is not written.
    pub(super) async fn change(
        &self,
        user: &User,
        id: ProductId,
        reason: Option<&str>,
        change: impl FnOnce(&mut Record) -> Result<Option<Moved>>,
    ) -> Result<Record> {
        let mut tx = self.platform.db.begin_write().await?;
        let before = store::find_in(&mut tx, id).await?.ok_or_else(Error::not_found)?;
        check_own(&before, user)?;
        let mut record = before.clone();
        let moved = change(&mut record)?;
        if record == before && moved.is_none() {
            return Ok(before);
        }
        let now = self.platform.clock.now();
        self.save(&mut tx, &mut record, now, moved.map(|moved| (moved, reason))).await?;
        if store::search::words(&record) != store::search::words(&before) {
            store::search::index(&mut tx, &record).await?;
        }
        tx.commit().await?;
        Ok(record)
    }

    /// Saves a product, and the movement that its stock made in the same transaction.
    async fn save(
        &self,
        tx: &mut Tx,
        record: &mut Record,
        at: Timestamp,
        moved: Option<(Moved, Option<&str>)>,
    ) -> Result<()> {
        record.updated_at = at;
        if let Some((moved, _)) = moved {
            record.stock = moved.after;
        }
        store::save(tx, record).await.map_err(save_error)?;
        if let Some((moved, reason)) = moved {
            store::movements::append(tx, record, new_id(&self.platform.clock), moved, reason).await?;
        }
        Ok(())
    }
}

/// Drafts and archives are for their seller, and for those who manage every product.
fn is_visible(record: &Record, asker: Option<&User>) -> bool {
    record.listing.is_public()
        || asker.is_some_and(|user| user.id == record.seller_id || user.may(Action::ManageAnyProduct))
}

/// Whether the user may change the product: their own as long as they may sell, or any.
fn check_own(record: &Record, user: &User) -> Result<()> {
    if user.may(Action::ManageAnyProduct) {
        Ok(())
    } else if user.id != record.seller_id {
        Err(not_theirs(record))
    } else if user.may(Action::ListProducts) {
        Ok(())
    } else {
        Err(Error::forbidden("This is for sellers."))
    }
}

/// What somebody hears about a product that is not theirs.
fn not_theirs(record: &Record) -> Error {
    if record.listing.is_public() { Error::forbidden("This product is somebody else's.") } else { Error::not_found() }
}

fn save_error(error: SaveError) -> Error {
    match error {
        SaveError::NoSuchCategory => Error::invalid_field("/category_id", "must be the id of a category"),
        SaveError::SkuTaken => Error::new(ErrorCode::SkuTaken, "Another product of the seller has this sku."),
        SaveError::Stale => Error::conflict("The product was changed meanwhile; read it again and repeat."),
        SaveError::Sql(error) => error.into(),
    }
}

/// A movement that the stock does not allow, asked for by the field at `pointer`.
pub(super) fn stock_error(error: StockError, pointer: &str) -> Error {
    match error.code() {
        ErrorCode::ValidationFailed => Error::invalid_field(pointer, format!("is refused: {error}")),
        code => Error::new(code, format!("The stock does not allow it: {error}.")),
    }
}

/// A listing that the product can't have.
pub(super) fn listing_error(error: ListingError) -> Error {
    match error {
        ListingError::Derived => Error::invalid_field("/status", error.to_string()),
        ListingError::Promised { .. } => Error::conflict(format!("The product stays listed: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use blytz_core::catalog::Listing;

    use super::*;
    use crate::{
        clock::Clock,
        config::Config,
        db::{Db, Sqlite, on_tx},
        services::product::{listing::ProductSort, store::Filter},
    };

    /// As a database that an older version wrote: nothing is indexed, and words are in another form.
    #[tokio::test]
    async fn products_without_an_index_are_indexed_at_the_start() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::sqlite(Sqlite::open(&folder.path().join("t.db")).await.expect("opens")).await.expect("a schema");
        let clock = Clock::manual(Timestamp::from_micros(1_750_000_000_000_000));
        let platform = Platform::start(Config::default(), clock, db.clone()).await.expect("a platform");
        let catalog = Catalog::start(&platform).await.expect("a catalogue");
        let many = INDEXED_AT_ONCE + 1;
        for number in 0..many {
            let input = format!(
                r#"{{"title": "Caf\u00e9 {number}", "description": "", "price": {{"amount": 1, "currency": "MYR"}}, "quantity": 1}}"#
            );
            let input = serde_json::from_str(&input).expect("an input");
            catalog.create(UserId(uuid::Uuid::nil()), input, Listing::Active).await.expect("a product");
        }
        let mut tx = db.begin_write().await.expect("a transaction");
        for sql in [
            "delete from product_words",
            "delete from product_documents",
            "update products set words = 'cafe\u{301}', title_key = 'x'",
        ] {
            on_tx!(tx, conn => sqlx::query(sql).execute(conn).await).expect("forgotten");
        }
        tx.commit().await.expect("written");
        let found = async || {
            let filter = Filter { words: "caf\u{e9}".to_owned(), ..Filter::everything() };
            store::list(&db, &filter, ProductSort::Title, None, many).await.expect("a list").records.len()
        };
        assert_eq!(found().await, 0);
        catalog.index_the_rest().await.expect("indexed");
        assert_eq!(found().await, many);
        assert!(store::search::not_indexed(&db, ProductId(uuid::Uuid::nil()), 1).await.expect("read").is_empty());
    }
}
