//! Cells: one fault at one point of a reference change, the recovery, and what is there in the end.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use omni::address::Address;
use omni::failpoint::{self, Place};
use omni::fingerprint::Fingerprint;
use omni::journal::{Apply, Direction, Outcome, Record};
use omni::lock::Holder;
use omni::plan::{Class, Plan};
use omni::provider::fake::Trouble;
use omni::store::{Locking, Store};

use crate::apply::matrix::reference::{Course, Reference};
use crate::apply::matrix::shelf::{self, Kept};
use crate::apply::matrix::tally::Cell;
use crate::apply::theatre::{Locks, Theatre};

/// What a cell came to; none where the run was over before its point.
pub(super) type Answer = Option<Result<Cell, String>>;

/// How long everything late takes to have taken effect.
const LATE: Duration = Duration::from_secs(3);

/// A reference change in one course, ready to be played again and again.
pub(super) struct Play {
    theatre: Theatre,
    /// What is there before, and the plan of the change.
    before: Fingerprint,
    rows: Option<BTreeMap<String, u64>>,
    /// What is in the database once all is done; none where that cannot be.
    after: Option<String>,
    plan: Plan,
    reference: Reference,
    course: Course,
}

impl Play {
    pub(super) async fn new(reference: Reference, course: Course) -> Self {
        let mut theatre = reference.set().await;
        let plan = reference.plan(&mut theatre, course).await;
        let before = theatre.fingerprint().await;
        theatre.engine.settle(LATE).await;
        let rows = reference.keeps_rows().then(|| theatre.engine.rows("pos"));
        assert!(shelf::is_any_good(&theatre.backups()).await || !reference.is_backed_up(), "there is a backup before");
        let mut made = Self { theatre, before, rows, after: None, plan, reference, course };
        if course != Course::Undone {
            let mut done = Stage::set(&made).await;
            if course == Course::Forward {
                done.records().await;
            }
            made.after = Some(done.theatre.engine.database("pos"));
        }
        made
    }
}

/// An apply that is open.
pub(super) struct Stage {
    pub(super) theatre: Theatre,
    pub(super) apply: Apply,
    locks: Locks,
    /// What was recorded before the run that meets the fault, and the way of that run.
    prior: Vec<Record>,
    way: Direction,
    before: Fingerprint,
    rows: Option<BTreeMap<String, u64>>,
    after: Option<String>,
    reference: Reference,
    course: Course,
    /// Whether omni died after it had begun something that cannot be taken back.
    is_past: bool,
}

impl Stage {
    pub(super) async fn set(play: &Play) -> Self {
        let Play { before, reference, course, .. } = *play;
        let (rows, after) = (play.rows.clone(), play.after.clone());
        let mut theatre = play.theatre.copy();
        let locks = theatre.lock().await;
        let apply = theatre.open(play.plan.clone(), &locks).await;
        let (prior, way) = (Vec::new(), Direction::Forward);
        let mut stage =
            Self { theatre, apply, locks, prior, way, before, rows, after, reference, course, is_past: false };
        if course == Course::Back {
            (stage.prior, stage.way) = (stage.records().await, Direction::Back);
            // Somebody writes into what is going to be replaced.
            stage.theatre.engine.write_rows("pos", "a", shelf::LATE);
        }
        stage.theatre.engine.heal();
        stage
    }

    /// What is there in the end, held against what was said of it.
    async fn judged(&mut self, said: Option<&Outcome>) -> Result<Cell, String> {
        self.theatre.engine.settle(LATE).await;
        let history = self.theatre.store.history().await.expect("the store answers");
        if self.reference == Reference::End
            && history.iter().any(|past| past.op == self.apply.op && past.outcome == Outcome::Applied)
        {
            self.theatre.tidy(&self.apply.plan).await;
        }
        // A lock that a dead process has is free for the next one, and has to be gone after that.
        let next = self.theatre.lock().await;
        self.theatre.unlock(&next).await;
        let mut left = self.theatre.leaks().await;
        left.extend(self.theatre.engine.names().into_iter().filter(|name| name.starts_with("omni-lock")));
        if self.reference == Reference::Proofs || self.reference.is_backed_up() {
            let all = self.theatre.engine.databases().into_iter();
            left.extend(all.filter(|name| name.starts_with("omni_scratch_")));
        }
        left.extend(shelf::wrong(&self.theatre.backups()).await);
        if !left.is_empty() {
            return Err(format!("left behind: {}", left.join(", ")));
        }
        let is_before = self.theatre.fingerprint().await == self.before;
        let rows = self.theatre.engine.rows("pos");
        if let Some(before) = self.rows.as_ref().filter(|before| is_before && **before != rows) {
            return Err(format!("there were {before:?} in the database, and now there are {rows:?}"));
        }
        let is_after = self.reference.plan(&mut self.theatre, self.course).await.is_empty();
        let database = self.theatre.engine.database("pos");
        if let Some(after) = self.after.as_ref().filter(|after| is_after && !is_before && **after != database) {
            return Err(format!("{after} should be in the database, and there is {database}"));
        }
        if self.is_past && !is_after {
            return Err(format!("what cannot be taken back was begun, and it is not after; before: {is_before}"));
        }
        if self.reference.is_backed_up() {
            let kept = Kept { own: !is_before, late: is_before && self.course == Course::Back };
            shelf::keeps(&self.theatre.backups(), &self.apply.op, &kept).await?;
        }
        match (said, is_before, is_after) {
            (Some(Outcome::Unwound(_)) | None, true, _) => Ok(Cell::Before),
            (Some(Outcome::Applied) | None, _, true) => Ok(Cell::After),
            _ => Err(format!("it said {said:?}; before: {is_before}, after: {is_after}")),
        }
    }

    /// Judges what a run said, after a recovery where it was stuck.
    async fn ended(&mut self, said: Option<Outcome>) -> Result<Cell, String> {
        if said.is_some() {
            return self.judged(said.as_ref()).await;
        }
        let recovered = self.theatre.recover().await;
        self.judged(recovered.as_ref()).await.map(|_| Cell::Stuck)
    }

    /// Runs the apply to its end, closes it where it ended, and gives the locks back. Says nothing where it is stuck;
    /// and how many calls went wrong.
    async fn run(&mut self) -> (Option<Outcome>, u64) {
        let ended = self.theatre.run(&self.apply, &self.prior, self.way, &self.locks).await;
        let fired = self.theatre.engine.fired();
        self.theatre.engine.heal();
        let said = match ended {
            Ok(ended) if ended.is_closable() => {
                self.theatre.engine.settle(LATE).await;
                self.theatre.close(&self.apply, &ended, &self.locks).await;
                Some(ended.outcome)
            }
            _ => None,
        };
        self.theatre.unlock(&self.locks).await;
        (said, fired)
    }

    /// Runs the apply without any fault, and returns its journal.
    pub(super) async fn records(&mut self) -> Vec<Record> {
        let ended = self.theatre.run(&self.apply, &self.prior, self.way, &self.locks).await;
        assert!(ended.is_ok(), "nothing went wrong");
        self.theatre.store.journal(&self.apply.op).await.expect("the store answers")
    }

    /// Notes how far the apply had come when omni died.
    async fn died(&mut self) {
        let journal = self.theatre.store.journal(&self.apply.op).await.expect("the store answers");
        let one_way = |node: &Address| self.apply.plan.steps().any(|c| c.class == Class::OneWay && c.address == *node);
        let has_turned = journal.iter().any(|record| matches!(record, Record::Unwinding { .. }));
        let begun = journal.iter().any(|record| matches!(record, Record::Intent { node } if one_way(node)));
        self.is_past = begun && !has_turned;
    }

    /// Lets the apply run until it dies at a place. Returns whether it died.
    async fn dies(&mut self, place: Place, times: u64) -> bool {
        failpoint::die_at(place, times);
        let life = self.theatre.run(&self.apply, &self.prior, self.way, &self.locks);
        let lived = AssertUnwindSafe(life).catch_unwind().await;
        failpoint::disarm();
        lived.is_err()
    }
}

/// What an armed stage comes to; none where the run was over before anything went wrong.
async fn played(mut stage: Stage) -> Answer {
    let (said, fired) = stage.run().await;
    if fired == 0 {
        return None;
    }
    Some(stage.ended(said).await)
}

/// One trouble at one call.
pub(super) async fn disturbed(play: &Play, number: u64, trouble: Trouble) -> Answer {
    let stage = Stage::set(play).await;
    stage.theatre.engine.trouble_at(number, trouble);
    played(stage).await
}

/// One call whose answer is lost and that takes effect a second later, and another trouble so many calls after it.
pub(super) async fn disturbed_twice(play: &Play, number: u64, after: u64, trouble: Trouble) -> Answer {
    let stage = Stage::set(play).await;
    stage.theatre.engine.trouble_at(number, Trouble::Late(Duration::from_secs(1)));
    stage.theatre.engine.trouble_at(number + after, trouble);
    played(stage).await
}

/// One call whose answer is lost and that takes effect a second later, and another trouble with each of the next three calls.
pub(super) async fn disturbed_on(play: &Play, number: u64, trouble: Trouble) -> Answer {
    let stage = Stage::set(play).await;
    stage.theatre.engine.trouble_at(number, Trouble::Late(Duration::from_secs(1)));
    for after in 1..=3 {
        stage.theatre.engine.trouble_at(number + after, trouble);
    }
    played(stage).await
}

/// Somebody else breaks the lock and takes the apply up, once so many calls were sent.
pub(super) async fn locked_out(play: &Play, number: u64) -> Answer {
    let mut stage = Stage::set(play).await;
    let (engine, mut other, op) = (stage.theatre.engine.clone(), stage.theatre.store.again(), stage.apply.op.clone());
    let taking = async {
        let from = engine.calls();
        while engine.calls() < from + number {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let held = other.lock().await.expect("the store answers").expect("the apply has the lock");
        let me = Holder { pid: 2, ..held.holder };
        other.break_lock(held.fence, &me).await.expect("the store answers");
        let Ok(Locking::Locked(taken)) = other.take_lock(&me, 0).await else { panic!("it was broken") };
        other.take_over(&op, taken.fence).await.expect("the store answers");
    };
    let was_over = {
        let mut run = std::pin::pin!(stage.theatre.run(&stage.apply, &stage.prior, stage.way, &stage.locks));
        tokio::select! {
            biased;
            _ = &mut run => true,
            () = taking => {
                drop(run.await);
                false
            }
        }
    };
    if was_over {
        return None;
    }
    stage.died().await;
    stage.theatre.recover().await;
    Some(stage.judged(None).await)
}

/// The disk below the backups refuses so many changes, from one on.
pub(super) async fn full(play: &Play, number: u64, many: u64) -> Answer {
    let mut stage = Stage::set(play).await;
    failpoint::refuse_disk(number, many);
    let (said, _) = stage.run().await;
    if failpoint::mend_disk() < number {
        return None;
    }
    let ended = stage.ended(said).await;
    // A disk that stays full lets nobody make the backup of what is there, without which nothing is restored.
    Some(ended.map(|cell| if many > 1 && cell == Cell::Stuck { Cell::LeftOpen } else { cell }))
}

/// The engine is away from one call on, until the apply has ended.
pub(super) async fn away(play: &Play, number: u64) -> Answer {
    let stage = Stage::set(play).await;
    stage.theatre.engine.down_from(number);
    let ended = played(stage).await?;
    Some(ended.map(|cell| if cell == Cell::Stuck { Cell::LeftOpen } else { cell }))
}

/// Runs a future until the engine has got so many calls, and drops it then. Returns whether it was dropped.
async fn dies_at<F: Future>(calls: impl Fn() -> u64, number: u64, life: F) -> bool {
    let mut life = std::pin::pin!(life);
    let from = calls();
    loop {
        tokio::select! {
            biased;
            _ = &mut life => return false,
            () = tokio::time::sleep(Duration::from_millis(1)) => {
                if calls() >= from + number {
                    return true;
                }
            }
        }
    }
}

/// The death of omni while a call is under way, and once more in the recovery.
pub(super) async fn killed(play: &Play, number: u64, again: Option<u64>) -> Answer {
    killed_on(Stage::set(play).await, number, again).await
}

/// The death of omni while a call is under way that the engine takes so long for.
pub(super) async fn killed_late(play: &Play, number: u64, late: Duration) -> Answer {
    let stage = Stage::set(play).await;
    stage.theatre.engine.trouble_at(number, Trouble::Late(late));
    killed_on(stage, number, None).await
}

async fn killed_on(mut stage: Stage, number: u64, again: Option<u64>) -> Answer {
    let engine = stage.theatre.engine.clone();
    let run = stage.theatre.run(&stage.apply, &stage.prior, stage.way, &stage.locks);
    if !dies_at(|| engine.calls(), number, run).await {
        return None;
    }
    stage.died().await;
    if let Some(again) = again {
        dies_at(|| engine.calls(), again, stage.theatre.recover()).await;
    }
    stage.theatre.recover().await;
    Some(stage.judged(None).await)
}

/// The death of omni at a place, and once more at the same place in the recovery.
pub(super) async fn dead(play: &Play, place: Place, times: u64, again: Option<u64>) -> Answer {
    let mut stage = Stage::set(play).await;
    if !stage.dies(place, times).await {
        return None;
    }
    stage.died().await;
    if let Some(again) = again {
        failpoint::die_at(place, again);
        AssertUnwindSafe(stage.theatre.recover()).catch_unwind().await.ok();
        failpoint::disarm();
    }
    stage.theatre.recover().await;
    Some(stage.judged(None).await)
}

/// One trouble at one call of what comes before and after an apply: the plan is made, the locks are taken, renewed and
/// given back. The plan is the same or is refused, and nobody is locked out.
pub(super) async fn beside(play: &Play, number: u64, trouble: Trouble) -> Answer {
    beside_on(play, number, 1, trouble).await
}

/// The same with so many calls that go wrong one after the other.
pub(super) async fn beside_on(play: &Play, number: u64, calls: u64, trouble: Trouble) -> Answer {
    let mut theatre = play.theatre.copy();
    for after in 0..calls {
        theatre.engine.trouble_at(number + after, trouble);
    }
    let planned = play.reference.ask_plan(&mut theatre, play.course).await.map(|plan| plan.id());
    let locked = theatre.ask_lock().await;
    if let Ok(locks) = &locked {
        theatre.ask_unlock(locks).await.ok();
    }
    let has_fired = theatre.engine.fired() > 0;
    theatre.engine.heal();
    if !has_fired {
        return None;
    }
    theatre.engine.settle(LATE).await;
    let lock_left = |theatre: &Theatre| theatre.engine.names().into_iter().any(|name| name.starts_with("omni-lock"));
    // Giving it back may have failed; taking it may not leave it behind.
    if locked.is_err() && lock_left(&theatre) {
        return Some(Err("a lock that was not taken is left behind".to_owned()));
    }
    let again = theatre.lock().await;
    theatre.unlock(&again).await;
    theatre.engine.settle(LATE).await;
    if planned.as_ref().is_ok_and(|planned| *planned != play.plan.id()) {
        return Some(Err("another plan was made".to_owned()));
    }
    if lock_left(&theatre) || theatre.store.lock().await.expect("the store answers").is_some() {
        return Some(Err("a lock is left behind".to_owned()));
    }
    let is_before = theatre.fingerprint().await == play.before;
    Some(if is_before { Ok(Cell::Before) } else { Err("something serves otherwise".to_owned()) })
}

/// The calls of a plan and of the locks, by method.
pub(super) async fn calls_beside(play: &Play) -> BTreeMap<&'static str, u64> {
    let mut theatre = play.theatre.copy();
    play.reference.plan(&mut theatre, play.course).await;
    let locks = theatre.lock().await;
    theatre.unlock(&locks).await;
    theatre.engine.counts()
}

/// SIGINT at a moment of the run.
pub(super) async fn interrupted(play: &Play, number: u64) -> Answer {
    let after = Duration::from_millis(25 * number);
    let mut stage = Stage::set(play).await;
    stage.theatre.interrupt = Some(after);
    let ended = stage.theatre.run(&stage.apply, &stage.prior, stage.way, &stage.locks).await.expect("the store works");
    if ended.elapsed < after {
        return None;
    }
    stage.theatre.close(&stage.apply, &ended, &stage.locks).await;
    stage.theatre.unlock(&stage.locks).await;
    Some(stage.judged(Some(&ended.outcome)).await)
}
