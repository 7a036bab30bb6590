//! The seller: opens one lot after the other, and talks.

use std::sync::Arc;

use blytz_client::{
    LiveEvent, LiveEvents, LiveHandle,
    wire::{
        ErrorCode,
        auction::{AuctionStatus, EventData},
        chat::ChatSend,
        live::Channel,
    },
};
use blytz_core::{AuctionId, Money, UserId};
use tokio::time::Instant;

use super::stage::Stage;
use crate::error::Failure;

/// A lot is opened only if its last extension would end before the deadline; this is kept for the
/// hammer and the last word, in the show's seconds.
const LAST_WORD: f64 = 1.0;

/// How much of the catalogue is sold.
#[derive(Debug, Clone, Copy)]
pub struct Evening {
    /// Nothing is opened that might not close in time.
    pub until: Option<Instant>,
    /// So many lots; what nobody wants does not count.
    pub lots: Option<u64>,
}

/// Runs the show: the whole catalogue, over and over, or as much of it as the evening has room for.
pub async fn run(stage: Arc<Stage>, evening: Evening) -> Result<(), Failure> {
    let (live, events) = stage.seller.client.live().connect();
    let mut seller = Seller { stage: stage.clone(), live, events, said: 0 };
    let outcome = tokio::select! {
        () = stage.over.cancelled() => Ok(()),
        outcome = seller.run(evening) => outcome,
    };
    seller.live.close();
    outcome
}

struct Seller {
    stage: Arc<Stage>,
    live: LiveHandle,
    events: LiveEvents,
    /// How much was said: nothing twice in a row.
    said: usize,
}

impl Seller {
    async fn run(&mut self, evening: Evening) -> Result<(), Failure> {
        let stage = self.stage.clone();
        let mut queue = stage.queue.clone();
        let mut left = evening.lots.unwrap_or(u64::MAX);
        while left > 0 {
            let mut offered = 0;
            for id in queue {
                // Towards the end of the evening only what goes quickly.
                if left > 0 && self.has_time_for(id, evening.until)? {
                    left -= u64::from(self.sell(id).await?);
                    offered += 1;
                    tokio::time::sleep(stage.pace.duration(stage.show.head.pause)).await;
                }
            }
            if offered == 0 {
                break;
            }
            // Everything was on the table once; there is more of it in the back.
            queue = if left > 0 { stage.lay_out().await? } else { Vec::new() };
        }
        self.say(&stage.show.patter.goodbye, &[]).await;
        Ok(())
    }

    fn has_time_for(&self, id: AuctionId, until: Option<Instant>) -> Result<bool, Failure> {
        let Some(until) = until else { return Ok(true) };
        let Some(lot) = self.stage.place(id).and_then(|index| self.stage.show.lots.get(index)) else {
            return Ok(false);
        };
        let rules = self.stage.show.rules(lot, self.stage.pace)?;
        let extensions = rules.soft_close.and_then(|soft| soft.max_total_ms).unwrap_or(0);
        let millis = u64::try_from(rules.duration_ms + extensions).unwrap_or(u64::MAX);
        let needed = std::time::Duration::from_millis(millis) + self.stage.pace.duration(LAST_WORD);
        Ok(Instant::now() + needed <= until)
    }

    /// Puts a lot under the hammer; returns whether somebody has it.
    async fn sell(&mut self, id: AuctionId) -> Result<bool, Failure> {
        let stage = self.stage.clone();
        let title = stage.title(id).to_owned();
        // Nothing is shown to an empty house.
        stage.seated(&[Channel::Chat(stage.stream.id), Channel::Auction(id)]).await;
        self.live.subscribe(Channel::Auction(id));
        let auction = stage.seller.client.auctions().start(id).await?;
        let start = auction.rules.starting_price;
        self.say(&stage.show.patter.opening, &[("{lot}", &title), ("{price}", &start.to_string())]).await;
        let sold = self.hammer(id).await;
        stage.fell(id);
        match sold {
            Some((winner, price)) => {
                let (name, price) = (stage.people().name(winner), price.to_string());
                let words = [("{lot}", &*title), ("{name}", &name), ("{price}", &price)];
                self.say(&stage.show.patter.sold, &words).await;
            }
            None => self.say(&stage.show.patter.unsold, &[]).await,
        }
        self.live.unsubscribe(Channel::Auction(id));
        Ok(sold.is_some())
    }

    /// Waits for the hammer: who has it, for how much.
    async fn hammer(&mut self, lot: AuctionId) -> Option<(UserId, Money)> {
        while let Some(event) = self.events.recv().await {
            match event {
                LiveEvent::Auction { id, entry } if id == lot => match entry.data {
                    EventData::Closed { winner, price, .. } => return winner.zip(price),
                    EventData::Cancelled { .. } => return None,
                    _ => {}
                },
                // It was over before we looked.
                LiveEvent::AuctionState { id, status, .. } if id == lot => match status.status {
                    AuctionStatus::Sold => return status.leader.map(|leader| leader.id).zip(status.price),
                    AuctionStatus::Unsold | AuctionStatus::Cancelled => return None,
                    AuctionStatus::Scheduled | AuctionStatus::Live => {}
                },
                LiveEvent::SubscribeRefused { channel, error } => {
                    self.stage.complain(format!("the seller can't follow {channel}: {error}"));
                    return None;
                }
                _ => {}
            }
        }
        None
    }

    async fn say(&mut self, lines: &[String], words: &[(&str, &str)]) {
        let Some(line) = lines.get(self.said % lines.len().max(1)) else { return };
        self.said += 1;
        let text = words.iter().fold(line.clone(), |text, (mark, word)| text.replace(mark, word));
        let message = ChatSend { stream_id: self.stage.stream.id, message_id: None, text };
        match self.live.chat(message).await {
            Ok(message) => self.stage.said(message.seq),
            // Who sells fast has to be short.
            Err(error) if error.code() == Some(ErrorCode::RateLimited) => {}
            Err(error) => self.stage.complain(format!("the seller can't speak: {error}")),
        }
    }
}
