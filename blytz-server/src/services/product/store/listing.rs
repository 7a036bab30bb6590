//! The list of products: filters, orders, and how much work a page may be.
//!
//! Where an index leaves few products, all of them are looked at. Otherwise products are looked at
//! in order, so many to a page: a page may then have fewer items than were asked for, or none, and
//! still say where the next one starts.

use blytz_core::{CategoryId, ProductId, UserId, catalog::Listing, wire::Page};
use uuid::Uuid;

use super::{
    products::{Record, Row, listing_text, select_products},
    search::{self, found, found_by_patterns},
};
use crate::{
    db::{Db, on_db},
    error::Result,
    services::product::order::{Key, Place, ProductSort},
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
    /// Words that must all be there, in the form that is searched.
    pub words: String,
}

#[cfg(test)]
impl Filter {
    /// Everything that everybody may see.
    pub fn everything() -> Self {
        Self {
            asker: None,
            sees_all: false,
            listing: Listing::Active,
            with_drafts: false,
            available: None,
            seller: None,
            category: None,
            min_price: None,
            max_price: None,
            words: String::new(),
        }
    }
}

/// So few that all of them may be looked at.
const FEW: i64 = 5_000;

/// How many products are looked at for a page, when they are looked at in order.
const LOOKED_AT: i64 = 20_000;

macro_rules! below {
    ($id:literal) => {
        concat!(
            "with recursive below (id) as (select id from categories where id = ",
            $id,
            " union select c.id from categories c join below b on c.parent_id = b.id) select id from below"
        )
    };
}

/// One text per order and per way to the products: `$key` and the direction are part of it, and so is
/// what narrows the search before anything is looked at.
macro_rules! list_products {
    ($key:literal, $after:literal, $until:literal, $direction:literal, $narrowed:expr) => {
        select_products!(
            "where (listing = 'active' or $1 or seller_id = $2)
             and (listing = $3 or ($4 and listing = 'draft'))
             and ($5 is null or $5 = (reserved < on_hand))
             and ($6 is null or seller_id = $6)
             and ($7 is null or category_id in (",
            below!("$7"),
            "))
             and ($8 is null or price >= $8)
             and ($9 is null or price <= $9)
             and words like $10 escape '\\' and words like $11 escape '\\'
             and words like $12 escape '\\' and words like $13 escape '\\'
             and words like $14 escape '\\' and words like $15 escape '\\'
             and words like $16 escape '\\' and words like $17 escape '\\'
             and ($18 is null or (",
            $key,
            ", id) ",
            $after,
            " ($18, $19)) and ($20 is null or (",
            $key,
            ", id) ",
            $until,
            " ($20, $21)) ",
            $narrowed,
            " order by ",
            $key,
            " ",
            $direction,
            ", id ",
            $direction,
            " limit $22"
        )
    };
}

/// The texts of one order.
struct Texts {
    in_order: &'static str,
    by_words: &'static str,
    by_patterns: &'static str,
    by_seller: &'static str,
    by_category: &'static str,
    /// The key and id of the last product to be looked at in order.
    boundary: &'static str,
}

macro_rules! texts {
    ($key:literal, $after:literal, $until:literal, $direction:literal) => {
        Texts {
            in_order: list_products!($key, $after, $until, $direction, ""),
            by_words: list_products!($key, $after, $until, $direction, concat!("and id in (", found!("$23"), ")")),
            by_patterns: list_products!(
                $key,
                $after,
                $until,
                $direction,
                concat!("and id in (", found_by_patterns!("$10", "$11", "$12", "$13", "$14", "$15", "$16", "$17"), ")")
            ),
            by_seller: list_products!(
                $key,
                $after,
                $until,
                $direction,
                "and id in (select id from products where seller_id = $6)"
            ),
            by_category: list_products!(
                $key,
                $after,
                $until,
                $direction,
                concat!("and id in (select id from products where category_id in (", below!("$7"), "))")
            ),
            boundary: concat!(
                "select ",
                $key,
                " as key, id from products where ($1 is null or (",
                $key,
                ", id) ",
                $after,
                " ($1, $2)) order by ",
                $key,
                " ",
                $direction,
                ", id ",
                $direction,
                " limit 1 offset $3"
            ),
        }
    };
}

const NEWEST: Texts = texts!("created_at_us", "<", ">=", "desc");
const OLDEST: Texts = texts!("created_at_us", ">", "<=", "asc");
const CHEAPEST: Texts = texts!("price", ">", "<=", "asc");
const DEAREST: Texts = texts!("price", "<", ">=", "desc");
const BY_TITLE: Texts = texts!("title_key", ">", "<=", "asc");

const fn texts_of(order: ProductSort) -> &'static Texts {
    match order {
        ProductSort::Newest => &NEWEST,
        ProductSort::Oldest => &OLDEST,
        ProductSort::PriceAsc => &CHEAPEST,
        ProductSort::PriceDesc => &DEAREST,
        ProductSort::Title => &BY_TITLE,
    }
}

/// The products after `place`, at most `size` of them.
pub async fn list(
    db: &Db,
    filter: &Filter,
    order: ProductSort,
    place: Option<&Place>,
    size: usize,
) -> Result<Page<Record>> {
    let texts = texts_of(order);
    let question = search::question(&filter.words);
    let (text, until, question) = match narrowest(db, filter, question.as_deref()).await? {
        // What PostgreSQL is asked for are the patterns that every list has.
        Some(Narrowed::Words) if search::goes_by_patterns(db) => (texts.by_patterns, None, None),
        Some(Narrowed::Words) => (texts.by_words, None, question),
        Some(Narrowed::Seller) => (texts.by_seller, None, None),
        Some(Narrowed::Category) => (texts.by_category, None, None),
        None => (texts.in_order, boundary(db, texts.boundary, order, place).await?, None),
    };
    let found = between(db, text, filter, order, [place, until.as_ref()], size + 1, question).await?;
    let Page { items, next_cursor } = Page::cut(found, size, |last| Place::of(last, order).cursor(order));
    Ok(Page { items, next_cursor: next_cursor.or_else(|| until.map(|until| until.cursor(order))) })
}

/// What leaves so few products that all of them may be looked at.
enum Narrowed {
    Words,
    Seller,
    Category,
}

const OF_SELLER: &str = "select count(*) from (select 1 from products where seller_id = $1 limit $2) as found";
const IN_CATEGORY: &str = concat!(
    "select count(*) from (select 1 from products where category_id in (",
    below!("$1"),
    ") limit $2) as found"
);

async fn narrowest(db: &Db, filter: &Filter, question: Option<&str>) -> Result<Option<Narrowed>> {
    async fn few(db: &Db, sql: &'static str, id: Uuid) -> Result<bool> {
        let count: i64 = on_db!(db, conn => sqlx::query_scalar(sql).bind(id).bind(FEW + 1).fetch_one(conn).await)?;
        Ok(count <= FEW)
    }
    if let Some(question) = question
        && search::count(db, question, &filter.words, FEW + 1).await? <= FEW
    {
        return Ok(Some(Narrowed::Words));
    }
    if let Some(seller) = filter.seller
        && few(db, OF_SELLER, seller.uuid()).await?
    {
        return Ok(Some(Narrowed::Seller));
    }
    if let Some(category) = filter.category
        && few(db, IN_CATEGORY, category.uuid()).await?
    {
        return Ok(Some(Narrowed::Category));
    }
    Ok(None)
}

/// The last product that a page in order looks at; none when that is the last of all.
async fn boundary(db: &Db, sql: &'static str, order: ProductSort, place: Option<&Place>) -> Result<Option<Place>> {
    let id = place.map_or(Uuid::nil(), |place| place.id.uuid());
    let found = match order {
        ProductSort::Title => on_db!(db, conn => sqlx::query_as::<_, (String, Uuid)>(sql)
            .bind(text_key(place))
            .bind(id)
            .bind(LOOKED_AT - 1)
            .fetch_optional(conn)
            .await)?
        .map(|(key, id)| (Key::Text(key), id)),
        _ => on_db!(db, conn => sqlx::query_as::<_, (i64, Uuid)>(sql)
            .bind(number_key(place))
            .bind(id)
            .bind(LOOKED_AT - 1)
            .fetch_optional(conn)
            .await)?
        .map(|(key, id)| (Key::Number(key), id)),
    };
    Ok(found.map(|(key, id)| Place { key, id: ProductId(id) }))
}

fn text_key(place: Option<&Place>) -> Option<String> {
    place.and_then(|place| match &place.key {
        Key::Text(text) => Some(text.clone()),
        Key::Number(_) => None,
    })
}

fn number_key(place: Option<&Place>) -> Option<i64> {
    place.and_then(|place| match place.key {
        Key::Number(number) => Some(number),
        Key::Text(_) => None,
    })
}

/// The products between two places; `question` goes with the text that has a place for it.
async fn between(
    db: &Db,
    sql: &'static str,
    filter: &Filter,
    order: ProductSort,
    places: [Option<&Place>; 2],
    limit: usize,
    question: Option<String>,
) -> Result<Vec<Record>> {
    let rows: Vec<Row> = on_db!(db, conn => {
        let mut query = sqlx::query_as(sql)
            .bind(filter.sees_all)
            .bind(filter.asker.map(UserId::uuid))
            .bind(listing_text(filter.listing))
            .bind(filter.with_drafts)
            .bind(filter.available)
            .bind(filter.seller.map(UserId::uuid))
            .bind(filter.category.map(CategoryId::uuid))
            .bind(filter.min_price)
            .bind(filter.max_price);
        for pattern in search::patterns(&filter.words) {
            query = query.bind(pattern);
        }
        for place in places {
            query = match order {
                ProductSort::Title => query.bind(text_key(place)),
                _ => query.bind(number_key(place)),
            };
            query = query.bind(place.map_or(Uuid::nil(), |place| place.id.uuid()));
        }
        query = query.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        if let Some(question) = question {
            query = query.bind(question);
        }
        query.fetch_all(conn).await
    })?;
    rows.into_iter().map(Row::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Postgres, Run, Sqlite, cluster::left_out, conformance::fresh_database, on_tx};

    async fn database() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sqlite = Sqlite::open(&folder.path().join("t.db")).await.expect("opens");
        (folder, Db::sqlite(sqlite).await.expect("a schema"))
    }

    /// What is few is found by its id and sorted, what is not is read in the order of the list.
    #[tokio::test]
    async fn no_list_looks_at_every_product() {
        let (_folder, db) = database().await;
        for order in ORDERS {
            let texts = texts_of(order);
            for (sql, narrowed) in [
                (texts.by_words, true),
                (texts.by_seller, true),
                (texts.by_category, true),
                (texts.in_order, false),
                (texts.boundary, false),
            ] {
                let sql = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
                let plan: Vec<(i64, i64, i64, String)> =
                    on_db!(&db, conn => sqlx::query_as(sql).fetch_all(conn).await).expect("a plan");
                let steps: Vec<_> = plan.iter().map(|step| step.3.as_str()).collect();
                let by_id = steps.iter().any(|step| step.starts_with("SEARCH products") && step.ends_with("(id=?)"));
                let in_order =
                    steps.iter().any(|step| step.contains("products USING") && step.contains("INDEX products_by_"));
                assert!(if narrowed { by_id } else { in_order && !by_id }, "{order:?}: {steps:#?}");
                assert!(!steps.contains(&"SCAN products"), "{order:?}: {steps:#?}");
                assert_eq!(narrowed, steps.contains(&"USE TEMP B-TREE FOR ORDER BY"), "{order:?}: {steps:#?}");
            }
        }
    }

    const ORDERS: [ProductSort; 5] =
        [ProductSort::Newest, ProductSort::Oldest, ProductSort::PriceAsc, ProductSort::PriceDesc, ProductSort::Title];

    /// So many products, all called `vase` and the number, the first one also `qj jar`.
    async fn many_products(db: &Db, count: i64) {
        const INSERT: &str = "
            with recursive n (i) as (select 1 union all select i + 1 from n where i < $1)
            insert into products (id, seller_id, title, title_key, description, price, currency, listing, images, tags,
                on_hand, reserved, words, created_at_us, updated_at_us, rev)
            select randomblob(16), zeroblob(16), 'Vase ' || i, 'vase ' || substr('00000' || i, -6), '', i, 'MYR',
                'active', '[]', '[]', 1, 0, 'vase ' || i || case when i = 1 then ' qj jar' else '' end, i, i, 1 from n";
        const INSERT_THERE: &str = "
            insert into products (id, seller_id, title, title_key, description, price, currency, listing, images, tags,
                on_hand, reserved, words, created_at_us, updated_at_us, rev)
            select gen_random_uuid(), gen_random_uuid(), 'Vase ' || i, 'vase ' || lpad(i::text, 6, '0'), '', i, 'MYR',
                'active', '[]', '[]', 1, 0, 'vase ' || i || case when i = 1 then ' qj jar' else '' end, i, i, 1
            from generate_series(1, $1) as i";
        const NUMBER: &str = "insert into product_documents (product_id) select id from products";
        const INDEX: &str = "
            insert into product_words (rowid, words)
            select d.number, p.words from product_documents d join products p on p.id = d.product_id";
        let mut tx = db.begin_write().await.expect("a transaction");
        let (insert, index): (_, &[&str]) = if search::goes_by_patterns(db) {
            (INSERT_THERE, &["analyze products"])
        } else {
            (INSERT, &[NUMBER, INDEX])
        };
        on_tx!(tx, conn => sqlx::query(insert).bind(count).run(conn).await).expect("products");
        for sql in index.iter().copied() {
            on_tx!(tx, conn => sqlx::query(sql).run(conn).await).expect("an index");
        }
        tx.commit().await.expect("written");
    }

    fn everybody_s(words: &str) -> Filter {
        Filter { words: words.to_owned(), ..Filter::everything() }
    }

    /// What the pages of a list have, page by page.
    async fn pages(db: &Db, filter: &Filter, order: ProductSort, size: usize) -> Vec<Vec<i64>> {
        let (mut place, mut pages) = (None, Vec::new());
        loop {
            let listed = list(db, filter, order, place.as_ref(), size).await.expect("a page");
            pages.push(listed.items.iter().map(|record| record.price.amount).collect());
            place = listed.next_cursor.map(|cursor| Place::read(&cursor, order).expect("our own"));
            if place.is_none() {
                return pages;
            }
        }
    }

    #[tokio::test]
    async fn a_page_is_so_much_work_and_the_pages_together_have_everything() {
        let (_folder, db) = database().await;
        pages_have_everything(&db).await;
        if !left_out() {
            let postgres = Postgres::open_url(&fresh_database()).await.expect("opens");
            pages_have_everything(&Db::postgres(postgres).await.expect("a schema").for_scans()).await;
        }
    }

    async fn pages_have_everything(db: &Db) {
        let count = LOOKED_AT * 2 + 10;
        many_products(db, count).await;
        for order in ORDERS {
            let ascending = matches!(order, ProductSort::Oldest | ProductSort::PriceAsc | ProductSort::Title);
            // Found by the index, wherever it stands in the order.
            assert_eq!(pages(db, &everybody_s("jar"), order, 10).await, [[1]], "{order:?}");
            // Too short for the index: looked for in order, so many products to a page.
            let found = pages(db, &everybody_s("qj"), order, 10).await;
            let expected: [&[i64]; 3] = if ascending { [&[1], &[], &[]] } else { [&[], &[], &[1]] };
            assert_eq!(found, expected, "{order:?}");
            // Too many for the index to be of use, and a filter that leaves two.
            let filter = Filter { min_price: Some(LOOKED_AT), max_price: Some(LOOKED_AT + 1), ..everybody_s("vase") };
            let mut found = pages(db, &filter, order, 1).await.concat();
            found.sort_unstable();
            assert_eq!(found, [LOOKED_AT, LOOKED_AT + 1], "{order:?}");
        }
        let all = pages(db, &everybody_s(""), ProductSort::Newest, 15_000).await.concat();
        assert!(all.into_iter().eq((1..=count).rev()), "each once, in order");
    }
}
