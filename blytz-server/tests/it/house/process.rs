use std::time::Duration;

use tokio::{
    runtime::{Builder, Runtime},
    task::spawn_blocking,
};

/// What stands for a process of its own: a runtime that can be ended with all that runs on it.
pub struct Process(Option<Runtime>);

impl Process {
    pub fn start() -> Self {
        Self(Some(Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")))
    }

    /// What comes of some work that is done there.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.0.as_ref().expect("it lives").spawn(work).await.expect("it ends")
    }

    /// Ends it. Returns when nothing runs on it any more.
    pub async fn kill(mut self) {
        let runtime = self.0.take().expect("it lives");
        spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(30))).await.expect("it ends");
    }
}

impl Drop for Process {
    /// Of a test that has failed, too: a runtime can't be waited for where tasks run.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
