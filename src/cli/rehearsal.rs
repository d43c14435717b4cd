//! `Rehearsal`: what a changing command does, on any engine and any store: no file, no Docker, no terminal, no consent.
//!
//! It represents `fulfilling` and `omni recover` to a simulation, which brings its own engine, store, clock and
//! processes. Locking, planning, applying and the way of a recovery are those of the commands; which faults come, and
//! what is right in the end, is left to the simulation.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::address::Scope;
use crate::apply::{Limits, Stop, best_way};
use crate::cli::applying::{Applied, Applying};
use crate::cli::evidence::Evidence;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::locking::{self, Locked};
use crate::cli::planning::{self, Ground};
use crate::cli::recovering;
use crate::cli::signals::Signals;
use crate::cli::wish;
use crate::clock::Clock;
use crate::fingerprint::Fingerprint;
use crate::journal::{Direction, Outcome};
use crate::lock::{Holder, Op};
use crate::plan::{Plan, Selection};
use crate::provider::{Anchor, Perform};
use crate::release::Release;
use crate::report::Silent;
use crate::spec::Spec;
use crate::store::Store;
use crate::template::Vault;

/// A command with everything it works with.
pub struct Rehearsal<'a> {
    /// The outside world.
    pub provider: &'a dyn Perform,
    /// The lock on the engine.
    pub anchor: &'a dyn Anchor,
    /// The memory.
    pub store: &'a mut dyn Store,
    /// The deployment.
    pub scope: &'a Scope,
    /// The process.
    pub holder: &'a Holder,
    /// Its clock.
    pub clock: &'a dyn Clock,
    /// Secrets and files of today.
    pub vault: Vault,
    /// How long it waits for the lock.
    pub wait: Duration,
    /// Bounds of an apply.
    pub limits: Limits,
    /// Its signals, one receiver for each lock it takes.
    pub signals: Vec<mpsc::Receiver<Stop>>,
    /// Is told of what the process has come to.
    pub watch: &'a dyn Fn(Moment<'_>),
}

/// What is wanted.
pub enum Wish<'a> {
    /// What the spec says, with this tag.
    Spec(&'a Spec, String),
    /// An older release.
    Release(&'a Release),
    /// Nothing at all.
    Nothing,
}

/// What a process has come to.
#[derive(Debug)]
pub enum Moment<'a> {
    /// It has both locks.
    Locked(u64),
    /// It is about to open an apply of this plan.
    Opens {
        /// The apply.
        op: Op,
        /// What serves, where that is known.
        before: Option<Fingerprint>,
        /// What it will do.
        plan: &'a Plan,
    },
    /// It is about to take up an apply.
    TakesUp {
        /// The apply.
        op: &'a Op,
        /// Which way.
        way: Direction,
        /// Whether it was being undone already.
        again: bool,
    },
    /// It gives both locks back.
    Unlocks,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The exit code.
    pub exit: Exit,
    /// How its apply ended; none where it had none, or the apply was left open where it stood.
    pub outcome: Option<Outcome>,
    /// The apply.
    pub op: Option<Op>,
    /// What it said besides.
    pub text: String,
}

impl Said {
    fn nothing() -> Self {
        Self { exit: Exit::Done, outcome: None, op: None, text: "nothing to do".to_owned() }
    }

    fn failed(failure: &Failure) -> Self {
        let text = match failure {
            Failure::Spec(problems) => format!("{problems:?}"),
            Failure::Told(told) => format!("{}: {}", told.code, told.messages.join("; ")),
        };
        Self { exit: failure.exit(), outcome: None, op: None, text }
    }
}

impl Rehearsal<'_> {
    /// Does what `omni apply`, `omni rollback` and `omni destroy` do.
    pub async fn fulfil(&mut self, wish: &Wish<'_>) -> Said {
        self.fulfilled(wish).await.unwrap_or_else(|failure| Said::failed(&failure))
    }

    /// Does what `omni recover` does.
    pub async fn recover(&mut self) -> Said {
        self.recovered().await.unwrap_or_else(|failure| Said::failed(&failure))
    }

    /// The plan that meets a wish from what is there now.
    ///
    /// # Errors
    /// What a command would say.
    pub async fn plan(&mut self, wish: &Wish<'_>) -> Result<Plan, Said> {
        self.planned(wish).await.map(|(_, plan)| plan).map_err(|failure| Said::failed(&failure))
    }

    async fn fulfilled(&mut self, wish: &Wish<'_>) -> Result<Said, Failure> {
        if self.store.open_apply().await?.is_some() {
            let said = self.recovered().await?;
            if said.exit != Exit::Done {
                return Ok(said);
            }
        }
        let (_, seen) = self.planned(wish).await?;
        if seen.is_empty() {
            return Ok(Said::nothing());
        }
        let locked = self.lock().await?;
        let done = self.applied(wish, &seen, &locked).await;
        self.unlock(&locked).await;
        done
    }

    async fn recovered(&mut self) -> Result<Said, Failure> {
        if self.store.open_apply().await?.is_none() && self.anchor.anchor(self.scope).await?.is_none() {
            return Ok(Said::nothing());
        }
        let locked = self.lock().await?;
        let done = self.taken_up(&locked).await;
        self.unlock(&locked).await;
        done
    }

    async fn lock(&mut self) -> Result<Locked, Failure> {
        let observed = self.provider.observe(self.scope).await?;
        let (engine, at) = ((self.anchor, self.provider), (self.scope, &observed));
        let locked = locking::lock(&mut *self.store, engine.0, engine.1, at, self.holder, self.wait).await?;
        (self.watch)(Moment::Locked(locked.fence));
        Ok(locked)
    }

    async fn unlock(&mut self, locked: &Locked) {
        (self.watch)(Moment::Unlocks);
        // A lock that cannot be given back runs out by itself; the command ends as it would have.
        let _ = locking::unlock(&mut *self.store, self.anchor, locked).await;
    }

    async fn planned(&mut self, wish: &Wish<'_>) -> Result<(Ground, Plan), Failure> {
        let ground = Ground::look(self.scope, self.provider, Some(&*self.store)).await?;
        if let Wish::Release(release) = wish {
            wish::recall(&mut self.vault, release, &*self.store).await?;
        }
        let goal = match wish {
            Wish::Spec(spec, tag) => {
                planning::to_spec(spec, (tag.clone(), false), Selection::default(), self.provider).await?
            }
            Wish::Release(release) => planning::to_release(release, &self.vault),
            Wish::Nothing => planning::to_nothing(self.scope, false),
        };
        let evidence = Evidence { vault: &self.vault, proofs: &[] };
        let plan = planning::plan(&goal, &ground, self.provider, &evidence).await?;
        Ok((ground, plan))
    }

    async fn applied(&mut self, wish: &Wish<'_>, seen: &Plan, locked: &Locked) -> Result<Said, Failure> {
        if let Some(open) = self.store.open_apply().await? {
            let text = format!("another apply was opened meanwhile: {}", open.op);
            return Ok(Said { exit: Exit::Stuck, outcome: None, op: None, text });
        }
        let (ground, plan) = self.planned(wish).await?;
        let moved = seen.moved(&plan);
        if !moved.is_empty() {
            return Err(Failure::moved(&moved));
        }
        let number = ground.number_of(&plan);
        let (op, before) = (Op::new(&plan.id(), self.store.lineage(), locked.fence), ground.serving());
        (self.watch)(Moment::Opens { op: op.clone(), before, plan: &plan });
        let mut signals = self.signals();
        let mut reporter = Silent::default();
        let by = &self.holder.who;
        let applied = self.applying(locked, &mut signals, &mut reporter).start(plan, number, by).await?;
        Ok(said(&applied, op, applied.exit(before)))
    }

    async fn taken_up(&mut self, locked: &Locked) -> Result<Said, Failure> {
        let Some(apply) = self.store.open_apply().await? else { return Ok(Said::nothing()) };
        let records = self.store.journal(&apply.op).await?;
        let frontier = recovering::replay(&apply.plan, &records)?;
        recovering::refuse_outdated(self.provider, &apply, &frontier).await?;
        let way = best_way(&apply.plan, &frontier);
        let again = frontier.unwinding().is_some();
        (self.watch)(Moment::TakesUp { op: &apply.op, way, again });
        planning::recall(&mut self.vault, apply.plan.things(), &*self.store).await?;
        let mut signals = self.signals();
        let mut reporter = Silent::default();
        let applied = self.applying(locked, &mut signals, &mut reporter).take_up(&apply, way).await?;
        let exit = if Exit::of(&applied.outcome) == Exit::Stuck { Exit::Stuck } else { Exit::Done };
        Ok(said(&applied, apply.op.clone(), exit))
    }

    fn signals(&mut self) -> Signals {
        Signals::of(self.signals.pop().unwrap_or_else(|| mpsc::channel(1).1))
    }

    fn applying<'b>(
        &'b mut self,
        locked: &'b Locked,
        signals: &'b mut Signals,
        reporter: &'b mut Silent,
    ) -> Applying<'b> {
        Applying {
            provider: self.provider,
            anchor: self.anchor,
            store: &mut *self.store,
            reporter,
            vault: &self.vault,
            root: Path::new("/"),
            clock: self.clock,
            locked,
            signals,
            limits: self.limits,
        }
    }
}

fn said(applied: &Applied, op: Op, exit: Exit) -> Said {
    Said { exit, outcome: Some(applied.outcome.clone()), op: Some(op), text: String::new() }
}
