//! Where time and chance come from. The rules take both as arguments; this is the one place that
//! asks the machine for them, so that a test can put its own in.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use blytz_core::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::watch;

/// A clock that every part of one server shares. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    /// The wall clock at the start and steady time since: it can't jump while an auction runs.
    System { started_at: Timestamp, started: Steady, woken: Arc<watch::Sender<()>> },
    /// Simulated time: that of a runtime whose clock is paused.
    #[cfg(test)]
    Simulated { started_at: Timestamp, started: tokio::time::Instant },
    /// A clock that stands still until somebody moves it.
    Manual(Arc<watch::Sender<Hands>>),
}

/// Where a manual clock stands.
struct Hands {
    now: Timestamp,
    /// When time began to pass without anybody being served.
    suspended: Vec<Timestamp>,
}

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine what time it is")]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at = Timestamp::from_micros(micros(since_epoch));
        Self(Source::System { started_at, started: Steady::now(), woken: Arc::default() })
    }

    /// A clock for tests: it stands at `now` until somebody moves it.
    pub fn manual(now: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(Hands { now, suspended: Vec::new() }))))
    }

    /// This clock, put forward to `floor` if it is behind.
    #[must_use]
    pub fn not_before(self, floor: Timestamp) -> Self {
        let behind = floor.micros_since(self.now()).max(0);
        match self.0 {
            Source::System { started_at, started, woken } => {
                Self(Source::System { started_at: started_at.plus_micros(behind), started, woken })
            }
            Source::Manual(hands) => {
                hands.send_modify(|hands| hands.now = hands.now.max(floor));
                Self(Source::Manual(hands))
            }
            #[cfg(test)]
            Source::Simulated { started_at, started } => {
                Self(Source::Simulated { started_at: started_at.plus_micros(behind), started })
            }
        }
    }

    /// A clock that goes with the simulated time of a paused runtime, and starts at `now`.
    #[cfg(test)]
    pub fn simulated(now: Timestamp) -> Self {
        Self(Source::Simulated { started_at: now, started: tokio::time::Instant::now() })
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { started_at, started, .. } => started_at.plus_micros(micros(started.elapsed())),
            #[cfg(test)]
            Source::Simulated { started_at, started } => started_at.plus_micros(micros(started.elapsed())),
            Source::Manual(hands) => hands.borrow().now,
        }
    }

    /// Moves a manual clock to `now`, served all the while, and wakes who sleeps until then; the
    /// machine's clock stays.
    pub fn set(&self, now: Timestamp) {
        if let Source::Manual(hands) = &self.0 {
            hands.send_modify(|hands| hands.now = now);
        }
    }

    /// Moves a manual clock ahead, served all the while.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus_micros(micros(by)));
    }

    /// Moves a manual clock ahead as a machine does that sleeps: nobody is served meanwhile.
    pub fn suspend(&self, by: Duration) {
        if let Source::Manual(hands) = &self.0 {
            hands.send_modify(|hands| {
                hands.suspended.push(hands.now);
                hands.now = hands.now.plus_micros(micros(by));
            });
        }
    }

    /// The last moment until which somebody has been served who was at `beat` last. By the machine's
    /// clock that is all that is known. By a manual one it is up to now: it stands for time in which a
    /// beat came every second, but for what [`Clock::suspend`] left out.
    pub(crate) fn served_from(&self, beat: Timestamp) -> Timestamp {
        match &self.0 {
            Source::System { .. } => beat,
            Source::Manual(hands) => {
                let hands = hands.borrow();
                hands.suspended.iter().find(|since| **since >= beat).copied().unwrap_or(hands.now)
            }
            #[cfg(test)]
            Source::Simulated { .. } => beat,
        }
    }

    /// Has everybody who sleeps look at the time again: after the machine has slept, its timers are late.
    pub(crate) fn wake(&self) {
        if let Source::System { woken, .. } = &self.0 {
            woken.send_replace(());
        }
    }

    /// Lets so much time pass. A manual clock's passes only when somebody moves it: nobody waits for that.
    pub(crate) async fn pause(&self, time: Duration) {
        if !matches!(self.0, Source::Manual(_)) {
            tokio::time::sleep(time).await;
        }
    }

    /// Returns once it is `deadline` or later.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        match &self.0 {
            Source::System { woken, .. } => {
                let mut woken = woken.subscribe();
                loop {
                    let left = deadline.micros_since(self.now());
                    let Ok(left @ 1..) = u64::try_from(left) else { return };
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_micros(left)) => {}
                        _ = woken.changed() => {}
                    }
                }
            }
            Source::Manual(hands) => {
                // An error means that the clock is gone, and with it everybody who could wait.
                let _ = hands.subscribe().wait_for(|hands| hands.now >= deadline).await;
            }
            #[cfg(test)]
            Source::Simulated { .. } => {
                while let Ok(left @ 1..) = u64::try_from(deadline.micros_since(self.now())) {
                    tokio::time::sleep(Duration::from_micros(left)).await;
                }
            }
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A moment of a clock that nobody sets, and that goes on while the machine sleeps: who was away for
/// that long must notice.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy)]
struct Steady(Duration);

#[cfg(target_os = "linux")]
impl Steady {
    fn now() -> Self {
        let since_boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Self(Duration::try_from(since_boot).unwrap_or_default())
    }

    fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

/// A moment of a clock that nobody sets.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Copy)]
struct Steady(std::time::Instant);

#[cfg(not(target_os = "linux"))]
impl Steady {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine what time it is")]
    fn now() -> Self {
        Self(std::time::Instant::now())
    }

    fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Where random bytes come from, for whoever must be able to repeat what came of them. Cheap to clone;
/// clones draw from one sequence.
#[derive(Clone)]
pub struct Chance(Dice);

#[derive(Clone)]
enum Dice {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Chance {
    /// The operating system's, by way of [`random_bytes`].
    pub const fn system() -> Self {
        Self(Dice::System)
    }

    /// For tests: the same seed gives the same bytes in the same order.
    pub fn seeded(seed: u64) -> Self {
        Self(Dice::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// The next `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        match &self.0 {
            Dice::System => random_bytes(),
            Dice::Seeded(generator) => {
                let mut bytes = [0; N];
                generator.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
                bytes
            }
        }
    }
}

/// `N` random bytes from the operating system's generator by way of a thread-local one.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A fresh UUIDv7 at the clock's time.
pub fn new_id<T: From<uuid::Uuid>>(clock: &Clock) -> T {
    T::from(blytz_core::id::uuid_v7(clock.now(), random_bytes()))
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Wake, Waker},
    };

    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);

    #[test]
    fn no_clock_is_behind_its_floor_nor_put_back_by_it() {
        let later = NOON.plus_millis(1_000);
        let clock = Clock::manual(NOON);
        let shared = clock.clone();
        assert_eq!(clock.not_before(later).now(), later);
        assert_eq!(shared.now(), later, "whoever has the clock sees it");
        assert_eq!(shared.not_before(NOON).now(), later);

        let clock = Clock::system();
        let far = clock.now().plus_millis(3_600_000);
        let ahead = clock.clone().not_before(far);
        assert!(ahead.now() >= far && clock.now() < far);
        assert!(clock.not_before(NOON).now() < far);
    }

    #[test]
    fn a_manual_clock_stands_for_served_time_but_where_it_was_suspended() {
        let clock = Clock::manual(NOON);
        clock.advance(Duration::from_mins(1));
        assert_eq!(clock.served_from(NOON), NOON.plus_millis(60_000));
        clock.suspend(Duration::from_secs(30));
        clock.advance(Duration::from_secs(5));
        clock.suspend(Duration::from_secs(30));
        assert_eq!(clock.served_from(NOON), NOON.plus_millis(60_000), "until it was first suspended");
        let beat = clock.now();
        assert_eq!(clock.served_from(beat), beat);
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.served_from(beat), clock.now(), "served again since the beat");
    }

    /// Counts how often somebody is woken.
    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn who_sleeps_looks_at_the_time_again_when_woken() {
        let (clock, bell) = (Clock::system(), Arc::new(Bell::default()));
        let mut asleep = pin!(clock.sleep_until(clock.now().plus_millis(3_600_000)));
        let waker = Waker::from(Arc::clone(&bell));
        assert!(asleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        clock.wake();
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
        assert!(asleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending(), "it is not time yet");
        clock.sleep_until(clock.now()).await;
    }

    #[test]
    fn the_same_seed_gives_the_same_chance() {
        let (one, same, other) = (Chance::seeded(7), Chance::seeded(7), Chance::seeded(8));
        let drawn: [u8; 32] = one.bytes();
        assert_eq!(drawn, same.bytes());
        assert_ne!(drawn, other.bytes());
        assert_ne!(drawn, one.clone().bytes(), "a clone goes on in the sequence");
        assert_eq!(one.bytes::<32>(), {
            same.bytes::<32>();
            same.bytes::<32>()
        });
        assert_ne!(Chance::system().bytes::<32>(), Chance::system().bytes::<32>());
    }
}
