//! Who is logged in, and what others are called.

use std::collections::BTreeMap;

use blytz_core::{
    UserId,
    account::Role,
    wire::account::{PublicUser, User},
};

use crate::clean::Clean;

/// The longest name shown.
const NAME_LENGTH: usize = 50;

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Under which id.
    pub id: UserId,
    /// What others see.
    pub name: Clean,
    /// Whether they may sell.
    pub seller: bool,
}

impl From<&User> for Me {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            name: Clean::line(&user.display_name, NAME_LENGTH),
            seller: user.roles.iter().any(|role| matches!(role, Role::Seller | Role::Admin)),
        }
    }
}

/// Everybody whose name was heard. Logs name people by id alone; states and messages say the rest.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Who is logged in.
    pub me: Option<Me>,
    names: BTreeMap<UserId, Clean>,
}

impl People {
    /// Takes in who is logged in from now on.
    pub fn log_in(&mut self, me: Me) {
        self.names.insert(me.id, me.name.clone());
        self.me = Some(me);
    }

    /// Remembers what somebody is called.
    pub fn meet(&mut self, user: &PublicUser) {
        let mut name = Clean::line(&user.display_name, NAME_LENGTH);
        // A name of nothing that can be shown is no name, and asking again would bring no better one.
        if name.is_empty() {
            name = Clean::line(&nameless(user.id), NAME_LENGTH);
        }
        self.names.insert(user.id, name);
    }

    /// Whether this is who is logged in.
    pub fn is_me(&self, user: UserId) -> bool {
        self.me.as_ref().is_some_and(|me| me.id == user)
    }

    /// Whether there is more to call them by than their id.
    pub fn knows(&self, user: UserId) -> bool {
        self.is_me(user) || self.names.contains_key(&user)
    }

    /// What somebody is called.
    pub fn name(&self, user: UserId) -> String {
        match self.names.get(&user) {
            _ if self.is_me(user) => "you".to_owned(),
            Some(name) => name.to_string(),
            None => nameless(user),
        }
    }

    /// What somebody is called who may be hidden.
    pub fn somebody(&self, user: Option<UserId>) -> String {
        user.map_or_else(|| "somebody".to_owned(), |user| self.name(user))
    }
}

/// The last digits of an id are random ones.
fn nameless(user: UserId) -> String {
    let id = user.to_string();
    format!("bidder {}", &id[id.len() - 4..])
}
