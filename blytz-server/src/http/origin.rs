//! Which pages may open a WebSocket. CORS does not ask before one is opened.

use axum::http::{HeaderMap, header};
use reqwest::Url;

use crate::{
    config::Config,
    error::{Error, Result},
};

/// A page of a foreign origin must not ride on a visitor's address. Programs send no Origin.
///
/// # Errors
/// 403 `forbidden`.
pub fn check_origin(config: &Config, headers: &HeaderMap) -> Result<()> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let listed = config.cors_origins.iter().any(|allowed| allowed == origin || allowed == "*");
    if listed || is_own(origin, host) {
        Ok(())
    } else {
        Err(Error::forbidden("Pages of this origin may not connect; the operator can allow it with --cors-origins."))
    }
}

/// Whether a page of this origin was loaded from this host. Browsers leave the scheme's default port
/// out; proxies may state it.
fn is_own(origin: &str, host: &str) -> bool {
    let Some((scheme @ ("https" | "http"), _)) = origin.split_once("://") else { return false };
    match (Url::parse(origin), Url::parse(&format!("{scheme}://{host}"))) {
        (Ok(origin), Ok(host)) => origin.origin() == host.origin(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_of_the_host_it_was_loaded_from() {
        for (origin, host) in [
            ("https://shop.example", "shop.example"),
            ("http://shop.example", "shop.example"),
            ("https://shop.example", "shop.example:443"),
            ("http://shop.example", "shop.example:80"),
            ("https://shop.example:443", "shop.example"),
            ("https://shop.example", "SHOP.example"),
            ("https://shop.example:8443", "shop.example:8443"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://[::1]", "[::1]:80"),
        ] {
            assert!(is_own(origin, host), "{origin} at {host}");
        }
    }

    #[test]
    fn every_other_page_is_foreign() {
        for (origin, host) in [
            ("https://evil.example", "shop.example"),
            ("https://shop.example.evil.example", "shop.example"),
            ("https://shop.example:8443", "shop.example"),
            ("https://shop.example", "shop.example:8443"),
            ("https://shop.example", "shop.example:80"),
            ("http://shop.example", "shop.example:443"),
            ("ionic://shop.example", "shop.example"),
            ("https://shop.example@evil.example", "shop.example"),
            ("null", "shop.example"),
            ("null", ""),
            ("", ""),
            ("https://", ""),
        ] {
            assert!(!is_own(origin, host), "{origin} at {host}");
        }
    }
}
