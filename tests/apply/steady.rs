//! `Steady`: the `SQLite` store under a clock that is paused.
//!
//! `SQLite` works on a thread of its own. A runtime that waits for it has nothing else to do, and would turn a paused clock
//! on; so here the whole thread waits. It also notes what it was told is on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use jiff::Timestamp;
use omni::address::Scope;
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::{Apply, Outcome, Past, Record};
use omni::lock::{Held, Holder, Op};
use omni::release::Release;
use omni::store::{Locking, Machine, Sqlite, Store, StoreError};

/// The `SQLite` store under a clock that is paused.
pub(crate) struct Steady {
    path: PathBuf,
    machine: Machine,
    /// None while no process runs.
    open: Option<Sqlite>,
    /// The records that it said are on disk, oldest first.
    pub(crate) acknowledged: Vec<(Op, Record)>,
    /// Whether a store that cannot be used any more means that the machine has no power: then nothing goes on.
    pub(crate) is_mortal: bool,
    /// Which record it refuses, though the disk works.
    pub(crate) refusal: Option<Refusal>,
    /// What lies in the store's folder after each write, where that is asked for.
    pub(crate) copies: Option<Vec<Copy>>,
}

/// The files of a store's folder, by name.
pub(crate) type Copy = Vec<(std::ffi::OsString, Vec<u8>)>;

/// A record that a store refuses, though the disk works.
pub(crate) struct Refusal {
    /// Which, counted from the next one on.
    pub(crate) at: u64,
    /// Whether all after it are refused too.
    pub(crate) lasts: bool,
    /// How many have come.
    pub(crate) seen: u64,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits with the whole thread.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    // A task that waits here never yields, so it would run out of what tokio lets it do at a stretch.
    let mut future = pin!(tokio::task::unconstrained(future));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

impl Steady {
    /// The store at a path, opened by a process.
    pub(crate) fn new(path: &Path, machine: Machine) -> Self {
        let path = path.to_path_buf();
        let mut store =
            Self { path, machine, open: None, acknowledged: Vec::new(), is_mortal: false, refusal: None, copies: None };
        store.begin().expect("the disk works");
        store
    }

    /// A process begins: it opens the file.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        let scope = Scope { project: "shop".to_owned(), environment: None };
        self.open = Some(wait(Sqlite::create(&self.path, &scope, self.machine.clone()))?);
        Ok(())
    }

    /// The process ends. What cannot be folded back into the file is in its log.
    pub(crate) fn end(&mut self) {
        if let Some(sqlite) = self.open.take() {
            let _ = wait(sqlite.shut());
        }
    }

    /// Puts a copy of the folder back, while no process runs.
    pub(crate) fn put_back(&self, copy: &Copy) {
        let folder = self.path.parent().expect("a folder");
        fs::remove_dir_all(folder).expect("it can be removed");
        fs::create_dir(folder).expect("it can be made");
        for (name, content) in copy {
            fs::write(folder.join(name), content).expect("it can be written");
        }
    }

    /// Takes a copy of the folder, where that is asked for.
    fn written(&mut self) {
        let Some(copies) = &mut self.copies else { return };
        let found = fs::read_dir(self.path.parent().expect("a folder")).expect("it can be read");
        let files = found.map(|entry| entry.expect("an entry"));
        copies.push(files.map(|file| (file.file_name(), fs::read(file.path()).expect("a file"))).collect());
    }

    fn sqlite(&self) -> &Sqlite {
        self.open.as_ref().expect("a process runs")
    }

    fn sqlite_mut(&mut self) -> &mut Sqlite {
        self.open.as_mut().expect("a process runs")
    }

    async fn told<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.is_mortal && matches!(done, Err(StoreError::Unusable { .. })) {
            std::future::pending::<()>().await;
        }
        done
    }
}

#[async_trait]
impl Store for Steady {
    fn lineage(&self) -> &str {
        self.sqlite().lineage()
    }

    fn scope(&self) -> &Scope {
        self.sqlite().scope()
    }

    fn key(&self) -> &Key {
        self.sqlite().key()
    }

    async fn adopt_key(&mut self, key: &Key) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().adopt_key(key));
        self.told(done).await
    }

    async fn head(&self) -> Result<Option<Release>, StoreError> {
        self.told(wait(self.sqlite().head())).await
    }

    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        self.told(wait(self.sqlite().releases())).await
    }

    async fn history(&self) -> Result<Vec<Past>, StoreError> {
        self.told(wait(self.sqlite().history())).await
    }

    async fn file(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, StoreError> {
        self.told(wait(self.sqlite().file(fingerprint))).await
    }

    async fn open_apply(&self) -> Result<Option<Apply>, StoreError> {
        self.told(wait(self.sqlite().open_apply())).await
    }

    async fn journal(&self, op: &Op) -> Result<Vec<Record>, StoreError> {
        self.told(wait(self.sqlite().journal(op))).await
    }

    async fn open(&mut self, apply: &Apply, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().open(apply, files));
        self.written();
        self.told(done).await
    }

    async fn take_over(&mut self, op: &Op, fence: u64) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().take_over(op, fence));
        self.written();
        self.told(done).await
    }

    async fn append(&mut self, op: &Op, fence: u64, record: &Record, at: Timestamp) -> Result<(), StoreError> {
        let refusal = self.refusal.as_mut().is_some_and(|refusal| {
            refusal.seen += 1;
            refusal.seen == refusal.at || refusal.lasts && refusal.seen > refusal.at
        });
        let done = if refusal {
            Err(StoreError::Unusable { place: "the test".to_owned(), why: "it refuses".to_owned() })
        } else {
            wait(self.sqlite_mut().append(op, fence, record, at))
        };
        if done.is_ok() {
            self.acknowledged.push((op.clone(), record.clone()));
        }
        self.written();
        self.told(done).await
    }

    async fn keep(&mut self, op: &Op, fence: u64, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().keep(op, fence, files));
        self.written();
        self.told(done).await
    }

    async fn close(
        &mut self,
        op: &Op,
        fence: u64,
        outcome: &Outcome,
        release: Option<&Release>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().close(op, fence, outcome, release, at));
        self.written();
        self.told(done).await
    }

    async fn lock(&self) -> Result<Option<Held>, StoreError> {
        self.told(wait(self.sqlite().lock())).await
    }

    async fn last_fence(&self) -> Result<u64, StoreError> {
        self.told(wait(self.sqlite().last_fence())).await
    }

    async fn take_lock(&mut self, holder: &Holder, above: u64) -> Result<Locking, StoreError> {
        let done = wait(self.sqlite_mut().take_lock(holder, above));
        self.written();
        self.told(done).await
    }

    async fn renew_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().renew_lock(fence));
        self.told(done).await
    }

    async fn drop_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().drop_lock(fence));
        self.written();
        self.told(done).await
    }

    async fn break_lock(&mut self, fence: u64, by: &Holder) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().break_lock(fence, by));
        self.told(done).await
    }

    async fn forget(&mut self, releases: &[u64], fence: u64) -> Result<(), StoreError> {
        let done = wait(self.sqlite_mut().forget(releases, fence));
        self.told(done).await
    }
}
