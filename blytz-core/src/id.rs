//! Typed identifiers: one type per kind of thing, so that a user id can't be passed for an auction's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};
use uuid::Uuid;

/// The text is not a UUID in its hyphenated form of 36 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID: expected 36 characters like 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77")]
pub struct InvalidId;

/// Accepts the hyphenated form only: one id, one spelling (case aside, which is folded).
fn parse_uuid(text: &str) -> Result<Uuid, InvalidId> {
    if text.len() != 36 {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

fn deserialize_uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    struct Visitor;
    impl de::Visitor<'_> for Visitor {
        type Value = Uuid;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a UUID of 36 characters")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Uuid, E> {
            parse_uuid(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Visitor)
}

/// A UUIDv7 from a moment and ten random bytes, both given by the caller.
///
/// ```
/// let id = blytz_core::id::uuid_v7(blytz_core::Timestamp::from_micros(1_700_000_000_000_000), [7; 10]);
/// assert_eq!(id.get_version_num(), 7);
/// ```
pub fn uuid_v7(at: crate::time::Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The bare UUID, as databases store it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_uuid(deserializer).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
    )*};
}

ids! {
    /// A user: buyer, seller, moderator and admin are roles of one account.
    UserId;
    /// A postal address in a user's address book.
    AddressId;
    /// A login session: a family of refresh tokens.
    SessionId;
    /// A product in the catalogue.
    ProductId;
    /// A category in the catalogue's tree.
    CategoryId;
    /// A stock movement.
    MovementId;
    /// An auction: one lot.
    AuctionId;
    /// A bid; chosen by the client, one per intention, kept through every retry.
    BidId;
    /// A show: a seller's live stream with its queue of lots and its chat.
    StreamId;
    /// A chat message; may be chosen by the client.
    MessageId;
    /// One history of the database's channels; a new one begins only with a restore.
    Epoch;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let text = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";
        let id: UserId = text.parse().expect("hyphenated");
        assert_eq!(id.to_string(), text);
        assert_eq!(text.to_uppercase().parse::<UserId>(), Ok(id));
        assert!("0190a5c27e3b7cc19a543f2e6f0b1d77".parse::<UserId>().is_err());
        assert!(format!("{{{text}}}").parse::<UserId>().is_err());
        assert!(serde_json::from_str::<UserId>("\"nope\"").is_err());
        assert!(serde_json::from_str::<UserId>("7").is_err());
    }
}
