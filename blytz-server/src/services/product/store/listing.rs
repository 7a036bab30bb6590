//! The list of products: filters, orders and the place where a page starts.

use blytz_core::{CategoryId, ProductId, UserId, catalog::Listing};
use uuid::Uuid;

use super::products::{Record, Row, listing_text, select_products};
use crate::{
    db::{Db, on_db},
    error::Result,
    services::product::listing::{Key, Place, ProductSort},
};

/// Which products a list has.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Who asks, and whether they see other people's drafts and archives.
    pub asker: Option<UserId>,
    pub sees_all: bool,
    /// The listing asked for, and whether drafts come with it.
    pub listing: Listing,
    pub with_drafts: bool,
    /// Only what is (true) or is not (false) available.
    pub available: Option<bool>,
    pub seller: Option<UserId>,
    /// With everything below it.
    pub category: Option<CategoryId>,
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    /// Words that must all be there.
    pub words: Option<String>,
}

/// One text per order: the key and the direction are part of it.
macro_rules! list_products {
    ($key:literal, $after:literal, $direction:literal) => {
        select_products!(
            "where (listing = 'active' or $1 or seller_id = $2)
             and (listing = $3 or ($4 and listing = 'draft'))
             and ($5 is null or $5 = (reserved < on_hand))
             and ($6 is null or seller_id = $6)
             and ($7 is null or category_id in (
                 with recursive below (id) as (
                     select id from categories where id = $7
                     union select c.id from categories c join below b on c.parent_id = b.id)
                 select id from below))
             and ($8 is null or price >= $8)
             and ($9 is null or price <= $9)
             and words like $10 escape '\\' and words like $11 escape '\\'
             and words like $12 escape '\\' and words like $13 escape '\\'
             and ($14 is null or (",
            $key,
            ", id) ",
            $after,
            " ($14, $15)) order by ",
            $key,
            " ",
            $direction,
            ", id ",
            $direction,
            " limit $16"
        )
    };
}

const NEWEST: &str = list_products!("created_at_us", "<", "desc");
const OLDEST: &str = list_products!("created_at_us", ">", "asc");
const CHEAPEST: &str = list_products!("price", ">", "asc");
const DEAREST: &str = list_products!("price", "<", "desc");
const BY_TITLE: &str = list_products!("title_key", ">", "asc");

/// At most `limit` products after `place`.
pub async fn list(
    db: &Db,
    filter: &Filter,
    order: ProductSort,
    place: Option<&Place>,
    limit: usize,
) -> Result<Vec<Record>> {
    let sql = match order {
        ProductSort::Newest => NEWEST,
        ProductSort::Oldest => OLDEST,
        ProductSort::PriceAsc => CHEAPEST,
        ProductSort::PriceDesc => DEAREST,
        ProductSort::Title => BY_TITLE,
    };
    let [first, second, third, fourth] = patterns(filter.words.as_deref().unwrap_or_default());
    let rows: Vec<Row> = on_db!(db, pool => {
        let query = sqlx::query_as(sql)
            .bind(filter.sees_all)
            .bind(filter.asker.map(UserId::uuid))
            .bind(listing_text(filter.listing))
            .bind(filter.with_drafts)
            .bind(filter.available)
            .bind(filter.seller.map(UserId::uuid))
            .bind(filter.category.map(CategoryId::uuid))
            .bind(filter.min_price)
            .bind(filter.max_price)
            .bind(first)
            .bind(second)
            .bind(third)
            .bind(fourth);
        let query = match (order, place.map(|place| &place.key)) {
            (ProductSort::Title, Some(Key::Text(text))) => query.bind(Some(text.clone())),
            (ProductSort::Title, _) => query.bind(None::<String>),
            (_, Some(Key::Number(number))) => query.bind(Some(*number)),
            (_, _) => query.bind(None::<i64>),
        };
        query
            .bind(place.map_or(Uuid::nil(), |place| ProductId::uuid(place.id)))
            .bind(limit as i64)
            .fetch_all(pool)
            .await
    })?;
    rows.into_iter().map(Row::read).collect()
}

/// The full-text search: every word must be found somewhere. What follows the third word is one
/// pattern, its words in order, as the text has four places.
fn patterns(words: &str) -> [String; 4] {
    let mut patterns = [const { String::new() }; 4];
    for (index, word) in words.to_lowercase().split_whitespace().enumerate() {
        let pattern = &mut patterns[index.min(3)];
        pattern.push('%');
        pattern.push_str(&word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    }
    patterns.map(|pattern| pattern + "%")
}

#[cfg(test)]
mod tests {
    use super::patterns;

    #[test]
    fn words_become_patterns_and_their_signs_stay_signs() {
        assert_eq!(patterns(""), ["%", "%", "%", "%"]);
        assert_eq!(patterns(" Blue  VASE "), ["%blue%", "%vase%", "%", "%"]);
        assert_eq!(patterns("100% a_b c\\d"), ["%100\\%%", "%a\\_b%", "%c\\\\d%", "%"]);
        assert_eq!(patterns("a b c d e")[3], "%d%e%");
    }
}
