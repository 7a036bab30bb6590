//! The commands, a file or a folder each.
//!
//! Every one has the same shape: `pub struct Args` (clap's; its doc comment is the help, its examples
//! are the `before_help`) and `pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure>`.
//! [`Context`](crate::context::Context) says which server, who is logged in and how to print:
//! `ctx.client().await?` is the SDK's client with the profile's login, `ctx.guest()?` one without,
//! `ctx.out` writes data to stdout and talk to stderr, `ctx.confirm(…)` asks before what can't be
//! undone.

pub mod account;
pub mod auctions;
pub mod bench;
pub mod bid;
pub mod chat;
#[cfg(feature = "embedded")]
pub mod demo;
pub mod keys;
pub mod products;
pub mod receipts;
#[cfg(feature = "embedded")]
pub mod serve;
pub mod shell;
pub mod shows;
pub mod simulate;
pub mod tui;
pub mod users;
pub mod verify;
