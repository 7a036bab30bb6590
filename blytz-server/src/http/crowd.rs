//! How many connections an address may hold.
//!
//! A connection costs memory as long as it is open, whatever it asks, so that counting requests is
//! not enough. Trusted proxies bring many people over their connections, and may open as many as
//! they like; the WebSockets that come through them count for the address behind.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use blytz_core::wire::ErrorCode;

use super::limits::household;
use crate::{
    config::{Config, RateLimits},
    error::{Error, Result},
};

/// How long to wait until a connection may have become free, in seconds.
pub const COME_BACK_AFTER: u64 = 10;

/// The open connections by address. Cheap to clone.
#[derive(Clone)]
pub struct Crowd(Option<Arc<Inside>>);

struct Inside {
    most: usize,
    trusted: Vec<IpAddr>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection that counts until this is dropped.
pub struct Guest(Option<(Arc<Inside>, IpAddr)>);

impl Crowd {
    /// Nobody yet; without rate limits anybody may come.
    pub fn new(config: &Config) -> Self {
        Self((config.rate_limits == RateLimits::Default).then(|| {
            Arc::new(Inside {
                most: config.connections_per_address,
                trusted: config.trusted_proxies.clone(),
                open: Mutex::default(),
            })
        }))
    }

    /// Counts a connection.
    ///
    /// # Errors
    /// 429 `rate_limited` when the address has as many as it may.
    pub fn enter(&self, address: IpAddr) -> Result<Guest> {
        let Some(inside) = self.0.as_ref().filter(|inside| !inside.trusted.contains(&address.to_canonical())) else {
            return Ok(Guest(None));
        };
        let address = household(address);
        let mut open = inside.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= inside.most {
            return Err(Error::new(
                ErrorCode::RateLimited,
                "Too many connections from this address; close some first.",
            )
            .retry_after(COME_BACK_AFTER));
        }
        *count += 1;
        Ok(Guest(Some((Arc::clone(inside), address))))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some((inside, address)) = self.0.take() else { return };
        let mut open = inside.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(rate_limits: RateLimits) -> Crowd {
        let trusted_proxies = vec![address("10.0.0.1")];
        Crowd::new(&Config { rate_limits, trusted_proxies, connections_per_address: 2, ..Config::default() })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_holds_so_many_connections_until_it_lets_go_of_one() {
        let crowd = crowd(RateLimits::Default);
        let first = crowd.enter(address("192.0.2.1")).expect("there is room");
        let _second = crowd.enter(address("::ffff:192.0.2.1")).expect("there is room");
        let refused = crowd.enter(address("192.0.2.1")).err().expect("there is no room").into_problem();
        assert_eq!((refused.status, refused.retry_after), (429, Some(COME_BACK_AFTER)));
        let _neighbour = crowd.enter(address("192.0.2.2")).expect("another address");
        drop(first);
        let _third = crowd.enter(address("192.0.2.1")).expect("there is room again");
        assert!(crowd.enter(address("192.0.2.1")).is_err());
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let crowd = crowd(RateLimits::Default);
        drop(crowd.enter(address("192.0.2.1")).expect("there is room"));
        let inside = crowd.0.as_ref().expect("limits");
        assert!(inside.open.lock().expect("no panic").is_empty());
    }

    #[test]
    fn a_household_is_one_and_a_proxy_is_many() {
        let crowd = crowd(RateLimits::Default);
        let _guests = ["2001:db8::1", "2001:db8::2"].map(|text| crowd.enter(address(text)).expect("there is room"));
        assert!(crowd.enter(address("2001:db8::3")).is_err());
        let _through: Vec<_> = (0..100).map(|_| crowd.enter(address("::ffff:10.0.0.1")).expect("a proxy's")).collect();
    }

    #[test]
    fn off_is_off() {
        let crowd = crowd(RateLimits::Off);
        let _everybody: Vec<_> = (0..100).map(|_| crowd.enter(address("192.0.2.1")).expect("no limit")).collect();
    }
}
