//! The reference Blytz server, as a library: run it whole, or nest its router in another axum app.
//!
//! ```no_run
//! # async fn run() -> anyhow::Result<()> {
//! use blytz_server::{Config, Server};
//!
//! let running = Server::builder().config(Config::in_folder("data")).launch().await?;
//! println!("listening on {}", running.url());
//! running.stopped().await
//! # }
//! ```

pub mod app;
pub mod channel;
pub mod clock;
pub mod commands;
pub mod config;
pub mod db;
pub mod error;
pub mod http;
pub mod keys;
pub mod live;
pub mod platform;
pub mod providers;
pub mod serve;
pub mod service;
pub mod services;
pub mod telemetry;

pub use self::{
    app::{App, router},
    clock::Clock,
    config::Config,
    platform::Platform,
    serve::{Builder, Embedded, Running, Server},
    service::Service,
};
