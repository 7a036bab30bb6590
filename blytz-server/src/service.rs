//! The services, named once: for `--services`, for the API's description, for whoever splits them.

use std::str::FromStr;

macro_rules! services {
    ($($(#[$doc:meta])* $Service:ident = $name:literal),+ $(,)?) => {
        /// A service of the house. In one process or apart, each is started over a platform and its
        /// neighbours' handles, and brings its routes along.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Service {
            $($(#[$doc])* $Service),+
        }

        impl Service {
            /// All of them, each after those that it needs.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$Service),+];

            /// What it is called in configuration, in paths of files and in the description's tags.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Service => $name),+
                }
            }
        }
    };
}

services! {
    /// Accounts, sessions, roles, addresses.
    Auth = "auth",
    /// Catalogue, categories, stock.
    Product = "product",
    /// Lots, bids, logs, shows; with the live connection.
    Auction = "auction",
    /// A chat per show.
    Chat = "chat",
}

/// Why a name stands for no service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no service `{0}`; give all, or some of {names}", names = Service::ALL.map(Service::name).join(", "))]
pub struct UnknownService(String);

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, UnknownService> {
        Self::ALL.into_iter().find(|service| service.name() == text).ok_or_else(|| UnknownService(text.to_owned()))
    }
}
