//! Firebase Authentication: who an id token speaks for.
//!
//! Google signs id tokens with RS256 keys that change every few hours and are published as a JWKS;
//! they are fetched when a token names one we do not have, and kept as long as Google says. See
//! <https://firebase.google.com/docs/auth/admin/verify-id-tokens>.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use blytz_core::{Timestamp, wire::ErrorCode};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{Jwk, JwkSet},
};
use serde::Deserialize;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    clock::Clock,
    config::FirebaseConfig,
    error::{Error, Result, internal},
    keys,
};

const GOOGLE_KEYS: &str = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// How long fetched keys are kept when the answer does not say.
const KEEP: Duration = Duration::from_hours(1);
/// The longest they are kept, whatever it says.
const KEEP_AT_MOST: Duration = Duration::from_hours(24);
/// The shortest time between two fetches, so that tokens with made-up key ids cause no traffic.
const PAUSE: Duration = Duration::from_mins(1);
/// How much Google's clock may be ahead of ours.
const SKEW_SECONDS: i64 = 60;
/// The largest id token and the largest JWKS worth reading, in bytes.
const MAX_TOKEN: usize = 8 * 1024;
const MAX_KEYS: usize = 256 * 1024;

/// One Firebase project, and the keys that its tokens are signed with. Cheap to clone.
#[derive(Clone)]
pub struct Firebase(Arc<Project>);

struct Project {
    id: String,
    issuer: String,
    signed_by: SignedBy,
    clock: Clock,
}

enum SignedBy {
    /// Whoever has the private ones of the keys at this URL.
    Keys { url: String, known: Arc<Mutex<KnownKeys>> },
    /// Nobody: an emulator's tokens are unsigned.
    Emulator,
}

#[derive(Default)]
struct KnownKeys {
    keys: HashMap<String, DecodingKey>,
    tried_at: Option<Timestamp>,
    expire_at: Option<Timestamp>,
}

/// Who an id token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Firebase's id of the user, stable for ever.
    pub subject: String,
    /// Accounts that log in by telephone have none.
    pub email: Option<String>,
    /// Whether Firebase knows that the address is theirs.
    pub email_verified: bool,
    /// What they want to be called.
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    name: Option<String>,
}

impl Firebase {
    /// The project that the configuration names, if it names one.
    pub fn new(config: &FirebaseConfig, clock: Clock) -> Option<Self> {
        let id = config.project_id.clone()?;
        let signed_by = match &config.auth_emulator_host {
            Some(host) => {
                tracing::warn!(%host, "unsigned Firebase tokens of an emulator are accepted; never do this in production");
                SignedBy::Emulator
            }
            None => SignedBy::Keys {
                url: config.jwks_url.clone().unwrap_or_else(|| GOOGLE_KEYS.to_owned()),
                known: Arc::default(),
            },
        };
        keys::jwt::install();
        let issuer = format!("https://securetoken.google.com/{id}");
        Some(Self(Arc::new(Project { id, issuer, signed_by, clock })))
    }

    /// Who this id token speaks for.
    ///
    /// # Errors
    /// 401 `invalid_credentials` when it is not a valid token of this project; 503 when Google's keys
    /// can't be had.
    pub async fn verify(&self, token: &str) -> Result<Identity> {
        if token.len() > MAX_TOKEN {
            return Err(refused());
        }
        let claims = match &self.0.signed_by {
            SignedBy::Emulator => unsigned_claims(token)?,
            SignedBy::Keys { url, known } => self.signed_claims(token, url, known).await?,
        };
        self.check(claims)
    }

    async fn signed_claims(&self, token: &str, url: &str, known: &Arc<Mutex<KnownKeys>>) -> Result<Claims> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
        let (Algorithm::RS256, Some(kid)) = (header.alg, header.kid) else { return Err(refused()) };
        let key = self.key(&kid, url, known).await?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[&self.0.id]);
        validation.set_issuer(&[&self.0.issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library would ask the machine what time it is.
        validation.validate_exp = false;
        Ok(jsonwebtoken::decode(token, &key, &validation).map_err(|_| refused())?.claims)
    }

    /// The key with this id. The lock is held over the fetch, so that many logins cause one.
    async fn key(&self, kid: &str, url: &str, known: &Arc<Mutex<KnownKeys>>) -> Result<DecodingKey> {
        let now = self.0.clock.now();
        let mut known = Arc::clone(known).lock_owned().await;
        let fresh = known.expire_at.is_some_and(|at| now < at);
        if let Some(key) = known.keys.get(kid).filter(|_| fresh) {
            return Ok(key.clone());
        }
        let rested = known.tried_at.is_none_or(|at| at.plus_micros(micros(PAUSE)) <= now);
        if rested {
            // A task of its own: who hangs up in the middle would leave nobody any keys for the pause.
            let renewed = tokio::spawn(renew(known, url.to_owned(), now)).await.map_err(internal)?;
            known = renewed.ok_or_else(keys_missing)?;
        } else if !fresh {
            return Err(keys_missing());
        }
        known.keys.get(kid).cloned().ok_or_else(refused)
    }

    /// What does not depend on how the token is signed.
    fn check(&self, claims: Claims) -> Result<Identity> {
        let now = self.0.clock.now().as_micros().div_euclid(1_000_000);
        let is_valid = claims.iss == self.0.issuer
            && claims.aud == self.0.id
            && now < claims.exp
            && claims.iat <= now.saturating_add(SKEW_SECONDS)
            && (1..=128).contains(&claims.sub.len());
        if !is_valid {
            return Err(refused());
        }
        Ok(Identity {
            subject: claims.sub,
            email: claims.email,
            email_verified: claims.email_verified,
            name: claims.name,
        })
    }
}

fn refused() -> Error {
    Error::new(ErrorCode::InvalidCredentials, "This is not a valid id token of this server's Firebase project.")
}

fn keys_missing() -> Error {
    Error::unavailable("Firebase's keys can't be fetched; try again in a minute.").retry_after(PAUSE.as_secs())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The claims of an emulator's token, which says itself that nobody signed it.
fn unsigned_claims(token: &str) -> Result<Claims> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    let (header, _) = token.split_once('.').ok_or_else(refused)?;
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).map_err(|_| refused())?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| refused())?;
    if header.alg != "none" {
        return Err(refused());
    }
    jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| refused())
}

/// Fetches the keys. None when they can't be had.
async fn renew(
    mut known: OwnedMutexGuard<KnownKeys>,
    url: String,
    now: Timestamp,
) -> Option<OwnedMutexGuard<KnownKeys>> {
    known.tried_at = Some(now);
    match fetch(&url).await {
        Ok((keys, keep)) => {
            known.keys = keys;
            known.expire_at = Some(now.plus_micros(micros(keep)));
            Some(known)
        }
        Err(error) => {
            tracing::error!(%error, "the keys of Firebase could not be fetched");
            None
        }
    }
}

/// Why there are no new keys.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("they can't be had: {0}")]
    Http(#[from] reqwest::Error),
    #[error("the key set can't be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the key set is larger than {MAX_KEYS} bytes")]
    TooLarge,
    #[error("the key set holds no key")]
    Empty,
}

/// The keys at `url` by id, and how long they may be kept.
async fn fetch(url: &str) -> Result<(HashMap<String, DecodingKey>, Duration), FetchError> {
    // reqwest has no provider of its own; one that is installed already is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let mut response = client.get(url).send().await?.error_for_status()?;
    let keep = response
        .headers()
        .get(reqwest::header::CACHE_CONTROL)
        .and_then(|value| max_age(value.to_str().ok()?))
        .map_or(KEEP, |age| age.clamp(PAUSE, KEEP_AT_MOST));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_KEYS {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let set: JwkSet = serde_json::from_slice(&body)?;
    let usable = |jwk: &Jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?));
    let keys: HashMap<_, _> = set.keys.iter().filter_map(usable).collect();
    if keys.is_empty() { Err(FetchError::Empty) } else { Ok((keys, keep)) }
}

/// The `max-age` of a `Cache-Control` header.
fn max_age(header: &str) -> Option<Duration> {
    let age = header.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?;
    age.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn who_hangs_up_while_the_keys_are_fetched_leaves_them_to_the_next() {
        let google = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let config = FirebaseConfig {
            project_id: Some("shop".to_owned()),
            jwks_url: Some(format!("http://{}/keys", google.local_addr().expect("an address"))),
            ..FirebaseConfig::default()
        };
        let firebase = Firebase::new(&config, Clock::manual(Timestamp::from_micros(0))).expect("a project");
        let token = format!("{}.e30.e30", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"g1"}"#));
        let (asked, shown) = (firebase.clone(), token.clone());
        let client = tokio::spawn(async move { asked.verify(&shown).await });
        let (mut socket, _) = google.accept().await.expect("a fetch");
        client.abort();
        assert!(client.await.expect_err("it hung up").is_cancelled());

        let keys = r#"{"keys":[{"kty":"RSA","kid":"g1","n":"AQAB","e":"AQAB"}]}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len());
        assert!(socket.read(&mut [0; 1024]).await.expect("it asks") > 0);
        socket.write_all(answer.as_bytes()).await.expect("it listens");
        let refused = firebase.verify(&token).await.expect_err("nobody signed it");
        assert_eq!(refused.code(), ErrorCode::InvalidCredentials, "there are keys to compare it with");
    }

    #[test]
    fn how_long_keys_may_be_kept() {
        assert_eq!(max_age("public, max-age=21600, must-revalidate, no-transform"), Some(Duration::from_hours(6)));
        assert_eq!(max_age("no-store"), None);
        assert_eq!(max_age("max-age=soon"), None);
    }
}
