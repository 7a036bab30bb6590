//! News from the live connection.

use blytz_core::{
    AuctionId, BidId, StreamId,
    wire::{
        auction::{AuctionStatus, EventData, LogEntry, StatusView},
        chat::{ChatEvent, ChatEventData, ChatState},
        live::{Channel, Update, UpdateData},
        stream::StreamStatus,
    },
};

use super::Turn;
use crate::{
    clean::Clean,
    effect::{Effect, Request},
    format,
    keymap::Action,
    message::News,
    model::{
        Connection, Overlay, Position, Screen,
        attempt::AttemptState,
        follow::Mode,
        lot::{Lot, Row},
        prompt::{Prompt, Question},
    },
    theme::Role,
};

impl Turn<'_> {
    pub(super) fn live(&mut self, news: News) {
        match news {
            News::Connecting => self.model.connection = Connection::Connecting,
            News::Up => {
                if matches!(self.model.connection, Connection::Reconnecting { .. }) {
                    self.notice("Connected again; nothing was missed unless said", Role::Good);
                }
                self.model.connection = Connection::Live { resynced_at: None };
                self.catch_up();
            }
            News::Reconnecting { attempt, in_micros } => {
                let next_try = self.model.now.plus_micros(in_micros);
                self.model.connection = Connection::Reconnecting { attempt, next_try };
            }
            News::Closed(reason) => self.model.connection = Connection::Closed(reason),
            News::Auction(id, entry) => self.auction_event(id, &entry),
            News::AuctionState(status) => self.auction_state(&status),
            News::Chat(stream, event) => self.chat_event(stream, &event),
            News::ChatState(stream, state) => self.chat_state(stream, &state),
            News::Update(channel, update) => self.news(channel, update),
            News::Resynced(channel) => self.resynced(channel),
            News::Clock(offset) => self.model.clock_offset = offset,
            News::Fork(id, what) => self.alarm(id, what),
            News::SubscribeRefused(channel, error) => {
                self.notice(format!("Can't follow {channel}: {}", error.line()), Role::Warn);
            }
        }
    }

    /// The channels resume by themselves; what was asked over HTTP meanwhile is asked again.
    fn catch_up(&mut self) {
        if self.model.profile_wanted {
            self.request(Request::LoadProfile);
        }
        match self.model.screen {
            Screen::Lobby => self.ask_lobby(),
            Screen::Lot(id) => {
                self.ask_lot(id);
                self.ask_queue();
            }
            Screen::Desk => self.ask_desk(),
            Screen::Login => {}
        }
    }

    fn auction_event(&mut self, id: AuctionId, entry: &LogEntry) {
        let Some(before) = self.model.lots.get(&id).map(|lot| self.model.position(lot)) else { return };
        if let Some(lot) = self.model.lots.get_mut(&id) {
            lot.apply(entry);
        }
        if matches!(entry.data, EventData::Amended { .. }) {
            self.terms_changed(id);
        }
        let voided = matches!(entry.data, EventData::Voided { .. });
        if let EventData::Voided { bid_seq, struck, .. } = &entry.data {
            self.strike(id, *bid_seq, struck);
        }
        self.tell_position(id, before, voided);
        self.clamp_desk();
        self.ask_leaders_name(id);
    }

    /// Nobody bids under rules, or on an item, that they have not seen.
    fn terms_changed(&mut self, id: AuctionId) {
        if !self.look_again(id) && self.shows_lot(id) {
            self.notice("The seller changed the rules or the item", Role::Warn);
        }
        self.ask_lot(id);
    }

    /// Puts another question in the place of one about a bid under terms that were others.
    pub(super) fn look_again(&mut self, id: AuctionId) -> bool {
        let bids = |prompt: &Prompt| prompt.question.bids_on() == Some(id);
        let asks = matches!(&self.model.overlay, Some(Overlay::Prompt(prompt)) if bids(prompt));
        if asks {
            // Not closed: whoever is just pressing enter must not bid by that.
            let about = "The seller changed the rules or the item. Look again before you bid.";
            self.ask(Prompt::yes_or_no(Question::LookAgain, about));
        }
        asks
    }

    /// What the house was caught at stays on the lot's screen.
    pub(super) fn alarm(&mut self, id: AuctionId, what: Clean) {
        if self.model.alarms.contains_key(&id) {
            // Everything that follows from a fork is another.
            return;
        }
        self.model.alarms.insert(id, what);
        self.notice("THE HOUSE DOES NOT KEEP ITS WORD ON THIS LOT", Role::Bad);
        self.effect(Effect::Bell);
    }

    /// Somebody else's bid may have the id of one of the user's. A sealed one tells no bidder.
    fn strike(&mut self, id: AuctionId, bid_seq: u64, struck: &[BidId]) {
        let bidder = self.model.lots.get(&id).and_then(|lot| lot.history.get(&bid_seq)).and_then(Row::bidder);
        if bidder.is_some_and(|bidder| !self.model.people.is_me(bidder)) {
            return;
        }
        for bid in struck {
            if let Some(attempt) = self.model.attempts.get_mut(*bid) {
                attempt.state = AttemptState::Voided;
            }
        }
    }

    /// Says where the user stands on a lot now, if that is somewhere else than before.
    fn tell_position(&mut self, id: AuctionId, before: Position, voided: bool) {
        let Some(lot) = self.model.lots.get(&id) else { return };
        let (title, price) = (lot.title.clone(), lot.state.price.map(format::money).unwrap_or_default());
        match (before, self.model.position(lot)) {
            (was, now) if was == now => {}
            (_, Position::Leading) => self.notice(format!("You lead {title} at {price}"), Role::Good),
            (Position::Leading, Position::Outbid) if voided => {
                self.notice(format!("Your bid on {title} was voided"), Role::Bad);
                self.effect(Effect::Bell);
            }
            (Position::Leading, Position::Outbid) => self.tell_outbid(&title, &price),
            (_, Position::Won) => self.tell_won(&title, &price),
            (_, Position::Lost) => {
                let what = match (lot.state.status, lot.state.leader) {
                    (AuctionStatus::Sold, Some(winner)) => {
                        format!("went to {} for {price}", self.model.people.name(winner))
                    }
                    (AuctionStatus::Cancelled, _) => "was called off".to_owned(),
                    _ => "was not sold".to_owned(),
                };
                self.notice(format!("{title} {what}"), Role::Warn);
            }
            _ => {}
        }
    }

    fn tell_outbid(&mut self, title: &Clean, price: &str) {
        self.notice(format!("Outbid on {title}: now {price}"), Role::Bad);
        self.effect(Effect::Bell);
    }

    fn tell_won(&mut self, title: &Clean, price: &str) {
        self.notice(format!("You won {title} for {price}"), Role::Good);
        self.effect(Effect::Bell);
    }

    fn auction_state(&mut self, status: &StatusView) {
        if let Some(leader) = &status.leader {
            self.model.people.meet(leader);
        }
        let on_screen = self.shows_lot(status.id);
        let Some(lot) = self.model.lots.get_mut(&status.id) else { return };
        let had = lot.seq;
        if status.epoch != lot.epoch || status.seq >= lot.seq {
            lot.replace_status(status);
        }
        // A state tells where a lot stands and not how it got there.
        if on_screen && (lot.seq != had || lot.history.is_empty()) {
            self.ask_history(status.id);
        }
    }

    pub(super) fn shows_lot(&self, id: AuctionId) -> bool {
        match self.model.screen {
            Screen::Lot(shown) => shown == id,
            Screen::Desk => self.model.desk_floor().is_some_and(|lot| lot.id == id),
            _ => false,
        }
    }

    fn chat_event(&mut self, stream: StreamId, event: &ChatEvent) {
        if let ChatEventData::Message { user, .. } = &event.data {
            self.model.people.meet(&user.into());
        }
        self.model.chats.entry(stream).or_default().apply(event, stream);
    }

    fn chat_state(&mut self, stream: StreamId, state: &ChatState) {
        for message in &state.messages {
            self.model.people.meet(&(&message.user).into());
        }
        self.model.chats.entry(stream).or_default().replace(state);
    }

    fn resynced(&mut self, channel: Channel) {
        if let Connection::Live { resynced_at } = &mut self.model.connection {
            *resynced_at = Some(self.model.now);
        }
        let what = match channel {
            Channel::Auction(id) => self.model.lots.get(&id).map_or("A lot".to_owned(), |lot| lot.title.to_string()),
            Channel::Chat(_) => "The chat".to_owned(),
            Channel::Stream(_) | Channel::Me => return,
        };
        self.notice(format!("{what} is shown anew: too much happened meanwhile"), Role::Warn);
        if let Channel::Auction(id) = channel
            && let Some(lot) = self.model.lots.get_mut(&id)
        {
            lot.history.clear();
            // A state tells nothing of rules and item.
            self.ask_lot(id);
        }
    }

    fn news(&mut self, channel: Channel, update: Update) {
        match (channel, update.data) {
            (Channel::Stream(stream), data) => self.show_news(stream, data),
            (_, UpdateData::Outbid { auction_id, price, .. }) => {
                if let Some((title, known)) = self.lot_words(auction_id, price.map(format::money)) {
                    // The lot's own log tells it first when the lot is being followed.
                    if !self.shows_lot(auction_id) {
                        self.tell_outbid(&title, &known);
                    }
                }
            }
            (_, UpdateData::Won { auction_id, price }) => {
                if let Some((title, price)) = self.lot_words(auction_id, Some(format::money(price))) {
                    self.tell_won(&title, &price);
                }
            }
            (_, UpdateData::BidVoided { auction_id, .. }) => {
                if let Some((title, _)) = self.lot_words(auction_id, None) {
                    self.notice(format!("Your bid on {title} was voided"), Role::Bad);
                    self.request(Request::LoadStanding(auction_id));
                }
            }
            (_, UpdateData::MessageDeleted { .. }) => self.notice("A message of yours was deleted", Role::Warn),
            (_, UpdateData::Muted { until, .. }) => {
                let text = if until.is_some() { "You are muted in this chat" } else { "You are banned from this chat" };
                self.notice(text, Role::Bad);
            }
            _ => {}
        }
    }

    /// The title of a lot and its price; asks for a lot that is not known.
    fn lot_words(&mut self, id: AuctionId, price: Option<String>) -> Option<(Clean, String)> {
        let Some(lot) = self.model.lots.get(&id) else {
            self.ask_lot(id);
            return None;
        };
        Some((lot.title.clone(), price.unwrap_or_default()))
    }

    fn show_news(&mut self, stream: StreamId, data: UpdateData) {
        if let UpdateData::Lot { auction_id, status } = data {
            let changed = self.model.lots.get(&auction_id).is_none_or(|lot| lot.state.status != status);
            if changed {
                self.ask_lot(auction_id);
            }
            if status == AuctionStatus::Live && changed {
                self.tell_next_lot(auction_id);
            }
            return;
        }
        if let UpdateData::Lots { auction_ids } = data {
            if let Some(queue) = self.model.queues.get_mut(&stream) {
                queue.lots.clone_from(&auction_ids);
            }
            if self.model.desk.show == Some(stream) {
                self.model.desk.queue.clone_from(&auction_ids);
                self.clamp_desk();
            }
            for id in
                auction_ids.iter().filter(|id| !self.model.lots.contains_key(id)).take(20).copied().collect::<Vec<_>>()
            {
                self.ask_lot(id);
            }
            return;
        }
        let Some(show) = self.model.shows.get_mut(&stream) else { return };
        match data {
            UpdateData::Presence { watchers } => show.watchers = watchers,
            UpdateData::Reactions { count, .. } => show.reactions = show.reactions.saturating_add(count),
            UpdateData::Stream { status } => {
                show.status = status;
                if status == StreamStatus::Ended {
                    let text = format!("{} is over", show.title);
                    self.notice(text, Role::Accent);
                }
            }
            _ => {}
        }
    }

    fn tell_next_lot(&mut self, id: AuctionId) {
        let Screen::Lot(shown) = self.model.screen else { return };
        // The notice about the move says it already.
        let moves = self.model.current_lot().is_some_and(Lot::is_over) && self.model.following.mode == Mode::On;
        if shown == id || moves {
            return;
        }
        if let Some((title, _)) = self.lot_words(id, None) {
            let key = self.model.keymap.first(Action::NextLot);
            let how =
                if self.model.neighbour(shown, 1) == Some(id) { format!(": {key} goes on") } else { String::new() };
            self.notice(format!("{title} is live now{how}"), Role::Accent);
        }
    }

    /// Selections stay inside their lists.
    pub(super) fn clamp_desk(&mut self) {
        let bids = self.model.desk_floor().map_or(0, |lot| lot.standing_bids().len());
        let desk = &mut self.model.desk;
        desk.selected = desk.selected.min(desk.queue.len().saturating_sub(1));
        desk.bid = desk.bid.min(bids.saturating_sub(1));
    }
}
