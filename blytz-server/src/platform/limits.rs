//! Rate limits: who asks too often is told when to ask again.
//!
//! Requests and bids run through leaky buckets (so many a second, with a burst); failed logins and
//! signups are counted over a window. A user is counted by id, everybody else by address, and an
//! IPv6 address by its /64, which is what one household has.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use blytz_core::{Timestamp, UserId, wire::ErrorCode};
use governor::{Quota, RateLimiter, middleware::NoOpMiddleware, state::keyed::DefaultKeyedStateStore};

use crate::{
    clock::Clock,
    config::{Config, RateLimits},
    error::{Error, Result},
};

/// Requests other than bids: per second, and at once.
const REQUESTS: (u32, u32) = (50, 200);
/// Bids of one user: per second, and at once.
const BIDS: (u32, u32) = (20, 60);
/// Frames of one WebSocket: per second, and at once. Above what one may bid and ask together.
const FRAMES: (u32, u32) = (100, 400);
/// Failed logins per account and address.
const LOGINS: (usize, Duration) = (20, Duration::from_mins(15));
/// Failed logins per address, for whichever accounts.
const LOGINS_OF_ADDRESS: (usize, Duration) = (300, Duration::from_mins(15));
/// Signups per address.
const SIGNUPS: (usize, Duration) = (60, Duration::from_hours(1));
/// How many counters are remembered; the least used are forgotten first.
const REMEMBERED: u64 = 100_000;
/// After how many requests the buckets that are full again are thrown away.
const SWEEP_EVERY: u32 = 10_000;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Somebody logged in.
    User(UserId),
    /// Anybody at an address.
    Address(IpAddr),
}

/// The limits of one server. Cheap to clone.
#[derive(Clone)]
pub struct Limits(Option<Arc<Counters>>);

struct Counters {
    requests: Bucket<Caller>,
    bids: Bucket<UserId>,
    frames: Bucket<String>,
    logins: Window<(String, IpAddr)>,
    logins_of_address: Window<IpAddr>,
    signups: Window<IpAddr>,
    clock: Clock,
}

impl Limits {
    /// The published limits, or none, as configured.
    pub fn new(config: &Config, clock: &Clock) -> Self {
        Self((config.rate_limits == RateLimits::Default).then(|| {
            Arc::new(Counters {
                requests: Bucket::new(REQUESTS, clock),
                bids: Bucket::new(BIDS, clock),
                frames: Bucket::new(FRAMES, clock),
                logins: Window::new(LOGINS),
                logins_of_address: Window::new(LOGINS_OF_ADDRESS),
                signups: Window::new(SIGNUPS),
                clock: clock.clone(),
            })
        }))
    }

    /// Whether anything is counted at all.
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// Counts a request, or an operation over a WebSocket, that is no bid.
    ///
    /// # Errors
    /// 429 `rate_limited` with the seconds to wait; so do all the others.
    pub fn request(&self, caller: Caller) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |counters| counters.requests.count(&caller.household()))
    }

    /// Counts a bid, over HTTP or WebSocket.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub fn bid(&self, user: UserId) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |counters| counters.bids.count(&user))
    }

    /// Counts a frame of a WebSocket; who is refused is to be cut off.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub fn frame(&self, socket: &str) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |counters| counters.frames.count(&socket.to_owned()))
    }

    /// Counts a signup.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub fn signup(&self, address: IpAddr) -> Result<()> {
        let Some(counters) = &self.0 else { return Ok(()) };
        counters.signups.count(household(address), counters.clock.now()).map(drop)
    }

    /// Counts an attempt to log in as failed, until [`LoginAttempt::succeeded`] says otherwise: so
    /// many attempts at once can't slip past the limit together.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub fn login(&self, account: &str, address: IpAddr) -> Result<LoginAttempt> {
        let Some(counters) = &self.0 else { return Ok(LoginAttempt(None)) };
        let (address, now) = (household(address), counters.clock.now());
        let of_address = counters.logins_of_address.count(address, now)?;
        match counters.logins.count((account.to_lowercase(), address), now) {
            Ok(of_account) => Ok(LoginAttempt(Some([of_account, of_address]))),
            Err(refused) => {
                // What is not tried at all has not failed.
                of_address.take_back();
                Err(refused)
            }
        }
    }
}

/// An attempt to log in that counts as failed.
#[must_use = "an attempt that is not said to have succeeded counts as failed"]
pub struct LoginAttempt(Option<[Noted; 2]>);

impl LoginAttempt {
    /// It did not fail after all.
    pub fn succeeded(self) {
        self.0.into_iter().flatten().for_each(Noted::take_back);
    }
}

impl Caller {
    fn household(self) -> Self {
        match self {
            Self::User(_) => self,
            Self::Address(address) => Self::Address(household(address)),
        }
    }
}

/// What one household has: an IPv4 address, or a /64.
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A leaky bucket per key.
struct Bucket<K: Clone + Eq + std::hash::Hash> {
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, Clock, NoOpMiddleware<Duration>>,
    clock: Clock,
    counted: AtomicU32,
}

impl<K: Clone + Eq + std::hash::Hash> Bucket<K> {
    fn new((per_second, burst): (u32, u32), clock: &Clock) -> Self {
        let some = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(some(per_second)).allow_burst(some(burst));
        Self {
            limiter: RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone()),
            clock: clock.clone(),
            counted: AtomicU32::new(0),
        }
    }

    fn count(&self, key: &K) -> Result<()> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        let now = governor::clock::Clock::now(&self.clock);
        self.limiter.check_key(key).map_err(|early| too_many(early.wait_time_from(now)))
    }
}

/// The buckets run by the server's clock, which a test can stop.
impl governor::clock::Clock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(Self::now(self).as_micros()).unwrap_or(0))
    }
}

type Times = Arc<Mutex<VecDeque<Timestamp>>>;

/// An event that a window has counted.
struct Noted {
    times: Times,
    at: Timestamp,
}

impl Noted {
    fn take_back(self) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = times.iter().position(|time| *time == self.at) {
            times.remove(index);
        }
    }
}

/// The moments of the last so many events per key.
struct Window<K> {
    times: moka::sync::Cache<K, Times>,
    most: usize,
    length: Duration,
}

impl<K: Eq + std::hash::Hash + Send + Sync + 'static> Window<K> {
    fn new((most, length): (usize, Duration)) -> Self {
        let times = moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_idle(length).build();
        Self { times, most, length }
    }

    fn count(&self, key: K, now: Timestamp) -> Result<Noted> {
        let times = self.times.get_with(key, Times::default);
        let length = i64::try_from(self.length.as_micros()).unwrap_or(i64::MAX);
        {
            let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
            while times.front().is_some_and(|time| now.micros_since(*time) >= length) {
                times.pop_front();
            }
            if let Some(oldest) = times.front().filter(|_| times.len() >= self.most) {
                let left = length.saturating_sub(now.micros_since(*oldest));
                return Err(too_many(Duration::from_micros(u64::try_from(left).unwrap_or(0))));
            }
            times.push_back(now);
        }
        Ok(Noted { times, at: now })
    }
}

fn too_many(wait: Duration) -> Error {
    let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(1).max(1);
    Error::new(ErrorCode::RateLimited, format!("Too many requests; try again in {seconds} s.")).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn limits(rate_limits: RateLimits) -> (Limits, Clock) {
        let clock = Clock::manual(START);
        (Limits::new(&Config { rate_limits, ..Config::default() }, &clock), clock)
    }

    fn refusal<T>(result: Result<T>) -> (ErrorCode, u64) {
        let problem = result.err().expect("a refusal").into_problem();
        (problem.code, problem.retry_after.expect("a time to wait"))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_twenty_first_failed_login_waits_for_the_first_to_leave_the_window() {
        let (limits, clock) = limits(RateLimits::Default);
        let home = address("192.0.2.1");
        for _ in 0..20 {
            assert!(limits.login("ann@example.com", home).is_ok());
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(refusal(limits.login("ANN@example.com", home)), (ErrorCode::RateLimited, 880));
        assert!(limits.login("bob@example.com", home).is_ok(), "another account");
        assert!(limits.login("ann@example.com", address("192.0.2.2")).is_ok(), "another address");
        clock.advance(Duration::from_secs(880));
        assert!(limits.login("ann@example.com", home).is_ok());
        assert_eq!(refusal(limits.login("ann@example.com", home)), (ErrorCode::RateLimited, 1));
    }

    #[test]
    fn an_address_may_fail_three_hundred_times_at_whichever_accounts() {
        let (limits, clock) = limits(RateLimits::Default);
        let fail =
            |number: u32, home: &str| limits.login(&format!("person-{number}@example.com"), address(home)).map(drop);
        for number in 0..300 {
            fail(number, &format!("2001:db8::{number:x}")).expect("not too many so far");
        }
        assert_eq!(refusal(fail(300, "2001:db8::1")), (ErrorCode::RateLimited, 900));
        fail(300, "2001:db8:0:1::1").expect("the neighbours");
        clock.advance(Duration::from_mins(15));
        fail(300, "2001:db8::1").expect("the window is over");
    }

    #[test]
    fn logins_that_succeed_or_are_refused_do_not_count() {
        let (limits, _clock) = limits(RateLimits::Default);
        let home = address("192.0.2.1");
        for _ in 0..400 {
            limits.login("ann@example.com", home).expect("no failure so far").succeeded();
        }
        for attempt in 0..400 {
            assert_eq!(limits.login("ann@example.com", home).is_err(), attempt >= 20);
        }
        for number in 0..280 {
            assert!(limits.login(&format!("person-{number}@example.com"), home).is_ok(), "{number}");
        }
        assert!(limits.login("bob@example.com", home).is_err());
    }

    #[test]
    fn signups_are_counted_by_household() {
        let (limits, clock) = limits(RateLimits::Default);
        for host in 0..60 {
            assert!(limits.signup(address(&format!("2001:db8::{host:x}"))).is_ok());
        }
        assert_eq!(refusal(limits.signup(address("2001:db8::ffff"))), (ErrorCode::RateLimited, 3600));
        assert!(limits.signup(address("2001:db8:0:1::1")).is_ok(), "the neighbours");
        clock.advance(Duration::from_hours(1));
        assert!(limits.signup(address("2001:db8::1")).is_ok());
    }

    #[test]
    fn a_burst_of_bids_is_sixty_and_of_requests_two_hundred() {
        let (limits, clock) = limits(RateLimits::Default);
        let user = UserId(uuid::Uuid::from_u128(7));
        let bids = || (0..1_000).take_while(|_| limits.bid(user).is_ok()).count();
        let requests = || (0..1_000).take_while(|_| limits.request(Caller::User(user)).is_ok()).count();
        assert_eq!((bids(), requests()), (60, 200));
        assert_eq!(refusal(limits.bid(user)), (ErrorCode::RateLimited, 1));
        clock.advance(Duration::from_secs(1));
        assert_eq!((bids(), requests()), (20, 50));
        assert!(limits.bid(UserId(uuid::Uuid::from_u128(8))).is_ok(), "another user");
    }

    #[test]
    fn off_is_off() {
        let (limits, _clock) = limits(RateLimits::Off);
        for _ in 0..1_000 {
            let user = UserId(uuid::Uuid::from_u128(7));
            assert!(limits.bid(user).is_ok() && limits.request(Caller::User(user)).is_ok());
            assert!(limits.signup(address("192.0.2.1")).is_ok() && limits.login("a", address("192.0.2.1")).is_ok());
        }
    }
}
