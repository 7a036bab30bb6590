//! `blytz bench`: a load test of any Blytz server, for its operators.

use crate::{context::Context, error::Failure};

#[derive(Debug, clap::Args)]
pub struct Args {}

#[expect(clippy::unused_async, reason = "the shape of every command")]
pub async fn run(_ctx: &Context, _args: Args) -> Result<(), Failure> {
    Ok(())
}
