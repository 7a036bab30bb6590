//! What a crowd of subscribers costs: a backstage that counts what is read of it.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use blytz_core::{
    AuctionId, Epoch, StreamId, Timestamp, UserId,
    wire::{
        ErrorCode,
        auction::{BidAnswer, BidRequest},
        chat::{ChatSend, Message},
        live::{Channel, Since, SnapshotReason},
    },
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    Backstage, Member,
    resume::{Readings, Start, Still},
};
use crate::{
    clock::Clock,
    config::Config,
    error::{Error, Result},
    platform::Platform,
    serve::{Embedded, Server},
};

const CROWD: usize = 1_000;
const LOT: Channel = Channel::Auction(AuctionId(uuid::Uuid::nil()));
const SHOW: StreamId = StreamId(uuid::Uuid::nil());

/// A stage with one lot on it, whose log has 250 events; the hash of an event is its seq.
#[derive(Clone)]
struct Counting {
    platform: Platform,
    reads: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
}

const HEAD: u64 = 250;

/// Nobody is logged in on this stage.
#[derive(Clone)]
struct Nobody(Infallible);

impl Member for Nobody {
    fn id(&self) -> UserId {
        match self.0 {}
    }

    fn expires_at(&self) -> Timestamp {
        match self.0 {}
    }

    fn check_active(&self) -> Result<()> {
        match self.0 {}
    }
}

impl Counting {
    async fn read<T>(&self, value: T) -> Result<T> {
        self.reads.fetch_add(1, SeqCst);
        // As a database does, it lets others run meanwhile.
        tokio::task::yield_now().await;
        if self.broken.load(SeqCst) { Err(Error::unavailable("not now")) } else { Ok(value) }
    }
}

impl Backstage for Counting {
    type Member = Nobody;

    fn platform(&self) -> &Platform {
        &self.platform
    }

    async fn identify(&self, _token: &str) -> Result<Nobody> {
        Err(Error::unauthenticated("nobody"))
    }

    async fn bid(&self, who: &Nobody, _bid: BidRequest) -> Result<BidAnswer> {
        match who.0 {}
    }

    async fn say(&self, who: &Nobody, _message: ChatSend) -> Result<Message> {
        match who.0 {}
    }

    async fn may_react(&self, _who: &Nobody, _show: StreamId) -> Result<()> {
        unimplemented!("nobody reacts")
    }

    async fn has_show(&self, id: StreamId) -> Result<bool> {
        self.read(id == SHOW).await
    }

    async fn head(&self, channel: Channel) -> Result<Option<u64>> {
        self.read((channel == LOT).then_some(HEAD)).await
    }

    async fn has(&self, _channel: Channel, since: &Since) -> Result<bool> {
        self.read(since.hash == Some(since.seq.to_string())).await
    }

    async fn events_after(&self, _channel: Channel, seq: u64, limit: usize) -> Result<Vec<(u64, String)>> {
        self.read((seq + 1..=HEAD).take(limit).map(|seq| (seq, json!({ "seq": seq }).to_string())).collect()).await
    }

    async fn snapshot(&self, channel: Channel) -> Result<(u64, Value)> {
        if channel == LOT { self.read((HEAD, json!({}))).await } else { Err(Error::not_found()) }
    }
}

/// The house is there for its platform alone.
async fn stage() -> (Embedded, tempfile::TempDir, Counting) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config::in_folder(folder.path());
    let clock = Clock::manual(Timestamp::from_micros(1));
    let server = Server::builder().config(config).clock(clock).open().await.expect("a server");
    let platform = server.app().platform.clone();
    (server, folder, Counting { platform, reads: Arc::default(), broken: Arc::default() })
}

/// Subscribes as a session does, with all that it writes before the hub's first event: which seqs.
async fn subscribe(readings: &Readings, channel: Channel, since: Option<Since>) -> Result<(Vec<u64>, Option<u64>)> {
    match readings.start(channel, since.as_ref()).await? {
        Start::Snapshot(Still { seq, .. }) => Ok((Vec::new(), Some(seq))),
        Start::After { mut seq, head } => {
            let mut seqs = Vec::new();
            while seq < head {
                seqs.extend(readings.events_after(channel, seq).await?.iter().map(|(seq, _)| *seq));
                seq = seqs.last().copied().expect("there are more");
            }
            Ok((seqs, None))
        }
    }
}

#[tokio::test]
async fn a_crowd_that_asks_for_the_same_causes_a_handful_of_reads() {
    let (_server, _folder, stage) = stage().await;
    let epoch = stage.platform.hub.epoch();
    let other = Epoch(uuid::Uuid::from_u128(7));
    let since = |epoch, seq: u64, hash: Option<&str>| Some(Since { epoch, seq, hash: hash.map(ToOwned::to_owned) });
    let tail = |from: u64| ((from + 1..=HEAD).collect::<Vec<_>>(), None);
    let snapshot = (Vec::new(), Some(HEAD));
    // What they have, what they get, and what one of them alone would read.
    let cases = [
        ("who has nothing", None, snapshot.clone(), 1),
        ("who has all of it", since(epoch, HEAD, None), tail(HEAD), 1),
        ("who has all of it and says which", since(epoch, HEAD, Some("250")), tail(HEAD), 2),
        ("who lacks three slices", since(epoch, 1, Some("1")), tail(1), 5),
        ("who comes from another history", since(other, 1, Some("1")), snapshot.clone(), 2),
        ("who has what never was", since(epoch, HEAD + 1, None), snapshot.clone(), 2),
        ("who has another event there", since(epoch, 1, Some("2")), snapshot, 3),
    ];
    for (who, since, gets, reads) in cases {
        let readings = Readings::of(&stage);
        let before = stage.reads.load(SeqCst);
        // Each in a task of its own, as sessions are.
        let crowd = (0..CROWD).map(|_| {
            let (readings, since) = (readings.clone(), since.clone());
            tokio::spawn(async move { subscribe(&readings, LOT, since).await })
        });
        for got in join_all(crowd).await {
            assert_eq!(got.expect("no panic").expect("subscribed"), gets, "{who}");
        }
        // Whoever asks a moment later than the first waits for the second read.
        let read = stage.reads.load(SeqCst) - before;
        assert!((reads..=2 * reads).contains(&read), "{who}: {read} reads");
    }
    let readings = Readings::of(&stage);
    let before = stage.reads.load(SeqCst);
    assert!(join_all((0..CROWD).map(|_| readings.has_show(SHOW))).await.into_iter().all(|has| matches!(has, Ok(true))));
    assert_eq!(stage.reads.load(SeqCst) - before, 1);
}

#[tokio::test]
async fn all_of_a_crowd_get_the_same_bytes() {
    let (_server, _folder, stage) = stage().await;
    let readings = Readings::of(&stage);
    let (one, two) = tokio::join!(readings.events_after(LOT, 0), readings.events_after(LOT, 0));
    assert!(Arc::ptr_eq(&one.expect("events"), &two.expect("events")));
    let still = |reason| readings.still(LOT, reason);
    let (one, two, other) =
        tokio::join!(still(SnapshotReason::Initial), still(SnapshotReason::Initial), still(SnapshotReason::Epoch));
    let [one, two, other] = [one, two, other].map(|still| still.expect("a snapshot").frame);
    assert_eq!(one.as_ptr(), two.as_ptr());
    let frame = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!((&frame(&one)["reason"], &frame(&other)["reason"]), (&json!("initial"), &json!("epoch")));
    assert_eq!(frame(&one)["snapshot"], frame(&other)["snapshot"]);
}

#[tokio::test]
async fn what_could_not_be_read_is_asked_for_again() {
    let (_server, _folder, stage) = stage().await;
    let readings = Readings::of(&stage);
    stage.broken.store(true, SeqCst);
    for refused in join_all((0..CROWD).map(|_| subscribe(&readings, LOT, None))).await {
        assert_eq!(refused.expect_err("not now").code(), ErrorCode::Unavailable);
    }
    stage.broken.store(false, SeqCst);
    subscribe(&readings, LOT, None).await.expect("subscribed");
    let unknown = subscribe(&readings, Channel::Chat(SHOW), None).await;
    assert_eq!(unknown.expect_err("no such channel").code(), ErrorCode::NotFound);
}
