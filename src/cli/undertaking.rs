//! `Undertaking`: from a wish to an ending, for every command that changes something.
//!
//! Plan, show, ask; take both locks; plan again and compare; apply; close; tidy; unlock. What is applied is what was seen:
//! the second plan, made under the lock, has to do the same as the first.

use std::time::Duration;

use crate::address::Address;
use crate::apply::{self, Limits};
use crate::cli::applying::{Applied, Applying};
use crate::cli::args::DoArgs;
use crate::cli::consent::{self, Reviewed};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::{self, Locked};
use crate::cli::planning::{self, Ground};
use crate::cli::project::{self, Engine, Project};
use crate::cli::recovering;
use crate::cli::signals::Signals;
use crate::cli::system_clock::SystemClock;
use crate::cli::tidying;
use crate::cli::wish::{Met, Wish};
use crate::failpoint::{self, Place};
use crate::fingerprint::{Fingerprint, Key};
use crate::journal::Outcome;
use crate::lock::LONGEST_CALL;
use crate::plan::Plan;
use crate::report::{self, Facts};
use crate::spec;
use crate::store::{Sqlite, Store};

/// Everything one changing command works with.
pub(crate) struct Undertaking<'a> {
    /// The spec and the ways from it.
    pub(crate) project: &'a Project,
    /// The engine.
    pub(crate) engine: Engine,
    /// The user.
    pub(crate) console: &'a Console,
    /// Consent and bounds.
    pub(crate) doing: &'a DoArgs,
    /// How long to wait for the lock.
    pub(crate) lock_wait: Duration,
    /// How long going forward may take in all; without end where none.
    pub(crate) budget: Option<Duration>,
    /// Whether a failed step leaves the apply open.
    pub(crate) pause_on_failure: bool,
    /// What is being done, for the lock: `apply`.
    pub(crate) name: &'static str,
}

/// Both locks and what can be written under them.
pub(crate) struct Under<'a> {
    /// The memory.
    pub(crate) store: &'a mut Sqlite,
    /// The locks.
    pub(crate) locked: &'a Locked,
    /// Signals.
    pub(crate) signals: &'a mut Signals,
}

impl Undertaking<'_> {
    /// Does it.
    ///
    /// # Errors
    /// When nothing was touched, or the apply had to stop where it stood.
    pub(crate) async fn run(&self, wish: &Wish, mut reviewed: Reviewed) -> Result<Exit, Failure> {
        let store = self.project.store().await?;
        let is_open = match &store {
            Some(store) => store.open_apply().await?.is_some(),
            None => false,
        };
        // While an apply is open, what is there is neither before nor after: it is finished first, under the lock.
        if !is_open {
            if reviewed.plan.is_none() {
                let ground = self.look(store.as_ref()).await?;
                let (met, plan) = self.prepare(wish, &ground, &ground.key, store.as_ref()).await?;
                if has_nothing_to_do(&plan, &ground) {
                    self.show(&plan);
                    return Ok(Exit::Done);
                }
                self.show(&plan);
                consent::check(&plan, &reviewed, met.approval, self.doing, self.console)?;
                reviewed.plan = Some(plan);
            } else if let Some(plan) = &reviewed.plan {
                self.show(plan);
                consent::check(plan, &reviewed, false, self.doing, self.console)?;
            }
        }
        drop(store);
        self.under_lock(async |under| self.locked(wish, &reviewed, under).await).await
    }

    /// Does something while both locks are held.
    ///
    /// # Errors
    /// `Locked` when somebody else has one; what the work says otherwise.
    pub(crate) async fn under_lock<T>(
        &self,
        work: impl AsyncFnOnce(&mut Under<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut signals = Signals::listen().map_err(|error| {
            Failure::new(Exit::Unusable, "omni::cli::signals", format!("cannot listen to signals: {error}"))
        })?;
        let scope = self.project.scope();
        let observing = crate::provider::Observe::observe(&self.engine, scope);
        let (store, observed) = futures_util::future::join(self.project.made_store(), observing).await;
        let (mut store, observed) = (store?, observed?);
        let holder = project::holder(self.name, &store);
        let locked = locking::lock(&mut store, &self.engine, scope, &holder, &observed, self.lock_wait).await?;
        failpoint::reach(Place::Locked);
        let done = work(&mut Under { store: &mut store, locked: &locked, signals: &mut signals }).await;
        if let Err(Failure::Told(told)) = locking::unlock(&mut store, &self.engine, &locked).await {
            let text = told.draw();
            self.console.warn(&format!("warning: the lock could not be given back, and runs out by itself\n{text}"));
        }
        done
    }

    async fn locked(&self, wish: &Wish, reviewed: &Reviewed, under: &mut Under<'_>) -> Result<Exit, Failure> {
        if let Some(open) = under.store.open_apply().await? {
            let exit = recovering::finish(self, &open, None, under).await?;
            if exit == Exit::Stuck {
                return Ok(exit);
            }
        }
        let ground = self.look(Some(&*under.store)).await?;
        let (met, plan) = self.prepare(wish, &ground, &ground.key, Some(&*under.store)).await?;
        match &reviewed.plan {
            Some(seen) => {
                let moved = seen.moved(&plan);
                if !moved.is_empty() {
                    return Err(Failure::moved(&moved));
                }
            }
            None if has_nothing_to_do(&plan, &ground) => {
                self.show(&plan);
                return Ok(Exit::Done);
            }
            None => {
                self.show(&plan);
                consent::check(&plan, reviewed, met.approval, self.doing, self.console)?;
            }
        }
        let (met, plan) = if ground.key.is_unset() {
            // Before a first apply there is no key. Its objects need one, and so do the marks of their secrets.
            let key = under.store.key().clone();
            self.prepare(wish, &ground, &key, Some(&*under.store)).await?
        } else {
            if ground.head.is_none() {
                under.store.adopt_key(&ground.key).await?;
            }
            (met, plan)
        };
        self.apply(wish, &met, plan, &ground, under).await
    }

    async fn apply(
        &self,
        wish: &Wish,
        met: &Met,
        plan: Plan,
        ground: &Ground,
        under: &mut Under<'_>,
    ) -> Result<Exit, Failure> {
        let by = project::by(&project::holder(self.name, &*under.store));
        let mut reporter = self.console.reporter(&plan);
        let applying = Applying {
            provider: &self.engine,
            anchor: &self.engine,
            store: &mut *under.store,
            reporter: &mut *reporter,
            vault: &met.vault,
            root: &self.project.root,
            clock: &SystemClock,
            locked: under.locked,
            signals: &mut *under.signals,
            limits: self.limits(met.on_interrupt),
        };
        let applied = applying.start(plan.clone(), &by).await?;
        drop(reporter);
        self.tell_ending(&plan, &applied);
        if applied.release.is_some() {
            tidying::tidy(self, met.retain, wish, under).await?;
        }
        Ok(self.checked(&plan, &applied, Some(ground.observed.fingerprint())))
    }

    /// Looks at the engine and into the store.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub(crate) async fn look(&self, store: Option<&Sqlite>) -> Result<Ground, Failure> {
        Ground::look(self.project.scope(), &self.engine, store.map(|store| store as &dyn Store)).await
    }

    /// The plan that meets a wish.
    ///
    /// # Errors
    /// When it cannot be met.
    pub(crate) async fn prepare(
        &self,
        wish: &Wish,
        ground: &Ground,
        key: &Key,
        store: Option<&Sqlite>,
    ) -> Result<(Met, Plan), Failure> {
        let store = store.map(|store| store as &dyn Store);
        let mut met = wish.meet(self.project, &self.engine, key, store).await?;
        let plan = planning::plan(&met.goal, ground, &self.engine).await?;
        met.check_secrets(&plan)?;
        Ok((met, plan))
    }

    /// The bounds of an apply.
    #[must_use]
    pub(crate) fn limits(&self, on_interrupt: spec::OnFailure) -> Limits {
        Limits {
            parallel: usize::from(self.doing.parallel),
            call: LONGEST_CALL,
            budget: self.budget,
            on_interrupt: match on_interrupt {
                spec::OnFailure::Undo => apply::OnInterrupt::Undo,
                spec::OnFailure::Pause => apply::OnInterrupt::Pause,
            },
            pause_on_failure: self.pause_on_failure,
        }
    }

    /// The exit code of an apply; warns where the system was to be as before and is not.
    #[must_use]
    pub(crate) fn checked(&self, plan: &Plan, applied: &Applied, before: Option<Fingerprint>) -> Exit {
        let exit = applied.exit(before);
        if exit == Exit::Stuck && Exit::of(&applied.outcome) != Exit::Stuck {
            let spoken =
                |world: Option<Fingerprint>| world.map_or_else(|| "unknown".to_owned(), |world| world.spoken());
            self.console.warn(&format!(
                "warning: everything was undone, but what serves now ({}) is not what served before ({})\n  help: look with `omni status`; `omni plan` shows the way to {}\n",
                spoken(applied.world),
                spoken(before),
                plan.base.as_ref().map_or("the spec", |base| base.tag.as_str()),
            ));
        }
        exit
    }

    /// Prints the ending of an apply.
    pub(crate) fn tell_ending(&self, plan: &Plan, applied: &Applied) {
        if self.console.json {
            return;
        }
        let facts = Facts {
            release: applied.number,
            took: applied.took,
            records: &applied.records,
            location: None,
            world: applied.world,
        };
        self.console.warn(&report::ending(plan, &applied.outcome, &facts, &self.console.err));
        if !applied.lost.is_empty() && applied.outcome != Outcome::Applied {
            let lost: Vec<_> = applied.lost.iter().map(Address::to_string).collect();
            self.console.warn(&format!(
                "warning: {} ran and cannot be taken back, as you agreed with --allow-loss\n",
                lost.join(", ")
            ));
        }
    }

    fn show(&self, plan: &Plan) {
        if !self.console.json {
            self.console.print(&report::plan_text(plan, None, &self.console.out));
        }
    }
}

/// Whether there is nothing to do, not even to write down what a lost store no longer says.
fn has_nothing_to_do(plan: &Plan, ground: &Ground) -> bool {
    plan.is_empty() && (ground.head.is_some() || plan.base.is_none())
}
