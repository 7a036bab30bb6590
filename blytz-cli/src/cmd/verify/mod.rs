//! `blytz verify`: decides a finished auction again, and holds the house to what it signed.

mod grounds;
mod told;

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use blytz_client::Download;
use blytz_core::{
    AuctionId,
    auction::proof::{self, Flaw, Reading, Trust, Unreadable},
};
use bytes::Bytes;
use tokio::runtime::Handle;

use self::grounds::Grounds;
use crate::{context::Context, error::Failure, meeting, progress};

/// Check that winner and price of an auction follow from its bids, and that its house signed so.
///
/// Recomputes every hash and commitment, puts every bid before a fresh engine, and holds the end to
/// keys of the house that are known from elsewhere: those of --keys, or those that were kept when
/// its server was first seen (see `blytz keys`). Receipts that you kept must stand in the log, too.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz verify LOT
  blytz auctions export LOT proof.json && blytz verify proof.json
  blytz verify proof.json --keys keys.json --receipts receipts --output json

What parses as an id is always the server's auction; a file of such a name is ./NAME.
")]
pub struct Args {
    /// A proof, or the id of a finished auction; `-` for stdin
    #[arg(value_name = "FILE|AUCTION")]
    proof: String,
    /// The house's keys, as GET /auction/keys or `blytz keys export` gives them, instead of the kept ones
    #[arg(long, value_name = "FILE")]
    keys: Option<String>,
    /// A folder of receipts, or of what bids were answered, instead of your own kept ones
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
}

/// A proof of more events than this is checked long enough for somebody to ask how long.
const LONG: u64 = 10_000;

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let asked = args.proof.parse::<AuctionId>().ok();
    let mut grounds = Grounds::given(args.keys.as_deref(), args.receipts.as_deref())?;
    let reading = match asked {
        Some(id) => {
            let client = ctx.client().await?;
            let download = client.auctions().proof_download(id).await?;
            let origin = if grounds.want_keys() { Some(meeting::origin_of(&client, id).await?) } else { None };
            let newcomer = match &origin {
                Some(origin) => meeting::newcomer(ctx, &client, origin).await?,
                None => None,
            };
            if let (Some(origin), None) = (&origin, &newcomer) {
                grounds.changes = meeting::meet(ctx, &client, origin).await?;
            }
            grounds.complete(ctx, asked)?;
            let mut trust = grounds.trust.clone();
            if let (Some(origin), Some(keys)) = (&origin, &newcomer) {
                trust.keys.lend(origin, keys);
            }
            let reading = check(Arriving::new(download), trust, "the answer").await?;
            if let (Some(origin), Some(_), Ok(_)) = (&origin, &newcomer, &reading.verdict) {
                grounds.changes = meeting::meet(ctx, &client, origin).await?;
                grounds.complete(ctx, asked)?;
            }
            reading
        }
        None => {
            grounds.complete(ctx, asked)?;
            let trust = grounds.trust.clone();
            match args.proof.as_str() {
                "-" => check(io::stdin(), trust, "what is on stdin").await?,
                path => check(open(path)?, trust, path).await?,
            }
        }
    };
    told::tell(ctx, reading, &grounds)
}

fn open(path: &str) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::failed(format!("{path} can't be read: {error}.")))
}

/// Checks a proof while it is read, on a thread of its own: reading waits, and deciding is work.
async fn check(input: impl Read + Send + 'static, trust: Trust, what: &str) -> Result<Reading, Failure> {
    let read = move || {
        let mut bar = None;
        let read = proof::read(input, &trust, |done, of| {
            if of > LONG && (done % 256 == 0 || done == of) {
                bar.get_or_insert_with(|| progress::bar(of, "events")).set_position(done);
            }
        });
        bar.inspect(indicatif::ProgressBar::finish_and_clear);
        read
    };
    match tokio::task::spawn_blocking(read).await.map_err(anyhow::Error::from)? {
        Ok(reading) => Ok(reading),
        Err(Unreadable::Malformed(why)) => {
            Ok(Reading { frame: None, verdict: Err(Flaw { seq: None, what: format!("{what} is no proof: {why}") }) })
        }
        Err(Unreadable::Input(error)) => Err(match error.downcast::<blytz_client::Error>() {
            Ok(error) => error.into(),
            Err(error) => Failure::failed(format!("{what} can't be read: {error}.")),
        }),
    }
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
