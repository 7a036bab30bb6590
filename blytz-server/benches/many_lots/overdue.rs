//! A server that comes back when many lots should have closed: how long it takes until each of them has
//! got the time back that it was owed.

use std::path::Path;

use anyhow::ensure;
use blytz_server::Clock;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    net::TcpListener,
    time::{Duration, Instant, sleep},
};

use crate::{
    measure::{PATIENCE, launch},
    stock::Stock,
};

/// Fills a database with overdue lots, starts a server over it, and says what became of them.
pub async fn measure(folder: &Path, lots: u64) -> anyhow::Result<()> {
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    launch(folder, port).await?.stop().await?;
    let file = folder.join("blytz.db");
    let mut stock = Stock::open(&file, Clock::system().now()).await?;
    stock.overdue(lots).await?;
    stock.close().await?;

    let began = Instant::now();
    let server = launch(folder, port).await?;
    let mut db = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file).read_only(true)).await?;
    let count = "select sum(status = 'live' and seq > 3), sum(status <> 'live') from auction_heads";
    let (extended, ended) = loop {
        let (extended, ended): (i64, i64) = sqlx::query_as(count).fetch_one(&mut db).await?;
        if u64::try_from(extended + ended)? == lots {
            break (extended, ended);
        }
        ensure!(began.elapsed() < PATIENCE, "{extended} of {lots} lots got their time back");
        sleep(Duration::from_millis(20)).await;
    };
    let took = began.elapsed().as_secs_f64();
    println!("overdue lots: {extended} of {lots} extended, {ended} closed without, {took:.1} s after the start");
    server.stop().await
}
