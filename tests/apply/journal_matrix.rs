//! The matrix of the store: one small change, and a disk that fails at every write and every sync of a life of omni, from
//! opening the file to closing it; forward, while it is undone and while it is recovered. Each test prints its cells.
//!
//! A cell is right when what omni says agrees with what is there, nothing that it was told is on disk is lost, the file
//! opens once the disk works again, and the recovery leads to before or after with nothing left behind.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use omni::apply::{Aborted, Frontier};
use omni::fingerprint::Fingerprint;
use omni::journal::{Apply, Direction, Outcome, Record};
use omni::lock::Op;
use omni::plan::Plan;
use omni::provider::Anchor;
use omni::store::{Machine, Store, StoreError};

use crate::apply::deployment::{Deployment, Member};
use crate::apply::disk::{self, Disk};
use crate::apply::steady::{Refusal, Steady};
use crate::apply::theatre::{Locks, Theatre};

/// More calls than any life has: a loop that gets here has not counted right.
const MOST: u64 = 20_000;

pub(crate) type Play = Theatre<Steady>;

const fn member(version: u8, has_volume: bool, memory: u8, is_there: bool) -> Member {
    Member { version, replicas: 1, has_volume, memory, needs: 0, is_there }
}

/// The small change: a replacement, a change in place, a removal, and a service with a volume that is new.
pub(crate) fn reference() -> (Deployment, Deployment) {
    let (kept, gone) = (member(0, false, 0, true), member(0, true, 0, false));
    let before = vec![member(0, true, 0, true), member(0, false, 1, true), kept.clone(), gone.clone()];
    let after = vec![
        member(1, true, 0, true),
        member(0, false, 2, true),
        Member { is_there: false, ..kept },
        Member { is_there: true, ..gone },
    ];
    (Deployment(before), Deployment(after))
}

/// Which life of omni the disk fails in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// An apply that goes well by itself.
    Forward,
    /// An apply of which a service never gets healthy.
    Undone,
    /// The recovery of an apply that was killed half way.
    Recovered,
}

impl Course {
    const ALL: [Self; 3] = [Self::Forward, Self::Undone, Self::Recovered];

    fn spec(self) -> String {
        reference().1.spec((self == Self::Undone).then_some(0))
    }
}

/// What omni says at the end of a life.
#[derive(Debug)]
enum Said {
    /// The store cannot be used, and nothing was begun.
    Untouched(#[expect(dead_code, reason = "it is shown")] StoreError),
    Ended(Outcome),
    /// The journal could not be written; how it ended outside of it.
    Unwritten(Option<Outcome>),
    /// Nothing: the power went.
    Dead,
}

/// How a cell ended.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Before,
    After,
    /// It said that it was stuck, and the next recovery took it back.
    Stuck,
}

/// A machine that cannot tell who lives, so that the lock file alone decides.
fn machine() -> Machine {
    Machine::new(|| Timestamp::UNIX_EPOCH, |_| None)
}

/// A world in which the first half of the reference serves, on a disk that works; and what that looks like.
pub(crate) async fn set(folder: &Path, course: Course) -> (Play, Fingerprint) {
    let _ = std::fs::remove_dir_all(folder);
    let path = folder.join(".omni").join("shop.sqlite");
    let mut play = Play::with(Steady::new(&path, machine()));
    assert_eq!(play.apply(&reference().0.spec(None)).await, Outcome::Applied);
    let before = play.fingerprint().await;
    if course == Course::Recovered {
        let wanted = play.plan(&course.spec()).await;
        let locks = play.lock().await;
        let apply = play.open(wanted, &locks).await;
        let engine = play.engine.clone();
        let half = engine.calls() + 12;
        let run = play.run(&apply, &[], Direction::Forward, &locks);
        let died = async {
            while engine.calls() < half {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! { _ = run => panic!("it was over before it was killed"), () = died => {} }
    }
    play.store.end();
    (play, before)
}

/// One life: a process begins, looks, takes the locks, does its work and gives them back.
async fn lived(play: &mut Play, course: Course) -> Said {
    if let Err(error) = play.store.begin() {
        return Said::Untouched(error);
    }
    match work(play, course).await {
        Ok(said) => said,
        Err(error) => Said::Untouched(error),
    }
}

async fn work(play: &mut Play, course: Course) -> Result<Said, StoreError> {
    let found = play.store.open_apply().await?;
    play.store.releases().await?;
    play.store.history().await?;
    let wanted = match course {
        Course::Recovered => None,
        Course::Forward | Course::Undone => Some(play.plan(&course.spec()).await),
    };
    let locks = play.try_lock().await?.expect("both locks are free");
    let done = match (wanted, found) {
        (Some(wanted), _) => forward(play, wanted, &locks).await,
        (None, Some(apply)) => back(play, apply, &locks).await,
        (None, None) => panic!("there is nothing to recover"),
    };
    play.host.drop_anchor(&locks.anchor).await.expect("the engine answers");
    // It runs out by itself.
    let _ = play.store.drop_lock(locks.fence).await;
    done
}

async fn forward(play: &mut Play, wanted: Plan, locks: &Locks) -> Result<Said, StoreError> {
    let apply = play.try_open(wanted, locks).await?;
    finish(play, &apply, &[], Direction::Forward, locks).await
}

async fn back(play: &mut Play, apply: Apply, locks: &Locks) -> Result<Said, StoreError> {
    play.store.take_over(&apply.op, locks.fence).await?;
    let prior = play.store.journal(&apply.op).await?;
    let done = Frontier::replay(&apply.plan, &prior)?.outcome();
    let way = if done == Some(Outcome::Applied) { Direction::Forward } else { Direction::Back };
    finish(play, &apply, &prior, way, locks).await
}

async fn finish(
    play: &mut Play,
    apply: &Apply,
    prior: &[Record],
    way: Direction,
    locks: &Locks,
) -> Result<Said, StoreError> {
    let ended = match play.run(apply, prior, way, locks).await {
        Ok(ended) => ended,
        Err(Aborted::Store { outcome, .. }) => return Ok(Said::Unwritten(outcome.map(|outcome| *outcome))),
        Err(other) => panic!("{other}"),
    };
    let outcome = ended.outcome.clone();
    if !ended.is_closable() {
        return Ok(Said::Ended(outcome));
    }
    match play.try_close(apply, &ended, locks).await {
        Ok(()) => Ok(Said::Ended(outcome)),
        Err(_) => Ok(Said::Unwritten(Some(outcome))),
    }
}

/// What is there in the end, with nothing left behind.
async fn judged(play: &mut Play, before: Fingerprint, course: Course) -> Result<Cell, String> {
    play.engine.settle(Duration::from_secs(3)).await;
    let leaks = play.leaks().await;
    if !leaks.is_empty() {
        return Err(format!("left behind: {}", leaks.join(", ")));
    }
    seen(play, before, course).await
}

/// What is there.
async fn seen(play: &mut Play, before: Fingerprint, course: Course) -> Result<Cell, String> {
    if play.fingerprint().await == before {
        return Ok(Cell::Before);
    }
    if play.plan(&course.spec()).await.is_empty() {
        return Ok(Cell::After);
    }
    Err("it is neither before nor after".to_owned())
}

/// Whether what it said agrees with what is there, before anybody recovers.
fn is_true(said: &Said, world: &Result<Cell, String>, course: Course) -> bool {
    match said {
        // A recovery finds the half of an apply, and leaves it so.
        Said::Untouched(_) if course == Course::Recovered => true,
        Said::Untouched(_) => matches!(world, Ok(Cell::Before)),
        Said::Ended(Outcome::Applied) | Said::Unwritten(Some(Outcome::Applied)) => matches!(world, Ok(Cell::After)),
        Said::Ended(Outcome::Unwound(_)) | Said::Unwritten(Some(Outcome::Unwound(_))) => {
            matches!(world, Ok(Cell::Before))
        }
        // It does not say where it is.
        Said::Ended(_) | Said::Unwritten(_) | Said::Dead => true,
    }
}

/// Whether every record that the store said is on disk is there, in the order in which it was said.
async fn check_kept(play: &Play, acknowledged: &[(Op, Record)]) -> Result<(), String> {
    let Some((op, _)) = acknowledged.last() else { return Ok(()) };
    let kept = play.store.journal(op).await.map_err(|error| format!("its journal: {error}"))?;
    let mut kept = kept.iter();
    let lost = acknowledged.iter().filter(|(of, _)| of == op).find(|(_, record)| !kept.any(|one| one == record));
    lost.map_or(Ok(()), |(_, record)| Err(format!("{record:?} was on disk and is lost")))
}

/// One fault in one life; none where the life was over before that call.
async fn cell(disk: &Disk, course: Course, kind: &str, number: u64, way: &str) -> Option<Result<Cell, String>> {
    let folder = disk.path().join("project");
    let (mut play, before) = set(&folder, course).await;
    play.store.acknowledged.clear();
    play.store.is_mortal = matches!(kind, "power" | "tear" | "kill");
    if kind == "refuse" {
        play.store.refusal = Some(Refusal { at: number, lasts: way == "on", seen: 0 });
    }
    disk.arm(kind, number, way);
    let said = if play.store.is_mortal {
        let mut life = std::pin::pin!(lived(&mut play, course));
        // A life that hangs without a timer to wait for has no power any more.
        let over = tokio::time::timeout(Duration::from_hours(10), &mut life).await;
        over.unwrap_or(Said::Dead)
    } else {
        lived(&mut play, course).await
    };
    play.store.end();
    let (_, failed) = disk.heal();
    play.store.is_mortal = false;
    let has_refused = play.store.refusal.take().is_some_and(|refusal| refusal.seen >= refusal.at);
    if failed == 0 && !has_refused {
        return None;
    }
    let acknowledged = std::mem::take(&mut play.store.acknowledged);
    if (kind == "ballast" || kind == "refuse" && way == "once") && !matches!(said, Said::Ended(_)) {
        return Some(Err(format!("the ballast, or a second try, was of no use: it said {said:?}")));
    }
    let ended = after(&mut play, before, course, &said, &acknowledged).await;
    if ended.is_ok() && number % 3 == 1 && play.apply(&reference().1.spec(None)).await != Outcome::Applied {
        return Some(Err(format!("nothing can be applied any more; it said {said:?}")));
    }
    Some(ended.map_err(|why| format!("{why}; it said {said:?}")))
}

/// The disk works again: what is there, and what a recovery makes of it.
async fn after(
    play: &mut Play,
    before: Fingerprint,
    course: Course,
    said: &Said,
    acknowledged: &[(Op, Record)],
) -> Result<Cell, String> {
    play.store.begin().map_err(|error| format!("the file does not open: {error}"))?;
    check_kept(play, acknowledged).await?;
    let open = play.store.open_apply().await.map_err(|error| error.to_string())?;
    if matches!(said, Said::Ended(Outcome::Applied | Outcome::Unwound(_))) && open.is_some() {
        return Err("the apply is still open".to_owned());
    }
    if open.is_none() || !matches!(said, Said::Dead) {
        // What a release that is not closed made is known by no release yet.
        let world = if open.is_some() { seen(play, before, course).await } else { judged(play, before, course).await };
        if !is_true(said, &world, course) {
            return Err(format!("that is not so: {world:?}"));
        }
    }
    play.recover().await;
    let ended = judged(play, before, course).await?;
    Ok(if matches!(said, Said::Ended(Outcome::Stuck { .. })) { Cell::Stuck } else { ended })
}

/// What the parent asked for: the kind of fault, and every how many calls there is a cell.
#[test]
#[ignore = "run by its parents"]
fn child_on_a_failing_disk() {
    let order = disk::order();
    let (kind, stride) = order.split_once(' ').expect("a kind and a stride");
    let (stride, disk) = (stride.parse().expect("a number"), Disk::of_this_process());
    let ways: &[&str] = if matches!(kind, "power" | "tear" | "kill" | "ballast") { &["once"] } else { &["once", "on"] };
    let (mut cells, mut stuck, mut violations) = ([0_u64, 0], 0_u64, Vec::new());
    for (course, way) in Course::ALL.into_iter().flat_map(|course| ways.iter().map(move |way| (course, *way))) {
        for number in (1..).step_by(stride) {
            assert!(number < MOST, "{course:?} has no end");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
            let ended = runtime.expect("a runtime").block_on(cell(&disk, course, kind, number, way));
            match ended {
                None => break,
                Some(Ok(Cell::Before)) => cells[0] += 1,
                Some(Ok(Cell::After)) => cells[1] += 1,
                Some(Ok(Cell::Stuck)) => stuck += 1,
                Some(Err(why)) => violations.push(format!("{course:?}, {kind} at {number} {way}: {why}")),
            }
        }
    }
    let [before, after] = cells;
    let all = before + after + stuck + violations.len() as u64;
    println!("\nsaid {all} cells, {} violations, {stuck} stuck ({before} before, {after} after)", violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(all * stride as u64 > 40, "only {all} cells were tried");
}

/// Runs a row; `OMNI_STRIDE` makes it denser or thinner than it is per change.
#[expect(clippy::print_stdout, reason = "how many cells were tried is what the matrix is for")]
fn row(name: &str, kind: &str, stride: u64) {
    let asked = std::env::var_os("OMNI_STRIDE").and_then(|asked| asked.into_string().ok());
    let stride = asked.unwrap_or_else(|| stride.to_string());
    let said = disk::child("apply::journal_matrix::child_on_a_failing_disk", &format!("{kind} {stride}"));
    println!("{name}: {said}");
}

macro_rules! rows {
    ($($name:ident: $kind:literal, $stride:literal;)*) => {
        $(#[test]
        fn $name() {
            row(stringify!($name), $kind, $stride);
        })*
    };
}

rows! {
    a_journal_that_fails_once_has_no_gap: "refuse", 1;
    no_space_at_a_write: "nospace", 23;
    no_quota_at_a_write: "quota", 29;
    io_error_at_a_write: "io", 23;
    half_a_write: "short", 29;
    no_space_but_the_ballast: "ballast", 23;
    a_sync_fails: "sync", 2;
    power_lost_at_a_sync: "power", 1;
    power_lost_and_pages_torn: "tear", 1;
    killed_at_a_sync: "kill", 3;
}
