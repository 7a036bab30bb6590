//! Products, stock and categories.

use blytz_core::{
    CategoryId, ProductId,
    wire::{
        Page,
        product::{
            Category, CategoryInput, CategoryUpdate, Inventory, InventoryAdjust, InventorySet, Movement, Product,
            ProductInput, ProductUpdate,
        },
    },
};

use super::query::{PageQuery, ProductQuery};
use crate::{call::Call, client::Client, error::Error};

impl Client {
    /// Products and stock.
    pub fn products(&self) -> Products<'_> {
        Products(self)
    }

    /// The catalogue's tree.
    pub fn categories(&self) -> Categories<'_> {
        Categories(self)
    }
}

/// Products and stock; see [`Client::products`].
#[derive(Debug, Clone, Copy)]
pub struct Products<'a>(&'a Client);

impl Products<'_> {
    /// The catalogue.
    pub async fn list(self, query: &ProductQuery) -> Result<Page<Product>, Error> {
        let call = Call::get("/products")
            .query("q", query.q.as_ref())
            .query("category", query.category)
            .query("seller_id", query.seller_id)
            .query("min_price", query.min_price)
            .query("max_price", query.max_price)
            .word("status", query.status.as_ref())
            .query("sort", query.sort.as_ref())
            .page(query.cursor.as_ref(), query.limit);
        self.0.call(call).await
    }

    /// One product.
    pub async fn get(self, id: ProductId) -> Result<Product, Error> {
        self.0.call(Call::get(format!("/products/{id}"))).await
    }

    /// Sellers: a new product.
    pub async fn create(self, input: &ProductInput) -> Result<Product, Error> {
        self.0.call(Call::post("/products").json(input)?).await
    }

    /// Its seller: changes a product.
    pub async fn update(self, id: ProductId, update: &ProductUpdate) -> Result<Product, Error> {
        self.0.call(Call::patch(format!("/products/{id}")).json(update)?).await
    }

    /// Its seller: takes a product off sale.
    pub async fn archive(self, id: ProductId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/products/{id}"))).await
    }

    /// Its seller: the stock.
    pub async fn inventory(self, id: ProductId) -> Result<Inventory, Error> {
        self.0.call(Call::get(format!("/products/{id}/inventory"))).await
    }

    /// Its seller: units on hand, as counted.
    pub async fn set_inventory(self, id: ProductId, on_hand: i64) -> Result<Inventory, Error> {
        self.0.call(Call::put(format!("/products/{id}/inventory")).json(&InventorySet { on_hand })?).await
    }

    /// Its seller: adds units or takes them away.
    pub async fn adjust_inventory(self, id: ProductId, adjust: &InventoryAdjust) -> Result<Inventory, Error> {
        self.0.call(Call::post(format!("/products/{id}/inventory/adjust")).json(adjust)?).await
    }

    /// Its seller: the stock book.
    pub async fn movements(self, id: ProductId, query: &PageQuery) -> Result<Page<Movement>, Error> {
        let call = Call::get(format!("/products/{id}/inventory/movements"));
        self.0.call(call.page(query.cursor.as_ref(), query.limit)).await
    }
}

/// The catalogue's tree; see [`Client::categories`].
#[derive(Debug, Clone, Copy)]
pub struct Categories<'a>(&'a Client);

impl Categories<'_> {
    /// The first page of the tree.
    pub async fn list(self) -> Result<Page<Category>, Error> {
        self.page(&PageQuery::default()).await
    }

    /// A page of the tree.
    pub async fn page(self, query: &PageQuery) -> Result<Page<Category>, Error> {
        self.0.call(Call::get("/categories").page(query.cursor.as_ref(), query.limit)).await
    }

    /// One category.
    pub async fn get(self, id: CategoryId) -> Result<Category, Error> {
        self.0.call(Call::get(format!("/categories/{id}"))).await
    }

    /// Admins: a new category.
    pub async fn create(self, input: &CategoryInput) -> Result<Category, Error> {
        self.0.call(Call::post("/categories").json(input)?).await
    }

    /// Admins: renames or moves a category.
    pub async fn update(self, id: CategoryId, update: &CategoryUpdate) -> Result<Category, Error> {
        self.0.call(Call::patch(format!("/categories/{id}")).json(update)?).await
    }

    /// Admins: removes a category.
    pub async fn delete(self, id: CategoryId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/categories/{id}"))).await
    }
}
