//! What anybody needs to check an auction after its close.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use blytz_core::{
    AuctionId,
    auction::{
        log::Head,
        proof::{Frame, Opener, Viewer},
    },
    wire::{
        ErrorCode,
        auction::{self as wire, AuctionStatus, EventData, LogEntry, LogKeys, Proof},
    },
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::value::RawValue;

use super::{
    Auctions,
    store::{self, Lot},
};
use crate::{
    db::Db,
    error::{Error, Result, internal},
    http::PathId,
    services::auth::User,
};

/// The keys that sign receipts, retired ones too.
#[utoipa::path(
    get, path = "/auction/keys", tag = "auction",
    responses((status = 200, description = "The keys.", body = LogKeys))
)]
pub async fn keys(State(auctions): State<Auctions>) -> Json<LogKeys> {
    Json(LogKeys { keys: auctions.platform.keys.log_keys() })
}

/// An auction's log with every commitment opened.
#[utoipa::path(
    get, path = "/auction/{id}/proof", tag = "auction", security((), ("bearer" = [])),
    params(("id" = AuctionId, Path)),
    responses(
        (status = 200, description = "The proof; `blytz verify` checks it.", body = Proof),
        (status = 401, description = "The access token is not valid."),
        (status = 404, description = "No such auction."),
        (status = 409, description = "`auction_live`: it is published after the close."),
    )
)]
pub async fn get(
    State(auctions): State<Auctions>,
    user: Option<User>,
    PathId(id): PathId<AuctionId>,
) -> Result<Response> {
    let proof = auctions.proof(id, user.as_ref()).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], proof).into_response())
}

impl Auctions {
    async fn proof(&self, id: AuctionId, user: Option<&User>) -> Result<Body> {
        let Lot { head, state, item, .. } = self.settled(id).await?;
        if !state.public.status.is_over() {
            return Err(Error::new(ErrorCode::AuctionLive, "The proof is published once the auction is over."));
        }
        let sold = state.public.status == AuctionStatus::Sold;
        let viewer = match user {
            Some(user) if super::is_admin(user) => Viewer::Admin,
            Some(user) if sold && state.public.leader == Some(user.id) => Viewer::Winner,
            _ => Viewer::Public,
        };
        let opener = opener(&self.platform.db, &head, viewer).await?;
        let receipt = store::end_receipt(&self.platform.db, id).await?;
        let stated = wire::Head { seq: head.seq, hash: head.hash.clone(), receipt };
        let frame = opener.frame(id, item, stated, self.platform.keys.log_keys()).map_err(internal)?;
        Ok(Telling::begin(self.platform.db.clone(), head, opener, &frame)?.body())
    }
}

/// Opens this log's commitments, by the rules that its bids were taken under.
async fn opener(db: &Db, head: &Head, viewer: Viewer) -> Result<Opener> {
    let last = store::log_page(db, head.auction_id, head.seq.saturating_sub(1)).await?;
    let (last, _) = last.first().ok_or_else(|| internal("an auction without a log"))?;
    let mut opener = Opener::new(&last.data, viewer).map_err(internal)?;
    let mut after = 0;
    // The rules stand before the first bid, and almost always on the first page.
    loop {
        let page = store::log_page(db, head.auction_id, after).await?;
        for (entry, event) in &page {
            if matches!(entry.data, EventData::Bid { .. }) {
                return Ok(opener);
            }
            opener.rules(entry, event.sealed.as_ref()).map_err(internal)?;
        }
        let Some((last, _)) = page.last() else { return Ok(opener) };
        after = last.seq;
    }
}

/// A proof on its way out: a page of the log in memory at a time, however long that is. The log is
/// over, so what is read at different times is of one piece. Should it not be, or the database fail,
/// the answer is cut: a proof must not look whole when it is not.
struct Telling {
    db: Db,
    head: Head,
    opener: Opener,
    part: Part,
    /// The last event that this part has told.
    after: u64,
    /// Whether the last page had anything.
    progress: bool,
    /// Whether nothing stands in this part's list yet.
    is_first: bool,
    /// What is to be said next.
    text: String,
}

/// What is being told.
#[derive(Clone, Copy)]
enum Part {
    Openings,
    Events,
    End,
}

impl Telling {
    /// All but openings and events comes first, so that these can be checked while they arrive.
    fn begin(db: Db, head: Head, opener: Opener, frame: &Frame) -> Result<Self> {
        let mut text = serde_json::to_string(frame).map_err(internal)?;
        text.pop();
        text.push_str(r#","openings":["#);
        Ok(Self { db, head, opener, part: Part::Openings, after: 0, progress: false, is_first: true, text })
    }

    fn body(self) -> Body {
        Body::from_stream(stream::try_unfold(self, Self::next))
    }

    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        while self.text.is_empty() {
            match self.part {
                Part::Openings => self.openings().await,
                Part::Events => self.events().await,
                Part::End => return Ok(None),
            }
            .inspect_err(|error| tracing::error!(%error, auction = %self.head.auction_id, "a proof was cut off"))?;
        }
        Ok(Some((std::mem::take(&mut self.text).into(), self)))
    }

    async fn openings(&mut self) -> Result<()> {
        for (entry, event) in store::log_page(&self.db, self.head.auction_id, self.after).await? {
            self.advance(entry.seq)?;
            if let Some(opening) = self.opener.open(&entry, event.sealed.as_ref()).map_err(internal)? {
                self.separate();
                self.text.push_str(&serde_json::to_string(&opening).map_err(internal)?);
            }
        }
        if self.is_through()? {
            self.text.push_str(r#"],"events":["#);
            (self.part, self.after, self.is_first) = (Part::Events, 0, true);
        }
        Ok(())
    }

    async fn events(&mut self) -> Result<()> {
        let page = store::entries_after(&self.db, self.head.auction_id, self.after, store::PAGE).await?;
        for (seq, entry) in &page {
            self.advance(*seq)?;
            self.separate();
            // As it is stored, and hashed; that it is JSON is looked at all the same.
            self.text.push_str(serde_json::from_str::<&RawValue>(entry).map_err(internal)?.get());
        }
        if self.is_through()? {
            let last = page.last().map(|(_, entry)| serde_json::from_str::<LogEntry>(entry)).transpose();
            if last.map_err(internal)?.is_none_or(|last| last.hash != self.head.hash) {
                return Err(internal("a log does not end where its head says"));
            }
            self.text.push_str("]}");
            self.part = Part::End;
        }
        Ok(())
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(',');
        }
    }

    /// Goes on to the event after the last one, which this must be.
    fn advance(&mut self, seq: u64) -> Result<()> {
        if seq != self.after + 1 || seq > self.head.seq {
            return Err(internal(format_args!("event {seq} of a log comes after event {}", self.after)));
        }
        (self.after, self.progress) = (seq, true);
        Ok(())
    }

    /// Whether this part has told the whole log.
    fn is_through(&mut self) -> Result<bool> {
        if !std::mem::take(&mut self.progress) {
            return Err(internal(format_args!("a log ends at event {} of {}", self.after, self.head.seq)));
        }
        Ok(self.after == self.head.seq)
    }
}
