//! The log of an auction, and its proof.

use std::{fs::File, io::Write};

use blytz_client::{
    Client,
    wire::{
        Page,
        auction::{EventData, LogEntry},
    },
};
use blytz_core::{AuctionId, BidId, Money, UserId};
use serde::Serialize;

use crate::{
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
    let text = match format {
        ExportFormat::Proof => pretty(&client.auctions().proof(auction).await?)?,
        ExportFormat::Log => lines(&client.auctions().all_events(auction, 0).await?)?,
        ExportFormat::Csv => csv(&client.auctions().all_events(auction, 0).await?)?,
    };
    let text = crate::clean::escape_json(&text);
    if file == "-" {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    }
    // A file that is there already may be somebody's only copy.
    let created = File::create_new(file);
    let mut created = created.map_err(|error| Failure::failed(format!("{file} can't be made: {error}.")))?;
    created.write_all(text.as_bytes())?;
    created.sync_all()?;
    ctx.out.note(format!("Saved {file}."));
    Ok(())
}

fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(anyhow::Error::from)? + "\n")
}

fn lines(entries: &[LogEntry]) -> Result<String, Failure> {
    let mut text = String::new();
    for entry in entries {
        text.push_str(&serde_json::to_string(entry).map_err(anyhow::Error::from)?);
        text.push('\n');
    }
    Ok(text)
}

fn csv(entries: &[LogEntry]) -> Result<String, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let write =
        |table: &mut csv::Writer<Vec<u8>>, row: [String; 9]| table.write_record(row).map_err(anyhow::Error::from);
    let head = ["seq", "at", "kind", "outcome", "price", "currency", "leader", "bid_id", "bidder"];
    write(&mut table, head.map(str::to_owned))?;
    for entry in entries {
        let facts = Facts::of(&entry.data);
        let text = |value: Option<String>| value.unwrap_or_default();
        let outcome = match &entry.data {
            EventData::Bid { outcome, .. } => word(outcome),
            EventData::Closed { status, .. } => word(status),
            _ => String::new(),
        };
        write(
            &mut table,
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
            ],
        )?;
    }
    let bytes = table.into_inner().map_err(|error| anyhow::anyhow!("the table can't be written: {}", error.error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
