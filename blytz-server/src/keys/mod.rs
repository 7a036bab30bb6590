//! The server's own Ed25519 keys, for access tokens and for log receipts, and the epoch.
//!
//! They live in the database, so that every process over it verifies what another signed, and are
//! made together in the transaction of the first start. `BLYTZ_SECRET_KEY` encrypts them there; a
//! copy of the database is then no copy of the keys.

pub(crate) mod jwt;
mod seal;
mod store;

use std::{collections::HashMap, fmt, sync::Arc};

use blytz_core::{
    Epoch, Timestamp,
    auction::receipt::{House, Signer, Signers},
    wire::auction::LogKey,
};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{DecodingKey, EncodingKey};

use self::{
    seal::Sealing,
    store::{Purpose, Seed, StoredKey},
};
use crate::{
    clock::{Clock, new_id, random_bytes},
    config::Secret,
    db::{CommitError, Db, Tx},
};

/// The server's keys and its epoch. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Loaded>);

struct Loaded {
    epoch: Epoch,
    jwt: JwtKeys,
    log_signers: Arc<Signers>,
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
    /// There are none yet.
    #[error("there are no signing keys in this database yet: start the server once")]
    None,
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
    /// Reads the keys and the epoch; makes them when this is the database's first start. `origin` is the
    /// name under which logs are signed.
    ///
    /// Keys that lie unencrypted are encrypted in place as soon as there is a secret.
    ///
    /// # Errors
    /// [`KeysError`]; its sentence is fit for the operator.
    pub async fn load_or_create(
        db: &Db,
        clock: &Clock,
        origin: &str,
        secret: Option<&Secret>,
    ) -> Result<Self, KeysError> {
        jwt::install();
        let (sealing, clock, origin) = (secret.map(Sealing::from_secret), clock.clone(), origin.to_owned());
        let loaded = async move |tx: &mut Tx| {
            // Whoever is late waits here, and finds the epoch and the keys of who was first.
            store::begin_history(tx, new_id(&clock), clock.now()).await?;
            let epoch = store::epoch(tx).await?.ok_or(KeysError::Sql(sqlx::Error::RowNotFound))?;
            store::hold(tx, epoch).await?;
            let mut keys = store::keys(tx).await?;
            for purpose in Purpose::ALL {
                if !keys.iter().any(|key| key.signs(purpose)) {
                    let key = StoredKey::new(purpose, sealing.as_ref(), clock.now());
                    store::insert_key(tx, &key).await?;
                    keys.push(key);
                }
            }
            let mut opened = Vec::with_capacity(keys.len());
            for key in keys {
                let seed = key.open(sealing.as_ref())?;
                if let (Seed::Open(_), Some(sealing)) = (&key.seed, &sealing) {
                    store::encrypt_key(tx, &key.id, &sealing.seal(&key.id, &seed)).await?;
                    tracing::info!(key_id = key.id, "a signing key that lay unencrypted is now encrypted");
                }
                opened.push((key, seed));
            }
            Loaded::new(House { origin, epoch }, &opened)
        };
        db.write(loaded).await.map(|loaded| Self(Arc::new(loaded)))
    }

    /// Begins a new history: after a restore, what clients saw last may never have happened.
    ///
    /// # Errors
    /// When the database can't be written.
    pub async fn begin_epoch(db: &Db, clock: &Clock) -> Result<Epoch, KeysError> {
        let clock = clock.clone();
        db.write(async move |tx: &mut Tx| new_epoch(tx, &clock).await).await
    }

    /// Retires the key that signs logs and makes another; their ids. Whoever has loaded the keys goes on with
    /// those, so nobody may serve the database meanwhile.
    ///
    /// # Errors
    /// When there are no keys yet, or the database can't be written.
    pub async fn rotate(db: &Db, clock: &Clock, secret: Option<&Secret>) -> Result<[String; 2], KeysError> {
        let (sealing, now) = (secret.map(Sealing::from_secret), clock.now());
        let rotated = async move |tx: &mut Tx| {
            let epoch = store::epoch(tx).await?.ok_or(KeysError::None)?;
            store::hold(tx, epoch).await?;
            let keys = store::keys(tx).await?;
            let present = keys.iter().rfind(|key| key.signs(Purpose::Log)).ok_or(KeysError::None)?;
            // What another secret has sealed is not to be mixed with what this one seals.
            present.open(sealing.as_ref())?;
            let next = StoredKey::new(Purpose::Log, sealing.as_ref(), now.max(present.created_at.plus_micros(1)));
            store::retire_key(tx, &present.id, next.created_at).await?;
            store::insert_key(tx, &next).await?;
            Ok([present.id.clone(), next.id])
        };
        db.write(rotated).await
    }

    /// Which history this database's channels are.
    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// Signs and verifies access tokens.
    pub fn jwt(&self) -> &JwtKeys {
        &self.0.jwt
    }

    /// Sign what is said of logs, for the house.
    pub fn log_signers(&self) -> Arc<Signers> {
        Arc::clone(&self.0.log_signers)
    }

    /// The public halves of every key that ever signed a head.
    pub fn log_keys(&self) -> Vec<LogKey> {
        self.0.log_signers.public()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({}, ***)", self.0.jwt.kid)
    }
}

impl Loaded {
    /// `keys` are in the order they were made; the newest of a purpose signs.
    fn new(house: House, keys: &[(StoredKey, [u8; 32])]) -> Result<Self, KeysError> {
        let of = |purpose| keys.iter().filter(move |(key, _)| key.purpose == purpose);
        let newest = |purpose| {
            let signing = keys.iter().rfind(|(key, _)| key.signs(purpose));
            signing.ok_or(KeysError::Sql(sqlx::Error::RowNotFound))
        };

        let (jwt, seed) = newest(Purpose::Jwt)?;
        let jwt = JwtKeys {
            kid: jwt.id.clone(),
            encoding: EncodingKey::from_ed_der(&pkcs8(seed)),
            decoding: of(Purpose::Jwt).map(|(key, seed)| (key.id.clone(), public_key(seed))).collect(),
        };
        let (log, seed) = newest(Purpose::Log)?;
        let epoch = house.epoch;
        let signer = |key: &StoredKey, seed| Signer::from_seed(house.clone(), key.id.clone(), seed, key.created_at);
        let retired = of(Purpose::Log).filter_map(|(key, seed)| Some((signer(key, *seed), key.retired_at?)));
        let log_signers = Arc::new(Signers::new(signer(log, *seed), retired.collect()));
        Ok(Self { epoch, jwt, log_signers })
    }
}

impl StoredKey {
    fn new(purpose: Purpose, sealing: Option<&Sealing>, now: Timestamp) -> Self {
        let seed = random_bytes::<32>();
        let id = format!("{}-{}", purpose.as_str(), hex::encode(random_bytes::<6>()));
        let seed = match sealing {
            Some(sealing) => Seed::Sealed(sealing.seal(&id, &seed)),
            None => Seed::Open(hex::encode(seed)),
        };
        Self { id, purpose, seed, created_at: now, retired_at: None }
    }

    fn signs(&self, purpose: Purpose) -> bool {
        self.purpose == purpose && self.retired_at.is_none()
    }

    fn open(&self, sealing: Option<&Sealing>) -> Result<[u8; 32], KeysError> {
        match (&self.seed, sealing) {
            (Seed::Sealed(_), None) => Err(KeysError::SecretMissing),
            (Seed::Sealed(seed), Some(sealing)) => sealing.open(&self.id, seed).ok_or(KeysError::SecretWrong),
            (Seed::Open(seed), _) => {
                let mut bytes = [0; 32];
                hex::decode_to_slice(seed, &mut bytes).map_err(|_| KeysError::Damaged(self.id.clone()))?;
                Ok(bytes)
            }
        }
    }
}

async fn new_epoch(tx: &mut Tx, clock: &Clock) -> Result<Epoch, KeysError> {
    let epoch = new_id(clock);
    store::put_epoch(tx, epoch, clock.now()).await?;
    Ok(epoch)
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
