//! A house of one's own and the people in it, who ask by plain HTTP: for tests that look at statuses,
//! codes and bodies rather than at what the SDK makes of them.

mod database;
mod lots;
mod people;
mod process;
mod shows;

use std::{
    fs,
    path::{Path, PathBuf},
};

use blytz_core::{
    Timestamp,
    auction::proof::{Trust, TrustedKeys},
    wire::auction::LogKeys,
};
use blytz_server::{
    App, Builder, Clock, Config, Platform, Running, Server,
    config::{DatabaseConfig, RateLimits, Secret},
    serve::open_database,
};
use serde_json::json;

use self::process::Process;
use crate::document::witness::Witness;

pub use database::{config_in, database_of, fresh_database, needs_a_file, tamper};
pub use lots::{Lot, Offer, buy_now, exact, max, money, new_id, product, rules, rules_with, with};
pub use people::{Answer, PASSWORD, Person, each, items, text};
pub use shows::Show;

pub const START: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);

/// An id that nothing has.
pub const UNKNOWN: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";

/// A running server over a temporary folder, and its clock, which stands still. Every answer it
/// gives is held against the API's description.
pub struct House {
    pub clock: Clock,
    pub running: Running,
    /// Whoever is not logged in.
    pub nobody: Person,
    process: Option<Process>,
    _folder: Option<tempfile::TempDir>,
    _witness: Witness,
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// A house whose configuration `change` may change; limits are off unless it says so.
    pub async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config { rate_limits: RateLimits::Off, ..Config::in_folder(folder.path()) };
        change(&mut config);
        if let Some(url) = database_of(&config.data) {
            config.database = DatabaseConfig::Postgres(Secret::new(url));
        }
        let house = Self::launch(Server::builder().config(config), Clock::manual(START)).await;
        Self { _folder: Some(folder), ..house }
    }

    /// A house over the PostgreSQL at this address, whatever the others stand on. Several may stand over one.
    pub async fn open_over(url: String, clock: Clock) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = DatabaseConfig::Postgres(Secret::new(url));
        let config = Config { rate_limits: RateLimits::Off, database, ..Config::in_folder(folder.path()) };
        let house = Self::launch(Server::builder().config(config), clock).await;
        Self { _folder: Some(folder), ..house }
    }

    /// One that takes no more at once than it would in earnest.
    pub async fn open_limited() -> Self {
        Self::open_with(|config| config.rate_limits = RateLimits::Default).await
    }

    /// A house over a folder of the test's, which may have been one's before.
    pub async fn open_in(folder: &Path, at: Timestamp) -> Self {
        let config = Config { rate_limits: RateLimits::Off, ..config_in(folder) };
        Self::launch(Server::builder().config(config), Clock::manual(at)).await
    }

    /// A house over such a folder that can be killed.
    pub async fn open_to_be_killed(folder: &Path, at: Timestamp) -> Self {
        let process = Process::start();
        let folder = folder.to_owned();
        let house = process.run(async move { Self::open_in(&folder, at).await }).await;
        Self { process: Some(process), ..house }
    }

    /// Ends one that was opened to be killed, in the middle of whatever it does.
    pub async fn kill(self) {
        let Self { running, process, .. } = self;
        drop(running);
        process.expect("opened to be killed").kill().await;
    }

    /// What happens to a house that is killed while it starts, right after it has said that it is there.
    pub async fn killed_at_the_start(folder: &Path, at: Timestamp) {
        let (process, config) = (Process::start(), config_in(folder));
        let started = async move {
            let db = open_database(&config).await.expect("opens");
            let platform = Platform::start(config, Clock::manual(at), db).await.expect("a platform");
            platform.attendance.begin().await;
        };
        process.run(started).await;
        process.kill().await;
    }

    /// Has the house say that it is served, and find out if it was not.
    pub async fn beat(&self) {
        self.app().platform.attendance.beat().await.expect("the database takes it");
    }

    pub async fn close(self) {
        self.running.stop().await.expect("a clean stop");
    }

    /// A server as the test has it, over a folder of its own.
    pub async fn launch(server: Builder, clock: Clock) -> Self {
        let witness = Witness::default();
        let server = server.clock(clock.clone()).wrap(witness.around());
        let running = server.launch().await.expect("a server");
        let nobody = Person::nobody(running.url());
        Self { clock, running, nobody, process: None, _folder: None, _witness: witness }
    }

    /// The server's parts, for what nobody can ask for.
    pub fn app(&self) -> &App {
        self.running.app()
    }

    /// A new buyer, `name@example.com`.
    /// What anybody knows who has asked the house for its keys.
    pub async fn trust(&self) -> Trust {
        let keys = self.nobody.get("/auction/keys").await.expect(200);
        let LogKeys { keys } = serde_json::from_value(keys).expect("keys");
        Trust { keys: TrustedKeys::Given(keys), ..Trust::default() }
    }

    pub async fn buyer(&self, name: &str) -> Person {
        self.nobody.sign_up(&format!("{name}@example.com"), PASSWORD, name).await.person(201)
    }

    /// A new buyer who may sell.
    pub async fn seller(&self, name: &str) -> Person {
        self.with_role(name, "seller").await
    }

    /// A new buyer whom the admin gives one more role.
    pub async fn with_role(&self, name: &str, role: &str) -> Person {
        let (person, admin) = (self.buyer(name).await, self.admin().await);
        admin.give_roles(&person.id, json!([role])).await.expect(200);
        person
    }

    /// The admin; the first call makes the account, as an operator would.
    pub async fn admin(&self) -> Person {
        let email = "admin@example.com";
        self.app().accounts.ensure_admin(email, PASSWORD).await.expect("an admin");
        self.nobody.log_in(email, PASSWORD).await.person(200)
    }
}

/// A file of a folder in which a text stands.
pub fn file_with(text: &str, folder: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let has = |file: &PathBuf| {
        let bytes = fs::read(file).expect("its bytes");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files.find(has)
}
