//! Extractors: by the time a handler starts, who asks and what they ask is checked.
//!
//! [`Body`] fixes the order in which a request with a body is refused: too large (413), wrong
//! type (415), no JSON (400), nobody we know (401) or not allowed (403), wrong shape (422).

use std::str::FromStr;

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, header, request::Parts},
};
use blytz_core::wire::{self, Check, ErrorCode, Faults, Strict};
use serde::{Deserialize, de::DeserializeOwned};

use super::unreadable;
use crate::error::{Error, Result};

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// Who asks when it does not matter who asks.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

impl<S: Sync> FromRequestParts<S> for Anyone {
    type Rejection = Error;
    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self)
    }
}

/// Who asks (`A`: [`Anyone`], a user, a seller, an admin) and what: a JSON body, checked.
pub struct Body<A, T> {
    /// Who asks.
    pub who: A,
    /// What they ask.
    pub body: T,
}

impl<S, A, T> FromRequest<S> for Body<A, T>
where
    S: Sync,
    A: FromRequestParts<S, Rejection = Error> + Send,
    T: DeserializeOwned + Check + Send,
{
    type Rejection = Error;
    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body).await?;
        let text = json_text(&parts.headers, &bytes)?;
        let who = A::from_request_parts(&mut parts, state).await?;
        let body = parse(text)?;
        Ok(Self { who, body })
    }
}

/// The token of an `Authorization: Bearer` header.
///
/// # Errors
/// 401 when there is no such header.
pub fn bearer(headers: &HeaderMap) -> Result<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Error::unauthenticated("Log in and send the access token as Authorization: Bearer <token>."))
}

/// The body's bytes, at most [`MAX_BODY`] of them.
pub async fn read(headers: &HeaderMap, body: axum::body::Body) -> Result<bytes::Bytes> {
    let too_large = || Error::new(ErrorCode::PayloadTooLarge, "The body may have at most 1 MiB.");
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| {
        if std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
        {
            too_large()
        } else {
            Error::new(ErrorCode::BadRequest, "The body ended early.")
        }
    })
}

/// The bytes as JSON text, syntactically sound.
fn json_text<'a>(headers: &HeaderMap, bytes: &'a [u8]) -> Result<&'a str> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            "Send the body as JSON with Content-Type: application/json.",
        ));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::new(ErrorCode::MalformedJson, "The body is not UTF-8 text; JSON must be."))?;
    well_formed(text)?;
    Ok(text)
}

/// Checks that `text` is JSON at all, whatever it says.
///
/// # Errors
/// 400 `malformed_json` with the place.
pub fn well_formed(text: &str) -> Result<()> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).map(drop).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::new(ErrorCode::MalformedJson, format!("The body is not JSON: it breaks at {place}."))
    })
}

/// Reads a well-formed JSON text as `T` and checks it.
///
/// # Errors
/// 422 with every fault that can be told.
pub fn parse<T: DeserializeOwned + Check>(text: &str) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value: T =
        serde_path_to_error::deserialize(Strict(&mut deserializer)).map_err(|error| unreadable::json(&error))?;
    wire::check(&value).map_err(Error::invalid)?;
    Ok(value)
}

/// The path's id. What is no id can't be anybody's: 404.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: FromStr + Send> FromRequestParts<S> for PathId<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::not_found())?;
        text.parse().map(Self).map_err(|_| Error::not_found())
    }
}

/// The path's two ids.
#[derive(Debug, Clone, Copy)]
pub struct PathIds<T, U>(pub T, pub U);

impl<S: Send + Sync, T: FromStr + Send, U: FromStr + Send> FromRequestParts<S> for PathIds<T, U> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Path((first, second)) =
            Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| Error::not_found())?;
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            _ => Err(Error::not_found()),
        }
    }
}

/// The query string. Unknown parameters are ignored, wrong values are 422.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned + Check + Send> FromRequestParts<S> for Query<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let axum::extract::Query(query) = axum::extract::Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = rejection.body_text();
            unreadable::query(text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text))
        })?;
        wire::check(&query).map_err(Error::invalid)?;
        Ok(Self(query))
    }
}

/// The two parameters of every list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before, as it was.
    pub cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    #[serde(default)]
    #[param(inline)]
    pub limit: Limit,
}

impl Check for PageQuery {
    fn check(&self, faults: &mut Faults) {
        self.limit.check(faults);
    }
}

// How many items a page has. A comment like this one is not part of the API's description, in which
// each list says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[schema(minimum = 1, maximum = 100, default = 50)]
pub struct Limit(u32);

impl Limit {
    /// As a number of items.
    pub const fn size(self) -> usize {
        self.0 as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl Check for Limit {
    fn check(&self, faults: &mut Faults) {
        if !(1..=100).contains(&self.0) {
            faults.invalid("/limit", "must be an integer from 1 to 100");
        }
    }
}

/// Notes a limit outside 1 to 100.
pub fn check_limit(limit: Option<u32>, faults: &mut Faults) {
    limit.map_or_else(Limit::default, Limit).check(faults);
}

/// The number of items a page has.
pub fn page_size(limit: impl Into<Option<u32>>) -> usize {
    limit.into().map_or_else(Limit::default, Limit).size()
}

impl From<Limit> for Option<u32> {
    fn from(limit: Limit) -> Self {
        Some(limit.0)
    }
}

/// Notes a seq that JSON does not keep exact everywhere; no log comes that far.
pub fn check_seq(pointer: &str, seq: Option<u64>, faults: &mut Faults) {
    if seq.is_some_and(|seq| seq > blytz_core::money::MAX_AMOUNT as u64) {
        faults.invalid(pointer, "must be an integer from 0 to 9007199254740991");
    }
}
