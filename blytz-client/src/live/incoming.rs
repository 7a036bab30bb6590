//! What the server's frames mean to the machine.

use std::time::Duration;

use blytz_core::{
    AuctionId, Timestamp,
    auction::log::received_hash,
    wire::{
        Problem,
        auction::StatusView,
        chat::ChatState,
        live::{Channel, Op, Pong, Snapshot, SnapshotReason, Subscribed, Update},
    },
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{
    event::LiveEvent,
    follow::{Follow, Phase, Step},
    machine::{Asked, Link, Machine, Output, millis},
    request::{Stage, Ticket},
};
use crate::{
    error::{Error, RetryKind},
    evidence::Fork,
};

/// The least pause before a subscription that the server could not take now is asked for again.
const SUBSCRIBE_AGAIN: Duration = Duration::from_millis(500);

/// A frame with its parts unread: most frames are entries for many listeners, and each part is
/// read once, when it is known what it is. The shapes are those of
/// [`blytz_core::wire::live::ServerFrame`].
#[derive(Deserialize)]
struct Frame<'a> {
    re: Option<String>,
    #[serde(borrow)]
    ok: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    channel: Option<Channel>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    snapshot: Option<Snapshot>,
    reason: Option<SnapshotReason>,
    update: Option<Update>,
}

/// What orders an entry.
#[derive(Deserialize)]
struct Place<'a> {
    seq: u64,
    #[serde(borrow)]
    prev: Option<&'a str>,
    #[serde(borrow)]
    hash: Option<&'a str>,
}

impl Machine {
    pub(super) fn frame(&mut self, now: Timestamp, entropy: u64, text: &str) {
        let Link::Live(live) = &mut self.link else { return };
        live.heard = now;
        match serde_json::from_str(text) {
            Ok(Frame { channel: Some(channel), event: Some(event), .. }) => self.entry(now, entropy, channel, event),
            Ok(Frame { re: Some(re), ok: Some(body), .. }) => self.answered(now, entropy, &re, read("frame", body)),
            Ok(Frame { re, error: Some(error), .. }) => {
                let error = read::<Problem>("frame", error).map_or_else(|error| error, Error::from);
                match re {
                    Some(re) => self.answered(now, entropy, &re, Err(error)),
                    None => tracing::warn!(%error, "the server did not read a frame"),
                }
            }
            Ok(Frame { channel: Some(channel), snapshot: Some(snapshot), reason, .. }) => {
                self.snapshot(channel, snapshot, reason);
            }
            Ok(Frame { channel: Some(channel), update: Some(update), .. }) => {
                if self.follows.contains_key(&channel) {
                    self.event(LiveEvent::Update { channel, update });
                }
            }
            // A newer server may send what this version does not know.
            Ok(_) => tracing::debug!("a frame of an unknown kind"),
            Err(error) => tracing::debug!(%error, "a frame that is not understood"),
        }
    }

    fn answered(&mut self, now: Timestamp, entropy: u64, re: &str, result: Result<Value, Error>) {
        let Some(asked) = re.parse().ok().and_then(|id: u64| Some((id, self.asked.remove(&id)?))) else { return };
        match asked {
            (_, Asked::Ping { sent }) => {
                if let Some(Ok(pong)) = result.ok().map(serde_json::from_value::<Pong>)
                    && let Some(offset) = self.clock.observe(sent, pong.server_time, now)
                {
                    self.event(LiveEvent::Clock(offset));
                }
            }
            (_, Asked::Auth) => match result {
                Ok(_) => self.logged_in(now),
                Err(error) if error.retry_kind() != RetryKind::Never => self.login_postponed(now, entropy, &error),
                Err(error) => {
                    tracing::warn!(%error, "the server did not accept the login");
                    self.login_failed();
                }
            },
            (id, Asked::Subscribe(channel)) => self.subscribe_answered(now, entropy, id, channel, result),
            (_, Asked::Request(ticket)) => self.request_answered(now, entropy, ticket, result),
        }
    }

    fn request_answered(&mut self, now: Timestamp, entropy: u64, ticket: Ticket, result: Result<Value, Error>) {
        let has_login = self.has_login();
        let Some(request) = self.requests.get_mut(ticket) else { return };
        let error = match result {
            Ok(body) => {
                self.requests.remove(ticket);
                self.outputs.push_back(Output::Answer(ticket, Ok(body)));
                return;
            }
            Err(error) => error,
        };
        if error.wants_login() && has_login && !request.relogged {
            request.relogged = true;
            request.stage = Stage::AwaitingLogin(error);
            return self.want_login();
        }
        if request.is_exactly_once()
            && let Some(wait) = self.policy.next_wait(&error, request.failures, entropy)
        {
            let until = now.plus_millis(millis(wait));
            if until < request.deadline {
                request.failures += 1;
                request.stage = Stage::Delayed(until);
                return;
            }
        }
        let unsettled = !request.is_exactly_once();
        self.requests.remove(ticket);
        let error = if unsettled { error.unsettled() } else { error };
        self.outputs.push_back(Output::Answer(ticket, Err(error)));
    }

    fn subscribe_answered(
        &mut self,
        now: Timestamp,
        entropy: u64,
        id: u64,
        channel: Channel,
        result: Result<Value, Error>,
    ) {
        let has_login = self.has_login();
        let Some(follow) = self.follows.get_mut(&channel) else { return };
        let error = match result.and_then(|body| decode::<Subscribed>("subscribe", body)) {
            Ok(answer) => {
                if follow.answered(id, &answer) == Step::Resubscribe {
                    self.resubscribe(now, entropy, channel);
                }
                return;
            }
            // The answer to an earlier question; the latest one's decides.
            Err(_) if !matches!(follow.phase, Phase::Asked { id: latest, .. } if latest == id) => return,
            Err(error) => error,
        };
        if error.wants_login() && has_login && !follow.relogged {
            follow.relogged = true;
            follow.phase = Phase::AwaitingLogin;
            return self.want_login();
        }
        if let RetryKind::After(least) = error.retry_kind() {
            let wait = least.max(SUBSCRIBE_AGAIN) + self.policy.backoff.wait(0, entropy);
            follow.phase = Phase::Delayed(now.plus_millis(millis(wait)));
            return;
        }
        self.follows.remove(&channel);
        self.event(LiveEvent::SubscribeRefused { channel, error });
    }

    fn entry(&mut self, now: Timestamp, entropy: u64, channel: Channel, event: &RawValue) {
        let Some(follow) = self.follows.get_mut(&channel) else { return };
        let Ok(place) = serde_json::from_str::<Place<'_>>(event.get()) else {
            return tracing::warn!(%channel, "an entry without a place in its log");
        };
        let step = follow.entry(place.seq, place.prev, place.hash);
        let Channel::Auction(auction_id) = channel else {
            return match step {
                Step::Drop | Step::Replaces(_) => {}
                Step::Deliver | Step::Follows(_) => self.event(typed(channel, place.seq, event)),
                Step::Resubscribe => self.resubscribe(now, entropy, channel),
            };
        };
        let histories = |seq, before, now: Option<&str>| {
            LiveEvent::Fork(Fork::Histories { auction_id, seq, before, now: now.unwrap_or_default().to_owned() })
        };
        match step {
            Step::Drop => return,
            Step::Resubscribe => return self.resubscribe(now, entropy, channel),
            Step::Replaces(before) => return self.event(histories(place.seq, before, place.hash)),
            Step::Follows(before) => self.event(histories(place.seq - 1, before, place.prev)),
            Step::Deliver => {}
        }
        let hash = place.hash.unwrap_or_default();
        if self_hash(auction_id, event).as_deref() != Some(hash) {
            let (seq, hash) = (place.seq, hash.to_owned());
            self.event(LiveEvent::Fork(Fork::Changed { auction_id, seq, hash }));
        }
        self.event(typed(channel, place.seq, event));
    }

    /// Asks anew from the last entry delivered. The old subscription is ended first, so that the
    /// server begins a new one whatever it thinks of a second.
    fn resubscribe(&mut self, now: Timestamp, entropy: u64, channel: Channel) {
        if self.follows.get(&channel).is_some_and(Follow::is_hopeless) {
            return self.give_up(now, entropy, "the server skips entries");
        }
        tracing::debug!(%channel, "entries are missing; asking again");
        self.send_unanswered(Op::Unsubscribe { channel });
        self.subscribe(now, channel);
    }

    fn snapshot(&mut self, channel: Channel, snapshot: Snapshot, reason: Option<SnapshotReason>) {
        let Snapshot { epoch, seq, state } = snapshot;
        let Some(follow) = self.follows.get_mut(&channel) else { return };
        let hash = state.get("hash").and_then(Value::as_str).map(str::to_owned);
        let denied = follow.denied_by(epoch, seq, reason);
        let resynced = follow.state(epoch, seq, hash.clone());
        if let (Channel::Auction(auction_id), Some((seq, before))) = (channel, denied) {
            let now = hash.unwrap_or_default();
            self.event(LiveEvent::Fork(Fork::Histories { auction_id, seq, before, now }));
        }
        if resynced {
            self.event(LiveEvent::Resynced { channel });
        }
        let event = match channel {
            Channel::Auction(id) => {
                decode::<StatusView>("subscribe", state).map(|status| LiveEvent::AuctionState { id, status, resynced })
            }
            Channel::Chat(stream) => decode::<ChatState>("subscribe", state).map(|state| LiveEvent::ChatState {
                stream,
                epoch,
                seq,
                state,
                resynced,
            }),
            Channel::Stream(_) | Channel::Me => return,
        };
        // A state that can't be read can't be followed.
        let event = event.unwrap_or_else(|error| {
            self.follows.remove(&channel);
            LiveEvent::SubscribeRefused { channel, error }
        });
        self.event(event);
    }

    fn has_login(&self) -> bool {
        matches!(&self.link, Link::Live(live) if live.token.is_some())
    }
}

/// The hash of an entry, over what was received.
fn self_hash(auction_id: AuctionId, event: &RawValue) -> Option<String> {
    received_hash(auction_id, &serde_json::from_str(event.get()).ok()?)
}

fn typed(channel: Channel, seq: u64, event: &RawValue) -> LiveEvent {
    let known = match channel {
        Channel::Auction(id) => read("event", event).ok().map(|entry| LiveEvent::Auction { id, entry }),
        Channel::Chat(stream) => read("event", event).ok().map(|event| LiveEvent::Chat { stream, event }),
        Channel::Stream(_) | Channel::Me => None,
    };
    known.unwrap_or_else(|| LiveEvent::Unknown { channel, seq, event: read("event", event).unwrap_or_default() })
}

fn read<T: DeserializeOwned>(what: &str, raw: &RawValue) -> Result<T, Error> {
    serde_json::from_str(raw.get()).map_err(|source| Error::Decode { request: what.to_owned(), source })
}

fn decode<T: DeserializeOwned>(op: &str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|source| Error::Decode { request: op.to_owned(), source })
}
