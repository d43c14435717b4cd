//! docs/fault-matrix.md: which steps and which calls the reference changes have, so that each of them meets every fault of
//! the matrix; and the last result of each row.
//!
//! A kind of step that no reference change has, or a call that none of them sends, is a failure. `scripts/faults --bless`
//! writes the file anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use omni::address::Kind;
use omni::journal::Record;
use omni::plan::{Action, Class, Turn};
use omni::provider::fake::METHODS;

use crate::apply::matrix::cell::{Play, Stage, calls_beside};
use crate::apply::matrix::reference::{BACKED_UP, Course, PLAYS, PROVEN, Reference};
use crate::apply::matrix::tally::{file, is_blessed, kept_row};
use crate::apply::matrix::{ROWS, runtime};

/// What a plan can do with a thing of this kind. A new kind does not compile until it is listed here.
const fn actions(kind: Kind) -> &'static [Action] {
    match kind {
        Kind::Image => &[Action::Create],
        Kind::Network => &[Action::Create, Action::Replace(Turn::NewFirst), Action::Delete],
        Kind::Volume | Kind::Database => &[Action::Create, Action::Update, Action::Delete],
        Kind::Job => &[Action::Run, Action::Update, Action::Delete],
        Kind::Service => &[
            Action::Create,
            Action::Update,
            Action::Replace(Turn::NewFirst),
            Action::Replace(Turn::OldFirst),
            Action::Delete,
        ],
        Kind::Backup | Kind::Proof => &[Action::Run],
        Kind::Migration => &[Action::Run, Action::Delete],
    }
}

const fn verb(action: Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace(Turn::NewFirst) => "replace, new first",
        Action::Replace(Turn::OldFirst) => "replace, old first",
        Action::Run => "run",
        Action::Delete => "delete",
    }
}

/// Calls that omni does not send while nothing goes wrong, and those that are for tests that clean up.
const UNSENT: [&str; 1] = ["images"];

/// What the reference changes have.
#[derive(Default)]
struct Found {
    /// Each kind of step: in how many forms it is done, and in how many it is taken back.
    steps: BTreeMap<(Kind, &'static str), [u64; 2]>,
    /// Those of them that cannot be taken back.
    one_way: BTreeSet<(Kind, &'static str)>,
    /// Each call: how often it is sent by plans and locks, by changes that go well, and by those that are taken back.
    calls: BTreeMap<&'static str, [u64; 3]>,
}

impl Found {
    async fn add(&mut self, reference: Reference, course: Course) {
        let play = Play::new(reference, course).await;
        for (method, times) in calls_beside(&play).await {
            self.calls.entry(method).or_default()[0] += times;
        }
        let mut stage = Stage::set(&play).await;
        let records = stage.records().await;
        for (method, times) in stage.theatre.engine.counts() {
            self.calls.entry(method).or_default()[1 + usize::from(course != Course::Forward)] += times;
        }
        for record in records {
            let way = match record {
                Record::Intent { .. } => 0,
                Record::UndoIntent { .. } => 1,
                _ => continue,
            };
            let node = record.node().expect("an intent has a node");
            let change = stage.apply.plan.steps().find(|change| change.address == *node).expect("it is planned");
            let step = (node.kind(), verb(change.action));
            self.steps.entry(step).or_default()[way] += 1;
            if change.class == Class::OneWay {
                self.one_way.insert(step);
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::from(HEAD);
        for ((kind, verb), [done, undone]) in &self.steps {
            let one_way =
                if self.one_way.contains(&(*kind, *verb)) { "also as one that cannot be taken back" } else { "" };
            writeln!(text, "| {kind}: {verb} | {done} | {undone} | {one_way} |").expect("a string can be written");
        }
        text += CALLS;
        for (method, [beside, forward, undone]) in &self.calls {
            writeln!(text, "| `{method}` | {beside} | {forward} | {undone} |").expect("a string can be written");
        }
        text += RESULTS;
        text
    }
}

const HEAD: &str = "\
# Fault matrix

Written by `scripts/faults --bless`; a test holds it to what the program does. [reliability.md](reliability.md) says what is
promised.

A **cell** is one fault at one point of one reference change: the before is deployed on a fake engine, the change is applied, the
fault comes, what is left open is recovered by a new process on a healthy engine. It is right when what serves has the fingerprint of
before or of after, nothing is left behind (no container, network, volume or image that no release knows, no lock), and what omni said
agrees with that. The reference changes are in `tests/apply/matrix/reference.rs`; the engine is `src/provider/fake`, on a clock that
jumps from event to event.

## Steps

Every kind of step that a plan can have, with how often it is done and taken back in the reference changes. A kind without a row
fails the tests.

| step | done | taken back | |
|---|---|---|---|
";

const CALLS: &str = "
## Calls

Every call to an engine, with how often it is sent while the reference changes are planned and locked, where they go well, and where
they are taken back. A call without a row fails the tests.

| call | planned, locked | forward | taken back |
|---|---|---|---|
";

const RESULTS: &str = "
## Results

Each fault, at each of these calls, records or moments. *Stuck*: the fault had passed, and still the apply ended with exit code 3; the
next recovery took it back. At most 1 of 200 may be. *Left open*: the same, but the fault lasted until the apply had ended, so that
nobody could have taken anything back.

| fault | cells | before | after | stuck | left open | violations |
|---|---|---|---|---|---|---|
";

#[test]
fn every_step_and_every_call_has_a_row() {
    let mut found = Found::default();
    for (reference, course) in PLAYS.into_iter().chain(BACKED_UP).chain(PROVEN) {
        runtime().block_on(async { found.add(reference, course).await });
    }
    for kind in Kind::ALL {
        for action in actions(kind) {
            let [done, undone] = found.steps.get(&(kind, verb(*action))).copied().unwrap_or_default();
            assert!(done > 0, "no reference change has {kind}: {}", verb(*action));
            let only_one_way = (kind, *action) == (Kind::Volume, Action::Delete);
            assert!(undone > 0 || only_one_way, "no reference change takes back {kind}: {}", verb(*action));
        }
    }
    let unsent: Vec<_> = METHODS.into_iter().filter(|method| !found.calls.contains_key(method)).collect();
    assert_eq!(unsent, UNSENT, "calls that no reference change sends");
    let text = found.text();
    if is_blessed() {
        let rows: Vec<_> = ROWS.iter().map(|row| kept_row(row)).collect();
        fs::write(file(), format!("{text}{}\n", rows.join("\n"))).expect("the file can be written");
    } else {
        let there = fs::read_to_string(file()).expect("docs/fault-matrix.md is there");
        assert!(there.starts_with(&text), "docs/fault-matrix.md is old: run `scripts/faults --bless`");
    }
}
