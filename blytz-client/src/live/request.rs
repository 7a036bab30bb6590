//! Requests in flight: bids, messages and reactions, until their answer.

use std::collections::BTreeMap;

use blytz_core::{
    Timestamp,
    wire::live::{MAX_FRAME, Op},
};

use crate::error::{Error, TransportError};

/// Names a request of the program; rising, so that requests are sent in the order they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// A request and how far it got.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) op: Op,
    pub(super) deadline: Timestamp,
    pub(super) stage: Stage,
    /// Earlier repeats.
    pub(super) failures: u32,
    /// A 401 was answered by a fresh login already.
    pub(super) relogged: bool,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// To be sent as soon as there is a connection.
    Queued,
    /// Sent on this connection.
    Sent,
    /// To be sent again at this moment.
    Delayed(Timestamp),
    /// To be sent again after a fresh login; without one, this is its answer.
    AwaitingLogin(Error),
}

impl Request {
    /// Whether its own id makes it count once however often it arrives.
    pub(super) fn is_exactly_once(&self) -> bool {
        matches!(&self.op, Op::Bid(_) | Op::Chat(_))
    }
}

/// All requests without an answer.
#[derive(Debug, Default)]
pub(super) struct Requests(BTreeMap<Ticket, Request>);

impl Requests {
    pub(super) fn add(&mut self, ticket: Ticket, op: Op, deadline: Timestamp) {
        let request = Request { op, deadline, stage: Stage::Queued, failures: 0, relogged: false };
        self.0.insert(ticket, request);
    }

    pub(super) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Request> {
        self.0.get_mut(&ticket)
    }

    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<Request> {
        self.0.remove(&ticket)
    }

    /// Those to be sent at `now`, in order.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Ticket> {
        let due = |request: &Request| match request.stage {
            Stage::Queued => true,
            Stage::Delayed(until) => until <= now,
            Stage::Sent | Stage::AwaitingLogin(_) => false,
        };
        self.0.iter().filter(|(_, request)| due(request)).map(|(ticket, _)| *ticket).collect()
    }

    /// Those whose time is up, taken out, with what to tell their callers.
    pub(super) fn overdue(&mut self, now: Timestamp) -> Vec<(Ticket, Error)> {
        let late = self.take(|request| request.deadline <= now).into_iter();
        late.map(|(ticket, request)| {
            let repeatable = request.is_exactly_once();
            (ticket, TransportError::new("no answer on the live connection in time", repeatable).into())
        })
        .collect()
    }

    /// The connection is gone: what counts once is sent again on the next, the rest is taken out.
    pub(super) fn cut(&mut self) -> Vec<(Ticket, Error)> {
        let lost = self.take(|request| !request.is_exactly_once());
        for request in self.0.values_mut() {
            request.stage = Stage::Queued;
        }
        lost.into_iter().map(|(ticket, _)| (ticket, not_connected())).collect()
    }

    /// Takes out those that are wanted, in order.
    fn take(&mut self, wanted: impl Fn(&Request) -> bool) -> Vec<(Ticket, Request)> {
        let tickets = self.0.iter().filter(|(_, request)| wanted(request)).map(|(ticket, _)| *ticket);
        let tickets: Vec<Ticket> = tickets.collect();
        tickets.into_iter().filter_map(|ticket| Some((ticket, self.0.remove(&ticket)?))).collect()
    }

    /// A fresh login is there: those that waited for it are sent again.
    pub(super) fn logged_in(&mut self) {
        for request in self.0.values_mut() {
            if matches!(request.stage, Stage::AwaitingLogin(_)) {
                request.stage = Stage::Queued;
            }
        }
    }

    /// No fresh login is to be had: those that waited for it are taken out with their answer.
    pub(super) fn login_failed(&mut self) -> Vec<(Ticket, Error)> {
        let waiting = self.take(|request| matches!(request.stage, Stage::AwaitingLogin(_)));
        let answer = |(ticket, request): (Ticket, Request)| match request.stage {
            Stage::AwaitingLogin(error) => Some((ticket, error)),
            _ => None,
        };
        waiting.into_iter().filter_map(answer).collect()
    }

    /// All of them, taken out.
    pub(super) fn take_all(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.0).into_keys().collect()
    }

    /// When something is due next; what is queued waits for a connection, not for a moment.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let moments = self.0.values().map(|request| match request.stage {
            Stage::Delayed(until) => until.min(request.deadline),
            _ => request.deadline,
        });
        moments.min()
    }
}

/// What became of something that only makes sense now.
pub(super) fn not_connected() -> Error {
    TransportError::new("the live connection is down", false).into()
}

/// What a frame over the limit is told before it costs the connection.
pub(super) fn too_large() -> Error {
    let detail = format!("a frame may have at most {MAX_FRAME} bytes");
    blytz_core::wire::Problem::new(blytz_core::wire::ErrorCode::PayloadTooLarge, detail).into()
}
