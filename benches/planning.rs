//! How long planning takes as a deployment grows: the plan, its id and its file, the graph, and reading a long spec.

#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use omni::fingerprint::Fingerprint;
use omni::graph::Graph;
use omni::plan::PlanFile;
use omni::spec::Written;

use world::{Case, World, resolve};

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const SERVICES: usize = 1_000;

fn build(bench: &mut Criterion) {
    for case in Case::ALL {
        let mut group = bench.benchmark_group(format!("plan, {}", case.name()));
        for size in SIZES {
            if size > 1_000 {
                group.sample_size(10);
            }
            group.throughput(Throughput::Elements(size as u64));
            let world = World::new(size, case);
            group.bench_function(BenchmarkId::from_parameter(size), |timer| timer.iter(|| black_box(world.plan())));
        }
        group.finish();
    }
}

fn file(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("plan file, all new");
    let written = Written { text: Fingerprint::of_bytes(b""), variables: BTreeMap::new() };
    for size in [1_000, 10_000] {
        group.sample_size(10).throughput(Throughput::Elements(size as u64));
        let plan = World::new(size, Case::First).plan();
        group.bench_function(BenchmarkId::new("id", size), |timer| timer.iter(|| black_box(plan.id())));
        let file = PlanFile::new(plan, Timestamp::UNIX_EPOCH, &[], &[], written.clone());
        group.bench_function(BenchmarkId::new("write", size), |timer| timer.iter(|| black_box(file.to_text())));
        let text = file.to_text();
        group.bench_function(BenchmarkId::new("read and check", size), |timer| {
            timer.iter(|| black_box(PlanFile::read("plan", &text).unwrap()));
        });
    }
    group.finish();
}

fn spec(bench: &mut Criterion) {
    let mut group = bench.benchmark_group(format!("spec of {SERVICES} services"));
    group.sample_size(10).throughput(Throughput::Elements(SERVICES as u64));
    let text = text();
    group.bench_function("resolve", |timer| timer.iter(|| black_box(resolve(&text))));
    let resources = resolve(&text).resources;
    group.bench_function("graph", |timer| timer.iter(|| black_box(Graph::build(&resources).unwrap())));
    group.finish();
}

fn text() -> String {
    let mut text = "[project]\nname = \"shop\"\n\n[networks.inside]\n".to_owned();
    for at in 0..SERVICES {
        write!(
            text,
            "\n[services.web-{at:04}]\nimage = \"shop/web:{}\"\nnetworks = [\"inside\"]\n\
             environment = {{ PORT = \"8080\", LOG_LEVEL = \"info\", REGION = \"eu\" }}\n\
             healthcheck = {{ test = [\"/web\", \"health\"], interval = \"5s\", timeout = \"3s\", retries = 3 }}\n\
             resources.limits = {{ cpus = 0.5, memory = \"64MiB\" }}\n",
            at % 10,
        )
        .unwrap();
        if at > 0 {
            writeln!(text, "depends_on = {{ web-{:04} = \"healthy\" }}", at / 2).unwrap();
        }
    }
    text
}

criterion_group!(planning, build, file, spec);
criterion_main!(planning);
