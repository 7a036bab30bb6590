//! Passwords: Argon2id, off the async threads, never more at once than there are cores.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use blytz_core::account::normalise_password;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    clock::random_bytes,
    error::{Error, Result, internal},
};

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The most turns at once, however many cores there are: fewer than the failed logins that an account
/// may have, as an attempt counts as failed until its password has turned out to be right.
const MOST_TURNS: usize = 16;

/// How many may wait for a turn. At 20 ms a hash this is a second or two on a small machine; who
/// comes later is better told to come again.
const MAX_WAITING: usize = 128;

/// What is verified against when there is no account or it has no password, so that both answers
/// take the same time. Nobody knows a password whose hash is all zeros.
const STAND_IN: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies passwords, as many at once as there are cores.
pub struct Hasher {
    turns: Arc<Semaphore>,
    waiting: Semaphore,
}

/// The right to hash or verify now.
pub struct Turn(Arc<OwnedSemaphorePermit>);

/// What came of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// It is another password, or there is no hash.
    Wrong,
    /// It is this one.
    Right,
    /// It is this one, but the hash is of what was typed, from before passwords had one form: only
    /// who types the very same gets in, until it is hashed anew.
    RightAsTyped,
}

impl Compared {
    pub fn is_right(self) -> bool {
        self != Self::Wrong
    }
}

impl Hasher {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_TURNS);
        Self { turns: Arc::new(Semaphore::new(cores)), waiting: Semaphore::new(MAX_WAITING) }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// 503 when too many wait already.
    pub async fn turn(&self) -> Result<Turn> {
        let _waiting = self
            .waiting
            .try_acquire()
            .map_err(|_| Error::unavailable("Too many people are logging in at once; try again in a moment."))?;
        let permit = Arc::clone(&self.turns).acquire_owned().await.map_err(internal)?;
        Ok(Turn(Arc::new(permit)))
    }
}

impl Turn {
    /// The hash, in PHC format, of the password's normal form, with a salt of its own.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.run(move || {
            let form = normalise_password(&password);
            let hash = argon2()?.hash_password_with_salt(form.as_bytes(), &random_bytes::<16>()).map_err(internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether this is the password behind `hash`. Without a hash it is not, after the same time.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<Compared> {
        let password = password.to_owned();
        let known = hash.is_some();
        let hash = hash.unwrap_or(STAND_IN).to_owned();
        self.run(move || {
            let argon2 = argon2()?;
            let opens = |text: &str| argon2.verify_password(text.as_bytes(), hash.as_str()).is_ok() && known;
            let form = normalise_password(&password);
            Ok(match () {
                () if opens(&form) => Compared::Right,
                () if form != password && opens(&password) => Compared::RightAsTyped,
                () => Compared::Wrong,
            })
        })
        .await
    }

    /// The turn lasts as long as the work, also when nobody waits for its result any more.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let permit = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(internal)?
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_opens_its_hash() {
        let turn = Hasher::new().turn().await.expect("a turn");
        let hash = turn.hash("vermilion-quagga-77").await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, turn.hash("vermilion-quagga-77").await.expect("another"), "every hash has its own salt");
        let compare = async |password: &str, hash| turn.verify(password, hash).await.expect("verifies");
        assert_eq!(compare("vermilion-quagga-77", Some(&hash)).await, Compared::Right);
        assert_eq!(compare("vermilion-quagga-78", Some(&hash)).await, Compared::Wrong);
        assert_eq!(compare("vermilion-quagga-77", None).await, Compared::Wrong);
        assert_eq!(compare("caf\u{e9}\u{a0}au lait", None).await, Compared::Wrong);
    }

    #[tokio::test]
    async fn a_hash_of_what_was_typed_opens_to_the_same_keys_only() {
        let turn = Hasher::new().turn().await.expect("a turn");
        let (typed, composed) = ("cafe\u{301} au\u{a0}lait", "caf\u{e9} au lait");
        let old = argon2().expect("parameters").hash_password_with_salt(typed.as_bytes(), &[7; 16]);
        let old = old.expect("a hash").to_string();
        let compare = async |password: &str, hash: &str| turn.verify(password, Some(hash)).await.expect("verifies");
        assert_eq!(compare(typed, &old).await, Compared::RightAsTyped);
        assert_eq!(compare(composed, &old).await, Compared::Wrong);
        let new = turn.hash(typed).await.expect("a hash");
        assert_eq!((compare(typed, &new).await, compare(composed, &new).await), (Compared::Right, Compared::Right));
    }

    #[test]
    fn the_stand_in_costs_what_a_real_hash_costs() {
        let parsed = argon2::password_hash::phc::PasswordHash::new(STAND_IN).expect("a PHC string");
        let params = Params::try_from(&parsed).expect("Argon2 parameters");
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert_eq!(parsed.hash.map(|hash| hash.len()), Some(Params::DEFAULT_OUTPUT_LEN));
    }
}
