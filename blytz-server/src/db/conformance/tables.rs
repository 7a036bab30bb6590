//! Whole tables, row by row, in one form for both databases.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::super::{Db, on_db};

/// The columns of each table that both databases have, with their types. What only SQLite has are its
/// search's own tables.
const COLUMNS: &str = "
    select table_name::text, column_name::text, data_type::text from information_schema.columns
    where table_schema = 'public' and table_name <> '_sqlx_migrations' order by table_name, ordinal_position";

/// Fails where a table is not the same in both.
pub async fn compare(sqlite: &Db, postgres: &Db, place: &str) {
    let columns: Vec<(String, String, String)> =
        on_db!(postgres, conn => sqlx::query_as(COLUMNS).fetch_all(conn).await).expect("columns");
    let mut tables: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (table, column, kind) in &columns {
        tables.entry(table).or_default().push((column, kind));
    }
    for (table, columns) in tables {
        let here = rows(sqlite, table, &columns, of_sqlite).await;
        let there = rows(postgres, table, &columns, of_postgres).await;
        let differ = here.iter().zip(&there).find(|(here, there)| here != there);
        assert!(differ.is_none(), "{table} {place} (SQLite, PostgreSQL): {differ:#?}");
        assert_eq!(here.len(), there.len(), "rows of {table} {place}");
    }
}

/// The rows of a table as texts, in the order of these.
async fn rows(db: &Db, table: &str, columns: &[(&str, &str)], text: fn(&str, &str) -> String) -> Vec<String> {
    let fields: Vec<_> = columns.iter().map(|(column, kind)| text(column, kind)).collect();
    let sql = AssertSqlSafe(format!("select {} from {table}", fields.join(" || ' | ' || ")));
    let mut rows: Vec<String> = on_db!(db, conn => sqlx::query_scalar(sql).fetch_all(conn).await).expect("rows");
    rows.sort_unstable();
    rows
}

/// A column as a text. SQLite takes any type in any column, so it is told whether this is the right one.
fn of_sqlite(column: &str, kind: &str) -> String {
    let (stored, text) = match kind {
        "uuid" | "bytea" => ("blob", format!("lower(hex({column}))")),
        "boolean" => ("integer", format!("case {column} when 1 then 'true' when 0 then 'false' else 'neither' end")),
        "bigint" => ("integer", format!("cast({column} as text)")),
        "text" => ("text", column.to_owned()),
        other => panic!("{column}: a type that is compared nowhere: {other}"),
    };
    format!("case typeof({column}) when 'null' then '(null)' when '{stored}' then {text} else typeof({column}) end")
}

fn of_postgres(column: &str, kind: &str) -> String {
    let text = match kind {
        "uuid" => format!("encode(uuid_send({column}), 'hex')"),
        "bytea" => format!("encode({column}, 'hex')"),
        _ => format!("{column}::text"),
    };
    format!("coalesce({text}, '(null)')")
}
