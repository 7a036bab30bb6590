//! From a key to a bid. Every intention gets one id, which stays with it until its answer is known.

use blytz_core::{AuctionId, BidId, Money, auction::possible_slip, wire::auction::Format};

use super::Turn;
use crate::{
    effect::Request,
    format,
    keymap::Action,
    model::{
        Overlay, Position,
        attempt::{Attempt, AttemptState, BidKind},
        prompt::{Prompt, Question},
    },
    theme::Role,
};

impl Turn<'_> {
    pub(super) fn bidding_action(&mut self, id: AuctionId, action: Action) {
        if self.must_log_in() {
            return;
        }
        if self.model.login.waiting {
            self.notice("Somebody is just logging in: press again when it is said who", Role::Warn);
            return;
        }
        if action == Action::AskAgain {
            return self.ask_again(id);
        }
        if self.model.has_just_moved() {
            self.notice("This is the next lot already: press again to bid on it", Role::Warn);
            return;
        }
        let Some(lot) = self.model.lots.get(&id) else { return };
        if !lot.is_live() {
            self.notice("This lot takes no bids now", Role::Warn);
            return;
        }
        if lot.state.format.is_sealed() && action == Action::Bid {
            return self.bidding_action(id, Action::Amount);
        }
        match action {
            Action::Bid => self.bid_offered(id),
            Action::Amount => self.ask_amount(id),
            Action::Max if lot.state.format == Format::English => {
                let about = format!("The house bids for you, never more than needed. Currency: {}", lot.currency());
                self.ask(Prompt::text(Question::Max(id), about, ""));
            }
            Action::Max => self.notice("This format takes exact amounts, no max", Role::Warn),
            Action::BuyNow => match lot.state.buy_now {
                Some(price) => {
                    let about = format!("{} for {}, at once.", lot.title, format::money(price));
                    self.ask(Prompt::yes_or_no(Question::BuyNow(id, price), about));
                }
                None => self.notice("There is no buy-now on this lot, or it is over", Role::Warn),
            },
            _ => {}
        }
    }

    fn bid_offered(&mut self, id: AuctionId) {
        let Some(lot) = self.model.lots.get(&id) else { return };
        if lot.state.format == Format::English && self.model.position(lot) == Position::Leading {
            let key = self.model.keymap.first(Action::Max);
            self.notice(format!("You lead. Set a max with {key} to stay ahead"), Role::Good);
            return;
        }
        if let Some(amount) = self.model.offered_amount(lot) {
            self.place_unless_high(id, BidKind::Exact(amount));
        }
    }

    fn ask_amount(&mut self, id: AuctionId) {
        let now = self.model.server_now();
        let Some(lot) = self.model.lots.get(&id) else { return };
        let about = match lot.minimum(now) {
            Some(least) => format!("At least {}.", format::money(least)),
            None => format!("In {}.", lot.currency()),
        };
        self.ask(Prompt::text(Question::Amount(id), about, ""));
    }

    pub(super) fn ask(&mut self, prompt: Prompt) {
        self.model.overlay = Some(Overlay::Prompt(prompt));
    }

    /// Reads an amount as it was typed, or says what is wrong with it.
    pub(super) fn typed_amount(&self, id: AuctionId, text: &str, is_max: bool) -> Result<Money, String> {
        let lot = self.model.lots.get(&id).ok_or("The lot is gone.")?;
        let currency = lot.currency();
        let amount = Money::parse_decimal(text, currency).ok().filter(|amount| amount.is_price());
        let amount = amount
            .ok_or_else(|| format!("Write an amount of {currency}, like {}.", Money::example(currency).to_decimal()))?;
        let raises_own = is_max && self.model.position(lot) == Position::Leading;
        match lot.minimum(self.model.server_now()) {
            Some(least) if amount.amount < least.amount && !raises_own => {
                Err(format!("The least is {}.", format::money(least)))
            }
            _ => Ok(amount),
        }
    }

    /// Bids, after a question when it looks like a slip.
    pub(super) fn place_unless_high(&mut self, id: AuctionId, kind: BidKind) {
        let (BidKind::Exact(amount) | BidKind::Max(amount) | BidKind::BuyNow(amount)) = kind;
        let least = self.model.lots.get(&id).and_then(|lot| lot.minimum(self.model.server_now()));
        match least.and_then(|least| possible_slip(amount, least)) {
            Some(times) => {
                let what = if matches!(kind, BidKind::Max(_)) { "A max of " } else { "" };
                let about = format!("{what}{} is {times} times the minimum.", format::money(amount));
                self.ask(Prompt::yes_or_no(Question::HighBid(id, kind), about));
            }
            None => self.place(id, kind),
        }
    }

    /// A bid that was refused because the rules had changed is never sent again by itself: once the new
    /// ones are on the screen, it is asked about.
    pub(super) fn ask_anew(&mut self, id: AuctionId) {
        let Some(attempt) = self.model.floor.anew.and_then(|bid| self.model.attempts.get(bid)) else { return };
        let Some(lot) = self.model.lots.get(&id).filter(|lot| lot.id == attempt.auction) else { return };
        if attempt.rules_hash.as_ref() == Some(&lot.rules_hash) {
            // An answer that is older than the refusal; the next one is on its way.
            return;
        }
        let allowed = lot.allows(attempt.kind, self.model.server_now());
        self.model.floor.anew = None;
        if self.model.overlay.is_some() || self.is_writing() {
            return;
        }
        let Some(kind) = allowed else {
            self.notice("The rules changed: that bid can't be made under the new ones", Role::Warn);
            return;
        };
        let words = kind.words();
        let about = format!("Under the rules as they are now: {words}. Your bid under those before does not count.");
        let came_at = Some(self.model.now);
        self.ask(Prompt { came_at, ..Prompt::yes_or_no(Question::Anew(id, kind), about) });
    }

    /// Bids, after a question when the house was caught on this lot.
    pub(super) fn place(&mut self, id: AuctionId, kind: BidKind) {
        if !self.is_alarmed(id, kind.words(), Question::Despite(id, kind)) {
            self.send(id, kind);
        }
    }

    fn is_alarmed(&mut self, id: AuctionId, what: String, question: Question) -> bool {
        let Some(alarm) = self.model.alarms.get(&id) else { return false };
        let about = format!("{what}. The house did not keep its word on this lot: {alarm}");
        self.ask(Prompt::yes_or_no(question, about));
        true
    }

    /// A new intention: a new id.
    pub(super) fn send(&mut self, id: AuctionId, kind: BidKind) {
        if self.model.attempts.is_pending(id, kind) {
            self.notice("That bid is on its way already", Role::Muted);
            return;
        }
        let bid = BidId((self.ids)());
        let rules_hash = self.model.lots.get(&id).map(|lot| lot.rules_hash.clone()).filter(|hash| !hash.is_empty());
        let (made_at, state) = (self.model.now, AttemptState::Pending);
        let attempt = Attempt { bid, auction: id, kind, rules_hash, made_at, state };
        self.request(Request::Bid(attempt.request()));
        self.model.attempts.push(attempt);
        self.model.floor.steps = 0;
    }

    fn ask_again(&mut self, id: AuctionId) {
        let Some(words) = self.model.attempts.unknown_on(id).map(|attempt| attempt.kind.words()) else {
            self.notice("Every bid from here has its answer", Role::Muted);
            return;
        };
        if !self.is_alarmed(id, format!("{words}, as it was sent"), Question::AskAgainDespite(id)) {
            self.send_again(id);
        }
    }

    /// The same intention, the same id: the server answers it once.
    pub(super) fn send_again(&mut self, id: AuctionId) {
        let Some(attempt) = self.model.attempts.unknown_on(id) else { return };
        attempt.state = AttemptState::Pending;
        let request = attempt.request();
        self.request(Request::Bid(request));
    }
}
