//! What a lot sells, as its bidders see it.

use serde::{Deserialize, Serialize};

use crate::wire::{
    Faults, present,
    product::{check_images, check_weight},
    stated,
};

/// What is sold, in the lot's own words: copied from the product when the lot is made, changed with
/// the lot's rules, and frozen with them at the first bid. The log has the hash of its canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Item {
    /// What the lot is called.
    pub title: String,
    /// What there is to know of it.
    pub description: String,
    /// Addresses of pictures, the first one leads.
    pub images: Vec<String>,
    /// Grams, packed; null when nobody said.
    pub weight_g: Option<u32>,
    /// In what state it is, as its seller says; absent when they don't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub condition: Option<String>,
}

/// What of an item changes: absent fields stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ItemUpdate {
    /// 1 to 200 characters; the same as the lot's title.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 200))]
    pub title: Option<String>,
    /// Up to 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 10_000))]
    pub description: Option<String>,
    /// Up to 20 http(s) addresses.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, max_items = 20, max_length = 2_000, pattern = "^https?://[^\\s]*$")
    )]
    pub images: Option<Vec<String>>,
    /// Grams, packed: 1 to 1,000,000; null for unknown.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000))]
    pub weight_g: Option<Option<u32>>,
    /// 1 to 200 characters; null to say nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 200))]
    pub condition: Option<Option<String>>,
}

impl ItemUpdate {
    /// Says what changes; `title` is the lot's, if that was stated apart.
    pub fn apply(&self, title: Option<&str>, item: &mut Item) {
        let Self { title: own_title, description, images, weight_g, condition } = self;
        if let Some(title) = own_title.as_deref().or(title) {
            title.clone_into(&mut item.title);
        }
        if let Some(description) = description {
            description.clone_into(&mut item.description);
        }
        if let Some(images) = images {
            images.clone_into(&mut item.images);
        }
        if let Some(weight_g) = weight_g {
            item.weight_g = *weight_g;
        }
        if let Some(condition) = condition {
            condition.clone_into(&mut item.condition);
        }
    }
}

/// The faults of what is stated of an item, beside the lot's own title.
pub(super) fn check_item(title: Option<&str>, item: Option<&ItemUpdate>, faults: &mut Faults) {
    if let Some(title) = title {
        faults.text("/title", title, 1..=200);
    }
    let Some(item) = item else { return };
    if let Some(own) = &item.title {
        faults.text("/item/title", own, 1..=200);
        if title.is_some_and(|title| title != own) {
            faults.invalid("/item/title", "must be the same as title, or absent");
        }
    }
    if let Some(description) = &item.description {
        faults.text("/item/description", description, 0..=10_000);
    }
    check_images("/item", item.images.as_deref().unwrap_or_default(), faults);
    check_weight("/item", item.weight_g.flatten(), faults);
    if let Some(condition) = item.condition.iter().flatten().next() {
        faults.text("/item/condition", condition, 1..=200);
    }
}
