//! `Undertaking`: one changing command at work: its project, engine and user, and what all such commands share.
//!
//! Looking, planning, locking and telling are here; their order for a wish is left to `fulfilling`.

use std::time::Duration;

use crate::address::Address;
use crate::apply::{self, Limits};
use crate::cli::applying::Applied;
use crate::cli::args::{DoArgs, Global};
use crate::cli::console::Console;
use crate::cli::evidence::Evidence;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::foreseeing::foresee;
use crate::cli::identity;
use crate::cli::locking::{self, Locked};
use crate::cli::opened::{self, Opened};
use crate::cli::planning::{self, Ground};
use crate::cli::problems;
use crate::cli::project::{self, Engine, Project};
use crate::cli::proofs;
use crate::cli::signals::Signals;
use crate::cli::wish::{Met, Wish};
use crate::failpoint::{self, Place};
use crate::fingerprint::{Fingerprint, Key};
use crate::journal::{Cause, FaultReport, Outcome, Record};
use crate::lock::LONGEST_CALL;
use crate::plain::plain;
use crate::plan::Plan;
use crate::provider::{Anchor, Observe};
use crate::report::{self, Facts};
use crate::spec::OnFailure;
use crate::store::Store;

/// What to do where something does not run.
const BRINGS_BACK: &str = "`omni plan` shows what brings it back";

fn down(node: &Address, fault: &FaultReport) -> String {
    format!("{node} does not run: {}", plain(&fault.message))
}

/// One changing command at work.
pub(crate) struct Undertaking<'a> {
    /// The spec and the ways from it.
    pub(crate) project: &'a Project,
    /// The engine.
    pub(crate) engine: Engine,
    /// The user.
    pub(crate) console: &'a Console,
    /// Consent and bounds.
    pub(crate) doing: &'a DoArgs,
    /// What is being done, for the lock: `apply`.
    name: &'static str,
    lock_wait: Duration,
    budget: Option<Duration>,
    /// Whether the user wants a failed step to leave the apply open, whatever the spec says.
    pub(crate) pause_on_failure: bool,
}

/// What can be written while both locks are held.
pub(crate) struct Under<'a> {
    /// The memory.
    pub(crate) store: &'a mut dyn Store,
    /// The locks.
    pub(crate) locked: &'a Locked,
    /// Signals.
    pub(crate) signals: &'a mut Signals,
}

impl<'a> Undertaking<'a> {
    /// The command called `name` at work.
    ///
    /// # Errors
    /// When there is no way to the engine.
    pub(crate) fn new(
        project: &'a Project,
        global: &Global,
        console: &'a Console,
        doing: &'a DoArgs,
        name: &'static str,
    ) -> Result<Self, Failure> {
        Ok(Self {
            engine: project.engine()?,
            project,
            console,
            doing,
            name,
            lock_wait: global.lock_wait.duration(),
            budget: global.timeout.map(Into::into),
            pause_on_failure: false,
        })
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
        let observed = self.engine.observe(scope).await?;
        let mut store = self.project.made_store().await?;
        let holder = project::holder(self.name, &*store);
        let (engine, wait) = (&self.engine, self.lock_wait);
        let locked = locking::lock(&mut *store, engine, engine, (scope, &observed), &holder, wait).await?;
        failpoint::reach(Place::Locked);
        let done = work(&mut Under { store: &mut *store, locked: &locked, signals: &mut signals }).await;
        if let Err(Failure::Told(told)) = locking::unlock(&mut *store, &self.engine, &locked).await {
            let text = told.draw();
            self.console.warn(&format!("warning: the lock could not be given back, and runs out by itself\n{text}"));
        }
        done
    }

    /// The apply that was cut off; none where none was. One that somebody works on is waited for as long as the user
    /// lets the command wait.
    ///
    /// # Errors
    /// `Locked` when somebody still works on it.
    pub(crate) async fn opened(&self) -> Result<Option<Opened>, Failure> {
        let store = self.project.store().await?;
        let Some(opened) = opened::look(self.project, &self.engine, store.as_deref(), self.lock_wait).await? else {
            return Ok(None);
        };
        match &opened.worker {
            Some(held) => Err(locking::refused(held)),
            None => Ok(Some(opened)),
        }
    }

    /// Whether the engine's lock is still there though its holder is gone.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(crate) async fn is_lock_left_behind(&self) -> Result<bool, Failure> {
        let held = self.engine.anchor(self.project.scope()).await?;
        Ok(held.is_some_and(|held| held.is_abandoned() || identity::is_alive(&held.holder) == Some(false)))
    }

    /// Who does it, for the record.
    pub(crate) fn by(&self, store: &dyn Store) -> String {
        project::by(&project::holder(self.name, store))
    }

    /// Looks at the engine and into the store.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub(crate) async fn look(&self, store: Option<&dyn Store>) -> Result<Ground, Failure> {
        Ground::look(self.project.scope(), &self.engine, store).await
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
        store: Option<&dyn Store>,
    ) -> Result<(Met, Plan), Failure> {
        let mut met = wish.meet(self.project, &self.engine, key, store).await?;
        let evidence = Evidence { vault: &met.vault, proofs: &proofs::kept(&self.project.root) };
        let mut plan = planning::plan(&met.goal, ground, &self.engine, &evidence).await?;
        plan.afterwards = foresee(&plan, ground, met.retention, &self.engine).await?;
        met.check_secrets(&plan)?;
        Ok((met, plan))
    }

    /// Prints the plan that meets a wish, and does nothing. While an apply is open, it says so instead.
    ///
    /// # Errors
    /// When it cannot be met.
    pub(crate) async fn only_plan(&self, wish: &Wish) -> Result<Exit, Failure> {
        let store = self.project.store().await?;
        if let Some(opened) = opened::look(self.project, &self.engine, store.as_deref(), self.lock_wait).await? {
            return opened.end(self.console);
        }
        let ground = self.look(store.as_deref()).await?;
        let (_, plan) = self.prepare(wish, &ground, &ground.key, store.as_deref()).await?;
        self.console.print(&if self.console.json {
            report::plan_json(&plan)
        } else {
            report::plan_text(&plan, None, &self.console.out)
        });
        Ok(Exit::Done)
    }

    /// The bounds of an apply.
    #[must_use]
    pub(crate) fn limits(&self, on_failure: OnFailure, on_interrupt: OnFailure) -> Limits {
        Limits {
            parallel: usize::from(self.doing.parallel),
            call: failpoint::hastened(LONGEST_CALL),
            budget: self.budget,
            on_interrupt: match on_interrupt {
                OnFailure::Undo => apply::OnInterrupt::Undo,
                OnFailure::Pause => apply::OnInterrupt::Pause,
            },
            pause_on_failure: self.pause_on_failure || on_failure == OnFailure::Pause,
        }
    }

    /// Prints what is about to be applied.
    pub(crate) fn tell_opening(&self, plan: &Plan, release: u64, fence: u64) {
        if !self.console.json {
            self.console.note(&report::opening(plan, release, fence, &self.console.err));
        }
    }

    /// Prints the ending of an apply. `place` tells where the spec says something about a thing.
    /// `before` is what served before it, where that is known.
    pub(crate) fn tell_ending(
        &self,
        plan: &Plan,
        applied: &Applied,
        before: Option<Fingerprint>,
        place: &dyn Fn(&Address) -> Option<String>,
    ) {
        if self.console.json {
            return;
        }
        // Where somebody asked for an end, or the time was over, nothing in the spec is to blame.
        let failed = match &applied.outcome {
            Outcome::Unwound(Cause::Failed(node)) | Outcome::Stuck { cause: Cause::Failed(node), .. } => Some(node),
            Outcome::Interrupted => applied.records.iter().find_map(|record| match record {
                Record::Failed { node, .. } => Some(node),
                _ => None,
            }),
            _ => None,
        };
        let location = failed.and_then(place);
        let facts = Facts {
            release: applied.number,
            took: applied.took,
            records: &applied.records,
            location: location.as_deref(),
            before,
            world: applied.world,
        };
        self.console.warn(&report::ending(plan, &applied.outcome, &facts, &self.console.err));
        for (node, fault) in &applied.down {
            self.console.warn(&format!("warning: {}\n  help: {BRINGS_BACK}\n", down(node, fault)));
        }
        if !applied.lost.is_empty() && applied.outcome != Outcome::Applied {
            let lost: Vec<_> = applied.lost.iter().map(Address::to_string).collect();
            self.console.warn(&format!(
                "warning: {} ran and cannot be taken back, as you agreed with --allow-loss\n",
                lost.join(", ")
            ));
        }
    }

    /// Prints what the reader of the spec should know, where the wish is about the spec.
    pub(crate) fn warn(&self, wish: &Wish, met: &Met) {
        if let (Wish::Spec(_), Some(warnings)) = (wish, met.warnings()) {
            self.console.note(&problems::drawn(warnings, self.console));
        }
    }

    /// Tells programs that an apply ended badly, and with which exit code. `before` is what served before it, where
    /// that is known.
    pub(crate) fn tell_failure(&self, plan: &Plan, applied: &Applied, before: Option<Fingerprint>, exit: Exit) {
        if !self.console.json {
            return;
        }
        let is_undone = matches!(applied.outcome, Outcome::Unwound(_));
        let failure = if let Some((node, fault)) = applied.down.first() {
            Failure::new(exit, "omni::apply::down", down(node, fault)).help(BRINGS_BACK)
        } else if is_undone && applied.is_other(before) {
            let text = "everything was undone, but what serves now is not what served before";
            Failure::new(exit, "omni::apply::not_as_before", text).help("`omni drift` tells why")
        } else if let Some((code, message, help)) = report::failure_of(plan, &applied.outcome, &applied.records) {
            Failure::new(exit, code, message).help(help)
        } else {
            return;
        };
        self.console.warn(&failure.json());
    }

    /// Prints a plan.
    pub(crate) fn show(&self, plan: &Plan) {
        if !self.console.json {
            self.console.print(&report::plan_at_work(plan, &self.console.out));
        }
    }
}
