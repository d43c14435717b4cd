//! The clock of the machine that omni runs on jumps, in every phase of an apply: the plan is the same, the locks hold, and
//! the apply ends as it would have.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::SignedDuration;
use omni::address::Scope;
use omni::clock::Clock;
use omni::fingerprint::Fingerprint;
use omni::journal::{Direction, Outcome, Record};
use omni::lock::Holder;
use omni::provider::{Anchor, Taking};
use omni::store::{Locking, Machine, Store};
use tempfile::TempDir;

use crate::apply::journal_matrix::reference;
use crate::apply::steady::Steady;
use crate::apply::theatre::{Theatre, Watch};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// What the clock does; the last two set it instead of turning it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jump {
    By(i64),
    /// It runs no more.
    Frozen,
    /// A 32-bit count of seconds is over.
    To2038,
}

const JUMPS: [Jump; 8] = [
    Jump::By(-DAY),
    Jump::By(-HOUR),
    Jump::By(-1),
    Jump::By(HOUR),
    Jump::By(DAY),
    Jump::By(3653 * DAY),
    Jump::Frozen,
    Jump::To2038,
];

/// When it jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Planned,
    Locked,
    Opened,
    Doing,
    Undoing,
    Recovering,
}

const PHASES: [Phase; 6] =
    [Phase::Planned, Phase::Locked, Phase::Opened, Phase::Doing, Phase::Undoing, Phase::Recovering];

/// The clock, and what becomes of it.
#[derive(Clone)]
struct Clockwork {
    watch: Watch,
    /// None: it runs as it should.
    jump: Option<(Phase, Jump)>,
    has_jumped: Rc<Cell<bool>>,
}

impl Clockwork {
    /// So much time goes by.
    fn tick(&self, millis: i64) {
        if !matches!(self.jump, Some((_, Jump::Frozen))) {
            self.watch.turn(|now| now + SignedDuration::from_millis(millis));
        }
    }

    /// A phase is reached: the clock jumps where it is to, once.
    fn reach(&self, phase: Phase) {
        let Some((_, jump)) = self.jump.filter(|(when, _)| *when == phase && !self.has_jumped.replace(true)) else {
            return;
        };
        match jump {
            Jump::By(seconds) => self.watch.turn(|now| now + SignedDuration::from_secs(seconds)),
            Jump::To2038 => self.watch.turn(|_| "2038-01-19T03:14:08Z".parse().expect("a time")),
            Jump::Frozen => {}
        }
    }
}

/// What an apply came to.
#[derive(Debug, PartialEq, Eq)]
struct Course {
    plan: Fingerprint,
    outcome: Option<Outcome>,
    records: Vec<Record>,
    world: Fingerprint,
}

/// A store and an engine whose client's clock jumps once, in one phase; never where there is no jump.
struct Played {
    theatre: Theatre<Steady>,
    folder: TempDir,
    clockwork: Clockwork,
    machine: Machine,
    violations: Vec<String>,
}

impl Played {
    fn new(jump: Option<(Phase, Jump)>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let watch = Watch::new("2026-11-22T07:31:00Z".parse().expect("a time"));
        let shared = watch.clone();
        // Nobody can tell who lives: the lock file and the leases alone decide.
        let machine = Machine::new(move || shared.now(), |_| None);
        let store = Steady::new(&folder.path().join("shop.sqlite"), machine.clone());
        let mut theatre = Theatre::with(store);
        theatre.watch = watch.clone();
        let clockwork = Clockwork { watch, jump, has_jumped: Rc::default() };
        Self { theatre, folder, clockwork, machine, violations: Vec::new() }
    }

    /// Somebody else wants the lock while it is had.
    async fn rival(&mut self, when: &str) {
        let path = self.folder.path().join("shop.sqlite");
        let scope = Scope { project: "shop".to_owned(), environment: None };
        let holder = Holder {
            who: "rival".to_owned(),
            host: "there".to_owned(),
            boot: "another".to_owned(),
            pid: 2,
            started: 2,
            doing: "apply".to_owned(),
            lineage: "lineage".to_owned(),
        };
        let mut store = Steady::new(&path, self.machine.clone());
        if !matches!(store.take_lock(&holder, 0).await, Ok(Locking::Refused(_))) {
            self.violations.push(format!("{when}: the store's lock was stolen"));
        }
        store.end();
        let anchor = self.theatre.elsewhere().take_anchor(&scope, &holder, 1_000).await;
        if !matches!(anchor, Ok(Taking::Refused(_))) {
            self.violations.push(format!("{when}: the engine's lock was stolen: {anchor:?}"));
        }
    }

    /// An apply in which every phase comes: it goes well, or is undone, or is killed and recovered.
    async fn course(&mut self, end: Phase) -> Course {
        assert_eq!(self.theatre.apply(&reference().0.spec(None)).await, Outcome::Applied);
        let spec = reference().1.spec((end == Phase::Undoing).then_some(0));
        let first = self.theatre.plan(&spec).await.id();
        self.clockwork.reach(Phase::Planned);
        let plan = self.theatre.plan(&spec).await;
        if plan.id() != first {
            self.violations.push("the plan is another one".to_owned());
        }
        let locks = self.theatre.lock().await;
        self.clockwork.reach(Phase::Locked);
        self.rival("locked").await;
        let apply = self.theatre.open(plan, &locks).await;
        self.clockwork.reach(Phase::Opened);
        let (clockwork, engine) = (self.clockwork.clone(), self.theatre.engine.clone());
        let from = engine.calls();
        // The clock runs, and jumps once steps are under way; in the undo that is later.
        let time = async move {
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                clockwork.tick(50);
                match (end, engine.calls() - from) {
                    (Phase::Doing, 13..) => clockwork.reach(Phase::Doing),
                    (Phase::Undoing, 25..) => clockwork.reach(Phase::Undoing),
                    (Phase::Recovering, 13..) => return,
                    _ => {}
                }
            }
        };
        let ended = tokio::select! {
            biased;
            ended = self.theatre.run(&apply, &[], Direction::Forward, &locks) => Some(ended.expect("the store works")),
            () = time => None,
        };
        self.rival("run").await;
        let outcome = if let Some(ended) = ended {
            self.theatre.close(&apply, &ended, &locks).await;
            self.theatre.unlock(&locks).await;
            Some(ended.outcome)
        } else {
            self.theatre.store.end();
            self.clockwork.reach(Phase::Recovering);
            self.theatre.store.begin().expect("it opens");
            self.theatre.recover().await
        };
        self.theatre.engine.settle(Duration::from_secs(3)).await;
        let leaks = self.theatre.leaks().await;
        if !leaks.is_empty() {
            self.violations.push(format!("left behind: {}", leaks.join(", ")));
        }
        if self.theatre.store.lock().await.expect("the store answers").is_some() {
            self.violations.push("the lock is not free".to_owned());
        }
        let records = self.theatre.store.journal(&apply.op).await.expect("the store answers");
        let world = self.theatre.fingerprint().await;
        if self.theatre.apply(&reference().1.spec(None)).await != Outcome::Applied {
            self.violations.push("nothing can be applied any more".to_owned());
        }
        Course { plan: first, outcome, records, world }
    }
}

#[test]
fn a_clock_that_jumps_in_the_matrix() {
    let (mut cells, mut violations) = (0, Vec::new());
    for phase in PHASES {
        let right = played(None, phase).0;
        for jump in JUMPS {
            cells += 1;
            let (course, wrong, has_jumped) = played(Some((phase, jump)), phase);
            violations.extend(wrong.into_iter().map(|why| format!("{phase:?}, {jump:?}: {why}")));
            if !has_jumped {
                violations.push(format!("{phase:?}, {jump:?}: that phase was not reached"));
            }
            if course != right {
                violations.push(format!("{phase:?}, {jump:?}: it ended otherwise: {course:?}, and not {right:?}"));
            }
        }
    }
    println!("clocks: {cells} cells, {} violations, 0 stuck", violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

fn played(jump: Option<(Phase, Jump)>, end: Phase) -> (Course, Vec<String>, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let mut played = Played::new(jump);
        let course = played.course(end).await;
        let has_jumped = played.clockwork.has_jumped.get();
        (course, played.violations, has_jumped)
    })
}
