//! The chats' handle: what handlers and live connections ask for.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use blytz_core::wire::live::MAX_FRAME;
use blytz_core::{
    MessageId, StreamId, UserId,
    account::Action,
    wire::{
        ErrorCode,
        account::PublicUser,
        chat::{ChatSend, ChatSettings, ChatState, Message, PublicChatSettings},
        stream::StreamStatus,
    },
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    facts::{Answer, Command, Restriction, Send},
    room::{QUEUE, Queued, Room},
    store,
};
use crate::{
    clock::{Clock, new_id},
    db::Db,
    error::{Error, Result, internal},
    platform::{Platform, hub::Hub},
    services::{
        auction::{Auctions, StreamAccess},
        auth::{Accounts, User},
    },
};

/// How long a command may take before its sender is told to ask again.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many messages a snapshot has.
const SNAPSHOT: usize = 50;
/// What the rest of a snapshot's frame needs beside the state, in bytes.
const FRAME_MARGIN: usize = 1024;

/// Every show's chat. Cheap to clone.
#[derive(Clone)]
pub struct Chats(Arc<Parts>);

struct Parts {
    platform: Platform,
    accounts: Accounts,
    auctions: Auctions,
    rooms: Mutex<HashMap<StreamId, mpsc::Sender<Queued>>>,
    scrubbing: tokio::sync::Mutex<()>,
}

impl Chats {
    /// Starts the service; a room is opened when somebody has something to say in it.
    pub fn start(platform: &Platform, accounts: Accounts, auctions: Auctions) -> Self {
        let (platform, rooms, scrubbing) = (platform.clone(), Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Parts { platform, accounts, auctions, rooms, scrubbing }))
    }

    /// The seq of the last event; `None` when there is no such show.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn head(&self, stream: StreamId) -> Result<Option<u64>> {
        if self.0.auctions.stream_access(stream).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(store::channel(&self.0.platform.db, stream).await?.head))
    }

    /// At most `limit` events after `after`, in order, each with its seq and its JSON.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn events_after(&self, stream: StreamId, after: u64, limit: usize) -> Result<Vec<(u64, String)>> {
        store::events_after(&self.0.platform.db, stream, after, limit).await
    }

    /// What replaces everything a client knew of a chat, and the seq it stands at.
    ///
    /// # Errors
    /// 404 when there is no such show.
    pub async fn snapshot(&self, stream: StreamId) -> Result<(u64, ChatState)> {
        self.access(stream).await?;
        let channel = store::channel(&self.0.platform.db, stream).await?;
        // What is written while this is read belongs to the events after the snapshot.
        let mut messages = store::history(&self.0.platform.db, stream, channel.head + 1, SNAPSHOT).await?;
        messages.reverse();
        let settings = PublicChatSettings::from(&channel.settings);
        let mut state = ChatState { messages, settings, pinned: channel.pinned };
        while too_large(&state) {
            state.messages.remove(0);
        }
        Ok((channel.head, state))
    }

    /// Messages before seq `before`, newest first, at most `limit`.
    ///
    /// # Errors
    /// 404 when there is no such show.
    pub async fn history(&self, stream: StreamId, before: Option<u64>, limit: usize) -> Result<Vec<Message>> {
        self.access(stream).await?;
        store::history(&self.0.platform.db, stream, before.unwrap_or(u64::MAX), limit).await
    }

    /// Writes in a chat. The flag says whether it was written before.
    ///
    /// # Errors
    /// Every refusal of `POST /chat/send`.
    pub async fn send(&self, user: &User, message: ChatSend) -> Result<(Message, bool)> {
        let stream = message.stream_id;
        let access = self.access(stream).await?;
        let staff = is_staff(user, &access);
        let follows = !staff && self.0.auctions.follows(access.seller_id, user.id).await?;
        let send = Send {
            author: PublicUser { id: user.id, display_name: user.display_name.clone() },
            suspended: user.suspended,
            staff,
            follows,
            live: access.status == StreamStatus::Live,
            message_id: message.message_id.unwrap_or_else(|| new_id(&self.0.platform.clock)),
            text: message.text,
        };
        match self.command(stream, Command::Send(send)).await? {
            Answer::Written(message) => Ok((message, false)),
            Answer::Replayed(message) => Ok((message, true)),
            Answer::Done => Err(internal("a room answered a message without a message")),
        }
    }

    /// Erases a message's text everywhere.
    pub(super) async fn delete(&self, user: &User, id: MessageId) -> Result<()> {
        let message = store::message(&self.0.platform.db, id).await?.ok_or_else(Error::not_found)?;
        self.moderated(user, message.stream_id).await?;
        self.command(message.stream_id, Command::Delete { message_id: id }).await?;
        // Whoever reads at the moment is in the way. Longer than this it is done behind the answer.
        let scrubbed = self.0.platform.tasks.spawn(self.clone().scrub());
        let _ = tokio::time::timeout(PATIENCE, scrubbed).await;
        Ok(())
    }

    /// Takes what was erased out of the files beside the database, as soon as nobody reads them.
    async fn scrub(self) {
        let _one = self.0.scrubbing.lock().await;
        let mut pause = Duration::from_millis(5);
        while !self.0.platform.shutdown.is_cancelled() {
            match self.0.platform.db.scrub().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "the write-ahead log could not be emptied"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// Mutes or bans somebody, or lets them in again.
    pub(super) async fn restrict(
        &self,
        user: &User,
        stream: StreamId,
        target: UserId,
        restriction: Restriction,
        reason: Option<String>,
    ) -> Result<()> {
        let access = self.moderated(user, stream).await?;
        if !self.0.accounts.exists(target).await? {
            return Err(Error::not_found());
        }
        let staff = target == access.seller_id || self.0.accounts.moderates(target).await?;
        if staff && restriction != Restriction::Lift {
            return Err(Error::forbidden(
                "The show's seller and those who moderate every chat can't be kept out of it.",
            ));
        }
        let command = Command::Restrict { user_id: target, restriction, reason, by: user.id };
        self.command(stream, command).await.map(drop)
    }

    /// Pins a message, or takes the pin away.
    pub(super) async fn pin(&self, user: &User, stream: StreamId, message_id: Option<MessageId>) -> Result<()> {
        self.moderated(user, stream).await?;
        self.command(stream, Command::Pin { message_id }).await.map(drop)
    }

    /// The settings with their blocked terms, for moderators.
    pub(super) async fn settings(&self, user: &User, stream: StreamId) -> Result<ChatSettings> {
        self.moderated(user, stream).await?;
        Ok(store::channel(&self.0.platform.db, stream).await?.settings)
    }

    /// Decides for all.
    pub(super) async fn set_settings(&self, user: &User, stream: StreamId, settings: ChatSettings) -> Result<()> {
        self.moderated(user, stream).await?;
        self.command(stream, Command::Settings(settings)).await.map(drop)
    }

    async fn access(&self, stream: StreamId) -> Result<StreamAccess> {
        self.0.auctions.stream_access(stream).await?.ok_or_else(Error::not_found)
    }

    /// The show, if this user moderates its chat.
    async fn moderated(&self, user: &User, stream: StreamId) -> Result<StreamAccess> {
        let access = self.access(stream).await?;
        if is_staff(user, &access) {
            Ok(access)
        } else {
            Err(Error::forbidden("This is for the show's seller and moderators."))
        }
    }

    /// Has a command decided and written by the chat's room.
    pub(super) async fn command(&self, stream: StreamId, command: Command) -> Result<Answer> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(stream, Queued { command, answer })?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(Error::new(
                ErrorCode::OutcomeUnknown,
                "It is not known whether this was done; ask again with the same message_id.",
            )
            .retry_after(1)),
        }
    }

    /// Queues under the lock, so that no room can end between being found and being asked.
    fn enqueue(&self, stream: StreamId, queued: Queued) -> Result<()> {
        use mpsc::error::TrySendError;
        let mut rooms = self.rooms();
        let rejected = match rooms.entry(stream) {
            Entry::Occupied(room) => match room.get().try_send(queued) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(_)) => {
                    return Err(Error::unavailable("Too many people write at once; try again in a moment."));
                }
                // The room fell over; a new one reads the chat anew.
                Err(TrySendError::Closed(queued)) => queued,
            },
            Entry::Vacant(_) => queued,
        };
        let (sender, receiver) = mpsc::channel(QUEUE);
        sender.try_send(rejected).map_err(|_| internal("a new room has no place"))?;
        rooms.insert(stream, sender);
        self.0.platform.tasks.spawn(Room::new(stream, self.clone(), receiver).run());
        Ok(())
    }

    /// Takes an idle room off the list. False when somebody queued meanwhile.
    pub(super) fn close_room(&self, stream: StreamId, queue: &mpsc::Receiver<Queued>) -> bool {
        let mut rooms = self.rooms();
        if !queue.is_empty() {
            return false;
        }
        rooms.remove(&stream);
        true
    }

    /// The lock is poisoned only by a panic in the few lines above, which leave the map whole.
    fn rooms(&self) -> std::sync::MutexGuard<'_, HashMap<StreamId, mpsc::Sender<Queued>>> {
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.platform.db
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.platform.clock
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.0.platform.hub
    }

    pub(super) fn shutdown(&self) -> &CancellationToken {
        &self.0.platform.shutdown
    }
}

/// Whether a snapshot would not fit into a frame: fifty long messages in some scripts do not.
fn too_large(state: &ChatState) -> bool {
    !state.messages.is_empty() && serde_json::to_vec(state).is_ok_and(|json| json.len() > MAX_FRAME - FRAME_MARGIN)
}

/// The show's seller, its moderators, and those who moderate every chat.
fn is_staff(user: &User, access: &StreamAccess) -> bool {
    user.id == access.seller_id || access.moderators.contains(&user.id) || user.may(Action::ModerateAnyChat)
}
