//! Arguments at random, from pools that are small enough for the same to come again.

use blytz_core::Timestamp;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

/// How many ids there are.
const IDS: usize = 120;

/// When everything happens: within these seconds of a moment.
const START_US: i64 = 1_700_000_000_000_000;
const SECONDS: i64 = 120;

/// What databases may take for something else than it is, or compare by rules of their own.
const TEXTS: [&str; 40] = [
    "",
    " ",
    "a",
    "A",
    "ann",
    "Ann",
    "ANN",
    "ann ",
    " ann",
    "blue vase",
    "Blue Vase, glazed",
    "qj jar",
    "caf\u{e9}",
    "cafe\u{301}",
    "CAF\u{c9}",
    "\u{e9}",
    "z",
    "\u{df}",
    "SS",
    "\u{130}stanbul",
    "\u{fb01}ne",
    "\u{82b1}",
    "\u{82b1}\u{74f6}",
    "\u{9752}\u{82b1}\u{74f6}\u{5668}",
    "\u{1f3fa}",
    "\u{1f469}\u{200d}\u{1f467} and \u{1f3fa}",
    "\u{ffff}",
    "\u{10ffff}",
    "O'Brien",
    "\"quoted\"",
    "back\\slash",
    "\\",
    "100%",
    "%",
    "a_b",
    "_",
    "$1 ?1 :a {} {{\"a\": null}}",
    "'; drop table users; --",
    "two\nlines\tand\ra tab",
    "null",
];

/// A source of arguments. Of one seed they are always the same.
pub struct Draw {
    chance: StdRng,
    ids: Vec<Uuid>,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut ids: Vec<u128> = (0..IDS).map(|_| chance.random()).collect();
        // Neighbours, and the ends of the order.
        ids.splice(1..5, [ids[0] ^ 1, 1 << 127, (1 << 127) - 1, u128::MAX]);
        Self { chance, ids: ids.into_iter().map(Uuid::from_u128).collect() }
    }

    /// A number below this one.
    pub fn below(&mut self, most: usize) -> usize {
        self.chance.random_range(0..most)
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn coin(&mut self) -> bool {
        self.one_in(2)
    }

    /// A number between these, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        self.chance.random_range(least..=most)
    }

    /// Something, or nothing.
    pub fn maybe<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.coin().then(|| of(self))
    }

    /// One of several.
    pub fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all.choose(&mut self.chance).expect("there are some").clone()
    }

    /// Several, as many as `most` at a time, some of them more than once.
    pub fn several<T>(&mut self, most: usize, of: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| of(self)).collect()
    }

    /// An id that may have been drawn before.
    pub fn id<T: From<Uuid>>(&mut self) -> T {
        self.among(self.ids.len())
    }

    /// One of the first few ids, so that what hangs together is met more often.
    pub fn few<T: From<Uuid>>(&mut self) -> T {
        self.among(5)
    }

    /// One of so many ids.
    pub fn among<T: From<Uuid>>(&mut self, count: usize) -> T {
        let index = self.below(count);
        self.ids[index].into()
    }

    /// An id that nobody has drawn.
    pub fn new_id<T: From<Uuid>>(&mut self) -> T {
        Uuid::from_u128(self.chance.random()).into()
    }

    /// An id from before the first to after the last.
    pub fn cursor<T: From<Uuid>>(&mut self) -> T {
        match self.below(6) {
            0 => Uuid::nil().into(),
            1 => Uuid::max().into(),
            2 => self.new_id(),
            _ => self.id(),
        }
    }

    /// None, one, a few or more ids than one statement takes, in any order, some of them repeated.
    pub fn ids<T: From<Uuid>>(&mut self) -> Vec<T> {
        let count = match self.below(40) {
            0 => 1_100,
            1..5 => 0,
            5..15 => 1,
            _ => 1 + self.below(20),
        };
        (0..count).map(|_| if self.one_in(9) { self.new_id() } else { self.id() }).collect()
    }

    /// How many rows somebody wants.
    pub fn limit(&mut self) -> usize {
        self.of(&[0, 1, 1, 2, 5, 20, 1_000, usize::MAX])
    }

    /// A moment within two minutes, one of few, so that two things may happen at once.
    pub fn at(&mut self) -> Timestamp {
        Timestamp::from_micros(START_US + self.between(0, SECONDS) * 1_000_000 + self.between(0, 1))
    }

    /// A text that databases may not agree about.
    pub fn text(&mut self) -> String {
        match self.below(30) {
            0 => self.of(&TEXTS).repeat(150),
            1..6 => format!("{} {}", self.of(&TEXTS), self.of(&TEXTS)),
            _ => self.of(&TEXTS).to_owned(),
        }
    }
}
