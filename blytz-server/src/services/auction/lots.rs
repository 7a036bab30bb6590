//! Auctions from their making to their end, bids apart.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    AuctionId, StreamId, Timestamp, UserId,
    auction::Rules,
    wire::{
        Check, Faults, FieldError, Page, Problem,
        auction::{Auction, AuctionInput, AuctionStatus, LogEntry, StatusView},
    },
};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Auctions,
    store::{self, LotFilter, LotRow},
    views::Viewer,
};
use crate::{
    error::{Error, Result, internal},
    http::{
        Body, PathId, Query,
        extract::{check_limit, check_seq, page_size},
    },
    services::auth::{Seller, User},
};

/// How far in the past an opening may lie, so that a slow request is not refused.
const LATE_BY_MICROS: i64 = 60_000_000;

/// Make an auction of one unit of your product.
#[utoipa::path(
    post,
    path = "/auction",
    tag = "auction",
    request_body = AuctionInput,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Made; it waits for `start` or for `starts_at`.", body = Auction),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not a seller, or not your product or show.", body = Problem),
        (status = 404, description = "No such product or show.", body = Problem),
        (status = 409, description = "`out_of_stock`, `stream_not_live` (the show has ended).", body = Problem),
        (status = 422, description = "Invalid shape, `currency_mismatch`.", body = Problem),
    )
)]
pub async fn create(
    State(auctions): State<Auctions>,
    Body { who, body }: Body<Seller, AuctionInput>,
) -> Result<(StatusCode, Json<Auction>)> {
    let rules = checked(&body.rules)?;
    check_opening(body.starts_at, auctions.platform.clock.now())?;
    let id = auctions.schedule(&who, body, rules).await?;
    Ok((StatusCode::CREATED, Json(auctions.one(id, Some(&who)).await.map_err(Error::after_the_fact)?)))
}

/// Refuses an opening in the past.
pub(super) fn check_opening(starts_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if starts_at.is_some_and(|at| now.micros_since(at) > LATE_BY_MICROS) {
        return Err(Error::invalid_field("/starts_at", "must not lie in the past"));
    }
    Ok(())
}

/// The rules, checked; faults point into the request.
pub(super) fn checked(rules: &blytz_core::wire::auction::RulesInput) -> Result<Rules> {
    Rules::try_from(rules).map_err(|faults| {
        let within = |fault: FieldError| FieldError { pointer: format!("/rules{}", fault.pointer), ..fault };
        Error::invalid(faults.into_iter().map(within).collect())
    })
}

impl Auctions {
    /// One auction as a viewer sees it.
    pub(super) async fn one(&self, id: AuctionId, viewer: Viewer<'_>) -> Result<Auction> {
        let row = self.settled(id).await?;
        let mut shown = self.show(&self.accounts, vec![row], viewer).await?;
        shown.pop().ok_or_else(|| internal("one row has one view"))
    }

    /// Rows in which nothing is overdue any more.
    pub(super) async fn settle(&self, rows: Vec<LotRow>) -> Result<Vec<LotRow>> {
        let settle = async |row: LotRow| {
            let due = self.is_due(row.due_at_us.map(Timestamp::from_micros));
            // One lot that can't be closed now does not take the whole list with it.
            let current = if due { self.settled(AuctionId(row.id)).await.ok() } else { None };
            current.unwrap_or(row)
        };
        // All at once: they share a commit, and the wait when there is none to be had.
        Ok(join_all(rows.into_iter().map(settle)).await)
    }
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
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

impl Check for AuctionQuery {
    fn check(&self, faults: &mut Faults) {
        check_limit(self.limit, faults);
    }
}

/// Auctions, the newest first.
#[utoipa::path(
    get,
    path = "/auction",
    tag = "auction",
    security((), ("bearer" = [])),
    params(AuctionQuery),
    responses(
        (status = 200, description = "A page of auctions.", body = Page<Auction>),
        (status = 401, description = "The access token is not valid.", body = Problem),
        (status = 422, description = "Invalid parameters.", body = Problem),
    )
)]
pub async fn list(
    State(auctions): State<Auctions>,
    viewer: Option<User>,
    Query(query): Query<AuctionQuery>,
) -> Result<Json<Page<Auction>>> {
    let size = page_size(query.limit);
    let filter = LotFilter {
        status: query.status.map(|status| status.name().to_owned()),
        stream_id: query.stream_id,
        seller_id: query.seller_id,
        before: query.cursor,
    };
    let mut rows = store::list_lots(&auctions.platform.db.for_scans(), &filter, size + 1).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next_cursor = rows.last().filter(|_| more).map(|row| AuctionId(row.id).to_string());
    let rows = auctions.settle(rows).await?;
    let mut items = auctions.show(&auctions.accounts, rows, viewer.as_ref()).await?;
    // Whatever was overdue stands elsewhere by now.
    items.retain(|item| query.status.is_none_or(|status| item.status.status == status));
    Ok(Json(Page { items, next_cursor }))
}

/// An auction.
#[utoipa::path(
    get,
    path = "/auction/{id}",
    tag = "auction",
    security((), ("bearer" = [])),
    params(("id" = AuctionId, Path)),
    responses(
        (status = 200, description = "The auction.", body = Auction),
        (status = 401, description = "The access token is not valid.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
    )
)]
pub async fn get(
    State(auctions): State<Auctions>,
    viewer: Option<User>,
    PathId(id): PathId<AuctionId>,
) -> Result<Json<Auction>> {
    Ok(Json(auctions.one(id, viewer.as_ref()).await?))
}

/// Where an auction stands.
#[utoipa::path(
    get,
    path = "/auction/{id}/status",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    responses(
        (status = 200, description = "Its status.", body = StatusView),
        (status = 404, description = "No such auction.", body = Problem),
    )
)]
pub async fn status(State(auctions): State<Auctions>, PathId(id): PathId<AuctionId>) -> Result<Json<StatusView>> {
    Ok(Json(auctions.status(id).await?))
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
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

impl Check for EventsQuery {
    fn check(&self, faults: &mut Faults) {
        check_limit(self.limit, faults);
        check_seq("/after", self.after, faults);
        check_seq("/cursor", self.cursor, faults);
    }
}

/// An auction's log.
#[utoipa::path(
    get,
    path = "/auction/{id}/events",
    tag = "auction",
    params(("id" = AuctionId, Path), EventsQuery),
    responses(
        (status = 200, description = "A page of the log, as on the WebSocket; `next_cursor` is the last seq.", body = Page<LogEntry>),
        (status = 404, description = "No such auction.", body = Problem),
        (status = 422, description = "Invalid parameters.", body = Problem),
    )
)]
pub async fn events(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Query(query): Query<EventsQuery>,
) -> Result<Json<Page<Box<RawValue>>>> {
    let size = page_size(query.limit);
    let head = auctions.head(id).await?.ok_or_else(Error::not_found)?;
    let after = query.after.or(query.cursor).unwrap_or(0);
    // Long events make a page shorter; what is behind it, the head says.
    let events = auctions.events_after(id, after, size).await?;
    let next_cursor = events.last().filter(|(seq, _)| *seq < head).map(|(seq, _)| seq.to_string());
    let raw = |(_, entry): (u64, String)| RawValue::from_string(entry).map_err(internal);
    Ok(Json(Page { items: events.into_iter().map(raw).collect::<Result<_>>()?, next_cursor }))
}
