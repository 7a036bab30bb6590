//! The keys of houses, kept at first sight: whoever shows others later is not simply believed.

use std::{collections::BTreeMap, fmt};

use blytz_core::{Timestamp, wire::auction::LogKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is kept of houses, and of the addresses at which they answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// By the name that a house gives itself.
    #[serde(default)]
    pub houses: BTreeMap<String, House>,
    /// By address, the name of the house that answered there at first.
    #[serde(default)]
    pub servers: BTreeMap<String, String>,
}

/// What is kept of one house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct House {
    /// The address under which it was first seen.
    pub server: String,
    /// When that was.
    pub since: Timestamp,
    /// Its keys.
    pub keys: Vec<Pin>,
}

/// A key, and since when it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    #[serde(flatten)]
    pub key: LogKey,
    pub since: Timestamp,
}

/// What a server shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its address.
    pub server: &'a str,
    /// What it calls itself.
    pub origin: &'a str,
    /// The keys that it says are its own.
    pub keys: &'a [LogKey],
}

/// What was made of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Nothing was kept of this house: its keys are, from now on.
    First,
    /// It is as it was.
    Known,
    /// It is not. Nothing of that was taken over.
    Changed(Vec<Change>),
}

/// Something that should not change by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another house answers at the address.
    House { was: String, is: String },
    /// A key that was not kept.
    New(LogKey),
    /// A kept key, with something else about it.
    Other { was: LogKey, is: LogKey },
    /// A kept key that is not shown any more.
    Missing(LogKey),
}

impl Pins {
    /// The kept keys, by house.
    pub fn keys(&self) -> BTreeMap<String, Vec<LogKey>> {
        self.houses.iter().map(|(origin, house)| (origin.clone(), house.keys())).collect()
    }

    /// Takes over what a server shows, if it is the first time, and that a key has retired; says what is
    /// not as it was. Nothing of a house whose address was another's is kept by itself, unless that is on
    /// this machine, where servers come and go.
    pub fn see(&mut self, shown: Shown<'_>, now: Timestamp) -> Sight {
        let Shown { server, origin, keys } = shown;
        let mut changes = Vec::new();
        match self.servers.get(server) {
            Some(was) if was != origin && !is_here(server) => {
                changes.push(Change::House { was: was.clone(), is: origin.to_owned() });
            }
            _ => {}
        }
        match self.houses.get_mut(origin) {
            None if changes.is_empty() && !keys.is_empty() => {
                self.trust(shown, now);
                return Sight::First;
            }
            None => {}
            Some(house) => changes.extend(house.meet(server, keys)),
        }
        if !changes.is_empty() {
            return Sight::Changed(changes);
        }
        self.servers.insert(server.to_owned(), origin.to_owned());
        Sight::Known
    }

    /// Takes over what a server shows, whatever was kept before.
    pub fn trust(&mut self, Shown { server, origin, keys }: Shown<'_>, now: Timestamp) {
        let former = self.houses.get(origin);
        let since = |key: &LogKey| {
            let same = former.and_then(|house| house.keys.iter().find(|pin| pin.key.public_key == key.public_key));
            same.map_or(now, |pin| pin.since)
        };
        let keys = keys.iter().map(|key| Pin { key: key.clone(), since: since(key) }).collect();
        let (first, since) =
            former.map_or_else(|| (server.to_owned(), now), |house| (house.server.clone(), house.since));
        self.houses.insert(origin.to_owned(), House { server: first, since, keys });
        self.servers.insert(server.to_owned(), origin.to_owned());
    }

    /// Forgets a house, so that its next keys are kept as if it were new; false if it was none.
    pub fn forget(&mut self, origin: &str) -> bool {
        self.servers.retain(|_, house| house != origin);
        self.houses.remove(origin).is_some()
    }
}

impl House {
    /// Its keys as they are checked with.
    pub fn keys(&self) -> Vec<LogKey> {
        self.keys.iter().map(|pin| pin.key.clone()).collect()
    }

    /// Compares what is shown with what is kept. That a key retires happens to all of them; but only the
    /// house's own address may say it, or any server could put a house's keys out of use here.
    fn meet(&mut self, server: &str, shown: &[LogKey]) -> Vec<Change> {
        let (mut changes, mut retired) = (Vec::new(), Vec::new());
        let is_at_home = self.server == server;
        for key in shown {
            match self.keys.iter().find(|pin| pin.key.key_id == key.key_id) {
                None => changes.push(Change::New(key.clone())),
                Some(pin) if pin.key == *key => {}
                // What it was seen in use for it can't be put out of use for afterwards.
                Some(pin) if is_at_home && has_retired(&pin.key, key) && key.until > Some(pin.since) => {
                    retired.push(key);
                }
                Some(pin) => changes.push(Change::Other { was: pin.key.clone(), is: key.clone() }),
            }
        }
        let missing = self.keys.iter().filter(|pin| shown.iter().all(|key| key.key_id != pin.key.key_id));
        changes.extend(missing.map(|pin| Change::Missing(pin.key.clone())));
        // Where anything else is not as it was, nothing of it is taken over.
        for key in retired.into_iter().filter(|_| changes.is_empty()) {
            let pins = self.keys.iter_mut().filter(|pin| pin.key.key_id == key.key_id);
            pins.for_each(|pin| pin.key.until = key.until);
        }
        changes
    }
}

/// Whether a key is the kept one, which has retired since.
fn has_retired(kept: &LogKey, shown: &LogKey) -> bool {
    kept.until.is_none() && LogKey { until: shown.until, ..kept.clone() } == *shown
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::House { was, is } => write!(f, "it called itself {was:?}, and calls itself {is:?} now"),
            Self::New(key) => write!(f, "key {} ({}) was not kept", key.key_id, fingerprint(key)),
            Self::Missing(key) => write!(f, "key {} ({}) is not shown any more", key.key_id, fingerprint(key)),
            Self::Other { was, is } if was.public_key != is.public_key => {
                write!(f, "key {} is {} and was {}", is.key_id, fingerprint(is), fingerprint(was))
            }
            Self::Other { was, is } if was.from != is.from => {
                write!(f, "key {} is said to sign since {}, and that was {}", is.key_id, is.from, was.from)
            }
            Self::Other { was, is } if was.until != is.until => {
                let time = |until: Option<Timestamp>| until.map_or_else(|| "no end".to_owned(), |at| at.to_string());
                write!(
                    f,
                    "key {} is said to sign until {}, and that was {}",
                    is.key_id,
                    time(is.until),
                    time(was.until)
                )
            }
            Self::Other { was, is } => write!(f, "key {} is of {}, and was of {}", is.key_id, is.alg, was.alg),
        }
    }
}

/// What people compare: the first 16 hex digits of the SHA-256 of the public key's bytes, in groups.
pub fn fingerprint(key: &LogKey) -> String {
    let Ok(bytes) = hex::decode(&key.public_key) else { return "no key".to_owned() };
    let digest = hex::encode(Sha256::digest(bytes));
    [&digest[..4], &digest[4..8], &digest[8..12], &digest[12..16]].join(" ")
}

/// Whether an address is on this machine only.
fn is_here(server: &str) -> bool {
    let authority = server.split("://").nth(1).unwrap_or(server).split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "https://shop.example";
    const NOW: Timestamp = Timestamp::from_micros(1_000);

    fn key(id: &str, byte: u8) -> LogKey {
        LogKey {
            key_id: id.to_owned(),
            alg: "Ed25519".to_owned(),
            public_key: hex::encode([byte; 32]),
            from: Timestamp::from_micros(5),
            until: None,
        }
    }

    fn shown<'a>(origin: &'a str, keys: &'a [LogKey]) -> Shown<'a> {
        Shown { server: SHOP, origin, keys }
    }

    fn pinned() -> Pins {
        let mut pins = Pins::default();
        assert_eq!(pins.see(shown("shop", &[key("k1", 1)]), NOW), Sight::First);
        pins
    }

    #[test]
    fn keys_are_kept_at_first_sight_and_known_again() {
        let mut pins = pinned();
        assert_eq!(pins.see(shown("shop", &[key("k1", 1)]), NOW.plus_micros(1)), Sight::Known);
        let text = serde_json::to_string(&pins).expect("JSON");
        assert_eq!(serde_json::from_str::<Pins>(&text).expect("the same"), pins);
        assert_eq!(pins.keys()["shop"], [key("k1", 1)]);
        assert_eq!((pins.houses["shop"].server.as_str(), pins.houses["shop"].since), (SHOP, NOW));
        // The same house behind another address.
        let keys = [key("k1", 1)];
        let elsewhere = Shown { server: "https://eu.shop.example", ..shown("shop", &keys) };
        assert_eq!(pins.see(elsewhere, NOW), Sight::Known);
        assert_eq!(
            pins.see(Shown { origin: "other", ..elsewhere }, NOW),
            Sight::Changed(vec![Change::House { was: "shop".to_owned(), is: "other".to_owned() }])
        );
        assert!(!pins.houses.contains_key("other"));
        assert_eq!(Pins::default().see(shown("shop", &[]), NOW), Sight::Known);
    }

    #[test]
    fn a_change_is_told_and_nothing_of_it_taken_over() {
        let at = Timestamp::from_micros(6);
        for (keys, says) in [
            (vec![key("k1", 2)], "key k1 is"),
            (vec![LogKey { from: at, ..key("k1", 1) }], "key k1 is said to sign since"),
            (vec![LogKey { alg: "RSA".to_owned(), ..key("k1", 1) }], "key k1 is of RSA, and was of Ed25519"),
            (vec![key("k1", 1), key("k2", 2)], "key k2 ("),
            (vec![], "key k1 ("),
        ] {
            let mut pins = pinned();
            let Sight::Changed(changes) = pins.see(shown("shop", &keys), NOW) else { panic!("{keys:?}") };
            assert_eq!(changes.len(), 1);
            assert!(changes[0].to_string().starts_with(says), "{changes:?}: {}", changes[0]);
            assert_eq!(pins, pinned());

            pins.trust(shown("shop", &keys), NOW.plus_micros(1));
            assert_eq!(pins.keys()["shop"], keys);
            assert_eq!(pins.see(shown("shop", &keys), NOW), Sight::Known);
        }
        let mut pins = pinned();
        assert!(matches!(pins.see(shown("mall", &[key("k1", 1)]), NOW), Sight::Changed(_)));
        assert_eq!(pins, pinned());
        assert!(pins.forget("shop") && !pins.forget("shop"));
        assert_eq!(pins.see(shown("mall", &[key("k1", 1)]), NOW), Sight::First);
    }

    #[test]
    fn a_key_retires_once() {
        let until = |micros| LogKey { until: Some(Timestamp::from_micros(micros)), ..key("k1", 1) };
        let mut pins = pinned();
        assert_eq!(pins.see(shown("shop", &[until(1_009)]), NOW), Sight::Known);
        assert_eq!(pins.keys()["shop"], [until(1_009)]);
        let (mut elsewhere, keys) = (pinned(), [until(1_009)]);
        let squatter = Shown { server: "https://evil.example", ..shown("shop", &keys) };
        assert!(matches!(elsewhere.see(squatter, NOW), Sight::Changed(_)));
        assert_eq!(elsewhere, pinned(), "nobody else retires a house's keys");
        for other in [until(1_008), key("k1", 1)] {
            assert!(matches!(pins.see(shown("shop", &[other]), NOW), Sight::Changed(_)));
        }
        assert_eq!(pins.keys()["shop"], [until(1_009)]);
        // It has signed when it was first seen, and a house that shows other keys besides is not believed in this.
        for keys in [vec![until(999)], vec![until(1_009), key("k2", 2)]] {
            let mut pins = pinned();
            assert!(matches!(pins.see(shown("shop", &keys), NOW), Sight::Changed(_)));
            assert_eq!(pins, pinned());
        }
        // What stays when it is trusted anew is as old as it was.
        pins.trust(shown("shop", &[until(1_009), key("k2", 2)]), NOW.plus_micros(7));
        let since: Vec<_> = pins.houses["shop"].keys.iter().map(|pin| pin.since).collect();
        assert_eq!(since, [NOW, NOW.plus_micros(7)]);
    }

    #[test]
    fn on_this_machine_houses_come_and_go() {
        for (server, here) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:8080/api", true),
            ("http://127.0.0.1.example:8080", false),
            ("http://localhost.example", false),
            (SHOP, false),
        ] {
            assert_eq!(is_here(server), here, "{server}");
            let (mut pins, keys) = (Pins::default(), [key("k1", 1)]);
            pins.see(Shown { server, origin: "one", keys: &keys }, NOW);
            let sight = pins.see(Shown { server, origin: "two", keys: &keys }, NOW);
            assert_eq!(sight == Sight::First, here, "{server}: {sight:?}");
        }
    }

    /// SHA-256 of 32 bytes 01.
    #[test]
    fn a_fingerprint_is_read_aloud() {
        assert_eq!(fingerprint(&key("k1", 1)), "72cd 6e84 22c4 07fb");
        assert_eq!(fingerprint(&LogKey { public_key: "junk".to_owned(), ..key("k1", 1) }), "no key");
    }
}
