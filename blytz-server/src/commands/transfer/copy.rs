//! One table from SQLite into PostgreSQL, in pieces: a table is larger than memory.

use anyhow::{Context, anyhow};
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection, sqlite::SqliteRow};

use super::{
    tables::Table,
    value::{Contents, Summing, Value},
};

/// How much is sent at a time.
const PIECE: usize = 1 << 18;

/// Copies all rows, and says which they were. What refers to rows of its own table may come before them:
/// PostgreSQL looks at references when all of a `copy` is there.
pub(super) async fn copy(
    table: &Table,
    source: &mut SqliteConnection,
    target: &mut PgConnection,
    bar: &ProgressBar,
) -> anyhow::Result<Contents> {
    let mut rows = sqlx::query(AssertSqlSafe(table.select_in_sqlite())).fetch(source);
    let mut copying = target.copy_in_raw(&table.copy_in()).await?;
    let mut summing = Summing::default();
    let mut piece = Vec::with_capacity(2 * PIECE);
    while let Some(row) = rows.try_next().await? {
        let values = read(table, &row)?;
        write(table, &values, &mut piece)?;
        summing.add(&values);
        bar.inc(1);
        if piece.len() >= PIECE {
            copying.send(piece.as_slice()).await?;
            piece.clear();
        }
    }
    copying.send(piece.as_slice()).await?;
    copying.finish().await.context("PostgreSQL does not take it")?;
    Ok(summing.contents())
}

fn read<'r>(table: &Table, row: &'r SqliteRow) -> anyhow::Result<Vec<Value<'r>>> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(place, column)| {
            let value = Value::of_sqlite(row, place, column.kind);
            value.map_err(|error| anyhow!("{} of {} can't be read: {error}", column.name, key(table, row)))
        })
        .collect()
}

fn write(table: &Table, values: &[Value<'_>], piece: &mut Vec<u8>) -> anyhow::Result<()> {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            piece.push(b'\t');
        }
        if !value.write(piece) {
            let key: Vec<_> = table.key.iter().map(|&part| values[part].to_string()).collect();
            let (column, key) = (&table.columns[place].name, key.join(", "));
            return Err(anyhow!("{column} of the row {key} has the character U+0000, which PostgreSQL can't store"));
        }
    }
    piece.push(b'\n');
    Ok(())
}

/// Names a row that can't be read, as far as that can be.
fn key(table: &Table, row: &SqliteRow) -> String {
    let part = |&place: &usize| match Value::of_sqlite(row, place, table.columns[place].kind) {
        Ok(value) => value.to_string(),
        Err(_) => "?".to_owned(),
    };
    let parts: Vec<_> = table.key.iter().map(part).collect();
    format!("the row {}", parts.join(", "))
}
