//! How long the store takes: opening it and reading the head, which every command does, and appending a record, which an
//! apply does twice per step. An append is one synced commit, so it measures the disk under the temporary folder.

#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

#[path = "../tests/support/plan.rs"]
mod plan;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use omni::address::Address;
use omni::journal::{Apply, Record};
use omni::lock::{Holder, Op};
use omni::store::{Locking, Machine, Sqlite, Store};
use tokio::runtime::Runtime;

use crate::plan::{plan, scope};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn machine() -> Machine {
    Machine::new(|| NOW, |_| None)
}

fn holder() -> Holder {
    Holder {
        who: "ci".into(),
        host: "here".into(),
        boot: "boot".into(),
        pid: 1,
        started: 0,
        doing: "measure".into(),
        lineage: String::new(),
    }
}

fn append(bench: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut store, op, fence) = runtime.block_on(async {
        let mut store = Sqlite::create(&folder.path().join("shop.sqlite"), &scope(), machine()).await.unwrap();
        let Locking::Locked(held) = store.take_lock(&holder(), 0).await.unwrap() else { panic!("the store is new") };
        let plan = plan(Vec::new(), Vec::new());
        let op = Op::new(&plan.id(), "lineage", held.fence);
        let apply = Apply { op: op.clone(), fence: held.fence, plan, release: 1, by: "ci@here".into(), opened: NOW };
        store.open(&apply, Vec::new()).await.unwrap();
        (store, op, held.fence)
    });
    let record = Record::Intent { node: Address::service("web") };
    bench.bench_function("append one record, synced", |timer| {
        timer.iter(|| runtime.block_on(store.append(&op, fence, &record, NOW)).unwrap());
    });
}

fn open(bench: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    runtime.block_on(async { Sqlite::create(&path, &scope(), machine()).await.unwrap().shut().await.unwrap() });
    bench.bench_function("open the store and read its head", |timer| {
        timer.iter(|| {
            runtime.block_on(async {
                let store = Sqlite::open_existing(&path, &scope(), machine()).await.unwrap().unwrap();
                assert!(store.head().await.unwrap().is_none());
                store.shut().await.unwrap();
            });
        });
    });
}

criterion_group!(journal, append, open);
criterion_main!(journal);
