//! `Board`: how far every step of an apply has come, as the reporters draw it.
//!
//! It is made from the plan, which gives names and numbers, and follows the events. What it hears of a thing that the
//! plan does not change is left out: a drawing never fails. What may follow what is left to `journal`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::address::Address;
use crate::journal::{Cause, Event, NodeStatus, Record};
use crate::plain::plain;
use crate::plan::{Class, Plan};
use crate::report::time::between;
use crate::report::words;

/// How far every step of an apply has come.
#[derive(Debug)]
pub(super) struct Board {
    steps: Vec<Step>,
    index: BTreeMap<Address, usize>,
    begun: Option<Timestamp>,
    heard: usize,
    unwinding: Option<String>,
    stopping: Option<String>,
}

/// One step on the board.
#[derive(Debug)]
pub(super) struct Step {
    /// Its number in the plan, from 1.
    pub(super) number: usize,
    /// Its name, with a `!` before it where it loses data or is one-way.
    pub(super) name: String,
    /// How far it has come.
    pub(super) status: NodeStatus,
    /// Since when it is done or taken back.
    pub(super) since: Option<Timestamp>,
    /// How doing it ended.
    pub(super) done: Option<End>,
    /// How taking it back ended.
    pub(super) undone: Option<End>,
    /// What it said last while it runs.
    pub(super) progress: String,
    /// The place of its last record among all; 0 before the first.
    pub(super) heard: usize,
    /// The place of the record that began to take it back.
    pub(super) undo_heard: usize,
}

/// How one way of a step ended.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// Whether it ended well; none where nobody knows.
    pub(super) well: Option<bool>,
    /// How long it took.
    pub(super) took: Option<Duration>,
    /// What is to be said of it.
    pub(super) note: String,
}

impl Step {
    /// Whether it is being done or taken back.
    pub(super) const fn is_running(&self) -> bool {
        matches!(self.status, NodeStatus::Doing | NodeStatus::Undoing)
    }
}

impl Board {
    /// The board of a plan before anything has begun.
    pub(super) fn new(plan: &Plan) -> Self {
        let step = |(at, change): (usize, &crate::plan::Change)| Step {
            number: at + 1,
            name: match change.class {
                Class::Reversible => words::name(&change.address),
                Class::Lossy | Class::OneWay => format!("! {}", words::name(&change.address)),
            },
            status: NodeStatus::Waiting,
            since: None,
            done: None,
            undone: None,
            progress: String::new(),
            heard: 0,
            undo_heard: 0,
        };
        Self {
            steps: plan.steps().enumerate().map(step).collect(),
            index: plan.steps().enumerate().map(|(at, change)| (change.address.clone(), at)).collect(),
            begun: None,
            heard: 0,
            unwinding: None,
            stopping: None,
        }
    }

    /// Every step, in the order of the plan.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step at an address; none where the plan does not change it.
    pub(super) fn step(&self, address: &Address) -> Option<&Step> {
        self.steps.get(*self.index.get(address)?)
    }

    /// Why everything is taken back; none while it is not.
    pub(super) fn unwinding(&self) -> Option<&str> {
        self.unwinding.as_deref()
    }

    /// Which signal was heard, and what comes of it; none before one was.
    pub(super) fn stopping(&self) -> Option<&str> {
        self.stopping.as_deref()
    }

    /// How long the apply runs.
    pub(super) fn elapsed(&self, now: Timestamp) -> Duration {
        self.begun.map(|begun| between(begun, now)).unwrap_or_default()
    }

    /// How many steps have come so far.
    pub(super) fn count(&self, is: impl Fn(NodeStatus) -> bool) -> usize {
        self.steps.iter().filter(|step| is(step.status)).count()
    }

    /// Takes an event in.
    pub(super) fn hear(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Begun { .. } => self.begun = self.begun.or(Some(at)),
            Event::Recorded { record, took_ms } => self.record(record, took_ms.map(Duration::from_millis), Some(at)),
            Event::Progress(progress) => {
                if let Some(step) = self.index.get(&progress.node).and_then(|index| self.steps.get_mut(*index)) {
                    step.progress = plain(&progress.text);
                }
            }
            Event::Stopping { signal, undo } => self.stopping = Some(words::stopping(signal, *undo)),
            Event::Ended { .. } => {}
        }
    }

    /// Takes in what was recorded before, by a process that is gone: what it had under way, nobody knows.
    pub(super) fn recall(&mut self, records: &[Record]) {
        for record in records {
            self.record(record, None, None);
        }
        for step in self.steps.iter_mut().filter(|step| step.is_running()) {
            step.status = NodeStatus::Unknown;
        }
    }

    fn record(&mut self, record: &Record, took: Option<Duration>, at: Option<Timestamp>) {
        self.heard += 1;
        if let Record::Unwinding { cause } = record {
            self.unwinding = Some(because(cause));
        }
        let Some(step) =
            record.node().and_then(|node| self.index.get(node)).and_then(|index| self.steps.get_mut(*index))
        else {
            return;
        };
        step.heard = self.heard;
        step.progress.clear();
        let end = |well, note: &str| {
            let since = step.since.zip(at).map(|(since, at)| between(since, at));
            Some(End { well, took: took.or(since), note: plain(note) })
        };
        match record {
            Record::Intent { .. } => (step.status, step.since) = (NodeStatus::Doing, at),
            Record::Done { effect, .. } => {
                (step.done, step.status) = (end(Some(true), &effect.note), NodeStatus::Done);
            }
            Record::Failed { fault, .. } => {
                (step.done, step.status) = (end(Some(false), &fault.message), NodeStatus::Failed);
            }
            Record::Unknown { fault, .. } => {
                (step.done, step.status) = (end(None, &fault.message), NodeStatus::Unknown);
            }
            Record::UndoIntent { .. } => {
                (step.status, step.since, step.undo_heard) = (NodeStatus::Undoing, at, self.heard);
            }
            Record::Undone { effect, .. } => {
                (step.undone, step.status) = (end(Some(true), &effect.note), NodeStatus::Undone);
            }
            Record::UndoFailed { fault, .. } => {
                (step.undone, step.status) = (end(Some(false), &fault.message), NodeStatus::Left);
            }
            Record::Unwinding { .. } => {}
        }
    }
}

/// Why an apply turned, as a fragment.
pub(super) fn because(cause: &Cause) -> String {
    match cause {
        Cause::Failed(address) => format!("{} failed", words::name(address)),
        Cause::Interrupted(signal) => format!("{} was heard", plain(signal)),
        Cause::Deadline(what) => plain(what),
        Cause::Recovered => "recovery decided to go back".to_owned(),
    }
}
