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
    backstage::{Backstage, Member},
    frame::{Auth, Nothing, Op, React, Subscribe, Unsubscribe},
    session::{Pending, Session, Stop, problem},
};
use crate::{
    error::{Error, Result, internal},
    http::extract::parse,
    platform::{hub::text, limits::Caller},
};

impl<B: Backstage> Session<B> {
    /// Does what a frame asks, or says why not.
    pub async fn obey(
        &mut self,
        socket: &mut WebSocket,
        id: Option<String>,
        op: Result<(Op, String)>,
        pending: &mut FuturesUnordered<Pending>,
    ) -> Result<(), Stop> {
        self.count(op.as_ref().ok().map(|(op, _)| *op))?;
        let (op, body) = op.inspect_err(|_| self.bad += 1)?;
        let re = id.unwrap_or_default();
        let ok = match op {
            Op::Subscribe => {
                let Subscribe { channel, since } = self.read(&body)?;
                return self.subscribe(socket, Some(re), channel, since.as_ref()).await;
            }
            Op::Bid => return Ok(self.start_bid(re, &body, pending).await?),
            Op::Chat => return Ok(self.start_chat(re, &body, pending).await?),
            Op::Auth => self.log_in(&body).await?,
            Op::Unsubscribe => {
                let Unsubscribe { channel } = self.read(&body)?;
                self.unsubscribe(channel)
            }
            Op::React => self.react(&body).await?,
            Op::Ping => {
                let Nothing {} = self.read(&body)?;
                to_value(&Pong { server_time: self.platform.clock.now() })?
            }
        };
        Ok(self.send(socket, text(&ServerFrame::Ok { re, ok })).await?)
    }

    /// Counts an op as if it had come over HTTP: whoever opens more sockets may not ask more often.
    fn count(&self, op: Option<Op>) -> Result<()> {
        match (&self.login, op) {
            (Some((_, who)), Some(Op::Bid)) => self.platform.limits.bid(who.id()),
            (Some((_, who)), _) => self.platform.limits.request(Caller::User(who.id())),
            (None, _) => self.platform.limits.request(Caller::Address(self.address)),
        }
    }

    /// Reads what an op needs. Several frames of a wrong shape in a row mean that somebody speaks
    /// another language.
    fn read<T: DeserializeOwned + Check>(&mut self, body: &str) -> Result<T> {
        parse(body).inspect_err(|_| self.bad += 1)
    }

    async fn log_in(&mut self, body: &str) -> Result<Value> {
        let Auth { token } = self.read(body)?;
        let who = self.backstage.identify(&token).await?;
        if self.login.as_ref().is_some_and(|(_, before)| before.id() != who.id()) {
            self.unsubscribe(Channel::Me);
        }
        let answer = to_value(&Authenticated { user_id: who.id(), expires_at: who.expires_at() })?;
        self.login = Some((token, who));
        Ok(answer)
    }

    /// Who is logged in, as of now: a session may have been ended or suspended since.
    pub async fn member(&mut self) -> Result<B::Member> {
        let Some((token, _)) = &self.login else {
            return Err(Error::unauthenticated("Log in on this connection first: send an auth frame."));
        };
        self.backstage.identify(token).await
    }

    /// Whether somebody was logged in here and is no more. A database that does not answer now
    /// says nothing about that.
    pub async fn has_ended(&mut self) -> bool {
        self.login.is_some() && self.member().await.is_err_and(|error| error.code() == ErrorCode::Unauthenticated)
    }

    async fn start_bid(&mut self, re: String, body: &str, pending: &mut FuturesUnordered<Pending>) -> Result<()> {
        let who = self.member().await?;
        let bid: BidRequest = self.read(body)?;
        let (backstage, request_id) = (self.backstage.clone(), self.request_id());
        pending.push(Box::pin(async move {
            let answer = backstage.bid(&who, bid).await;
            answer_frame(re, request_id, answer.and_then(|answer| to_value(&answer)))
        }));
        Ok(())
    }

    async fn start_chat(&mut self, re: String, body: &str, pending: &mut FuturesUnordered<Pending>) -> Result<()> {
        let who = self.member().await?;
        let chat: ChatSend = self.read(body)?;
        let (backstage, request_id) = (self.backstage.clone(), self.request_id());
        let chatting = Arc::clone(&self.chatting);
        pending.push(Box::pin(async move {
            let _turn = chatting.lock_owned().await;
            let answer = backstage.say(&who, chat).await;
            answer_frame(re, request_id, answer.and_then(|message| to_value(&message)))
        }));
        Ok(())
    }

    async fn react(&mut self, body: &str) -> Result<Value> {
        let who = self.member().await?;
        who.check_active()?;
        let React { stream_id, kind } = self.read(body)?;
        self.backstage.may_react(&who, stream_id).await?;
        self.platform.hub.react(stream_id, kind);
        Ok(serde_json::json!({}))
    }
}

fn to_value(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(internal)
}

fn answer_frame(re: String, request_id: String, answer: Result<Value>) -> ServerFrame {
    match answer {
        Ok(ok) => ServerFrame::Ok { re, ok },
        Err(error) => ServerFrame::Error { re: Some(re), error: problem(error, request_id) },
    }
}
