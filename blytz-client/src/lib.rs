//! The typed SDK for a Blytz server.
//!
//! A [`Client`] speaks HTTP: every endpoint is a method, tokens are refreshed by themselves, and
//! what is safe to repeat is repeated with the same id. [`Client::live`] opens the WebSocket, which
//! reconnects and resumes by itself: every event of an auction or chat arrives once and in order,
//! or a [`LiveEvent::Resynced`] says that a snapshot replaced the past.
//!
//! ```no_run
//! # async fn example() -> Result<(), blytz_client::Error> {
//! use blytz_client::{Client, LiveEvent, wire::live::Channel};
//!
//! let client = Client::builder("http://127.0.0.1:8080").build()?;
//! let page = client.auctions().list(&Default::default()).await?;
//!
//! let (live, mut events) = client.live().connect();
//! for auction in &page.items {
//!     live.subscribe(Channel::Auction(auction.status.id));
//! }
//! while let Some(event) = events.recv().await {
//!     if let LiveEvent::Auction { id, entry } = event {
//!         println!("{id} #{}: {:?}", entry.seq, entry.data);
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! HTTP and the live connection go through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY`
//! name (`http://` or `https://`, with `user:password@` if it asks for a login), but to what
//! `NO_PROXY` lists.
//!
//! Errors are one type, [`Error`]; branch on [`Error::code`], and ask [`Error::retry_kind`] whether
//! the same request may be sent again.
#![warn(missing_docs)]

mod ambient;
mod answer;
mod api;
mod builder;
mod call;
mod client;
mod download;
mod error;
mod evidence;
pub mod live;
mod paging;
mod retry;
mod session;
mod store;
mod tls;

pub use blytz_core::{self as core, wire};

pub use crate::{
    api::{
        AuctionQuery, Auctions, Auth, Categories, Chat, PageQuery, Process, ProductQuery, Products, StreamQuery,
        Streams, UserQuery,
    },
    builder::ClientBuilder,
    client::Client,
    download::Download,
    error::{Error, RetryKind, TransportError, UnexpectedAnswer},
    evidence::{Evidence, Fork, Untrue},
    live::{ClockOffset, CloseReason, ConnectionState, Live, LiveEvent, LiveEvents, LiveHandle},
    paging::all_pages,
    retry::{Backoff, RetryPolicy},
    store::LoginStore,
};

/// A fresh id for a bid: one per intention, kept through every retry.
pub fn new_bid_id() -> blytz_core::BidId {
    blytz_core::BidId(ambient::new_uuid())
}

/// A fresh id for a chat message, kept through every retry.
pub fn new_message_id() -> blytz_core::MessageId {
    blytz_core::MessageId(ambient::new_uuid())
}
