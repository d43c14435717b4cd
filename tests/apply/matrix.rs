//! The matrix on the fake engine: one reference change, every trouble at every call of it, the death of omni at every call
//! of it, and a signal at every moment of it; forward and while it is undone. Each test prints the cells it tried.
//!
//! A cell is right when the world is before or after, what omni says agrees with that, and nothing leaks. An apply that says
//! it is stuck has to be taken back by the next recovery.

use std::time::Duration;

use omni::fingerprint::Fingerprint;
use omni::journal::{Direction, Outcome};
use omni::provider::fake::Trouble;

use crate::apply::deployment::{Deployment, Member};
use crate::apply::theatre::Theatre;

/// More calls than any run sends: a loop that gets here has not counted right.
const MOST: u64 = 2_000;

const fn member(version: u8, replicas: u8, has_volume: bool, memory: u8, needs: u8, is_there: bool) -> Member {
    Member { version, replicas, has_volume, memory, needs, is_there }
}

/// The reference change: a replacement old first (its volume has one writer), one new first with two replicas, one in
/// place, a removal, and a service with a volume that is new.
fn reference() -> (Deployment, Deployment) {
    let before = vec![
        member(0, 1, true, 0, 0, true),
        member(0, 2, false, 0, 0b1, true),
        member(0, 1, false, 1, 0b10, true),
        member(0, 1, false, 0, 0b10, true),
        member(0, 1, true, 0, 0, false),
    ];
    let after = vec![
        member(1, 1, true, 0, 0, true),
        member(1, 2, false, 0, 0b1, true),
        member(0, 1, false, 2, 0b10, true),
        member(0, 1, false, 0, 0b10, false),
        member(0, 1, true, 0, 0b1, true),
    ];
    (Deployment(before), Deployment(after))
}

/// Whether the reference change goes well by itself, or its last service never gets healthy, so that it is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Forward,
    Undone,
}

impl Course {
    fn broken(self) -> Option<usize> {
        (self == Self::Undone).then_some(4)
    }
}

/// How many cells ended how.
#[derive(Debug, Default)]
struct Tally {
    before: u64,
    after: u64,
    stuck: u64,
    violations: Vec<String>,
}

impl Tally {
    fn count(&mut self, what: &str, cell: Result<Cell, String>) {
        match cell {
            Ok(Cell::Before) => self.before += 1,
            Ok(Cell::After) => self.after += 1,
            Ok(Cell::Stuck) => self.stuck += 1,
            Err(why) => self.violations.push(format!("{what}: {why}")),
        }
    }

    #[expect(clippy::print_stdout, reason = "how many cells were tried is what the matrix is for")]
    fn tell(&self, what: &str) {
        let Self { before, after, stuck, violations } = self;
        let cells = before + after + stuck + violations.len() as u64;
        println!(
            "{what}: {cells} cells, {} violations, {stuck} stuck ({before} before, {after} after)",
            violations.len()
        );
        assert!(violations.is_empty(), "{what}:\n{}", violations.join("\n"));
        assert!(cells > 40, "{what}: only {cells} cells were tried");
    }
}

/// How a cell ended.
enum Cell {
    Before,
    After,
    /// It said that it was stuck, and the next recovery took it back.
    Stuck,
}

/// A theatre in which the first half of the reference serves, and what that looks like.
async fn set() -> (Theatre, Fingerprint) {
    let mut theatre = Theatre::new();
    assert_eq!(theatre.apply(&reference().0.spec(None)).await, Outcome::Applied);
    let before = theatre.fingerprint().await;
    (theatre, before)
}

/// What is there in the end, held against what was said of it.
async fn judged(
    theatre: &mut Theatre,
    before: Fingerprint,
    course: Course,
    said: Option<&Outcome>,
) -> Result<Cell, String> {
    theatre.engine.settle(Duration::from_secs(3)).await;
    let leaks = theatre.leaks().await;
    if !leaks.is_empty() {
        return Err(format!("left behind: {}", leaks.join(", ")));
    }
    let is_before = theatre.fingerprint().await == before;
    let is_after = theatre.plan(&reference().1.spec(course.broken())).await.is_empty();
    match (said, is_before, is_after) {
        (Some(Outcome::Unwound(_)) | None, true, _) => Ok(Cell::Before),
        (Some(Outcome::Applied) | None, _, true) => Ok(Cell::After),
        _ => Err(format!("it said {said:?}; before: {is_before}, after: {is_after}")),
    }
}

/// One trouble at one call; none where the run was over before that call.
async fn disturbed(course: Course, number: u64, trouble: Trouble) -> Option<Result<Cell, String>> {
    let (mut theatre, before) = set().await;
    let plan = theatre.plan(&reference().1.spec(course.broken())).await;
    let locks = theatre.lock().await;
    let apply = theatre.open(plan, &locks).await;
    theatre.engine.heal();
    theatre.engine.trouble_at(theatre.engine.calls() + number, trouble);
    let ended = theatre.run(&apply, &[], Direction::Forward, &locks).await;
    let has_fired = theatre.engine.fired() > 0;
    theatre.engine.heal();
    let said = match ended {
        Ok(ended) if !matches!(ended.outcome, Outcome::Stuck { .. }) => {
            theatre.engine.settle(Duration::from_secs(3)).await;
            theatre.close(&apply, &ended, &locks).await;
            Some(ended.outcome)
        }
        _ => None,
    };
    theatre.unlock(&locks).await;
    if !has_fired {
        return None;
    }
    if said.is_some() {
        return Some(judged(&mut theatre, before, course, said.as_ref()).await);
    }
    let recovered = theatre.recover().await;
    Some(judged(&mut theatre, before, course, recovered.as_ref()).await.map(|_| Cell::Stuck))
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

/// The death of omni once so many calls were sent, and once more in the recovery; none where the run was over before.
async fn killed(course: Course, number: u64, again: Option<u64>) -> Option<Result<Cell, String>> {
    let (mut theatre, before) = set().await;
    let plan = theatre.plan(&reference().1.spec(course.broken())).await;
    let locks = theatre.lock().await;
    let apply = theatre.open(plan, &locks).await;
    let engine = theatre.engine.clone();
    if !dies_at(|| engine.calls(), number, theatre.run(&apply, &[], Direction::Forward, &locks)).await {
        return None;
    }
    if let Some(again) = again {
        dies_at(|| engine.calls(), again, theatre.recover()).await;
    }
    theatre.recover().await;
    Some(judged(&mut theatre, before, course, None).await)
}

/// SIGINT at a moment of the run; none where the run was over before.
async fn interrupted(course: Course, number: u64) -> Option<Result<Cell, String>> {
    let after = Duration::from_millis(5 * number);
    let (mut theatre, before) = set().await;
    let plan = theatre.plan(&reference().1.spec(course.broken())).await;
    let locks = theatre.lock().await;
    let apply = theatre.open(plan, &locks).await;
    theatre.interrupt = Some(after);
    let ended = theatre.run(&apply, &[], Direction::Forward, &locks).await.expect("the store works");
    if ended.elapsed < after {
        return None;
    }
    theatre.close(&apply, &ended, &locks).await;
    theatre.unlock(&locks).await;
    Some(judged(&mut theatre, before, course, Some(&ended.outcome)).await)
}

/// Tries cell after cell on a paused clock, until one says that the run was over before.
fn every<F: Future<Output = Option<Result<Cell, String>>>>(tally: &mut Tally, what: &str, cell: impl Fn(u64) -> F) {
    for number in 1.. {
        assert!(number < MOST, "{what} has no end");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let Some(ended) = runtime.expect("a runtime").block_on(cell(number)) else { return };
        tally.count(&format!("{what}, cell {number}"), ended);
    }
}

#[track_caller]
fn troubled(name: &str, trouble: Trouble) {
    let mut tally = Tally::default();
    for course in [Course::Forward, Course::Undone] {
        every(&mut tally, &format!("{name}, {course:?}"), |number| disturbed(course, number, trouble));
    }
    tally.tell(name);
}

macro_rules! troubles {
    ($($name:ident: $trouble:expr;)*) => {
        $(#[test]
        fn $name() {
            troubled(stringify!($name), $trouble);
        })*
    };
}

troubles! {
    refused_at_every_call: Trouble::Refuse;
    lost_before_every_effect: Trouble::LostBefore;
    lost_after_every_effect: Trouble::LostAfter;
    in_conflict_at_every_call: Trouble::Conflict;
    failed_at_every_call: Trouble::Failure;
    hung_at_every_call: Trouble::Hang;
    hung_after_every_effect: Trouble::HangAfter;
    late_by_10_ms_at_every_call: Trouble::Late(Duration::from_millis(10));
    late_by_100_ms_at_every_call: Trouble::Late(Duration::from_millis(100));
    late_by_a_second_at_every_call: Trouble::Late(Duration::from_secs(1));
}

#[test]
fn killed_at_every_call() {
    let mut tally = Tally::default();
    for course in [Course::Forward, Course::Undone] {
        every(&mut tally, &format!("killed, {course:?}"), |number| killed(course, number, None));
    }
    tally.tell("killed");
}

#[test]
fn killed_at_every_call_and_again_in_the_recovery() {
    let mut tally = Tally::default();
    for course in [Course::Forward, Course::Undone] {
        for again in [1, 2, 3, 5, 8, 13, 21, 34] {
            let what = format!("killed, {course:?}, again at call {again}");
            every(&mut tally, &what, |number| killed(course, number, Some(again)));
        }
    }
    tally.tell("killed twice");
}

#[test]
fn interrupted_every_5_ms() {
    let mut tally = Tally::default();
    for course in [Course::Forward, Course::Undone] {
        every(&mut tally, &format!("interrupted, {course:?}"), |number| interrupted(course, number));
    }
    tally.tell("interrupted");
}
