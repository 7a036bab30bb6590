//! A shop with auctions: Blytz's router, nested in another axum app under `/shop`.
//!
//! Run it with `cargo run -p blytz-server --example embed`, then ask
//! <http://127.0.0.1:3000/shop/products>, or read <http://127.0.0.1:3000/shop/docs>.

use std::net::SocketAddr;

use anyhow::Result;
use axum::{Router, response::Html, routing::get};
use blytz_server::{Config, Server};

#[tokio::main]
async fn main() -> Result<()> {
    let auctions = Server::builder().config(Config::in_folder("embed-data")).open().await?;
    let shop = Router::new()
        .route("/", get(|| async { Html("Our auctions are <a href=\"/shop/products\">here</a>.") }))
        .nest("/shop", auctions.router());

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}/shop/docs", listener.local_addr()?);
    // With connect info, so that rate limits know one visitor from another.
    axum::serve(listener, shop.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async {
            // Without a signal handler there is nothing to wait for: stop.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    auctions.stop().await;
    Ok(())
}
