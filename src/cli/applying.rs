//! Applying: from a plan under the lock to an outcome that is kept and told.
//!
//! `apply`, `rollback`, `destroy` and `recover` end here.

use std::path::Path;

use crate::apply::{self, Aborted, Ended, Limits, Session};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::Locked;
use crate::cli::signals::Signals;
use crate::cli::tail;
use crate::clock::Clock;
use crate::failpoint::{self, Place};
use crate::fingerprint::Fingerprint;
use crate::journal::{Apply, Direction, Outcome, Record};
use crate::lock::{Held, Op};
use crate::plan::Plan;
use crate::provider::{Anchor, Perform};
use crate::release::Release;
use crate::report::Reporter;
use crate::store::Store;
use crate::template::Vault;

/// What applying works with.
pub(crate) struct Applying<'a> {
    /// The outside world.
    pub(crate) provider: &'a dyn Perform,
    /// The lock on the engine.
    pub(crate) anchor: &'a dyn Anchor,
    /// The memory.
    pub(crate) store: &'a mut dyn Store,
    /// The voice.
    pub(crate) reporter: &'a mut dyn Reporter,
    /// Secrets and files.
    pub(crate) vault: &'a Vault,
    /// Where deploy.toml lies.
    pub(crate) root: &'a Path,
    /// The time.
    pub(crate) clock: &'a dyn Clock,
    /// Both locks.
    pub(crate) locked: &'a Locked,
    /// Signals.
    pub(crate) signals: &'a mut Signals,
    /// Bounds.
    pub(crate) limits: Limits,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Applied {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The release it made, where it did.
    pub(crate) release: Option<Release>,
    /// The number of that release, made or not.
    pub(crate) number: u64,
    /// What serves now; none where the engine could not be asked any more.
    pub(crate) world: Option<Fingerprint>,
    /// What should run, was not brought by this apply, and does not come up again: each with why.
    pub(crate) down: Vec<(crate::address::Address, crate::journal::FaultReport)>,
    /// Changes that were begun and that nothing can take back.
    pub(crate) lost: Vec<crate::address::Address>,
    /// Every record of it, oldest first.
    pub(crate) records: Vec<Record>,
    /// How long it took.
    pub(crate) took: std::time::Duration,
}

/// The failure of an apply of which every step is done or undone, while nobody can say what serves.
fn not_closed(what: &str, way: &str) -> Failure {
    let text = format!("every step is {what}, but the engine does not answer any more, so the apply is not closed");
    Failure::new(Exit::Stuck, "omni::apply::not_closed", text)
        .help(format!("when the engine answers again, run `omni recover {way}`"))
}

impl Applied {
    /// Whether what serves is known not to be what served before.
    #[must_use]
    pub(crate) fn is_other(&self, before: Option<Fingerprint>) -> bool {
        matches!((before, self.world), (Some(before), Some(world)) if before != world)
    }

    /// What it means to the caller. A system that was to be as before and is not is never called undone.
    #[must_use]
    pub(crate) fn exit(&self, before: Option<Fingerprint>) -> Exit {
        match Exit::of(&self.outcome) {
            _ if !self.down.is_empty() => Exit::Stuck,
            Exit::Done => Exit::Done,
            _ if self.is_other(before) => Exit::Stuck,
            exit => exit,
        }
    }
}

impl Applying<'_> {
    /// Opens an apply of this plan, which makes the release of this number, does it, and closes it.
    ///
    /// # Errors
    /// When it has to stop where it stands: the journal stays open.
    pub(crate) async fn start(mut self, plan: Plan, number: u64, by: &str) -> Result<Applied, Failure> {
        let head = self.store.head().await?;
        let apply = Apply {
            op: Op::new(&plan.id(), self.store.lineage(), self.locked.fence),
            fence: self.locked.fence,
            release: number,
            by: by.to_owned(),
            opened: self.clock.now(),
            plan,
        };
        let files = self.vault.files().map(|(fingerprint, content)| (*fingerprint, content.to_vec())).collect();
        self.store.open(&apply, files).await?;
        failpoint::reach(Place::ApplyOpened);
        self.go(&apply, &[], Direction::Forward, head.as_ref()).await
    }

    /// Takes up an apply that another process left open.
    ///
    /// # Errors
    /// When it has to stop where it stands: the journal stays open.
    pub(crate) async fn take_up(mut self, apply: &Apply, direction: Direction) -> Result<Applied, Failure> {
        self.store.take_over(&apply.op, self.locked.fence).await?;
        let prior = self.store.journal(&apply.op).await?;
        let head = self.store.head().await?;
        self.go(apply, &prior, direction, head.as_ref()).await
    }

    async fn go(
        &mut self,
        apply: &Apply,
        prior: &[Record],
        direction: Direction,
        head: Option<&Release>,
    ) -> Result<Applied, Failure> {
        let session = Session {
            provider: self.provider,
            anchor: self.anchor,
            store: &mut *self.store,
            reporter: &mut *self.reporter,
            vault: self.vault,
            root: self.root,
            clock: self.clock,
            held: &self.locked.anchor,
            taken: self.locked.taken,
            fence: self.locked.fence,
            stops: &mut self.signals.stops,
            limits: self.limits,
        };
        match session.run(apply, prior, direction).await {
            Ok(ended) => self.close(apply, ended, head).await,
            Err(aborted) => Err(self.failure(apply, aborted).await),
        }
    }

    /// Why the apply ended without an outcome; where it lost its lock, with who has it now; where the journal could not
    /// be written, with where its tail is.
    async fn failure(&self, apply: &Apply, aborted: Aborted) -> Failure {
        let scope = &apply.plan.scope;
        let why = match aborted {
            Aborted::LeaseLost(why) => why,
            Aborted::Store { ref tail, .. } => {
                let left = tail::left(&apply.op, scope, self.locked.fence, tail);
                let failure = Failure::from(aborted);
                return left.into_iter().fold(failure, Failure::and);
            }
            Aborted::Journal(_) => return aborted.into(),
        };
        let others = |held: &Held| held.fence != self.locked.fence;
        let in_store = self.store.lock().await.ok().flatten().filter(others);
        let held = match in_store {
            Some(held) => Some(held),
            // Whether anybody is there can be asked without harm; that nobody answers is no worse than not to know.
            None => self.anchor.anchor(scope).await.ok().flatten().filter(others),
        };
        Failure::lock_lost(&why, held.as_ref())
    }

    async fn close(&mut self, apply: &Apply, ended: Ended<'_>, head: Option<&Release>) -> Result<Applied, Failure> {
        let world = ended.world;
        let at = self.clock.now();
        let mut release = match (&ended.outcome, world) {
            (Outcome::Applied, Some(world)) => {
                Some(apply::release(apply, &ended.frontier, &ended.took, head, world, at))
            }
            // The engine cannot be asked what serves: the next command closes the apply.
            (Outcome::Applied, None) => return Err(not_closed("done", "--forward")),
            (Outcome::Unwound(_), None) => return Err(not_closed("undone", "--back")),
            _ => None,
        };
        if let Some(release) = &mut release {
            let (databases, files) = apply::left(release, &ended.databases);
            release.databases = databases;
            if !files.is_empty() && self.store.keep(&apply.op, self.locked.fence, files).await.is_err() {
                // Where there is no room for what a schema was, its fingerprint still tells that it is another one.
                release.databases.values_mut().for_each(|database| database.catalogue = None);
            }
        }
        failpoint::reach(Place::ApplyUnclosed);
        if ended.is_closable() {
            let closed = self.store.close(&apply.op, self.locked.fence, &ended.outcome, release.as_ref(), at).await;
            if let Err(error) = closed {
                let aborted = Aborted::unwritten(error, Some(ended.outcome));
                return Err(self.failure(apply, aborted).await);
            }
        }
        failpoint::reach(Place::ApplyClosed);
        let records = self.store.journal(&apply.op).await?;
        Ok(Applied {
            lost: apply::lost_for_good(&apply.plan, &ended.frontier).into_iter().cloned().collect(),
            number: apply.release,
            took: ended.elapsed,
            outcome: ended.outcome,
            release,
            world,
            down: ended.down,
            records,
        })
    }
}
