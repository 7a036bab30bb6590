//! Logs: one JSON object a line on stderr. stdout is for data.

use std::io::{self, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Starts logging what `filter` lets through. The first caller in a process wins, so that a program
/// that embeds the server keeps its own.
pub fn init(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(Redacting);
    // An error means that somebody else logs already.
    let _ = tracing_subscriber::registry().with(filter).with(filter_fn(may_be_said)).with(lines).try_init();
}

/// Whether a line can't hold a secret, whatever the filter lets through. Ours are written so that
/// they don't. Libraries know nothing of secrets: at `debug` and below they print frames, headers,
/// statements, and with them a bid's max, a password, a token. A new one shall not be the exception.
fn may_be_said(line: &Metadata<'_>) -> bool {
    *line.level() <= Level::INFO || is_ours(line.target())
}

fn is_ours(target: &str) -> bool {
    let krate = target.split("::").next().unwrap_or_default();
    krate.strip_prefix("blytz").is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Writes to stderr what is left of a line without its tokens.
///
/// Secrets have types that print as `***`; this is the net below, for a token that came in by a
/// path, a header or a library's error text.
struct Redacting;

impl<'a> MakeWriter<'a> for Redacting {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Redacting {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(&redact(line))?;
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// What every JSON Web Token begins with: `{"` in base64.
const TOKEN: &[u8] = b"eyJ";

fn redact(line: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.windows(TOKEN.len()).position(|window| window == TOKEN) {
        let (before, token) = rest.split_at(start);
        let end = token.iter().position(|byte| !is_token(*byte)).unwrap_or(token.len());
        clean.extend_from_slice(before);
        clean.extend_from_slice(b"***");
        rest = &token[end..];
    }
    clean.extend_from_slice(rest);
    clean
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_crates_may_go_into_detail() {
        for ours in ["blytz", "blytz_server", "blytz_server::http::metrics", "blytz_client::live"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in ["", "log", "hyper::proto::h1", "tungstenite::protocol", "sqlx::query", "blytzkrieg", "h2_blytz"] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn tokens_do_not_reach_the_log() {
        let line = br#"{"path":"/x?token=eyJhbGci.eyJzdWIi.c2ln","again":"eyJhbGci"}"#;
        assert_eq!(redact(line), br#"{"path":"/x?token=***","again":"***"}"#);
        assert_eq!(redact(b"nothing to hide"), b"nothing to hide");
        assert_eq!(redact(b"ends with eyJ"), b"ends with ***");
    }
}
