//! The memory of a deployment behind one trait: releases, the journal of the open apply, the lock.
//!
//! `Store` is what every command sees. `Sqlite` is the default, one file in `.omni/`; `Postgres` is for teams; `Memory`
//! is for tests. Every write is conditional on the writer's own fence, so a process that lost the lock can write
//! nothing. What a record means is left to `journal`; when a lock may be broken, to `cli`.

mod column;
mod error;
mod machine;
mod memory;
mod postgres;
mod random;
mod seal;
mod sqlite;

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::address::Scope;
use crate::fingerprint::{Fingerprint, Key};
use crate::journal::{Apply, Outcome, Past, Record};
use crate::lock::{Held, Holder, Op};
use crate::plan::Purpose;
use crate::release::Release;
use crate::resource::Resource;

pub use error::StoreError;
pub use machine::Machine;
pub use memory::Memory;
pub use postgres::Postgres;
pub use sqlite::Sqlite;

/// What came of trying to take the store's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locking {
    /// It is ours, under this fence.
    Locked(Held),
    /// Somebody has it.
    Refused(Held),
}

/// The memory of one deployment.
#[async_trait]
pub trait Store: Send + Sync {
    /// What tells this store from every other: made once, at random.
    fn lineage(&self) -> &str;

    /// The deployment it belongs to.
    fn scope(&self) -> &Scope;

    /// The key that marks secrets.
    fn key(&self) -> &Key;

    /// Takes over the key that the engine's objects carry, in a store that has no release yet.
    ///
    /// # Errors
    /// When the store already has releases, or cannot be written.
    async fn adopt_key(&mut self, key: &Key) -> Result<(), StoreError>;

    /// The latest release; none before the first.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    async fn head(&self) -> Result<Option<Release>, StoreError>;

    /// All releases, newest first.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    async fn releases(&self) -> Result<Vec<Release>, StoreError>;

    /// All closed applies, newest first.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    async fn history(&self) -> Result<Vec<Past>, StoreError>;

    /// The content of a file that a release names.
    ///
    /// # Errors
    /// When the store cannot be read, or does not have it.
    async fn file(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, StoreError>;

    /// The apply that was opened and not closed; none where all are closed.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    async fn open_apply(&self) -> Result<Option<Apply>, StoreError>;

    /// The records of an apply, oldest first, their chain checked.
    ///
    /// # Errors
    /// When the store cannot be read, or the chain is broken.
    async fn journal(&self, op: &Op) -> Result<Vec<Record>, StoreError>;

    /// Opens an apply, keeping the plan and the content of the files it names, in one transaction.
    ///
    /// # Errors
    /// When another one is open, the fence is not ours, or the store cannot be written.
    async fn open(&mut self, apply: &Apply, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError>;

    /// Takes an open apply over under a new fence, which is how a recovery starts.
    ///
    /// # Errors
    /// When it is not open, or the store cannot be written.
    async fn take_over(&mut self, op: &Op, fence: u64) -> Result<(), StoreError>;

    /// Appends a record; it is on disk when this returns.
    ///
    /// # Errors
    /// When the fence is not ours, the apply is not open, or the store cannot be written.
    async fn append(&mut self, op: &Op, fence: u64, record: &Record, at: Timestamp) -> Result<(), StoreError>;

    /// Keeps files that the release of an open apply will name, by digest: what is there already is there once. It is a
    /// transaction of its own, so that a release can be closed without them where there is no room.
    ///
    /// # Errors
    /// When the fence is not ours, the apply is not open, or the store cannot be written.
    async fn keep(&mut self, op: &Op, fence: u64, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError>;

    /// Closes an apply, and keeps the release it made, in one transaction.
    ///
    /// # Errors
    /// When the fence is not ours, or the store cannot be written.
    async fn close(
        &mut self,
        op: &Op,
        fence: u64,
        outcome: &Outcome,
        release: Option<&Release>,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Who has the lock; none where it is free.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn lock(&self) -> Result<Option<Held>, StoreError>;

    /// The fence of the last lock taken here; 0 before the first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn last_fence(&self) -> Result<u64, StoreError>;

    /// Takes the lock under a fence greater than both the last one here and `above`. A lock whose holder ran on this
    /// machine and is dead is taken over.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn take_lock(&mut self, holder: &Holder, above: u64) -> Result<Locking, StoreError>;

    /// Renews the lease.
    ///
    /// # Errors
    /// When the lock is no longer ours, or the store cannot be written.
    async fn renew_lock(&mut self, fence: u64) -> Result<(), StoreError>;

    /// Gives the lock back. One that is no longer ours is left alone.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn drop_lock(&mut self, fence: u64) -> Result<(), StoreError>;

    /// Takes the lock away from its holder, who has to have this very fence, and notes who did it.
    ///
    /// # Errors
    /// When the lock has another fence or is free, or the store cannot be written.
    async fn break_lock(&mut self, fence: u64, by: &Holder) -> Result<(), StoreError>;

    /// Forgets releases and their files, by number.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn forget(&mut self, releases: &[u64], fence: u64) -> Result<(), StoreError>;
}

/// What a plan is for, as the one word that history keeps.
const fn purpose_word(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Apply => "apply",
        Purpose::Rollback(_) => "rollback",
        Purpose::Destroy => "destroy",
    }
}

/// The files that these releases and this open apply name. What an apply keeps just before it is closed is named by its
/// release; where it did not come so far, nobody names it.
fn named_files<'r>(kept: impl Iterator<Item = &'r Release>, open: Option<&Apply>) -> BTreeSet<Fingerprint> {
    let kept: Vec<_> = kept.collect();
    let catalogues = kept.iter().flat_map(|release| release.catalogues());
    let released = kept.iter().flat_map(|release| release.resources.values().map(|recorded| &recorded.resource));
    let changes = open.into_iter().flat_map(|apply| &apply.plan.changes);
    let planned = changes.flat_map(|change| change.before.iter().map(|side| &side.resource).chain(&change.after));
    released.flat_map(Resource::files).chain(planned.flat_map(Resource::files)).chain(catalogues).collect()
}
