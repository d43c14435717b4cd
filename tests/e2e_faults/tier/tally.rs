//! `Tally`: how many cells of a row ended how.

use std::time::Duration;

/// How many cells of a row ended how.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cells: usize,
    /// Cells whose fault had passed, and whose apply ended stuck all the same, each with what it said.
    pub(crate) stuck: Vec<String>,
    /// How many applies ended stuck while their fault lasted, or because a second signal asked for it.
    pub(crate) left_open: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) violations: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.cells += other.cells;
        self.stuck.extend(other.stuck.iter().cloned());
        self.left_open += other.left_open;
        self.before += other.before;
        self.after += other.after;
        self.violations.extend(other.violations.iter().cloned());
    }

    #[expect(clippy::print_stdout, reason = "how many cells were tried is what a matrix is for")]
    pub(crate) fn tell(&self, name: &str) {
        let Self { cells, stuck, left_open, before, after, violations } = self;
        println!(
            "{name}: {cells} cells, {} violations, {} stuck ({before} before, {after} after, {left_open} left open)",
            violations.len(),
            stuck.len()
        );
        for cell in stuck {
            println!("STUCK {name}: {cell}");
        }
        for violation in violations {
            println!("VIOLATION {name}: {violation}");
        }
    }

    #[track_caller]
    pub(crate) fn ends_well(&self) {
        assert!(self.violations.is_empty(), "{}", self.violations.join("\n\n"));
        assert!(self.cells > 0, "no cell was tried");
    }
}

/// Prints how long something took: half of the times at most so long, and 95 of 100.
#[expect(clippy::print_stdout, reason = "the numbers are what this is measured for")]
pub(crate) fn tell_times(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
    if let (Some(half), Some(most), Some(last)) = (at(50), at(95), times.last()) {
        println!(
            "{what}: p50 {:.2} s, p95 {:.2} s, longest {:.2} s, of {}",
            half.as_secs_f64(),
            most.as_secs_f64(),
            last.as_secs_f64(),
            times.len()
        );
    }
}
