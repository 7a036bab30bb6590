//! The profile's login as the SDK keeps it: several programs may use it at a time, and a `blytz login`
//! may replace it under them.

use std::{
    fs::File,
    sync::{Mutex, MutexGuard, PoisonError},
};

use blytz_client::{LoginStore, wire::account::Tokens};
use uuid::Uuid;

use crate::{
    ambient,
    credentials::{Login, Store},
    error::Failure,
    output::Output,
};

/// The profile's login, as one client sees it.
pub struct Kept {
    store: Store,
    out: Output,
    server: String,
    /// Which login the client is on.
    id: Mutex<Uuid>,
    /// Whoever made this holds the store's lock.
    locked: bool,
}

impl Kept {
    pub fn new(store: &Store, out: Output, server: &str) -> Self {
        let (store, server) = (store.clone(), server.to_owned());
        Self { store, out, server, id: Mutex::new(Uuid::nil()), locked: false }
    }

    /// For a client that is on this login already.
    pub fn of(self, id: Uuid) -> Self {
        Self { id: Mutex::new(id), ..self }
    }

    /// For somebody who holds the store's lock.
    pub fn while_locked(self) -> Self {
        Self { locked: true, ..self }
    }

    pub fn server(&self) -> &str {
        &self.server
    }

    fn id(&self) -> MutexGuard<'_, Uuid> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> Result<Option<File>, Failure> {
        if self.locked { Ok(None) } else { self.store.lock().map(Some) }
    }

    /// What is kept, while it is this client's login.
    fn own(&self) -> Result<Option<Login>, Failure> {
        let id = *self.id();
        Ok(self.store.load()?.filter(|login| login.server == self.server && login.id == id))
    }

    fn save(&self, tokens: &Tokens) -> Result<(), Failure> {
        let id = *self.id();
        self.store.save(&Login::new(id, &self.server, tokens, ambient::now()))
    }

    fn tell(&self, outcome: Result<(), Failure>) {
        if let Err(failure) = outcome {
            self.out.note(failure.to_string());
        }
    }
}

impl LoginStore for Kept {
    fn began(&self, tokens: &Tokens) {
        *self.id() = ambient::new_uuid();
        self.tell(self.lock().and_then(|_turn| self.save(tokens)));
    }

    fn renewed(&self, tokens: &Tokens) {
        let renew = |_turn| match self.own()? {
            Some(_) => self.save(tokens),
            None => Ok(()),
        };
        self.tell(self.lock().and_then(renew));
    }

    fn newer(&self, _: &Tokens) -> Option<Tokens> {
        self.own().ok().flatten().map(|login| login.tokens_at(ambient::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};

    fn tokens(name: &str) -> Tokens {
        let token = |kind: &str| format!("{kind} {name}");
        let (access_token, refresh_token) = (token("access"), token("refresh"));
        Tokens { access_token, refresh_token, token_type: "Bearer".to_owned(), expires_in: 900 }
    }

    #[test]
    fn a_refresh_keeps_out_of_a_login_that_took_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path(), "shop");
        let program = || Kept::new(&store, Output::new(Format::Table), "http://shop.example");
        let kept = || store.load().expect("read").expect("a login");

        let ann = program();
        ann.began(&tokens("ann 1"));
        let anns_other = program().of(kept().id);
        anns_other.renewed(&tokens("ann 2"));
        assert_eq!(ann.newer(&tokens("ann 1")).expect("newer").access_token, "access ann 2");

        program().began(&tokens("ben 1"));
        ann.renewed(&tokens("ann 3"));
        assert_eq!(kept().tokens, tokens("ben 1"));
        assert_eq!(ann.newer(&tokens("ann 2")), None, "another's tokens are no news");

        store.remove().expect("removed");
        ann.renewed(&tokens("ann 4"));
        assert!(store.load().expect("read").is_none(), "who logged out stays out");
    }
}
