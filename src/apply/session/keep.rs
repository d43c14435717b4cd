//! Keeping records: each is written in its turn, and nothing is written past one that is not on disk.
//!
//! A store that fails once and works again must not have a journal with a gap: it could not be read any more. So what
//! could not be written waits in memory, and goes first next time.

use std::time::Duration;

use crate::apply::aborted::Aborted;
use crate::apply::session::{Run, Session};
use crate::failpoint::{self, Place};
use crate::journal::{Event, Record};
use crate::store::StoreError;

/// The waits before a record that could not be written is tried again.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600)];

impl Session<'_> {
    /// Keeps a record, folds it and tells of it. Returns whether it is on disk; where it is not, the fold goes on in
    /// memory: every step begun has its intent on disk, so a recovery would do the same again. One that is refused,
    /// because somebody else has the lock, is the end of the apply here.
    pub(super) async fn keep(&mut self, run: &mut Run<'_, '_>, record: Record, took: Option<Duration>) -> bool {
        if run.fenced_out.is_some() {
            return false;
        }
        failpoint::reach(Place::RecordUnwritten);
        run.unkept.push_back((record.clone(), self.clock.now()));
        let kept = self.catch_up(run).await;
        failpoint::reach(Place::RecordWritten);
        if run.fenced_out.is_some() {
            return false;
        }
        if let Err(illegal) = run.frontier.fold(&record) {
            unreachable!("the session writes only records in turn: {illegal}");
        }
        let took_ms = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self.tell(&Event::Recorded { record, took_ms });
        kept
    }

    /// Tries again for a moment to write what is not on disk yet. Returns whether all of it is now.
    pub(super) async fn insist(&mut self, run: &mut Run<'_, '_>) -> bool {
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            if self.catch_up(run).await {
                return true;
            }
            if run.fenced_out.is_some() {
                return false;
            }
        }
        false
    }

    /// Writes what is not on disk yet, oldest first. Returns whether all of it is now.
    pub(super) async fn catch_up(&mut self, run: &mut Run<'_, '_>) -> bool {
        while let Some((record, at)) = run.unkept.front() {
            match self.store.append(&run.apply.op, self.fence, record, *at).await {
                Ok(()) => drop(run.unkept.pop_front()),
                Err(error @ StoreError::FenceLost(_)) => {
                    run.fenced_out = Some(Aborted::lease_lost(&error));
                    return false;
                }
                Err(error) => {
                    run.unwritten = Some(error);
                    return false;
                }
            }
        }
        run.unwritten = None;
        true
    }
}
