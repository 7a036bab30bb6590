//! An auction's course: opened, changed, called off, a bid struck.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    AuctionId, BidId, UserId,
    auction::{self, Bearers, Book, MAX_STRUCK, Nonce, Unstruck},
    wire::{
        auction::{Auction, AuctionStatus, AuctionUpdate, CancelRequest, StartRequest, VoidRequest, VoidedBy},
        stream::StreamStatus,
    },
};

use super::{
    Auctions, check_owner,
    lots::{check_opening, checked},
    request::{Act, Amendment, SoFar, Voiding},
    schedule::other_currency,
    store::{self, Lot},
    streams::not_live,
};
use crate::{
    clock::random_bytes,
    db::Db,
    error::{Error, Result, internal},
    http::{Body, PathId, extract::PathIds},
    services::auth::{Active, User},
};

/// Open a lot now.
#[utoipa::path(
    post, path = "/auction/start", tag = "auction", request_body = StartRequest,
    responses(
        (status = 200, description = "Live (also if it was before).", body = Auction),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your auction."),
        (status = 404, description = "No such auction."),
        (status = 409, description = "`auction_closed`, `auction_cancelled`, `stream_not_live`."),
        (status = 422, description = "Invalid shape."),
    )
)]
pub async fn start(
    State(auctions): State<Auctions>,
    Body { who, body }: Body<Active, StartRequest>,
) -> Result<Json<Auction>> {
    auctions.open(&who, body.auction_id).await.map(Json)
}

/// Change an auction before its first bid.
#[utoipa::path(
    patch, path = "/auction/{id}", tag = "auction", params(("id" = AuctionId, Path)),
    request_body = AuctionUpdate,
    responses(
        (status = 200, description = "Changed.", body = Auction),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your auction."),
        (status = 404, description = "No such auction."),
        (status = 409, description = "`auction_locked`, `auction_closed`, `auction_cancelled`."),
        (status = 422, description = "Invalid shape, `currency_mismatch`."),
    )
)]
pub async fn amend(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Body { who, body }: Body<Active, AuctionUpdate>,
) -> Result<Json<Auction>> {
    auctions.amend(&who, id, body).await.map(Json)
}

/// Call an auction off. With bids, only an admin may.
#[utoipa::path(
    post, path = "/auction/{id}/cancel", tag = "auction", params(("id" = AuctionId, Path)),
    request_body = CancelRequest,
    responses(
        (status = 200, description = "Cancelled (also if it was before).", body = Auction),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your auction."),
        (status = 404, description = "No such auction."),
        (status = 409, description = "`auction_has_bids`, `auction_closed`."),
        (status = 422, description = "Invalid shape."),
    )
)]
pub async fn cancel(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Body { who, body }: Body<Active, CancelRequest>,
) -> Result<Json<Auction>> {
    let act = Act::Cancel { reason: body.reason, by_admin: super::is_admin(&who) };
    auctions.carry_out(&who, id, act).await.map(Json)
}

/// Strike a bid, and every later one of the same bidder.
#[utoipa::path(
    post, path = "/auction/{id}/void", tag = "auction", params(("id" = AuctionId, Path)),
    request_body = VoidRequest,
    responses(
        (status = 200, description = "Voided (also if it was before).", body = Auction),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your auction."),
        (status = 404, description = "No such auction, or no such bid in it."),
        (
            status = 409,
            description = "`auction_not_live`, `auction_closed`, `auction_cancelled`, or `conflict`: several bidders \
                used this `bid_id`, and `bidder_id` is not given."
        ),
        (status = 422, description = "Invalid shape."),
    )
)]
pub async fn void(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Body { who, body }: Body<Active, VoidRequest>,
) -> Result<Json<Auction>> {
    auctions.void(&who, id, body).await.map(Json)
}

/// Let a bidder bid on this lot again whom a void had blocked.
#[utoipa::path(
    delete, path = "/auction/{id}/blocked/{user_id}", tag = "auction",
    params(("id" = AuctionId, Path), ("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "Not blocked here (also if they were not)."),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your auction."),
        (status = 404, description = "No such auction."),
        (status = 409, description = "`auction_closed`, `auction_cancelled`."),
    )
)]
pub async fn unblock(
    State(auctions): State<Auctions>,
    who: Active,
    PathIds(id, user): PathIds<AuctionId, UserId>,
) -> Result<StatusCode> {
    auctions.owned(&who, id).await?;
    auctions.act(id, Act::Unblock(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Auctions {
    async fn open(&self, who: &User, id: AuctionId) -> Result<Auction> {
        let lot = self.owned(who, id).await?;
        if let (AuctionStatus::Scheduled, Some(stream)) = (lot.state.public.status, lot.stream_id) {
            let show = store::show(&self.platform.db, stream).await?.ok_or_else(Error::not_found)?;
            if show.status != StreamStatus::Live {
                return Err(not_live("The lot belongs to a show that is not live; start the show first."));
            }
        }
        self.finish(who, id, Act::Open).await
    }

    async fn amend(&self, who: &User, id: AuctionId, update: AuctionUpdate) -> Result<Auction> {
        let lot = self.owned(who, id).await?;
        let rules = update.rules.as_ref().map(checked).transpose()?;
        check_opening(update.starts_at.flatten(), self.now())?;
        if rules.as_ref().is_some_and(|rules| rules.currency() != lot.rules.currency) {
            return Err(other_currency(lot.rules.currency));
        }
        let nonce = Nonce::from_bytes(random_bytes());
        let AuctionUpdate { starts_at, title, item, .. } = update;
        let amendment = Amendment { rules, starts_at, title, item, nonce };
        self.finish(who, id, Act::Amend { amendment: Box::new(amendment) }).await
    }

    async fn void(&self, who: &User, id: AuctionId, asked: VoidRequest) -> Result<Auction> {
        let lot = self.owned(who, id).await?;
        let VoidRequest { bid_id, bidder_id: bidder, block, reason } = asked;
        let so_far = self.so_far(id, bid_id, bidder).await?;
        let by = if who.id == lot.seller_id { VoidedBy::Seller } else { VoidedBy::Admin };
        let voiding = Voiding { bid_id, bidder, by, block: block.unwrap_or(true), reason, so_far };
        self.finish(who, id, Act::Void(Box::new(voiding))).await
    }

    /// What of a log a void needs: the bids from the newest state on that is kept from before the one that
    /// is to fall. They are read beside the room, which takes what comes meanwhile itself.
    async fn so_far(&self, id: AuctionId, bid_id: BidId, bidder: Option<UserId>) -> Result<SoFar> {
        let _one = self.readers.acquire().await.map_err(internal)?;
        let db = self.platform.db.for_scans();
        let bearers = store::bearers(&db, id, bid_id).await?;
        let mut before = bearers.meant(bidder)?;
        loop {
            let (so_far, auction) = read_so_far(&db, id, before, bearers.clone()).await?;
            match so_far.book.falls(&auction, bid_id, bidder, MAX_STRUCK) {
                // A later void struck more than this bid.
                Err(Unstruck::FurtherBack { seq }) if seq < before => before = seq,
                // The room says the rest.
                _ => return Ok(so_far),
            }
        }
    }

    /// Does to an auction what its owner may do whenever they like.
    async fn carry_out(&self, who: &User, id: AuctionId, act: Act) -> Result<Auction> {
        self.owned(who, id).await?;
        self.finish(who, id, act).await
    }

    /// Has the room do it, and shows the auction as it is then.
    async fn finish(&self, who: &User, id: AuctionId, act: Act) -> Result<Auction> {
        self.act(id, act).await?;
        self.view(id, Some(who)).await.map_err(Error::after_the_fact)
    }

    /// An auction that this user may change.
    async fn owned(&self, who: &User, id: AuctionId) -> Result<Lot> {
        let lot = self.settled(id).await?;
        check_owner(who, lot.seller_id)?;
        Ok(lot)
    }
}

/// The bids after the newest state that is kept from before an event, and where the auction stands then.
async fn read_so_far(db: &Db, id: AuctionId, before: u64, bearers: Bearers) -> Result<(SoFar, auction::Auction)> {
    let kept = store::snapshot(db, id, before).await?.and_then(|snapshot| snapshot.restore(id).ok());
    let (mut book, mut auction, mut seq) = match kept {
        Some((auction, head)) => (Book::since(&auction, &head, bearers), Some(auction), head.seq),
        None => (Book::default(), None, 0),
    };
    loop {
        let page = store::log_page(db, id, seq).await?;
        if page.is_empty() {
            let auction = auction.ok_or_else(Error::not_found)?;
            return Ok((SoFar { book, seq }, auction));
        }
        for (entry, event) in page {
            book.note(entry.seq, &event);
            match &mut auction {
                Some(auction) => auction.apply(&event).map_err(internal)?,
                None => auction = Some(auction::Auction::begin(id, &event).map_err(internal)?),
            }
            seq = entry.seq;
        }
    }
}
