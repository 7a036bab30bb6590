//! Accounts, sessions and addresses.

use blytz_core::{
    AddressId, UserId,
    account::Role,
    wire::{
        Page,
        account::{
            Address, AddressInput, FirebaseRequest, LoginRequest, PasswordChange, ProfileUpdate, RolesUpdate, Session,
            SignupRequest, Tokens, User, Verification, VerifyRequest,
        },
    },
};

use super::query::UserQuery;
use crate::{call::Call, client::Client, error::Error};

impl Client {
    /// Accounts, sessions, addresses.
    pub fn auth(&self) -> Auth<'_> {
        Auth(self)
    }
}

/// Accounts, sessions and addresses; see [`Client::auth`].
#[derive(Debug, Clone, Copy)]
pub struct Auth<'a>(&'a Client);

impl Auth<'_> {
    /// Makes an account and logs the client in as it.
    pub async fn signup(self, request: &SignupRequest) -> Result<Session, Error> {
        self.begin(Call::post("/auth/signup").json(request)?).await
    }

    /// Logs the client in.
    pub async fn login(self, email: &str, password: &str) -> Result<Session, Error> {
        let request = LoginRequest { email: email.to_owned(), password: password.to_owned() };
        self.begin(Call::post("/auth/login").json(&request)?).await
    }

    /// Logs the client in with an id token of Firebase Authentication.
    pub async fn firebase(self, id_token: &str) -> Result<Session, Error> {
        let request = FirebaseRequest { id_token: id_token.to_owned() };
        self.begin(Call::post("/auth/firebase").json(&request)?).await
    }

    async fn begin(self, call: Call) -> Result<Session, Error> {
        let session: Session = self.0.call(call.anonymous()).await?;
        self.0.shared.session.begin(&session.tokens);
        Ok(session)
    }

    /// Exchanges the refresh token for new tokens. Calls do this by themselves when they must.
    pub async fn refresh(self) -> Result<Tokens, Error> {
        let login = self.0.shared.session.login();
        if login.access_token.is_none() {
            return Err(Error::NotLoggedIn);
        }
        self.0.refresh(&login).await
    }

    /// Ends the session and forgets the tokens; forgets them too when the server says that the
    /// session has ended already. Whoever logged in meanwhile stays logged in.
    pub async fn logout(self) -> Result<(), Error> {
        let login = self.0.shared.session.login();
        if login.access_token.is_none() {
            return Err(Error::NotLoggedIn);
        }
        match self.0.done(Call::post("/auth/logout")).await {
            Err(error) if error.status() != Some(401) => Err(error),
            _ => {
                self.0.shared.session.end(login.number);
                Ok(())
            }
        }
    }

    /// Asks whom an access token speaks for.
    pub async fn verify(self, token: &str) -> Result<Verification, Error> {
        self.0.call(Call::post("/auth/verify").json(&VerifyRequest { token: token.to_owned() })?).await
    }

    /// The logged-in user.
    pub async fn profile(self) -> Result<User, Error> {
        self.0.call(Call::get("/auth/profile")).await
    }

    /// Changes the logged-in user's profile.
    pub async fn update_profile(self, update: &ProfileUpdate) -> Result<User, Error> {
        self.0.call(Call::patch("/auth/profile").json(update)?).await
    }

    /// Changes the password; other sessions end.
    pub async fn change_password(self, change: &PasswordChange) -> Result<(), Error> {
        self.0.done(Call::post("/auth/password").json(change)?).await
    }

    /// The address book.
    pub async fn addresses(self) -> Result<Page<Address>, Error> {
        self.0.call(Call::get("/auth/profile/addresses")).await
    }

    /// Adds an address.
    pub async fn add_address(self, input: &AddressInput) -> Result<Address, Error> {
        self.0.call(Call::post("/auth/profile/addresses").json(input)?).await
    }

    /// Replaces an address.
    pub async fn update_address(self, id: AddressId, input: &AddressInput) -> Result<Address, Error> {
        self.0.call(Call::put(format!("/auth/profile/addresses/{id}")).json(input)?).await
    }

    /// Removes an address.
    pub async fn delete_address(self, id: AddressId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/auth/profile/addresses/{id}"))).await
    }

    /// Admins: the accounts.
    pub async fn users(self, query: &UserQuery) -> Result<Page<User>, Error> {
        self.0
            .call(Call::get("/auth/users").query("q", query.q.as_ref()).page(query.cursor.as_ref(), query.limit))
            .await
    }

    /// Admins: the roles of an account from now on.
    pub async fn set_roles(self, id: UserId, roles: &[Role]) -> Result<User, Error> {
        let update = RolesUpdate { roles: roles.to_vec() };
        self.0.call(Call::put(format!("/auth/users/{id}/roles")).json(&update)?).await
    }

    /// Admins: the account can't log in, bid or chat from now on.
    pub async fn suspend(self, id: UserId) -> Result<User, Error> {
        self.0.call(Call::post(format!("/auth/users/{id}/suspend"))).await
    }

    /// Admins: the account may be used again.
    pub async fn reinstate(self, id: UserId) -> Result<User, Error> {
        self.0.call(Call::post(format!("/auth/users/{id}/reinstate"))).await
    }
}
