//! Products one by one.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    ProductId,
    catalog::{Listing, Moved},
    wire::{
        ErrorCode, FieldError,
        product::{Product, ProductInput, ProductStatus, ProductUpdate},
    },
};

use super::{catalog::Catalog, catalog::listing_error, store::Record};
use crate::{
    error::{Error, Result},
    http::{Body, PathId},
    services::auth::{Active, Seller, User},
};

/// Lists a product.
#[utoipa::path(
    post, path = "/products", tag = "product", request_body = ProductInput,
    responses(
        (status = 201, description = "The product", body = Product),
        (status = 401),
        (status = 403, description = "Not a seller"),
        (status = 409, description = "Another product of yours has this sku"),
    )
)]
pub async fn create(
    State(catalog): State<Catalog>,
    Body { who, body }: Body<Seller, ProductInput>,
) -> Result<(StatusCode, Json<Product>)> {
    let listing = match body.status {
        Some(ProductStatus::Draft) => Listing::Draft,
        _ => Listing::Active,
    };
    let record = catalog.create(who.id, body, listing).await?;
    Ok((StatusCode::CREATED, Json(Product::from(&record))))
}

/// One product. Drafts and archives: one's own.
#[utoipa::path(
    get, path = "/products/{id}", tag = "product", params(("id" = ProductId, Path)),
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "The product", body = Product),
        (status = 401),
        (status = 404, description = "No such product"),
    )
)]
pub async fn get(
    State(catalog): State<Catalog>,
    asker: Option<User>,
    PathId(id): PathId<ProductId>,
) -> Result<Json<Product>> {
    let record = catalog.visible(asker.as_ref(), id).await?;
    Ok(Json(Product::from(&record)))
}

/// Changes a product: absent fields stay, null clears.
#[utoipa::path(
    patch, path = "/products/{id}", tag = "product", params(("id" = ProductId, Path)), request_body = ProductUpdate,
    responses(
        (status = 200, description = "The product", body = Product),
        (status = 401),
        (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such product"),
        (status = 409, description = "Units are promised, or another product has this sku"),
    )
)]
pub async fn update(
    State(catalog): State<Catalog>,
    PathId(id): PathId<ProductId>,
    Body { who, body }: Body<Active, ProductUpdate>,
) -> Result<Json<Product>> {
    let record = catalog.change(&who, id, None, |record| apply(record, body)).await?;
    Ok(Json(Product::from(&record)))
}

/// Takes a product off sale. Lots that hold a unit of it go on.
#[utoipa::path(
    delete, path = "/products/{id}", tag = "product", params(("id" = ProductId, Path)),
    responses(
        (status = 204, description = "Archived, now or before"),
        (status = 401),
        (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such product"),
    )
)]
pub async fn archive(State(catalog): State<Catalog>, who: Active, PathId(id): PathId<ProductId>) -> Result<StatusCode> {
    let archive = |record: &mut Record| {
        record.listing = record.listing.change(Listing::Archived, record.stock).map_err(listing_error)?;
        Ok(None)
    };
    catalog.change(&who, id, None, archive).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn apply(record: &mut Record, update: ProductUpdate) -> Result<Option<Moved>> {
    if let Some(status) = update.status {
        let listing = Listing::try_from(status).map_err(listing_error)?;
        record.listing = record.listing.change(listing, record.stock).map_err(listing_error)?;
    }
    if let Some(price) = update.price {
        if price.currency != record.price.currency {
            return Err(Error::invalid(vec![FieldError {
                pointer: "/price/currency".to_owned(),
                code: ErrorCode::CurrencyMismatch,
                detail: format!("must be the product's currency, {}", record.price.currency),
            }]));
        }
        record.price = price;
    }
    let ProductUpdate { title, description, category_id, weight_g, images, tax_class, tags, sku, price: _, status: _ } =
        update;
    set(&mut record.title, title);
    set(&mut record.description, description);
    set(&mut record.category_id, category_id);
    set(&mut record.weight_g, weight_g);
    set(&mut record.images, images);
    set(&mut record.tax_class, tax_class);
    set(&mut record.tags, tags);
    set(&mut record.sku, sku);
    Ok(None)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
