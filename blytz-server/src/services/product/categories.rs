//! The tree of categories: everybody reads it, admins shape it.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    CategoryId,
    wire::{
        Page,
        product::{Category, CategoryInput, CategoryUpdate},
    },
};

use super::{
    catalog::Catalog,
    cursor,
    store::categories::{self as store, CategoryError},
};
use crate::{
    clock::new_id,
    db::Tx,
    error::{Error, Result},
    http::{Body, PageQuery, PathId, Query},
    services::auth::Admin,
};

/// All categories by name; `parent_id` makes the tree.
#[utoipa::path(
    get, path = "/categories", tag = "product", params(PageQuery),
    responses(
        (status = 200, description = "A page of categories", body = Page<Category>),
    )
)]
pub async fn list(State(catalog): State<Catalog>, Query(query): Query<PageQuery>) -> Result<Json<Page<Category>>> {
    let (id, name) = match query.cursor.as_deref().map(cursor::decode).transpose()? {
        Some([id, name]) => (id.parse().map_err(|_| cursor::invalid())?, name),
        None => (CategoryId(uuid::Uuid::nil()), String::new()),
    };
    catalog.categories(&name, id, query.limit.size()).await.map(Json)
}

/// One category.
#[utoipa::path(
    get, path = "/categories/{id}", tag = "product", params(("id" = CategoryId, Path)),
    responses(
        (status = 200, description = "The category", body = Category),
        (status = 404, description = "No such category"),
    )
)]
pub async fn get(State(catalog): State<Catalog>, PathId(id): PathId<CategoryId>) -> Result<Json<Category>> {
    catalog.category(id).await.map(Json)
}

/// A new category.
#[utoipa::path(
    post, path = "/categories", tag = "product", request_body = CategoryInput,
    responses(
        (status = 201, description = "The category", body = Category),
        (status = 401),
        (status = 403, description = "Not an admin"),
        (status = 409, description = "The name is taken"),
    )
)]
pub async fn create(
    State(catalog): State<Catalog>,
    Body { who: _, body }: Body<Admin, CategoryInput>,
) -> Result<(StatusCode, Json<Category>)> {
    Ok((StatusCode::CREATED, Json(catalog.add_category(body).await?)))
}

/// Renames or moves a category.
#[utoipa::path(
    patch, path = "/categories/{id}", tag = "product", params(("id" = CategoryId, Path)),
    request_body = CategoryUpdate,
    responses(
        (status = 200, description = "The category", body = Category),
        (status = 401),
        (status = 403, description = "Not an admin"),
        (status = 404, description = "No such category"),
        (status = 409, description = "The name is taken"),
    )
)]
pub async fn update(
    State(catalog): State<Catalog>,
    PathId(id): PathId<CategoryId>,
    Body { who: _, body }: Body<Admin, CategoryUpdate>,
) -> Result<Json<Category>> {
    catalog.change_category(id, body).await.map(Json)
}

/// Takes an empty category away.
#[utoipa::path(
    delete, path = "/categories/{id}", tag = "product", params(("id" = CategoryId, Path)),
    responses(
        (status = 204, description = "Gone"),
        (status = 401),
        (status = 403, description = "Not an admin"),
        (status = 404, description = "No such category"),
        (status = 409, description = "Something is in it"),
    )
)]
pub async fn delete(State(catalog): State<Catalog>, _: Admin, PathId(id): PathId<CategoryId>) -> Result<StatusCode> {
    catalog.delete_category(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Catalog {
    async fn categories(&self, after: &str, after_id: CategoryId, size: usize) -> Result<Page<Category>> {
        let found = store::list(&self.platform.db, after, after_id, size + 1).await?;
        Ok(Page::cut(found, size, |last| cursor::encode(&[&last.id.to_string(), &store::name_key(&last.name)])))
    }

    async fn category(&self, id: CategoryId) -> Result<Category> {
        store::find(&self.platform.db, id).await?.ok_or_else(Error::not_found)
    }

    async fn add_category(&self, input: CategoryInput) -> Result<Category> {
        let category = Category { id: new_id(&self.platform.clock), parent_id: input.parent_id, name: input.name };
        let added = async move |tx: &mut Tx| {
            store::insert(tx, &category).await?;
            Ok(category)
        };
        self.platform.write(added).await
    }

    async fn change_category(&self, id: CategoryId, update: CategoryUpdate) -> Result<Category> {
        let changed = async move |tx: &mut Tx| {
            store::hold_all(tx).await?;
            let mut category = store::find(&mut *tx, id).await?.ok_or_else(Error::not_found)?;
            if let Some(Some(parent)) = update.parent_id
                && store::is_below(&mut *tx, id, parent).await?
            {
                return Err(Error::invalid_field("/parent_id", "must not be the category itself or one below it"));
            }
            category.name = update.name.unwrap_or(category.name);
            category.parent_id = update.parent_id.unwrap_or(category.parent_id);
            store::save(tx, &category).await?;
            Ok(category)
        };
        self.platform.write(changed).await
    }

    async fn delete_category(&self, id: CategoryId) -> Result<()> {
        let deleted = async move |tx: &mut Tx| {
            if store::delete(tx, id).await? { Ok(()) } else { Err(Error::not_found()) }
        };
        self.platform.write(deleted).await
    }
}

impl From<CategoryError> for Error {
    fn from(error: CategoryError) -> Self {
        match error {
            CategoryError::NoSuchParent => Self::invalid_field("/parent_id", "must be the id of a category"),
            CategoryError::NameTaken => Self::conflict("A category beside it has this name."),
            CategoryError::InUse => Self::conflict("Products or categories are in it; move them first."),
            CategoryError::Sql(error) => error.into(),
        }
    }
}
