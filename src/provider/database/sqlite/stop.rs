//! `Stoppable`: a connection whose statement can be stopped. It is when the connection is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::SqliteConnection;

use crate::provider::database::trouble::Trouble;

/// After how many steps of its machine `SQLite` asks whether to go on: about a millisecond.
const STEPS: i32 = 10_000;

/// A connection.
pub(super) struct Stoppable {
    pub(super) connection: SqliteConnection,
    stop: Stop,
}

impl Stoppable {
    pub(super) async fn new(mut connection: SqliteConnection) -> Result<Self, Trouble> {
        let stop = Stop(Arc::new(AtomicBool::new(false)));
        let is_raised = Arc::clone(&stop.0);
        connection.lock_handle().await?.set_progress_handler(STEPS, move || !is_raised.load(Ordering::Relaxed));
        Ok(Self { connection, stop })
    }

    /// Does something; stops its statement where it takes longer than this.
    pub(super) async fn limited<T>(
        &mut self,
        limit: Option<Duration>,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let work = work(&mut self.connection);
        let Some(limit) = limit else { return work.await };
        let mut work = std::pin::pin!(work);
        if let Ok(done) = tokio::time::timeout(limit, &mut work).await {
            return done;
        }
        self.stop.0.store(true, Ordering::Relaxed);
        let done = work.await;
        self.stop.0.store(false, Ordering::Relaxed);
        done
    }
}

struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
