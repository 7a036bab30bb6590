//! The chats' handle: what handlers and live connections ask for.

use std::{ops::Deref, sync::Arc};

use blytz_core::{
    StreamId, UserId,
    chat::{Answer, Command, Draft, Participant, is_name_reserved, may_take_part, role_in_show},
    wire::{
        account::PublicUser,
        chat::{ChatSend, ChatState, Message, PublicChatSettings, ShowRole},
        live::MAX_FRAME,
        stream::StreamStatus,
    },
};
use tokio::runtime::Handle;

use super::{ledger::ChatLedger, store, stored::Stored};
use crate::{
    channel::{Ground, Rooms},
    clock::new_id,
    error::{Error, Result, internal},
    platform::Platform,
    services::{
        auction::{Auctions, StreamAccess},
        auth::{Accounts, User},
    },
};

/// How many messages a snapshot has.
const SNAPSHOT: usize = 50;
/// What the rest of a snapshot's frame needs beside the state, in bytes.
const FRAME_MARGIN: usize = 1024;

/// Every show's chat. Cheap to clone.
#[derive(Clone)]
pub struct Chats(Arc<Parts>);

/// What [`Chats`] dereferences to, for the files of this service.
pub struct Parts {
    pub(super) platform: Platform,
    pub(super) accounts: Accounts,
    auctions: Auctions,
    rooms: Rooms<ChatLedger<Stored>>,
    /// Held by whoever takes what was erased out of the files.
    pub(super) scrubbing: tokio::sync::Mutex<()>,
}

impl Deref for Chats {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Chats {
    /// Starts the service; a room is opened when somebody has something to say in it.
    pub fn start(platform: &Platform, accounts: Accounts, auctions: Auctions) -> Self {
        // They run among the sockets: a message may wait for a moment where a bid may not.
        let ground = Ground::of(platform, Handle::current());
        let stored = Stored { db: platform.db.clone(), accounts: accounts.clone() };
        let rooms = Rooms::new(ChatLedger::new(stored, platform.clock.clone()), ground);
        let (platform, scrubbing) = (platform.clone(), tokio::sync::Mutex::default());
        Self(Arc::new(Parts { platform, accounts, auctions, rooms, scrubbing }))
    }

    /// The seq of the last event; `None` when there is no such show.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn head(&self, stream: StreamId) -> Result<Option<u64>> {
        if self.auctions.stream_access(stream).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(store::head(&self.platform.db, stream).await?.seq))
    }

    /// At most `limit` events after `after`, in order, each with its seq and its JSON.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn events_after(&self, stream: StreamId, after: u64, limit: usize) -> Result<Vec<(u64, String)>> {
        store::events_after(&self.platform.db, stream, after, limit).await
    }

    /// What replaces everything a client knew of a chat, and the seq it stands at.
    ///
    /// # Errors
    /// 404 when there is no such show.
    pub async fn snapshot(&self, stream: StreamId) -> Result<(u64, ChatState)> {
        self.access(stream).await?;
        let head = store::head(&self.platform.db, stream).await?;
        // What is written while this is read belongs to the events after the snapshot.
        let mut messages = store::history(&self.platform.db, stream, head.seq + 1, SNAPSHOT).await?;
        messages.reverse();
        let settings = PublicChatSettings::from(&head.settings);
        let mut state = ChatState { messages, settings, pinned: head.pinned };
        while too_large(&state) {
            state.messages.remove(0);
        }
        Ok((head.seq, state))
    }

    /// Writes in a chat. The flag says whether it was written before.
    ///
    /// # Errors
    /// Every refusal of `POST /chat/send`.
    pub async fn send(&self, user: &User, message: ChatSend) -> Result<(Message, bool)> {
        let stream = message.stream_id;
        let access = self.access(stream).await?;
        let participant = participant(user, &access);
        let is_guest = participant.role.is_none();
        let draft = Draft {
            user: PublicUser { id: user.id, display_name: user.display_name.clone() },
            participant,
            follows: is_guest && self.auctions.follows(access.seller_id, user.id).await?,
            name_reserved: is_guest && self.is_name_reserved(&user.display_name, &access).await?,
            live: access.status == StreamStatus::Live,
            message_id: message.message_id.unwrap_or_else(|| new_id(&self.platform.clock)),
            text: message.text,
        };
        match self.command(stream, Command::Send(draft)).await? {
            Answer::Written(message) => Ok((message, false)),
            Answer::Replayed(message) => Ok((message, true)),
            Answer::Done => Err(internal("a room answered a message without a message")),
        }
    }

    /// Whether somebody may react in a show.
    ///
    /// # Errors
    /// 404 when there is no such show, 403 for whoever may not write there at all.
    pub async fn may_react(&self, user: &User, stream: StreamId) -> Result<()> {
        let participant = participant(user, &self.access(stream).await?);
        let member = store::member(&self.platform.db, stream, user.id).await?;
        let settings = store::head(&self.platform.db, stream).await?.settings;
        Ok(may_take_part(self.platform.clock.now(), participant, member, &settings)?)
    }

    /// Whether a name can be taken for that of the show's seller or of one of its moderators.
    async fn is_name_reserved(&self, name: &str, access: &StreamAccess) -> Result<bool> {
        let staff: Vec<UserId> = access.moderators.iter().copied().chain([access.seller_id]).collect();
        let people = self.accounts.people(staff.iter().copied()).await?;
        let names: Vec<String> = staff.into_iter().map(|id| people.of(id).display_name).collect();
        Ok(is_name_reserved(name, names.iter().map(String::as_str)))
    }

    pub(super) async fn access(&self, stream: StreamId) -> Result<StreamAccess> {
        self.auctions.stream_access(stream).await?.ok_or_else(Error::not_found)
    }

    /// The show, if this user moderates its chat. One whom another moderator has muted or banned does
    /// not, and so can't lift that either.
    pub(super) async fn moderated(&self, user: &User, stream: StreamId) -> Result<StreamAccess> {
        let access = self.access(stream).await?;
        if role(user, &access).is_none() {
            return Err(Error::forbidden("This is for the show's seller and moderators."));
        }
        store::member(&self.platform.db, stream, user.id).await?.check(self.platform.clock.now())?;
        Ok(access)
    }

    /// Has a command decided and written by the chat's room.
    pub(super) async fn command(&self, stream: StreamId, command: Command) -> Result<Answer> {
        self.rooms.ask(stream, command).await
    }
}

/// Whether a snapshot would not fit into a frame: fifty long messages in some scripts do not.
fn too_large(state: &ChatState) -> bool {
    !state.messages.is_empty() && serde_json::to_vec(state).is_ok_and(|json| json.len() > MAX_FRAME - FRAME_MARGIN)
}

fn participant(user: &User, access: &StreamAccess) -> Participant {
    Participant { role: role(user, access), suspended: user.suspended, joined_at: user.joined_at }
}

fn role(user: &User, access: &StreamAccess) -> Option<ShowRole> {
    role_in_show(user.id, &user.roles, access.seller_id, &access.moderators)
}
