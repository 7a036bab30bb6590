//! Flags, environment and file, laid over each other.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{ConfigError, Secret};

/// The options that every way of starting a server takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Server options")]
pub struct Options {
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Folder for the database and keys; made when it is missing [default: blytz-data].
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<String>,
    /// Database elsewhere than in the data folder: sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// The house's name, under which others keep its signing keys: its host, say [default: localhost].
    #[arg(long, global = true, value_name = "NAME")]
    pub origin: Option<String>,
    /// Redis, for servers of several processes; this build has none.
    #[arg(long, global = true, value_name = "URL", hide = true)]
    pub redis_url: Option<String>,
    /// Services to run; there is only `all`.
    #[arg(long, global = true, value_name = "LIST")]
    pub services: Option<String>,
    /// `default`, or `off` for load tests and demos.
    #[arg(long, global = true, value_name = "WHICH")]
    pub rate_limits: Option<String>,
    /// Origins whose pages may use the API: `*`, or a list such as `https://shop.example`.
    #[arg(long, global = true, value_name = "LIST")]
    pub cors_origins: Option<String>,
    /// Addresses of reverse proxies whose X-Forwarded-For is believed.
    #[arg(long, global = true, value_name = "LIST")]
    pub trusted_proxies: Option<String>,
    /// Connections that one address may hold at a time [default: 1024].
    #[arg(long, global = true, value_name = "NUMBER")]
    pub connections_per_address: Option<String>,
    /// Log lines to write to stderr, such as `info` or `blytz_server=debug,warn` [default: info].
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// File with any of these options, and with those that are too secret for a command line.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Every option's name. What is in no flag is too secret for a command line, or too rare.
const NAMES: [&str; 17] = [
    "listen",
    "data",
    "database_url",
    "origin",
    "redis_url",
    "services",
    "rate_limits",
    "cors_origins",
    "trusted_proxies",
    "connections_per_address",
    "log",
    "secret_key",
    "admin_email",
    "admin_password",
    "firebase_project_id",
    "firebase_jwks_url",
    "firebase_auth_emulator_host",
];

/// Values that must not be repeated in an error or a log line.
const SECRET: [&str; 3] = ["secret_key", "admin_password", "redis_url"];

/// Variables that belong to the other programs of the house.
const NEIGHBOURS: [&str; 4] = ["BLYTZ_SERVER", "BLYTZ_TOKEN", "BLYTZ_PROFILE", "BLYTZ_CONFIG"];

/// One option's text and where it stood.
#[derive(Clone)]
struct Given {
    place: String,
    text: String,
}

/// The texts of all options given, the strongest layer's of each.
#[derive(Clone, Default)]
pub struct Layers {
    given: BTreeMap<&'static str, Given>,
    warnings: Vec<String>,
}

impl Layers {
    /// Lays the flags over this process's environment over the file that either names.
    ///
    /// # Errors
    /// A sentence that names the file, if it can't be read or has an unknown or unfit entry.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment, once, at the start")]
    pub fn gather(options: &Options) -> Result<Self, ConfigError> {
        Self::lay(options, std::env::vars_os())
    }

    /// The same over a given environment.
    ///
    /// # Errors
    /// As [`Layers::gather`].
    pub fn lay(
        options: &Options,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Self::default();
        let mut file = None;
        // The weaker layer first; the stronger one writes over it.
        let mut from_environment = Vec::new();
        for (variable, text) in environment {
            let Some(variable) = variable.to_str() else { continue };
            if let ("RUST_LOG", Some(filter)) = (variable, text.to_str().filter(|filter| !filter.is_empty())) {
                layers.given.insert("log", Given { place: variable.to_owned(), text: filter.to_owned() });
            }
            if !variable.starts_with("BLYTZ_") {
                continue;
            }
            if variable == "BLYTZ_CONFIG" {
                file = Some(PathBuf::from(&text));
            }
            let name = NAMES.into_iter().find(|name| environment_name(name) == variable);
            match (name, text.into_string().map(without_line_end)) {
                // Compose files pass on what is not set as an empty text.
                (Some(_), Ok(text)) if text.is_empty() => {}
                (Some(name), Ok(text)) => from_environment.push((name, Given { place: variable.to_owned(), text })),
                (Some(_), Err(_)) => return Err(ConfigError::new(format!("{variable} is not UTF-8 text."))),
                (None, _) if NEIGHBOURS.contains(&variable) => {}
                (None, _) => layers.warnings.push(format!("{variable} is set, but means nothing to this server.")),
            }
        }
        if let Some(file) = options.config.as_ref().or(file.as_ref()) {
            layers.given.extend(read_file(file)?);
        }
        layers.given.extend(from_environment);
        layers.given.extend(options.given());
        Ok(layers)
    }

    /// The password for an administrator, if the environment or the file gives one.
    pub(crate) fn admin_password(&self) -> Option<Secret> {
        self.given.get("admin_password").map(|given| Secret::new(&*given.text))
    }

    /// The same without an administrator to be made at the start.
    pub(crate) fn without_admin(mut self) -> Self {
        self.given.retain(|name, _| !name.starts_with("admin_"));
        self
    }

    /// What is odd but no reason not to start.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Reads the option `name`, if it is given anywhere.
    pub(super) fn read<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        debug_assert!(NAMES.contains(&name), "{name} is missing in NAMES");
        let Some(Given { place, text }) = self.given.get(name) else { return Ok(None) };
        parse(text).map(Some).map_err(|detail| {
            let secret = SECRET.contains(&name) || has_credentials(text);
            let value = if secret { "set to something wrong".to_owned() } else { format!("`{text}`") };
            ConfigError::new(format!("{place} is {value}: {detail}."))
        })
    }
}

/// Whether the text is a URL with a user's name or password in it.
fn has_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

impl Options {
    fn given(&self) -> impl Iterator<Item = (&'static str, Given)> {
        let flags = [
            ("listen", &self.listen),
            ("data", &self.data),
            ("database_url", &self.database_url),
            ("origin", &self.origin),
            ("redis_url", &self.redis_url),
            ("services", &self.services),
            ("rate_limits", &self.rate_limits),
            ("cors_origins", &self.cors_origins),
            ("trusted_proxies", &self.trusted_proxies),
            ("connections_per_address", &self.connections_per_address),
            ("log", &self.log),
        ];
        flags.into_iter().filter_map(|(name, text)| {
            let place = format!("--{}", name.replace('_', "-"));
            text.clone().map(|text| (name, Given { place, text }))
        })
    }
}

/// What comes from a mounted file often ends its line, in one way or another. Nobody means that, least
/// of all in a password that people have to type; whoever does gives two.
fn without_line_end(mut text: String) -> String {
    let end = ["\r\n", "\n", "\r"].into_iter().find(|end| text.ends_with(end)).unwrap_or_default();
    text.truncate(text.len() - end.len());
    text
}

fn environment_name(name: &str) -> String {
    format!("BLYTZ_{}", name.to_uppercase())
}

fn read_file(path: &Path) -> Result<Vec<(&'static str, Given)>, ConfigError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(format!("The configuration file {shown} can't be read: {error}.")))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| ConfigError::new(format!("{shown} is not TOML: {}.", error.message())))?;
    table.into_iter().map(|(key, value)| entry(&shown.to_string(), &key, &value)).collect()
}

/// One line of the file, as the text it would be on the command line.
fn entry(file: &str, key: &str, value: &toml::Value) -> Result<(&'static str, Given), ConfigError> {
    let Some(name) = NAMES.into_iter().find(|name| *name == key) else {
        return Err(ConfigError::new(format!(
            "{file} sets `{key}`, which is no option; there are {}.",
            NAMES.join(", ")
        )));
    };
    let place = format!("{name} in {file}");
    let text = match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Array(items) => {
            items.iter().map(toml::Value::as_str).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        _ => None,
    };
    match text {
        Some(text) => Ok((name, Given { place, text: without_line_end(text) })),
        None => Err(ConfigError::new(format!("{place} must be a text or a list of texts."))),
    }
}
