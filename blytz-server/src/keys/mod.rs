//! The server's own Ed25519 keys, for access tokens and for log receipts, and the epoch.
//!
//! They live in the database, so that every process over it verifies what another signed, and are
//! made together in the transaction of the first start. `BLYTZ_SECRET_KEY` encrypts them there; a
//! copy of the database is then no copy of the keys.

pub(crate) mod jwt;
mod seal;
mod store;

use std::{collections::HashMap, fmt, sync::Arc};

use blytz_core::{Epoch, auction::receipt::Signer, wire::auction::LogKey};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{DecodingKey, EncodingKey};

use self::{
    seal::Sealing,
    store::{KeyRow, Purpose},
};
use crate::{
    clock::{Clock, random_bytes},
    config::Secret,
    db::{CommitError, Db},
};

/// The server's keys and its epoch. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Loaded>);

struct Loaded {
    epoch: Epoch,
    jwt: JwtKeys,
    log_signer: Arc<Signer>,
    log_keys: Vec<LogKey>,
}

/// What signs and verifies access tokens: EdDSA, and nothing else.
pub struct JwtKeys {
    /// The id of the key that signs.
    pub kid: String,
    /// The key that signs.
    pub encoding: EncodingKey,
    /// Every key that may have signed, by id.
    pub decoding: HashMap<String, DecodingKey>,
}

/// Why there are no keys to start with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database did not give them.
    #[error("the signing keys could not be read: {0}")]
    Sql(#[from] sqlx::Error),
    /// The database did not take them.
    #[error("the signing keys could not be written: {0}")]
    Commit(#[from] CommitError),
    /// They are encrypted, and nobody said with what.
    #[error("the signing keys in this database are encrypted: set BLYTZ_SECRET_KEY to the secret they were made with")]
    SecretMissing,
    /// They are encrypted with something else.
    #[error("BLYTZ_SECRET_KEY is not the secret that the signing keys in this database were encrypted with")]
    SecretWrong,
    /// A row holds something that is no key.
    #[error("signing key {0} in the database is damaged")]
    Damaged(String),
}

impl Keys {
    /// Reads the keys and the epoch; makes them when this is the database's first start.
    ///
    /// Keys that lie unencrypted are encrypted in place as soon as there is a secret.
    ///
    /// # Errors
    /// [`KeysError`]; its sentence is fit for the operator.
    pub async fn load_or_create(db: &Db, clock: &Clock, secret: Option<&Secret>) -> Result<Self, KeysError> {
        jwt::install();
        let sealing = secret.map(Sealing::from_secret);
        let now = clock.now();
        let mut tx = db.begin_write().await?;
        let epoch = match store::epoch(&mut tx).await? {
            Some(epoch) => epoch,
            None => {
                let epoch = crate::clock::new_id(clock);
                store::insert_epoch(&mut tx, epoch, now).await?;
                epoch
            }
        };
        let mut rows = store::keys(&mut tx).await?;
        for purpose in [Purpose::Jwt, Purpose::Log] {
            if !rows.iter().any(|row| row.purpose == purpose.as_str() && row.retired_at.is_none()) {
                let row = new_key(purpose, sealing.as_ref(), now);
                store::insert_key(&mut tx, &row).await?;
                rows.push(row);
            }
        }
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            let seed = seed_of(&row, sealing.as_ref())?;
            if let (false, Some(sealing)) = (row.encrypted, &sealing) {
                store::encrypt_key(&mut tx, &row.key_id, &sealing.seal(&row.key_id, &seed)).await?;
                tracing::info!(key_id = row.key_id, "a signing key that lay unencrypted is now encrypted");
            }
            opened.push((row, seed));
        }
        tx.commit().await?;
        Loaded::new(epoch, &opened).map(|loaded| Self(Arc::new(loaded)))
    }

    /// Begins a new history: after a restore, what clients saw last may never have happened.
    ///
    /// # Errors
    /// When the database can't be written.
    pub async fn begin_epoch(db: &Db, clock: &Clock) -> Result<Epoch, KeysError> {
        let epoch = crate::clock::new_id(clock);
        let mut tx = db.begin_write().await?;
        store::replace_epoch(&mut tx, epoch, clock.now()).await?;
        tx.commit().await?;
        Ok(epoch)
    }

    /// Which history this database's channels are.
    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// Signs and verifies access tokens.
    pub fn jwt(&self) -> &JwtKeys {
        &self.0.jwt
    }

    /// Signs the heads of logs.
    pub fn log_signer(&self) -> Arc<Signer> {
        Arc::clone(&self.0.log_signer)
    }

    /// The public halves of every key that ever signed a head.
    pub fn log_keys(&self) -> Vec<LogKey> {
        self.0.log_keys.clone()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({}, ***)", self.0.jwt.kid)
    }
}

impl Loaded {
    /// `rows` are in the order they were made; the newest of a purpose signs.
    fn new(epoch: Epoch, rows: &[(KeyRow, [u8; 32])]) -> Result<Self, KeysError> {
        let missing = || KeysError::Sql(sqlx::Error::RowNotFound);
        let of = |purpose: Purpose| rows.iter().filter(move |(row, _)| row.purpose == purpose.as_str());
        let newest = |purpose| of(purpose).rfind(|(row, _)| row.retired_at.is_none()).ok_or_else(missing);

        let (jwt, seed) = newest(Purpose::Jwt)?;
        let jwt = JwtKeys {
            kid: jwt.key_id.clone(),
            encoding: EncodingKey::from_ed_der(&pkcs8(seed)),
            decoding: of(Purpose::Jwt).map(|(row, seed)| (row.key_id.clone(), public_key(seed))).collect(),
        };
        let (log, seed) = newest(Purpose::Log)?;
        let log_signer = Arc::new(Signer::from_seed(log.key_id.clone(), *seed));
        let log_keys =
            of(Purpose::Log).map(|(row, seed)| Signer::from_seed(row.key_id.clone(), *seed).public()).collect();
        Ok(Self { epoch, jwt, log_signer, log_keys })
    }
}

fn new_key(purpose: Purpose, sealing: Option<&Sealing>, now: blytz_core::Timestamp) -> KeyRow {
    let seed = random_bytes::<32>();
    let key_id = format!("{}-{}", purpose.as_str(), hex::encode(random_bytes::<6>()));
    KeyRow {
        seed: sealing.map_or_else(|| hex::encode(seed), |sealing| sealing.seal(&key_id, &seed)),
        encrypted: sealing.is_some(),
        purpose: purpose.as_str().to_owned(),
        created_at: now.as_micros(),
        retired_at: None,
        key_id,
    }
}

fn seed_of(row: &KeyRow, sealing: Option<&Sealing>) -> Result<[u8; 32], KeysError> {
    let mut seed = [0; 32];
    match (row.encrypted, sealing) {
        (true, None) => return Err(KeysError::SecretMissing),
        (true, Some(sealing)) => seed = sealing.open(&row.key_id, &row.seed).ok_or(KeysError::SecretWrong)?,
        (false, _) => {
            hex::decode_to_slice(&row.seed, &mut seed).map_err(|_| KeysError::Damaged(row.key_id.clone()))?;
        }
    }
    Ok(seed)
}

/// The seed in the envelope (RFC 8410) that jsonwebtoken takes; always these bytes before the seed.
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    [HEAD.as_slice(), seed].concat()
}

fn public_key(seed: &[u8; 32]) -> DecodingKey {
    DecodingKey::from_ed_der(SigningKey::from_bytes(seed).verifying_key().as_bytes())
}

#[cfg(test)]
mod tests;
