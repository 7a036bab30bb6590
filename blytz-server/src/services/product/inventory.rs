//! A product's stock, for its seller.

use axum::{Json, extract::State};
use blytz_core::{
    ProductId,
    wire::{
        Page,
        product::{Inventory, InventoryAdjust, InventorySet, Movement},
    },
};

use super::{catalog::Catalog, catalog::stock_error, cursor, store};
use crate::{
    error::Result,
    http::{Body, PageQuery, PathId, Query, extract::page_size},
    services::auth::Active,
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
    let record = catalog.own(&who, id).await?;
    Ok(Json(record.stock.into()))
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
    let record = catalog
        .change(&who, id, None, |record| {
            record.stock.set(body.on_hand).map(Some).map_err(|error| stock_error(error, "/on_hand"))
        })
        .await?;
    Ok(Json(record.stock.into()))
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
    let record = catalog
        .change(&who, id, Some(&body.reason), |record| {
            record.stock.adjust(body.delta).map(Some).map_err(|error| stock_error(error, "/delta"))
        })
        .await?;
    Ok(Json(record.stock.into()))
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
    catalog.own(&who, id).await?;
    let size = page_size(query.limit);
    let mut movements = store::movements::list(&catalog.platform.db, id, before, size + 1).await?;
    let more = movements.len() > size;
    movements.truncate(size);
    let next_cursor = movements.last().filter(|_| more).map(|(rev, _)| cursor::encode(&[&rev.to_string()]));
    Ok(Json(Page { items: movements.into_iter().map(|(_, movement)| movement).collect(), next_cursor }))
}
