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
    error::{Error, Result},
    http::{Body, PageQuery, PathId, Query, extract::page_size},
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
    let (name, id) = match query.cursor.as_deref().map(cursor::decode).transpose()? {
        Some([id, name]) => (name, id.parse().map_err(|_| cursor::invalid())?),
        None => (String::new(), CategoryId(uuid::Uuid::nil())),
    };
    let size = page_size(query.limit);
    let mut items = store::list(&catalog.platform.db, &name, id, size + 1).await?;
    let more = items.len() > size;
    items.truncate(size);
    let last = items.last().filter(|_| more);
    let next_cursor = last.map(|last| cursor::encode(&[&last.id.to_string(), &store::name_key(&last.name)]));
    Ok(Json(Page { items, next_cursor }))
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
    store::find(&catalog.platform.db, id).await?.map(Json).ok_or_else(Error::not_found)
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
    let id = new_id(&catalog.platform.clock);
    let mut tx = catalog.platform.db.begin_write().await?;
    store::insert(&mut tx, id, &body).await.map_err(refused)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Category { id, parent_id: body.parent_id, name: body.name })))
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
    let mut tx = catalog.platform.db.begin_write().await?;
    let mut category = store::find_in(&mut tx, id).await?.ok_or_else(Error::not_found)?;
    if let Some(name) = body.name {
        category.name = name;
    }
    if let Some(parent) = body.parent_id {
        if let Some(parent) = parent
            && store::is_below(&mut tx, id, parent).await?
        {
            return Err(Error::invalid_field("/parent_id", "must not be the category itself or one below it"));
        }
        category.parent_id = parent;
    }
    store::save(&mut tx, &category).await.map_err(refused)?;
    tx.commit().await?;
    Ok(Json(category))
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
    let mut tx = catalog.platform.db.begin_write().await?;
    if !store::delete(&mut tx, id).await.map_err(refused)? {
        return Err(Error::not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: CategoryError) -> Error {
    match error {
        CategoryError::NoSuchParent => Error::invalid_field("/parent_id", "must be the id of a category"),
        CategoryError::NameTaken => Error::conflict("A category beside it has this name."),
        CategoryError::InUse => Error::conflict("Products or categories are in it; move them first."),
        CategoryError::Sql(error) => error.into(),
    }
}
