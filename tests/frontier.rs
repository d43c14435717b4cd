//! Properties of the frontier: random plans × random faults × random order of answers.

#[path = "support/change.rs"]
mod change;
#[path = "support/plan.rs"]
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use omni::address::Address;
use omni::apply::{Frontier, Step};
use omni::journal::{Cause, Effect, FaultReport, NodeStatus, Outcome, Record};
use omni::plan::{Action, Change, Phase, Plan};
use proptest::prelude::*;

/// What happens to one node when it is done and when it is taken back.
#[derive(Debug, Clone, Copy)]
struct Fate {
    keeps: bool,
    fails: bool,
    is_unknown: bool,
    undo_fails: bool,
}

#[derive(Debug, Clone)]
struct World {
    fates: Vec<Fate>,
    edges: Vec<(u32, u32)>,
    /// From which node on the changes are in the second phase.
    removes_from: usize,
    picks: Vec<u8>,
    parallel: usize,
}

fn worlds() -> impl Strategy<Value = World> {
    (1_usize..14).prop_flat_map(|count| {
        let fate = (prop::bool::weighted(0.2), prop::bool::weighted(0.1), any::<bool>(), prop::bool::weighted(0.1));
        let fates = prop::collection::vec(
            fate.prop_map(|(keeps, fails, is_unknown, undo_fails)| Fate { keeps, fails, is_unknown, undo_fails }),
            count,
        );
        let pairs = prop::collection::vec((0..count, 0..count), 0..count * 2);
        (fates, pairs, 0..=count, prop::collection::vec(any::<u8>(), 200), 1_usize..5).prop_map(
            |(fates, pairs, removes_from, picks, parallel)| {
                let forward = pairs.into_iter().filter(|(a, b)| a < b);
                let edges: BTreeSet<_> = forward.map(|(a, b)| (position(a), position(b))).collect();
                World { fates, edges: edges.into_iter().collect(), removes_from, picks, parallel }
            },
        )
    })
}

fn position(at: usize) -> u32 {
    u32::try_from(at).expect("small")
}

fn address(at: usize) -> Address {
    Address::service(format!("s{at:03}"))
}

fn plan(world: &World) -> Plan {
    let change = |(at, fate): (usize, &Fate)| Change {
        phase: if at >= world.removes_from { Phase::Remove } else { Phase::Build },
        ..change::change(address(at), if fate.keeps { Action::Keep } else { Action::Create })
    };
    plan::plan(world.fates.iter().enumerate().map(change).collect(), world.edges.clone())
}

fn fault() -> FaultReport {
    FaultReport { message: "made to fail".to_owned(), help: None, log: Vec::new() }
}

fn answer(fate: Fate, step: Step) -> Record {
    match step {
        Step::Do(at) if fate.fails && fate.is_unknown => Record::Unknown { node: address(at), fault: fault() },
        Step::Do(at) if fate.fails => Record::Failed { node: address(at), fault: fault() },
        Step::Do(at) => Record::Done { node: address(at), effect: Effect::default() },
        Step::Undo(at) if fate.undo_fails => Record::UndoFailed { node: address(at), fault: fault() },
        Step::Undo(at) => Record::Undone { node: address(at), effect: Effect::default() },
    }
}

/// Every node that has to be done before `at`, kept ones followed through.
fn before(world: &World, at: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![at];
    while let Some(node) = open.pop() {
        for (first, second) in &world.edges {
            if *second as usize == node && found.insert(*first as usize) {
                open.push(*first as usize);
            }
        }
    }
    found.retain(|node| !world.fates[*node].keeps);
    found
}

/// Checks that a step may begin now, from the statuses alone.
fn assert_may_begin(world: &World, frontier: &Frontier<'_>, step: Step) {
    let status = |at: usize| frontier.status(&address(at)).expect("a changed node");
    match step {
        Step::Do(at) => {
            for required in before(world, at) {
                assert_eq!(status(required), NodeStatus::Done, "{at} began before {required} was done");
            }
        }
        Step::Undo(at) => {
            for follower in (0..world.fates.len()).filter(|n| !world.fates[*n].keeps && before(world, *n).contains(&at))
            {
                let so_far = status(follower);
                assert!(
                    matches!(so_far, NodeStatus::Waiting | NodeStatus::Undone),
                    "{at} was taken back while its follower {follower} was {so_far:?}"
                );
            }
        }
    }
}

/// Runs to the end as a session would, and returns the records with the outcome.
fn run(world: &World, plan: &Plan, prior: &[Record], take_up: bool) -> (Vec<Record>, Outcome) {
    let mut records = prior.to_vec();
    let mut frontier = Frontier::replay(plan, prior).expect("records in turn");
    let mut keep = |frontier: &mut Frontier<'_>, record: Record| {
        frontier.fold(&record).expect("a record in turn");
        records.push(record);
    };
    if take_up {
        for record in frontier.orphaned() {
            keep(&mut frontier, record);
        }
        frontier.retry_undo();
        keep(&mut frontier, Record::Unwinding { cause: Cause::Recovered });
    }
    let mut working: Vec<Step> = Vec::new();
    let mut picks = world.picks.iter().copied().cycle();
    for _ in 0..10_000 {
        while working.len() < world.parallel {
            let Some(step) = frontier.ready().next() else { break };
            assert_may_begin(world, &frontier, step);
            let record = match step {
                Step::Do(at) => Record::Intent { node: address(at) },
                Step::Undo(at) => Record::UndoIntent { node: address(at) },
            };
            keep(&mut frontier, record);
            working.push(step);
        }
        if working.is_empty() {
            let outcome = frontier.outcome().expect("nothing is ready, so it has ended");
            return (records, outcome);
        }
        let step = working.remove(usize::from(picks.next().expect("endless")) % working.len());
        let (Step::Do(at) | Step::Undo(at)) = step;
        let failed = matches!(step, Step::Do(_)) && world.fates[at].fails;
        keep(&mut frontier, answer(world.fates[at], step));
        if failed && frontier.unwinding().is_none() {
            keep(&mut frontier, Record::Unwinding { cause: Cause::Failed(address(at)) });
        }
    }
    panic!("no end after 10,000 steps");
}

fn nodes_of(records: &[Record], pick: impl Fn(&Record) -> bool) -> BTreeSet<Address> {
    records.iter().filter(|record| pick(record)).filter_map(|record| record.node().cloned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ends_wholly_after_or_wholly_before_or_names_what_is_left(world in worlds()) {
        let plan = plan(&world);
        let (records, outcome) = run(&world, &plan, &[], false);
        let touched = nodes_of(&records, |record| matches!(record, Record::Intent { .. }));
        let undone = nodes_of(&records, |record| matches!(record, Record::Undone { .. }));
        match outcome {
            Outcome::Applied => {
                let done = nodes_of(&records, |record| matches!(record, Record::Done { .. }));
                let changes: BTreeSet<_> = plan.steps().map(|change| change.address.clone()).collect();
                prop_assert_eq!(done, changes);
            }
            Outcome::Unwound(_) => prop_assert_eq!(touched, undone),
            Outcome::Stuck { left, .. } => {
                let left: BTreeSet<_> = left.into_iter().map(|left| left.node).collect();
                prop_assert!(left.is_disjoint(&undone));
                prop_assert_eq!(touched, left.union(&undone).cloned().collect());
            }
            Outcome::Interrupted => prop_assert!(false, "nothing interrupted it"),
        }
    }

    #[test]
    fn an_undo_that_fails_stops_only_what_depends_on_it(world in worlds()) {
        let plan = plan(&world);
        let (_, outcome) = run(&world, &plan, &[], false);
        if let Outcome::Stuck { left, .. } = outcome {
            let failed: Vec<usize> = (0..world.fates.len())
                .filter(|at| left.iter().any(|l| l.node == address(*at) && l.fault.is_some()))
                .collect();
            for one in &left {
                let at = (0..world.fates.len()).find(|at| address(*at) == one.node).expect("a node");
                prop_assert!(
                    one.fault.is_some() || failed.iter().any(|f| before(&world, *f).contains(&at)),
                    "{at} was left behind though nothing that depends on it failed"
                );
            }
        }
    }

    #[test]
    fn every_prefix_of_a_journal_resumes_to_an_end(world in worlds()) {
        let plan = plan(&world);
        let (records, outcome) = run(&world, &plan, &[], false);
        for cut in 0..=records.len() {
            let prior = &records[..cut];
            if Frontier::replay(&plan, prior).expect("a prefix folds").outcome().is_some() {
                continue;
            }
            let (all, end) = run(&world, &plan, prior, true);
            let touched = nodes_of(&all, |record| matches!(record, Record::Intent { .. }));
            let undone = nodes_of(&all, |record| matches!(record, Record::Undone { .. }));
            match end {
                Outcome::Unwound(_) => prop_assert_eq!(touched, undone, "cut at {}", cut),
                Outcome::Stuck { left, .. } => {
                    let left: BTreeSet<_> = left.into_iter().map(|left| left.node).collect();
                    prop_assert_eq!(touched, left.union(&undone).cloned().collect(), "cut at {}", cut);
                }
                Outcome::Applied => prop_assert_eq!(&outcome, &Outcome::Applied, "cut at {}", cut),
                Outcome::Interrupted => prop_assert!(false),
            }
        }
    }

    #[test]
    fn a_recovery_that_is_killed_at_any_record_still_ends(world in worlds(), first in 0_usize..40, second in 0_usize..40) {
        let plan = plan(&world);
        let (records, _) = run(&world, &plan, &[], false);
        let prior = &records[..first.min(records.len())];
        if Frontier::replay(&plan, prior).expect("a prefix folds").outcome().is_some() {
            return Ok(());
        }
        let (again, _) = run(&world, &plan, prior, true);
        let prior = &again[..(prior.len() + second).min(again.len())];
        if Frontier::replay(&plan, prior).expect("a prefix folds").outcome().is_some() {
            return Ok(());
        }
        let (all, end) = run(&world, &plan, prior, true);
        if let Outcome::Unwound(_) = end {
            let touched = nodes_of(&all, |record| matches!(record, Record::Intent { .. }));
            let undone = nodes_of(&all, |record| matches!(record, Record::Undone { .. }));
            prop_assert_eq!(touched, undone);
        }
    }
}

#[test]
fn a_record_out_of_turn_is_refused_and_changes_nothing() {
    let fate = Fate { keeps: false, fails: false, is_unknown: false, undo_fails: false };
    let world = World {
        fates: vec![fate, Fate { keeps: true, ..fate }],
        edges: Vec::new(),
        removes_from: 2,
        picks: vec![0],
        parallel: 1,
    };
    let plan = plan(&world);
    let mut frontier = Frontier::new(&plan);
    for record in [
        Record::Done { node: address(0), effect: Effect::default() },
        Record::UndoIntent { node: address(0) },
        Record::Intent { node: address(1) },
        Record::Intent { node: address(9) },
    ] {
        assert!(frontier.fold(&record).is_err(), "{record:?}");
    }
    assert_eq!(frontier.ready().collect::<Vec<_>>(), [Step::Do(0)]);
    assert_eq!(frontier.status(&address(0)), Some(NodeStatus::Waiting));
}

#[test]
fn a_phase_waits_for_all_of_the_one_before() {
    let fate = Fate { keeps: false, fails: false, is_unknown: false, undo_fails: false };
    let world = World { fates: vec![fate; 3], edges: Vec::new(), removes_from: 2, picks: vec![0], parallel: 3 };
    let plan = plan(&world);
    let mut frontier = Frontier::new(&plan);
    assert_eq!(frontier.ready().collect::<Vec<_>>(), [Step::Do(0), Step::Do(1)]);
    for at in [0, 1] {
        frontier.fold(&Record::Intent { node: address(at) }).expect("in turn");
        assert!(!frontier.ready().any(|step| step == Step::Do(2)));
        frontier.fold(&Record::Done { node: address(at), effect: Effect::default() }).expect("in turn");
    }
    assert_eq!(frontier.ready().collect::<Vec<_>>(), [Step::Do(2)]);
    let statuses: BTreeMap<_, _> = (0..3).map(|at| (at, frontier.status(&address(at)))).collect();
    assert_eq!(statuses[&2], Some(NodeStatus::Waiting));
}
