//! How long the executor's own work takes: a whole plan driven through the frontier, done to the end and taken back again.

#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

#[path = "support/world.rs"]
mod world;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use omni::apply::{Frontier, Step};
use omni::journal::{Cause, Effect, Record};
use omni::plan::Plan;

use world::{Case, World};

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// Does everything that gets ready, one after the other, and returns how many steps that were.
fn drive(plan: &Plan, frontier: &mut Frontier<'_>) -> usize {
    let mut steps = 0;
    loop {
        let next = frontier.ready().next();
        let Some(step) = next else { return steps };
        let (Step::Do(at) | Step::Undo(at)) = step;
        let node = || plan.changes[at].address.clone();
        let effect = Effect { objects: vec!["id".into()], note: "healthy".into() };
        let (intent, end) = match step {
            Step::Do(_) => (Record::Intent { node: node() }, Record::Done { node: node(), effect }),
            Step::Undo(_) => (Record::UndoIntent { node: node() }, Record::Undone { node: node(), effect }),
        };
        frontier.fold(&intent).unwrap();
        frontier.fold(&end).unwrap();
        steps += 1;
    }
}

fn there_and_back(bench: &mut Criterion) {
    for case in Case::ALL {
        let mut group = bench.benchmark_group(format!("frontier there and back, {}", case.name()));
        for size in SIZES {
            if size > 1_000 {
                group.sample_size(10);
            }
            group.throughput(Throughput::Elements(size as u64));
            let plan = World::new(size, case).plan();
            let steps = plan.steps().count();
            group.bench_function(BenchmarkId::from_parameter(size), |timer| {
                timer.iter(|| {
                    let mut frontier = Frontier::new(&plan);
                    assert_eq!(drive(&plan, &mut frontier), steps);
                    frontier.fold(&Record::Unwinding { cause: Cause::Recovered }).unwrap();
                    assert_eq!(drive(&plan, &mut frontier), steps);
                    frontier.outcome().unwrap()
                });
            });
        }
        group.finish();
    }
}

criterion_group!(frontier, there_and_back);
criterion_main!(frontier);
