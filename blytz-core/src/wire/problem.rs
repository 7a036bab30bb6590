//! Errors: RFC 9457 problem details with a stable code.

use serde::{Deserialize, Serialize};

use crate::Money;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// The stable code of an error. Clients branch on this, never on prose.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
            /// A code that this version does not know; sent by a newer server.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl ErrorCode {
            /// Every known code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as it stands in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* Self::Unknown => "unknown" }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* Self::Unknown => 500 }
            }

            /// A short title, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* Self::Unknown => "Unknown error" }
            }
        }
    };
}

codes! {
    /// The body is no JSON.
    MalformedJson = "malformed_json", 400, "Malformed JSON";
    /// The HTTP request itself could not be understood.
    BadRequest = "bad_request", 400, "Bad request";
    /// The `Content-Type` is not the one this path takes.
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported media type";
    /// The body is over 1 MiB, or the frame over 64 KiB.
    PayloadTooLarge = "payload_too_large", 413, "Payload too large";
    /// No valid access token.
    Unauthenticated = "unauthenticated", 401, "Not authenticated";
    /// Authenticated, but not allowed.
    Forbidden = "forbidden", 403, "Not allowed";
    /// No such thing, or not for you to know.
    NotFound = "not_found", 404, "Not found";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The state forbids it; the detail says which.
    Conflict = "conflict", 409, "Conflict with the current state";
    /// Invalid input; `errors` says where.
    ValidationFailed = "validation_failed", 422, "Invalid input";
    /// An amount in another currency than the resource's.
    CurrencyMismatch = "currency_mismatch", 422, "Currency mismatch";
    /// The id or key was used before with another body.
    IdempotencyMismatch = "idempotency_mismatch", 422, "Idempotency key reused with another body";
    /// The first request under this key is still being worked on.
    IdempotencyInProgress = "idempotency_in_progress", 409, "Request in progress";
    /// Too many requests.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// Not now; `Retry-After` says when.
    Unavailable = "unavailable", 503, "Temporarily unavailable";
    /// The database did not say whether it committed; ask again with the same id.
    OutcomeUnknown = "outcome_unknown", 503, "Outcome unknown";
    /// A fault of the server.
    Internal = "internal", 500, "Internal error";
    /// Wrong email address or password.
    InvalidCredentials = "invalid_credentials", 401, "Invalid credentials";
    /// The email address has an account already.
    EmailTaken = "email_taken", 409, "Email address taken";
    /// The account is suspended.
    Suspended = "suspended", 403, "Account suspended";
    /// None available.
    OutOfStock = "out_of_stock", 409, "Out of stock";
    /// Another product of the seller has this sku.
    SkuTaken = "sku_taken", 409, "SKU taken";
    /// The show is not live.
    StreamNotLive = "stream_not_live", 409, "Show not live";
    /// A lot of the show is still live.
    LotLive = "lot_live", 409, "A lot is live";
    /// Muted in this chat.
    Muted = "muted", 403, "Muted";
    /// Banned from this chat.
    Banned = "banned", 403, "Banned";
    /// The display name looks like that of the show's seller or of one of its moderators.
    NameReserved = "name_reserved", 409, "Name reserved";
    /// The chat is in slow mode; `Retry-After` says when the next message is due.
    SlowMode = "slow_mode", 429, "Slow mode";
    /// The message contains a blocked term.
    MessageBlocked = "message_blocked", 422, "Message blocked";
    /// The account may not bid for now.
    BiddingSuspended = "bidding_suspended", 403, "Bidding suspended";
    /// A payment method must be on file first.
    PaymentMethodRequired = "payment_method_required", 403, "Payment method required";
    /// A seller can't bid on their own auction.
    OwnAuction = "own_auction", 403, "Own auction";
    /// Blocked by the seller or in this auction.
    Blocked = "blocked", 403, "Blocked";
    /// This format does not take this kind of bid.
    KindNotAllowed = "kind_not_allowed", 422, "Kind of bid not allowed";
    /// The auction was cancelled.
    AuctionCancelled = "auction_cancelled", 409, "Auction cancelled";
    /// The auction has not opened yet.
    AuctionNotLive = "auction_not_live", 409, "Auction not live";
    /// The auction is over.
    AuctionClosed = "auction_closed", 409, "Auction closed";
    /// The rules are others by now than the bid says.
    RulesChanged = "rules_changed", 409, "Rules changed";
    /// Buy-now is gone, or was never offered.
    BuyNowUnavailable = "buy_now_unavailable", 409, "Buy-now unavailable";
    /// The leader does not bid against themselves.
    AlreadyLeading = "already_leading", 409, "Already leading";
    /// A new max must be above the old one.
    MaxNotRaised = "max_not_raised", 409, "Max not raised";
    /// Below the next minimum bid.
    BidTooLow = "bid_too_low", 409, "Bid too low";
    /// The auction has bids; only an admin may cancel it.
    AuctionHasBids = "auction_has_bids", 409, "Auction has bids";
    /// Rules are frozen at the first bid.
    AuctionLocked = "auction_locked", 409, "Auction locked";
    /// The proof is published after the close.
    AuctionLive = "auction_live", 409, "Auction still live";
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

    use super::ErrorCode;

    /// By hand: the derive does not see the names that the macro above was given, and would state
    /// the variants' own.
    impl utoipa::PartialSchema for ErrorCode {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some("The stable code of an error. Clients branch on this, never on prose."))
                .enum_values(Some(ErrorCode::ALL.iter().map(|code| code.as_str())))
                .into()
        }
    }
    impl utoipa::ToSchema for ErrorCode {}
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One fault in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where in the body, as a JSON pointer (RFC 6901); for query parameters `/name`.
    pub pointer: String,
    /// What kind of fault.
    pub code: ErrorCode,
    /// What was wrong and what would be right.
    pub detail: String,
}

/// An error as clients see it: RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short title, the same for every occurrence of the code.
    pub title: String,
    /// The HTTP status.
    #[cfg_attr(feature = "openapi", schema(minimum = 400, maximum = 599))]
    pub status: u16,
    /// What was wrong this time and what would be right.
    pub detail: String,
    /// The stable code.
    pub code: ErrorCode,
    /// The request's id, to be named to the operator.
    pub request_id: String,
    /// With 422: every fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `bid_too_low`: the least that would do now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub next_minimum: Option<Money>,
    /// With 429 and 503: seconds to wait, as in the `Retry-After` header; over a WebSocket there is
    /// no header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, minimum = 1))]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem with the code's own status and title.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            request_id: String::new(),
            errors: Vec::new(),
            next_minimum: None,
            retry_after: None,
        }
    }
}
