//! From an HTTP request to a socket: who may, and with how little memory.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts, Request, State, WebSocketUpgrade},
    http::{header, request::Parts},
    response::Response,
};
use blytz_core::wire::{
    ErrorCode,
    live::{Channel, MAX_FRAME, SUBPROTOCOL},
};
use futures_util::future::BoxFuture;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{backstage::Backstage, resume::Readings, session::Session};
use crate::{
    error::{Error, Result},
    http::{ClientAddr, bearer, check_origin},
};

/// What a socket may hold back before its reader has to take something. The library's defaults of
/// 128 KiB a side cost more than everything else about a watcher.
const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 4 * 1024;
const MAX_WRITE_BUFFER: usize = 4 * 1024 * 1024;

/// `GET /ws`.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S>
where
    Sockets: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(connect))
}

/// Makes live connections out of handshakes. Cheap to clone.
#[derive(Clone)]
pub struct Sockets(Arc<dyn Handshake>);

impl Sockets {
    /// Connections to what stands behind them.
    pub fn new(backstage: impl Backstage) -> Self {
        let readings = Readings::of(&backstage);
        Self(Arc::new(Door { backstage, readings }))
    }

    /// Answers a handshake with a session, subscribed to `initial` from the start.
    ///
    /// # Errors
    /// 400 when it is no handshake, 401 with a token that is nobody's, 403 for pages of a foreign
    /// origin, 429 for an address that holds too many connections.
    pub async fn answer(&self, handshake: Parts, initial: Option<Channel>) -> Result<Response> {
        self.0.answer(handshake, initial).await
    }
}

/// [`Backstage`] without its type, so that routers need not know it.
trait Handshake: Send + Sync {
    fn answer(&self, handshake: Parts, initial: Option<Channel>) -> BoxFuture<'static, Result<Response>>;
}

/// What sessions are made with.
struct Door<B> {
    backstage: B,
    readings: Readings,
}

impl<B: Backstage> Handshake for Door<B> {
    fn answer(&self, handshake: Parts, initial: Option<Channel>) -> BoxFuture<'static, Result<Response>> {
        Box::pin(serve(self.backstage.clone(), self.readings.clone(), handshake, initial))
    }
}

/// The live connection: WebSocket with subprotocol `blytz.v1`.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "live",
    security((), ("bearer" = [])),
    responses(
        (status = 101, description = "The connection is a WebSocket from here on."),
        (status = 400, description = "This is no WebSocket handshake."),
        (status = 401, description = "The bearer token is not valid."),
        (status = 403, description = "Pages of this origin may not connect."),
    )
)]
async fn connect(State(sockets): State<Sockets>, request: Request) -> Result<Response> {
    sockets.answer(request.into_parts().0, None).await
}

async fn serve<B: Backstage>(
    backstage: B,
    readings: Readings,
    mut parts: Parts,
    initial: Option<Channel>,
) -> Result<Response> {
    let platform = backstage.platform().clone();
    check_origin(&platform.config, &parts.headers)?;
    let (client, peer) = ClientAddr::of(&parts, &platform.config.trusted_proxies);
    // A connection of the client's own is counted already; one of a proxy's is not.
    let guest = if client == peer { None } else { Some(platform.crowd.enter(client.0)?) };
    let login = if parts.headers.contains_key(header::AUTHORIZATION) {
        let token = bearer(&parts.headers)?.to_owned();
        let who = backstage.identify(&token).await?;
        Some((token, who))
    } else {
        None
    };
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|rejection| {
        Error::new(ErrorCode::BadRequest, format!("This address speaks WebSocket: {}", rejection.body_text()))
    })?;
    // A socket is a task to wait for: what it was promised is answered before the database closes.
    let task = platform.tasks.token();
    Ok(upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .on_upgrade(async move |socket| {
            let (_task, _guest) = (task, guest);
            Session::new(backstage, readings, login, client).run(socket, initial).await;
        }))
}
