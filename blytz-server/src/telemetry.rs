//! Logs: one JSON object a line on stderr. stdout is for data.

use std::io::{self, Write};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging what `filter` lets through. The first caller in a process wins, so that a program
/// that embeds the server keeps its own.
pub fn init(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(Redacting);
    // An error means that somebody else logs already.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
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
    fn tokens_do_not_reach_the_log() {
        let line = br#"{"path":"/x?token=eyJhbGci.eyJzdWIi.c2ln","again":"eyJhbGci"}"#;
        assert_eq!(redact(line), br#"{"path":"/x?token=***","again":"***"}"#);
        assert_eq!(redact(b"nothing to hide"), b"nothing to hide");
        assert_eq!(redact(b"ends with eyJ"), b"ends with ***");
    }
}
