//! Whose request this is, when proxies stand in between.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, HeaderName, request::Parts},
};

use crate::platform::Platform;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address a request came from; what a trusted proxy says, if it came through one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// The address behind a request, and the one it was received from.
    pub(crate) fn of(parts: &Parts, trusted: &[IpAddr]) -> (Self, Self) {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        // Nested in a program that does not say who is connected, all callers share one counter.
        let peer = peer.unwrap_or(Ipv6Addr::UNSPECIFIED.into());
        (Self(behind(peer, &parts.headers, trusted)), Self(peer))
    }
}

/// Each proxy appends whom it saw, so the list is read from its end. The first address that is no
/// proxy of ours is the client; what stands before it anybody may have written. Where an item can't
/// be read nobody vouches for more, and the proxy that passed it on answers for it.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut nearest = peer;
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut seen = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    while trusted.contains(&nearest) {
        match seen.next().and_then(address) {
            Some(address) => nearest = address,
            None => break,
        }
    }
    nearest
}

/// An item of the list: an address, which some proxies write with a port, or in brackets.
fn address(item: &[u8]) -> Option<IpAddr> {
    let item = std::str::from_utf8(item).ok()?.trim();
    let bare = item.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(item);
    let address = bare.parse().or_else(|_| item.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

impl<S: Sync> FromRequestParts<S> for ClientAddr
where
    Platform: FromRef<S>,
{
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &Platform::from_ref(state).config.trusted_proxies).0)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Request};

    use super::*;

    const CLIENT: &str = "203.0.113.9";
    const PROXY: &str = "10.0.0.1";
    const OUTER: &str = "10.0.0.2";

    /// Who is counted for a request from `peer` with these header lines; both proxies are trusted.
    fn counted(peer: &str, lines: &[&[u8]]) -> String {
        let parse = |text: &str| text.parse::<IpAddr>().expect("an address");
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(parse(peer), 50_000)));
        for line in lines {
            parts.headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).expect("a header"));
        }
        ClientAddr::of(&parts, &[parse(PROXY), parse(OUTER)]).0.0.to_string()
    }

    #[test]
    fn the_list_is_read_from_its_end_up_to_the_first_that_nobody_vouches_for() {
        let table: &[(&[&[u8]], &str)] = &[
            (&[], PROXY),
            (&[b"203.0.113.9"], CLIENT),
            (&[b"198.51.100.1, 203.0.113.9"], CLIENT),
            (&[b"198.51.100.1,203.0.113.9,10.0.0.2"], CLIENT),
            (&[b"198.51.100.1", b"203.0.113.9", b"10.0.0.2"], CLIENT),
            (&[b"203.0.113.9, 10.0.0.2", b"10.0.0.2"], CLIENT),
            (&[b"10.0.0.2, 10.0.0.1"], OUTER),
            // What the client itself wrote, in front, changes nothing.
            (&[b"x, 203.0.113.9"], CLIENT),
            (&[b"10.0.0.1, x", b"203.0.113.9"], CLIENT),
            (&[b"\xff\xfe", b"203.0.113.9"], CLIENT),
            (&[b"10.0.0.2, 203.0.113.9"], CLIENT),
            // What can't be read is the proxy's that passed it on.
            (&[b"10.8.8.1, x"], PROXY),
            (&[b"203.0.113.9, x, 10.0.0.2"], OUTER),
            (&[b"203.0.113.9, unknown"], PROXY),
            (&[b"203.0.113.9", b""], PROXY),
            (&[b"203.0.113.9,"], PROXY),
            (&[b"203.0.113.9, \xff"], PROXY),
            (&[b"203.0.113.9/32"], PROXY),
            (&[b"203.0.113.9:port"], PROXY),
            (&[b"203.0.113.999"], PROXY),
            (&[b"2001:db8::1:"], PROXY),
            // As proxies write addresses.
            (&[b"203.0.113.9:51234"], CLIENT),
            (&[b"  203.0.113.9\t"], CLIENT),
            (&[b"::ffff:203.0.113.9"], CLIENT),
            (&[b"203.0.113.9, ::ffff:10.0.0.2"], CLIENT),
            (&[b"203.0.113.9:51234, 10.0.0.2:443"], CLIENT),
            (&[b"2001:db8::1"], "2001:db8::1"),
            (&[b"[2001:db8::1]"], "2001:db8::1"),
            (&[b"[2001:db8::1]:51234"], "2001:db8::1"),
        ];
        for (lines, expected) in table {
            let shown: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
            assert_eq!(counted(PROXY, lines), *expected, "{shown:?}");
        }
    }

    #[test]
    fn nobody_else_may_say_who_asks() {
        assert_eq!(counted(CLIENT, &[b"198.51.100.1"]), CLIENT);
        assert_eq!(counted("::ffff:203.0.113.9", &[b"198.51.100.1"]), CLIENT);
        assert_eq!(counted("::ffff:10.0.0.1", &[b"198.51.100.1"]), "198.51.100.1");
    }
}
