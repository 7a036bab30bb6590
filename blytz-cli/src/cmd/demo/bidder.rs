//! A bidder at work through the SDK: follows the show, bids on what is live, and talks.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use blytz_client::{
    ConnectionState, LiveEvent, LiveEvents, LiveHandle, RetryKind, new_bid_id,
    wire::{
        ErrorCode,
        auction::{AuctionStatus, BidRequest, EventData, Format, RulesView, StatusView},
        chat::ChatSend,
        live::{Channel, ReactionKind, UpdateData},
    },
};
use blytz_core::{AuctionId, Money, Timestamp, UserId, auction::PublicState};
use tokio::time::Instant;

use super::{
    mind::{Falling, Mind, Offer, Sight, Temperament},
    show::{Lines, Part},
    stage::{Person, Stage},
};
use crate::ambient;

/// What a chat bears: nobody has more than this to say at once.
const MOST_TO_SAY: usize = 2;

/// Takes part until the curtain falls.
pub async fn run(stage: Arc<Stage>, person: Person, part: Part, seed: u64) {
    let (live, events) = person.client.live().connect();
    live.subscribe(Channel::Stream(stage.stream.id));
    let lines = stage.show.chat.get(&part.temperament).cloned().unwrap_or_default();
    let mind = Mind::new(part.temperament, stage.pace, seed);
    let mut bidder = Bidder {
        stage: stage.clone(),
        person,
        part,
        lines,
        mind,
        live,
        table: None,
        to_say: VecDeque::new(),
        chatty_at: None,
    };
    bidder.plan_small_talk();
    tokio::select! {
        () = stage.over.cancelled() => {}
        () = bidder.take_part(events) => {}
    }
    bidder.live.close();
}

struct Bidder {
    stage: Arc<Stage>,
    person: Person,
    part: Part,
    lines: Lines,
    mind: Mind,
    live: LiveHandle,
    /// The lot they follow.
    table: Option<Table>,
    to_say: VecDeque<(Instant, String)>,
    chatty_at: Option<Instant>,
}

struct Table {
    id: AuctionId,
    rules: RulesView,
    /// None until it has come.
    state: Option<PublicState>,
}

impl Table {
    /// The lot as `me` sees it, once its state has come.
    fn sight(&self, me: UserId, now: Timestamp) -> Option<Sight> {
        self.state.as_ref().map(|state| sight(&self.rules, state, me, now))
    }
}

enum Occasion {
    Opened,
    Outbid,
    Won,
    Extended,
}

impl Bidder {
    async fn take_part(&mut self, mut events: LiveEvents) {
        loop {
            let wake = self.wake();
            let sleep = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.see(event).await,
                    None => return,
                },
                () = sleep => self.act().await,
            }
        }
    }

    /// When there is something to do.
    fn wake(&self) -> Option<Instant> {
        let bid = self.mind.due().map(|due| {
            let left = due.micros_since(self.now());
            Instant::now() + Duration::from_micros(u64::try_from(left).unwrap_or(0))
        });
        let word = self.to_say.front().map(|(at, _)| *at);
        [bid, word, self.chatty_at].into_iter().flatten().min()
    }

    async fn act(&mut self) {
        if self.mind.due().is_some_and(|due| due <= self.now()) {
            self.bid().await;
        }
        let now = Instant::now();
        if self.to_say.front().is_some_and(|(at, _)| *at <= now)
            && let Some((_, text)) = self.to_say.pop_front()
        {
            self.say(text).await;
        }
        if self.chatty_at.is_some_and(|at| at <= now) {
            if let Some(text) = self.mind.pick(&self.lines.idle).cloned() {
                self.say(text).await;
            }
            self.plan_small_talk();
        }
    }

    async fn see(&mut self, event: LiveEvent) {
        match event {
            // What opened before they came, or while they were away.
            LiveEvent::State(ConnectionState::Live) => self.look_around().await,
            LiveEvent::Update { update, .. } => {
                if let UpdateData::Lot { auction_id, status: AuctionStatus::Live } = update.data {
                    self.sit_down(auction_id).await;
                }
            }
            LiveEvent::AuctionState { id, status, .. } => self.look(id, &status),
            LiveEvent::Auction { id, entry } => self.follow(id, &entry.data).await,
            LiveEvent::SubscribeRefused { channel, error } => {
                self.stage.complain(format!("{} can't follow {channel}: {error}", self.person.name));
            }
            _ => {}
        }
    }

    async fn look_around(&mut self) {
        match self.person.client.streams().lots(self.stage.stream.id).await {
            Ok(lots) => {
                let live = lots.items.iter().find(|lot| lot.status.status == AuctionStatus::Live);
                if let Some(lot) = live {
                    self.sit_down(lot.status.id).await;
                }
            }
            Err(error) => self.stage.complain(format!("{} can't see the lots: {error}", self.person.name)),
        }
    }

    /// A lot goes live: they turn to it.
    async fn sit_down(&mut self, id: AuctionId) {
        if self.table.as_ref().is_some_and(|table| table.id == id) {
            return;
        }
        match self.person.client.auctions().get(id).await {
            Ok(auction) => {
                if let Some(left) = self.table.replace(Table { id, rules: auction.rules, state: None }) {
                    self.live.unsubscribe(Channel::Auction(left.id));
                }
                self.live.subscribe(Channel::Auction(id));
            }
            Err(error) => self.stage.complain(format!("{} can't look at a lot: {error}", self.person.name)),
        }
    }

    /// The lot's state, as a connection begins with it.
    fn look(&mut self, id: AuctionId, status: &StatusView) {
        let (now, me) = (self.now(), self.person.id);
        let Some(table) = self.table.as_mut().filter(|table| table.id == id) else { return };
        let first = table.state.is_none();
        let state = table.state.insert(PublicState::from(status));
        let sight = sight(&table.rules, state, me, now);
        if first && sight.live {
            self.take_interest(id, &sight);
        } else {
            self.mind.notice(&sight, now);
        }
    }

    fn take_interest(&mut self, id: AuctionId, sight: &Sight) {
        let Some((low, high)) = self.stage.estimate(id) else { return };
        let category = self.stage.place(id).and_then(|index| self.stage.show.lots.get(index)).map(|lot| &lot.category);
        let keen = category.is_some_and(|category| self.part.keen.contains(category));
        self.mind.meet(sight, (low.amount, high.amount), keen);
        self.remark(Occasion::Opened, 0.12);
    }

    async fn follow(&mut self, lot: AuctionId, event: &EventData) {
        let (now, me) = (self.now(), self.person.id);
        let Some(table) = self.table.as_mut().filter(|table| table.id == lot) else { return };
        if let Some(rules) = event.rules() {
            table.rules = rules.clone();
        }
        let Some(state) = table.state.as_mut() else { return };
        let led = state.leader == Some(me);
        state.apply(&table.rules, event);
        let outbid = led && state.leader != Some(me);
        let sight = sight(&table.rules, state, me, now);
        if matches!(event, EventData::Opened { .. }) {
            return self.take_interest(lot, &sight);
        }
        self.mind.notice(&sight, now);
        match event {
            EventData::Closed { winner, .. } if *winner == Some(me) => self.remark(Occasion::Won, 0.8),
            EventData::Extended { .. } => {
                self.remark(Occasion::Extended, 0.08);
                self.clap(ReactionKind::Fire).await;
            }
            EventData::Closed { .. } => self.clap(ReactionKind::Clap).await,
            _ if outbid => self.remark(Occasion::Outbid, 0.15),
            _ => {}
        }
    }

    async fn bid(&mut self) {
        let (now, me) = (self.now(), self.person.id);
        let Some((id, sight)) = self.table.as_ref().and_then(|table| Some((table.id, table.sight(me, now)?))) else {
            return;
        };
        let Some(offer) = self.mind.offer(&sight) else { return };
        let money = |amount| Some(Money::new(amount, self.stage.show.head.currency));
        let (auction_id, bid_id) = (id, new_bid_id());
        let blank = BidRequest { auction_id, bid_id, rules_hash: None, amount: None, max: None, buy_now: None };
        let request = match offer {
            Offer::Exact(amount) => BidRequest { amount: money(amount), ..blank },
            Offer::Max(max) => BidRequest { max: money(max), ..blank },
            Offer::BuyNow => BidRequest { buy_now: Some(true), ..blank },
        };
        match self.live.bid(request).await {
            Ok(answer) => self.stage.keep(answer.receipt),
            // Nor is it trouble that a busy server says "not now".
            Err(error) if error.code().is_some_and(is_part_of_the_game) || error.retry_kind() != RetryKind::Never => {
                self.stage.count_refusal();
                // Somebody was faster: what is there now decides whether they try again.
                let now = self.now();
                self.mind.notice(&sight, now);
            }
            Err(error) => self.stage.complain(format!("{} can't bid: {error}", self.person.name)),
        }
    }

    /// Has something to say about it, so likely, in a moment.
    fn remark(&mut self, occasion: Occasion, likely: f64) {
        let likely = if self.part.temperament == Temperament::Chatter { likely * 3.0 } else { likely };
        let lines = match occasion {
            Occasion::Opened => &self.lines.opened,
            Occasion::Outbid => &self.lines.outbid,
            Occasion::Won => &self.lines.won,
            Occasion::Extended => &self.lines.extended,
        };
        if self.to_say.len() < MOST_TO_SAY
            && self.mind.feels_like(likely)
            && let Some(text) = self.mind.pick(lines)
        {
            let text = text.clone();
            let typing = self.mind.between(0.6, 2.5);
            self.to_say.push_back((Instant::now() + typing, text));
        }
    }

    /// Those who say nothing clap.
    async fn clap(&mut self, kind: ReactionKind) {
        if self.part.temperament == Temperament::Watcher
            && let Err(error) = self.live.react(self.stage.stream.id, kind).await
            && !error.is_unreachable()
            && !is_silence(error.code())
        {
            self.stage.complain(format!("{} can't clap: {error}", self.person.name));
        }
    }

    async fn say(&mut self, text: String) {
        if !self.stage.is_news(&text) {
            return;
        }
        let message = ChatSend { stream_id: self.stage.stream.id, message_id: None, text };
        match self.live.chat(message).await {
            Ok(_) => {}
            Err(error) if is_silence(error.code()) => {}
            Err(error) => self.stage.complain(format!("{} can't chat: {error}", self.person.name)),
        }
    }

    fn plan_small_talk(&mut self) {
        self.chatty_at = match self.part.temperament {
            Temperament::Chatter => Some(Instant::now() + self.mind.between(8.0, 40.0)),
            Temperament::Watcher => Some(Instant::now() + self.mind.between(20.0, 90.0)),
            _ => None,
        };
    }

    fn now(&self) -> Timestamp {
        self.live.server_now(ambient::now())
    }
}

/// Refusals that the best of bidders meets: others are faster, and time runs out.
fn is_part_of_the_game(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::BidTooLow
            | ErrorCode::AlreadyLeading
            | ErrorCode::MaxNotRaised
            | ErrorCode::AuctionClosed
            | ErrorCode::AuctionCancelled
            | ErrorCode::BuyNowUnavailable
    )
}

fn sight(rules: &RulesView, state: &PublicState, me: UserId, now: Timestamp) -> Sight {
    let start = rules.starting_price.amount;
    Sight {
        format: state.format,
        live: state.status == AuctionStatus::Live,
        leading: state.leader == Some(me),
        price: if state.format == Format::English { state.price.map(|price| price.amount) } else { None },
        next_minimum: state.next_minimum.map_or(start, |minimum| minimum.amount),
        buy_now: state.buy_now.map(|price| price.amount),
        opens_at: state.opens_at.unwrap_or(now),
        closes_at: state.closes_at.unwrap_or(now),
        dutch: rules.dutch.map(|dutch| Falling {
            start,
            step: dutch.step,
            interval_ms: dutch.interval_ms,
            floor: dutch.floor.amount,
        }),
    }
}

/// A person who watches the show may have put the chat in slow mode, asked for older accounts, or had
/// enough of us.
fn is_silence(refusal: Option<ErrorCode>) -> bool {
    use ErrorCode::{Banned, Forbidden, Muted, RateLimited, SlowMode};
    matches!(refusal, Some(SlowMode | RateLimited | Muted | Banned | Forbidden))
}
