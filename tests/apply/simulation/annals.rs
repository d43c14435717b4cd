//! `Annals`: everything that happened in a simulation, in order: calls, locks, applies, deaths; and what is wrong with it.
//!
//! It holds the rules of a moment: nobody changes anything without the lock; once a session has begun, no older one
//! sends anything; fences grow; an apply is opened on the world that the one before it left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use omni::cli::rehearsal::Moment;
use omni::fingerprint::Fingerprint;
use omni::journal::{Cause, Direction, Outcome};
use omni::lock::Op;
use omni::provider::fake::{FakeEngine, ONLY_READ, Trouble};
use tokio::time::Instant;

/// How many calls an engine does not answer that goes away: more than the last look of an apply sends.
const AWAY: u64 = 400;

/// Everything that happened.
pub(crate) struct Annals {
    engine: FakeEngine,
    began: Instant,
    book: Mutex<Book>,
}

/// An apply that was opened.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) who: usize,
    pub(crate) before: Option<Fingerprint>,
    /// What it was to reach.
    pub(crate) goal: String,
    taken_up: u64,
    was_stuck: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Who is being polled.
    polled: Option<usize>,
    /// How many calls of the engine's log are read.
    read: usize,
    /// What happened, a line each.
    pub(crate) lines: Vec<String>,
    pub(crate) violations: Vec<String>,
    /// How often what was met.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// The number of the session that began last.
    sessions: u64,
    /// Who has a session, and which.
    holding: BTreeMap<usize, u64>,
    /// Who died, or was stopped, while it had the lock, since the lock was last taken.
    fallen: Option<&'static str>,
    /// The newest fence of each store.
    fences: BTreeMap<usize, u64>,
    /// What each omni wants now.
    pub(crate) goals: BTreeMap<usize, String>,
    pub(crate) applies: BTreeMap<Op, Opened>,
    /// What is open now, in whichever store.
    pub(crate) open: BTreeSet<Op>,
    /// Who closed which apply.
    pub(crate) closers: BTreeMap<Op, usize>,
    /// Whether an apply was opened while another store had one open: that store cannot know, and no end is promised.
    pub(crate) is_overlapped: bool,
    /// What serves, as the applies so far leave it; none where nobody can say.
    pub(crate) world: Option<Fingerprint>,
    /// Whether the project has a database. What is left of it after all is destroyed is nothing that a plan looks at.
    pub(crate) has_database: bool,
    /// The apply that was closed last, and whether it was applied.
    pub(crate) last: Option<(Op, bool)>,
}

impl Book {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

impl Annals {
    pub(crate) fn new(engine: &FakeEngine) -> Self {
        Self { engine: engine.clone(), began: Instant::now(), book: Mutex::default() }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics with the book")
    }

    pub(crate) fn note(&self, text: &str) {
        let at = self.began.elapsed();
        self.book().lines.push(format!("{:>9.3} {text}", at.as_secs_f64()));
    }

    pub(crate) fn count(&self, what: &'static str) {
        self.book().count(what);
    }

    pub(crate) fn wrong(&self, text: &str) {
        self.note(&format!("VIOLATION: {text}"));
        self.book().violations.push(text.to_owned());
    }

    /// The engine does not answer for a while from now on.
    pub(crate) fn engine_goes_away(&self) {
        self.note("the engine goes away");
        self.count("fault: engine away at the end");
        let now = self.engine.calls();
        for number in now + 1..=now + AWAY {
            self.engine.trouble_at(number, Trouble::Refuse);
        }
    }

    /// The engine forgets its log; what was called is noted before.
    pub(crate) fn heal(&self) {
        self.polls(None);
        self.engine.heal();
        self.book().read = 0;
    }

    /// Notes what was called since the last time, by whoever was polled; from now on somebody else is.
    pub(crate) fn polls(&self, who: Option<usize>) {
        let (read, by) = {
            let mut book = self.book();
            (book.read, std::mem::replace(&mut book.polled, who))
        };
        let lines = self.engine.log_from(read);
        self.book().read += lines.len();
        for line in lines {
            self.called(by, &line);
        }
    }

    fn called(&self, by: Option<usize>, call: &str) {
        let Some(by) = by else {
            self.note(&format!("-  {call}"));
            return;
        };
        self.note(&format!("o{by} {call}"));
        self.of_database(call);
        // The lock itself is what they compete for: it is taken by name, and given back and renewed by id.
        let of_lock = call.contains("omni-lock-") || call.starts_with("import_empty");
        let by_id =
            !call.contains(" shop-") && ["remove_container", "put_files"].iter().any(|word| call.starts_with(word));
        if of_lock || by_id || call.starts_with(ONLY_READ) {
            return;
        }
        let (session, newest) = {
            let book = self.book();
            (book.holding.get(&by).copied(), book.sessions)
        };
        match session {
            None => self.wrong(&format!("o{by} sends `{call}` without the lock")),
            Some(session) if session < newest => {
                self.wrong(&format!("o{by} sends `{call}` in session {session}, and session {newest} has begun"));
            }
            Some(_) => {}
        }
    }

    /// Counts what a call to the database comes to.
    fn of_database(&self, call: &str) {
        if !(call.ends_with(" pos") || call.contains(" pos (")) {
            return;
        }
        if call.contains(" pos (") {
            self.count("fault: a call to the database");
        }
        if call.starts_with("record ") {
            self.count("path: a migration applied");
        } else if call.starts_with("unrecord ") {
            self.count("path: a migration taken back");
        }
    }

    pub(crate) fn died(&self, who: usize) {
        self.polls(None);
        let held = self.book().holding.remove(&who);
        self.note(&format!("o{who} dies{}", if held.is_some() { " with the lock" } else { "" }));
        self.count("fault: killed");
        if held.is_some() {
            self.book().fallen = Some("path: lock broken after a death");
        }
    }

    pub(crate) fn stopped(&self, who: usize, time: Duration) {
        let long = time > omni::lock::LEASE;
        self.note(&format!("o{who} is stopped for {} s", time.as_secs()));
        self.count(if long { "fault: stopped past its lease" } else { "fault: stopped for a moment" });
        let holds = self.book().holding.contains_key(&who);
        if long && holds {
            self.book().fallen = Some("path: lock broken of one that is stopped");
        }
    }

    /// What a process has come to.
    pub(crate) fn moment(&self, (who, store): (usize, usize), moment: Moment<'_>) {
        // What it has called so far, it called before.
        self.polls(Some(who));
        match moment {
            Moment::Locked(fence) => self.locked((who, store), fence),
            Moment::Unlocks => {
                self.note(&format!("o{who} gives the lock back"));
                let mut book = self.book();
                let session = book.holding.remove(&who);
                if session == Some(book.sessions) {
                    book.fallen = None;
                }
            }
            Moment::Opens { op, before, plan } => {
                let steps: Vec<_> =
                    plan.steps().map(|step| format!("{} {}", step.action.symbol(), step.address)).collect();
                self.note(&format!("o{who} opens {op}: {}", steps.join(", ")));
                let goal = self.book().goals.get(&who).cloned().unwrap_or_default();
                let (left, is_overtaken) = {
                    let book = self.book();
                    (
                        book.world.filter(|_| book.open.is_empty() && !book.is_overlapped),
                        book.holding.get(&who) != Some(&book.sessions),
                    )
                };
                if is_overtaken {
                    // It was stopped, and its own store cannot know better. It must not do anything of it.
                    self.count("met: opened after the lock was lost");
                    self.book().is_overlapped = true;
                } else if left.zip(before).is_some_and(|(left, before)| left != before) {
                    self.wrong(&format!("{op} is opened on a world that no apply left"));
                }
                let opened = Opened { who, before: before.or(left), goal, taken_up: 0, was_stuck: false };
                self.book().applies.insert(op, opened);
            }
            Moment::TakesUp { op, way, again } => {
                let word = if way == Direction::Forward { "forward" } else { "back" };
                self.note(&format!("o{who} takes up {op}, {word}"));
                let mut book = self.book();
                if again {
                    book.count("path: undo repeated");
                }
                let Some(opened) = book.applies.get_mut(op) else { return };
                opened.taken_up += 1;
                if opened.taken_up > 1 {
                    book.count("path: recovery repeated");
                }
            }
        }
    }

    fn locked(&self, (who, store): (usize, usize), fence: u64) {
        self.note(&format!("o{who} has the lock (fence {fence})"));
        let mut book = self.book();
        book.sessions += 1;
        let session = book.sessions;
        book.holding.insert(who, session);
        if let Some(how) = book.fallen.take() {
            book.count(how);
        }
        let last = book.fences.insert(store, fence).unwrap_or_default();
        drop(book);
        if fence <= last {
            self.wrong(&format!("o{who} has the fence {fence} after {last}"));
        }
    }

    /// The store has an open apply.
    pub(crate) fn opened(&self, op: &Op) {
        let mut book = self.book();
        if !book.open.is_empty() {
            book.is_overlapped = true;
            book.count("met: another store applies over an open apply");
        }
        book.open.insert(op.clone());
    }

    /// The apply ended stuck.
    pub(crate) fn stuck(&self, op: &Op) {
        if let Some(opened) = self.book().applies.get_mut(op) {
            opened.was_stuck = true;
        }
    }

    /// The store has closed an apply.
    pub(crate) fn closed(&self, by: usize, op: &Op, outcome: &Outcome, world: Option<Fingerprint>) {
        self.note(&format!("o{by} closes {op}: {}", told(outcome)));
        let mut book = self.book();
        book.open.remove(op);
        book.closers.insert(op.clone(), by);
        let Some(opened) = book.applies.get(op).cloned() else {
            book.violations.push(format!("{op} is closed and was never opened"));
            return;
        };
        let is_own = opened.who == by && opened.taken_up == 0;
        let applied = *outcome == Outcome::Applied;
        let leaves_it = opened.goal.starts_with("apply\n") && !opened.goal.contains("[databases.");
        let is_unclear = book.has_database && (opened.goal == "destroy" || leaves_it);
        book.world = if applied { world.filter(|_| !is_unclear) } else { opened.before };
        book.last = Some((op.clone(), applied));
        book.count(match (outcome, is_own) {
            (Outcome::Applied, true) => "path: applied",
            (Outcome::Applied, false) => "path: finished forward by the next one",
            (Outcome::Unwound(Cause::Interrupted(_)), true) => "path: unwound after a signal",
            (Outcome::Unwound(_), true) => "path: unwound by the failing process",
            (Outcome::Unwound(_), false) => "path: taken back by the next one",
            _ => "path: closed as it stands",
        });
        if opened.was_stuck && !applied {
            book.count("path: stuck, then taken back");
        }
    }
}

/// An outcome in a few words.
pub(crate) fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied => "applied".to_owned(),
        Outcome::Unwound(cause) => format!("unwound ({cause:?})"),
        Outcome::Interrupted => "left open".to_owned(),
        Outcome::Stuck { left, .. } => {
            let left: Vec<_> = left
                .iter()
                .map(|left| format!("{}: {}", left.node, left.fault.as_ref().map_or("waits", |fault| &fault.message)))
                .collect();
            format!("stuck ({})", left.join("; "))
        }
    }
}
