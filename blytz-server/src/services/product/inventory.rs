//! A product's stock, for its seller.

use axum::{Json, extract::State};
use blytz_core::{
    ProductId,
    catalog::{Moved, Stock},
    wire::{
        Page,
        product::{Inventory, InventoryAdjust, InventorySet, Movement},
    },
};

use super::{
    catalog::{Catalog, own, stock_error, take_own},
    cursor, store,
};
use crate::{
    db::Tx,
    error::Result,
    http::{Body, PageQuery, PathId, Query},
    services::auth::{Active, User},
};

/// The stock.
#[utoipa::path(
    get, path = "/products/{id}/inventory", tag = "product", params(("id" = ProductId, Path)),
    responses(
        (status = 200, description = "The stock", body = Inventory),
        (status = 401),
        (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such product"),
    )
)]
pub async fn get(
    State(catalog): State<Catalog>,
    who: Active,
    PathId(id): PathId<ProductId>,
) -> Result<Json<Inventory>> {
    catalog.stock(&who, id).await.map(Json)
}

/// What the seller counted.
#[utoipa::path(
    put, path = "/products/{id}/inventory", tag = "product", params(("id" = ProductId, Path)),
    request_body = InventorySet,
    responses(
        (status = 200, description = "The stock", body = Inventory),
        (status = 401),
        (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such product"),
        (status = 409, description = "Less than is promised"),
    )
)]
pub async fn set(
    State(catalog): State<Catalog>,
    PathId(id): PathId<ProductId>,
    Body { who, body }: Body<Active, InventorySet>,
) -> Result<Json<Inventory>> {
    let set = move |stock: Stock| stock.set(body.on_hand).map_err(|error| stock_error(error, "/on_hand"));
    catalog.move_stock(who.0, id, set, None).await.map(Json)
}

/// Adds units or takes them away, with a reason for the book.
#[utoipa::path(
    post, path = "/products/{id}/inventory/adjust", tag = "product", params(("id" = ProductId, Path)),
    request_body = InventoryAdjust,
    responses(
        (status = 200, description = "The stock", body = Inventory),
        (status = 401),
        (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such product"),
        (status = 409, description = "Less than is promised"),
    )
)]
pub async fn adjust(
    State(catalog): State<Catalog>,
    PathId(id): PathId<ProductId>,
    Body { who, body }: Body<Active, InventoryAdjust>,
) -> Result<Json<Inventory>> {
    let adjust = move |stock: Stock| stock.adjust(body.delta).map_err(|error| stock_error(error, "/delta"));
    catalog.move_stock(who.0, id, adjust, Some(body.reason)).await.map(Json)
}

/// The stock book, latest movement first.
#[utoipa::path(
    get, path = "/products/{id}/inventory/movements", tag = "product",
    params(("id" = ProductId, Path), PageQuery),
    responses(
        (status = 200, description = "A page of movements", body = Page<Movement>),
        (status = 401),
        (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such product"),
        (status = 422),
    )
)]
pub async fn movements(
    State(catalog): State<Catalog>,
    who: Active,
    PathId(id): PathId<ProductId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Movement>>> {
    let before = match query.cursor.as_deref().map(cursor::decode).transpose()? {
        Some([rev]) => rev.parse().map_err(|_| cursor::invalid())?,
        None => i64::MAX,
    };
    catalog.movements(&who, id, before, query.limit.size()).await.map(Json)
}

impl Catalog {
    async fn stock(&self, user: &User, id: ProductId) -> Result<Inventory> {
        Ok(own(&self.platform.db, user, id).await?.stock.into())
    }

    async fn move_stock(
        &self,
        user: User,
        id: ProductId,
        step: impl FnOnce(Stock) -> Result<Moved> + Send + 'static,
        reason: Option<String>,
    ) -> Result<Inventory> {
        let catalog = self.clone();
        let moved = async move |tx: &mut Tx| {
            let mut record = take_own(tx, &user, id).await?;
            let moved = step(record.stock)?;
            let now = catalog.platform.clock.now();
            catalog.book(tx, &mut record, moved, reason.as_deref(), now).await?;
            Ok(moved.after.into())
        };
        self.platform.write(moved).await
    }

    async fn movements(&self, user: &User, id: ProductId, before: i64, size: usize) -> Result<Page<Movement>> {
        own(&self.platform.db, user, id).await?;
        let found = store::movements::list(&self.platform.db, id, before, size + 1).await?;
        let page = Page::cut(found, size, |(rev, _)| cursor::encode(&[&rev.to_string()]));
        Ok(page.map(|(_, movement)| movement))
    }
}
