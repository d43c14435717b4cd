//! The deterministic simulation: random deployments × random faults × one to three omnis, under a clock of its own.
//!
//! A seed is a whole story: who works on which host with which store, what they deploy, what goes wrong and when. The
//! same seed tells the same story. Seeds of even numbers have any number of faults (nothing may be broken by them);
//! those of odd numbers have two in a round at most (the next recovery has to end it).
//! `scripts/simulate` runs many; the suite runs a fixed number.

mod annals;
mod dice;
mod found;
mod judgement;
mod ledger;
mod nature;
mod play;
mod process;
mod tally;
mod team;
mod troubles;
pub(crate) mod wanted;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use play::Play;
use tally::{Story, Tally};

/// How many seeds the suite runs.
const IN_THE_SUITE: u64 = 150;

/// Plays one seed.
fn story(seed: u64) -> Story {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let mut play = Play::new(seed);
            play.run().await;
            let book = std::mem::take(&mut *play.team.annals.book());
            Story {
                seed,
                commands: play.commands,
                counts: book.counts,
                violations: book.violations,
                stuck: play.stuck,
                lines: book.lines,
            }
        })
    }));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Story { seed, violations: vec![format!("panic: {}", text.unwrap_or_default())], ..Story::default() }
    })
}

/// Plays these seeds on all cores.
fn stories(from: u64, many: u64, tells: bool) -> Tally {
    let next = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut tally = Tally::default();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= many {
                            return tally;
                        }
                        tally.add(story(from + at));
                        if tells && (at + 1).is_multiple_of((many / 10).max(1_000)) {
                            tally::say(&format!("simulation: {} of {many} seeds", at + 1));
                        }
                    }
                })
            })
            .collect();
        let tallies = workers.into_iter().map(|worker| worker.join().expect("a worker never panics"));
        tallies.fold(Tally::default(), Tally::and)
    })
}

#[test]
fn simulated() {
    let number = |name: &str| {
        let text = std::env::var_os(name)?.into_string().ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let (asked, from) = (number("OMNI_SEEDS"), number("OMNI_FROM").unwrap_or(1));
    let many = asked.unwrap_or(IN_THE_SUITE);
    let tally = stories(from, many, asked.is_some());
    tally.tell(from, many);
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 1..=12 {
        let (first, second) = (story(seed), story(seed));
        assert!(!first.lines.is_empty(), "seed {seed} tells nothing");
        assert_eq!(first.lines, second.lines, "seed {seed}");
    }
}
