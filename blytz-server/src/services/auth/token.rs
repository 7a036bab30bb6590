//! Tokens: signed ones that say who asks, random ones that renew them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use blytz_core::{SessionId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, Header, Validation};
use ring::hmac;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    clock::random_bytes,
    error::{Result, internal},
    keys::JwtKeys,
};

/// How long an access token lives.
pub const ACCESS_SECONDS: i64 = 15 * 60;

/// How long a refresh token lives, and with it a session that nobody uses.
pub const REFRESH_SECONDS: i64 = 30 * 24 * 60 * 60;

/// For how long a spent refresh token may be shown again. Long enough for an answer that was lost and
/// for tabs that refresh at once; too short for who finds one in a log.
pub const GRACE_SECONDS: i64 = 10;

/// Who issues access tokens and for whom.
const BLYTZ: &str = "blytz";

/// What kind of JWT this is (RFC 9068), so that no other can pass for it.
const KIND: &str = "at+jwt";

/// Ours have about 400 characters; nothing longer is worth a look.
const MAX_LENGTH: usize = 2_048;

/// What an access token says. Roles are not in it: they may change while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    pub user: UserId,
    pub session: SessionId,
    pub expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    jti: String,
    iat: i64,
    exp: i64,
}

/// A new access token.
pub fn issue(keys: &JwtKeys, user: UserId, session: SessionId, now: Timestamp) -> Result<String> {
    let iat = now.as_micros().div_euclid(1_000_000);
    let payload = Payload {
        iss: BLYTZ.to_owned(),
        aud: BLYTZ.to_owned(),
        sub: user,
        sid: session,
        jti: random_text::<16>(),
        iat,
        exp: iat.saturating_add(ACCESS_SECONDS),
    };
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(KIND.to_owned());
    header.kid = Some(keys.kid.clone());
    jsonwebtoken::encode(&header, &payload, &keys.encoding).map_err(internal)
}

/// What a token says when it is one of ours; whether it has expired is for the caller to see.
pub fn read(keys: &JwtKeys, token: &str) -> Option<Claims> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(KIND) || header.crit.is_some() {
        return None;
    }
    let key = keys.decoding.get(header.kid.as_deref()?)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[BLYTZ]);
    validation.set_audience(&[BLYTZ]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The library would ask the machine what time it is.
    validation.validate_exp = false;
    let payload = jsonwebtoken::decode::<Payload>(token, key, &validation).ok()?.claims;
    let expires_at = Timestamp::from_micros(payload.exp.checked_mul(1_000_000)?);
    (!payload.jti.is_empty()).then_some(Claims { user: payload.sub, session: payload.sid, expires_at })
}

/// A new refresh token: 256 random bits as text.
pub fn new_refresh() -> String {
    random_text::<32>()
}

/// The refresh token that follows one which is spent now, with a new `nonce`.
///
/// It can be told again from both, and from neither alone: the nonce is stored, of the tokens only
/// hashes are. So only who holds the spent token gets it again, and a copy of the database has none.
pub fn successor(spent: &str, nonce: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, spent.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, nonce.as_bytes()))
}

/// What is stored of a refresh token.
pub fn refresh_hash(token: &str) -> String {
    hex::encode(fingerprint(token))
}

/// What a token is cached by, so that the cache holds no token.
pub fn fingerprint(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn random_text<const N: usize>() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<N>())
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::EncodingKey;
    use serde_json::{Value, json};

    use super::*;
    use crate::{clock::Clock, db, keys::Keys};

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_999_999);
    const ID: uuid::Uuid = uuid::Uuid::from_u128(7);

    async fn new_keys() -> Keys {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sqlite = db::Sqlite::open(&folder.path().join("t.db")).await.expect("a database");
        let db = db::Db::sqlite(sqlite).await.expect("a schema");
        Keys::load_or_create(&db, &Clock::manual(NOW), "localhost", None).await.expect("keys")
    }

    fn header(kid: &str) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(KIND.to_owned());
        header.kid = Some(kid.to_owned());
        header
    }

    fn payload() -> Value {
        json!({ "iss": "blytz", "aud": "blytz", "sub": ID, "sid": ID, "jti": "x", "iat": 1_700_000_000, "exp": 1_700_000_900 })
    }

    #[test]
    fn a_successor_takes_both_the_token_and_the_nonce() {
        let (token, nonce) = (new_refresh(), new_refresh());
        let next = successor(&token, &nonce);
        assert_eq!((next.len(), &next), (token.len(), &successor(&token, &nonce)));
        assert_ne!(next, successor(&token, &new_refresh()));
        assert_ne!(next, successor(&new_refresh(), &nonce));
        assert_ne!(next, successor(&refresh_hash(&token), &nonce), "what is stored is not enough");
    }

    #[tokio::test]
    async fn what_is_issued_is_read_again() {
        let keys = new_keys().await;
        let token = issue(keys.jwt(), UserId(ID), SessionId(ID), NOW).expect("a token");
        let expires_at = Timestamp::from_micros(1_700_000_900_000_000);
        let expected = Claims { user: UserId(ID), session: SessionId(ID), expires_at };
        assert_eq!(read(keys.jwt(), &token), Some(expected));
        assert_eq!(read(new_keys().await.jwt(), &token), None, "another server's");
    }

    #[tokio::test]
    async fn only_our_own_kind_of_token_is_read() {
        let (keys, others) = (new_keys().await, new_keys().await);
        let (ours, kid) = (keys.jwt(), keys.jwt().kid.as_str());
        let sign = |header: &Header, payload: &Value, key: &EncodingKey| {
            jsonwebtoken::encode(header, payload, key).expect("a token")
        };
        let good = sign(&header(kid), &payload(), &ours.encoding);
        assert!(read(ours, &good).is_some(), "the table below changes one thing each");

        let with_header = |change: fn(&mut Header)| {
            let mut header = header(kid);
            change(&mut header);
            sign(&header, &payload(), &ours.encoding)
        };
        let with_payload = |change: Value| {
            let mut payload = payload();
            for (name, value) in change.as_object().into_iter().flatten() {
                payload[name] = value.clone();
            }
            sign(&header(kid), &payload, &ours.encoding)
        };
        let without = |claim: &str| {
            let mut payload = payload();
            payload.as_object_mut().and_then(|claims| claims.remove(claim)).expect("a claim to remove");
            sign(&header(kid), &payload, &ours.encoding)
        };
        let (head, rest) = good.split_once('.').expect("three parts");
        let (body, signature) = rest.split_once('.').expect("three parts");
        let unsigned_head =
            BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": KIND, "kid": kid }).to_string());
        let symmetric = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": "HS256", "typ": KIND, "kid": kid }).to_string());
        let symmetric = format!("{symmetric}.{body}");
        let shared = hmac::Key::new(hmac::HMAC_SHA256, kid.as_bytes());
        let symmetric =
            format!("{symmetric}.{}", BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&shared, symmetric.as_bytes())));

        let refused = [
            ("somebody else's key under our id", sign(&header(kid), &payload(), &others.jwt().encoding)),
            ("an unknown key id", sign(&header("nobody"), &payload(), &ours.encoding)),
            ("no key id", with_header(|header| header.kid = None)),
            ("another kind", with_header(|header| header.typ = Some("JWT".to_owned()))),
            ("no kind", with_header(|header| header.typ = None)),
            ("an extension that must be understood", with_header(|header| header.crit = Some(vec!["b64".to_owned()]))),
            ("a shared secret", symmetric),
            ("no algorithm", format!("{unsigned_head}.{body}.")),
            ("no algorithm, our signature", format!("{unsigned_head}.{body}.{signature}")),
            ("no signature", format!("{head}.{body}.")),
            ("two parts", format!("{head}.{body}")),
            ("another issuer", with_payload(json!({ "iss": "blitz" }))),
            ("another audience", with_payload(json!({ "aud": "shop" }))),
            ("several audiences", with_payload(json!({ "aud": ["blytz", "shop"] }))),
            ("a subject that is no id", with_payload(json!({ "sub": "ann" }))),
            ("a session that is no id", with_payload(json!({ "sid": 7 }))),
            ("an expiry that is no number", with_payload(json!({ "exp": "never" }))),
            ("an expiry beyond all times", with_payload(json!({ "exp": i64::MAX }))),
            ("an empty token id", with_payload(json!({ "jti": "" }))),
            ("a claim we never make", with_payload(json!({ "roles": ["admin"] }))),
            ("no issuer", without("iss")),
            ("no audience", without("aud")),
            ("no subject", without("sub")),
            ("no session", without("sid")),
            ("no token id", without("jti")),
            ("no expiry", without("exp")),
            ("nothing", String::new()),
            ("nonsense", "a.b.c".to_owned()),
            ("endless", "a".repeat(1_000_000)),
        ];
        for (what, token) in refused {
            assert_eq!(read(ours, &token), None, "{what}");
        }
    }
}
