//! The search: what products are found by, and which may be meant.
//!
//! Words are found anywhere in a text, also within a word, as trigrams are what is indexed. This is
//! the one place that knows how a database does that.

use blytz_core::{ProductId, text::searchable};
use uuid::Uuid;

use super::{Record, products::Row, products::select_products};
use crate::{
    db::{Db, Tx, on_db, on_tx},
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
pub(super) use found_at_most;

const NUMBER: &str = "
    insert into product_documents (product_id) values ($1)
    on conflict (product_id) do update set product_id = excluded.product_id
    returning number";
const FORGET: &str = "delete from product_words where rowid = $1";
const LEARN: &str = "insert into product_words (rowid, words) values ($1, $2)";

/// Has a product found by the words that it has now.
pub async fn index(tx: &mut Tx, record: &Record) -> sqlx::Result<()> {
    let number: i64 = on_tx!(tx, conn => sqlx::query_scalar(NUMBER).bind(record.id.uuid()).fetch_one(conn).await)?;
    on_tx!(tx, conn => sqlx::query(FORGET).bind(number).execute(conn).await)?;
    on_tx!(tx, conn => sqlx::query(LEARN).bind(number).bind(record.words()).execute(conn).await)?;
    Ok(())
}

const NOT_INDEXED: &str = select_products!(
    "where id > $1 and not exists (select 1 from product_documents d where d.product_id = products.id)
     order by id limit $2"
);

/// The next products that the index does not have.
pub async fn not_indexed(db: &Db, after: ProductId, limit: usize) -> Result<Vec<Record>> {
    let rows: Vec<Row> = on_db!(db, conn => sqlx::query_as(NOT_INDEXED)
        .bind(after.uuid())
        .bind(limit as i64)
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(Row::read).collect()
}

const RENEW: &str = "update products set words = $2, title_key = $3 where id = $1";

/// Brings what a product is searched and ordered by into its form of today, and indexes it.
pub async fn renew(tx: &mut Tx, record: &Record) -> sqlx::Result<()> {
    let id: Uuid = record.id.uuid();
    let (words, key) = (record.words(), searchable(&record.title));
    on_tx!(tx, conn => sqlx::query(RENEW).bind(id).bind(words).bind(key).execute(conn).await)?;
    index(tx, record).await
}

#[cfg(test)]
mod tests {
    use super::question;

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
