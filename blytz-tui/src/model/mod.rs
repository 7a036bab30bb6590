//! Everything the program knows and shows. Nothing here asks the time, the network or the terminal.

pub mod attempt;
pub mod chat;
pub mod desk;
pub mod follow;
pub mod lobby;
pub mod login;
pub mod lot;
pub mod notice;
mod order;
mod pane;
pub mod prompt;
pub mod request_error;
pub mod show;

use std::collections::{BTreeMap, BTreeSet};

use blytz_core::{
    AuctionId, BidId, Money, StreamId, Timestamp,
    wire::{auction::AuctionStatus, live::Channel},
};
use ratatui::style::Style;

pub use self::pane::Pane;
use self::{
    attempt::Attempts,
    chat::Chat,
    desk::Desk,
    follow::Following,
    lobby::Lobby,
    login::LoginForm,
    lot::Lot,
    notice::Notices,
    prompt::Prompt,
    show::{Queue, Show},
};
use crate::{
    clean::Clean,
    config::Config,
    keymap::{Keymap, Place},
    people::People,
    theme::{Role, Theme},
};

/// What fills the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Shows and lots.
    Lobby,
    /// One lot.
    Lot(AuctionId),
    /// The seller's own show.
    Desk,
    /// The login form.
    Login,
}

/// What lies over the screen.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys, scrolled by so many rows.
    Help(u16),
    /// A question.
    Prompt(Prompt),
}

/// Where the logged-in user stands on a lot.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Their highest standing max or bid, if the server or an answer told.
    pub max: Option<Money>,
    /// Whether they watch the lot.
    pub watching: bool,
}

impl std::fmt::Debug for Standing {
    /// Prints no amount: a max is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing").field("watching", &self.watching).finish_non_exhaustive()
    }
}

/// The live connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// On the way for the first time.
    Connecting,
    /// Up.
    Live {
        /// When a snapshot last replaced what was known.
        resynced_at: Option<Timestamp>,
    },
    /// Lost, and tried again by itself.
    Reconnecting {
        /// Which try is next.
        attempt: u32,
        /// When.
        next_try: Timestamp,
    },
    /// Given up.
    Closed(Clean),
}

/// What the lot screen remembers beside the lot itself.
#[derive(Debug, Clone, Default)]
pub struct LotScreen {
    /// Which part has the keys.
    pub pane: Pane,
    /// How many steps above the minimum the amount shown is.
    pub steps: u32,
    /// How far the history is scrolled back.
    pub scroll: usize,
    /// A bid that was refused because the rules had changed: it is asked about once the new ones are here.
    pub anew: Option<BidId>,
}

/// Where somebody stands on a lot, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Nobody is logged in.
    Anonymous,
    /// It is their own lot.
    Seller,
    /// No bid of theirs yet.
    Watching,
    /// Their bid leads.
    Leading,
    /// They bid and somebody else leads.
    Outbid,
    /// They bid in a sealed auction.
    Sealed,
    /// The lot is theirs.
    Won,
    /// They bid, and it went to somebody else or to nobody.
    Lost,
}

/// Everything the program knows.
#[derive(Debug, Clone)]
pub struct Model {
    /// This machine's clock, as the last tick told.
    pub now: Timestamp,
    /// How many microseconds the server's clock is ahead of it.
    pub clock_offset: i64,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What fills the terminal.
    pub screen: Screen,
    /// Where `back` leads.
    pub trail: Vec<Screen>,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// Who is logged in, and what others are called.
    pub people: People,
    /// Whether the server still has to tell who that is.
    pub profile_wanted: bool,
    /// Every show that was seen.
    pub shows: BTreeMap<StreamId, Show>,
    /// Their lots, where they were asked for.
    pub queues: BTreeMap<StreamId, Queue>,
    /// Every lot that was seen.
    pub lots: BTreeMap<AuctionId, Lot>,
    /// What the house was caught at on a lot: it stays said.
    pub alarms: BTreeMap<AuctionId, Clean>,
    /// When the server was last asked about a lot.
    pub asked_lots: BTreeMap<AuctionId, Timestamp>,
    /// Where the logged-in user stands on them.
    pub standings: BTreeMap<AuctionId, Standing>,
    /// The chats being followed.
    pub chats: BTreeMap<StreamId, Chat>,
    pub lobby: Lobby,
    /// The lot screen.
    pub floor: LotScreen,
    /// How it goes along with the show.
    pub following: Following,
    /// The seller's desk.
    pub desk: Desk,
    /// The login form.
    pub login: LoginForm,
    /// The bids made from here.
    pub attempts: Attempts,
    /// What just happened.
    pub notices: Notices,
    /// The live connection.
    pub connection: Connection,
    /// What it is asked to follow.
    pub subscribed: BTreeSet<Channel>,
    /// Which key does what.
    pub keymap: Keymap,
    /// Which colour means what.
    pub theme: Theme,
    /// Whether the mouse is listened to.
    pub mouse: bool,
}

impl Model {
    /// A model that knows nothing yet.
    pub fn new(now: Timestamp, size: (u16, u16), config: Config) -> Self {
        Self {
            now,
            clock_offset: 0,
            size,
            screen: Screen::Lobby,
            trail: Vec::new(),
            overlay: None,
            people: People::default(),
            profile_wanted: false,
            shows: BTreeMap::new(),
            queues: BTreeMap::new(),
            lots: BTreeMap::new(),
            alarms: BTreeMap::new(),
            asked_lots: BTreeMap::new(),
            standings: BTreeMap::new(),
            chats: BTreeMap::new(),
            lobby: Lobby::default(),
            floor: LotScreen::default(),
            following: Following::default(),
            desk: Desk::default(),
            login: LoginForm::default(),
            attempts: Attempts::default(),
            notices: Notices::default(),
            connection: Connection::Connecting,
            subscribed: BTreeSet::new(),
            keymap: config.keymap,
            theme: config.theme,
            mouse: config.mouse,
        }
    }

    /// The server's clock: what countdowns follow.
    pub fn server_now(&self) -> Timestamp {
        self.now.plus_micros(self.clock_offset)
    }

    /// How something of this meaning looks.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// The lot on the screen.
    pub fn current_lot(&self) -> Option<&Lot> {
        match self.screen {
            Screen::Lot(id) => self.lots.get(&id),
            _ => None,
        }
    }

    /// The chat on the screen.
    pub fn current_chat(&self) -> Option<StreamId> {
        match self.screen {
            Screen::Lot(_) => self.current_lot()?.stream,
            Screen::Desk => self.desk.show,
            _ => None,
        }
    }

    /// Where keys count.
    pub fn place(&self) -> Place {
        match self.screen {
            Screen::Lobby => Place::Lobby,
            Screen::Lot(_) => Place::Lot,
            Screen::Desk => Place::Desk,
            Screen::Login => Place::Everywhere,
        }
    }

    /// Where the logged-in user stands on a lot.
    pub fn position(&self, lot: &Lot) -> Position {
        let Some(me) = &self.people.me else { return Position::Anonymous };
        if lot.seller == me.id {
            return Position::Seller;
        }
        let bid = self.attempts.accepted_on(lot.id) || self.standings.get(&lot.id).is_some_and(|s| s.max.is_some());
        match lot.state.status {
            AuctionStatus::Sold if lot.state.leader == Some(me.id) => Position::Won,
            status if status.is_over() && bid => Position::Lost,
            AuctionStatus::Live if lot.state.leader == Some(me.id) => Position::Leading,
            AuctionStatus::Live if bid && lot.state.format.is_sealed() => Position::Sealed,
            AuctionStatus::Live if bid => Position::Outbid,
            _ => Position::Watching,
        }
    }

    /// The amount that the bid key bids now: the minimum and the chosen steps above it.
    pub fn offered_amount(&self, lot: &Lot) -> Option<Money> {
        let mut amount = lot.minimum(self.server_now())?;
        for _ in 0..self.floor.steps {
            amount = lot.step_above(amount);
        }
        Some(amount)
    }

    /// Whether something was begun at the lot screen that a move would interrupt: a question, a
    /// message, a bid without its answer.
    pub fn is_busy(&self) -> bool {
        let Screen::Lot(id) = self.screen else { return false };
        let writing = self.current_chat().and_then(|id| self.chats.get(&id)).is_some_and(|chat| chat.writing);
        self.overlay.is_some() || writing || self.attempts.waits_on(id)
    }

    /// Whether the screen moved by itself a moment ago.
    pub fn has_just_moved(&self) -> bool {
        self.following.has_just_moved(self.now)
    }
}
