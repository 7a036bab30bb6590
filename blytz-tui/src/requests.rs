//! What is asked of the server: each request becomes one reply.

use blytz_client::{AuctionQuery, Client, Error, LiveHandle, RetryKind, StreamQuery};
use blytz_core::{
    StreamId, UserId,
    wire::{
        auction::{Auction, AuctionStatus, BidAnswer, BidRequest},
        chat::{BanRequest, ChatSend, MuteRequest},
        live::ReactionKind,
        stream::{Stream, StreamStatus},
    },
};

use crate::{clean::Clean, effect::Request, message::Reply, model::request_error::RequestError};

/// The longest text of an error shown: those of a caught house quote two hashes.
pub const ERROR_LENGTH: usize = 400;

impl From<&Error> for RequestError {
    fn from(error: &Error) -> Self {
        let refused = error.status().is_some_and(|status| (400..500).contains(&status));
        Self {
            code: error.code(),
            text: Clean::line(&error.to_string(), ERROR_LENGTH),
            next_minimum: error.problem().and_then(|problem| problem.next_minimum),
            definite: refused && error.retry_kind() == RetryKind::Never,
            untrue: matches!(error, Error::Untrue { .. }),
        }
    }
}

fn plain<T>(result: Result<T, Error>) -> Result<T, RequestError> {
    result.map_err(|error| RequestError::from(&error))
}

fn boxed<T>(result: Result<T, Error>) -> Result<Box<T>, RequestError> {
    plain(result).map(Box::new)
}

/// Asks the server; a request that wants no answer has none.
pub async fn fulfil(client: Client, live: Option<LiveHandle>, request: Request) -> Option<Reply> {
    Some(match request {
        Request::Bid(bid) => Reply::Bid(bid.bid_id, boxed(place(&client, live, bid).await)),
        Request::Say(message) => {
            let (stream, id) = (message.stream_id, message.message_id?);
            Reply::Said(stream, id, plain(say(&client, live, message).await))
        }
        Request::React(stream) => {
            // A heart that does not arrive is no loss.
            let _ = live?.react(stream, ReactionKind::Heart).await;
            return None;
        }
        Request::LoadProfile => Reply::Profile(boxed(client.auth().profile().await)),
        Request::LoadLobby => Reply::Lobby(plain(lobby(&client).await)),
        Request::LoadLot(id) => Reply::Lot(id, boxed(client.auctions().get(id).await)),
        Request::LoadHistory(id, after) => {
            let page = client.auctions().events(id, after, Some(100)).await;
            Reply::History(id, plain(page.map(|page| page.items)))
        }
        Request::LoadStanding(id) => Reply::Standing(id, plain(client.auctions().me(id).await)),
        Request::LoadDesk(seller) => Reply::Desk(plain(desk(&client, seller).await)),
        Request::LoadQueue(show) => Reply::Queue(show, plain(queue(&client, show).await)),
        Request::LoadStock(product) => Reply::Stock(product, plain(client.products().inventory(product).await)),
        Request::Login(credentials) => {
            let session = client.auth().login(&credentials.email, &credentials.password).await;
            Reply::LoggedIn(boxed(session.map(|session| session.user)))
        }
        Request::Watch(id, true) => Reply::Watching(id, true, plain(client.auctions().watch(id).await)),
        Request::Watch(id, false) => Reply::Watching(id, false, plain(client.auctions().unwatch(id).await)),
        Request::StartShow(id) => done("Show started", client.streams().start(id).await.map(|_| None)),
        Request::StartLot(id) => done("Lot started", client.auctions().start(id).await.map(Some)),
        Request::CancelLot(id, reason) => done("Lot cancelled", client.auctions().cancel(id, &reason).await.map(Some)),
        Request::VoidBid(id, bid, Some(bidder), reason) => {
            done("Bid voided", client.auctions().void_of(id, bid, bidder, &reason).await.map(Some))
        }
        Request::VoidBid(id, bid, None, reason) => {
            done("Bid voided", client.auctions().void(id, bid, &reason).await.map(Some))
        }
        Request::DeleteMessage(id) => done("Message deleted", client.chat().delete(id).await.map(|()| None)),
        Request::Mute(stream, user_id, seconds) => {
            let request = MuteRequest { user_id, seconds, reason: None };
            done("Muted", client.chat().mute(stream, &request).await.map(|()| None))
        }
        Request::Ban(stream, user_id) => {
            let request = BanRequest { user_id, reason: None };
            done("Banned", client.chat().ban(stream, &request).await.map(|()| None))
        }
    })
}

fn done(what: &'static str, result: Result<Option<Auction>, Error>) -> Reply {
    Reply::Done(what, plain(result).map(|auction| auction.map(Box::new)))
}

/// Over the live connection; over HTTP with the same id when that is gone. The id makes it one bid.
async fn place(client: &Client, live: Option<LiveHandle>, request: BidRequest) -> Result<BidAnswer, Error> {
    match live {
        Some(live) => match live.bid(request.clone()).await {
            Err(Error::Closed) => client.auctions().bid(&request).await,
            answer => answer,
        },
        None => client.auctions().bid(&request).await,
    }
}

async fn say(client: &Client, live: Option<LiveHandle>, message: ChatSend) -> Result<(), Error> {
    let sent = match live {
        Some(live) => match live.chat(message.clone()).await {
            Err(Error::Closed) => client.chat().send(&message).await,
            answer => answer,
        },
        None => client.chat().send(&message).await,
    };
    sent.map(|_| ())
}

async fn lobby(client: &Client) -> Result<(Vec<Stream>, Vec<Auction>), Error> {
    let lots = |status, limit| async move {
        let query = AuctionQuery { status: Some(status), limit: Some(limit), ..AuctionQuery::default() };
        client.auctions().list(&query).await.map(|page| page.items)
    };
    let shows = StreamQuery { limit: Some(100), ..StreamQuery::default() };
    let (streams, live, scheduled, sold) = tokio::try_join!(
        client.streams().list(&shows),
        lots(AuctionStatus::Live, 100),
        lots(AuctionStatus::Scheduled, 100),
        lots(AuctionStatus::Sold, 30),
    )?;
    Ok((streams.items, [live, scheduled, sold].concat()))
}

/// The seller's live show, else the next announced one, else the last one.
async fn desk(client: &Client, seller: UserId) -> Result<Option<(Stream, Vec<Auction>)>, Error> {
    for status in [StreamStatus::Live, StreamStatus::Scheduled, StreamStatus::Ended] {
        let query =
            StreamQuery { status: Some(status), seller_id: Some(seller), limit: Some(100), ..StreamQuery::default() };
        let shows = client.streams().list(&query).await?.items.into_iter();
        let found = match status {
            StreamStatus::Ended => shows.max_by_key(|show| show.ended_at),
            _ => shows.min_by_key(|show| (show.starts_at, show.id)),
        };
        if let Some(show) = found {
            let queue = queue(client, show.id).await?;
            return Ok(Some((show, queue)));
        }
    }
    Ok(None)
}

async fn queue(client: &Client, show: StreamId) -> Result<Vec<Auction>, Error> {
    client.streams().lots(show).await.map(|page| page.items)
}
