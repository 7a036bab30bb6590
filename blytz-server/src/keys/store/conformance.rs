//! Keys and histories on both databases: see [`crate::db::conformance`].

use blytz_core::{Epoch, Timestamp};

use super::super::{
    KeysError,
    store::{self, Purpose, Seed, StoredKey},
};
use crate::db::conformance::{Class, Draw, Pair, left_out, writes};

const STEPS: usize = 2_000;

impl Class for KeysError {
    fn class(&self) -> String {
        match self {
            Self::Sql(error) => error.class(),
            other => format!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn keys_are_kept_alike() {
    if left_out() {
        return;
    }
    let (mut pair, mut draw) = (Pair::open(17).await, Draw::new(17));
    for _ in 0..STEPS {
        key(&mut pair, &mut draw).await;
        pair.step().await;
    }
    pair.finish().await;
}

async fn key(pair: &mut Pair, draw: &mut Draw) {
    let (id, at, epoch): (_, _, Epoch) = (draw.text(), draw.at(), draw.id());
    match draw.below(8) {
        0..2 => {
            let (purpose, seed, sealed) = (draw.of(&Purpose::ALL), draw.text(), draw.coin());
            let (created_at, retired_at) = (draw.at(), draw.maybe(Draw::at));
            let seed = || if sealed { Seed::Sealed(seed.clone()) } else { Seed::Open(seed.clone()) };
            let new = || StoredKey { id: id.clone(), purpose, seed: seed(), created_at, retired_at };
            writes!(pair, store::insert_key(&new()));
        }
        2 => drop(writes!(pair, store::keys() => shown)),
        3 => drop(writes!(pair, store::retire_key(&id, at))),
        4 => {
            let sealed = draw.text();
            writes!(pair, store::encrypt_key(&id, &sealed));
        }
        5 => {
            writes!(pair, store::hold(epoch));
            writes!(pair, store::epoch());
        }
        6 => drop(writes!(pair, store::begin_history(epoch, at))),
        _ => drop(writes!(pair, store::put_epoch(epoch, at))),
    }
}

type Shown = (String, Purpose, bool, String, Timestamp, Option<Timestamp>);

fn shown(keys: Vec<StoredKey>) -> Vec<Shown> {
    let one = |key: StoredKey| {
        let (sealed, seed) = match key.seed {
            Seed::Open(seed) => (false, seed),
            Seed::Sealed(seed) => (true, seed),
        };
        (key.id, key.purpose, sealed, seed, key.created_at, key.retired_at)
    };
    keys.into_iter().map(one).collect()
}
