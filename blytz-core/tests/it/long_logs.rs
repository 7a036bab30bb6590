//! Long logs: proofs that are checked while they arrive, and voids of more bids than fit a frame.

use std::{
    cell::Cell,
    io::{self, Read},
};

use blytz_core::{
    AuctionId, BidId, Timestamp, UserId,
    auction::{
        Auction, Bid, BidKind, Book, Command, Consignment, Event, MAX_STRUCK, Nonce, Rules, Sealed, Standing,
        item_hash,
        log::Head,
        proof::{Trust, TrustedKeys, Unreadable, Viewer, read, verify},
    },
    wire::{
        auction::{EventData, LogEntry, Proof, RulesInput, VoidedBy},
        live::MAX_FRAME,
    },
};
use uuid::Uuid;

use crate::{
    arena::myr,
    proof::runs::{house, seal_head, signer, vase},
};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const SAMPLE: &str = include_str!("../../../fixtures/wire/proof.json");
const SHILL: u128 = 2;
const HONEST: u128 = 3;

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn bid_id(number: usize) -> BidId {
    BidId(Uuid::from_u128(0xb1d_0000 + number as u128))
}

/// A live lot and its log so far.
struct Lot {
    auction: Auction,
    log: Vec<Event>,
}

impl Lot {
    fn open() -> Self {
        let stated: RulesInput = serde_json::from_str(
            r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 10, "currency": "MYR"},
                "increment": {"fixed": 1}, "duration_ms": 60000,
                "soft_close": {"trigger_ms": 10000, "extend_ms": 10000, "mode": "reset", "max_total_ms": null}}"#,
        )
        .expect("rules");
        let rules = Rules::try_from(&stated).expect("valid rules");
        let (id, nonce) = (AuctionId(Uuid::from_u128(0xac)), Nonce::from_bytes([0; 32]));
        let consignment = Consignment {
            house: house(),
            seller_id: user(1),
            product_id: Uuid::from_u128(0x9d).into(),
            starts_at: None,
            item_hash: item_hash(&vase()),
        };
        let (auction, first) = Auction::schedule(NOW, id, consignment, rules, nonce);
        let mut lot = Self { auction, log: vec![first] };
        lot.ask(Command::Open);
        lot
    }

    fn ask(&mut self, command: Command) {
        self.log.extend(self.auction.handle(NOW, command).expect("it is allowed"));
    }

    fn bid(&mut self, bidder: u128, number: usize, max: i64) {
        let (bidder, bid_id) = (user(bidder), bid_id(number));
        let kind = BidKind::Max(myr(max));
        let nonce = Nonce::from_bytes([7; 32]);
        let bid = Bid { bidder, bid_id, kind, rules_hash: None, standing: Standing::default(), nonce };
        self.ask(Command::Bid(bid));
    }

    /// Strikes a bid and all that falls with it, at most so many at a time.
    fn void(&mut self, number: usize, at_most: usize) -> Vec<LogEntry> {
        let before = self.log.len();
        let falls = Book::of(&self.log).falls(&self.auction, bid_id(number), None, at_most).expect("it is there");
        for fall in falls {
            let (by, reason) = (VoidedBy::Seller, "\u{1}".repeat(500));
            self.ask(Command::Void { fall, by, block: true, reason });
        }
        self.sealed().into_iter().skip(before).map(|(entry, _)| entry).collect()
    }

    fn sealed(&self) -> Vec<(LogEntry, Option<Sealed>)> {
        let mut head = Head::empty(self.auction.id());
        self.log.iter().map(|event| (head.append(event), event.sealed.clone())).collect()
    }

    fn proof(&mut self) -> Proof {
        let closes_at = self.auction.closes_at().expect("it is live");
        self.log.extend(self.auction.handle(closes_at, Command::Tick).expect("a tick is never refused"));
        let (log, mut head) = (self.sealed(), Head::empty(self.auction.id()));
        for (entry, _) in &log {
            head.advance(entry).expect("its own log");
        }
        let receipt = seal_head(&signer(), &head);
        Proof::assemble(self.auction.id(), vase(), &log, Vec::new(), Some(receipt), Viewer::Public).expect("it is over")
    }
}

/// Who knows the house's key.
fn trust() -> Trust {
    let keys = TrustedKeys::Kept([(house().origin, vec![signer().public()])].into());
    Trust { keys, ..Trust::default() }
}

fn struck(entries: &[LogEntry]) -> Vec<Vec<BidId>> {
    let voided = entries.iter().filter_map(|entry| match &entry.data {
        EventData::Voided { struck, .. } => Some(struck.clone()),
        _ => None,
    });
    voided.collect()
}

/// An honest bid, then `number` raises of a shill, one of them outbid.
fn shilled(number: usize) -> Lot {
    let mut lot = Lot::open();
    lot.bid(HONEST, 0, 50);
    for place in 1..=number {
        lot.bid(SHILL, place, 100 + 10 * i64::try_from(place).expect("small"));
    }
    lot
}

#[test]
fn a_void_of_many_bids_is_several_that_each_fit_a_frame() {
    let mut lot = shilled(2_000);
    let entries = lot.void(1, MAX_STRUCK);
    for entry in &entries {
        let frame = serde_json::json!({ "channel": format!("auction:{}", lot.auction.id()), "event": entry });
        assert!(frame.to_string().len() <= MAX_FRAME);
    }
    let expected: Vec<Vec<BidId>> = vec![(1_001..=2_000).map(bid_id).collect(), (1..=1_000).map(bid_id).collect()];
    assert_eq!(struck(&entries), expected, "each bid falls once");
    let verdict = verify(&lot.proof(), &trust()).expect("the proof holds");
    assert_eq!((verdict.winner, verdict.price), (Some(user(HONEST)), Some(myr(10))));
}

/// Whatever the cut, the voids leave what a single one would have left, and every log can be proved;
/// one in which a single void struck all is of an earlier version.
#[test]
fn however_it_is_cut_the_same_stands() {
    let mut whole = shilled(12);
    assert_eq!(struck(&whole.void(3, usize::MAX)).len(), 1);
    verify(&whole.proof(), &trust()).expect("the proof holds");
    for (at_most, voids) in [(1, 10), (3, 4), (4, 3), (5, 2), (9, 2), (10, 1), (11, 1)] {
        let mut lot = shilled(12);
        let parts = struck(&lot.void(3, at_most));
        assert_eq!(parts.len(), voids, "{at_most} at a time");
        assert!(parts.iter().all(|part| part.len() <= at_most), "{at_most} at a time");
        let verdict = verify(&lot.proof(), &trust()).expect("the proof holds");
        assert_eq!(lot.auction.public(NOW).price, whole.auction.public(NOW).price);
        assert_eq!(lot.auction.public(NOW).bid_count, whole.auction.public(NOW).bid_count);
        assert_eq!(verdict.winner, Some(user(SHILL)), "bids 1 and 2 stand");
        assert_eq!(Auction::fold(lot.auction.id(), &lot.log).as_ref(), Ok(&lot.auction));
    }
}

#[test]
fn what_has_fallen_does_not_fall_again() {
    let mut lot = shilled(5);
    assert_eq!(struck(&lot.void(2, 2)).len(), 2);
    assert_eq!(lot.void(2, 2), [], "the same void again");
    assert_eq!(lot.void(4, 2), [], "a bid that fell with it");
}

#[test]
fn a_proof_is_checked_while_it_arrives() {
    let mut lot = shilled(40);
    let text = serde_json::to_string(&lot.proof()).expect("JSON");
    let (read_so_far, mut told) = (Cell::new(0), Vec::new());
    let input = Counted { text: text.as_bytes(), read: &read_so_far };
    let reading = read(input, &trust(), |done, of| told.push((done, of, read_so_far.get()))).expect("a proof");
    assert_eq!(reading.verdict.expect("it holds").winner, Some(user(SHILL)));
    let seqs: Vec<u64> = told.iter().map(|(done, ..)| *done).collect();
    assert_eq!(seqs, (1..=lot.log.len() as u64).collect::<Vec<_>>());
    assert!(told.iter().all(|(_, of, _)| *of == lot.log.len() as u64));
    let (_, _, at_first) = told[0];
    assert!(at_first < text.len() / 2, "the first event was checked before the last had come");
}

/// Gives out little at a time, and counts it.
struct Counted<'a> {
    text: &'a [u8],
    read: &'a Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(100);
        let read = self.text.read(&mut buffer[..most])?;
        self.read.set(self.read.get() + read);
        Ok(read)
    }
}

/// Fails like a line that is cut.
struct Cut;

impl Read for Cut {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[test]
fn a_part_of_a_proof_is_none() {
    for end in (0..SAMPLE.trim_end().len()).step_by(7) {
        let cut_short = read(&SAMPLE.as_bytes()[..end], &trust(), |_, _| {});
        let Err(Unreadable::Malformed(why)) = cut_short else { panic!("{cut_short:?} after {end} bytes") };
        assert!(why.starts_with("it is cut short"), "{why} after {end} bytes");

        let cut = read(SAMPLE.as_bytes()[..end].chain(Cut), &trust(), |_, _| {});
        let Err(Unreadable::Input(error)) = cut else { panic!("{cut:?} after {end} bytes") };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn nothing_is_read_after_the_first_flaw() {
    let wrong = SAMPLE.replacen("\"at\": \"2023", "\"at\": \"2022", 1);
    assert_ne!(wrong, SAMPLE);
    let until = wrong.find("\"kind\": \"opened\"").expect("the second event");
    let reading = read(wrong.as_bytes()[..until].chain(Cut), &trust(), |_, _| {}).expect("enough of a proof");
    assert_eq!(reading.verdict.expect_err("its hash is another").seq, Some(1));
    assert!(reading.frame.is_some());
}

#[test]
fn what_is_no_proof_is_told_from_one_that_does_not_hold() {
    let twice = SAMPLE.replacen('{', r#"{"events": [], "#, 1);
    let unknown = SAMPLE.replacen('{', r#"{"more": 1, "#, 1);
    let mut headless: serde_json::Value = serde_json::from_str(SAMPLE).expect("JSON");
    headless.as_object_mut().expect("an object").remove("head");
    for (text, why) in [
        ("", "it is cut short"),
        ("[]", "invalid type"),
        ("{}", "it has no `events`"),
        (r#"{"events": []}"#, "it has no `openings`"),
        (r#"{"events": [], "openings": []}"#, "it has no `auction_id`"),
        (twice.as_str(), "`events` stands there twice"),
        (unknown.as_str(), "`more` is no part of a proof"),
        (&headless.to_string(), "it has no `head`"),
        (&format!("{SAMPLE} x"), "trailing characters"),
    ] {
        let reading = read(text.as_bytes(), &trust(), |_, _| {});
        let Err(Unreadable::Malformed(said)) = reading else { panic!("{reading:?} of {text}") };
        assert!(said.contains(why), "{said}");
    }
}
