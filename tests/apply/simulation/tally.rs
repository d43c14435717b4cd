//! `Tally`: how many seeds met what, and what of it is wrong.

use std::collections::BTreeMap;

/// How often each kind of fault and each path has to be met in a large run.
const ENOUGH: u64 = 100;
/// How many seeds a large run has.
const LARGE: u64 = 10_000;
/// How many violations are told at length.
const TOLD: usize = 3;

/// Every kind of fault, and every path to an end. One that is missing here is not asked for.
const KINDS: [&str; 50] = [
    "fault: a call to the database",
    "fault: a member that fails",
    "fault: clock back a day",
    "fault: clock back a second",
    "fault: clock forward a day",
    "fault: clock forward an hour",
    "fault: clock forward ten years",
    "fault: clock frozen",
    "fault: conflict",
    "fault: engine away at the end",
    "fault: engine away for a while",
    "fault: failed",
    "fault: hung",
    "fault: hung after its effect",
    "fault: killed",
    "fault: killed by hand",
    "fault: late effect",
    "fault: lost after its effect",
    "fault: lost before its effect",
    "fault: refused",
    "fault: removed by hand",
    "fault: second signal",
    "fault: signal",
    "fault: stopped for a moment",
    "fault: stopped past its lease",
    "fault: store not writable",
    "path: a migration applied",
    "path: a migration taken back",
    "path: applied",
    "path: done and not closed",
    "path: ended by its store",
    "path: fenced out",
    "path: finished forward by the next one",
    "path: left open",
    "path: lock broken after a death",
    "path: lock broken of one that is stopped",
    "path: lock free once the lease is long over",
    "path: lost its lock and stopped",
    "path: recovery repeated",
    "path: refused, another store has applied since",
    "path: refused, locked",
    "path: refused, the engine does not answer",
    "path: refused, the plan does not fit any more",
    "path: stuck behind a migration that has no way back",
    "path: stuck under faults",
    "path: stuck, then taken back",
    "path: taken back by the next one",
    "path: undo repeated",
    "path: unwound after a signal",
    "path: unwound by the failing process",
];

/// What became of one seed.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) commands: u64,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) violations: Vec<String>,
    pub(crate) stuck: Vec<String>,
    pub(crate) lines: Vec<String>,
}

/// What became of many.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    seeds: u64,
    commands: u64,
    counts: BTreeMap<&'static str, u64>,
    violated: Vec<Story>,
    /// Seeds in which a recovery of a healthy engine ended stuck, each with how.
    stuck: Vec<(u64, String)>,
}

#[expect(clippy::print_stdout, reason = "how many seeds were tried is what the simulation is for")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

impl Tally {
    pub(crate) fn add(&mut self, mut story: Story) {
        self.seeds += 1;
        self.commands += story.commands;
        for (what, times) in std::mem::take(&mut story.counts) {
            *self.counts.entry(what).or_default() += times;
        }
        self.stuck.extend(story.stuck.first().map(|how| (story.seed, how.clone())));
        if !story.violations.is_empty() {
            self.violated.push(story);
        }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.seeds += other.seeds;
        self.commands += other.commands;
        for (what, times) in other.counts {
            *self.counts.entry(what).or_default() += times;
        }
        self.violated.extend(other.violated);
        self.stuck.extend(other.stuck);
        self
    }

    /// Prints everything, and panics where something is wrong.
    pub(crate) fn tell(mut self, from: u64, asked: u64) {
        self.violated.sort_by_key(|story| story.seed);
        self.stuck.sort();
        for (what, times) in &self.counts {
            say(&format!("  {what}: {times}"));
        }
        for (seed, how) in self.stuck.iter().take(TOLD) {
            say(&format!("stuck, seed {seed}: {how}\n  replay: scripts/simulate 1 --from {seed}"));
        }
        for story in self.violated.iter().take(TOLD) {
            let Story { seed, violations, lines, .. } = story;
            say(&format!("seed {seed}:\n{}\n  {}", lines.join("\n"), violations.join("\n  ")));
        }
        for story in &self.violated {
            let Story { seed, violations, .. } = story;
            say(&format!(
                "violated, seed {seed}: {}\n  replay: scripts/simulate 1 --from {seed}",
                violations.join("; ")
            ));
        }
        let rare: Vec<_> =
            KINDS.iter().filter(|kind| self.counts.get(*kind).copied().unwrap_or_default() < ENOUGH).collect();
        say(&format!(
            "simulation: {} cells, {} violations, {} stuck (seeds {from} to {}, {} commands)",
            self.seeds,
            self.violated.len(),
            self.stuck.len(),
            from + asked - 1,
            self.commands
        ));
        assert!(self.violated.is_empty(), "{} seeds are violated", self.violated.len());
        assert_eq!(self.seeds, asked, "not every seed was played");
        if asked >= LARGE {
            assert!(rare.is_empty(), "too rare, so that little is known of them: {rare:?}");
        }
    }
}
