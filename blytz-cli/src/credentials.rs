//! The login of a profile: `blytz/credentials/<profile>.json`, readable by nobody else.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use blytz_client::wire::account::Tokens;
use blytz_core::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{error::Failure, private};

/// A login, and where it holds. The tokens are shown to no other server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Made when somebody logs in, and kept through every refresh: so a program knows whether it is
    /// still its own login that is kept here.
    #[serde(default)]
    pub id: Uuid,
    /// The server's address.
    pub server: String,
    pub tokens: Tokens,
    /// Until when the access token holds, by this machine's clock.
    pub expires_at: Timestamp,
}

impl Login {
    /// The login that a server just gave.
    pub fn new(id: Uuid, server: &str, tokens: &Tokens, now: Timestamp) -> Self {
        let millis = i64::try_from(tokens.expires_in).unwrap_or(i64::MAX).saturating_mul(1_000);
        Self { id, server: server.to_owned(), tokens: tokens.clone(), expires_at: now.plus_millis(millis) }
    }

    /// Whether the access token holds for another minute.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.expires_at.micros_since(now) > 60_000_000
    }

    /// Its tokens, with the seconds that the access token still holds; 0 for less than a minute.
    pub fn tokens_at(&self, now: Timestamp) -> Tokens {
        let left = if self.is_fresh(now) { self.expires_at.micros_since(now) / 1_000_000 } else { 0 };
        Tokens { expires_in: u64::try_from(left).unwrap_or_default(), ..self.tokens.clone() }
    }
}

/// Where the login of a profile is kept.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    pub fn new(folder: &Path, profile: &str) -> Self {
        Self { path: folder.join("credentials").join(format!("{profile}.json")) }
    }

    /// The login, if there is one.
    pub fn load(&self) -> Result<Option<Login>, Failure> {
        let Some(bytes) = private::read(&self.path).map_err(|error| self.trouble(&error))? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|_| {
            let path = self.path.display();
            Failure::failed(format!("{path} is damaged; remove it and log in again."))
        })
    }

    /// Replaces the login.
    pub fn save(&self, login: &Login) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(login).map_err(anyhow::Error::from)?;
        private::replace(&self.path, &text).map_err(|error| self.trouble(&error))
    }

    /// Forgets the login.
    pub fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.trouble(&error)),
            _ => Ok(()),
        }
    }

    /// Held while the login is replaced, and while tokens are refreshed.
    pub fn lock(&self) -> Result<File, Failure> {
        private::lock(&self.path).map_err(|error| self.trouble(&error))
    }

    fn trouble(&self, error: &io::Error) -> Failure {
        Failure::failed(format!("The login in {} can't be kept: {error}.", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        let tokens = Tokens {
            access_token: "access".to_owned(),
            refresh_token: "refresh".to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: 900,
        };
        Login::new(Uuid::nil(), "http://127.0.0.1:8080", &tokens, Timestamp::from_micros(0))
    }

    #[test]
    fn a_login_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path(), "shop");
        assert!(store.load().expect("no file is no login").is_none());
        store.save(&login()).expect("saved");
        store.save(&login()).expect("saved again");
        assert!(store.load().expect("read") == Some(login()));
        let files: Vec<_> = fs::read_dir(folder.path().join("credentials")).expect("a folder").collect();
        assert_eq!(files.len(), 1, "no draft is left behind");
        store.remove().expect("removed");
        store.remove().expect("nothing to remove");
        assert!(store.load().expect("no file").is_none());
    }

    #[test]
    fn a_token_is_fresh_until_a_minute_before_its_end() {
        let login = login();
        assert!(login.is_fresh(Timestamp::from_micros(839_999_999)));
        assert!(!login.is_fresh(Timestamp::from_micros(840_000_000)));
        assert_eq!(login.tokens_at(Timestamp::from_micros(0)), login.tokens);
        for (at, left) in [(100_000_000, 800), (839_000_000, 61), (840_000_000, 0), (i64::MAX, 0)] {
            assert_eq!(login.tokens_at(Timestamp::from_micros(at)).expires_in, left);
        }
    }

    #[test]
    fn a_login_of_an_earlier_version_is_read() {
        let mut earlier = serde_json::to_value(login()).expect("JSON");
        earlier.as_object_mut().expect("an object").remove("id");
        assert!(serde_json::from_value::<Login>(earlier).expect("read") == login());
    }
}
