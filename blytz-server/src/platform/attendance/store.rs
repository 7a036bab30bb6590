//! The tables `service_time` and `outages`.

#[cfg(test)]
mod conformance;

use blytz_core::{Timestamp, auction::Outage};

use crate::db::{Run, Source, Tx, on_db, on_tx};

/// How many outages anybody may ask about: those of the last moments of lots that are still open.
const NEWEST: i64 = 1_000;

const SERVED_UNTIL: &str = "select served_until_us from service_time where id = 1";

/// Until when the house has been served; none if it never was.
pub async fn served_until(from: impl Source) -> Result<Option<Timestamp>, sqlx::Error> {
    let until = on_db!(from, conn => sqlx::query_scalar::<_, i64>(SERVED_UNTIL).fetch_optional(conn).await)?;
    Ok(until.map(Timestamp::from_micros))
}

const SERVE: &str = "
    insert into service_time (id, served_until_us) values (1, $1)
    on conflict (id) do update set served_until_us = excluded.served_until_us";

/// Notes that the house has been served until now.
pub async fn serve(tx: &mut Tx, until: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(SERVE).bind(until.as_micros()).run(conn).await)?;
    Ok(())
}

const INSERT_OUTAGE: &str = "insert into outages (from_us, to_us) values ($1, $2)";

/// Notes that nobody was served for a while.
pub async fn insert_outage(tx: &mut Tx, outage: Outage) -> Result<(), sqlx::Error> {
    let (from, to) = (outage.from.as_micros(), outage.to.as_micros());
    on_tx!(tx, conn => sqlx::query(INSERT_OUTAGE).bind(from).bind(to).run(conn).await)?;
    Ok(())
}

const OUTAGES: &str = "select from_us, to_us from outages order by to_us desc limit $1";

/// The newest outages, the oldest of them first.
pub async fn outages(from: impl Source) -> Result<Vec<Outage>, sqlx::Error> {
    let rows = on_db!(from, conn => sqlx::query_as::<_, (i64, i64)>(OUTAGES).bind(NEWEST).fetch_all(conn).await)?;
    let outage = |(from, to)| Outage { from: Timestamp::from_micros(from), to: Timestamp::from_micros(to) };
    Ok(rows.into_iter().rev().map(outage).collect())
}
