//! The search: what products are found by, and which may be meant.
//!
//! Words are found anywhere in a text, also within a word, as trigrams are what is indexed. This is
//! the one place that knows how a database does that: SQLite has an index beside the products, which is
//! asked for words, PostgreSQL one of the products' own column, which it uses for patterns by itself.

use blytz_core::{ProductId, text::searchable};
use uuid::Uuid;

use super::{Record, products::Row, products::select_products};
use crate::{
    db::{Db, Engine, Run, Tx, TxEngine, on_db, on_tx},
    error::Result,
};

/// Words shorter than this are in no index.
const SHORTEST: usize = 3;

/// What to ask the index for, to find each of these words that is long enough for it.
pub fn question(words: &str) -> Option<String> {
    let indexed = words.split_whitespace().filter(|word| word.chars().count() >= SHORTEST);
    let quoted: Vec<_> = indexed.map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    (!quoted.is_empty()).then(|| quoted.join(" AND "))
}

/// The ids that the index finds, as a part of other statements; `$1` is what [`question`] says.
macro_rules! found {
    ($question:literal) => {
        concat!(
            "select d.product_id from product_documents d where d.number in \
             (select rowid from product_words where product_words match ",
            $question,
            ")"
        )
    };
}
pub(super) use found;

/// How many ids the index finds, up to a number: it looks for no more.
macro_rules! found_at_most {
    ($question:literal, $most:literal) => {
        concat!(
            "select count(*) from (select rowid from product_words where product_words match ",
            $question,
            " limit ",
            $most,
            ") as found"
        )
    };
}
/// The same where patterns are what is looked for.
macro_rules! found_by_patterns {
    ($first:literal $(, $more:literal)*) => {
        concat!(
            "select id from products where words like ", $first, r" escape '\'"
            $(, " and words like ", $more, r" escape '\'")*
        )
    };
}
pub(super) use found_by_patterns;

const FOUND: &str = found_at_most!("$1", "$2");
const FOUND_BY_PATTERNS: &str = concat!(
    "select count(*) from (",
    found_by_patterns!("$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8"),
    " limit $9) as found"
);

/// Whether a database finds patterns in the products themselves, and has no index beside them.
pub fn goes_by_patterns(db: &Db) -> bool {
    matches!(db.engine, Engine::Postgres(_))
}

/// How many products the index finds, up to a number. `words` are in the form that is searched.
pub async fn count(db: &Db, question: &str, words: &str, most: i64) -> sqlx::Result<i64> {
    if !goes_by_patterns(db) {
        return on_db!(db, conn => sqlx::query_scalar(FOUND).bind(question).bind(most).fetch_one(conn).await);
    }
    on_db!(db, conn => {
        let mut query = sqlx::query_scalar(FOUND_BY_PATTERNS);
        for pattern in patterns(words) {
            query = query.bind(pattern);
        }
        query.bind(most).fetch_one(conn).await
    })
}

/// Places for words in the text of a list.
const PATTERNS: usize = 8;

/// Every word must be found somewhere. Words for which a text has no place of their own are one pattern,
/// in order.
pub fn patterns(words: &str) -> [String; PATTERNS] {
    let mut patterns = [const { String::new() }; PATTERNS];
    for (index, word) in words.split_whitespace().enumerate() {
        let pattern = &mut patterns[index.min(PATTERNS - 1)];
        pattern.push('%');
        pattern.push_str(&word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    }
    patterns.map(|pattern| pattern + "%")
}

const NUMBER: &str = "
    insert into product_documents (product_id) values ($1)
    on conflict (product_id) do update set product_id = excluded.product_id
    returning number";
const FORGET: &str = "delete from product_words where rowid = $1";
const LEARN: &str = "insert into product_words (rowid, words) values ($1, $2)";

/// Has a product found by the words that it has now.
pub async fn index(tx: &mut Tx, record: &Record) -> sqlx::Result<()> {
    if matches!(tx.engine, TxEngine::Postgres(_)) {
        return Ok(());
    }
    let number: i64 = on_tx!(tx, conn => sqlx::query_scalar(NUMBER).bind(record.id.uuid()).fetch_one(conn).await)?;
    on_tx!(tx, conn => sqlx::query(FORGET).bind(number).run(conn).await)?;
    on_tx!(tx, conn => sqlx::query(LEARN).bind(number).bind(record.words()).run(conn).await)?;
    Ok(())
}

const NOT_INDEXED: &str = select_products!(
    "where id > $1 and not exists (select 1 from product_documents d where d.product_id = products.id)
     order by id limit $2"
);

/// The next products that the index does not have.
pub async fn not_indexed(db: &Db, after: ProductId, limit: usize) -> Result<Vec<Record>> {
    if goes_by_patterns(db) {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = on_db!(db, conn => sqlx::query_as(NOT_INDEXED)
        .bind(after.uuid())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(Row::read).collect()
}

const RENEW: &str = "update products set words = $2, title_key = $3 where id = $1";

/// Brings what a product is searched and ordered by into its form of today, and indexes it.
pub async fn renew(tx: &mut Tx, record: &Record) -> sqlx::Result<()> {
    let id: Uuid = record.id.uuid();
    let (words, key) = (record.words(), searchable(&record.title));
    on_tx!(tx, conn => sqlx::query(RENEW).bind(id).bind(words).bind(key).run(conn).await)?;
    index(tx, record).await
}

#[cfg(test)]
mod tests {
    use super::{patterns, question};

    #[test]
    fn words_become_patterns_and_their_signs_stay_signs() {
        let first = |words| patterns(words).into_iter().filter(|pattern| pattern != "%").collect::<Vec<_>>();
        assert_eq!(first(""), [""; 0]);
        assert_eq!(first("blue vase"), ["%blue%", "%vase%"]);
        assert_eq!(first("100% a_b c\\d"), ["%100\\%%", "%a\\_b%", "%c\\\\d%"]);
        assert_eq!(first("a b c d e f g h i").last().map(String::as_str), Some("%h%i%"));
    }

    #[test]
    fn the_index_is_asked_for_what_it_has() {
        let cases = [
            ("", None),
            ("a bc", None),
            ("vase", Some("\"vase\"")),
            ("a blue vase", Some("\"blue\" AND \"vase\"")),
            ("12\" or not*", Some("\"12\"\"\" AND \"not*\"")),
            ("\u{82b1}\u{74f6}\u{5668} \u{82b1}\u{74f6}", Some("\"\u{82b1}\u{74f6}\u{5668}\"")),
        ];
        for (words, asked) in cases {
            assert_eq!(question(words).as_deref(), asked, "{words}");
        }
    }
}
