//! The handle through which the server asks about accounts.
//!
//! Every request names its asker by a token, so the way from a token to a [`User`] costs three
//! look-ups in memory. What is remembered: what a token says (it never changes), whose session is
//! open (an ended one is remembered as ended), and what an account is like (the newest revision
//! wins). Whatever changes one of these tells the memory right after the commit, so that a logout or
//! a suspension holds for the next request.

use std::{collections::HashMap, ops::Deref, sync::Arc, time::Duration};

use blytz_core::{
    SessionId, UserId,
    account::{Action, Role, check_password, may, normalise_email},
    wire::account::PublicUser,
};
use moka::sync::Cache;

use super::{
    password::Hasher,
    store::{
        sessions,
        users::{self, NewPerson, Person},
    },
    token::{self, Claims},
    who::User,
};
use crate::{
    clock::new_id,
    db::Tx,
    error::{Error, Result},
    platform::Platform,
    providers::firebase::Firebase,
};

/// How many tokens, sessions and accounts are remembered, each.
const REMEMBERED: u64 = 100_000;

/// Accounts, sessions and who a token speaks for. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Parts>);

/// What [`Accounts`] dereferences to, for the files of this service.
pub struct Parts {
    pub(super) platform: Platform,
    pub(super) hasher: Hasher,
    pub(super) firebase: Option<Firebase>,
    tokens: Cache<[u8; 32], Claims>,
    /// Whose an open session is; `None` is remembered of one that has ended.
    open: Cache<SessionId, Option<UserId>>,
    people: Cache<UserId, Arc<Person>>,
}

impl Deref for Accounts {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Some users, to be shown beside what they did.
pub struct People(HashMap<UserId, Arc<Person>>);

impl People {
    /// How everybody sees this user: without a name when there is none.
    pub fn of(&self, id: UserId) -> PublicUser {
        let nameless = || PublicUser { id, display_name: String::new() };
        self.0.get(&id).map_or_else(nameless, |person| PublicUser::from(&**person))
    }
}

/// What [`Accounts::ensure_admin`] found or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnsuredAdmin {
    /// There was no such account; now there is.
    Created(UserId),
    /// There was an account with this address; it is left as it is.
    Existed(UserId),
}

impl Accounts {
    /// Starts the service: addresses that an older version wrote are brought into their form first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn start(platform: &Platform) -> Result<Self> {
        let lives = Duration::from_secs(token::ACCESS_SECONDS.unsigned_abs());
        let accounts = Self(Arc::new(Parts {
            platform: platform.clone(),
            firebase: Firebase::new(&platform.config.firebase, platform.clock.clone()),
            hasher: Hasher::new(),
            tokens: Cache::builder().max_capacity(REMEMBERED).time_to_live(lives).build(),
            open: Cache::new(REMEMBERED),
            people: Cache::new(REMEMBERED),
        }));
        accounts.settle().await?;
        Ok(accounts)
    }

    /// Who an access token speaks for. A suspended account is still somebody.
    ///
    /// # Errors
    /// 401 when the token is not ours, expired, or its session has ended.
    pub async fn identify(&self, token: &str) -> Result<User> {
        let refused =
            || Error::unauthenticated("The access token is invalid or has expired; log in again or refresh it.");
        let claims =
            self.claims(token).filter(|claims| self.platform.clock.now() < claims.expires_at).ok_or_else(refused)?;
        if self.owner(claims.session).await? != Some(claims.user) {
            return Err(refused());
        }
        let person = self.person(claims.user).await?.ok_or_else(refused)?;
        Ok(User {
            id: person.id,
            roles: person.roles.clone(),
            session: claims.session,
            expires_at: claims.expires_at,
            suspended: person.suspended,
            display_name: person.display_name.clone(),
            joined_at: person.created_at,
            email: person.email.clone(),
        })
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        let fingerprint = token::fingerprint(token);
        if let Some(claims) = self.tokens.get(&fingerprint) {
            return Some(claims);
        }
        let claims = token::read(self.platform.keys.jwt(), token)?;
        self.tokens.insert(fingerprint, claims);
        Some(claims)
    }

    /// Whose session this is, as long as it has not ended.
    async fn owner(&self, session: SessionId) -> Result<Option<UserId>> {
        if let Some(owner) = self.open.get(&session) {
            return Ok(owner);
        }
        let owner = sessions::session_owner(&self.platform.db, session).await?;
        // Not `insert`: the session may have ended since it was read.
        Ok(self.open.entry(session).or_insert(owner).into_value())
    }

    pub(super) fn forget_session(&self, session: SessionId) {
        self.open.insert(session, None);
    }

    pub(super) async fn person(&self, id: UserId) -> Result<Option<Arc<Person>>> {
        if let Some(person) = self.people.get(&id) {
            return Ok(Some(person));
        }
        Ok(users::user(&self.platform.db, id).await?.map(|person| self.remember(person)))
    }

    /// Remembers an account unless a newer revision of it is remembered already.
    pub(super) fn remember(&self, person: Person) -> Arc<Person> {
        let newest = self.people.entry(person.id).and_upsert_with(|known| match known {
            Some(known) if known.value().rev >= person.rev => known.into_value(),
            _ => Arc::new(person),
        });
        newest.into_value()
    }

    /// These users as everybody sees them.
    pub async fn people(&self, ids: impl IntoIterator<Item = UserId>) -> Result<People> {
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for id in ids {
            match self.people.get(&id) {
                Some(person) => drop(known.insert(id, person)),
                None => unknown.push(id),
            }
        }
        for person in users::users(&self.platform.db, &unknown).await? {
            known.insert(person.id, self.remember(person));
        }
        Ok(People(known))
    }

    /// A user as everybody sees them.
    pub async fn public_user(&self, id: UserId) -> Result<Option<PublicUser>> {
        Ok(self.person(id).await?.map(|person| PublicUser::from(&*person)))
    }

    /// Whether there is such a user.
    pub async fn exists(&self, id: UserId) -> Result<bool> {
        Ok(self.person(id).await?.is_some())
    }

    /// Has nobody else do what is counted against these accounts until this transaction has ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hold(&self, tx: &mut Tx, ids: &[UserId]) -> Result<(), sqlx::Error> {
        users::hold_all(tx, ids).await
    }

    /// Whether this user's account is suspended.
    pub async fn is_suspended(&self, id: UserId) -> Result<bool> {
        Ok(self.person(id).await?.is_some_and(|person| person.suspended))
    }

    /// Whether this user moderates every chat.
    pub async fn moderates(&self, id: UserId) -> Result<bool> {
        Ok(self.person(id).await?.is_some_and(|person| may(&person.roles, Action::ModerateAnyChat)))
    }

    /// Makes an account with the admin's role unless the address has an account already.
    ///
    /// # Errors
    /// A sentence when the address or the password can't be used.
    pub async fn ensure_admin(&self, email: &str, password: &str) -> anyhow::Result<EnsuredAdmin> {
        let email = normalise_email(email).map_err(|error| anyhow::anyhow!("the admin's email address {error}"))?;
        check_password(password).map_err(|error| anyhow::anyhow!("the admin's password {error}"))?;
        if let Some(existing) = users::user_by_email(&self.platform.db, &email).await? {
            return Ok(EnsuredAdmin::Existed(existing.id));
        }
        let password_hash = self.hasher.turn().await?.hash(password).await?;
        let person = self.new_person(email, "Admin".to_owned(), vec![Role::Buyer, Role::Admin]);
        let id = person.id;
        let created = async move |tx: &mut Tx| {
            // The operator vouches for the address.
            let new = NewPerson { person: &person, password_hash: Some(&password_hash), email_proven: true };
            users::insert_user(tx, new).await
        };
        anyhow::ensure!(self.platform.write(created).await?, "somebody else has just taken that email address");
        Ok(EnsuredAdmin::Created(id))
    }

    /// An account that is not in the database yet.
    pub(super) fn new_person(&self, email: String, display_name: String, roles: Vec<Role>) -> Person {
        Person {
            id: new_id(&self.platform.clock),
            email,
            display_name,
            roles,
            suspended: false,
            created_at: self.platform.clock.now(),
            rev: 1,
        }
    }
}
