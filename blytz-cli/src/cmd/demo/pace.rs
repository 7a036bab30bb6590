//! How fast the show runs.

use std::{str::FromStr, time::Duration};

/// How many times faster than its own pace the show runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(f64);

impl Pace {
    /// A pace from a quarter to fifty times the show's own.
    pub fn new(speed: f64) -> Result<Self, String> {
        if (0.25..=50.0).contains(&speed) { Ok(Self(speed)) } else { Err("must be from 0.25 to 50".to_owned()) }
    }

    /// So many of the show's seconds, in milliseconds; at least one.
    pub fn millis(self, seconds: f64) -> i64 {
        ((seconds * 1_000.0 / self.0).round() as i64).max(1)
    }

    /// So many of the show's seconds.
    pub fn duration(self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds.max(0.0) / self.0)
    }
}

impl FromStr for Pace {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::new(text.parse().map_err(|_| "must be a number, like 2 or 1.5".to_owned())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_fast_is_half_as_long() {
        let pace: Pace = "2".parse().expect("a speed");
        assert_eq!(pace.millis(24.0), 12_000);
        assert_eq!(pace.duration(3.0), Duration::from_millis(1_500));
        assert_eq!(pace.millis(0.0), 1, "an auction takes time");
        for wrong in ["0", "-1", "51", "NaN", "inf", "fast", ""] {
            assert!(wrong.parse::<Pace>().is_err(), "{wrong}");
        }
    }
}
