//! Answers to requests.

use blytz_core::{
    AuctionId, BidId, MessageId, StreamId,
    wire::{
        ErrorCode,
        account::User,
        auction::{Auction, BidAnswer, BidOutcome, LogEntry},
        stream::Stream,
    },
};

use super::Turn;
use crate::{
    effect::{Effect, Request},
    format,
    message::Reply,
    model::{
        Screen,
        attempt::{AttemptState, BidKind},
        lot::Lot,
        request_error::RequestError,
        show::Show,
    },
    people::Me,
    theme::Role,
};

impl Turn<'_> {
    pub(super) fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Lobby(result) => self.lobby_loaded(result),
            Reply::Lot(id, result) => self.lot_loaded(id, result),
            Reply::History(id, result) => self.history_loaded(id, result),
            Reply::Standing(id, result) => {
                if let Ok(standing) = result {
                    let known = self.model.standings.entry(id).or_default();
                    known.max = standing.max;
                    known.watching = standing.watching;
                }
            }
            Reply::Bid(bid, result) => self.bid_answered(bid, result),
            Reply::Said(stream, id, result) => self.said(stream, id, result),
            Reply::LoggedIn(result) => self.logged_in(result),
            Reply::Profile(result) => match result {
                Ok(user) => self.welcome(&user),
                // The server is away; the next connection asks again.
                Err(error) if !error.definite => {}
                Err(error) => {
                    self.model.profile_wanted = false;
                    self.notice(format!("Not logged in: {}", error.line()), Role::Warn);
                }
            },
            Reply::Desk(result) => self.desk_loaded(result),
            Reply::Queue(show, result) => self.queue_loaded(show, result),
            Reply::Stock(product, result) => {
                if let Ok(inventory) = result {
                    self.model.desk.stock.insert(product, inventory.available);
                }
            }
            Reply::Watching(id, watching, result) => match result {
                Ok(()) => {
                    self.model.standings.entry(id).or_default().watching = watching;
                    self.notice(if watching { "Watching this lot" } else { "No longer watching" }, Role::Accent);
                }
                Err(error) => self.notice(error.line(), Role::Bad),
            },
            Reply::Done(what, result) => self.done(what, result),
            Reply::Picture(result) => match result {
                Ok(path) => self.notice(format!("Picture saved: {path}"), Role::Good),
                Err(error) => self.notice(format!("No picture: {error}"), Role::Bad),
            },
        }
    }

    fn lobby_loaded(&mut self, result: Result<(Vec<Stream>, Vec<Auction>), RequestError>) {
        match result {
            Ok((streams, auctions)) => {
                self.model.lobby.loaded = true;
                self.model.lobby.trouble = None;
                for stream in &streams {
                    self.learn_show(stream);
                }
                for auction in &auctions {
                    self.learn_lot(auction);
                }
            }
            Err(error) => {
                self.model.lobby.trouble = Some(error.text.to_string());
                if self.model.lobby.loaded {
                    self.notice(format!("The lobby can't be loaded: {}", error.line()), Role::Bad);
                }
            }
        }
    }

    fn learn_show(&mut self, stream: &Stream) {
        self.model.people.meet(&stream.seller);
        let reactions = self.model.shows.get(&stream.id).map_or(0, |show| show.reactions);
        self.model.shows.insert(stream.id, Show { reactions, ..Show::from(stream) });
    }

    fn learn_lot(&mut self, auction: &Auction) {
        self.model.people.meet(&auction.seller);
        if let Some(leader) = &auction.status.leader {
            self.model.people.meet(leader);
        }
        if let Some(winner) = auction.outcome.as_ref().and_then(|outcome| outcome.winner.as_ref()) {
            self.model.people.meet(winner);
        }
        let id = auction.status.id;
        let Some(lot) = self.model.lots.get_mut(&id) else {
            self.model.lots.insert(id, Lot::from(auction));
            return;
        };
        let seen = lot.rules_hash.clone();
        lot.refresh(auction);
        if lot.rules_hash != seen {
            self.look_again(id);
        }
    }

    fn lot_loaded(&mut self, id: AuctionId, result: Result<Box<Auction>, RequestError>) {
        match result {
            Ok(auction) => {
                self.learn_lot(&auction);
                self.ask_anew(id);
                let bare = self.model.lots.get(&id).is_some_and(|lot| lot.history.is_empty() && lot.seq > 0);
                if bare && matches!(self.model.screen, Screen::Lot(_) | Screen::Desk) {
                    self.ask_history(id);
                }
            }
            // A server that is away is what the bar says already.
            Err(error) if error.definite && self.model.screen == Screen::Lot(id) => {
                self.notice(error.line(), Role::Bad);
            }
            Err(_) => {}
        }
    }

    fn history_loaded(&mut self, id: AuctionId, result: Result<Vec<LogEntry>, RequestError>) {
        if let (Ok(entries), Some(lot)) = (result, self.model.lots.get_mut(&id)) {
            for entry in &entries {
                lot.remember(entry);
            }
        }
    }

    fn bid_answered(&mut self, bid: BidId, result: Result<Box<BidAnswer>, RequestError>) {
        let Some(attempt) = self.model.attempts.get_mut(bid) else { return };
        let (auction, kind) = (attempt.auction, attempt.kind);
        match result {
            Ok(answer) => {
                attempt.state = AttemptState::Accepted { outcome: answer.outcome, price: answer.price };
                let standing = self.model.standings.entry(auction).or_default();
                let (BidKind::Exact(mine) | BidKind::Max(mine) | BidKind::BuyNow(mine)) = kind;
                if standing.max.is_none_or(|max| max.amount < mine.amount) {
                    standing.max = Some(mine);
                }
                if answer.outcome == BidOutcome::Outbid {
                    let price = answer.price.map(format::money).unwrap_or_default();
                    self.notice(format!("Somebody's max beats yours: now {price}"), Role::Bad);
                }
            }
            Err(error) if error.untrue => {
                self.alarm(auction, error.text.clone());
                let Some(attempt) = self.model.attempts.get_mut(bid) else { return };
                attempt.state = AttemptState::Unknown(error);
            }
            Err(error) => {
                self.notice(format!("Bid refused: {}", error.line()), Role::Bad);
                if error.code == Some(ErrorCode::RulesChanged) && self.model.screen == Screen::Lot(auction) {
                    self.model.floor.anew = Some(bid);
                }
                let Some(attempt) = self.model.attempts.get_mut(bid) else { return };
                attempt.state =
                    if error.definite { AttemptState::Refused(error) } else { AttemptState::Unknown(error) };
                self.ask_lot(auction);
            }
        }
    }

    fn said(&mut self, stream: StreamId, id: MessageId, result: Result<(), RequestError>) {
        let Some(chat) = self.model.chats.get_mut(&stream) else { return };
        match result {
            Ok(()) => {
                if let Some(line) = chat.lines.iter_mut().find(|line| line.id == id) {
                    line.pending = false;
                }
            }
            Err(error) => {
                // What was written is not lost, unless something else is being written already.
                if let Some(text) = chat.withdraw(id)
                    && chat.input.value().is_empty()
                {
                    chat.input = text.as_str().into();
                }
                self.notice(format!("Not sent: {}", error.line()), Role::Bad);
            }
        }
    }

    fn logged_in(&mut self, result: Result<Box<User>, RequestError>) {
        self.model.login.waiting = false;
        match result {
            Ok(user) => {
                self.model.standings.clear();
                self.model.attempts.clear();
                self.model.login = crate::model::login::LoginForm::default();
                // The connection has to say who it is now.
                self.model.subscribed.clear();
                self.effect(Effect::Connect);
                self.welcome(&user);
                if self.model.screen == Screen::Login {
                    self.back();
                }
            }
            Err(error) => {
                self.model.login.password.reset();
                self.model.login.error = Some(error.text.to_string());
            }
        }
    }

    fn welcome(&mut self, user: &User) {
        let me = Me::from(user);
        self.model.profile_wanted = false;
        self.notice(format!("Welcome, {}", me.name), Role::Good);
        self.model.people.log_in(me);
        match self.model.screen {
            Screen::Lot(id) => self.request(Request::LoadStanding(id)),
            Screen::Desk => self.ask_desk(),
            _ => {}
        }
    }

    fn desk_loaded(&mut self, result: Result<Option<(Stream, Vec<Auction>)>, RequestError>) {
        match result {
            Ok(found) => {
                self.model.desk.loaded = true;
                let Some((stream, auctions)) = found else { return };
                self.learn_show(&stream);
                self.model.desk.show = Some(stream.id);
                self.model.desk.queue = auctions.iter().map(|auction| auction.status.id).collect();
                for auction in &auctions {
                    self.learn_lot(auction);
                }
                self.clamp_desk();
                self.ask_stock(&auctions);
                if let Some(lot) = self.model.desk_floor().filter(|lot| lot.history.is_empty()).map(|lot| lot.id) {
                    self.ask_history(lot);
                }
            }
            Err(error) => self.notice(format!("The desk can't be loaded: {}", error.line()), Role::Bad),
        }
    }

    /// Nobody asked for it at the terminal: when it does not come, it is asked for again.
    fn queue_loaded(&mut self, show: StreamId, result: Result<Vec<Auction>, RequestError>) {
        let Ok(auctions) = result else { return };
        self.model.queues.entry(show).or_default().lots = auctions.iter().map(|auction| auction.status.id).collect();
        for auction in &auctions {
            self.learn_lot(auction);
        }
    }

    /// Asks what is left of the products of lots that still wait, a few at a time.
    fn ask_stock(&mut self, auctions: &[Auction]) {
        let waits = |auction: &&Auction| !auction.status.status.is_over();
        for auction in auctions.iter().filter(waits).take(12) {
            self.request(Request::LoadStock(auction.product.id));
        }
    }

    fn done(&mut self, what: &'static str, result: Result<Option<Box<Auction>>, RequestError>) {
        match result {
            Ok(auction) => {
                self.notice(what, Role::Good);
                if let Some(auction) = auction {
                    self.learn_lot(&auction);
                }
                if self.model.screen == Screen::Desk {
                    self.ask_desk();
                }
            }
            // Nothing that could be asked again under an id of its own: whoever looks finds out.
            Err(error) if !error.definite => {
                self.notice(format!("{what}: not known. {}", error.text), Role::Bad);
                if self.model.screen == Screen::Desk {
                    self.ask_desk();
                }
            }
            Err(error) => self.notice(format!("{what}: no. {}", error.line()), Role::Bad),
        }
    }
}
