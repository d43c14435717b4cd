//! `Memory`: the store in memory, for tests: the same rules as on disk, and gone with its last view.
//!
//! `again` gives another view of the same memory, as another process would have of the same file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::address::Scope;
use crate::fingerprint::{Fingerprint, Key};
use crate::journal::{Apply, Outcome, Past, Record};
use crate::lock::{Held, Holder, LEASE, Op};
use crate::release::Release;
use crate::store::{Locking, Machine, Store, StoreError, named_files, purpose_word};

/// The store in memory.
#[derive(Debug)]
pub struct Memory {
    lineage: String,
    scope: Scope,
    key: Key,
    machine: Machine,
    shared: Arc<Mutex<Shared>>,
}

/// What all views of one memory share.
#[derive(Debug, Default, Clone)]
struct Shared {
    key: Option<Key>,
    releases: BTreeMap<u64, Release>,
    files: BTreeMap<Fingerprint, Vec<u8>>,
    open: Option<Journal>,
    closed: Vec<(Past, Vec<Record>)>,
    lock: Option<Held>,
    last_fence: u64,
}

/// The open apply.
#[derive(Debug, Clone)]
struct Journal {
    apply: Apply,
    records: Vec<Record>,
    turned: Option<Timestamp>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new(scope: Scope, lineage: impl Into<String>, key: Key, machine: Machine) -> Self {
        Self { lineage: lineage.into(), scope, key, machine, shared: Arc::default() }
    }

    /// Another memory that has seen the same so far.
    #[must_use]
    pub fn copy(&self) -> Self {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { shared: Arc::new(Mutex::new(shared)), ..self.again() }
    }

    /// Another view of the same memory.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            lineage: self.lineage.clone(),
            scope: self.scope.clone(),
            key: self.shared().key.clone().unwrap_or_else(|| self.key.clone()),
            machine: self.machine.clone(),
            shared: Arc::clone(&self.shared),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // A test that panicked in another view must not hide what this one would see.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn require(&mut self, fence: u64) -> Result<&mut Held, StoreError> {
        self.lock.as_mut().filter(|held| held.fence == fence).ok_or(StoreError::FenceLost(fence))
    }

    fn open_of(&mut self, op: &Op) -> Result<&mut Journal, StoreError> {
        if let Some(journal) = self.open.as_mut().filter(|journal| journal.apply.op == *op) {
            return Ok(journal);
        }
        let closed = self.closed.iter().any(|(past, _)| past.op == *op);
        Err(StoreError::Absent(if closed { format!("open apply {op}") } else { format!("apply {op}") }))
    }

    fn own(&mut self, op: &Op, fence: u64) -> Result<&mut Journal, StoreError> {
        self.require(fence)?;
        let journal = self.open_of(op)?;
        if journal.apply.fence == fence { Ok(journal) } else { Err(StoreError::FenceLost(fence)) }
    }
}

#[async_trait]
impl Store for Memory {
    fn lineage(&self) -> &str {
        &self.lineage
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn key(&self) -> &Key {
        &self.key
    }

    async fn adopt_key(&mut self, key: &Key) -> Result<(), StoreError> {
        if !self.shared().releases.is_empty() {
            return Err(StoreError::HasReleases);
        }
        self.shared().key = Some(key.clone());
        self.key = key.clone();
        Ok(())
    }

    async fn head(&self) -> Result<Option<Release>, StoreError> {
        Ok(self.shared().releases.values().next_back().cloned())
    }

    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        Ok(self.shared().releases.values().rev().cloned().collect())
    }

    async fn history(&self) -> Result<Vec<Past>, StoreError> {
        Ok(self.shared().closed.iter().rev().map(|(past, _)| past.clone()).collect())
    }

    async fn file(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, StoreError> {
        self.shared().files.get(fingerprint).cloned().ok_or(StoreError::NoFile(*fingerprint))
    }

    async fn open_apply(&self) -> Result<Option<Apply>, StoreError> {
        Ok(self.shared().open.as_ref().map(|journal| journal.apply.clone()))
    }

    async fn journal(&self, op: &Op) -> Result<Vec<Record>, StoreError> {
        let shared = self.shared();
        let open = shared.open.iter().filter(|journal| journal.apply.op == *op).map(|journal| &journal.records);
        let closed = shared.closed.iter().filter(|(past, _)| past.op == *op).map(|(_, records)| records);
        open.chain(closed).next().cloned().ok_or_else(|| StoreError::Absent(format!("apply {op}")))
    }

    async fn open(&mut self, apply: &Apply, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        let mut shared = self.shared();
        shared.require(apply.fence)?;
        if shared.open.is_some() || shared.closed.iter().any(|(past, _)| past.op == apply.op) {
            return Err(StoreError::AlreadyOpen);
        }
        if let Some((wrong, _)) = files.iter().find(|(named, content)| Fingerprint::of_bytes(content) != *named) {
            return Err(StoreError::NoFile(*wrong));
        }
        shared.files.extend(files);
        shared.open = Some(Journal { apply: apply.clone(), records: Vec::new(), turned: None });
        Ok(())
    }

    async fn take_over(&mut self, op: &Op, fence: u64) -> Result<(), StoreError> {
        let mut shared = self.shared();
        shared.require(fence)?;
        shared.open_of(op)?.apply.fence = fence;
        Ok(())
    }

    async fn append(&mut self, op: &Op, fence: u64, record: &Record, at: Timestamp) -> Result<(), StoreError> {
        let mut shared = self.shared();
        let journal = shared.own(op, fence)?;
        if matches!(record, Record::Unwinding { .. }) {
            journal.turned.get_or_insert(at);
        }
        journal.records.push(record.clone());
        Ok(())
    }

    async fn keep(&mut self, op: &Op, fence: u64, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        let mut shared = self.shared();
        shared.own(op, fence)?;
        if let Some((wrong, _)) = files.iter().find(|(named, content)| Fingerprint::of_bytes(content) != *named) {
            return Err(StoreError::NoFile(*wrong));
        }
        shared.files.extend(files);
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
        let mut shared = self.shared();
        let past = past(shared.own(op, fence)?, outcome, at);
        if let Some(release) = release {
            let head = shared.releases.keys().next_back().copied().unwrap_or(0);
            if release.number <= head {
                let what = format!("release {} does not follow release {head}", release.number);
                return Err(StoreError::Damaged(what));
            }
            shared.releases.insert(release.number, release.clone());
        }
        let records = shared.open.take().map(|journal| journal.records).unwrap_or_default();
        shared.closed.push((past, records));
        Ok(())
    }

    async fn lock(&self) -> Result<Option<Held>, StoreError> {
        let now = self.machine.now();
        Ok(self.shared().lock.clone().map(|held| Held { now, ..held }))
    }

    async fn last_fence(&self) -> Result<u64, StoreError> {
        Ok(self.shared().last_fence)
    }

    async fn take_lock(&mut self, holder: &Holder, above: u64) -> Result<Locking, StoreError> {
        let now = self.machine.now();
        let mut shared = self.shared();
        if let Some(held) = shared.lock.clone().map(|held| Held { now, ..held })
            && !self.machine.is_gone(&held)
        {
            return Ok(Locking::Refused(held));
        }
        let fence = shared.last_fence.max(above) + 1;
        let id = fence.to_string();
        let held = Held { holder: holder.clone(), fence, since: now, until: now + LEASE, now, id };
        shared.last_fence = fence;
        shared.lock = Some(held.clone());
        Ok(Locking::Locked(held))
    }

    async fn renew_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        let until = self.machine.now() + LEASE;
        self.shared().require(fence)?.until = until;
        Ok(())
    }

    async fn drop_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        let mut shared = self.shared();
        shared.lock = shared.lock.take().filter(|held| held.fence != fence);
        Ok(())
    }

    async fn break_lock(&mut self, fence: u64, _by: &Holder) -> Result<(), StoreError> {
        let mut shared = self.shared();
        if shared.lock.is_none() {
            return Err(StoreError::Absent("lock that anybody has".to_owned()));
        }
        shared.require(fence)?;
        shared.lock = None;
        Ok(())
    }

    async fn forget(&mut self, releases: &[u64], fence: u64) -> Result<(), StoreError> {
        let mut shared = self.shared();
        shared.require(fence)?;
        shared.releases.retain(|number, _| !releases.contains(number));
        let named = named_files(shared.releases.values(), shared.open.as_ref().map(|journal| &journal.apply));
        shared.files.retain(|fingerprint, _| named.contains(fingerprint));
        Ok(())
    }
}

/// An open apply as history will show it.
fn past(journal: &Journal, outcome: &Outcome, at: Timestamp) -> Past {
    let Apply { op, plan, release, by, opened, .. } = &journal.apply;
    Past {
        op: op.clone(),
        release: *release,
        tag: plan.tag.clone(),
        purpose: purpose_word(&plan.purpose).to_owned(),
        by: by.clone(),
        opened: *opened,
        closed: at,
        turned: journal.turned,
        outcome: outcome.clone(),
        steps: plan.steps().count() as u64,
        without_backup: plan.without_backup.clone(),
    }
}
