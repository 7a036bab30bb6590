//! Signing up, logging in, and what becomes of a session.

use std::net::IpAddr;

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    SessionId, Timestamp, UserId,
    account::{Role, check_password_is_not, normalise_display_name, normalise_email},
    text::is_invisible,
    wire::{
        ErrorCode,
        account::{LoginRequest, Session, SignupRequest, Tokens, Verification, VerifyRequest},
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
    error::{Error, Result, internal},
    http::{Anyone, Body, ClientAddr},
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
pub async fn signup(
    State(accounts): State<Accounts>,
    ClientAddr(address): ClientAddr,
    Body { body, .. }: Body<Anyone, SignupRequest>,
) -> Result<(StatusCode, Json<Session>)> {
    Ok((StatusCode::CREATED, Json(accounts.sign_up(address, body).await?)))
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
pub async fn login(
    State(accounts): State<Accounts>,
    ClientAddr(address): ClientAddr,
    Body { body, .. }: Body<Anyone, LoginRequest>,
) -> Result<Json<Session>> {
    accounts.log_in(address, body).await.map(Json)
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
pub async fn logout(State(accounts): State<Accounts>, user: User) -> Result<StatusCode> {
    accounts.log_out(user.session).await?;
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
pub async fn verify(
    State(accounts): State<Accounts>,
    Body { body, .. }: Body<Anyone, VerifyRequest>,
) -> Result<Json<Verification>> {
    accounts.verify(&body.token).await.map(Json)
}

/// Refuses a new password that is nothing but what is known about its owner.
pub fn check_new_password(pointer: &str, password: &str, known: &[&str]) -> Result<()> {
    check_password_is_not(password, known).map_err(|invalid| Error::invalid_field(pointer, invalid.to_string()))
}

fn email_taken() -> Error {
    Error::new(ErrorCode::EmailTaken, "This email address has an account already; log in instead.")
}

/// 401: the same for a wrong password and for an account that does not exist.
pub fn invalid_credentials(detail: &str) -> Error {
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
    async fn sign_up(&self, address: IpAddr, request: SignupRequest) -> Result<Session> {
        check_new_password("/password", &request.password, &[&request.email, &request.display_name])?;
        self.platform.limits.signup(address)?;
        let email =
            normalise_email(&request.email).map_err(|error| Error::invalid_field("/email", error.to_string()))?;
        // The unique index decides; asking first spares the work of hashing.
        if users::user_by_email(&self.platform.db, &email).await?.is_some() {
            return Err(email_taken());
        }
        let password_hash = self.hasher.turn().await?.hash(&request.password).await?;
        let person = self.new_person(email, normalise_display_name(&request.display_name), vec![Role::Buyer]);
        let accounts = self.clone();
        let signed_up = async move |tx: &mut Tx| {
            let new = NewPerson { person: &person, password_hash: Some(&password_hash), email_proven: false };
            if !users::insert_user(tx, new).await? {
                return Err(email_taken());
            }
            accounts.begin_session(tx, &person).await
        };
        self.platform.write(signed_up).await
    }

    async fn log_in(&self, address: IpAddr, request: LoginRequest) -> Result<Session> {
        let LoginRequest { email: typed, password } = request;
        // What can't be an address is nobody's, whatever it is.
        let form = normalise_email(&typed).unwrap_or_default();
        let found = self.credentials(&form, &typed).await?;
        let hash = found.as_ref().and_then(|found| found.password_hash.as_deref());
        let account = found.as_ref().map_or(&form, |found| &found.email);
        let compared = self.compare_password(address, account, &password, hash).await?;
        let wrong = || wrong_credentials(&password);
        let found = found.filter(|_| compared.is_right()).ok_or_else(wrong)?;
        let anew = match compared {
            Compared::RightAsTyped => Some(self.hasher.turn().await?.hash(&password).await?),
            Compared::Right | Compared::Wrong => None,
        };
        let accounts = self.clone();
        let logged_in = async move |tx: &mut Tx| {
            let hash = found.password_hash.as_deref();
            // The password may have been changed since it was read.
            let Some(person) = users::with_password(tx, found.id, hash).await? else { return Ok(None) };
            if person.suspended {
                return Err(suspended());
            }
            if let Some(anew) = &anew {
                users::set_password(tx, person.id, anew, hash).await?;
            }
            accounts.begin_session(tx, &person).await.map(Some)
        };
        self.platform.write(logged_in).await?.ok_or_else(wrong)
    }

    async fn log_out(&self, session: SessionId) -> Result<()> {
        let accounts = self.clone();
        self.platform.write(async move |tx: &mut Tx| accounts.end_session(tx, session).await).await
    }

    async fn verify(&self, token: &str) -> Result<Verification> {
        let invalid = Verification { valid: false, user_id: None, email: None, roles: None, expires_at: None };
        match self.identify(token).await {
            Ok(user) if user.suspended => Ok(invalid),
            Ok(user) => Ok(Verification {
                valid: true,
                user_id: Some(user.id),
                email: Some(user.email),
                roles: Some(user.roles),
                expires_at: Some(user.expires_at),
            }),
            Err(error) if error.code() == ErrorCode::Unauthenticated => Ok(invalid),
            Err(error) => Err(error),
        }
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
        if typed.contains(is_invisible) {
            return Ok(None);
        }
        let former = if form.is_empty() { typed.trim() } else { form };
        users::credentials_of_old(&self.platform.db, &former.to_lowercase()).await
    }

    /// Whether this is the password behind `hash`. Failures count against the pair of account and
    /// address. An attempt counts from its turn on: many guesses sent at once can't all pass before
    /// the first is counted, and many right passwords waiting for a turn do not count at all.
    pub(super) async fn compare_password(
        &self,
        address: IpAddr,
        email: &str,
        password: &str,
        hash: Option<&str>,
    ) -> Result<Compared> {
        let turn = self.hasher.turn().await?;
        let attempt = self.platform.limits.login(email, address)?;
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        // A task of its own: who hangs up with the right password has not failed.
        let compared = async move {
            let compared = turn.verify(&password, hash.as_deref()).await?;
            if compared.is_right() {
                attempt.succeeded();
            }
            Ok(compared)
        };
        self.platform.tasks.spawn(compared).await.map_err(internal)?
    }

    /// A new session of somebody; it counts once `tx` is committed.
    pub(super) async fn begin_session(&self, tx: &mut Tx, person: &Person) -> Result<Session> {
        let session: SessionId = new_id(&self.platform.clock);
        let refresh = token::new_refresh();
        let now = self.platform.clock.now();
        sessions::insert_session(tx, new_session(session, person.id, &token::refresh_hash(&refresh), now)).await?;
        Ok(Session { user: person.into(), tokens: self.tokens(person.id, session, refresh, now)? })
    }

    /// Ends a session, once `tx` is committed.
    pub(super) async fn end_session(&self, tx: &mut Tx, session: SessionId) -> Result<()> {
        sessions::end_session(tx, session).await?;
        let accounts = self.clone();
        tx.then(async move { accounts.forget_session(session) });
        Ok(())
    }

    /// Ends every session of a user but the one that is kept, once `tx` is committed.
    pub(super) async fn end_others(&self, tx: &mut Tx, user: UserId, kept: Option<SessionId>) -> Result<()> {
        let ended = sessions::end_others(tx, user, kept).await?;
        let accounts = self.clone();
        tx.then(async move {
            for session in ended {
                accounts.forget_session(session);
            }
        });
        Ok(())
    }

    pub(super) fn tokens(
        &self,
        user: UserId,
        session: SessionId,
        refresh_token: String,
        now: Timestamp,
    ) -> Result<Tokens> {
        Ok(Tokens {
            access_token: token::issue(self.platform.keys.jwt(), user, session, now)?,
            refresh_token,
            token_type: "Bearer".to_owned(),
            expires_in: token::ACCESS_SECONDS.unsigned_abs(),
        })
    }
}

pub fn new_session(id: SessionId, user: UserId, refresh_hash: &str, now: Timestamp) -> NewSession<'_> {
    NewSession { id, user, refresh_hash, now, expires_at: now.plus_millis(token::REFRESH_SECONDS * 1_000) }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        clock::Clock,
        config::Config,
        db::{Db, Sqlite},
        platform::Platform,
    };

    #[tokio::test]
    async fn who_hangs_up_with_the_right_password_has_not_failed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::sqlite(Sqlite::open(&folder.path().join("t.db")).await.expect("opens")).await.expect("a schema");
        let clock = Clock::manual(Timestamp::from_micros(1_750_000_000_000_000));
        let platform = Platform::start(Config::default(), clock, db).await.expect("a platform");
        let accounts = Accounts::start(&platform).await.expect("accounts");
        let (home, ann, password) = (IpAddr::from([192, 0, 2, 1]), "ann@example.com", "vermilion-quagga-77");
        let turn = accounts.hasher.turn().await.expect("a turn");
        let hash = turn.hash(password).await.expect("a hash");
        drop(turn);

        let asked = accounts.compare_password(home, ann, password, Some(&hash));
        assert!(asked.now_or_never().is_none(), "it hangs up while the hash is being made");
        platform.shutdown.cancel();
        platform.tasks.close();
        platform.tasks.wait().await;
        let failures = (0..100).take_while(|_| platform.limits.login(ann, home).is_ok()).count();
        assert_eq!(failures, 20, "all that an account may fail are left");
    }
}
