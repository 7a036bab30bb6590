//! The live connection: WebSocket frames of subprotocol `blytz.v1`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{Problem, account::PublicUser, auction::BidRequest, chat::ChatSend};
use crate::{AuctionId, BidId, Epoch, MessageId, Money, StreamId, Timestamp, UserId};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "blytz.v1";

/// The largest frame, in bytes.
pub const MAX_FRAME: usize = 64 * 1024;

/// The most events a subscriber may be behind; further back a snapshot replaces them.
pub const MAX_BEHIND: u64 = 10_000;

/// Close code: the client could not keep up, and can resume.
pub const CLOSE_SLOW: u16 = 4408;
/// Close code: the client sent too much.
pub const CLOSE_FLOOD: u16 = 4429;
/// Close code: the login expired.
pub const CLOSE_EXPIRED: u16 = 4401;

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// `auction:<id>`: an auction's log.
    Auction(AuctionId),
    /// `chat:<stream_id>`: a chat's log.
    Chat(StreamId),
    /// `stream:<id>`: presence, reactions, lot changes of a show.
    Stream(StreamId),
    /// `user:me`: what concerns the logged-in user.
    Me,
}

impl Channel {
    /// Whether events on it carry a seq and can be resumed.
    pub const fn is_sequenced(self) -> bool {
        matches!(self, Self::Auction(_) | Self::Chat(_))
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auction(id) => write!(f, "auction:{id}"),
            Self::Chat(id) => write!(f, "chat:{id}"),
            Self::Stream(id) => write!(f, "stream:{id}"),
            Self::Me => f.write_str("user:me"),
        }
    }
}

/// The text names no channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a channel: expected auction:<id>, chat:<stream_id>, stream:<id> or user:me")]
pub struct InvalidChannel;

impl FromStr for Channel {
    type Err = InvalidChannel;
    fn from_str(text: &str) -> Result<Self, InvalidChannel> {
        let (kind, id) = text.split_once(':').ok_or(InvalidChannel)?;
        match kind {
            "auction" => id.parse().map(Self::Auction).map_err(|_| InvalidChannel),
            "chat" => id.parse().map(Self::Chat).map_err(|_| InvalidChannel),
            "stream" => id.parse().map(Self::Stream).map_err(|_| InvalidChannel),
            "user" if id == "me" => Ok(Self::Me),
            _ => Err(InvalidChannel),
        }
    }
}

impl Serialize for Channel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// What a client last saw of a sequenced channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Which history.
    pub epoch: Epoch,
    /// The last event it has.
    pub seq: u64,
    /// That event's hash, for auctions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A reaction's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReactionKind {
    /// A heart.
    Heart,
    /// Fire.
    Fire,
    /// Applause.
    Clap,
    /// Laughter.
    Laugh,
    /// Surprise.
    Wow,
}

/// What a client asks for. On the wire: `{"id": "…", "op": "…", …}`; servers read the `id` first,
/// then the rest strictly.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Log in on this connection.
    Auth {
        /// An access token.
        token: String,
    },
    /// Follow a channel.
    Subscribe {
        /// Which.
        channel: Channel,
        /// From where.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Since>,
    },
    /// Follow it no longer.
    Unsubscribe {
        /// Which.
        channel: Channel,
    },
    /// Bid.
    Bid(BidRequest),
    /// Write in a chat.
    Chat(ChatSend),
    /// React to a show.
    React {
        /// Which show.
        stream_id: StreamId,
        /// How.
        kind: ReactionKind,
    },
    /// Ask for the server's time.
    Ping,
}

/// A frame from client to server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClientFrame {
    /// Chosen by the client; the answer repeats it as `re`.
    pub id: String,
    /// What it asks for.
    #[serde(flatten)]
    pub op: Op,
}

/// A frame from server to client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum ServerFrame {
    /// The answer to a frame: it was done.
    Ok {
        /// The frame's id.
        re: String,
        /// What the HTTP answer's body would be.
        ok: Value,
    },
    /// The answer to a frame: it was refused.
    Error {
        /// The frame's id, or null when it could not be read.
        re: Option<String>,
        /// Why.
        error: Box<Problem>,
    },
    /// Something happened in a sequenced channel.
    Event {
        /// Where.
        channel: Channel,
        /// A [`super::auction::LogEntry`] or a [`super::chat::ChatEvent`].
        #[cfg_attr(feature = "openapi", schema(schema_with = openapi::event))]
        event: Value,
    },
    /// This replaces what the client knew of a channel.
    Snapshot {
        /// Which channel.
        channel: Channel,
        /// The state.
        snapshot: Snapshot,
        /// Why events were not enough.
        reason: SnapshotReason,
    },
    /// Something happened in an unsequenced channel.
    Update {
        /// Where.
        channel: Channel,
        /// What.
        update: Update,
    },
}

/// A sequenced channel's state at one seq.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// Which history.
    pub epoch: Epoch,
    /// The last event it contains; 0 where nothing has happened yet.
    pub seq: u64,
    /// A [`super::auction::StatusView`] or a [`super::chat::ChatState`].
    #[cfg_attr(feature = "openapi", schema(schema_with = openapi::state))]
    pub state: Value,
}

/// Why a snapshot was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SnapshotReason {
    /// The client had nothing.
    Initial,
    /// What the client had is of another history.
    Epoch,
    /// The log does not reach back that far.
    Trimmed,
    /// The client is more than 10,000 events behind.
    TooFar,
}

/// The answer to `subscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscribed {
    /// Which channel.
    pub channel: Channel,
    /// Which history; null for unsequenced channels.
    pub epoch: Option<Epoch>,
    /// The head; null for unsequenced channels.
    pub seq: Option<u64>,
    /// Whether every event after `since` follows; else a snapshot does.
    pub recovered: bool,
}

/// The answer to `auth`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Authenticated {
    /// Who is logged in on this connection.
    pub user_id: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// The answer to `ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pong {
    /// The server's clock.
    pub server_time: Timestamp,
}

/// News in an unsequenced channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Update {
    /// What happened.
    #[serde(flatten)]
    pub data: UpdateData,
    /// When.
    pub at: Timestamp,
}

/// The kinds of news in unsequenced channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum UpdateData {
    /// `stream:<id>`: how many watch.
    Presence {
        /// One for each account, and for each connection without a login.
        watchers: u64,
    },
    /// `stream:<id>`: reactions since the last news, by kind.
    Reactions {
        /// Which kind.
        kind: ReactionKind,
        /// How many.
        count: u64,
    },
    /// `stream:<id>`: the show went live or ended.
    Stream {
        /// Where it stands now.
        status: super::stream::StreamStatus,
    },
    /// `stream:<id>`: a lot of the show changed.
    Lot {
        /// Which.
        auction_id: AuctionId,
        /// Where it stands now.
        status: super::auction::AuctionStatus,
    },
    /// `stream:<id>`: the queue of lots changed.
    Lots {
        /// The queue.
        auction_ids: Vec<AuctionId>,
    },
    /// `user:me`: somebody else leads now.
    Outbid {
        /// Where.
        auction_id: AuctionId,
        /// The price now.
        price: Option<Money>,
        /// The least that would lead again.
        next_minimum: Option<Money>,
    },
    /// `user:me`: the lot is yours.
    Won {
        /// Which.
        auction_id: AuctionId,
        /// The hammer price.
        price: Money,
    },
    /// `user:me`: one of your bids was voided.
    BidVoided {
        /// Where.
        auction_id: AuctionId,
        /// Which.
        bid_id: BidId,
    },
    /// `user:me`: one of your messages was deleted.
    MessageDeleted {
        /// In which chat.
        stream_id: StreamId,
        /// Which.
        message_id: MessageId,
    },
    /// `user:me`: you were muted or banned.
    Muted {
        /// In which chat.
        stream_id: StreamId,
        /// Until when; null for a ban.
        until: Option<Timestamp>,
    },
    /// `stream:<id>`: somebody came to moderate, or no longer does.
    Moderator {
        /// Who.
        user: PublicUser,
        /// Whether they moderate now.
        active: bool,
    },
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, schema::Type};

    impl utoipa::PartialSchema for super::Channel {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^((auction|chat|stream):[0-9a-f-]{36}|user:me)$"))
                .description(Some("`auction:<id>`, `chat:<stream_id>`, `stream:<id>` or `user:me`"))
                .into()
        }
    }
    impl utoipa::ToSchema for super::Channel {}

    fn one_of(names: [&str; 2], meaning: &str) -> RefOr<Schema> {
        names
            .into_iter()
            .fold(OneOfBuilder::new(), |one, name| one.item(Ref::from_schema_name(name)))
            .description(Some(meaning))
            .into()
    }

    pub(super) fn event() -> RefOr<Schema> {
        one_of(["LogEntry", "ChatEvent"], "What happened, by the channel's kind.")
    }

    pub(super) fn state() -> RefOr<Schema> {
        one_of(["StatusView", "ChatState"], "The state, by the channel's kind.")
    }
}
