//! `admin create`: the first administrator, or another.

use std::{
    fs,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::Context;
use blytz_core::account::{check_password, normalise_email};

use super::Failure;
use crate::{
    clock::Clock,
    config::{Config, ConfigError, Layers, Options, Secret},
    platform::Platform,
    serve::open_database,
    services::auth::{Accounts, EnsuredAdmin},
};

/// `admin …`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Admin {
    /// Make an account with every right. An account that exists is left as it is.
    Create {
        /// The address to log in with.
        #[arg(long)]
        email: String,
        /// File with the password on its first line; `-` reads it from stdin. Without this it is
        /// BLYTZ_ADMIN_PASSWORD, or stdin when that is no terminal.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

impl Admin {
    pub(super) async fn run(self, options: &Options) -> Result<(), Failure> {
        let Self::Create { email, password_file } = self;
        let layers = Layers::gather(options)?;
        let password = password(password_file.as_deref(), layers.admin_password())?;
        check(&email, &password)?;
        let config = Config::from_layers(&layers.without_admin())?;

        let db = open_database(&config).await?;
        let platform = Platform::start(config, Clock::system(), db.clone()).await.map_err(anyhow::Error::from)?;
        let accounts = Accounts::start(&platform).await.map_err(anyhow::Error::from)?;
        let ensured = accounts.ensure_admin(&email, &password).await;
        db.close().await;
        match ensured? {
            EnsuredAdmin::Created(id) => {
                println!("{id}");
                Ok(())
            }
            EnsuredAdmin::Existed(id) => {
                Err(anyhow::anyhow!("{email} has an account already ({id}); it is left as it is.").into())
            }
        }
    }
}

fn password(file: Option<&Path>, given: Option<Secret>) -> Result<Secret, Failure> {
    let text = match file {
        Some(path) if path != Path::new("-") => {
            fs::read_to_string(path).with_context(|| format!("The password file {} can't be read", path.display()))?
        }
        Some(_) => from_stdin()?,
        None => match given {
            Some(password) => return Ok(password),
            None if std::io::stdin().is_terminal() => {
                let ways = "Give the password with --password-file FILE, on stdin, or in BLYTZ_ADMIN_PASSWORD.";
                return Err(ConfigError::new(ways).into());
            }
            None => from_stdin()?,
        },
    };
    Ok(Secret::new(text.lines().next().unwrap_or_default()))
}

fn from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    // A password is short; nobody has to hold a gigabyte that was piped in by mistake.
    std::io::stdin().take(4096).read_to_string(&mut text).context("The password can't be read from stdin")?;
    Ok(text)
}

fn check(email: &str, password: &str) -> Result<(), ConfigError> {
    normalise_email(email).map_err(|invalid| ConfigError::new(format!("The email address {invalid}.")))?;
    check_password(password).map_err(|invalid| ConfigError::new(format!("The password {invalid}.")))
}
