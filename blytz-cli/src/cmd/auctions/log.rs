//! The log of an auction, and its proof.

use std::{
    fs::{self, File},
    io::Write,
};

use blytz_client::{
    Client,
    wire::{
        Page,
        auction::{EventData, LogEntry},
    },
};
use blytz_core::{AuctionId, BidId, Money, UserId};

use crate::{
    clean::escape_json,
    context::Context,
    error::Failure,
    feed,
    output::{or_dash, word},
};

/// What `export` saves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// All that `blytz verify` needs, as JSON; after the close
    #[default]
    Proof,
    /// The log as it stands, a JSON document a line
    Log,
    /// The log as it stands, for a spreadsheet
    Csv,
}

pub async fn events(
    ctx: &Context,
    client: &Client,
    auction: AuctionId,
    after: u64,
    limit: Option<u32>,
) -> Result<(), Failure> {
    let page = match limit {
        Some(_) => client.auctions().events(auction, after, limit).await?,
        None => Page { items: client.auctions().all_events(auction, after).await?, next_cursor: None },
    };
    if ctx.out.is_json() {
        return ctx.out.json(&page);
    }
    ctx.out.rows(
        ["seq", "at", "event", "price", "leader", "bid"],
        page.items.iter().map(|entry| {
            let facts = Facts::of(&entry.data);
            [
                entry.seq.to_string(),
                entry.at.to_string(),
                event(entry),
                or_dash(facts.price),
                or_dash(facts.leader),
                or_dash(facts.bid),
            ]
        }),
    )?;
    if let Some(cursor) = &page.next_cursor {
        ctx.out.note(format!("There is more: --after {cursor}"));
    }
    Ok(())
}

/// The kind, and for a bid what became of it.
fn event(entry: &LogEntry) -> String {
    match &entry.data {
        EventData::Bid { outcome, .. } => format!("bid: {}", word(outcome)),
        EventData::Voided { by, .. } => format!("voided by {}", word(by)),
        EventData::Closed { status, .. } => format!("closed: {}", word(status)),
        data => feed::kind(data),
    }
}

/// What most events say.
#[derive(Default)]
struct Facts {
    price: Option<Money>,
    leader: Option<UserId>,
    bid: Option<BidId>,
    bidder: Option<UserId>,
}

impl Facts {
    fn of(data: &EventData) -> Self {
        match data {
            EventData::Bid { bid_id, bidder, price, leader, .. } => {
                Self { price: *price, leader: *leader, bid: Some(*bid_id), bidder: *bidder }
            }
            // Who raises leads.
            EventData::MaxRaised { bid_id, price, leader, .. } => {
                Self { price: *price, leader: *leader, bid: Some(*bid_id), bidder: *leader }
            }
            EventData::Voided { bid_id, price, leader, .. } => {
                Self { price: *price, leader: *leader, bid: Some(*bid_id), bidder: None }
            }
            EventData::Unblocked { bid_id, .. } => Self { bid: Some(*bid_id), ..Self::default() },
            EventData::ReserveMet { price } => Self { price: Some(*price), ..Self::default() },
            EventData::Closed { winner, price, .. } => Self { price: *price, leader: *winner, ..Self::default() },
            _ => Self::default(),
        }
    }
}

pub async fn export(
    ctx: &Context,
    client: &Client,
    auction: AuctionId,
    file: &str,
    format: ExportFormat,
) -> Result<(), Failure> {
    if file == "-" {
        let mut out = std::io::stdout();
        save(client, auction, format, &mut out).await?;
        return Ok(out.flush()?);
    }
    // A file that is there already may be somebody's only copy.
    let created = File::create_new(file);
    let mut created = created.map_err(|error| Failure::failed(format!("{file} can't be made: {error}.")))?;
    let saved = match save(client, auction, format, &mut created).await {
        Ok(()) => created.sync_all().map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = saved {
        // A part of it would look like all of it.
        drop(created);
        let _ = fs::remove_file(file);
        return Err(failure);
    }
    ctx.out.note(format!("Saved {file}."));
    Ok(())
}

/// Writes as it arrives, so that a log may be longer than the memory.
async fn save(
    client: &Client,
    auction: AuctionId,
    format: ExportFormat,
    out: &mut (impl Write + Send),
) -> Result<(), Failure> {
    match format {
        ExportFormat::Proof => proof(client, auction, out).await,
        ExportFormat::Log => {
            let mut log = Log::of(client, auction);
            while let Some(page) = log.next_page().await? {
                for entry in page {
                    let line = serde_json::to_string(&entry).map_err(anyhow::Error::from)?;
                    writeln!(out, "{}", escape_json(&line))?;
                }
            }
            Ok(())
        }
        ExportFormat::Csv => {
            let mut log = Log::of(client, auction);
            out.write_all(table([HEAD.map(str::to_owned)])?.as_bytes())?;
            while let Some(page) = log.next_page().await? {
                out.write_all(escape_json(&table(page.iter().map(row))?).as_bytes())?;
            }
            Ok(())
        }
    }
}

/// The proof as the server tells it, with what a terminal might obey escaped.
async fn proof(client: &Client, auction: AuctionId, out: &mut (impl Write + Send)) -> Result<(), Failure> {
    let mut download = client.auctions().proof_download(auction).await?;
    let mut waiting = Vec::new();
    while let Some(piece) = download.next_piece().await? {
        waiting.extend_from_slice(&piece);
        // A piece may end within a character.
        let whole = match std::str::from_utf8(&waiting) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = waiting.split_off(whole);
        out.write_all(escape_json(&String::from_utf8_lossy(&waiting)).as_bytes())?;
        waiting = rest;
    }
    out.write_all(&waiting)?;
    Ok(out.write_all(b"\n")?)
}

/// A log page by page.
struct Log<'a> {
    client: &'a Client,
    auction: AuctionId,
    /// The last seq so far; none at the end.
    after: Option<u64>,
}

impl<'a> Log<'a> {
    const fn of(client: &'a Client, auction: AuctionId) -> Self {
        Self { client, auction, after: Some(0) }
    }

    async fn next_page(&mut self) -> Result<Option<Vec<LogEntry>>, Failure> {
        let Some(after) = self.after else { return Ok(None) };
        let page = self.client.auctions().events(self.auction, after, Some(100)).await?;
        let last = page.items.last().map(|entry| entry.seq).filter(|last| *last > after);
        self.after = last.filter(|_| page.next_cursor.is_some());
        Ok(Some(page.items))
    }
}

const HEAD: [&str; 9] = ["seq", "at", "kind", "outcome", "price", "currency", "leader", "bid_id", "bidder"];

fn row(entry: &LogEntry) -> [String; 9] {
    let facts = Facts::of(&entry.data);
    let text = |value: Option<String>| value.unwrap_or_default();
    let outcome = match &entry.data {
        EventData::Bid { outcome, .. } => word(outcome),
        EventData::Closed { status, .. } => word(status),
        _ => String::new(),
    };
    [
        entry.seq.to_string(),
        entry.at.to_string(),
        feed::kind(&entry.data),
        outcome,
        text(facts.price.map(Money::to_decimal)),
        text(facts.price.map(|price| price.currency.to_string())),
        text(facts.leader.map(|id| id.to_string())),
        text(facts.bid.map(|id| id.to_string())),
        text(facts.bidder.map(|id| id.to_string())),
    ]
}

fn table(rows: impl IntoIterator<Item = [String; 9]>) -> Result<String, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    for row in rows {
        table.write_record(row).map_err(anyhow::Error::from)?;
    }
    let bytes = table.into_inner().map_err(|error| anyhow::anyhow!("the table can't be written: {}", error.error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
