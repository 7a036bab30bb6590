//! The catalogue's handle: who may change which product, and what lots do to the stock.

use std::collections::HashMap;

use blytz_core::{
    Currency, ProductId, Timestamp, UserId,
    account::Action,
    catalog::{Listing, Moved, StockError},
    wire::{
        ErrorCode,
        auction::{Item, LotProduct},
    },
};

use super::store::{self, Record, SaveError};
use crate::{
    clock::new_id,
    db::{Source, Tx},
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
    /// What a lot of it sells, in the product's words.
    pub item: Item,
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

    /// So many products at a time, so that nobody else waits for long.
    async fn index_the_rest(&self) -> Result<()> {
        let (mut after, mut indexed) = (ProductId(uuid::Uuid::nil()), 0);
        loop {
            let records = store::search::not_indexed(&self.platform.db, after, INDEXED_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            if indexed == 0 {
                tracing::info!("the search does not know every product; it learns of them before the start");
            }
            (after, indexed) = (last.id, indexed + records.len());
            let renewed = async move |tx: &mut Tx| {
                for record in &records {
                    store::search::renew(tx, record).await?;
                }
                Ok(())
            };
            self.platform.write(renewed).await?;
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
        let mut record = store::take(tx, product).await?.ok_or_else(Error::not_found)?;
        match record.listing {
            _ if record.seller_id != seller => return Err(not_theirs(&record)),
            Listing::Active => {}
            Listing::Draft => return Err(Error::conflict("The product is a draft; activate it first.")),
            Listing::Archived => return Err(Error::conflict("The product is archived; activate it first.")),
        }
        let moved = record.stock.reserve(1).map_err(|error| stock_error(error, ""))?;
        self.book(tx, &mut record, moved, Some(reason), at).await?;
        let Record { title, description, images, weight_g, .. } = record;
        let item = Item { title, description, images, weight_g, condition: None };
        Ok(HeldProduct { item, currency: record.price.currency })
    }

    /// Gives a reserved unit back, in the caller's transaction.
    ///
    /// # Errors
    /// When the database refuses, or no unit of the product is reserved.
    pub async fn release_unit(&self, tx: &mut Tx, product: ProductId, reason: &str, at: Timestamp) -> Result<()> {
        let mut record = store::take(tx, product).await?.ok_or_else(Error::not_found)?;
        let moved = record.stock.release(1).map_err(|error| stock_error(error, ""))?;
        self.book(tx, &mut record, moved, Some(reason), at).await
    }

    /// The products as lots show them, whatever their status. Unknown ids are left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lot_products(&self, ids: &[ProductId]) -> Result<HashMap<ProductId, LotProduct>> {
        store::lots(&self.platform.db, ids).await
    }

    /// Saves what a product's stock has become, with its line in the book.
    pub(super) async fn book(
        &self,
        tx: &mut Tx,
        record: &mut Record,
        moved: Moved,
        reason: Option<&str>,
        at: Timestamp,
    ) -> Result<()> {
        (record.stock, record.updated_at) = (moved.after, at);
        store::save(tx, record).await?;
        store::movements::append(tx, record, new_id(&self.platform.clock), moved, reason).await
    }
}

/// A product that this user may change, and whose book they keep.
pub async fn own(from: impl Source, user: &User, id: ProductId) -> Result<Record> {
    let record = store::find(from, id).await?.ok_or_else(Error::not_found)?;
    check_own(&record, user)?;
    Ok(record)
}

/// The same to change it in this transaction.
pub async fn take_own(tx: &mut Tx, user: &User, id: ProductId) -> Result<Record> {
    let record = store::take(tx, id).await?.ok_or_else(Error::not_found)?;
    check_own(&record, user)?;
    Ok(record)
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

impl From<SaveError> for Error {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::NoSuchCategory => Self::invalid_field("/category_id", "must be the id of a category"),
            SaveError::SkuTaken => Self::new(ErrorCode::SkuTaken, "Another product of the seller has this sku."),
            SaveError::Stale => Self::conflict("The product was changed meanwhile; read it again and repeat."),
            SaveError::Sql(error) => error.into(),
        }
    }
}

/// A movement that the stock does not allow, asked for by the field at `pointer`.
pub fn stock_error(error: StockError, pointer: &str) -> Error {
    match error.code() {
        ErrorCode::ValidationFailed => Error::invalid_field(pointer, format!("is refused: {error}")),
        code => Error::new(code, format!("The stock does not allow it: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        config::Config,
        db::{Db, Run, Sqlite, on_tx},
        services::product::{order::ProductSort, store::Filter},
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
            catalog.create(UserId(uuid::Uuid::nil()), input).await.expect("a product");
        }
        let mut tx = db.begin_write().await.expect("a transaction");
        for sql in [
            "delete from product_words",
            "delete from product_documents",
            "update products set words = 'cafe\u{301}', title_key = 'x'",
        ] {
            on_tx!(tx, conn => sqlx::query(sql).run(conn).await).expect("forgotten");
        }
        tx.commit().await.expect("written");
        let found = async || {
            let filter = Filter { words: "caf\u{e9}".to_owned(), ..Filter::everything() };
            store::list(&db, &filter, ProductSort::Title, None, many).await.expect("a list").items.len()
        };
        assert_eq!(found().await, 0);
        catalog.index_the_rest().await.expect("indexed");
        assert_eq!(found().await, many);
        assert!(store::search::not_indexed(&db, ProductId(uuid::Uuid::nil()), 1).await.expect("read").is_empty());
    }
}
