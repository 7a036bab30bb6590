//! Holding a house to its word: every answer to a bid is checked before the caller gets it, and what the
//! client was told of a log is compared with what it is told later.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use blytz_core::{
    AuctionId, BidId, Epoch,
    auction::receipt::{InvalidReceipt, signs_at, verify_receipt},
    wire::auction::{BidAnswer, LogKey, Receipt},
};

use crate::{
    client::Client,
    error::{Error, RetryKind},
};

/// What a program keeps of the houses' word, so that no house can take it back. Without one a client
/// remembers keys for as long as it lives, and keeps no receipts.
///
/// It is asked while answers wait, so it should not take long. See [`crate::ClientBuilder::evidence`].
pub trait Evidence: Send + Sync {
    /// The keys that are kept of the house of this name; none when it was never met.
    ///
    /// # Errors
    /// A sentence, when nobody can say: then nothing that the house signs is believed.
    fn keys(&self, origin: &str) -> Result<Vec<LogKey>, String>;

    /// A house has signed for the first time, and these are its keys by its own word: they are to be kept. A
    /// house that shows others later is not believed.
    ///
    /// # Errors
    /// A sentence, when this house is not to be believed at first sight.
    fn first_sight(&self, origin: &str, keys: &[LogKey]) -> Result<(), String>;

    /// A bid was answered with this receipt, which is good.
    fn keep(&self, receipt: &Receipt) {
        let _ = receipt;
    }
}

/// Keys for as long as the client lives.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<String, Vec<LogKey>>>);

impl Evidence for Remembered {
    fn keys(&self, origin: &str) -> Result<Vec<LogKey>, String> {
        Ok(locked(&self.0).get(origin).cloned().unwrap_or_default())
    }

    fn first_sight(&self, origin: &str, keys: &[LogKey]) -> Result<(), String> {
        locked(&self.0).entry(origin.to_owned()).or_insert_with(|| keys.to_vec());
        Ok(())
    }
}

/// Why what a house answered does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrue {
    /// The answer or its receipt is of another bid, event or auction.
    #[error("it is not of this bid: {0} is another")]
    Other(&'static str),
    /// Nobody signed the receipt.
    #[error("{0}")]
    Unsigned(#[from] InvalidReceipt),
    /// The house signs with a key that is not among those that are kept of it, or is another than the one
    /// that is kept under its id.
    #[error(
        "THE KEYS OF {origin} HAVE CHANGED: it signs with {key_id}, which is not as it was kept when it was first \
         met. Kept: {}; shown now: {}. Somebody else may have taken its place. If it says elsewhere that it has a \
         new key, take that over; until then nothing that it signs counts",
        listed(kept),
        listed(shown)
    )]
    KeysChanged {
        /// The house.
        origin: String,
        /// The key that it signs with.
        key_id: String,
        /// The keys that are kept of it; none of them is given up.
        kept: Vec<LogKey>,
        /// The keys that it shows now; none when it did not answer that.
        shown: Vec<LogKey>,
    },
    /// There are no keys by which the house could be held to anything.
    #[error("there are no keys by which {origin} could be held to it: {why}")]
    NoKeys {
        /// The house.
        origin: String,
        /// Why not: what it answered when it was asked for them, or what became of those that were kept.
        why: String,
    },
    /// The server at this address was another house before.
    #[error("the server calls itself {now} now, and it was {before} before")]
    OtherHouse {
        /// As it was met first.
        before: String,
        /// As it signs now.
        now: String,
    },
    /// It contradicts what the client was told before.
    #[error(transparent)]
    Forked(#[from] Fork),
}

/// Keys by their ids and as much of them as tells them apart.
fn listed(keys: &[LogKey]) -> String {
    let short = |key: &LogKey| format!("{} ({}…)", key.key_id, key.public_key.chars().take(16).collect::<String>());
    if keys.is_empty() { "none".to_owned() } else { keys.iter().map(short).collect::<Vec<_>>().join(", ") }
}

/// A house has shown two histories of one auction, or one that does not follow from itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fork {
    /// Two events, or two ways there, in one place of a log.
    #[error(
        "the house has shown two histories of auction {auction_id}: up to event {seq} its log had the hash {before}, \
         and now it has {now}"
    )]
    Histories {
        /// Whose log.
        auction_id: AuctionId,
        /// The event up to which both differ.
        seq: u64,
        /// The hash that was shown or signed first.
        before: String,
        /// The one that is shown or signed now; none when the log does not even go so far.
        now: String,
    },
    /// An event whose hash is not of what it says.
    #[error("event {seq} of auction {auction_id} is not what its hash {hash} says: it was changed")]
    Changed {
        /// Whose log.
        auction_id: AuctionId,
        /// The event.
        seq: u64,
        /// The hash that it bears.
        hash: String,
    },
}

impl Fork {
    /// Whose log it is.
    pub const fn auction_id(&self) -> AuctionId {
        match self {
            Self::Histories { auction_id, .. } | Self::Changed { auction_id, .. } => *auction_id,
        }
    }
}

/// A house's word, as one client has it.
pub(crate) struct Word {
    evidence: Arc<dyn Evidence>,
    /// The keys of first sight, should the program not keep them.
    met: Remembered,
    /// As what the server was first met.
    house: Mutex<Option<String>>,
    told: Mutex<Told>,
}

/// Auctions of which hashes are remembered, and how many of each.
const MOST_LOGS: usize = 256;
const MOST_HASHES: usize = 1_024;

/// The hashes that a client was told or given receipts of.
#[derive(Default)]
struct Told(HashMap<AuctionId, Log>);

#[derive(Default)]
struct Log {
    epoch: Option<Epoch>,
    hashes: BTreeMap<u64, String>,
}

impl Word {
    pub(crate) fn new(evidence: Arc<dyn Evidence>) -> Self {
        Self { evidence, met: Remembered::default(), house: Mutex::default(), told: Mutex::default() }
    }

    /// Notes the hash of an event, of that history if it is known which.
    ///
    /// # Errors
    /// The contradiction, if it was another before.
    pub(crate) fn told(&self, id: AuctionId, epoch: Option<Epoch>, seq: u64, hash: &str) -> Result<(), Fork> {
        locked(&self.told).note(id, epoch, seq, hash)
    }

    /// Whether a house of this name can be at this server.
    fn may_be(&self, origin: &str) -> Result<(), Untrue> {
        let other = locked(&self.house).clone().filter(|before| before != origin);
        other.map_or(Ok(()), |before| Err(Untrue::OtherHouse { before, now: origin.to_owned() }))
    }

    /// Checks what a house signed of which no keys are kept, by those that it shows, and has these kept if
    /// they are its own.
    fn meet(&self, answer: &BidAnswer, shown: &[LogKey]) -> Result<(), Untrue> {
        let origin = &answer.receipt.origin;
        let no_keys = |why| Untrue::NoKeys { origin: origin.clone(), why };
        let met = self.met.keys(origin).unwrap_or_default();
        if !met.is_empty() {
            return self.check(answer, &met);
        }
        self.check(answer, shown)?;
        self.evidence.first_sight(origin, shown).map_err(no_keys)?;
        // Another program may have met the house at the same moment.
        let kept = self.evidence.keys(origin).map_err(no_keys)?;
        if kept.is_empty() {
            return self.met.first_sight(origin, shown).map_err(no_keys);
        }
        self.check(answer, &kept)
    }

    fn check(&self, answer: &BidAnswer, keys: &[LogKey]) -> Result<(), Untrue> {
        let receipt = &answer.receipt;
        let key = verify_receipt(receipt, keys)?;
        signs_at(key, answer.at)?;
        // Only who has signed is met: a forged name must not stand in the way of the right one.
        locked(&self.house).get_or_insert_with(|| receipt.origin.clone());
        for (seq, hash) in [(receipt.seq, &receipt.hash), (receipt.head_seq, &receipt.head_hash)] {
            self.told(receipt.auction_id, Some(receipt.epoch), seq, hash)?;
        }
        Ok(())
    }
}

impl Told {
    fn note(&mut self, id: AuctionId, epoch: Option<Epoch>, seq: u64, hash: &str) -> Result<(), Fork> {
        if !self.0.contains_key(&id) && self.0.len() >= MOST_LOGS {
            let any = self.0.keys().next().copied();
            any.and_then(|any| self.0.remove(&any));
        }
        let log = self.0.entry(id).or_default();
        if epoch.is_some() && log.epoch != epoch {
            if log.epoch.is_some() {
                // The house was restored from a backup, and says so.
                log.hashes.clear();
            }
            log.epoch = epoch;
        }
        let before = log.hashes.entry(seq).or_insert_with(|| hash.to_owned());
        if before != hash {
            let (before, now) = (before.clone(), hash.to_owned());
            return Err(Fork::Histories { auction_id: id, seq, before, now });
        }
        if log.hashes.len() > MOST_HASHES {
            log.hashes.pop_first();
        }
        Ok(())
    }
}

/// Whether an answer is of this very bid, and its receipt of this very answer.
fn is_of(auction_id: AuctionId, bid_id: BidId, answer: &BidAnswer) -> Result<(), Untrue> {
    let receipt = &answer.receipt;
    let same = [
        ("the answer's auction_id", answer.auction_id == auction_id),
        ("the answer's bid_id", answer.bid_id == bid_id),
        ("the receipt's auction_id", receipt.auction_id == auction_id),
        ("the receipt's bid_id", receipt.bid_id == Some(bid_id)),
        ("the receipt's seq", receipt.seq == answer.seq),
        ("the receipt's hash", receipt.hash == answer.hash),
        ("the receipt's head_seq", receipt.head_seq >= answer.seq),
    ];
    let other = same.iter().find(|(_, is_same)| !is_same);
    other.map_or(Ok(()), |(what, _)| Err(Untrue::Other(what)))
}

impl Client {
    /// Gives an answer to a bid to its caller if the house can be held to it, and keeps the receipt.
    pub(crate) async fn held_to(
        &self,
        auction_id: AuctionId,
        bid_id: BidId,
        answer: BidAnswer,
    ) -> Result<BidAnswer, Error> {
        match self.checked(auction_id, bid_id, &answer).await? {
            Ok(()) => {
                self.shared.word.evidence.keep(&answer.receipt);
                Ok(answer)
            }
            Err(why) => Err(Error::Untrue { why: Box::new(why), answer: Box::new(answer) }),
        }
    }

    /// What does not hold of an answer.
    ///
    /// # Errors
    /// When the keys can't be had now: the same bid, asked again, tells.
    async fn checked(
        &self,
        auction_id: AuctionId,
        bid_id: BidId,
        answer: &BidAnswer,
    ) -> Result<Result<(), Untrue>, Error> {
        let (word, origin) = (&self.shared.word, &answer.receipt.origin);
        if let Err(untrue) = is_of(auction_id, bid_id, answer).and_then(|()| word.may_be(origin)) {
            return Ok(Err(untrue));
        }
        let no_keys = |why| Untrue::NoKeys { origin: origin.clone(), why };
        let kept = match word.evidence.keys(origin) {
            Ok(kept) if kept.is_empty() => match self.auctions().keys().await {
                Ok(shown) => return Ok(word.meet(answer, &shown.keys)),
                // Said as it is, this would pass for a refusal of the bid.
                Err(error) if error.retry_kind() == RetryKind::Never => return Ok(Err(no_keys(error.to_string()))),
                Err(error) => return Err(error),
            },
            Ok(kept) => kept,
            Err(why) => return Ok(Err(no_keys(why))),
        };
        Ok(match word.check(answer, &kept) {
            Err(Untrue::Unsigned(why)) => Err(self.unsigned(origin, why, kept).await),
            checked => checked,
        })
    }

    /// Whether a signature is missing since the house has another key now.
    async fn unsigned(&self, origin: &str, why: InvalidReceipt, kept: Vec<LogKey>) -> Untrue {
        let (InvalidReceipt::UnknownKey(key_id) | InvalidReceipt::WrongSignature(key_id)) = &why else {
            return Untrue::Unsigned(why);
        };
        let shown = self.auctions().keys().await.map(|shown| shown.keys).unwrap_or_default();
        let of_id = |keys: &[LogKey]| keys.iter().find(|key| key.key_id == *key_id).map(|key| key.public_key.clone());
        let same = of_id(&kept).is_some_and(|kept| of_id(&shown).is_none_or(|shown| shown == kept));
        if same {
            return Untrue::Unsigned(why);
        }
        Untrue::KeysChanged { origin: origin.to_owned(), key_id: key_id.clone(), kept, shown }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> AuctionId {
        AuctionId(uuid::Uuid::from_u128(number))
    }

    fn epoch(number: u128) -> Epoch {
        Epoch(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn what_was_told_once_stays_told_until_the_house_begins_anew() {
        let mut told = Told::default();
        for (history, seq, hash, holds) in [
            (None, 3, "a", true),
            (Some(1), 4, "b", true),
            (Some(1), 3, "a", true),
            (None, 3, "x", false),
            (Some(1), 4, "y", false),
            (Some(2), 4, "y", true),
            (None, 4, "b", false),
            (Some(2), 3, "z", true),
        ] {
            let noted = told.note(id(1), history.map(epoch), seq, hash);
            assert_eq!(noted.is_ok(), holds, "{seq} {hash} of {history:?}");
        }
        assert_eq!(told.note(id(2), None, 4, "b"), Ok(()), "another log is another");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut told = Told::default();
        for number in 0..2_000 {
            told.note(id(u128::from(number)), None, number, "a").expect("news");
            told.note(id(1), None, number, "a").expect("news");
        }
        assert!(told.0.len() <= MOST_LOGS);
        assert!(told.0.values().all(|log| log.hashes.len() <= MOST_HASHES));
    }
}
