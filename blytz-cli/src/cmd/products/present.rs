//! What a seller has already, before an import adds to it.

use std::collections::HashMap;

use blytz_client::{
    Client, ProductQuery,
    wire::product::{Product, ProductInput, ProductStatus},
};
use blytz_core::UserId;
use tokio_util::sync::CancellationToken;

use super::patience::{Stop, patiently};
use crate::progress;

/// A seller's own products, by what an import knows them by.
#[derive(Debug, Default)]
pub struct Present {
    by_sku: HashMap<String, Product>,
    /// How many have this title. Archived ones are not counted: they are put away.
    titles: HashMap<String, u64>,
}

impl Present {
    /// Walks through everything that the client's user has, drafts and archives too.
    pub async fn look(client: &Client) -> Result<Self, Stop> {
        // Nothing is sent yet: whoever presses Ctrl-C may as well end the program.
        let never = CancellationToken::new();
        let seller = client.auth().profile().await.map_err(Stop::Refused)?.id;
        let spinner = progress::spinner("products looked at");
        let mut present = Self::default();
        for status in [None, Some(ProductStatus::Archived)] {
            let mut cursor = None;
            loop {
                let query = page_of(seller, status, cursor);
                let page = patiently(&never, async || client.products().list(&query).await).await?;
                spinner.inc(page.items.len() as u64);
                page.items.into_iter().for_each(|product| present.note(product));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        spinner.finish_and_clear();
        Ok(present)
    }

    fn note(&mut self, product: Product) {
        if product.status != ProductStatus::Archived {
            *self.titles.entry(product.title.clone()).or_default() += 1;
        }
        if let Some(sku) = product.sku.clone() {
            self.by_sku.insert(sku, product);
        }
    }

    /// The product of this row, if its sku says that it is there.
    pub fn product(&self, input: &ProductInput) -> Option<&Product> {
        self.by_sku.get(input.sku.as_deref()?)
    }

    /// Whether something of this title is there that no sku tells from it.
    pub fn has_title_of(&self, input: &ProductInput) -> bool {
        input.sku.is_none() && self.titles.contains_key(&input.title)
    }
}

fn page_of(seller: UserId, status: Option<ProductStatus>, cursor: Option<String>) -> ProductQuery {
    ProductQuery { seller_id: Some(seller), status, cursor, limit: Some(100), ..ProductQuery::default() }
}
