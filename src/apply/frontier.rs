//! `Frontier`: who is ready now.
//!
//! It is the fold of an apply's journal over its plan: `fold` is its only change, and any prefix of a journal gives
//! the frontier of that moment. A change that keeps a thing as it is takes no step; it passes on, in both
//! directions, what stands on both of its sides. Doing the steps is left to `session` and `worker`.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::journal::{Cause, Effect, FaultReport, IllegalRecord, LeftBehind, NodeStatus, Outcome, Record};
use crate::plan::{Action, Phase, Plan};

/// One thing to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The change at this position of the plan is to be done.
    Do(usize),
    /// The change at this position of the plan is to be taken back.
    Undo(usize),
}

/// Who is ready now.
#[derive(Debug, Clone)]
pub struct Frontier<'p> {
    plan: &'p Plan,
    index: BTreeMap<&'p Address, usize>,
    nodes: Vec<Node>,
    /// How many changes of each phase are not done.
    undone_in: [usize; 2],
    /// Changes with nothing left to wait for but their phase.
    free: BTreeSet<usize>,
    /// Changes that may be taken back.
    undoable: BTreeSet<usize>,
    unwinding: Option<Cause>,
    /// How many changes are under way, in either direction.
    under_way: usize,
}

#[derive(Debug, Clone)]
struct Node {
    status: NodeStatus,
    keeps: bool,
    phase: Phase,
    requires: Vec<u32>,
    followers: Vec<u32>,
    /// How many requirements are not done.
    waits: u32,
    /// While unwinding: how many followers are touched and not undone.
    open_followers: u32,
    /// While unwinding: whether it counts among the open followers of what it requires.
    open: bool,
    effect: Effect,
    fault: Option<FaultReport>,
    /// Whether it was begun and nobody heard of its end.
    is_lost: bool,
}

impl<'p> Frontier<'p> {
    /// The frontier of a plan of which nothing was begun.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        let mut nodes: Vec<_> = plan
            .changes
            .iter()
            .map(|change| Node {
                status: NodeStatus::Waiting,
                keeps: change.action == Action::Keep,
                phase: change.phase,
                requires: Vec::new(),
                followers: Vec::new(),
                waits: 0,
                open_followers: 0,
                open: false,
                effect: Effect::default(),
                fault: None,
                is_lost: false,
            })
            .collect();
        for (first, second) in &plan.edges {
            nodes[*first as usize].followers.push(*second);
            nodes[*second as usize].requires.push(*first);
            nodes[*second as usize].waits += 1;
        }
        let mut undone_in = [0, 0];
        for node in nodes.iter().filter(|node| !node.keeps) {
            undone_in[node.phase as usize] += 1;
        }
        let index = plan.changes.iter().enumerate().map(|(at, change)| (&change.address, at)).collect();
        let mut frontier = Self {
            plan,
            index,
            nodes,
            undone_in,
            free: BTreeSet::new(),
            undoable: BTreeSet::new(),
            unwinding: None,
            under_way: 0,
        };
        let starts = (0..frontier.nodes.len()).filter(|at| frontier.nodes[*at].waits == 0).collect();
        frontier.set_free(starts);
        frontier
    }

    /// The frontier after these records.
    ///
    /// # Errors
    /// When a record may not follow those before it.
    pub fn replay(plan: &'p Plan, records: &[Record]) -> Result<Self, IllegalRecord> {
        let mut frontier = Self::new(plan);
        records.iter().try_for_each(|record| frontier.fold(record))?;
        Ok(frontier)
    }

    /// Takes one record in.
    ///
    /// # Errors
    /// When it may not follow those before it; the frontier stays as it was.
    pub fn fold(&mut self, record: &Record) -> Result<(), IllegalRecord> {
        let Some(address) = record.node() else {
            if let Record::Unwinding { cause } = record {
                self.turn(cause);
            }
            return Ok(());
        };
        let known = self.index.get(address).copied().filter(|at| !self.nodes[*at].keeps);
        let at = known.ok_or_else(|| IllegalRecord::NotPlanned(address.clone()))?;
        let before = self.nodes[at].status;
        let turned = self.unwinding.is_some();
        if let (Record::Intent { .. }, true) | (Record::UndoIntent { .. }, false) = (record, turned) {
            return Err(IllegalRecord::WrongWay { node: address.clone() });
        }
        let after = before.after(record)?;
        self.nodes[at].status = after;
        self.count(before, after);
        self.nodes[at].is_lost = match record {
            Record::Unknown { .. } => true,
            Record::Done { .. } => false,
            _ => self.nodes[at].is_lost,
        };
        match record {
            Record::Intent { .. } => {
                self.free.remove(&at);
            }
            Record::Done { effect, .. } => self.done(at, effect.clone()),
            Record::Failed { fault, .. } | Record::Unknown { fault, .. } => {
                self.nodes[at].fault = Some(fault.clone());
                // Somebody may go on forward: what could begin once can begin again.
                self.free.insert(at);
            }
            Record::UndoIntent { .. } => {
                self.undoable.remove(&at);
            }
            Record::Undone { effect, .. } => {
                self.nodes[at].effect = effect.clone();
                self.shut(at);
            }
            Record::UndoFailed { fault, .. } => self.nodes[at].fault = Some(fault.clone()),
            Record::Unwinding { .. } => {}
        }
        self.offer_undo(at);
        Ok(())
    }

    /// Takes up an apply whose last process is gone: steps that were under way when it went are no longer. Returns the
    /// records that say so; they have to be kept and folded before anything else is done.
    #[must_use]
    pub fn orphaned(&self) -> Vec<Record> {
        let lost = FaultReport { message: "omni ended before the answer came".to_owned(), help: None, log: Vec::new() };
        let doing = self.steps_in(|status| status == NodeStatus::Doing);
        doing.map(|address| Record::Unknown { node: address.clone(), fault: lost.clone() }).collect()
    }

    /// Makes every undo that did not end, or failed, ready again. Only for a new process that takes up an apply.
    pub fn retry_undo(&mut self) {
        let again = |node: &Node| matches!(node.status, NodeStatus::Undoing | NodeStatus::Left);
        let open = self.nodes.iter().enumerate().filter(|(_, node)| again(node) && node.open_followers == 0);
        self.undoable.extend(open.map(|(at, _)| at));
    }

    /// Who is ready: in the order of the plan while doing, newest first while unwinding.
    pub fn ready(&self) -> impl Iterator<Item = Step> + '_ {
        let forward = self.unwinding.is_none();
        let gate = self.undone_in[Phase::Build as usize] == 0;
        // Positions go by phase: behind the first change of a later phase there is none of an earlier one.
        let doing = self.free.iter().take_while(move |at| forward && (gate || self.nodes[**at].phase == Phase::Build));
        let undoing = self.undoable.iter().rev().take_while(move |_| !forward);
        doing.map(|at| Step::Do(*at)).chain(undoing.map(|at| Step::Undo(*at)))
    }

    /// How many steps are under way.
    #[must_use]
    pub const fn under_way(&self) -> usize {
        self.under_way
    }

    /// Why it unwinds; none while it goes forward.
    #[must_use]
    pub const fn unwinding(&self) -> Option<&Cause> {
        self.unwinding.as_ref()
    }

    /// How it ended; none while something is ready or under way.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        if self.under_way > 0 || self.ready().next().is_some() {
            return None;
        }
        let Some(cause) = &self.unwinding else {
            return (self.undone_in == [0, 0]).then_some(Outcome::Applied);
        };
        let left: Vec<_> = (0..self.nodes.len())
            .filter(|at| is_touched(self.nodes[*at].status))
            .map(|at| LeftBehind {
                node: self.plan.changes[at].address.clone(),
                fault: (self.nodes[at].status == NodeStatus::Left).then(|| self.nodes[at].fault.clone()).flatten(),
            })
            .collect();
        Some(match left.as_slice() {
            [] => Outcome::Unwound(cause.clone()),
            _ => Outcome::Stuck { cause: cause.clone(), left },
        })
    }

    /// How far the change at an address has come; none where the plan does not change it.
    #[must_use]
    pub fn status(&self, address: &Address) -> Option<NodeStatus> {
        let at = self.index.get(address)?;
        (!self.nodes[*at].keeps).then_some(self.nodes[*at].status)
    }

    /// What the change at this position of the plan left on the engine; empty before it is done.
    #[must_use]
    pub fn effect(&self, at: usize) -> &Effect {
        &self.nodes[at].effect
    }

    /// Whether nobody heard how the change at this position ended when it was begun: some of it may still be under way
    /// on the engine.
    #[must_use]
    pub fn is_lost(&self, at: usize) -> bool {
        self.nodes[at].is_lost
    }

    /// The addresses whose change has come just so far.
    pub fn steps_in(&self, so_far: impl Fn(NodeStatus) -> bool) -> impl Iterator<Item = &'p Address> {
        let positions =
            (0..self.nodes.len()).filter(move |at| !self.nodes[*at].keeps && so_far(self.nodes[*at].status));
        positions.map(|at| &self.plan.changes[at].address)
    }

    /// Counts steps under way as a step goes from one status to the next.
    const fn count(&mut self, before: NodeStatus, after: NodeStatus) {
        if is_under_way(before) {
            self.under_way -= 1;
        }
        if is_under_way(after) {
            self.under_way += 1;
        }
    }

    fn done(&mut self, at: usize, effect: Effect) {
        self.nodes[at].effect = effect;
        self.undone_in[self.nodes[at].phase as usize] -= 1;
        let freed = self.pass_on(at);
        self.set_free(freed);
    }

    /// Frees these nodes. A kept one takes no step, so what follows it has one less to wait for.
    fn set_free(&mut self, mut freed: Vec<usize>) {
        while let Some(at) = freed.pop() {
            if self.nodes[at].keeps {
                freed.extend(self.pass_on(at));
            } else {
                self.free.insert(at);
            }
        }
    }

    /// Lowers the wait of all that follows a node which is done or kept, and returns what then waits for nothing.
    fn pass_on(&mut self, at: usize) -> Vec<usize> {
        let mut freed = Vec::new();
        for follower in self.nodes[at].followers.clone() {
            let follower = follower as usize;
            self.nodes[follower].waits -= 1;
            if self.nodes[follower].waits == 0 {
                freed.push(follower);
            }
        }
        freed
    }

    /// Turns: from now on steps are only taken back. A second turn changes nothing.
    fn turn(&mut self, cause: &Cause) {
        if self.unwinding.is_some() {
            return;
        }
        self.unwinding = Some(cause.clone());
        // Positions are in the order of execution, so followers come after what they require.
        for at in (0..self.nodes.len()).rev() {
            let node = &self.nodes[at];
            let open = if node.keeps { node.open_followers > 0 } else { is_touched(node.status) };
            if open {
                self.nodes[at].open = true;
                for required in self.nodes[at].requires.clone() {
                    self.nodes[required as usize].open_followers += 1;
                }
            }
        }
        for at in 0..self.nodes.len() {
            self.offer_undo(at);
        }
    }

    /// Notes that a node is undone, and with it every kept node that has nothing open behind it any more.
    fn shut(&mut self, at: usize) {
        let mut shut = vec![at];
        while let Some(at) = shut.pop() {
            if !std::mem::take(&mut self.nodes[at].open) {
                continue;
            }
            for required in self.nodes[at].requires.clone() {
                let required = required as usize;
                self.nodes[required].open_followers -= 1;
                if self.nodes[required].open_followers == 0 {
                    if self.nodes[required].keeps {
                        shut.push(required);
                    } else {
                        self.offer_undo(required);
                    }
                }
            }
        }
    }

    /// Puts a node among the undoable where it is.
    fn offer_undo(&mut self, at: usize) {
        let node = &self.nodes[at];
        let ended = matches!(node.status, NodeStatus::Done | NodeStatus::Failed | NodeStatus::Unknown);
        if self.unwinding.is_some() && !node.keeps && ended && node.open_followers == 0 {
            self.undoable.insert(at);
        }
    }
}

/// Whether something of a change may be there, so that it has to be taken back.
const fn is_touched(status: NodeStatus) -> bool {
    !matches!(status, NodeStatus::Waiting | NodeStatus::Undone)
}

const fn is_under_way(status: NodeStatus) -> bool {
    matches!(status, NodeStatus::Doing | NodeStatus::Undoing)
}
