//! Shows.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    StreamId, Timestamp, UserId,
    wire::{
        Check, ErrorCode, Faults, Page,
        live::UpdateData,
        stream::{Stream, StreamInput, StreamStatus},
    },
};
use serde::Deserialize;

use super::{
    Auctions, check_owner,
    store::{self, Show, ShowFilter},
};
use crate::{
    clock::new_id,
    db::Tx,
    error::{Error, Result},
    http::{
        Body, PathId, Query,
        extract::{Limit, PathIds},
    },
    platform::hub::Topic,
    services::auth::{Active, People, Seller, User},
};

/// 409: the show is not live.
pub fn not_live(detail: &str) -> Error {
    Error::new(ErrorCode::StreamNotLive, detail)
}

/// Announce a show.
#[utoipa::path(
    post, path = "/streams", tag = "auction", request_body = StreamInput,
    responses(
        (status = 201, description = "Announced.", body = Stream),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not a seller."),
        (status = 422, description = "Invalid shape."),
    )
)]
pub async fn create(
    State(auctions): State<Auctions>,
    Body { who, body }: Body<Seller, StreamInput>,
) -> Result<(StatusCode, Json<Stream>)> {
    Ok((StatusCode::CREATED, Json(auctions.announce(who.id, body).await?)))
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
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

impl Check for StreamQuery {
    fn check(&self, faults: &mut Faults) {
        self.limit.check(faults);
    }
}

/// Shows, the newest first.
#[utoipa::path(
    get, path = "/streams", tag = "auction", params(StreamQuery),
    responses(
        (status = 200, description = "A page of shows.", body = Page<Stream>),
        (status = 422, description = "Invalid parameters."),
    )
)]
pub async fn list(State(auctions): State<Auctions>, Query(query): Query<StreamQuery>) -> Result<Json<Page<Stream>>> {
    let StreamQuery { status, seller_id, cursor: before, limit } = query;
    auctions.shows(&ShowFilter { status, seller_id, before }, limit.size()).await.map(Json)
}

/// A show.
#[utoipa::path(
    get, path = "/streams/{id}", tag = "auction", params(("id" = StreamId, Path)),
    responses(
        (status = 200, description = "The show.", body = Stream),
        (status = 404, description = "No such show."),
    )
)]
pub async fn get(State(auctions): State<Auctions>, PathId(id): PathId<StreamId>) -> Result<Json<Stream>> {
    auctions.stream(id).await.map(Json)
}

/// Go live.
#[utoipa::path(
    post, path = "/streams/{id}/start", tag = "auction", params(("id" = StreamId, Path)),
    responses(
        (status = 200, description = "Live (also if it was before).", body = Stream),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your show."),
        (status = 404, description = "No such show."),
        (status = 409, description = "`stream_not_live`: it has ended."),
    )
)]
pub async fn start(
    State(auctions): State<Auctions>,
    who: Active,
    PathId(id): PathId<StreamId>,
) -> Result<Json<Stream>> {
    auctions.start_show(&who, id).await.map(Json)
}

/// End a show. Not while one of its lots is live.
#[utoipa::path(
    post, path = "/streams/{id}/end", tag = "auction", params(("id" = StreamId, Path)),
    responses(
        (status = 200, description = "Ended (also if it was before).", body = Stream),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your show."),
        (status = 404, description = "No such show."),
        (status = 409, description = "`lot_live`."),
    )
)]
pub async fn end(State(auctions): State<Auctions>, who: Active, PathId(id): PathId<StreamId>) -> Result<Json<Stream>> {
    auctions.end_show(&who, id).await.map(Json)
}

/// Make somebody a moderator of your show's chat.
#[utoipa::path(
    put, path = "/streams/{id}/moderators/{user_id}", tag = "auction",
    params(("id" = StreamId, Path), ("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "They moderate."),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your show."),
        (status = 404, description = "No such show or user."),
    )
)]
pub async fn add_moderator(
    State(auctions): State<Auctions>,
    who: Active,
    PathIds(id, user): PathIds<StreamId, UserId>,
) -> Result<StatusCode> {
    auctions.add_moderator(&who, id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take that back.
#[utoipa::path(
    delete, path = "/streams/{id}/moderators/{user_id}", tag = "auction",
    params(("id" = StreamId, Path), ("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "They do not moderate."),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your show."),
        (status = 404, description = "No such show."),
    )
)]
pub async fn remove_moderator(
    State(auctions): State<Auctions>,
    who: Active,
    PathIds(id, user): PathIds<StreamId, UserId>,
) -> Result<StatusCode> {
    auctions.remove_moderator(&who, id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Auctions {
    async fn announce(&self, seller: UserId, input: StreamInput) -> Result<Stream> {
        let (id, now) = (new_id(&self.platform.clock), self.now());
        let announced = async move |tx: &mut Tx| Ok(store::insert_show(tx, id, seller, &input, now).await?);
        self.platform.write(announced).await?;
        self.stream(id).await.map_err(Error::after_the_fact)
    }

    async fn shows(&self, filter: &ShowFilter, size: usize) -> Result<Page<Stream>> {
        let found = store::shows(&self.platform.db.for_scans(), filter, size + 1).await?;
        let page = Page::cut(found, size, |last| last.id.to_string());
        let people = self.accounts.people(page.items.iter().map(|show| show.seller_id)).await?;
        Ok(page.map(|show| self.stream_view(show, &people)))
    }

    async fn stream(&self, id: StreamId) -> Result<Stream> {
        let show = store::show(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        let people = self.accounts.people([show.seller_id]).await?;
        Ok(self.stream_view(show, &people))
    }

    fn stream_view(&self, show: Show, people: &People) -> Stream {
        Stream {
            id: show.id,
            seller: people.of(show.seller_id),
            title: show.title,
            status: show.status,
            starts_at: show.starts_at,
            started_at: show.started_at,
            ended_at: show.ended_at,
            watchers: self.platform.hub.watchers(Topic::Stream(show.id)),
        }
    }

    async fn start_show(&self, who: &User, id: StreamId) -> Result<Stream> {
        self.owned_show(who, id).await?;
        let (auctions, now) = (self.clone(), self.now());
        let started = async move |tx: &mut Tx| {
            if store::start_show(tx, id, now).await? {
                auctions.tell(tx, id, UpdateData::Stream { status: StreamStatus::Live }, now);
            }
            Ok(())
        };
        self.platform.write(started).await?;
        let stream = self.stream(id).await.map_err(Error::after_the_fact)?;
        if stream.status == StreamStatus::Ended {
            return Err(not_live("The show has ended; announce a new one."));
        }
        Ok(stream)
    }

    async fn end_show(&self, who: &User, id: StreamId) -> Result<Stream> {
        self.owned_show(who, id).await?;
        self.settle(store::queue(&self.platform.db, id).await?).await;
        let (auctions, now) = (self.clone(), self.now());
        let ended = async move |tx: &mut Tx| {
            store::take_show(tx, id).await?;
            if !store::live_lots(tx, id).await?.is_empty() {
                let detail = "A lot of this show is live; wait for its close or cancel it.";
                return Err(Error::new(ErrorCode::LotLive, detail));
            }
            if store::end_show(tx, id, now).await? {
                auctions.tell(tx, id, UpdateData::Stream { status: StreamStatus::Ended }, now);
            }
            Ok(())
        };
        self.platform.write(ended).await?;
        self.stream(id).await.map_err(Error::after_the_fact)
    }

    async fn add_moderator(&self, who: &User, id: StreamId, user: UserId) -> Result<()> {
        self.owned_show(who, id).await?;
        let user = self.accounts.public_user(user).await?.ok_or_else(Error::not_found)?;
        let (auctions, now) = (self.clone(), self.now());
        let added = async move |tx: &mut Tx| {
            store::add_moderator(tx, id, user.id).await?;
            auctions.tell(tx, id, UpdateData::Moderator { user, active: true }, now);
            Ok(())
        };
        self.platform.write(added).await
    }

    async fn remove_moderator(&self, who: &User, id: StreamId, user: UserId) -> Result<()> {
        self.owned_show(who, id).await?;
        let known = self.accounts.public_user(user).await?;
        let (auctions, now) = (self.clone(), self.now());
        let removed = async move |tx: &mut Tx| {
            store::remove_moderator(tx, id, user).await?;
            if let Some(user) = known {
                auctions.tell(tx, id, UpdateData::Moderator { user, active: false }, now);
            }
            Ok(())
        };
        self.platform.write(removed).await
    }

    /// A show that this user may change.
    pub(super) async fn owned_show(&self, who: &User, id: StreamId) -> Result<Show> {
        let show = store::show(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        check_owner(who, show.seller_id)?;
        Ok(show)
    }

    /// Has everybody who watches a show told of this once it is committed.
    fn tell(&self, tx: &mut Tx, id: StreamId, news: UpdateData, at: Timestamp) {
        let platform = self.platform.clone();
        tx.then(async move { platform.hub.update(Topic::Stream(id), news, at) });
    }
}
