//! What rooms ask a database that is elsewhere before they decide: all that wait, in one statement.
//!
//! A room asks two things in each turn, how far its log goes and which of its bids were accepted before.
//! A hundred lots would be two hundred statements for one commit. While one question is answered others
//! gather, so a lone room waits for nobody, and many cost little more than one.

use blytz_core::{AuctionId, BidId};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use super::store::{self, Found, Wanted};
use crate::{
    db::Db,
    error::{Error, Result, internal},
};

/// The most questions that are asked at once.
const MOST: usize = 512;

struct Question {
    id: AuctionId,
    bids: Vec<BidId>,
    answer: oneshot::Sender<Result<Found>>,
}

/// The way to who asks. When the last one is dropped, nobody asks any more.
#[derive(Clone)]
pub struct Lookups(mpsc::Sender<Question>);

impl Lookups {
    /// Asks this database, where `runtime` says.
    pub fn start(db: Db, runtime: &Handle) -> Self {
        let (sender, questions) = mpsc::channel(MOST);
        runtime.spawn(run(db, questions));
        Self(sender)
    }

    /// How far a log goes, and which of these bids were accepted before.
    pub async fn ask(&self, id: AuctionId, bids: &[BidId]) -> Result<Found> {
        let (answer, found) = oneshot::channel();
        let question = Question { id, bids: bids.to_vec(), answer };
        self.0.send(question).await.map_err(|_| Error::unavailable("The house is closing."))?;
        found.await.map_err(internal)?
    }
}

async fn run(db: Db, mut waiting: mpsc::Receiver<Question>) {
    let mut questions = Vec::new();
    while waiting.recv_many(&mut questions, MOST).await > 0 {
        let wanted: Vec<_> = questions.iter().map(|asked| Wanted { id: asked.id, bids: &asked.bids }).collect();
        let found = match store::look_up(&db, &wanted).await {
            Ok(found) => found.into_iter().map(|found| found.map_err(Error::from)).collect(),
            Err(error) => vec![Err(Error::from(error)); questions.len()],
        };
        for (question, found) in questions.drain(..).zip(found) {
            // Who asked may have gone.
            let _ = question.answer.send(found);
        }
    }
}
