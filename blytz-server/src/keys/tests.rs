use jsonwebtoken::{Algorithm, Header, Validation};
use tempfile::TempDir;

use super::*;
use crate::db::Sqlite;

async fn database() -> (TempDir, Db) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite = Sqlite::open(&folder.path().join("keys.db")).await.expect("opens");
    (folder, Db::sqlite(sqlite).await.expect("migrates"))
}

fn clock() -> Clock {
    Clock::manual(Timestamp::from_micros(1_700_000_000_000_000))
}

async fn load(db: &Db, secret: Option<&str>) -> Result<Keys, KeysError> {
    Keys::load_or_create(db, &clock(), "localhost", secret.map(Secret::new).as_ref()).await
}

#[tokio::test]
async fn keys_and_epoch_survive_a_restart_and_a_new_epoch_does_not_touch_the_keys() {
    let (_folder, db) = database().await;
    let first = load(&db, None).await.expect("makes keys");
    let again = load(&db, None).await.expect("finds keys");
    assert_eq!(again.epoch(), first.epoch());
    assert_eq!(again.jwt().kid, first.jwt().kid);
    assert_eq!(again.log_keys(), first.log_keys());
    assert_eq!(first.log_keys(), first.log_signers().public());

    let epoch = Keys::begin_epoch(&db, &clock()).await.expect("writes");
    let restored = load(&db, None).await.expect("finds keys");
    assert_ne!(epoch, first.epoch());
    assert_eq!(restored.epoch(), epoch);
    assert_eq!(restored.log_keys(), first.log_keys());
}

#[tokio::test]
async fn a_key_that_was_retired_is_shown_with_its_time_and_another_signs() {
    let (_folder, db) = database().await;
    let secret = Secret::new("the operator's secret");
    assert!(matches!(Keys::rotate(&db, &clock(), Some(&secret)).await, Err(KeysError::None)));
    let before = load(&db, Some("the operator's secret")).await.expect("makes keys").log_keys();
    let wrong = Secret::new("something else");
    assert!(matches!(Keys::rotate(&db, &clock(), Some(&wrong)).await, Err(KeysError::SecretWrong)));
    assert!(matches!(Keys::rotate(&db, &clock(), None).await, Err(KeysError::SecretMissing)));

    let [old, new] = Keys::rotate(&db, &clock(), Some(&secret)).await.expect("rotates");
    let keys = load(&db, Some("the operator's secret")).await.expect("finds keys");
    let shown = keys.log_keys();
    assert_eq!((&before[0].key_id, before[0].from, before[0].until), (&old, shown[0].from, None));
    assert_eq!((&shown[0].key_id, shown[0].until), (&old, Some(shown[1].from)));
    assert_eq!((&shown[1].key_id, shown[1].until), (&new, None));
    let signers = keys.log_signers();
    assert_eq!((signers.at(shown[0].from).key_id(), signers.at(shown[1].from).key_id()), (&*old, &*new));
}

#[tokio::test]
async fn a_token_signed_by_one_process_is_verified_by_another() {
    let (_folder, db) = database().await;
    let (one, other) = (load(&db, None).await.expect("keys"), load(&db, None).await.expect("keys"));
    let header = Header { kid: Some(one.jwt().kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let claims = serde_json::json!({ "sub": "somebody", "exp": 4_102_444_800_u64 });
    let token = jsonwebtoken::encode(&header, &claims, &one.jwt().encoding).expect("signs");

    let key = &other.jwt().decoding[&one.jwt().kid];
    let read = jsonwebtoken::decode::<serde_json::Value>(&token, key, &Validation::new(Algorithm::EdDSA));
    assert_eq!(read.expect("verifies").claims["sub"], "somebody");

    let (_elsewhere, strangers) = database().await;
    let stranger = load(&strangers, None).await.expect("keys");
    let key = &stranger.jwt().decoding[&stranger.jwt().kid];
    let read = jsonwebtoken::decode::<serde_json::Value>(&token, key, &Validation::new(Algorithm::EdDSA));
    assert!(read.is_err(), "another database has other keys");
}

#[tokio::test]
async fn an_encrypted_database_needs_its_own_secret() {
    let (_folder, db) = database().await;
    let keys = load(&db, Some("the operator's secret")).await.expect("makes keys");
    assert!(matches!(load(&db, None).await, Err(KeysError::SecretMissing)));
    assert!(matches!(load(&db, Some("something else")).await, Err(KeysError::SecretWrong)));
    assert!(matches!(load(&db, Some("")).await, Err(KeysError::SecretWrong)));
    let again = load(&db, Some("the operator's secret")).await.expect("finds keys");
    assert_eq!(again.log_keys(), keys.log_keys());
}

#[tokio::test]
async fn keys_that_lay_open_are_encrypted_once_there_is_a_secret() {
    let (_folder, db) = database().await;
    let open = load(&db, None).await.expect("makes keys");
    let sealed = load(&db, Some("a secret at last")).await.expect("encrypts");
    assert_eq!(sealed.log_keys(), open.log_keys());
    assert!(matches!(load(&db, None).await, Err(KeysError::SecretMissing)));
}

#[test]
fn a_sealed_seed_opens_under_its_own_id_only() {
    let sealing = Sealing::from_secret(&Secret::new("secret"));
    let sealed = sealing.seal("jwt-1", &[7; 32]);
    assert_eq!(sealing.open("jwt-1", &sealed), Some([7; 32]));
    assert_eq!(sealing.open("jwt-2", &sealed), None);
    assert_eq!(sealing.open("jwt-1", &sealed.replace(&sealed[..2], "zz")), None);
    assert_eq!(sealing.open("jwt-1", ""), None);
    assert_ne!(sealing.seal("jwt-1", &[7; 32]), sealed, "every sealing has its own nonce");
}

#[test]
fn a_seed_that_another_library_sealed_opens() {
    let sealed = concat!(
        "000102030405060708090a0b", // the nonce
        "450465659cac7b33f51b2a48916608fa8e11d9f1db786969ad00a6c556e774ea",
        "b3ecef0983755252ed4c49466c753a93", // the tag
    );
    assert_eq!(Sealing::from_secret(&Secret::new("secret")).open("jwt-1", sealed), Some([7; 32]));
}
