//! What an address may hold: connections, and answers that it has not taken yet.
//!
//! Both cost memory as long as they last, whatever is asked, so that counting requests is not enough.
//! Trusted proxies bring many people over their connections, and may open as many as they like; the
//! WebSockets that come through them, and the answers, count for the address behind.

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

/// Who holds how much, by address. Cheap to clone.
#[derive(Clone)]
pub struct Crowd(Option<Arc<Inside>>);

struct Inside {
    trusted: Vec<IpAddr>,
    connections: Tally,
    bytes: Tally,
}

/// How many of something each address holds, and how many it may.
struct Tally {
    most: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection that counts until this is dropped.
pub struct Guest(#[expect(dead_code, reason = "dropping it ends the count")] Option<Share>);

/// An answer that counts until this is dropped.
pub struct Held(#[expect(dead_code, reason = "dropping it ends the count")] Option<Share>);

/// What an address holds in a tally.
struct Share {
    inside: Arc<Inside>,
    tally: fn(&Inside) -> &Tally,
    address: IpAddr,
    amount: usize,
}

impl Crowd {
    /// The most bytes of answers that may be on their way to one address: several of the largest.
    pub const MOST_HELD: usize = 64 * 1024 * 1024;

    /// Nobody yet; without rate limits anybody may come.
    pub fn new(config: &Config) -> Self {
        let tally = |most| Tally { most, held: Mutex::default() };
        Self((config.rate_limits == RateLimits::Default).then(|| {
            Arc::new(Inside {
                trusted: config.trusted_proxies.clone(),
                connections: tally(config.connections_per_address),
                bytes: tally(Self::MOST_HELD),
            })
        }))
    }

    /// Counts a connection.
    ///
    /// # Errors
    /// 429 `rate_limited` when the address has as many as it may.
    pub fn enter(&self, address: IpAddr) -> Result<Guest> {
        self.share(|inside| &inside.connections, address, 1).map(Guest).map_err(|Full| {
            too_much("Too many connections from this address; close some first.").retry_after(COME_BACK_AFTER)
        })
    }

    /// Counts an answer of so many bytes that is on its way.
    ///
    /// # Errors
    /// 429 `rate_limited` when too much is on its way to the address already.
    pub fn hold(&self, address: IpAddr, bytes: usize) -> Result<Held> {
        self.share(|inside| &inside.bytes, address, bytes)
            .map(Held)
            .map_err(|Full| too_much("Too much is on its way to this address; take it first.").retry_after(1))
    }

    fn share(&self, tally: fn(&Inside) -> &Tally, address: IpAddr, amount: usize) -> Result<Option<Share>, Full> {
        let Some(inside) = self.0.as_ref().filter(|inside| !inside.trusted.contains(&address.to_canonical())) else {
            return Ok(None);
        };
        let address = household(address);
        let Tally { most, held } = tally(inside);
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.get(&address).copied().unwrap_or(0);
        // Whoever holds nothing gets what they ask for, however large it is.
        if before > 0 && before + amount > *most {
            return Err(Full);
        }
        held.insert(address, before + amount);
        Ok(Some(Share { inside: Arc::clone(inside), tally, address, amount }))
    }
}

/// There is no room.
struct Full;

fn too_much(detail: &str) -> Error {
    Error::new(ErrorCode::RateLimited, detail)
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = (self.tally)(&self.inside).held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(amount) = held.get_mut(&self.address) {
            *amount -= self.amount;
            if *amount == 0 {
                held.remove(&self.address);
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
        assert!(inside.connections.held.lock().expect("no panic").is_empty());
    }

    #[test]
    fn a_household_is_one_and_a_proxy_is_many() {
        let crowd = crowd(RateLimits::Default);
        let _guests = ["2001:db8::1", "2001:db8::2"].map(|text| crowd.enter(address(text)).expect("there is room"));
        assert!(crowd.enter(address("2001:db8::3")).is_err());
        let _through: Vec<_> = (0..100).map(|_| crowd.enter(address("::ffff:10.0.0.1")).expect("a proxy's")).collect();
    }

    #[test]
    fn answers_on_their_way_are_counted_by_their_size() {
        let crowd = crowd(RateLimits::Default);
        let hold = |bytes| crowd.hold(address("192.0.2.1"), bytes);
        let half = Crowd::MOST_HELD / 2;
        let (first, _second) = (hold(half).expect("there is room"), hold(half).expect("there is room"));
        assert_eq!(hold(1).err().expect("there is no room").into_problem().retry_after, Some(1));
        drop(first);
        hold(half).expect("there is room again");
        assert!(hold(half + 1).is_err());
        crowd.hold(address("192.0.2.2"), 2 * Crowd::MOST_HELD).expect("the only one, however large");
    }

    #[test]
    fn off_is_off() {
        let crowd = crowd(RateLimits::Off);
        let _everybody: Vec<_> = (0..100).map(|_| crowd.enter(address("192.0.2.1")).expect("no limit")).collect();
    }
}
