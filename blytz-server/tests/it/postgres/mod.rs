//! PostgreSQL for tests: one of a test's own that can be stopped and started, one that all tests of this
//! process share, and a proxy before either that loses commits.

pub mod cluster;
pub mod proxy;

mod tests;

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use tokio::{sync::OnceCell, task::spawn_blocking};

use self::cluster::{Cluster, Durability};

/// What databases are copied from, each of which would take a schema's time otherwise.
const TEMPLATE: &str = "blytz_template";

/// The cluster of everybody who only needs a database. Nobody stops it; its guardian does in the end.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start(Durability::Off))
}

/// The address of a new database in the shared cluster, made as `migrate` has once made the one at the
/// address that it is given. It leaves no connection to that behind.
pub async fn fresh_database(migrate: impl AsyncFnOnce(String)) -> String {
    static TEMPLATE_MADE: OnceCell<()> = OnceCell::const_new();
    static NAMES: AtomicU32 = AtomicU32::new(1);
    let make_template = || async {
        blocking(|| shared().create_database(TEMPLATE, None)).await;
        migrate(shared().url(TEMPLATE)).await;
    };
    TEMPLATE_MADE.get_or_init(make_template).await;
    let name = format!("blytz_{}", NAMES.fetch_add(1, Ordering::Relaxed));
    let url = shared().url(&name);
    blocking(move || shared().create_database(&name, Some(TEMPLATE))).await;
    url
}

/// Does what waits for other programs, beside what else goes on in a test.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.expect("it ends")
}

/// Whether tests that need PostgreSQL are to be left out, since there is none and can't be: `scripts/test`
/// says so by BLYTZ_TEST_POSTGRES=off. Where everything must be there, that is a failure.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says in the environment what they can't do")]
pub fn left_out() -> bool {
    let says = |name: &str, value: &str| std::env::var(name).is_ok_and(|said| said == value);
    let left_out = says("BLYTZ_TEST_POSTGRES", "off");
    assert!(!left_out || !says("CI", "true"), "nothing is left out here: install PostgreSQL");
    if left_out {
        println!("left out: there is no PostgreSQL, so nothing was tested");
    }
    left_out
}
