//! What the audience sees: every event of the show as a line, and what came of it in the end.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use blytz_client::{
    Client, LiveEvent, LiveHandle,
    wire::{
        auction::{AuctionStatus, EventData, LogEntry},
        chat::ChatEventData,
        live::{Channel, UpdateData},
    },
};
use blytz_core::{
    AuctionId, Money, UserId,
    auction::proof::{self, Trust, TrustedKeys},
};
use blytz_tui::words::{Words, count};
use serde::Serialize;
use tokio::time::Instant;

use super::stage::Stage;
use crate::{error::Failure, feed, output::Output};

/// One line of what it sees.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// Since the beginning.
    at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auction_id: Option<AuctionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    kind: &'a str,
    text: &'a str,
}

/// What came of a lot.
#[derive(Debug, Clone, Serialize)]
pub struct Sale {
    auction_id: AuctionId,
    lot: String,
    status: AuctionStatus,
    winner: Option<String>,
    price: Option<Money>,
    bids: u64,
    extensions: u64,
    /// Whether winner and price follow from the signed log by the rules.
    verified: bool,
}

/// What came of the show.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    lots_sold: usize,
    lots_unsold: usize,
    total: Money,
    bids: u64,
    bids_refused: u64,
    soft_closes: u64,
    messages: u64,
    sales: Vec<Sale>,
    trouble: Vec<String>,
}

/// Watches the show from beginning to end, tells it, and keeps count.
pub struct Audience {
    stage: Arc<Stage>,
    client: Client,
    began: Instant,
    /// Where lines go; none: they are only counted.
    out: Option<Output>,
    lots: HashMap<AuctionId, Course>,
    sales: Vec<Sale>,
    messages: u64,
    /// Lots that it saw end, and the last word that it heard.
    ended: HashSet<AuctionId>,
    heard: u64,
}

/// How long the audience waits for what it knows to have happened. Longer than any machine takes; who
/// waits so long has lost the connection.
const LATEST: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
struct Course {
    leader: Option<UserId>,
    bids: u64,
    extensions: u64,
}

impl Course {
    /// Takes in what happened; says who led until now, if that is somebody else.
    fn take(&mut self, data: &EventData) -> Option<UserId> {
        match data {
            EventData::Bid { leader, .. } => {
                self.bids += 1;
                let before = leader.and_then(|leader| self.leader.replace(leader));
                before.filter(|before| Some(*before) != *leader)
            }
            EventData::Extended { .. } => {
                self.extensions += 1;
                None
            }
            _ => None,
        }
    }
}

impl Audience {
    pub fn new(stage: Arc<Stage>, client: Client, began: Instant, out: Option<Output>) -> Self {
        let (lots, ended) = (HashMap::new(), HashSet::new());
        Self { stage, client, began, out, lots, sales: Vec::new(), messages: 0, ended, heard: 0 }
    }

    /// Watches until the curtain falls, and then until it has seen all that fell before.
    pub async fn watch(mut self) -> Result<Summary, Failure> {
        let (live, mut events) = self.client.live().connect();
        live.subscribe(Channel::Stream(self.stage.stream.id));
        live.subscribe(Channel::Chat(self.stage.stream.id));
        for id in &self.stage.queue {
            live.subscribe(Channel::Auction(*id));
        }
        let stage = self.stage.clone();
        let mut latest = None;
        while latest.is_none() || !self.has_seen_it_all() {
            let patience = async {
                match latest {
                    Some(latest) => tokio::time::sleep_until(latest).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => self.see(&live, event)?,
                    None => break,
                },
                () = stage.over.cancelled(), if latest.is_none() => latest = Some(Instant::now() + LATEST),
                () = patience => {
                    stage.find_fault("the audience did not see the end".to_owned());
                    break;
                }
            }
        }
        live.close();
        self.verify().await;
        Ok(self.summary())
    }

    fn has_seen_it_all(&self) -> bool {
        let finale = self.stage.finale();
        finale.fallen.is_subset(&self.ended) && finale.last_word <= self.heard
    }

    fn see(&mut self, live: &LiveHandle, event: LiveEvent) -> Result<(), Failure> {
        match event {
            LiveEvent::Auction { id, entry } => return self.auction(id, &entry),
            LiveEvent::AuctionState { id, status, .. } => {
                if status.status.is_over() {
                    self.ended.insert(id);
                }
                self.stage.take_seat(Channel::Auction(id));
            }
            LiveEvent::Chat { event, .. } => {
                self.heard = event.seq;
                if let ChatEventData::Message { user, text, .. } = &event.data {
                    self.stage.meet(&user.into());
                    self.messages += 1;
                    return self.line(None, "chat", "chat", &format!("{} {text}", feed::author(user)));
                }
            }
            LiveEvent::ChatState { stream, seq, .. } => {
                self.heard = seq;
                self.stage.take_seat(Channel::Chat(stream));
            }
            // Before they open, so that nothing of them is missed.
            LiveEvent::Update { update, .. } => match update.data {
                UpdateData::Lots { auction_ids } => {
                    for id in auction_ids {
                        live.subscribe(Channel::Auction(id));
                    }
                }
                UpdateData::Lot { auction_id, .. } => live.subscribe(Channel::Auction(auction_id)),
                _ => {}
            },
            LiveEvent::Resynced { channel } => {
                self.stage.complain(format!("the audience missed something in {channel}"));
            }
            LiveEvent::SubscribeRefused { channel, error } => {
                self.stage.complain(format!("the audience can't follow {channel}: {error}"));
                // Nobody shall wait for it.
                self.stage.take_seat(channel);
            }
            _ => {}
        }
        Ok(())
    }

    fn auction(&mut self, id: AuctionId, entry: &LogEntry) -> Result<(), Failure> {
        let Some(label) = label(&entry.data) else { return Ok(()) };
        let text = match &entry.data {
            EventData::Opened { .. } => self.introduce(id),
            EventData::Closed { status, winner, price } => self.hammer(id, *status, *winner, *price),
            EventData::Cancelled { .. } => {
                self.ended.insert(id);
                self.lots.remove(&id);
                self.words(entry).to_string()
            }
            data => {
                let overtaken = self.lots.entry(id).or_default().take(data);
                let mut words = self.words(entry);
                if let Some(overtaken) = overtaken {
                    words.more = format!("{} is outbid", self.stage.people().name(overtaken));
                }
                words.to_string()
            }
        };
        self.line(Some((id, entry)), &feed::kind(&entry.data), label, &text)
    }

    fn words(&self, entry: &LogEntry) -> Words {
        Words::of(entry.at, &entry.data, &self.stage.people())
    }

    fn introduce(&self, id: AuctionId) -> String {
        let number = self.stage.place(id).map_or(0, |place| place + 1);
        let estimate = self.stage.estimate(id).map(|(low, high)| format!(", estimate {low} to {high}"));
        format!("{number}. {}{}", self.stage.title(id), estimate.unwrap_or_default())
    }

    fn hammer(&mut self, id: AuctionId, status: AuctionStatus, winner: Option<UserId>, price: Option<Money>) -> String {
        self.ended.insert(id);
        let course = self.lots.remove(&id).unwrap_or_default();
        let lot = self.stage.title(id).to_owned();
        let winner = winner.map(|winner| self.stage.people().name(winner));
        let bids = count(course.bids, "bid");
        let text = match (&winner, price) {
            (Some(winner), Some(price)) => format!("{price}  {lot} to {winner}, {bids}"),
            _ => format!("{lot}, unsold after {bids}"),
        };
        let Course { bids, extensions, .. } = course;
        self.sales.push(Sale { auction_id: id, lot, status, winner, price, bids, extensions, verified: false });
        text
    }

    fn line(&self, event: Option<(AuctionId, &LogEntry)>, kind: &str, label: &str, text: &str) -> Result<(), Failure> {
        let Some(out) = self.out else { return Ok(()) };
        let elapsed = self.began.elapsed();
        if out.is_json() {
            return out.json_line(&Line {
                at_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                auction_id: event.map(|(id, _)| id),
                seq: event.map(|(_, entry)| entry.seq),
                kind,
                text,
            });
        }
        let seconds = elapsed.as_secs_f64();
        out.line(format!("{:02}:{:04.1}  {label:<7}  {text}", (seconds / 60.0) as u64, seconds % 60.0))
    }

    /// Decides every lot again from its log, and holds the house to what it signed for the cast's bids.
    async fn verify(&mut self) {
        let keys = match self.client.auctions().keys().await {
            Ok(keys) => TrustedKeys::Given(keys.keys),
            Err(error) => return self.stage.find_fault(format!("nobody can be held to the logs: {error}")),
        };
        let mut trust = Trust { auction_id: None, keys, receipts: self.stage.receipts() };
        for sale in &mut self.sales {
            trust.auction_id = Some(sale.auction_id);
            let checked = match self.client.auctions().proof(sale.auction_id).await {
                Ok(proof) => proof::verify(&proof, &trust).map_err(|flaw| flaw.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match checked {
                Ok(verdict) if verdict.price == sale.price => sale.verified = true,
                Ok(verdict) => self.stage.find_fault(format!(
                    "{}: the log says {:?}, the hammer said {:?}",
                    sale.lot, verdict.price, sale.price
                )),
                Err(why) => self.stage.find_fault(format!("{}: the log does not hold: {why}", sale.lot)),
            }
        }
    }

    fn summary(self) -> Summary {
        let sold = || self.sales.iter().filter(|sale| sale.status == AuctionStatus::Sold);
        let total = sold().filter_map(|sale| sale.price).map(|price| price.amount).sum();
        let unfinished: u64 = self.lots.values().map(|course| course.bids).sum();
        let extensions: u64 = self.lots.values().map(|course| course.extensions).sum();
        Summary {
            lots_sold: sold().count(),
            lots_unsold: self.sales.len() - sold().count(),
            total: Money::new(total, self.stage.show.head.currency),
            bids: unfinished + self.sales.iter().map(|sale| sale.bids).sum::<u64>(),
            bids_refused: self.stage.refused(),
            soft_closes: extensions + self.sales.iter().map(|sale| sale.extensions).sum::<u64>(),
            messages: self.messages,
            trouble: self.stage.trouble(),
            sales: self.sales,
        }
    }
}

impl Summary {
    /// What went wrong.
    pub fn trouble(&self) -> &[String] {
        &self.trouble
    }

    /// Says how it went.
    pub fn print(&self, out: Output) -> Result<(), Failure> {
        if out.is_json() {
            return out.json_line(&serde_json::json!({ "kind": "summary", "summary": self }));
        }
        out.line("")?;
        out.rows(
            ["lot", "winner", "price", "bids", "extended", "log"],
            self.sales.iter().map(|sale| {
                [
                    sale.lot.clone(),
                    sale.winner.clone().unwrap_or_else(|| "unsold".to_owned()),
                    sale.price.map_or_else(|| "-".to_owned(), |price| price.to_string()),
                    sale.bids.to_string(),
                    sale.extensions.to_string(),
                    if sale.verified { "verified" } else { "DOES NOT HOLD" }.to_owned(),
                ]
            }),
        )?;
        out.line("")?;
        out.line(format!(
            "{} sold for {}, {} unsold. {} accepted, {} refused; {} moved by late bids; {}.",
            count(self.lots_sold as u64, "lot"),
            self.total,
            self.lots_unsold,
            count(self.bids, "bid"),
            self.bids_refused,
            count(self.soft_closes, "close"),
            count(self.messages, "chat message"),
        ))?;
        self.trouble.iter().try_for_each(|what| out.line(format!("Trouble: {what}")))
    }
}

/// The word before the line of an event; none for what the audience need not know.
fn label(data: &EventData) -> Option<&'static str> {
    Some(match data {
        EventData::Opened { .. } => "LOT",
        EventData::Bid { .. } => "bid",
        EventData::MaxRaised { .. } => "max",
        EventData::ReserveMet { .. } => "reserve",
        EventData::Extended { .. } => "close",
        EventData::Voided { .. } => "void",
        EventData::Closed { status: AuctionStatus::Sold, .. } => "SOLD",
        EventData::Closed { .. } => "unsold",
        EventData::Cancelled { .. } => "cancel",
        EventData::Scheduled { .. } | EventData::Amended { .. } | EventData::Unblocked { .. } => return None,
    })
}
