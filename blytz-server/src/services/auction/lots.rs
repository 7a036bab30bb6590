//! Auctions from their making to their end, bids apart.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    AuctionId, StreamId, Timestamp, UserId,
    auction::Rules,
    wire::{
        Check, Faults, FieldError, Page,
        auction::{Auction, AuctionInput, AuctionStatus, LogEntry, StatusView},
    },
};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Auctions,
    store::{self, Lot, LotFilter},
};
use crate::{
    error::{Error, Result, internal},
    http::{
        Body, PathId, Query,
        extract::{Limit, check_seq},
    },
    services::auth::{Seller, User},
};

/// How far in the past an opening may lie, so that a slow request is not refused.
const LATE_BY_MICROS: i64 = 60_000_000;

/// Make an auction of one unit of your product.
#[utoipa::path(
    post, path = "/auction", tag = "auction", request_body = AuctionInput,
    responses(
        (status = 201, description = "Made; it waits for `start` or for `starts_at`.", body = Auction),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not a seller, or not your product or show."),
        (status = 404, description = "No such product or show."),
        (status = 409, description = "`out_of_stock`, `stream_not_live` (the show has ended)."),
        (status = 422, description = "Invalid shape, `currency_mismatch`."),
    )
)]
pub async fn create(
    State(auctions): State<Auctions>,
    Body { who, body }: Body<Seller, AuctionInput>,
) -> Result<(StatusCode, Json<Auction>)> {
    let rules = checked(&body.rules)?;
    check_opening(body.starts_at, auctions.now())?;
    let id = auctions.schedule(&who, body, rules).await?;
    let auction = auctions.view(id, Some(&who)).await.map_err(Error::after_the_fact)?;
    Ok((StatusCode::CREATED, Json(auction)))
}

/// Refuses an opening in the past.
pub fn check_opening(starts_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if starts_at.is_some_and(|at| now.micros_since(at) > LATE_BY_MICROS) {
        return Err(Error::invalid_field("/starts_at", "must not lie in the past"));
    }
    Ok(())
}

/// The rules, checked; faults point into the request.
pub fn checked(rules: &blytz_core::wire::auction::RulesInput) -> Result<Rules> {
    Rules::try_from(rules).map_err(|faults| {
        let within = |fault: FieldError| FieldError { pointer: format!("/rules{}", fault.pointer), ..fault };
        Error::invalid(faults.into_iter().map(within).collect())
    })
}

/// Which auctions to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuctionQuery {
    /// Only those that stand here.
    status: Option<AuctionStatus>,
    /// Only those of this show.
    stream_id: Option<StreamId>,
    /// Only those of this seller.
    seller_id: Option<UserId>,
    /// `next_cursor` of the page before.
    cursor: Option<AuctionId>,
    /// Items per page, 1 to 100; 50 unless said.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

impl Check for AuctionQuery {
    fn check(&self, faults: &mut Faults) {
        self.limit.check(faults);
    }
}

/// Auctions, the newest first.
#[utoipa::path(
    get, path = "/auction", tag = "auction", security((), ("bearer" = [])), params(AuctionQuery),
    responses(
        (status = 200, description = "A page of auctions.", body = Page<Auction>),
        (status = 401, description = "The access token is not valid."),
        (status = 422, description = "Invalid parameters."),
    )
)]
pub async fn list(
    State(auctions): State<Auctions>,
    viewer: Option<User>,
    Query(query): Query<AuctionQuery>,
) -> Result<Json<Page<Auction>>> {
    let AuctionQuery { status, stream_id, seller_id, cursor: before, limit } = query;
    let filter = LotFilter { status, stream_id, seller_id, before };
    auctions.page(&filter, limit.size(), viewer.as_ref()).await.map(Json)
}

/// An auction.
#[utoipa::path(
    get, path = "/auction/{id}", tag = "auction", security((), ("bearer" = [])),
    params(("id" = AuctionId, Path)),
    responses(
        (status = 200, description = "The auction.", body = Auction),
        (status = 401, description = "The access token is not valid."),
        (status = 404, description = "No such auction."),
    )
)]
pub async fn get(
    State(auctions): State<Auctions>,
    viewer: Option<User>,
    PathId(id): PathId<AuctionId>,
) -> Result<Json<Auction>> {
    auctions.view(id, viewer.as_ref()).await.map(Json)
}

/// Where an auction stands.
#[utoipa::path(
    get, path = "/auction/{id}/status", tag = "auction", params(("id" = AuctionId, Path)),
    responses(
        (status = 200, description = "Its status.", body = StatusView),
        (status = 404, description = "No such auction."),
    )
)]
pub async fn status(State(auctions): State<Auctions>, PathId(id): PathId<AuctionId>) -> Result<Json<StatusView>> {
    auctions.status(id).await.map(Json)
}

/// Where to read on in a log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Only entries after this seq; from the first on unless said.
    #[param(maximum = 9007199254740991_i64)]
    after: Option<u64>,
    /// As `after`: a page's `next_cursor`.
    #[param(maximum = 9007199254740991_i64)]
    cursor: Option<u64>,
    /// Items per page, 1 to 100; 50 unless said.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

impl Check for EventsQuery {
    fn check(&self, faults: &mut Faults) {
        self.limit.check(faults);
        check_seq("/after", self.after, faults);
        check_seq("/cursor", self.cursor, faults);
    }
}

/// An auction's log.
#[utoipa::path(
    get, path = "/auction/{id}/events", tag = "auction", params(("id" = AuctionId, Path), EventsQuery),
    responses(
        (status = 200, description = "A page of the log, as on the WebSocket; `next_cursor` is the last seq.", body = Page<LogEntry>),
        (status = 404, description = "No such auction."),
        (status = 422, description = "Invalid parameters."),
    )
)]
pub async fn events(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Query(query): Query<EventsQuery>,
) -> Result<Json<Page<Box<RawValue>>>> {
    let after = query.after.or(query.cursor).unwrap_or(0);
    auctions.log(id, after, query.limit.size()).await.map(Json)
}

impl Auctions {
    async fn page(&self, filter: &LotFilter, size: usize, viewer: Option<&User>) -> Result<Page<Auction>> {
        let found = store::lots(&self.platform.db.for_scans(), filter, size + 1).await?;
        let Page { items, next_cursor } = Page::cut(found, size, |last| last.id().to_string());
        let mut items = self.views(self.settle(items).await, viewer).await?;
        // Whatever was overdue stands elsewhere by now.
        items.retain(|item| filter.status.is_none_or(|status| item.status.status == status));
        Ok(Page { items, next_cursor })
    }

    async fn log(&self, id: AuctionId, after: u64, size: usize) -> Result<Page<Box<RawValue>>> {
        let head = self.head(id).await?.ok_or_else(Error::not_found)?;
        // Long events make a page shorter; what is behind it, the head says.
        let events = self.events_after(id, after, size).await?;
        let next_cursor = events.last().filter(|(seq, _)| *seq < head).map(|(seq, _)| seq.to_string());
        let raw = |(_, entry): (u64, String)| RawValue::from_string(entry).map_err(internal);
        Ok(Page { items: events.into_iter().map(raw).collect::<Result<_>>()?, next_cursor })
    }

    /// Lots of which none is overdue any more.
    pub(super) async fn settle(&self, lots: Vec<Lot>) -> Vec<Lot> {
        let settle = async |lot: Lot| {
            // One lot that can't be closed now does not take the whole list with it.
            let current = if self.is_unsettled(&lot) { self.settled(lot.id()).await.ok() } else { None };
            current.unwrap_or(lot)
        };
        // All at once: they share a commit, and the wait when there is none to be had.
        join_all(lots.into_iter().map(settle)).await
    }
}
