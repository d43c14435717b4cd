//! `Ledger`: the store of one process: every call takes a moment, in which the process may die; and the disk may be full.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use omni::address::Scope;
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::{Apply, Outcome, Past, Record};
use omni::lock::{Held, Holder, Op};
use omni::release::Release;
use omni::store::{Locking, Memory, Store, StoreError};
use tokio::time::{Instant, sleep};

use crate::apply::simulation::dice::Dice;

/// What is told of applies that were opened and closed.
pub(crate) trait Hear: Send + Sync {
    fn opened(&self, op: &Op);
    fn closed(&self, op: &Op, outcome: &Outcome, release: Option<&Release>);
    fn unwritten(&self);
    /// The last step of an apply is done.
    fn all_done(&self);
}

/// The store of one process.
pub(crate) struct Ledger<H> {
    pub(crate) memory: Memory,
    pub(crate) dice: Mutex<Dice>,
    /// From when until when nothing can be written.
    pub(crate) full: Option<(Instant, Instant)>,
    /// Whether the engine goes away once every step is done.
    pub(crate) is_away_at_the_end: bool,
    pub(crate) hear: H,
}

impl<H: Hear> Ledger<H> {
    /// A read or write takes up to three milliseconds.
    async fn moment(&self) {
        let ms = self.dice.lock().expect("nobody panics with the dice").below(4);
        if ms > 0 {
            sleep(Duration::from_millis(ms - 1)).await;
        }
    }

    async fn write(&self) -> Result<(), StoreError> {
        self.moment().await;
        let now = Instant::now();
        if self.full.is_some_and(|(from, until)| from <= now && now < until) {
            self.hear.unwritten();
            return Err(StoreError::Unusable { place: "store.db".to_owned(), why: "no room is left".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl<H: Hear> Store for Ledger<H> {
    fn lineage(&self) -> &str {
        self.memory.lineage()
    }

    fn scope(&self) -> &Scope {
        self.memory.scope()
    }

    fn key(&self) -> &Key {
        self.memory.key()
    }

    async fn adopt_key(&mut self, key: &Key) -> Result<(), StoreError> {
        self.memory.adopt_key(key).await
    }

    async fn head(&self) -> Result<Option<Release>, StoreError> {
        self.memory.head().await
    }

    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        self.memory.releases().await
    }

    async fn history(&self) -> Result<Vec<Past>, StoreError> {
        self.memory.history().await
    }

    async fn file(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, StoreError> {
        self.memory.file(fingerprint).await
    }

    async fn open_apply(&self) -> Result<Option<Apply>, StoreError> {
        self.moment().await;
        self.memory.open_apply().await
    }

    async fn journal(&self, op: &Op) -> Result<Vec<Record>, StoreError> {
        self.moment().await;
        self.memory.journal(op).await
    }

    async fn open(&mut self, apply: &Apply, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.open(apply, files).await?;
        self.hear.opened(&apply.op);
        self.moment().await;
        Ok(())
    }

    async fn take_over(&mut self, op: &Op, fence: u64) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.take_over(op, fence).await?;
        self.moment().await;
        Ok(())
    }

    async fn append(&mut self, op: &Op, fence: u64, record: &Record, at: Timestamp) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.append(op, fence, record, at).await?;
        if self.is_away_at_the_end
            && matches!(record, Record::Done { .. })
            && let Some(apply) = self.memory.open_apply().await?
        {
            let records = self.memory.journal(op).await?;
            let done = records.iter().filter(|record| matches!(record, Record::Done { .. })).count();
            if done >= apply.plan.steps().count() {
                self.hear.all_done();
            }
        }
        self.moment().await;
        Ok(())
    }

    async fn keep(&mut self, op: &Op, fence: u64, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.keep(op, fence, files).await?;
        self.moment().await;
        Ok(())
    }

    async fn close(
        &mut self,
        op: &Op,
        fence: u64,
        outcome: &Outcome,
        release: Option<&Release>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.close(op, fence, outcome, release, at).await?;
        self.hear.closed(op, outcome, release);
        self.moment().await;
        Ok(())
    }

    async fn lock(&self) -> Result<Option<Held>, StoreError> {
        self.memory.lock().await
    }

    async fn last_fence(&self) -> Result<u64, StoreError> {
        self.memory.last_fence().await
    }

    async fn take_lock(&mut self, holder: &Holder, above: u64) -> Result<Locking, StoreError> {
        self.write().await?;
        let locking = self.memory.take_lock(holder, above).await?;
        self.moment().await;
        Ok(locking)
    }

    async fn renew_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.renew_lock(fence).await
    }

    async fn drop_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.drop_lock(fence).await
    }

    async fn break_lock(&mut self, fence: u64, by: &Holder) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.break_lock(fence, by).await
    }

    async fn forget(&mut self, releases: &[u64], fence: u64) -> Result<(), StoreError> {
        self.write().await?;
        self.memory.forget(releases, fence).await
    }
}
