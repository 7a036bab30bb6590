//! Refresh tokens: each is good for one new pair of tokens.

use axum::{Json, extract::State};
use blytz_core::{
    Timestamp,
    wire::account::{RefreshRequest, Refreshed, Tokens},
};

use super::{
    accounts::Accounts,
    sessions::new_session,
    store::sessions::{self, RefreshToken},
    token,
    who::suspended,
};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::{Anyone, Body},
};

/// Refresh a session.
///
/// Each refresh token works once and is replaced by the one in the answer. Shown again within ten
/// seconds, while that one is unused, it gets the same one: an answer may be lost, and two tabs may
/// refresh at once. Who shows a spent one otherwise ends the whole session: either they stole it or
/// it was stolen from them.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "auth", request_body = RefreshRequest,
    responses(
        (status = 200, description = "New tokens", body = Refreshed),
        (status = 401, description = "The token is unknown, expired or spent"),
        (status = 403, description = "`suspended`"),
    )
)]
pub async fn refresh(
    State(accounts): State<Accounts>,
    Body { body, .. }: Body<Anyone, RefreshRequest>,
) -> Result<Json<Refreshed>> {
    let tokens = accounts.refresh(body.refresh_token).await?;
    Ok(Json(Refreshed { tokens }))
}

/// What becomes of a refresh token that is shown.
enum Shown<'a> {
    /// It is spent now.
    Good,
    /// What it was spent for a moment ago is given again. That is made of this nonce.
    Repeated(&'a str),
    /// It was spent before, and whoever shows it has stolen it, or was stolen from.
    Spent,
    /// It is good for nothing any more.
    Void,
}

impl RefreshToken {
    fn shown(&self, now: Timestamp) -> Shown<'_> {
        let repeated = self.successor.as_ref().filter(|(spent_at, _)| {
            let in_time = now.micros_since(*spent_at) < token::GRACE_SECONDS * 1_000_000;
            in_time && !self.closed
        });
        match repeated {
            Some((_, nonce)) => Shown::Repeated(nonce),
            None if self.spent => Shown::Spent,
            None if self.closed || self.expires_at <= now => Shown::Void,
            None => Shown::Good,
        }
    }
}

impl Accounts {
    async fn refresh(&self, shown: String) -> Result<Tokens> {
        let accounts = self.clone();
        let refreshed = async move |tx: &mut Tx| accounts.renew(tx, &shown).await;
        // What was written when a token is refused stays written: a spent one has ended its session.
        let refused = || Error::unauthenticated("The refresh token is unknown, expired or spent; log in again.");
        self.platform.write(refreshed).await?.ok_or_else(refused)
    }

    async fn renew(&self, tx: &mut Tx, shown: &str) -> Result<Option<Tokens>> {
        let hash = token::refresh_hash(shown);
        let Some(found) = sessions::refresh_token(tx, &hash).await? else { return Ok(None) };
        if found.suspended {
            return Err(suspended());
        }
        let (session, user, now) = (found.session, found.user, self.platform.clock.now());
        match found.shown(now) {
            Shown::Good => {
                let nonce = token::new_refresh();
                let next = token::successor(shown, &nonce);
                let new_hash = token::refresh_hash(&next);
                sessions::rotate(tx, &hash, &nonce, new_session(session, user, &new_hash, now)).await?;
                self.tokens(user, session, next, now).map(Some)
            }
            // Nothing changes. An access token of the session that is already out does not count as use:
            // whichever of two tabs is answered first uses its own at once.
            Shown::Repeated(nonce) => self.tokens(user, session, token::successor(shown, nonce), now).map(Some),
            Shown::Spent => {
                tracing::warn!(%user, %session, "a spent refresh token was shown again; its session ends");
                self.end_session(tx, session).await?;
                Ok(None)
            }
            Shown::Void => Ok(None),
        }
    }
}
