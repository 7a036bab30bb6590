//! Bid ids that say when they were sent, so that whoever sees one knows how long it was under way.
//!
//! A `bid_id` is the client's to choose: here its first half names the run, its last 48 bits are
//! the microseconds since the run began. One process, one monotonic clock.

use blytz_core::BidId;
use tokio::time::Instant;
use uuid::Uuid;

/// One run's clock and name.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    run: [u8; 8],
    began: Instant,
}

impl Marks {
    pub fn new(run: [u8; 8], began: Instant) -> Self {
        // As the UUID will have it: version and variant are not free.
        let uuid = custom(run, 0, 0);
        let mut named = run;
        named.copy_from_slice(&uuid.as_bytes()[..8]);
        Self { run: named, began }
    }

    /// The id of `bidder`'s bid that is sent at so many microseconds.
    pub fn id(&self, bidder: u16, micros: u64) -> BidId {
        BidId(custom(self.run, bidder, micros))
    }

    /// Microseconds since the run began.
    pub fn micros(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// When an id in text form was made; none if it is not of this run.
    pub fn sent(&self, id: &[u8]) -> Option<u64> {
        let id: &[u8; 36] = id.try_into().ok()?;
        // xxxxxxxx-xxxx-xxxx-xxxx-tttttttttttt
        let mut run = [0; 8];
        for (byte, at) in run.iter_mut().zip([0, 2, 4, 6, 9, 11, 14, 16]) {
            *byte = (nibble(id[at])? << 4 | nibble(id[at + 1])?) as u8;
        }
        if run != self.run {
            return None;
        }
        id[24..].iter().try_fold(0, |micros, digit| Some(micros << 4 | u64::from(nibble(*digit)?)))
    }
}

fn nibble(digit: u8) -> Option<u16> {
    (digit as char).to_digit(16).map(|value| value as u16)
}

fn custom(run: [u8; 8], bidder: u16, micros: u64) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&run);
    bytes[8..10].copy_from_slice(&bidder.to_be_bytes());
    bytes[10..].copy_from_slice(&micros.to_be_bytes()[2..]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_it_was_sent() {
        let marks = Marks::new([0xff; 8], Instant::now());
        let id = marks.id(49, 1_234_567).to_string();
        assert_eq!(marks.sent(id.as_bytes()), Some(1_234_567));
        let other = Marks::new([0xfe; 8], Instant::now());
        assert_eq!(other.sent(id.as_bytes()), None, "another run's");
        assert_eq!(marks.sent(b"not an id"), None);
        assert_ne!(marks.id(1, 7), marks.id(2, 7), "two bidders at one moment");
    }
}
