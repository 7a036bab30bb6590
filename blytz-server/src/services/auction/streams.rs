//! Shows.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    StreamId, Timestamp, UserId,
    wire::{
        Check, ErrorCode, Faults, Page, Problem,
        account::PublicUser,
        live::UpdateData,
        stream::{Stream, StreamInput, StreamStatus},
    },
};
use serde::Deserialize;

use super::{
    Auctions, check_owner,
    store::{self, StreamRow},
};
use crate::{
    clock::new_id,
    error::{Error, Result},
    http::{
        Body, PathId, Query,
        extract::{PathIds, check_limit, page_size},
    },
    platform::hub::Topic,
    services::auth::{Active, Seller},
};

/// Where a show stands, from its row.
pub(super) fn status(row: &StreamRow) -> StreamStatus {
    match row.status.as_str() {
        "live" => StreamStatus::Live,
        "ended" => StreamStatus::Ended,
        _ => StreamStatus::Scheduled,
    }
}

const fn name(status: StreamStatus) -> &'static str {
    match status {
        StreamStatus::Scheduled => "scheduled",
        StreamStatus::Live => "live",
        StreamStatus::Ended => "ended",
    }
}

/// 409: the show is not live.
pub(super) fn not_live(detail: &str) -> Error {
    Error::new(ErrorCode::StreamNotLive, detail)
}

impl Auctions {
    async fn show_streams(&self, rows: Vec<StreamRow>) -> Result<Vec<Stream>> {
        let sellers: Vec<UserId> = rows.iter().map(|row| UserId(row.seller_id)).collect();
        let names = self.accounts.names(&sellers).await?;
        let view = |row: StreamRow| {
            let (id, seller) = (StreamId(row.id), UserId(row.seller_id));
            Stream {
                id,
                seller: PublicUser { id: seller, display_name: names.get(&seller).cloned().unwrap_or_default() },
                status: status(&row),
                title: row.title,
                starts_at: row.starts_at_us.map(Timestamp::from_micros),
                started_at: row.started_at_us.map(Timestamp::from_micros),
                ended_at: row.ended_at_us.map(Timestamp::from_micros),
                watchers: self.platform.hub.watchers(Topic::Stream(id)),
            }
        };
        Ok(rows.into_iter().map(view).collect())
    }

    async fn one_stream(&self, id: StreamId) -> Result<Stream> {
        let row = store::stream(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        self.show_streams(vec![row]).await?.pop().ok_or_else(Error::not_found)
    }

    /// A show that this user may change.
    pub(super) async fn owned_stream(&self, id: StreamId, user: &crate::services::auth::User) -> Result<StreamRow> {
        let row = store::stream(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        check_owner(user, UserId(row.seller_id))?;
        Ok(row)
    }
}

/// Announce a show.
#[utoipa::path(
    post,
    path = "/streams",
    tag = "auction",
    request_body = StreamInput,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Announced.", body = Stream),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not a seller.", body = Problem),
        (status = 422, description = "Invalid shape.", body = Problem),
    )
)]
pub async fn create(
    State(auctions): State<Auctions>,
    Body { who, body }: Body<Seller, StreamInput>,
) -> Result<(StatusCode, Json<Stream>)> {
    let id: StreamId = new_id(&auctions.platform.clock);
    let mut tx = auctions.platform.db.begin_write().await?;
    store::insert_stream(&mut tx, id, who.id, &body.title, body.starts_at, auctions.platform.clock.now()).await?;
    tx.commit().await?;
    let stream = auctions.one_stream(id).await.map_err(Error::after_the_fact)?;
    Ok((StatusCode::CREATED, Json(stream)))
}

/// Which shows to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Only those that stand here.
    status: Option<StreamStatus>,
    /// Only those of this seller.
    seller_id: Option<UserId>,
    /// `next_cursor` of the page before.
    cursor: Option<StreamId>,
    /// Items per page, 1 to 100; 50 unless said.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

impl Check for StreamQuery {
    fn check(&self, faults: &mut Faults) {
        check_limit(self.limit, faults);
    }
}

/// Shows, the newest first.
#[utoipa::path(
    get,
    path = "/streams",
    tag = "auction",
    params(StreamQuery),
    responses(
        (status = 200, description = "A page of shows.", body = Page<Stream>),
        (status = 422, description = "Invalid parameters.", body = Problem),
    )
)]
pub async fn list(State(auctions): State<Auctions>, Query(query): Query<StreamQuery>) -> Result<Json<Page<Stream>>> {
    let size = page_size(query.limit);
    let status = query.status.map(name);
    let mut rows =
        store::list_streams(&auctions.platform.db.for_scans(), status, query.seller_id, query.cursor, size + 1).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next_cursor = rows.last().filter(|_| more).map(|row| StreamId(row.id).to_string());
    Ok(Json(Page { items: auctions.show_streams(rows).await?, next_cursor }))
}

/// A show.
#[utoipa::path(
    get,
    path = "/streams/{id}",
    tag = "auction",
    params(("id" = StreamId, Path)),
    responses(
        (status = 200, description = "The show.", body = Stream),
        (status = 404, description = "No such show.", body = Problem),
    )
)]
pub async fn get(State(auctions): State<Auctions>, PathId(id): PathId<StreamId>) -> Result<Json<Stream>> {
    Ok(Json(auctions.one_stream(id).await?))
}

/// Go live.
#[utoipa::path(
    post,
    path = "/streams/{id}/start",
    tag = "auction",
    params(("id" = StreamId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Live (also if it was before).", body = Stream),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your show.", body = Problem),
        (status = 404, description = "No such show.", body = Problem),
        (status = 409, description = "`stream_not_live`: it has ended.", body = Problem),
    )
)]
pub async fn start(
    State(auctions): State<Auctions>,
    who: Active,
    PathId(id): PathId<StreamId>,
) -> Result<Json<Stream>> {
    auctions.owned_stream(id, &who).await?;
    let now = auctions.platform.clock.now();
    let mut tx = auctions.platform.db.begin_write().await?;
    let started = store::start_stream(&mut tx, id, now).await?;
    tx.commit().await?;
    if started {
        auctions.platform.hub.update(Topic::Stream(id), UpdateData::Stream { status: StreamStatus::Live }, now);
    }
    let stream = auctions.one_stream(id).await.map_err(Error::after_the_fact)?;
    if stream.status == StreamStatus::Ended {
        return Err(not_live("The show has ended; announce a new one."));
    }
    Ok(Json(stream))
}

/// End a show. Not while one of its lots is live.
#[utoipa::path(
    post,
    path = "/streams/{id}/end",
    tag = "auction",
    params(("id" = StreamId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Ended (also if it was before).", body = Stream),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your show.", body = Problem),
        (status = 404, description = "No such show.", body = Problem),
        (status = 409, description = "`lot_live`.", body = Problem),
    )
)]
pub async fn end(State(auctions): State<Auctions>, who: Active, PathId(id): PathId<StreamId>) -> Result<Json<Stream>> {
    auctions.owned_stream(id, &who).await?;
    let lots = store::queue(&auctions.platform.db, id).await?;
    auctions.settle(lots).await?;
    close_show(&auctions, id).await?;
    auctions.one_stream(id).await.map(Json).map_err(Error::after_the_fact)
}

/// Ends a show, and tells whoever has to know of it.
async fn close_show(auctions: &Auctions, id: StreamId) -> Result<()> {
    let now = auctions.platform.clock.now();
    let mut tx = auctions.platform.db.begin_write().await?;
    if !store::live_lots(&mut tx, id).await?.is_empty() {
        return Err(Error::new(ErrorCode::LotLive, "A lot of this show is live; wait for its close or cancel it."));
    }
    let ended = store::end_stream(&mut tx, id, now).await?;
    tx.commit().await?;
    if ended {
        auctions.platform.hub.update(Topic::Stream(id), UpdateData::Stream { status: StreamStatus::Ended }, now);
    }
    Ok(())
}

/// Make somebody a moderator of your show's chat.
#[utoipa::path(
    put,
    path = "/streams/{id}/moderators/{user_id}",
    tag = "auction",
    params(("id" = StreamId, Path), ("user_id" = UserId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "They moderate."),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your show.", body = Problem),
        (status = 404, description = "No such show or user.", body = Problem),
    )
)]
pub async fn add_moderator(
    State(auctions): State<Auctions>,
    who: Active,
    PathIds(id, user): PathIds<StreamId, UserId>,
) -> Result<StatusCode> {
    auctions.owned_stream(id, &who).await?;
    let user = auctions.accounts.public_user(user).await?.ok_or_else(Error::not_found)?;
    let mut tx = auctions.platform.db.begin_write().await?;
    store::add_moderator(&mut tx, id, user.id).await?;
    tx.commit().await?;
    auctions.platform.hub.update(
        Topic::Stream(id),
        UpdateData::Moderator { user, active: true },
        auctions.platform.clock.now(),
    );
    Ok(StatusCode::NO_CONTENT)
}

/// Take that back.
#[utoipa::path(
    delete,
    path = "/streams/{id}/moderators/{user_id}",
    tag = "auction",
    params(("id" = StreamId, Path), ("user_id" = UserId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "They do not moderate."),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your show.", body = Problem),
        (status = 404, description = "No such show.", body = Problem),
    )
)]
pub async fn remove_moderator(
    State(auctions): State<Auctions>,
    who: Active,
    PathIds(id, user): PathIds<StreamId, UserId>,
) -> Result<StatusCode> {
    auctions.owned_stream(id, &who).await?;
    let mut tx = auctions.platform.db.begin_write().await?;
    store::remove_moderator(&mut tx, id, user).await?;
    tx.commit().await?;
    if let Some(user) = auctions.accounts.public_user(user).await.map_err(Error::after_the_fact)? {
        auctions.platform.hub.update(
            Topic::Stream(id),
            UpdateData::Moderator { user, active: false },
            auctions.platform.clock.now(),
        );
    }
    Ok(StatusCode::NO_CONTENT)
}
