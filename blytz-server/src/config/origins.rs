//! `--cors-origins`: what browsers and apps send as the origin of their pages.
//!
//! An `Origin` is compared as a text, so that a value which no browser ever sends would be of no use
//! and nobody would know why. It is refused, with the spelling that browsers use.

use reqwest::Url;

/// Schemes of addresses that no page has.
const NO_PAGES: [&str; 4] = ["ws", "wss", "data", "blob"];

/// A list of origins, or `*`.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    super::list(text).map(|item| if item == "*" { Ok(item.to_owned()) } else { origin(item) }).collect()
}

fn origin(text: &str) -> Result<String, String> {
    let no_origin = |why: &str| Err(format!("`{text}` is no origin: {why}"));
    let Some((scheme, rest)) = text.split_once("://") else {
        return no_origin("expected *, or a scheme and a host such as https://shop.example");
    };
    if rest.contains('*') {
        return no_origin("nothing but * itself stands for many; name each");
    }
    let Ok(url) = Url::parse(text) else { return no_origin("expected a host, such as https://shop.example") };
    if NO_PAGES.contains(&url.scheme()) {
        return no_origin("pages come from https:// or http://, also those that open WebSockets");
    }
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() && scheme != "file" {
        return no_origin("the host is missing");
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let sent = format!("{}://{host}{port}", url.scheme());
    // Browsers leave a default port out; people need not.
    let stated = url.port_or_known_default().map(|port| format!("{}://{host}:{port}", url.scheme()));
    if text == sent || stated.as_deref() == Some(text) {
        Ok(sent)
    } else {
        no_origin(&format!("a browser there sends {sent}, without path, in this spelling"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_scheme_is_an_origin_as_browsers_and_apps_send_it() {
        for text in [
            "https://shop.example",
            "http://shop.example:8080",
            "http://localhost:3000",
            "http://127.0.0.1:5173",
            "http://[::1]:8080",
            "https://xn--bcher-kva.example",
            "ionic://localhost",
            "capacitor://localhost",
            "tauri://localhost",
            "app://.",
            "chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek",
            "moz-extension://6d2b2a3c-5b0a-4c58-8f4f-0d1b7a2f3c4d",
            "com.example.shop+dev://main",
            "file://",
            "*",
        ] {
            assert_eq!(origins(text), Ok(vec![text.to_owned()]));
        }
    }

    #[test]
    fn a_default_port_may_be_stated() {
        for (text, sent) in [
            ("https://shop.example:443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("https://shop.example:80", "https://shop.example:80"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(origins(text), Ok(vec![sent.to_owned()]));
        }
    }

    #[test]
    fn what_no_browser_ever_sends_is_refused_with_what_it_would() {
        for (text, said) in [
            ("https://shop.example/", "sends https://shop.example,"),
            ("https://shop.example/path", "sends https://shop.example,"),
            ("https://shop.example?x", "sends https://shop.example,"),
            ("https://Shop.Example", "sends https://shop.example,"),
            ("HTTPS://shop.example", "sends https://shop.example,"),
            ("https://ann@shop.example", "sends https://shop.example,"),
            ("https://bücher.example", "sends https://xn--bcher-kva.example,"),
            ("http://127.1", "sends http://127.0.0.1,"),
            ("http://[0:0:0:0:0:0:0:1]", "sends http://[::1],"),
            ("https://shop.example:0443", "sends https://shop.example,"),
            ("ionic://localhost/", "sends ionic://localhost,"),
            ("https://*.shop.example", "name each"),
            ("*.shop.example", "a scheme and a host"),
            ("shop.example", "a scheme and a host"),
            ("shop.example:443", "a scheme and a host"),
            ("null", "a scheme and a host"),
            ("https:shop.example", "a scheme and a host"),
            ("https://", "expected a host"),
            ("https://shop.example:99999", "expected a host"),
            ("https://shop example", "expected a host"),
            ("ionic://", "the host is missing"),
            ("wss://shop.example", "pages come from https://"),
        ] {
            let refused = origins(text).expect_err(text);
            assert!(refused.starts_with(&format!("`{text}` is no origin: ")) && refused.contains(said), "{refused}");
        }
    }
}
