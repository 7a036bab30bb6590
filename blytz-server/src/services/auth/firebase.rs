//! Logging in with Firebase Authentication.

use axum::{Json, extract::State};
use blytz_core::{
    account::{Role, check_display_name, normalise_display_name, normalise_email},
    wire::{
        ErrorCode,
        account::{FirebaseRequest, Session},
    },
};

use super::{
    accounts::Accounts,
    store::users::{self, NewPerson, Person},
    who::suspended,
};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::extract::{Anyone, Body},
    providers::firebase::Identity,
};

/// The name under which these identities are stored.
const FIREBASE: &str = "firebase";

/// Log in with Firebase.
///
/// The first time this makes an account, or links the one that has the same email address if
/// Firebase says that the address is verified; the two must be equal byte for byte in the form in
/// which addresses are compared. The password of such an account goes unless its address was proven
/// before: whoever chose it may have signed up with an address of somebody else.
#[utoipa::path(
    post, path = "/auth/firebase", tag = "auth", request_body = FirebaseRequest,
    responses(
        (status = 200, description = "A new session", body = Session),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`suspended`"),
        (status = 404, description = "This server has no Firebase project"),
        (status = 409, description = "`email_taken`, and not verified"),
        (status = 503, description = "Firebase's keys can't be fetched"),
    )
)]
pub async fn login(
    State(accounts): State<Accounts>,
    Body { body, .. }: Body<Anyone, FirebaseRequest>,
) -> Result<Json<Session>> {
    accounts.log_in_with_firebase(&body.id_token).await.map(Json)
}

/// How often the account of an identity is looked for.
const ROUNDS: usize = 3;

impl Accounts {
    async fn log_in_with_firebase(&self, id_token: &str) -> Result<Session> {
        let firebase = self.firebase.as_ref().ok_or_else(|| {
            let detail = "This server has no Firebase project; log in with email address and password.";
            Error::new(ErrorCode::NotFound, detail)
        })?;
        let identity = firebase.verify(id_token).await?;
        let accounts = self.clone();
        let logged_in = async move |tx: &mut Tx| {
            let person = accounts.behind(tx, &identity).await?;
            if person.suspended {
                return Err(suspended());
            }
            accounts.begin_session(tx, &person).await
        };
        self.platform.write(logged_in).await
    }

    /// The account that the identity logs in to, held; it is made or linked if there is none. Two logins at
    /// once may both find none: the one that comes late then finds what the other has made.
    async fn behind(&self, tx: &mut Tx, identity: &Identity) -> Result<Person> {
        for _ in 0..ROUNDS {
            match users::person_behind(tx, FIREBASE, &identity.subject).await? {
                Some(person) => users::hold(tx, person.id).await?,
                None => self.adopt(tx, identity).await?,
            }
            if let Some(person) = users::person_behind(tx, FIREBASE, &identity.subject).await? {
                return Ok(person);
            }
        }
        Err(Error::unavailable("This account is being made at the same moment; log in again."))
    }

    /// Links the identity to the account with its address, or to a new one, unless somebody is faster.
    async fn adopt(&self, tx: &mut Tx, identity: &Identity) -> Result<()> {
        let email = usable_email(identity)?;
        let id = match users::user_by_email(&mut *tx, &email).await? {
            Some(person) if identity.email_verified => {
                if users::prove_email(tx, person.id).await? {
                    self.end_others(tx, person.id, None).await?;
                }
                person.id
            }
            Some(_) if users::person_behind(tx, FIREBASE, &identity.subject).await?.is_some() => return Ok(()),
            Some(_) => {
                let detail =
                    "This email address has an account already, and Firebase has not verified that it is yours.";
                return Err(Error::new(ErrorCode::EmailTaken, detail));
            }
            None => {
                let person = self.new_person(email, usable_name(identity), vec![Role::Buyer]);
                let new = NewPerson { person: &person, password_hash: None, email_proven: identity.email_verified };
                if !users::insert_user(tx, new).await? {
                    return Ok(());
                }
                person.id
            }
        };
        // Where it is linked already, to whomever, that is whose it is.
        users::link(tx, FIREBASE, &identity.subject, id, self.platform.clock.now()).await?;
        users::hold(tx, id).await
    }
}

fn usable_email(identity: &Identity) -> Result<String> {
    let Some(email) = identity.email.as_deref() else {
        return Err(Error::invalid_field("/id_token", "is of a Firebase account without an email address"));
    };
    let fault = |error| Error::invalid_field("/id_token", format!("is of a Firebase account whose address {error}"));
    normalise_email(email).map_err(fault)
}

/// The name that Firebase knows, else the address's first part, else anything that is a name.
fn usable_name(identity: &Identity) -> String {
    let local = identity.email.as_deref().and_then(|email| email.split('@').next());
    let is_usable = |name: &&str| check_display_name(name).is_ok();
    let name = [identity.name.as_deref(), local].into_iter().flatten().find(is_usable);
    normalise_display_name(name.unwrap_or("New user"))
}
