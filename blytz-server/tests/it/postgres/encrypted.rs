//! A connection that is encrypted, to a server that shows who it is.

use std::{fs, os::unix::fs::MetadataExt, os::unix::fs::PermissionsExt, os::unix::fs::chown, path::Path};

use blytz_server::db::{Db, Postgres};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::blocking;
use crate::cluster::{Cluster, Durability, left_out};

/// Writes a file that a server's process may read, as it belongs to whom its folder does.
fn write(folder: &Path, name: &str, text: &str) {
    let (path, owner) = (folder.join(name), fs::metadata(folder).expect("a folder"));
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a private file");
    chown(&path, Some(owner.uid()), Some(owner.gid())).expect("another owner");
}

/// Has a server speak TLS, by a certificate for `localhost` of an authority of the test's. The authority's
/// own, in PEM.
async fn encrypt(url: &str) -> String {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = names.signed_by(&key, &authority).expect("a certificate");

    let mut connection = PgConnection::connect(url).await.expect("a connection");
    let folder: String = sqlx::query_scalar("show data_directory").fetch_one(&mut connection).await.expect("a folder");
    write(folder.as_ref(), "server.crt", &certificate.pem());
    write(folder.as_ref(), "server.key", &key.serialize_pem());
    sqlx::query("alter system set ssl = on").execute(&mut connection).await.expect("a setting");
    authority.pem()
}

const IS_ENCRYPTED: &str = "select ssl from pg_stat_ssl where pid <> pg_backend_pid() and ssl";

#[tokio::test]
async fn a_server_that_shows_who_it_is_is_believed_and_another_is_not() {
    if left_out() {
        return;
    }
    let mut cluster = blocking(|| Cluster::start(Durability::Off)).await;
    cluster.create_database("shop", None);
    let (plain, folder) = (cluster.url("shop"), tempfile::tempdir().expect("a folder"));
    let root = folder.path().join("root.pem");
    fs::write(&root, encrypt(&plain).await).expect("a file");
    cluster.stop_at_once();
    cluster.start_again();

    let url = |host: &str, more: &str| format!("{}?sslmode=verify-full{more}", plain.replace("127.0.0.1", host));
    let trusted = format!("&sslrootcert={}", root.display());
    let db =
        Db::postgres(Postgres::open_url(&url("localhost", &trusted)).await.expect("it opens")).await.expect("a schema");
    db.begin_write().await.expect("it is written to").commit().await.expect("and said");
    let mut beside = PgConnection::connect(&plain).await.expect("a connection");
    let encrypted: bool = sqlx::query_scalar(AssertSqlSafe(IS_ENCRYPTED)).fetch_one(&mut beside).await.expect("one is");
    assert!(encrypted);
    db.close().await;
    // By its address it is not who it says, and nobody else vouches for it.
    for url in [url("127.0.0.1", &trusted), url("localhost", "")] {
        let refused = Postgres::open_url(&url).await.err().expect("it is refused").to_string();
        assert!(refused.contains("certificate") && refused.contains("sslrootcert"), "{refused}");
    }
}
