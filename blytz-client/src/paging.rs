//! Lists longer than a page.

use blytz_core::wire::Page;

use crate::error::Error;

/// Every item of a list, page after page.
///
/// ```no_run
/// # async fn example(client: blytz_client::Client) -> Result<(), blytz_client::Error> {
/// use blytz_client::{AuctionQuery, all_pages};
/// let auctions = all_pages(|cursor| {
///     let client = client.clone();
///     async move { client.auctions().list(&AuctionQuery { cursor, ..Default::default() }).await }
/// })
/// .await?;
/// # drop(auctions); Ok(()) }
/// ```
///
/// # Errors
/// The first error of `fetch`; what was fetched before is dropped.
pub async fn all_pages<T, F, Fut>(mut fetch: F) -> Result<Vec<T>, Error>
where
    F: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Result<Page<T>, Error>>,
{
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let page = fetch(cursor.clone()).await?;
        // A page that leads to itself or brings nothing would go on for ever.
        let ends = page.next_cursor.is_none() || page.next_cursor == cursor || page.items.is_empty();
        items.extend(page.items);
        if ends {
            return Ok(items);
        }
        cursor = page.next_cursor;
    }
}
