//! The matrix on the fake engine: reference changes, every trouble at every call of them, the death of omni at every place
//! of them, and a signal at every moment of them; forward and while they are undone. Each test prints the cells it tried.
//!
//! A cell is right when the world is before or after, what omni says agrees with that, and nothing leaks. An apply that says
//! it is stuck has to be taken back by the next recovery. docs/fault-matrix.md has the rows with their results.

mod cell;
mod file;

mod reference;
mod shelf;
mod tally;

use std::time::Duration;

use omni::failpoint::Place;
use omni::provider::fake::Trouble;

use crate::share::every;
use cell::{Answer, Play};
use reference::{BACKED_UP, Course, PLAYS, PROVEN, Reference};
use tally::Tally;

/// More points than any run has: a loop that gets here has not counted right.
const MOST: u64 = 4_000;

/// A runtime on a paused clock: hours of a play take moments.
fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime")
}

/// Which share is tried where nobody asks for another: every how many-th point. With some eighty faults, each point of each
/// reference meets dozens of them all the same.
const USUAL: usize = 3;

/// The first point that is tried: each fault begins elsewhere.
fn first(name: &str, number: usize, every: usize) -> usize {
    name.bytes().fold(number, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % every + 1
}

/// Tries point after point of every reference on a paused clock, until a cell says that the run was over before.
#[track_caller]
fn row(name: &str, plays: &[(Reference, Course)], cell: &impl AsyncFn(&Play, u64) -> Answer) {
    let every = every(USUAL);
    let mut tally = Tally::default();
    for (at, (reference, course)) in plays.iter().copied().enumerate() {
        runtime().block_on(async {
            let play = Play::new(reference, course).await;
            for number in (first(name, at, every) as u64..).step_by(every) {
                let what = format!("{reference:?}, {course:?}, cell {number}");
                assert!(number < MOST, "{what} has no end");
                let Some(ended) = cell(&play, number).await else { break };
                tally.count(&what, ended);
            }
        });
    }
    tally.tell(name, every as u64);
}

macro_rules! rows {
    ($($plays:ident { $($name:ident: $cell:expr;)* })*) => {
        $($(#[test]
        fn $name() {
            row(stringify!($name), &$plays, &$cell);
        })*)*

        /// The rows there are.
        const ROWS: &[&str] = &[$($(stringify!($name),)*)*];
    };
}

rows! {
    PLAYS {
        refused_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Refuse).await;
        lost_before_every_effect: async |play, n| cell::disturbed(play, n, Trouble::LostBefore).await;
        lost_after_every_effect: async |play, n| cell::disturbed(play, n, Trouble::LostAfter).await;
        in_conflict_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Conflict).await;
        failed_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Failure).await;
        hung_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Hang).await;
        hung_after_every_effect: async |play, n| cell::disturbed(play, n, Trouble::HangAfter).await;
        late_by_10_ms_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Late(Duration::from_millis(10))).await;
        late_by_100_ms_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Late(Duration::from_millis(100))).await;
        late_by_a_second_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Late(Duration::from_secs(1))).await;
        late_by_a_second_and_then_failed: async |play, n| cell::disturbed_twice(play, n, 1, Trouble::Failure).await;
        late_by_a_second_and_then_failed_for_a_while: async |play, n| cell::disturbed_on(play, n, Trouble::Failure).await;
        late_by_a_second_and_then_in_conflict: async |play, n| cell::disturbed_twice(play, n, 1, Trouble::Conflict).await;
        late_by_a_second_and_in_conflict_two_calls_later: async |play, n| cell::disturbed_twice(play, n, 2, Trouble::Conflict).await;
        refused_while_planned_or_locked: async |play, n| cell::beside(play, n, Trouble::Refuse).await;
        lost_before_an_effect_while_planned_or_locked: async |play, n| cell::beside(play, n, Trouble::LostBefore).await;
        lost_after_an_effect_while_planned_or_locked: async |play, n| cell::beside(play, n, Trouble::LostAfter).await;
        in_conflict_while_planned_or_locked: async |play, n| cell::beside(play, n, Trouble::Conflict).await;
        failed_while_planned_or_locked: async |play, n| cell::beside(play, n, Trouble::Failure).await;
        failed_whenever_sent_while_planned_or_locked: async |play, n| cell::beside_on(play, n, 4, Trouble::Failure).await;
        hung_while_planned_or_locked: async |play, n| cell::beside(play, n, Trouble::Hang).await;
        late_by_a_second_while_planned_or_locked: async |play, n| cell::beside(play, n, Trouble::Late(Duration::from_secs(1))).await;
        restarted_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Restart).await;
        away_from_every_call_on: async |play, n| cell::away(play, n).await;
        killed_while_every_call_was_under_way: async |play, n| cell::killed(play, n, None).await;
        killed_while_every_call_took_a_second: async |play, n| cell::killed_late(play, n, Duration::from_secs(1)).await;
        killed_before_every_call: async |play, n| cell::dead(play, Place::CallUnsent, n, None).await;
        killed_after_every_answer: async |play, n| cell::dead(play, Place::CallAnswered, n, None).await;
        killed_before_every_record: async |play, n| cell::dead(play, Place::RecordUnwritten, n, None).await;
        killed_after_every_record: async |play, n| cell::dead(play, Place::RecordWritten, n, None).await;
        killed_again_at_the_first_call_of_the_recovery: async |play, n| cell::killed(play, n, Some(1)).await;
        killed_again_at_the_5th_call_of_the_recovery: async |play, n| cell::killed(play, n, Some(5)).await;
        killed_again_at_the_13th_call_of_the_recovery: async |play, n| cell::killed(play, n, Some(13)).await;
        killed_again_at_the_34th_call_of_the_recovery: async |play, n| cell::killed(play, n, Some(34)).await;
        killed_again_before_the_2nd_record_of_the_recovery: async |play, n| cell::dead(play, Place::RecordUnwritten, n, Some(2)).await;
        killed_again_after_the_3rd_record_of_the_recovery: async |play, n| cell::dead(play, Place::RecordWritten, n, Some(3)).await;
        killed_again_before_the_8th_record_of_the_recovery: async |play, n| cell::dead(play, Place::RecordUnwritten, n, Some(8)).await;
        locked_out_at_every_call: async |play, n| cell::locked_out(play, n).await;
        interrupted_every_25_ms: async |play, n| cell::interrupted(play, n).await;
    }
    BACKED_UP {
        backups_refused_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Refuse).await;
        backups_lost_before_every_effect: async |play, n| cell::disturbed(play, n, Trouble::LostBefore).await;
        backups_lost_after_every_effect: async |play, n| cell::disturbed(play, n, Trouble::LostAfter).await;
        backups_in_conflict_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Conflict).await;
        backups_failed_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Failure).await;
        backups_hung_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Hang).await;
        backups_hung_after_every_effect: async |play, n| cell::disturbed(play, n, Trouble::HangAfter).await;
        backups_late_by_100_ms_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Late(Duration::from_millis(100))).await;
        backups_late_by_a_second_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Late(Duration::from_secs(1))).await;
        backups_late_by_a_second_and_then_failed: async |play, n| cell::disturbed_twice(play, n, 1, Trouble::Failure).await;
        backups_late_by_a_second_and_then_failed_for_a_while: async |play, n| cell::disturbed_on(play, n, Trouble::Failure).await;
        backups_restarted_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Restart).await;
        backups_away_from_every_call_on: async |play, n| cell::away(play, n).await;
        backups_killed_while_every_call_was_under_way: async |play, n| cell::killed(play, n, None).await;
        backups_killed_while_every_call_took_a_second: async |play, n| cell::killed_late(play, n, Duration::from_secs(1)).await;
        backups_killed_before_every_record: async |play, n| cell::dead(play, Place::RecordUnwritten, n, None).await;
        backups_killed_after_every_record: async |play, n| cell::dead(play, Place::RecordWritten, n, None).await;
        backups_killed_again_at_the_5th_call_of_the_recovery: async |play, n| cell::killed(play, n, Some(5)).await;
        backups_killed_again_at_the_34th_call_of_the_recovery: async |play, n| cell::killed(play, n, Some(34)).await;
        backups_locked_out_at_every_call: async |play, n| cell::locked_out(play, n).await;
        backups_interrupted_every_25_ms: async |play, n| cell::interrupted(play, n).await;
        disk_of_the_backups_full_for_a_moment: async |play, n| cell::full(play, n, 1).await;
        disk_of_the_backups_full_from_then_on: async |play, n| cell::full(play, n, u64::MAX).await;
        killed_before_every_change_of_the_backups: async |play, n| cell::dead(play, Place::DiskUntouched, n, None).await;
        killed_after_every_change_of_the_backups: async |play, n| cell::dead(play, Place::DiskTouched, n, None).await;
        killed_again_after_the_4th_change_of_the_backups: async |play, n| cell::dead(play, Place::DiskTouched, n, Some(4)).await;
    }
    PROVEN {
        proofs_refused_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Refuse).await;
        proofs_lost_before_every_effect: async |play, n| cell::disturbed(play, n, Trouble::LostBefore).await;
        proofs_lost_after_every_effect: async |play, n| cell::disturbed(play, n, Trouble::LostAfter).await;
        proofs_in_conflict_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Conflict).await;
        proofs_failed_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Failure).await;
        proofs_hung_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Hang).await;
        proofs_late_by_a_second_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Late(Duration::from_secs(1))).await;
        proofs_late_by_a_second_and_then_failed: async |play, n| cell::disturbed_twice(play, n, 1, Trouble::Failure).await;
        proofs_restarted_at_every_call: async |play, n| cell::disturbed(play, n, Trouble::Restart).await;
        proofs_away_from_every_call_on: async |play, n| cell::away(play, n).await;
        proofs_killed_while_every_call_was_under_way: async |play, n| cell::killed(play, n, None).await;
        proofs_killed_while_every_call_took_a_second: async |play, n| cell::killed_late(play, n, Duration::from_secs(1)).await;
        proofs_killed_again_at_the_5th_call_of_the_recovery: async |play, n| cell::killed(play, n, Some(5)).await;
        proofs_locked_out_at_every_call: async |play, n| cell::locked_out(play, n).await;
        proofs_interrupted_every_25_ms: async |play, n| cell::interrupted(play, n).await;
    }
}
