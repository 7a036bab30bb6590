//! What is moved: every table of a shop, by the columns that both databases have.

use anyhow::{Context, bail, ensure};
use sqlx::{PgConnection, SqliteConnection};

/// Every table that is moved, those that others refer to before the others.
pub(super) const TABLES: [&str; 26] = [
    "users",
    "users_to_settle",
    "sessions",
    "refresh_tokens",
    "identities",
    "addresses",
    "categories",
    "products",
    "stock_movements",
    "streams",
    "stream_moderators",
    "auctions",
    "auction_heads",
    "auction_events",
    "auction_bids",
    "auction_watches",
    "seller_blocks",
    "auction_snapshots",
    "chat_channels",
    "chat_events",
    "chat_messages",
    "chat_members",
    "signing_keys",
    "history",
    "service_time",
    "outages",
];

/// What stays: PostgreSQL searches the products themselves, and a probe is not worth keeping.
const NOT_MOVED: [&str; 3] = ["product_documents", "product_words", "write_probes"];

/// What a column holds. No other types are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Text,
    Number,
    Flag,
}

#[derive(Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// A table and how it is read and written. The columns are asked of the database, so that a migration
/// can't add one that is forgotten here.
#[derive(Debug)]
pub(super) struct Table {
    pub name: &'static str,
    pub columns: Vec<Column>,
    /// Where among the columns those of the primary key are, in its order.
    pub key: Vec<usize>,
}

impl Table {
    fn list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        names.join(", ")
    }

    /// All rows by their key, compared by its bytes: both databases have them in the same order.
    fn select(&self, bytewise: &str) -> String {
        let part = |&place: &usize| match &self.columns[place] {
            Column { name, kind: Kind::Text } => format!("\"{name}\" collate {bytewise}"),
            Column { name, .. } => format!("\"{name}\""),
        };
        let key: Vec<_> = self.key.iter().map(part).collect();
        format!("select {} from {} order by {}", self.list(), self.name, key.join(", "))
    }

    pub fn select_in_sqlite(&self) -> String {
        self.select("binary")
    }

    pub fn select_in_postgres(&self) -> String {
        self.select("\"C\"")
    }

    pub fn copy_in(&self) -> String {
        format!("copy {} ({}) from stdin", self.name, self.list())
    }

    pub fn count(&self) -> String {
        format!("select count(*) from {}", self.name)
    }
}

const COLUMNS: &str = "
    select a.attname::text, format_type(a.atttypid, null), k.place
    from pg_attribute a
    left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
    left join lateral unnest(i.indkey) with ordinality k (attnum, place) on k.attnum = a.attnum
    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    order by a.attnum";

async fn table(target: &mut PgConnection, name: &'static str) -> anyhow::Result<Table> {
    let rows: Vec<(String, String, Option<i64>)> =
        sqlx::query_as(COLUMNS).bind(name).fetch_all(target).await.context("Its columns can't be read")?;
    let mut columns = Vec::new();
    let mut key = Vec::new();
    for (place, (column, of, in_key)) in rows.into_iter().enumerate() {
        key.extend(in_key.map(|nth| (nth, place)));
        columns.push(Column { kind: kind(name, &column, &of)?, name: column });
    }
    ensure!(!key.is_empty(), "PostgreSQL has no table {name} with a key.");
    key.sort_unstable();
    Ok(Table { name, columns, key: key.into_iter().map(|(_, place)| place).collect() })
}

fn kind(table: &str, column: &str, of: &str) -> anyhow::Result<Kind> {
    Ok(match of {
        "uuid" => Kind::Uuid,
        "text" => Kind::Text,
        "bigint" => Kind::Number,
        "boolean" => Kind::Flag,
        _ => bail!("{table}.{column} is of type {of}, which this program can't move."),
    })
}

// A search index has tables of its own beside it.
const IN_SQLITE: &str = "
    select name from sqlite_schema
    where type = 'table' and name not like 'sqlite!_%' escape '!' and name not like '!_sqlx!_%' escape '!'
        and name not like 'product!_words!_%' escape '!'";

const COLUMNS_IN_SQLITE: &str = "select name from pragma_table_info($1)";

/// All tables as PostgreSQL has them. SQLite must have the same, or something would be left behind.
pub(super) async fn tables(source: &mut SqliteConnection, target: &mut PgConnection) -> anyhow::Result<Vec<Table>> {
    let there: Vec<String> = sqlx::query_scalar(IN_SQLITE).fetch_all(&mut *source).await?;
    if let Some(unknown) = there.iter().find(|name| ![&TABLES[..], &NOT_MOVED].concat().contains(&name.as_str())) {
        bail!("The SQLite file has a table {unknown}, which is not the shop's; it would be left behind.");
    }
    let mut tables = Vec::new();
    for name in TABLES {
        let table = table(target, name).await?;
        let mut there: Vec<String> = sqlx::query_scalar(COLUMNS_IN_SQLITE).bind(name).fetch_all(&mut *source).await?;
        let mut here: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
        there.sort_unstable();
        here.sort_unstable();
        ensure!(there == here, "{name} has other columns in SQLite ({there:?}) than in PostgreSQL ({here:?}).");
        tables.push(table);
    }
    Ok(tables)
}
