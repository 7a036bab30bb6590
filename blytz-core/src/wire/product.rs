//! Products, stock and categories (service product).

use serde::{Deserialize, Serialize};

use super::{Check, Faults, present, stated};
use crate::{CategoryId, Money, MovementId, ProductId, Timestamp, UserId};

/// Where a product stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// Only its seller sees it.
    Draft,
    /// On sale.
    Active,
    /// Taken off sale by its seller.
    Archived,
    /// None left.
    SoldOut,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Product {
    /// The product's id.
    pub id: ProductId,
    /// Whose it is.
    pub seller_id: UserId,
    /// 1 to 200 characters.
    pub title: String,
    /// Up to 10,000 characters.
    pub description: String,
    /// Its category.
    pub category_id: Option<CategoryId>,
    /// The fixed price.
    pub price: Money,
    /// Where it stands.
    pub status: ProductStatus,
    /// Image addresses, the first one leads.
    pub images: Vec<String>,
    /// Free words to find it by.
    pub tags: Vec<String>,
    /// Grams, packed.
    pub weight_g: Option<u32>,
    /// The tax class its seller gave it.
    pub tax_class: Option<String>,
    /// Its seller's own number for it, if there is one; no two products of a seller have the same.
    #[serde(default)]
    pub sku: Option<String>,
    /// Units that can be had: on hand without those reserved.
    pub available: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// `POST /products`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProductInput {
    /// 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub title: String,
    /// Up to 10,000 characters.
    #[cfg_attr(feature = "openapi", schema(max_length = 10_000))]
    pub description: String,
    /// The fixed price, at least one minor unit.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Price))]
    pub price: Money,
    /// Units on hand, 0 to 1,000,000.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub quantity: i64,
    /// Its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_id: Option<CategoryId>,
    /// Grams, packed: 1 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
    pub weight_g: Option<u32>,
    /// Up to 20 http(s) addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20, max_length = 2_000, pattern = "^https?://[^\\s]*$"))]
    pub images: Option<Vec<String>>,
    /// A tax class, up to 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 50))]
    pub tax_class: Option<String>,
    /// Up to 20 words of up to 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20, min_length = 1, max_length = 50))]
    pub tags: Option<Vec<String>>,
    /// Your own number for it, up to 64 characters; no two of your products have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub sku: Option<String>,
    /// `active` unless `draft` is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = openapi::first_status))]
    pub status: Option<ProductStatus>,
}

/// The most units a product can have on hand.
pub const MAX_ON_HAND: i64 = 1_000_000;

impl Check for ProductInput {
    fn check(&self, faults: &mut Faults) {
        faults.text("/title", &self.title, 1..=200);
        faults.text("/description", &self.description, 0..=10_000);
        check_price(self.price, faults);
        check_quantity("/quantity", self.quantity, faults);
        check_details(self.weight_g, self.tax_class.as_deref(), self.images.as_deref(), self.tags.as_deref(), faults);
        check_sku(self.sku.as_deref(), faults);
        check_status(self.status, faults);
    }
}

/// `PATCH /products/{id}`: absent fields stay, null clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProductUpdate {
    /// 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 200))]
    pub title: Option<String>,
    /// Up to 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 10_000))]
    pub description: Option<String>,
    /// The fixed price, in the product's currency, which stays.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, value_type = crate::money::Price))]
    pub price: Option<Money>,
    /// Its category, or null for none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CategoryId>))]
    pub category_id: Option<Option<CategoryId>>,
    /// Grams, packed, or null for unknown.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000))]
    pub weight_g: Option<Option<u32>>,
    /// Up to 20 http(s) addresses.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, max_items = 20, max_length = 2_000, pattern = "^https?://[^\\s]*$")
    )]
    pub images: Option<Vec<String>>,
    /// A tax class, or null for none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 50))]
    pub tax_class: Option<Option<String>>,
    /// Up to 20 words of up to 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_items = 20, min_length = 1, max_length = 50))]
    pub tags: Option<Vec<String>>,
    /// Your own number for it, or null for none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 64))]
    pub sku: Option<Option<String>>,
    /// `draft`, `active` or `archived`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(schema_with = openapi::later_status))]
    pub status: Option<ProductStatus>,
}

impl Check for ProductUpdate {
    fn check(&self, faults: &mut Faults) {
        if let Some(title) = &self.title {
            faults.text("/title", title, 1..=200);
        }
        if let Some(description) = &self.description {
            faults.text("/description", description, 0..=10_000);
        }
        if let Some(price) = self.price {
            check_price(price, faults);
        }
        check_details(
            self.weight_g.flatten(),
            self.tax_class.as_ref().and_then(Option::as_deref),
            self.images.as_deref(),
            self.tags.as_deref(),
            faults,
        );
        check_sku(self.sku.as_ref().and_then(Option::as_deref), faults);
        if self.status == Some(ProductStatus::SoldOut) {
            faults.invalid("/status", "must be draft, active or archived; sold_out follows from the stock");
        }
    }
}

fn check_price(price: Money, faults: &mut Faults) {
    if !price.is_price() {
        faults.invalid("/price/amount", "must be at least 1 minor unit");
    }
}

fn check_quantity(pointer: &str, quantity: i64, faults: &mut Faults) {
    if !(0..=MAX_ON_HAND).contains(&quantity) {
        faults.invalid(pointer, format!("must be an integer from 0 to {MAX_ON_HAND}"));
    }
}

fn check_details(
    weight_g: Option<u32>,
    tax_class: Option<&str>,
    images: Option<&[String]>,
    tags: Option<&[String]>,
    faults: &mut Faults,
) {
    check_weight("", weight_g, faults);
    if let Some(class) = tax_class {
        faults.text("/tax_class", class, 1..=50);
    }
    check_images("", images.unwrap_or_default(), faults);
    let tags = tags.unwrap_or_default();
    if tags.len() > 20 {
        faults.invalid("/tags", "must have at most 20 items");
    }
    for (index, tag) in tags.iter().enumerate() {
        faults.text(&format!("/tags/{index}"), tag, 1..=50);
    }
}

/// A weight below `pointer`, in grams.
pub(super) fn check_weight(pointer: &str, weight_g: Option<u32>, faults: &mut Faults) {
    if weight_g.is_some_and(|grams| !(1..=1_000_000).contains(&grams)) {
        faults.invalid(format!("{pointer}/weight_g"), "must be an integer from 1 to 1000000");
    }
}

/// Addresses of pictures below `pointer`.
pub(super) fn check_images(pointer: &str, images: &[String], faults: &mut Faults) {
    if images.len() > 20 {
        faults.invalid(format!("{pointer}/images"), "must have at most 20 items");
    }
    for (index, image) in images.iter().enumerate() {
        let web = image.starts_with("https://") || image.starts_with("http://");
        if !web || image.len() > 2_000 || image.chars().any(|c| c.is_control() || c.is_whitespace()) {
            let pointer = format!("{pointer}/images/{index}");
            faults.invalid(pointer, "must be an http(s) address of at most 2000 characters");
        }
    }
}

fn check_sku(sku: Option<&str>, faults: &mut Faults) {
    let Some(sku) = sku else { return };
    // It is compared character by character: what nobody sees must not make two of one.
    if sku.trim() != sku || sku.chars().any(char::is_control) {
        faults.invalid("/sku", "must not begin or end with a space, nor contain line breaks or tabs");
    } else {
        faults.text("/sku", sku, 1..=64);
    }
}

fn check_status(status: Option<ProductStatus>, faults: &mut Faults) {
    if matches!(status, Some(ProductStatus::Archived | ProductStatus::SoldOut)) {
        faults.invalid("/status", "must be draft or active");
    }
}

/// `GET /products/{id}/inventory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inventory {
    /// Units in the house.
    pub on_hand: i64,
    /// Units promised: to lots, later to orders.
    pub reserved: i64,
    /// `on_hand` without `reserved`.
    pub available: i64,
}

/// `PUT /products/{id}/inventory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InventorySet {
    /// Units in the house, 0 to 1,000,000; not below what is reserved.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub on_hand: i64,
}

impl Check for InventorySet {
    fn check(&self, faults: &mut Faults) {
        check_quantity("/on_hand", self.on_hand, faults);
    }
}

/// `POST /products/{id}/inventory/adjust`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InventoryAdjust {
    /// Units to add, or to take away when negative; not 0.
    #[cfg_attr(feature = "openapi", schema(minimum = -1_000_000, maximum = 1_000_000))]
    pub delta: i64,
    /// Why: 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub reason: String,
}

impl Check for InventoryAdjust {
    fn check(&self, faults: &mut Faults) {
        if self.delta == 0 || !(-MAX_ON_HAND..=MAX_ON_HAND).contains(&self.delta) {
            faults.invalid("/delta", format!("must be an integer from -{MAX_ON_HAND} to {MAX_ON_HAND} and not 0"));
        }
        faults.text("/reason", &self.reason, 1..=200);
    }
}

/// Why the stock moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// The first count.
    Initial,
    /// The seller counted.
    Set,
    /// The seller added or took away.
    Adjust,
    /// A lot or an order holds a unit.
    Reserve,
    /// A hold ended.
    Release,
    /// A sale took it away.
    Sale,
}

/// One line of a product's stock book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Movement {
    /// The movement's id.
    pub id: MovementId,
    /// When.
    pub at: Timestamp,
    /// Why, in one word.
    pub kind: MovementKind,
    /// Units added (negative: taken away) on hand; for holds, units reserved or released.
    pub delta: i64,
    /// Why, in the seller's words.
    pub reason: Option<String>,
    /// Units on hand afterwards.
    pub on_hand_after: i64,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Category {
    /// The category's id.
    pub id: CategoryId,
    /// The category above it.
    pub parent_id: Option<CategoryId>,
    /// 1 to 100 characters.
    pub name: String,
}

/// `POST /categories`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CategoryInput {
    /// 1 to 100 characters, unique beside its siblings.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// The category above it; null for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<CategoryId>,
}

impl Check for CategoryInput {
    fn check(&self, faults: &mut Faults) {
        faults.text("/name", &self.name, 1..=100);
    }
}

/// `PATCH /categories/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CategoryUpdate {
    /// 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// The category above it, or null to make it a root; not itself or one below it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CategoryId>))]
    pub parent_id: Option<Option<CategoryId>>,
}

impl Check for CategoryUpdate {
    fn check(&self, faults: &mut Faults) {
        if let Some(name) = &self.name {
            faults.text("/name", name, 1..=100);
        }
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{
        Object, ObjectBuilder,
        schema::{SchemaType, Type},
    };

    /// What a seller may ask for at first; null is what is meant without it.
    pub(super) fn first_status() -> Object {
        let text_or_null = SchemaType::from_iter([Type::String, Type::Null]);
        ObjectBuilder::new().schema_type(text_or_null).enum_values(Some([Some("draft"), Some("active"), None])).build()
    }

    /// What a seller may ask for later.
    pub(super) fn later_status() -> Object {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["draft", "active", "archived"])).build()
    }
}
