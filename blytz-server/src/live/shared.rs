//! Reads that are shared by everybody who asks for the same at the same time.
//!
//! A subscriber registers with the hub and then reads, so that nothing falls between. It may be given
//! what was read for somebody else only if that read began after it had asked; a result that was on
//! its way already may lack what was published just before. So whoever comes while a read is under way
//! waits for the next one, together with all others who do. However many ask, at most one read per
//! key is under way, and two are as much as anybody waits for.
//!
//! Caches and single-flight libraries give a late caller the earlier read, which is what must not be here.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::error::{Error, Result, internal};

/// Reads by their key. Nothing is kept once it is told, errors least of all. Cheap to clone.
pub struct Shared<K, V>(Arc<Inner<K, V>>);

struct Inner<K, V> {
    read: Box<dyn Fn(K) -> BoxFuture<'static, Result<V>> + Send + Sync>,
    /// Who waits for a read that has not begun. A key is here as long as its task runs.
    queues: Mutex<HashMap<K, Queue<V>>>,
    tasks: TaskTracker,
}

type Queue<V> = Vec<oneshot::Sender<Result<V>>>;

impl<K, V> Clone for Shared<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Shared<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + 'static,
{
    /// Reads that are made by `read`, in tasks of their own: whoever asked may hang up.
    pub fn new<F>(tasks: TaskTracker, read: impl Fn(K) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        Self(Arc::new(Inner { read: Box::new(move |key| read(key).boxed()), queues: Mutex::default(), tasks }))
    }

    /// What a read says that begins after this call.
    ///
    /// # Errors
    /// Those of the read, told to everybody who waited for it.
    pub async fn get(&self, key: K) -> Result<V> {
        let (reply, answer) = oneshot::channel();
        if self.0.join(key.clone(), reply) {
            self.0.tasks.spawn(Arc::clone(&self.0).serve(key));
        }
        // A task goes without a word only when its runtime does.
        answer.await.unwrap_or_else(|_| Err(Error::unavailable("The server is going away; ask again.")))
    }
}

impl<K, V> Inner<K, V>
where
    K: Clone + Eq + Hash,
    V: Clone,
{
    /// Queues for the next read of a key. Says whether nobody sees to it yet.
    fn join(&self, key: K, reply: oneshot::Sender<Result<V>>) -> bool {
        let mut queues = self.queues();
        let unattended = !queues.contains_key(&key);
        queues.entry(key).or_default().push(reply);
        unattended
    }

    /// Reads until nobody waits.
    async fn serve(self: Arc<Self>, key: K) {
        while let Some(queue) = self.close(&key) {
            let read = async { (self.read)(key.clone()).await };
            // A panic is this read's alone: those who wait are told, and the next ones are read for.
            let said = AssertUnwindSafe(read).catch_unwind().await;
            let said = said.unwrap_or_else(|_| Err(internal("a shared read panicked")));
            for reply in queue {
                // Whoever has hung up meanwhile need not be told.
                let _ = reply.send(said.clone());
            }
        }
    }

    /// Closes the queue for the read that begins now: who comes from here on waits for the next.
    /// `None` when nobody waits any more, and with that the key is forgotten.
    fn close(&self, key: &K) -> Option<Queue<V>> {
        let mut queues = self.queues();
        let queue = queues.get_mut(key)?;
        queue.retain(|reply| !reply.is_closed());
        if queue.is_empty() {
            queues.remove(key);
            return None;
        }
        Some(std::mem::take(queue))
    }

    /// No line that holds the lock can leave the map half-changed.
    fn queues(&self) -> MutexGuard<'_, HashMap<K, Queue<V>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use blytz_core::wire::ErrorCode;
    use futures_util::future::join_all;
    use tokio::sync::mpsc;

    use super::*;

    /// How long anything may take that is only a matter of being scheduled.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Says what a read found, once the test knows.
    type Outcome = oneshot::Sender<Result<u32>>;

    /// Shared reads, each of which tells the test that it has begun, and ends when the test says how.
    /// One that is not told its end panics.
    fn shared() -> (Shared<&'static str, u32>, mpsc::UnboundedReceiver<Outcome>) {
        let (begin, begun) = mpsc::unbounded_channel();
        let read = move |_| {
            let (end, ended) = oneshot::channel();
            begin.send(end).expect("the test listens");
            async move { ended.await.expect("the test says how it ends") }
        };
        (Shared::new(TaskTracker::new(), read), begun)
    }

    /// Somebody who has asked when this returns.
    fn ask(shared: &Shared<&'static str, u32>, key: &'static str) -> BoxFuture<'static, Result<u32>> {
        let shared = shared.clone();
        let mut asked = async move { shared.get(key).await }.boxed();
        assert!((&mut asked).now_or_never().is_none(), "nothing has been read yet");
        asked
    }

    async fn next(begun: &mut mpsc::UnboundedReceiver<Outcome>) -> Outcome {
        let begun = tokio::time::timeout(PATIENCE, begun.recv()).await;
        begun.expect("a read has begun in time").expect("reads go on")
    }

    #[tokio::test]
    async fn all_who_ask_before_a_read_begins_share_it() {
        let (shared, mut begun) = shared();
        let asked: Vec<_> = (0..1_000).map(|_| ask(&shared, "lot")).collect();
        next(&mut begun).await.send(Ok(1)).expect("it waits");
        assert!(join_all(asked).await.into_iter().all(|answer| matches!(answer, Ok(1))));
        assert!(begun.try_recv().is_err(), "one read");
    }

    #[tokio::test]
    async fn who_asks_after_a_read_began_never_gets_its_result() {
        let (shared, mut begun) = shared();
        let early = ask(&shared, "lot");
        let first = next(&mut begun).await;
        let mut late: Vec<_> = (0..1_000).map(|_| ask(&shared, "lot")).collect();
        assert!(begun.try_recv().is_err(), "one read at a time");
        first.send(Ok(1)).expect("it waits");
        assert!(matches!(early.await, Ok(1)));
        assert!(late.iter_mut().all(|asked| asked.now_or_never().is_none()), "not for them");
        let second = next(&mut begun).await;
        let latest = ask(&shared, "lot");
        second.send(Ok(2)).expect("it waits");
        assert!(join_all(late).await.into_iter().all(|answer| matches!(answer, Ok(2))));
        next(&mut begun).await.send(Ok(3)).expect("it waits");
        assert!(matches!(latest.await, Ok(3)));
        assert!(begun.try_recv().is_err(), "three reads");
    }

    #[tokio::test]
    async fn other_keys_are_read_beside_it() {
        let (shared, mut begun) = shared();
        let stuck = ask(&shared, "lot");
        let _stuck_read = next(&mut begun).await;
        let other = ask(&shared, "another");
        next(&mut begun).await.send(Ok(2)).expect("it waits");
        assert!(matches!(other.await, Ok(2)));
        assert!(stuck.now_or_never().is_none());
    }

    #[tokio::test]
    async fn an_error_is_told_to_all_who_waited_and_to_nobody_else() {
        let (shared, mut begun) = shared();
        let asked = [ask(&shared, "lot"), ask(&shared, "lot")];
        next(&mut begun).await.send(Err(Error::unavailable("not now"))).expect("it waits");
        for answer in join_all(asked).await {
            assert_eq!(answer.expect_err("told").code(), ErrorCode::Unavailable);
        }
        let again = ask(&shared, "lot");
        next(&mut begun).await.send(Ok(1)).expect("it waits");
        assert!(matches!(again.await, Ok(1)));
    }

    #[tokio::test]
    async fn a_panic_strands_nobody() {
        let (shared, mut begun) = shared();
        let with_it = [ask(&shared, "lot"), ask(&shared, "lot")];
        let first = next(&mut begun).await;
        let after_it = ask(&shared, "lot");
        drop(first);
        for answer in join_all(with_it).await {
            assert_eq!(answer.expect_err("told").code(), ErrorCode::Internal);
        }
        next(&mut begun).await.send(Ok(2)).expect("it waits");
        assert!(matches!(after_it.await, Ok(2)));
    }

    #[tokio::test]
    async fn whoever_hangs_up_strands_nobody_and_is_not_read_for() {
        let (shared, mut begun) = shared();
        let (leader, follower) = (ask(&shared, "lot"), ask(&shared, "lot"));
        let first = next(&mut begun).await;
        let late = ask(&shared, "lot");
        drop((leader, late));
        first.send(Ok(1)).expect("it waits");
        assert!(matches!(follower.await, Ok(1)));
        let other = ask(&shared, "lot");
        next(&mut begun).await.send(Ok(2)).expect("it waits");
        assert!(matches!(other.await, Ok(2)), "nothing was read for who had hung up");
        shared.0.tasks.close();
        shared.0.tasks.wait().await;
        assert!(shared.0.queues().is_empty(), "nothing is kept");
    }
}
