//! What the live connection tells its program.

use std::{fmt, time::Duration};

use blytz_core::{
    AuctionId, Epoch, StreamId,
    wire::{
        auction::{LogEntry, StatusView},
        chat::{ChatEvent, ChatState},
        live::{Channel, Update},
    },
};

use super::clock::ClockOffset;
use crate::{error::Error, evidence::Fork};

/// Something the live connection has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum LiveEvent {
    /// The connection itself changed.
    State(ConnectionState),
    /// The next entry of an auction's log: each once, in order.
    Auction {
        /// Which auction.
        id: AuctionId,
        /// What was written into it.
        entry: LogEntry,
    },
    /// A house was caught: its log is not what it said before, or not what its own hashes say. What it
    /// shows goes on after this, for what that is worth.
    Fork(Fork),
    /// An auction's state at `status.seq`; entries follow from there on.
    AuctionState {
        /// Which auction.
        id: AuctionId,
        /// Where it stands.
        status: StatusView,
        /// Whether this replaces what was known before; false for the first.
        resynced: bool,
    },
    /// The next entry of a chat's log: each once, in order.
    Chat {
        /// Which show's chat.
        stream: StreamId,
        /// The entry.
        event: ChatEvent,
    },
    /// A chat's state at `seq`; entries follow from there on.
    ChatState {
        /// Which show's chat.
        stream: StreamId,
        /// Which history.
        epoch: Epoch,
        /// The last entry that the state contains.
        seq: u64,
        /// Messages, pin and settings as of `seq`.
        state: ChatState,
        /// Whether this replaces what was known before; false for the first.
        resynced: bool,
    },
    /// News of an unsequenced channel.
    Update {
        /// Where it happened.
        channel: Channel,
        /// What happened.
        update: Update,
    },
    /// Events may have been missed; the state that comes next replaces the past.
    Resynced {
        /// Where.
        channel: Channel,
    },
    /// A better estimate of the server's clock.
    Clock(ClockOffset),
    /// The server refused a subscription; the channel is not followed.
    SubscribeRefused {
        /// The one that was asked for.
        channel: Channel,
        /// Why.
        error: Error,
    },
    /// An entry of a kind that this version of the SDK does not know; it counts as delivered.
    Unknown {
        /// In whose log it stands.
        channel: Channel,
        /// Its place in the channel's log.
        seq: u64,
        /// The entry as it came.
        event: serde_json::Value,
    },
}

/// How the connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    /// A connection is being made.
    Connecting {
        /// 0 for the first try, then counting up until a connection holds.
        attempt: u32,
    },
    /// Connected.
    Live,
    /// The connection is lost; the next try comes by itself.
    Reconnecting {
        /// The number of the next try.
        attempt: u32,
        /// How long until then.
        wait: Duration,
        /// Why the connection was lost or not made, for people.
        cause: String,
    },
    /// Over; nothing comes any more.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

impl ConnectionState {
    /// The last word of every connection.
    pub(super) const CLOSED: Self = Self::Closed { reason: CloseReason::Requested };
}

/// Why a live connection ended for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The program closed it, or dropped both of its ends.
    Requested,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("closed by this program"),
        }
    }
}
