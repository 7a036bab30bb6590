//! `blytz verify`: decides a finished auction again, from nothing but what was published.

use std::path::Path;

use blytz_client::{
    Client,
    wire::auction::{LogKey, LogKeys, Proof},
};
use blytz_core::{
    AuctionId,
    auction::proof::{Flaw, Verdict, verify},
};
use serde_json::json;

use crate::{
    context::Context,
    error::{Exit, Failure},
    output::{or_dash, word},
    values::read_text,
};

/// Check that winner and price of an auction follow from its bids.
///
/// Recomputes every hash and commitment, checks the server's signature, and puts every bid before a
/// fresh engine. With FILE no server is asked: name its keys, kept from earlier, with --keys.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz verify LOT
  blytz auctions export LOT proof.json && blytz verify proof.json
  blytz verify proof.json --keys keys.json --output json
")]
pub struct Args {
    /// A proof, or the id of a finished auction; `-` for stdin
    #[arg(value_name = "FILE|AUCTION")]
    proof: String,
    /// The server's keys, as GET /auction/keys answers them
    #[arg(long, value_name = "FILE")]
    keys: Option<String>,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let trusted = args.keys.as_deref().map(read_keys).transpose()?;
    let (proof, trusted) = match args.proof.parse::<AuctionId>() {
        Ok(id) if !Path::new(&args.proof).exists() => {
            let client = ctx.client().await?;
            (client.auctions().proof(id).await?, Some(keys(&client, trusted).await?))
        }
        _ => (read_proof(&args.proof)?, trusted),
    };
    let judged = verify(&proof).and_then(|verdict| {
        trusted.as_deref().map_or(Ok(()), |trusted| known(&proof, trusted))?;
        Ok(verdict)
    });
    match judged {
        Ok(verdict) => show(ctx, &proof, &verdict, trusted.is_some()),
        Err(flaw) if ctx.out.is_json() => {
            let auction = proof.auction_id;
            ctx.out.json(&json!({ "valid": false, "auction_id": auction, "seq": flaw.seq, "detail": flaw.what }))?;
            Err(Failure::Reported(Exit::Failed))
        }
        Err(flaw) => Err(Failure::failed(format!("The proof does not hold. {flaw}"))),
    }
}

fn read_proof(path: &str) -> Result<Proof, Failure> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|error| Failure::failed(format!("{path} is no proof: {error}")))
}

fn read_keys(path: &str) -> Result<Vec<LogKey>, Failure> {
    let text = read_text(path)?;
    let read: Result<LogKeys, _> = serde_json::from_str(&text);
    read.map(|keys| keys.keys).map_err(|error| Failure::failed(format!("{path} holds no keys: {error}")))
}

/// The keys given, or else those that the server names apart from the proof.
async fn keys(client: &Client, given: Option<Vec<LogKey>>) -> Result<Vec<LogKey>, Failure> {
    match given {
        Some(keys) => Ok(keys),
        None => Ok(client.auctions().keys().await?.keys),
    }
}

/// A proof brings its own keys; a forger's would bring the forger's.
fn known(proof: &Proof, trusted: &[LogKey]) -> Result<(), Flaw> {
    let Some(receipt) = &proof.head.receipt else { return Ok(()) };
    let signer = proof.keys.iter().find(|key| key.key_id == receipt.key_id);
    match signer {
        Some(key) if trusted.contains(key) => Ok(()),
        _ => Err(Flaw { seq: None, what: format!("the key {} that signed it is not the server's", receipt.key_id) }),
    }
}

fn show(ctx: &Context, proof: &Proof, verdict: &Verdict, keys_known: bool) -> Result<(), Failure> {
    let value = json!({
        "valid": true,
        "auction_id": proof.auction_id,
        "status": verdict.status,
        "winner": verdict.winner,
        "price": verdict.price,
        "bid_id": verdict.bid_id,
        "events": verdict.events,
        "opened": verdict.opened,
        "hidden": verdict.hidden,
        "signed": verdict.signed,
        "keys_known": keys_known,
    });
    ctx.out.record(&value, || {
        let signed = match (verdict.signed, keys_known) {
            (true, true) => "by the server",
            (true, false) => "by the key in the proof; --keys says whose it is",
            (false, _) => "no; the server could still show somebody else another log",
        };
        vec![
            ("proof", "holds".to_owned()),
            ("auction", proof.auction_id.to_string()),
            ("status", word(&verdict.status)),
            ("winner", or_dash(verdict.winner)),
            ("price", or_dash(verdict.price)),
            ("winning bid", or_dash(verdict.bid_id)),
            ("events", format!("{}, every hash recomputed", verdict.events)),
            ("bids", format!("{} opened, {} taken as above the price", verdict.opened, verdict.hidden)),
            ("signed", signed.to_owned()),
        ]
    })
}
