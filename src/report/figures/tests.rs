//! The figures of small histories, worked out by hand.

use std::time::Duration;

use super::{Figures, Spread, per_mille};
use crate::fingerprint::Fingerprint;
use crate::journal::{Cause, Outcome, Past};
use crate::lock::Op;

fn past(purpose: &str, opened: i64, turned: Option<i64>, closed: i64, outcome: Outcome) -> Past {
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    Past {
        op: Op::new(&Fingerprint::of("plan"), "lineage", 1),
        release: 1,
        tag: "v1".to_owned(),
        purpose: purpose.to_owned(),
        by: "ci".to_owned(),
        opened: at(opened),
        closed: at(closed),
        turned: turned.map(at),
        outcome,
        steps: 1,
        without_backup: Vec::new(),
    }
}

fn unwound() -> Outcome {
    Outcome::Unwound(Cause::Recovered)
}

fn stuck() -> Outcome {
    Outcome::Stuck { cause: Cause::Recovered, left: Vec::new() }
}

#[test]
fn nothing_has_no_figures() {
    let figures = Figures::of(&[]);
    assert_eq!((figures.applies, figures.success_per_mille), (0, None));
    assert_eq!(figures.deploy, Spread::default());
}

#[test]
fn ranks_are_times_that_were_measured() {
    let spread = Spread::of((1..=20).map(Duration::from_secs));
    assert_eq!((spread.p50_ms, spread.p95_ms, spread.max_ms), (Some(10_000), Some(19_000), Some(20_000)));
    assert_eq!(spread.mean_ms, Some(10_500));
    let one = Spread::of([Duration::from_millis(7)]);
    assert_eq!((one.n, one.p50_ms, one.p95_ms, one.max_ms), (1, Some(7), Some(7), Some(7)));
}

#[test]
fn counts_each_apply_once() {
    let figures = Figures::of(&[
        past("apply", 0, None, 100, Outcome::Applied),
        past("apply", 200, Some(260), 266, unwound()),
        past("rollback", 300, None, 338, Outcome::Applied),
        past("apply", 400, Some(410), 500, stuck()),
        past("apply", 600, None, 700, Outcome::Interrupted),
        past("destroy", 800, None, 900, Outcome::Applied),
    ]);
    assert_eq!((figures.applies, figures.releases), (5, 2));
    let counts = [figures.ok, figures.undone, figures.rolled_back, figures.stuck, figures.interrupted];
    assert_eq!(counts, [1, 1, 1, 1, 1]);
    assert_eq!(figures.success_per_mille, Some(200));
    assert_eq!((figures.deploy.n, figures.deploy.p50_ms), (1, Some(100_000)));
    assert_eq!((figures.rollback.n, figures.rollback.p50_ms, figures.rollback.max_ms), (2, Some(6_000), Some(38_000)));
    // The stuck one was never followed by a good release, and nobody saw a failure before the rollback.
    assert_eq!((figures.recovery.n, figures.recovery.max_ms), (1, Some(6_000)));
}

#[test]
fn a_stuck_apply_recovers_with_the_next_good_one_in_whatever_order_they_come() {
    let figures = Figures::of(&[
        past("apply", 150, None, 250, Outcome::Applied),
        past("apply", 120, Some(130), 140, stuck()),
        past("apply", 0, Some(10), 50, stuck()),
    ]);
    assert_eq!(figures.recovery.n, 2);
    assert_eq!(figures.recovery.max_ms, Some(240_000));
    assert_eq!(figures.recovery.p50_ms, Some(120_000));
}

#[test]
fn a_hundred_percent_means_all() {
    assert_eq!(per_mille(59, 64), Some(922));
    assert_eq!(per_mille(9_999, 10_000), Some(999));
    assert_eq!(per_mille(3, 3), Some(1000));
    assert_eq!(per_mille(0, 0), None);
}
