//! `Session`: the dispatcher of one apply, from the first step to the outcome.
//!
//! It alone writes the journal, hears signals, watches the lease and tells the reporter. Its loop: take what is ready
//! up to the limit, keep the intent, start the step; then wait for whichever comes first of an answer, a signal, a line
//! of progress and the next tick. A record that cannot be kept lets nothing new begin.

mod keep;
mod standing;
mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::address::Address;
use crate::apply::aborted::Aborted;
use crate::apply::frontier::{Frontier, Step};
use crate::apply::limits::{Limits, Stop};
use crate::apply::session::standing::{Looked, Raise, Seen};
use crate::apply::worker::{self, Way};
use crate::clock::Clock;
use crate::fingerprint::Fingerprint;
use crate::journal::{Apply, Cause, Direction, Effect, Event, FaultReport, Outcome, Progress, Record};
use crate::lock::Held;
use crate::observed::SeenDatabase;
use crate::provider::{Anchor, Fault, FaultKind, Order, Perform};
use crate::report::Reporter;
use crate::store::{Store, StoreError};
use crate::template::Vault;

const TICK: Duration = Duration::from_millis(100);

/// One apply under way, and all it may touch.
pub struct Session<'a> {
    /// The outside world.
    pub provider: &'a dyn Perform,
    /// The lock as the engine keeps it.
    pub anchor: &'a dyn Anchor,
    /// The memory.
    pub store: &'a mut dyn Store,
    /// The voice.
    pub reporter: &'a mut dyn Reporter,
    /// Secrets and files.
    pub vault: &'a Vault,
    /// Where deploy.toml lies.
    pub root: &'a Path,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The anchor that was taken for this apply.
    pub held: &'a Held,
    /// When both locks were taken.
    pub taken: Instant,
    /// The fence of the lock. A recovery has a newer one than the apply it takes up.
    pub fence: u64,
    /// Hears signals.
    pub stops: &'a mut mpsc::Receiver<Stop>,
    /// Bounds.
    pub limits: Limits,
}

/// What an apply has come to, and how long its steps took.
#[derive(Debug)]
pub struct Ended<'p> {
    /// How it ended.
    pub outcome: Outcome,
    /// The fold of its journal.
    pub frontier: Frontier<'p>,
    /// What serves now, where all is done or undone; none where the engine could not be asked any more.
    pub world: Option<Fingerprint>,
    /// The databases then, those that could be asked, by name.
    pub databases: BTreeMap<String, SeenDatabase>,
    /// What is to serve, was not brought by this apply, and does not come up again: each with why.
    pub down: Vec<(Address, FaultReport)>,
    /// How long each step took that was done here.
    pub took: BTreeMap<Address, Duration>,
    /// How long all of it took.
    pub elapsed: Duration,
}

impl Ended<'_> {
    /// Whether it can be closed: all is done or undone, and what serves is known.
    #[must_use]
    pub const fn is_closable(&self) -> bool {
        match self.outcome {
            Outcome::Applied | Outcome::Unwound(_) => self.world.is_some(),
            Outcome::Stuck { .. } | Outcome::Interrupted => false,
        }
    }
}

/// Why an apply turns whose journal cannot be written.
fn unwritten(run: &Run<'_, '_>) -> String {
    let why = run.unwritten.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    format!("the journal could not be written{why}")
}

type Answer = (Step, Instant, Result<Effect, Fault>);
/// Begins a step; of an undo it is told whether the end of the change was never heard of.
type Begin<'b, 'a> = dyn Fn(Step, bool) -> BoxFuture<'a, Answer> + 'b;

/// What a run of the loop keeps beside the session.
struct Run<'p, 'a> {
    apply: &'p Apply,
    frontier: Frontier<'p>,
    took: BTreeMap<Address, Duration>,
    began: Instant,
    renewed: Instant,
    /// Changes under way.
    doing: FuturesUnordered<BoxFuture<'a, Answer>>,
    /// Undos under way. They are never cut off but by a second signal.
    undoing: FuturesUnordered<BoxFuture<'a, Answer>>,
    /// The renewal of the anchor, while one is under way.
    renewing: Option<BoxFuture<'a, Result<Instant, Fault>>>,
    /// The last look, while one is under way.
    looking: Option<BoxFuture<'a, Seen<'p>>>,
    /// Tells steps forward that the apply has turned.
    turned: watch::Sender<bool>,
    /// When steps under way are given up; none while they are not.
    cut_at: Option<Instant>,
    /// Whether nothing may begin any more, in either direction.
    halted: bool,
    /// Records that are not on disk yet, oldest first: nothing is written past them.
    unkept: VecDeque<(Record, Timestamp)>,
    /// The last failure to write the journal.
    unwritten: Option<StoreError>,
    /// The failure for which the undo was given up; none while it goes on.
    given_up: Option<StoreError>,
    /// The end of an apply whose write was refused, because somebody else has the lock. From then on nothing is begun,
    /// kept or told.
    fenced_out: Option<Aborted>,
}

impl Run<'_, '_> {
    fn under_way(&self) -> usize {
        self.doing.len() + self.undoing.len()
    }
}

impl<'s> Session<'s> {
    /// Runs an apply to its end: from the start where `prior` is empty, else from where its journal stands.
    ///
    /// # Errors
    /// When it has to stop where it stands; see `Aborted`.
    pub async fn run<'p>(self, apply: &'p Apply, prior: &[Record], direction: Direction) -> Result<Ended<'p>, Aborted> {
        let things = apply.plan.at_hand();
        let (say, mut said) = mpsc::unbounded_channel::<Progress>();
        let hear = |node: &Address| {
            let (say, node) = (say.clone(), node.clone());
            move |text: String| {
                // A reporter that is gone does not stop a step.
                let _ = say.send(Progress { node: node.clone(), text });
            }
        };
        let voices: Vec<_> = apply.plan.changes.iter().map(|change| hear(&change.address)).collect();
        let (provider, vault, root, call) = (self.provider, self.vault, self.root, self.limits.call);
        let (turned, has_turned) = watch::channel(false);
        let opening = apply.op.fence(&apply.plan.id(), self.store.lineage(), apply.fence).unwrap_or(apply.fence);
        let order = |at: usize, way: Way, is_lost: bool| Order {
            scope: &apply.plan.scope,
            tag: &apply.plan.tag,
            things: &things,
            change: &apply.plan.changes[at],
            op: &apply.op,
            fence: opening,
            is_lost,
            release: apply.release,
            vault,
            root,
            call_deadline: call,
            progress: &voices[at],
            turned: (way == Way::Do).then_some(&has_turned),
        };
        let begin = |step: Step, is_lost: bool| -> BoxFuture<'_, Answer> {
            let (Step::Do(at) | Step::Undo(at)) = step;
            let way = if matches!(step, Step::Do(_)) { Way::Do } else { Way::Undo };
            let order = order(at, way, is_lost);
            Box::pin(async move { (step, Instant::now(), worker::work(provider, &order, way).await) })
        };
        let raise = |at: usize, ids: Vec<String>, is_new: bool| -> BoxFuture<'_, Result<(), Fault>> {
            let order = order(at, Way::Undo, false);
            Box::pin(async move { worker::raise(provider, &order, &ids, is_new).await })
        };
        let mut run = Run {
            apply,
            frontier: Frontier::replay(&apply.plan, prior)?,
            took: BTreeMap::new(),
            began: Instant::now(),
            renewed: self.taken,
            doing: FuturesUnordered::new(),
            undoing: FuturesUnordered::new(),
            renewing: None,
            looking: None,
            turned,
            cut_at: None,
            halted: false,
            unkept: VecDeque::new(),
            unwritten: None,
            given_up: None,
            fenced_out: None,
        };
        let mut session = self;
        session.tell(&Event::Begun { steps: apply.plan.steps().count(), fence: session.fence });
        session.take_up(&mut run, direction).await;
        let (outcome, Looked { world, databases, down }) =
            session.turn_until_done(&mut run, &begin, &raise, &mut said).await?;
        session.catch_up(&mut run).await;
        if let Some(end) = run.fenced_out {
            return Err(end);
        }
        let took_ms = u64::try_from(run.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        session.tell(&Event::Ended { outcome: outcome.clone(), took_ms });
        if let Some(error) = run.given_up.or(run.unwritten) {
            let tail = run.unkept.into_iter().map(|(record, _)| record).collect();
            return Err(Aborted::Store { error, outcome: Some(Box::new(outcome)), tail });
        }
        let elapsed = run.began.elapsed();
        Ok(Ended { outcome, frontier: run.frontier, world, databases, down, took: run.took, elapsed })
    }

    /// Takes up what an earlier process left, and sets the direction.
    async fn take_up(&mut self, run: &mut Run<'_, '_>, direction: Direction) {
        for record in run.frontier.orphaned() {
            self.keep(run, record, None).await;
        }
        if direction == Direction::Back {
            run.frontier.retry_undo();
            self.turn(run, Cause::Recovered).await;
        }
    }

    /// Runs all steps, and looks once more at what they have come to. Returns how it ended and what serves then.
    async fn turn_until_done<'p: 'a, 'a>(
        &mut self,
        run: &mut Run<'p, 'a>,
        begin: &Begin<'_, 'a>,
        raise: &'a Raise<'a>,
        said: &mut mpsc::UnboundedReceiver<Progress>,
    ) -> Result<(Outcome, Looked), Aborted>
    where
        's: 'a,
    {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.begin_ready(run, begin).await;
            if let Some(end) = run.fenced_out.take() {
                // Dropping what is under way sends nothing further; what is there belongs to whoever has the lock.
                return Err(end);
            }
            if run.under_way() == 0 {
                match run.frontier.outcome() {
                    _ if run.halted => return Ok((Outcome::Interrupted, Looked::default())),
                    Some(outcome @ (Outcome::Stuck { .. } | Outcome::Interrupted)) => {
                        return Ok((outcome, Looked::default()));
                    }
                    Some(Outcome::Applied | Outcome::Unwound(_)) if run.looking.is_none() => {
                        run.looking = Some(self.look(run, raise));
                    }
                    _ => {}
                }
            }
            tokio::select! {
                biased;
                // First, so that a process that was stopped for a while looks at its lease before it sends anything.
                _ = tick.tick() => self.ticked(run).await?,
                Some(stop) = self.stops.recv() => self.stop(run, stop).await,
                Some(answer) = run.doing.next(), if !run.doing.is_empty() => self.answered(run, answer).await,
                Some(answer) = run.undoing.next(), if !run.undoing.is_empty() => self.answered(run, answer).await,
                Some(progress) = said.recv() => self.tell(&Event::Progress(progress)),
                answer = turn::settled(&mut run.renewing) => run.renewal_answered(answer)?,
                seen = turn::settled(&mut run.looking) => {
                    let looked = self.looked(run, seen).await;
                    if let (Some(outcome), Some(looked)) = (run.frontier.outcome(), looked) {
                        return Ok((outcome, looked));
                    }
                }
            }
        }
    }

    /// Starts what is ready, each after its intent is kept.
    async fn begin_ready<'a>(&mut self, run: &mut Run<'_, 'a>, begin: &Begin<'_, 'a>) {
        while !run.halted && run.fenced_out.is_none() && run.under_way() < self.limits.parallel.max(1) {
            let Some(step) = run.frontier.ready().next() else { return };
            let (at, intent) = match step {
                Step::Do(at) => (at, Record::Intent { node: run.apply.plan.changes[at].address.clone() }),
                Step::Undo(at) => (at, Record::UndoIntent { node: run.apply.plan.changes[at].address.clone() }),
            };
            let (forward, is_lost) = (matches!(step, Step::Do(_)), run.frontier.is_lost(at));
            let kept = self.keep(run, intent, None).await;
            if run.fenced_out.is_some() {
                return;
            }
            if !kept && forward {
                // Nothing was begun: the intent is folded, so it is settled as failed before the apply turns.
                let node = run.apply.plan.changes[at].address.clone();
                let fault = FaultReport { message: unwritten(run), help: None, log: Vec::new() };
                self.keep(run, Record::Failed { node: node.clone(), fault }, None).await;
                self.turn(run, Cause::Failed(node)).await;
                continue;
            }
            if !kept && !self.insist(run).await {
                // Whoever takes up a journal that says nothing of an undo would go on forward over what is gone.
                run.given_up = run.unwritten.take();
                run.halt();
                return;
            }
            if forward { run.doing.push(begin(step, is_lost)) } else { run.undoing.push(begin(step, is_lost)) }
        }
    }

    /// Takes the answer of a step in.
    async fn answered(&mut self, run: &mut Run<'_, '_>, (step, since, answer): Answer) {
        let (Step::Do(at) | Step::Undo(at)) = step;
        let node = run.apply.plan.changes[at].address.clone();
        let took = since.elapsed();
        let failed = answer.is_err();
        let record = match (step, answer) {
            (Step::Do(_), Ok(effect)) => {
                run.took.insert(node.clone(), took);
                Record::Done { node: node.clone(), effect }
            }
            (Step::Do(_), Err(fault)) if fault.kind == FaultKind::Unknown => {
                Record::Unknown { node: node.clone(), fault: fault.report() }
            }
            (Step::Do(_), Err(fault)) => Record::Failed { node: node.clone(), fault: fault.report() },
            (Step::Undo(_), Ok(effect)) => Record::Undone { node: node.clone(), effect },
            (Step::Undo(_), Err(fault)) => Record::UndoFailed { node: node.clone(), fault: fault.report() },
        };
        let kept = self.keep(run, record, Some(took)).await;
        if matches!(step, Step::Do(_)) && (failed || !kept) {
            if !failed {
                let why = unwritten(run);
                self.turn(run, Cause::Deadline(why)).await;
            } else if self.limits.pause_on_failure {
                run.halt();
            } else {
                self.turn(run, Cause::Failed(node)).await;
            }
        }
    }

    fn tell(&mut self, event: &Event) {
        self.reporter.tell(event, self.clock.now());
    }
}
