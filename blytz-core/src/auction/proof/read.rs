//! Checking a proof while its JSON arrives, and the JSON with it: hashes are of what was received, so
//! there is one spelling for everything, and nothing in it that is not known.
//!
//! What stands before the events is kept, and each event is checked as soon as it is read, so that
//! the memory this takes grows with the bids and not with the text. A proof whose members stand in
//! another order is as good: its events then wait for the rest, as long as there are not too many.

use std::{
    cell::Cell,
    fmt,
    io::{self, BufReader, Read},
};

use serde::{
    Deserializer, Serialize,
    de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use super::{Checker, Flaw, Frame, Openings, Trust, Verdict, received::Received};
use crate::{
    AuctionId,
    wire::auction::{Head, Item, LogEntry, LogKey, Opening, ReserveOpening, RulesView},
};

/// The longest event, or other item, in bytes: far longer than any that is made.
const LONGEST_ITEM: u64 = 16 << 20;
/// How many bytes of events may wait for what is needed to check them.
const MOST_WAITING: u64 = 64 << 20;

/// What came of reading a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The proof without openings and events, as far as it was read.
    pub frame: Option<Frame>,
    /// Whether it holds. After the first flaw nothing more is read.
    pub verdict: Result<Verdict, Flaw>,
}

/// There is no proof to be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The input broke.
    #[error(transparent)]
    Input(io::Error),
    /// What came is no proof: it is cut short, no JSON, or of another shape.
    #[error("{0}")]
    Malformed(String),
}

/// Reads a proof as JSON and checks it on the way, against what is known from elsewhere. `progress` hears
/// how many events were checked, and how many there are by the proof's own account.
///
/// # Errors
/// [`Unreadable`] when the input breaks or is no proof; whether a proof holds is in its answer.
pub fn read(input: impl Read, trust: &Trust, progress: impl FnMut(u64, u64)) -> Result<Reading, Unreadable> {
    read_within(input, trust, progress, &Meter::new(LONGEST_ITEM, MOST_WAITING))
}

fn read_within(
    input: impl Read,
    trust: &Trust,
    progress: impl FnMut(u64, u64),
    meter: &Meter,
) -> Result<Reading, Unreadable> {
    let mut reader = serde_json::Deserializer::from_reader(Metered { input: BufReader::new(input), meter });
    let mut parts = Parts::new(meter, trust, progress);
    let read = (&mut parts).deserialize(&mut reader).and_then(|()| {
        meter.next_item();
        reader.end()
    });
    match (parts.flaw.take(), read) {
        (Some(flaw), _) => Ok(Reading { frame: parts.known_frame(), verdict: Err(flaw) }),
        (None, Ok(())) => parts.finish(),
        (None, Err(_)) if meter.ran_out.get() => {
            Err(Unreadable::Malformed(format!("an item of it is longer than {} KiB", meter.longest_item >> 10)))
        }
        (None, Err(error)) if error.is_io() => Err(Unreadable::Input(error.into())),
        (None, Err(error)) if error.is_eof() => Err(Unreadable::Malformed(format!("it is cut short: {error}"))),
        (None, Err(error)) => Err(Unreadable::Malformed(error.to_string())),
    }
}

/// How much is read for one item, so that no input can fill the memory.
#[derive(Debug)]
struct Meter {
    longest_item: u64,
    most_waiting: u64,
    left: Cell<u64>,
    read: Cell<u64>,
    ran_out: Cell<bool>,
}

impl Meter {
    const fn new(longest_item: u64, most_waiting: u64) -> Self {
        let left = Cell::new(longest_item);
        Self { longest_item, most_waiting, left, read: Cell::new(0), ran_out: Cell::new(false) }
    }

    fn next_item(&self) {
        self.left.set(self.longest_item);
    }
}

struct Metered<'a, R> {
    input: R,
    meter: &'a Meter,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.meter.left.get();
        if left == 0 {
            self.meter.ran_out.set(true);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.input.read(&mut buffer[..most])?;
        self.meter.left.set(left - read as u64);
        self.meter.read.set(self.meter.read.get() + read as u64);
        Ok(read)
    }
}

/// What of a proof has been read.
struct Parts<'m, P> {
    meter: &'m Meter,
    trust: &'m Trust,
    progress: P,
    auction_id: Option<AuctionId>,
    rules: Option<RulesView>,
    item: Option<Item>,
    #[expect(clippy::option_option, reason = "the outer level says whether it was read: a proof may lack it")]
    reserve: Option<Option<ReserveOpening>>,
    head: Option<Head>,
    keys: Option<Vec<LogKey>>,
    openings: Option<Openings>,
    events: Option<Events>,
    flaw: Option<Flaw>,
}

/// The events: on their way through the checker, or waiting for what it needs.
enum Events {
    Checked(Box<Checker>),
    Waiting(Vec<LogEntry>),
}

impl<'m, P: FnMut(u64, u64)> Parts<'m, P> {
    const fn new(meter: &'m Meter, trust: &'m Trust, progress: P) -> Self {
        Self {
            meter,
            trust,
            progress,
            auction_id: None,
            rules: None,
            item: None,
            reserve: None,
            head: None,
            keys: None,
            openings: None,
            events: None,
            flaw: None,
        }
    }

    /// All but openings and events, once it has been read.
    fn frame(&self) -> Option<Frame> {
        Some(Frame {
            auction_id: self.auction_id?,
            rules: self.rules.clone()?,
            item: self.item.clone()?,
            reserve: self.reserve.clone()?,
            head: self.head.clone()?,
            keys: self.keys.clone()?,
        })
    }

    fn known_frame(&self) -> Option<Frame> {
        match &self.events {
            Some(Events::Checked(checker)) => Some(checker.frame().clone()),
            _ => self.frame(),
        }
    }

    fn checker(&mut self) -> Option<Result<Checker, Flaw>> {
        let frame = self.frame().filter(|_| self.openings.is_some())?;
        self.openings.take().map(|openings| Checker::new(frame, openings, self.trust))
    }

    fn check(&mut self, checker: &mut Checker, entry: &LogEntry) -> Result<(), Flaw> {
        checker.entry(entry)?;
        (self.progress)(entry.seq, checker.frame().head.seq);
        Ok(())
    }

    /// Checks the events as they come.
    fn check_all<'de, A: SeqAccess<'de>>(&mut self, mut checker: Checker, mut items: A) -> Result<(), A::Error> {
        while let Some(Received(entry)) = items.next_element::<Received<LogEntry>>()? {
            self.meter.next_item();
            if let Err(flaw) = self.check(&mut checker, &entry) {
                self.events = Some(Events::Checked(Box::new(checker)));
                return self.stop(flaw);
            }
        }
        self.events = Some(Events::Checked(Box::new(checker)));
        Ok(())
    }

    /// Keeps the events until all has come that is needed to check them.
    fn wait<'de, A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(), A::Error> {
        let most = self.meter.read.get() + self.meter.most_waiting;
        let mut waiting = Vec::new();
        while let Some(Received(entry)) = items.next_element::<Received<LogEntry>>()? {
            self.meter.next_item();
            if self.meter.read.get() > most {
                let what = "so many events can only be checked when they are the last member of the proof";
                return Err(de::Error::custom(what));
            }
            waiting.push(entry);
        }
        self.events = Some(Events::Waiting(waiting));
        Ok(())
    }

    /// Ends the reading.
    fn stop<E: de::Error>(&mut self, flaw: Flaw) -> Result<(), E> {
        self.flaw = Some(flaw);
        Err(E::custom("the proof does not hold"))
    }

    fn finish(mut self) -> Result<Reading, Unreadable> {
        let missing = |what: &str| Unreadable::Malformed(format!("it has no `{what}`"));
        let events = self.events.take().ok_or_else(|| missing("events"))?;
        let (frame, verdict) = match events {
            Events::Checked(checker) => (checker.frame().clone(), checker.finish()),
            Events::Waiting(entries) => {
                let openings = self.openings.take().ok_or_else(|| missing("openings"))?;
                let Some(frame) = self.frame() else {
                    let stands = [
                        ("auction_id", self.auction_id.is_some()),
                        ("rules", self.rules.is_some()),
                        ("item", self.item.is_some()),
                        ("reserve", self.reserve.is_some()),
                        ("head", self.head.is_some()),
                    ];
                    let absent = stands.iter().find(|(_, stands)| !stands);
                    return Err(missing(absent.map_or("keys", |(name, _)| name)));
                };
                let judged = Checker::new(frame.clone(), openings, self.trust).and_then(|mut checker| {
                    entries.iter().try_for_each(|entry| self.check(&mut checker, entry))?;
                    checker.finish()
                });
                (frame, judged)
            }
        };
        Ok(Reading { frame: Some(frame), verdict })
    }
}

impl<'de, P: FnMut(u64, u64)> DeserializeSeed<'de> for &mut Parts<'_, P> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, P: FnMut(u64, u64)> Visitor<'de> for &mut Parts<'_, P> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proof")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.meter.next_item();
            match name.as_str() {
                "auction_id" => once(&mut self.auction_id, &name, &mut map)?,
                "rules" => once(&mut self.rules, &name, &mut map)?,
                "item" => once(&mut self.item, &name, &mut map)?,
                "reserve" => once(&mut self.reserve, &name, &mut map)?,
                "head" => once(&mut self.head, &name, &mut map)?,
                "keys" => once(&mut self.keys, &name, &mut map)?,
                "openings" => map.next_value_seed(OpeningsOf(self))?,
                "events" => map.next_value_seed(EventsOf(self))?,
                _ => return Err(de::Error::custom(format_args!("`{name}` is no part of a proof"))),
            }
            self.meter.next_item();
        }
        Ok(())
    }
}

/// Reads a member that must not stand twice.
fn once<'de, T: Serialize + DeserializeOwned, A: MapAccess<'de>>(
    place: &mut Option<T>,
    name: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    match place {
        Some(_) => Err(twice(name)),
        None => {
            let Received(value) = map.next_value()?;
            *place = Some(value);
            Ok(())
        }
    }
}

fn twice<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("`{name}` stands there twice"))
}

struct OpeningsOf<'a, 'm, P>(&'a mut Parts<'m, P>);

impl<'de, P: FnMut(u64, u64)> DeserializeSeed<'de> for OpeningsOf<'_, '_, P> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, P: FnMut(u64, u64)> Visitor<'de> for OpeningsOf<'_, '_, P> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of openings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.0.openings.is_some() || matches!(self.0.events, Some(Events::Checked(_))) {
            return Err(twice("openings"));
        }
        let mut openings = Openings::default();
        while let Some(Received(opening)) = items.next_element::<Received<Opening>>()? {
            self.0.meter.next_item();
            if let Err(flaw) = openings.push(&opening) {
                return self.0.stop(flaw);
            }
        }
        self.0.openings = Some(openings);
        Ok(())
    }
}

struct EventsOf<'a, 'm, P>(&'a mut Parts<'m, P>);

impl<'de, P: FnMut(u64, u64)> DeserializeSeed<'de> for EventsOf<'_, '_, P> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, P: FnMut(u64, u64)> Visitor<'de> for EventsOf<'_, '_, P> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        let parts = self.0;
        if parts.events.is_some() {
            return Err(twice("events"));
        }
        match parts.checker() {
            None => parts.wait(items),
            Some(Ok(checker)) => parts.check_all(checker, items),
            Some(Err(flaw)) => parts.stop(flaw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed(input: impl Read, meter: &Meter) -> String {
        match read_within(input, &Trust::default(), |_, _| {}, meter) {
            Err(Unreadable::Malformed(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_item_fills_the_memory() {
        let meter = || Meter::new(10_000, 20_000);
        for endless in
            [r#"{"rules":""#, r#"{"item":["#, r#"{"auction_id":""#, r#"{"openings":[{"nonce":""#, r#"{""#, r"{ "]
        {
            let filler = if endless.ends_with(['[', ' ']) { b' ' } else { b'a' };
            let input = endless.as_bytes().chain(io::repeat(filler));
            assert_eq!(malformed(input, &meter()), "an item of it is longer than 9 KiB", "{endless}");
        }
        let after = "{}".as_bytes().chain(io::repeat(b' '));
        assert_eq!(malformed(after, &meter()), "an item of it is longer than 9 KiB");
        let nested = r#"{"head":"#.as_bytes().chain(io::repeat(b'['));
        assert!(!malformed(nested, &meter()).is_empty());
    }

    #[test]
    fn events_do_not_wait_for_ever() {
        let event = r#"{"seq":1,"at":"2026-01-01T00:00:00.000000Z","kind":"cancelled","data":{"reason":"as it happens, \
            they take a while to say why, at some length"},"prev":"","hash":"with as many characters as a hash has"}"#;
        let text = format!(r#"{{"events":[{}]}}"#, vec![event.replace('\n', " ").replace('\\', ""); 100].join(","));
        let why = malformed(text.as_bytes(), &Meter::new(10_000, 20_000));
        assert!(why.contains("the last member"), "{why}");
        let why = malformed(text.as_bytes(), &Meter::new(10_000, 2_000_000));
        assert_eq!(why, "it has no `openings`");
    }
}
