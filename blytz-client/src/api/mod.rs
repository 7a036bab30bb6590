//! The HTTP API, a file per service. Every method is one request; paths and shapes are those of
//! the server's `/openapi.json`.

mod auctions;
mod auth;
mod chat;
mod process;
mod products;
mod query;
mod streams;

pub(crate) use self::chat::with_id;

pub use self::{
    auctions::Auctions,
    auth::Auth,
    chat::Chat,
    process::Process,
    products::{Categories, Products},
    query::{AuctionQuery, PageQuery, ProductQuery, StreamQuery, UserQuery},
    streams::Streams,
};
