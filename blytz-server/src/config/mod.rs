//! How a server was asked to run: flags beat the environment, the environment beats the file.
//!
//! Every option has one name. `rate_limits` is `--rate-limits`, `BLYTZ_RATE_LIMITS` and
//! `rate_limits = …` in `blytz.toml`; `layers` finds its text in these three, this file says what
//! the text means. A wrong value stops the start with a sentence that names where it stood.

mod layers;
mod origins;
mod postgres;
mod secret;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use blytz_core::account::{check_password, normalise_email};

pub(crate) use self::postgres::postgres_url;
pub use self::{
    layers::{Layers, Options},
    secret::Secret,
};
use crate::service::Service;

/// Everything a server can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on, `host:port`; port 0 takes a free one.
    pub listen: String,
    /// The folder that holds the database; made when it is missing.
    pub data: PathBuf,
    /// Which database; [`DatabaseConfig::InFolder`] unless said otherwise.
    pub database: DatabaseConfig,
    /// The house's name, which stands in its logs and under which others keep its keys. Whoever changes it
    /// is another house: lots that began under the old name end without a signature that counts.
    pub origin: String,
    /// Whether requests are counted.
    pub rate_limits: RateLimits,
    /// Origins whose pages may use the API, such as `https://shop.example`; `*` stands for all. None
    /// are allowed by default, though nothing is ever read from cookies.
    pub cors_origins: Vec<String>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Connections that an address may hold at a time; trusted proxies, and everybody when requests are
    /// not counted, may hold any number.
    pub connections_per_address: usize,
    /// Encrypts the signing keys in the database.
    pub secret_key: Option<Secret>,
    /// The first administrator, made at the start unless the account exists.
    pub admin: Option<AdminConfig>,
    /// Logins with Firebase.
    pub firebase: FirebaseConfig,
    /// Which log lines are written, in the syntax of `RUST_LOG`.
    pub log: String,
    /// How long a connection may keep the server waiting.
    pub timeouts: Timeouts,
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseConfig {
    /// SQLite, `blytz.db` in the data folder.
    InFolder,
    /// SQLite at a `sqlite:` URL.
    Url(String),
    /// PostgreSQL at a `postgres:` URL, which may name a password.
    Postgres(Secret),
}

/// Whether requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimits {
    /// The published limits.
    Default,
    /// None at all: for load tests and demos.
    Off,
}

/// The first administrator.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// Their email address.
    pub email: String,
    /// Their password.
    pub password: Secret,
}

/// Logins with Firebase: off unless there is a project.
#[derive(Debug, Clone, Default)]
pub struct FirebaseConfig {
    /// The project whose tokens are accepted.
    pub project_id: Option<String>,
    /// Where its public keys are, when not at Google.
    pub jwks_url: Option<String>,
    /// `host:port` of an emulator, whose tokens are unsigned. Never in production.
    pub auth_emulator_host: Option<String>,
}

/// How long a connection may keep the server waiting.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From the connection, or the last answer, to the end of the next request's head.
    pub head: Duration,
    /// From one part of a body to the next.
    pub body: Duration,
    /// From the head of a request to its answer.
    pub request: Duration,
    /// From one part of what we have to say to the next, if the client does not take it.
    pub write: Duration,
    /// From one part of an answer over HTTP/2 to the next. Nothing happens in its stream while a request
    /// is worked on either, so this is longer than `request`.
    pub stream: Duration,
    /// From the signal to stop to the end, whatever is still open then.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            request: Duration::from_secs(30),
            write: Duration::from_secs(30),
            stream: Duration::from_mins(1),
            drain: Duration::from_secs(8),
        }
    }
}

/// Why a server can't run as it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl Config {
    /// The defaults over a data folder, on a free port of the loopback interface.
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        Self { listen: "127.0.0.1:0".to_owned(), data: folder.as_ref().to_owned(), ..Self::default() }
    }

    /// Reads the options out of flags, environment and file.
    ///
    /// # Errors
    /// A sentence that names the first wrong value and where it stands.
    pub fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let defaults = Self::default();
        let database = layers.read("database_url", database)?.unwrap_or(defaults.database);
        refuse_several_processes(layers)?;
        Ok(Self {
            listen: layers.read("listen", address)?.unwrap_or(defaults.listen),
            data: layers.read("data", folder)?.unwrap_or(defaults.data),
            database,
            origin: layers.read("origin", origin_name)?.unwrap_or(defaults.origin),
            rate_limits: layers.read("rate_limits", rate_limits)?.unwrap_or(defaults.rate_limits),
            cors_origins: layers.read("cors_origins", origins::origins)?.unwrap_or(defaults.cors_origins),
            trusted_proxies: layers.read("trusted_proxies", addresses)?.unwrap_or(defaults.trusted_proxies),
            connections_per_address: layers
                .read("connections_per_address", at_least_one)?
                .unwrap_or(defaults.connections_per_address),
            secret_key: layers.read("secret_key", not_empty)?.map(Secret::new),
            admin: admin(layers)?,
            firebase: FirebaseConfig {
                project_id: layers.read("firebase_project_id", not_empty)?,
                jwks_url: layers.read("firebase_jwks_url", http_url)?,
                auth_emulator_host: layers.read("firebase_auth_emulator_host", address)?,
            },
            log: layers.read("log", log_filter)?.unwrap_or(defaults.log),
            timeouts: defaults.timeouts,
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            data: PathBuf::from("blytz-data"),
            database: DatabaseConfig::InFolder,
            origin: "localhost".to_owned(),
            rate_limits: RateLimits::Default,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            connections_per_address: 1_024,
            secret_key: None,
            admin: None,
            firebase: FirebaseConfig::default(),
            log: "info".to_owned(),
            timeouts: Timeouts::default(),
        }
    }
}

/// A house's name: a host, with a port if need be, in the one spelling that others will compare.
fn origin_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '-' | ':' | '[' | ']');
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    if begins && text.len() <= 253 && text.chars().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no name of a house: expected a host in lower case, such as shop.example"))
    }
}

/// What this server can't do yet is refused rather than quietly left out.
fn refuse_several_processes(layers: &Layers) -> Result<(), ConfigError> {
    layers.read("redis_url", |_| {
        Err::<(), _>("this build runs in one process and does not speak to Redis; leave it out".to_owned())
    })?;
    layers.read("services", |text| {
        let names = || text.split(',').map(str::trim);
        for name in names().filter(|name| *name != "all") {
            name.parse::<Service>().map_err(|unknown| unknown.to_string())?;
        }
        if !names().eq(["all"]) {
            return Err("one process runs all services; leave it out".to_owned());
        }
        Ok(())
    })?;
    Ok(())
}

fn admin(layers: &Layers) -> Result<Option<AdminConfig>, ConfigError> {
    let email = layers.read("admin_email", |text| checked(text, normalise_email(text)))?;
    let password = layers.read("admin_password", |text| checked(text, check_password(text)))?;
    match (email, password.map(Secret::new)) {
        (Some(email), Some(password)) => Ok(Some(AdminConfig { email, password })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::new("BLYTZ_ADMIN_EMAIL is given without BLYTZ_ADMIN_PASSWORD.")),
        (None, Some(_)) => Err(ConfigError::new("BLYTZ_ADMIN_PASSWORD is given without BLYTZ_ADMIN_EMAIL.")),
    }
}

/// The text, if the rule that clients' requests obey finds no fault in it.
fn checked<T>(text: &str, checked: Result<T, impl std::fmt::Display>) -> Result<String, String> {
    checked.map(|_| text.to_owned()).map_err(|invalid| format!("it {invalid}"))
}

fn address(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').ok_or("expected host:port, such as 127.0.0.1:8080")?;
    if host.is_empty() {
        return Err("the host is missing; 0.0.0.0 listens on every interface".to_owned());
    }
    port.parse::<u16>().map_err(|_| format!("`{port}` is no port; expected 0 to 65535"))?;
    Ok(text.to_owned())
}

fn folder(text: &str) -> Result<PathBuf, String> {
    not_empty(text).map(PathBuf::from)
}

fn database(text: &str) -> Result<DatabaseConfig, String> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme {
        "sqlite" if text.contains(":memory:") || text.contains("mode=memory") => {
            Err("a database in memory would lose every bid at the next start; name a file".to_owned())
        }
        "sqlite" => Ok(DatabaseConfig::Url(text.to_owned())),
        "postgres" | "postgresql" => postgres_url(text).map(|_| DatabaseConfig::Postgres(Secret::new(text))),
        _ => Err("expected sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE".to_owned()),
    }
}

fn rate_limits(text: &str) -> Result<RateLimits, String> {
    match text {
        "default" => Ok(RateLimits::Default),
        "off" => Ok(RateLimits::Off),
        _ => Err("expected default or off".to_owned()),
    }
}

fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let address = |item: &str| item.parse().map(|address: IpAddr| address.to_canonical());
    list(text).map(|item| address(item).map_err(|_| format!("`{item}` is no IP address"))).collect()
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a whole number from 1".to_owned())
}

fn http_url(text: &str) -> Result<String, String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        Ok(text.to_owned())
    } else {
        Err("expected an http:// or https:// URL".to_owned())
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| "expected a filter such as info or blytz_server=debug,warn".to_owned())
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}
