//! What a session does for its client, op by op.
//!
//! The order of refusal is that of HTTP: too many (429), nobody we know (401) or not allowed (403),
//! wrong shape (422), and then what the op itself says.

use std::sync::Arc;

use axum::extract::ws::WebSocket;
use blytz_core::wire::{
    Check, ErrorCode,
    auction::BidRequest,
    chat::ChatSend,
    live::{Authenticated, Channel, Pong, ServerFrame},
};
use futures_util::stream::FuturesUnordered;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    frame::{Auth, Nothing, Op, React, Subscribe, Unsubscribe},
    hub::text,
    resume::to_value,
    session::{Ended, Pending, Session, problem},
};
use crate::{
    error::{Error, Result},
    http::{extract::parse, limits::Caller},
    services::auth::User,
};

impl Session {
    /// Does what a frame asks, or says why not.
    pub(super) async fn obey(
        &mut self,
        socket: &mut WebSocket,
        id: Option<String>,
        op: Result<(Op, String)>,
        pending: &mut FuturesUnordered<Pending>,
    ) -> Result<Result<()>, Ended> {
        if let Err(error) = self.count(op.as_ref().ok().map(|(op, _)| *op)) {
            return Ok(Err(error));
        }
        let (op, body) = match op {
            Ok(op) => op,
            Err(error) => {
                self.bad += 1;
                return Ok(Err(error));
            }
        };
        let re = id.unwrap_or_default();
        let ok = match op {
            Op::Subscribe => match self.read::<Subscribe>(&body) {
                Ok(subscribe) => {
                    return self.subscribe(socket, Some(re), subscribe.channel, subscribe.since.as_ref()).await;
                }
                Err(error) => Err(error),
            },
            Op::Bid => return Ok(self.start_bid(re, &body, pending).await),
            Op::Chat => return Ok(self.start_chat(re, &body, pending).await),
            Op::Auth => self.log_in(&body).await,
            Op::Unsubscribe => self.read(&body).map(|Unsubscribe { channel }| self.unsubscribe(channel)),
            Op::React => self.react(&body).await,
            Op::Ping => self.read(&body).and_then(|Nothing {}| to_value(&Pong { server_time: self.app.clock.now() })),
        };
        match ok {
            Ok(ok) => self.send(socket, text(&ServerFrame::Ok { re, ok })).await.map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Counts an op as if it had come over HTTP: whoever opens more sockets may not ask more often.
    fn count(&self, op: Option<Op>) -> Result<()> {
        match (&self.login, op) {
            (Some((_, user)), Some(Op::Bid)) => self.app.limits.bid(user.id),
            (Some((_, user)), _) => self.app.limits.request(Caller::User(user.id)),
            (None, _) => self.app.limits.request(Caller::Address(self.address)),
        }
    }

    /// Reads what an op needs. Several frames of a wrong shape in a row mean that somebody speaks
    /// another language.
    fn read<T: DeserializeOwned + Check>(&mut self, body: &str) -> Result<T> {
        parse(body).inspect_err(|_| self.bad += 1)
    }

    async fn log_in(&mut self, body: &str) -> Result<Value> {
        let Auth { token } = self.read(body)?;
        let user = self.app.accounts.identify(&token).await?;
        if self.login.as_ref().is_some_and(|(_, before)| before.id != user.id) {
            self.unsubscribe(Channel::Me);
        }
        let answer = to_value(&Authenticated { user_id: user.id, expires_at: user.expires_at })?;
        self.login = Some((token, user));
        Ok(answer)
    }

    /// Who is logged in, as of now: a session may have been ended or suspended since.
    pub(super) async fn user(&mut self) -> Result<User> {
        let Some((token, _)) = &self.login else {
            return Err(Error::unauthenticated("Log in on this connection first: send an auth frame."));
        };
        self.app.accounts.identify(token).await
    }

    /// Whether somebody was logged in here and is no more. A database that does not answer now
    /// says nothing about that.
    pub(super) async fn has_ended(&mut self) -> bool {
        self.login.is_some() && self.user().await.is_err_and(|error| error.code() == ErrorCode::Unauthenticated)
    }

    async fn start_bid(&mut self, re: String, body: &str, pending: &mut FuturesUnordered<Pending>) -> Result<()> {
        let user = self.user().await?;
        let bid: BidRequest = self.read(body)?;
        let (app, request_id) = (self.app.clone(), self.request_id());
        pending.push(Box::pin(async move {
            let answer = app.auctions.bid(&user, bid).await;
            answer_frame(re, request_id, answer.and_then(|answer| to_value(&answer)))
        }));
        Ok(())
    }

    async fn start_chat(&mut self, re: String, body: &str, pending: &mut FuturesUnordered<Pending>) -> Result<()> {
        let user = self.user().await?;
        let chat: ChatSend = self.read(body)?;
        let (app, request_id, chatting) = (self.app.clone(), self.request_id(), Arc::clone(&self.chatting));
        pending.push(Box::pin(async move {
            let _turn = chatting.lock_owned().await;
            let answer = app.chats.send(&user, chat).await;
            answer_frame(re, request_id, answer.and_then(|(message, _)| to_value(&message)))
        }));
        Ok(())
    }

    async fn react(&mut self, body: &str) -> Result<Value> {
        self.user().await?.check_active()?;
        let React { stream_id, kind } = self.read(body)?;
        if self.app.auctions.stream_access(stream_id).await?.is_none() {
            return Err(Error::not_found());
        }
        self.app.hub.react(stream_id, kind);
        Ok(serde_json::json!({}))
    }
}

fn answer_frame(re: String, request_id: String, answer: Result<Value>) -> ServerFrame {
    match answer {
        Ok(ok) => ServerFrame::Ok { re, ok },
        Err(error) => ServerFrame::Error { re: Some(re), error: problem(error, request_id) },
    }
}
