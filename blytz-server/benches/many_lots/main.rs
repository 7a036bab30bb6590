//! What a server costs that holds many lots or long ones: its start, its memory, a bid, a void, and
//! what others feel of them. Each shape is a database of its own with about as many events, so what
//! is dear by the event shows in every column and what is dear by the length of a log in the last.
//! At the end a server comes back over lots that should have closed while it was away.
//!
//! `cargo bench -p blytz-server --bench many_lots`, with `-- --help` for the options. It needs some
//! gigabytes in the temporary folder, or in `--folder`. Read it as ratios; machines differ.

mod measure;
mod overdue;
mod stock;
mod table;

use std::path::PathBuf;

use clap::Parser;

use self::measure::{Size, measure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Args {
    /// Measure this many live lots only, in place of the three shapes
    #[arg(long, requires = "events")]
    lots: Option<u64>,
    /// Events of each of them
    #[arg(long, requires = "lots")]
    events: Option<u64>,
    /// Events of the lot that is over, beside the longest lots
    #[arg(long, default_value_t = 300_000)]
    closed: u64,
    /// Bids that are timed
    #[arg(long, default_value_t = 200)]
    bids: usize,
    /// Tiny shapes, to see whether it runs
    #[arg(long)]
    quick: bool,
    /// Where the databases are made and removed again
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Said by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

impl Args {
    fn folder(&self) -> std::io::Result<tempfile::TempDir> {
        match &self.folder {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        }
    }

    /// How many lots are overdue when a server comes back.
    const fn overdue(&self) -> u64 {
        if self.quick { 100 } else { 10_000 }
    }

    /// The lots of each database, the longest last.
    fn sizes(&self) -> Vec<Size> {
        let (shapes, closed, bids) = match (self.lots.zip(self.events), self.quick) {
            (Some(shape), _) => (vec![shape], self.closed, self.bids),
            (None, true) => (vec![(50, 20), (10, 100), (1, 1_000)], 300, self.bids.min(20)),
            (None, false) => (vec![(10_000, 100), (1_000, 1_000), (1, 1_000_000)], self.closed, self.bids),
        };
        let longest = shapes.last().map_or(0, |(_, events)| *events);
        // The lot that is over is as long as the others, but beside the longest.
        let closed = |events| if events == longest { closed } else { closed.min(events) };
        shapes.into_iter().map(|(lots, events)| Size { lots, events, closed: closed(events), bids }).collect()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut columns = Vec::new();
    for size in args.sizes() {
        let folder = args.folder()?;
        eprintln!("{} ...", size.name());
        columns.push((size.name(), measure(folder.path(), size).await?));
    }
    table::print(&columns);
    let folder = args.folder()?;
    overdue::measure(folder.path(), args.overdue()).await
}
