//! Products one by one.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    Currency, Money, ProductId, UserId,
    account::Action,
    catalog::{ListingError, Stock},
    wire::{
        ErrorCode, FieldError,
        product::{Product, ProductInput, ProductStatus, ProductUpdate},
    },
};

use super::{
    catalog::{Catalog, stock_error, take_own},
    store::{self, Record},
};
use crate::{
    clock::new_id,
    db::Tx,
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
    let record = catalog.create(who.id, body).await?;
    Ok((StatusCode::CREATED, Json(record.into())))
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
    Ok(Json(record.into()))
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
    let record = catalog.update(who.0, id, body).await?;
    Ok(Json(record.into()))
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
    let archived = ProductUpdate { status: Some(ProductStatus::Archived), ..ProductUpdate::default() };
    catalog.update(who.0, id, archived).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Catalog {
    /// A product, if this user may see it: drafts and archives are for their seller, and for those who
    /// manage every product.
    async fn visible(&self, asker: Option<&User>, id: ProductId) -> Result<Record> {
        let record = store::find(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        let insider = |user: &User| user.id == record.seller_id || user.may(Action::ManageAnyProduct);
        if record.listing.is_public() || asker.is_some_and(insider) { Ok(record) } else { Err(Error::not_found()) }
    }

    pub(super) async fn create(&self, seller: UserId, input: ProductInput) -> Result<Record> {
        let clock = self.platform.clock.clone();
        let first = Stock::initial(input.quantity).map_err(|error| stock_error(error, "/quantity"))?;
        let created = async move |tx: &mut Tx| {
            let record = Record::new(new_id(&clock), seller, input, first.after, clock.now());
            store::insert(tx, &record).await?;
            store::search::index(tx, &record).await?;
            store::movements::append(tx, &record, new_id(&clock), first, None).await?;
            Ok(record)
        };
        self.platform.write(created).await
    }

    /// Changes a product of the user's. Where that leaves it as it was nothing is written.
    async fn update(&self, user: User, id: ProductId, update: ProductUpdate) -> Result<Record> {
        let clock = self.platform.clock.clone();
        let updated = async move |tx: &mut Tx| {
            let before = take_own(tx, &user, id).await?;
            let mut record = before.clone();
            apply(&mut record, update)?;
            if record == before {
                return Ok(record);
            }
            record.updated_at = clock.now();
            store::save(tx, &mut record).await?;
            if record.words() != before.words() {
                store::search::index(tx, &record).await?;
            }
            Ok(record)
        };
        self.platform.write(updated).await
    }
}

fn apply(record: &mut Record, update: ProductUpdate) -> Result<()> {
    let ProductUpdate { title, description, price, category_id, weight_g, images, tax_class, tags, sku, status } =
        update;
    if let Some(status) = status {
        record.listing = record.listing.change(status.try_into()?, record.stock)?;
    }
    if let Some(price) = price {
        check_currency(price, record.price.currency)?;
        record.price = price;
    }
    set(&mut record.title, title);
    set(&mut record.description, description);
    set(&mut record.category_id, category_id);
    set(&mut record.weight_g, weight_g);
    set(&mut record.images, images);
    set(&mut record.tax_class, tax_class);
    set(&mut record.tags, tags);
    set(&mut record.sku, sku);
    Ok(())
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn check_currency(price: Money, currency: Currency) -> Result<()> {
    if price.currency == currency {
        return Ok(());
    }
    Err(Error::invalid(vec![FieldError {
        pointer: "/price/currency".to_owned(),
        code: ErrorCode::CurrencyMismatch,
        detail: format!("must be the product's currency, {currency}"),
    }]))
}

impl From<ListingError> for Error {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Derived => Self::invalid_field("/status", error.to_string()),
            ListingError::Promised { .. } => Self::conflict(format!("The product stays listed: {error}.")),
        }
    }
}
