//! The URL of a PostgreSQL database.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// The parameters that a PostgreSQL URL may have, as sqlx knows them.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

fn parameters(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    names.filter(|name| !name.is_empty())
}

/// Reads the URL of a PostgreSQL database. What is wrong with it never quotes it: it may hold a password.
pub(crate) fn postgres_url(text: &str) -> Result<PgConnectOptions, String> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Err("expected postgres://USER@HOST/DATABASE".to_owned());
    }
    if let Some(unknown) = parameters(text).find(|name| !PARAMETERS.contains(name) && !name.starts_with("options[")) {
        // A misspelt `password` would be logged with its value, and another password be used.
        return Err(format!("it has a parameter `{unknown}` that nobody knows"));
    }
    let options = PgConnectOptions::from_str(text).map_err(|error| error.to_string())?;
    if options.get_database().unwrap_or_default().contains(['@', '/']) {
        return Err("a password's special characters are written as %40 for @, %2F for /".to_owned());
    }
    Ok(options)
}
