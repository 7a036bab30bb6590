//! Signing up, logging in, and what becomes of a session.

use std::net::IpAddr;

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    SessionId, Timestamp, UserId,
    account::{Role, check_password_is_not, normalise_display_name, normalise_email},
    text::is_invisible,
    wire::{
        ErrorCode,
        account::{
            LoginRequest, RefreshRequest, Refreshed, Session, SignupRequest, Tokens, Verification, VerifyRequest,
        },
    },
};

use super::{
    accounts::Accounts,
    password::Compared,
    store::{
        sessions::{self, NewSession},
        users::{self, Credentials, NewPerson, Person},
    },
    token,
    who::{User, suspended},
};
use crate::{
    clock::new_id,
    db::Tx,
    error::{Error, Result},
    http::{Anyone, Body, ClientAddr},
    platform::limits::Limits,
};

/// Sign up.
///
/// Makes an account and logs it in. Email addresses are compared in one form: ASCII letters without
/// regard to case, host names as IDNA does, composed and decomposed letters as the same.
#[utoipa::path(
    post, path = "/auth/signup", tag = "auth", request_body = SignupRequest,
    responses(
        (status = 201, description = "The account and its first session", body = Session),
        (status = 409, description = "`email_taken`"),
        (status = 429, description = "Too many signups from this address"),
    )
)]
pub(super) async fn signup(
    State(accounts): State<Accounts>,
    ClientAddr(address): ClientAddr,
    Body { body, .. }: Body<Anyone, SignupRequest>,
) -> Result<(StatusCode, Json<Session>)> {
    check_new_password("/password", &body.password, &[&body.email, &body.display_name])?;
    accounts.platform.limits.signup(address)?;
    Ok((StatusCode::CREATED, Json(accounts.sign_up(body).await?)))
}

/// Log in.
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", request_body = LoginRequest,
    responses(
        (status = 200, description = "A new session", body = Session),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`suspended`"),
        (status = 429, description = "Too many failed logins"),
    )
)]
pub(super) async fn login(
    State(accounts): State<Accounts>,
    ClientAddr(address): ClientAddr,
    Body { body, .. }: Body<Anyone, LoginRequest>,
) -> Result<Json<Session>> {
    Ok(Json(accounts.log_in(&accounts.platform.limits, address, body).await?))
}

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
pub(super) async fn refresh(
    State(accounts): State<Accounts>,
    Body { body, .. }: Body<Anyone, RefreshRequest>,
) -> Result<Json<Refreshed>> {
    let tokens = accounts.refresh(&body.refresh_token).await?;
    Ok(Json(Refreshed { tokens }))
}

/// Log out.
///
/// Ends the session: its access and refresh tokens stop working at once.
#[utoipa::path(
    post, path = "/auth/logout", tag = "auth", security(("bearer" = [])),
    responses(
        (status = 204, description = "The session has ended"),
    )
)]
pub(super) async fn logout(State(accounts): State<Accounts>, user: User) -> Result<StatusCode> {
    accounts.end_session(user.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Verify an access token.
///
/// For services that receive tokens. The tokens of a suspended account are not valid.
#[utoipa::path(
    post, path = "/auth/verify", tag = "auth", request_body = VerifyRequest,
    responses(
        (status = 200, description = "Whether it is valid, and who it speaks for", body = Verification),
    )
)]
pub(super) async fn verify(
    State(accounts): State<Accounts>,
    Body { body, .. }: Body<Anyone, VerifyRequest>,
) -> Result<Json<Verification>> {
    let invalid = Verification { valid: false, user_id: None, email: None, roles: None, expires_at: None };
    let user = match accounts.identify(&body.token).await {
        Ok(user) if !user.suspended => user,
        Ok(_) => return Ok(Json(invalid)),
        Err(error) if error.code() == ErrorCode::Unauthenticated => return Ok(Json(invalid)),
        Err(error) => return Err(error),
    };
    Ok(Json(Verification {
        valid: true,
        user_id: Some(user.id),
        email: Some(user.email),
        roles: Some(user.roles),
        expires_at: Some(user.expires_at),
    }))
}

/// Refuses a new password that is nothing but what is known about its owner.
pub(super) fn check_new_password(pointer: &str, password: &str, known: &[&str]) -> Result<()> {
    check_password_is_not(password, known).map_err(|invalid| Error::invalid_field(pointer, invalid.to_string()))
}

fn email_taken() -> Error {
    Error::new(ErrorCode::EmailTaken, "This email address has an account already; log in instead.")
}

/// 401: the same for a wrong password and for an account that does not exist.
pub(super) fn invalid_credentials(detail: &str) -> Error {
    Error::new(ErrorCode::InvalidCredentials, detail)
}

/// The same for a wrong password and for an account that does not exist. What can't be seen in a
/// password is told: it comes from a clipboard, and looking again would not find it. Not before it
/// was tried, as passwords of old may have it.
fn wrong_credentials(password: &str) -> Error {
    if password.contains(is_invisible) {
        Error::invalid_field("/password", "must not contain invisible characters")
    } else {
        invalid_credentials("The email address or the password is wrong.")
    }
}

impl Accounts {
    async fn sign_up(&self, request: SignupRequest) -> Result<Session> {
        let email =
            normalise_email(&request.email).map_err(|error| Error::invalid_field("/email", error.to_string()))?;
        // The unique index decides; asking first spares the work of hashing.
        if users::user_by_email(&self.platform.db, &email).await?.is_some() {
            return Err(email_taken());
        }
        let password_hash = self.hasher.turn().await?.hash(&request.password).await?;
        let person = self.new_person(email, normalise_display_name(&request.display_name), vec![Role::Buyer]);
        let mut tx = self.platform.db.begin_write().await?;
        let new = NewPerson { person: &person, password_hash: Some(&password_hash), email_proven: false };
        if !users::insert_user(&mut tx, new).await? {
            return Err(email_taken());
        }
        let session = self.begin_session(&mut tx, &person).await?;
        tx.commit().await?;
        Ok(session)
    }

    async fn log_in(&self, limits: &Limits, address: IpAddr, request: LoginRequest) -> Result<Session> {
        // What can't be an address is nobody's, whatever it is.
        let form = normalise_email(&request.email).unwrap_or_default();
        let found = self.credentials(&form, &request.email).await?;
        let hash = found.as_ref().and_then(|found| found.password_hash.as_deref());
        let account = found.as_ref().map_or(&form, |found| &found.email);
        let compared = self.is_password(limits, address, account, &request.password, hash).await?;
        let wrong = || wrong_credentials(&request.password);
        let Some(found) = found.as_ref().filter(|_| compared.is_right()) else { return Err(wrong()) };
        let anew = match compared {
            Compared::RightAsTyped => Some(self.hasher.turn().await?.hash(&request.password).await?),
            Compared::Right | Compared::Wrong => None,
        };
        let mut tx = self.platform.db.begin_write().await?;
        // The password may have been changed since it was read.
        let person = users::with_password(&mut tx, found.id(), hash).await?.ok_or_else(wrong)?;
        if person.suspended {
            return Err(suspended());
        }
        if let Some(anew) = &anew {
            users::set_password(&mut tx, person.id, anew, hash).await?;
        }
        let session = self.begin_session(&mut tx, &person).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// What a login is checked against, with an address in its form, if it has one, and as typed.
    ///
    /// Before addresses had one form, letters beyond ASCII lost their case: who typed one in capitals
    /// has an account under the small one, and logs in as before.
    async fn credentials(&self, form: &str, typed: &str) -> Result<Option<Credentials>> {
        let found = users::credentials(&self.platform.db, form).await?;
        if found.is_some() || typed.is_ascii() {
            return Ok(found);
        }
        let former = if form.is_empty() { typed.trim() } else { form };
        users::credentials_of_old(&self.platform.db, &former.to_lowercase()).await
    }

    /// Whether this is the password behind `hash`. Failures count against the pair of account and
    /// address. An attempt counts from its turn on: many guesses sent at once can't all pass before
    /// the first is counted, and many right passwords waiting for a turn do not count at all.
    pub(super) async fn is_password(
        &self,
        limits: &Limits,
        address: IpAddr,
        email: &str,
        password: &str,
        hash: Option<&str>,
    ) -> Result<Compared> {
        let turn = self.hasher.turn().await?;
        let attempt = limits.login(email, address)?;
        let compared = turn.verify(password, hash).await?;
        if compared.is_right() {
            attempt.succeeded();
        }
        Ok(compared)
    }

    /// A new session of somebody; it counts once `tx` is committed.
    pub(super) async fn begin_session(&self, tx: &mut Tx, person: &Person) -> Result<Session> {
        let session: SessionId = new_id(&self.platform.clock);
        let refresh = token::new_refresh();
        let now = self.platform.clock.now();
        sessions::insert_session(tx, new_session(session, person.id, &token::refresh_hash(&refresh), now)).await?;
        Ok(Session { user: person.into(), tokens: self.tokens(person.id, session, refresh, now)? })
    }

    async fn refresh(&self, token: &str) -> Result<Tokens> {
        let refused = || Error::unauthenticated("The refresh token is unknown, expired or spent; log in again.");
        let spent = token::refresh_hash(token);
        let mut tx = self.platform.db.begin_write().await?;
        let found = sessions::refresh(&mut tx, &spent).await?.ok_or_else(refused)?;
        let (session, user, now) = (found.session(), found.user(), self.platform.clock.now());
        if found.suspended {
            return Err(suspended());
        }
        if let Some(nonce) = found.repeats(now) {
            // Nothing changes. An access token of the session that is already out does not count as use:
            // whichever of two tabs is answered first uses its own at once.
            return self.tokens(user, session, token::successor(token, nonce), now);
        }
        if found.spent {
            tracing::warn!(%user, %session, "a spent refresh token was shown again; its session ends");
            sessions::end_session(&mut tx, session).await?;
            tx.commit().await?;
            self.forget_session(session);
            return Err(refused());
        }
        if found.closed || found.expires_at() <= now {
            return Err(refused());
        }
        let nonce = token::new_refresh();
        let refresh = token::successor(token, &nonce);
        let hash = token::refresh_hash(&refresh);
        sessions::rotate(&mut tx, &spent, &nonce, new_session(session, user, &hash, now)).await?;
        let tokens = self.tokens(user, session, refresh, now)?;
        tx.commit().await?;
        Ok(tokens)
    }

    async fn end_session(&self, session: SessionId) -> Result<()> {
        let mut tx = self.platform.db.begin_write().await?;
        sessions::end_session(&mut tx, session).await?;
        tx.commit().await?;
        self.forget_session(session);
        Ok(())
    }

    fn tokens(&self, user: UserId, session: SessionId, refresh_token: String, now: Timestamp) -> Result<Tokens> {
        Ok(Tokens {
            access_token: token::issue(self.platform.keys.jwt(), user, session, now)?,
            refresh_token,
            token_type: "Bearer".to_owned(),
            expires_in: token::ACCESS_SECONDS.unsigned_abs(),
        })
    }
}

fn new_session(id: SessionId, user: UserId, refresh_hash: &str, now: Timestamp) -> NewSession<'_> {
    NewSession { id, user, refresh_hash, now, expires_at: now.plus_millis(token::REFRESH_SECONDS * 1_000) }
}
