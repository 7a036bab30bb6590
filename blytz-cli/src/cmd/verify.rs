//! `blytz verify`: decides a finished auction again, from nothing but what was published.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use blytz_client::{
    Client, Download,
    wire::auction::{LogKey, LogKeys},
};
use blytz_core::{
    AuctionId,
    auction::proof::{self, Flaw, Frame, Reading, Unreadable, Verdict},
};
use bytes::Bytes;
use serde_json::json;
use tokio::runtime::Handle;

use crate::{
    context::Context,
    error::{Exit, Failure},
    output::{or_dash, word},
    progress,
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

/// A proof of more events than this is checked long enough for somebody to ask how long.
const LONG: u64 = 10_000;

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let trusted = args.keys.as_deref().map(read_keys).transpose()?;
    let (reading, trusted) = match args.proof.parse::<AuctionId>() {
        Ok(id) if !Path::new(&args.proof).exists() => {
            let client = ctx.client().await?;
            let trusted = keys(&client, trusted).await?;
            let download = client.auctions().proof_download(id).await?;
            (check(Arriving::new(download), "the answer".to_owned()).await?, Some(trusted))
        }
        _ if args.proof == "-" => (check(io::stdin(), "what is on stdin".to_owned()).await?, trusted),
        _ => (check(open(&args.proof)?, args.proof).await?, trusted),
    };
    let judged = reading.verdict.and_then(|verdict| match (&reading.frame, trusted.as_deref()) {
        (Some(frame), Some(trusted)) => known(frame, trusted).map(|()| verdict),
        _ => Ok(verdict),
    });
    let auction = reading.frame.map(|frame| frame.auction_id);
    match judged {
        Ok(verdict) => show(ctx, auction, &verdict, trusted.is_some()),
        Err(flaw) if ctx.out.is_json() => {
            ctx.out.json(&json!({ "valid": false, "auction_id": auction, "seq": flaw.seq, "detail": flaw.what }))?;
            Err(Failure::Reported(Exit::Failed))
        }
        Err(flaw) => Err(Failure::failed(format!("The proof does not hold. {flaw}"))),
    }
}

fn open(path: &str) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::failed(format!("{path} can't be read: {error}.")))
}

/// Checks a proof while it is read, on a thread of its own: reading waits, and deciding is work.
async fn check(input: impl Read + Send + 'static, what: String) -> Result<Reading, Failure> {
    let read = move || {
        let mut bar = None;
        let read = proof::read(input, |done, of| {
            if of > LONG && (done % 256 == 0 || done == of) {
                bar.get_or_insert_with(|| progress::bar(of, "events")).set_position(done);
            }
        });
        bar.inspect(indicatif::ProgressBar::finish_and_clear);
        read
    };
    let read = tokio::task::spawn_blocking(read).await.map_err(anyhow::Error::from)?;
    read.map_err(|unreadable| match unreadable {
        Unreadable::Input(error) => match error.downcast::<blytz_client::Error>() {
            Ok(error) => error.into(),
            Err(error) => Failure::failed(format!("{what} can't be read: {error}.")),
        },
        Unreadable::Malformed(why) => Failure::failed(format!("{what} is no proof: {why}.")),
    })
}

/// A download as it is read by a thread that may wait.
struct Arriving {
    download: Download,
    piece: Bytes,
    runtime: Handle,
}

impl Arriving {
    fn new(download: Download) -> Self {
        Self { download, piece: Bytes::new(), runtime: Handle::current() }
    }
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.download.next_piece()).map_err(io::Error::other)? {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        buffer[..length].copy_from_slice(&self.piece.split_to(length));
        Ok(length)
    }
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
fn known(frame: &Frame, trusted: &[LogKey]) -> Result<(), Flaw> {
    let Some(receipt) = &frame.head.receipt else { return Ok(()) };
    let signer = frame.keys.iter().find(|key| key.key_id == receipt.key_id);
    match signer {
        Some(key) if trusted.contains(key) => Ok(()),
        _ => Err(Flaw { seq: None, what: format!("the key {} that signed it is not the server's", receipt.key_id) }),
    }
}

fn show(ctx: &Context, auction: Option<AuctionId>, verdict: &Verdict, keys_known: bool) -> Result<(), Failure> {
    let value = json!({
        "valid": true,
        "auction_id": auction,
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
            ("auction", or_dash(auction)),
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
