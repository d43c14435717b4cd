//! What every store has to do. Each case runs on `Memory`, on `Sqlite` and on `Postgres`.

use std::collections::BTreeMap;
use std::task::{Context, Waker};

use omni::address::{Address, Kind};
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::{Apply, Cause, Outcome, Record};
use omni::lock::{Held, LEASE, LONGEST_CALL};
use omni::observed::Standing;
use omni::plan::{Plan, Purpose};
use omni::release::RecordedDatabase;
use omni::store::{Locking, Store, StoreError};

use crate::house::{House, InMemory, OnDisk, Served};
use crate::postgres::Server;
use crate::sample::{apply, at, file, holder, node, records, release, scope, stranger};

macro_rules! contract {
    ($($case:ident)*) => {
        mod memory {
            $(#[tokio::test] async fn $case() { super::$case(&super::InMemory::new()).await; })*
        }
        mod sqlite {
            $(#[tokio::test] async fn $case() { super::$case(&super::OnDisk::new()).await; })*
        }
        mod postgres {
            /// All cases on one server, each in a database of its own.
            #[tokio::test]
            async fn every_case() {
                let server = super::Server::start().await;
                $(
                    let house = super::Served::new(&server, stringify!($case)).await;
                    let case = std::panic::AssertUnwindSafe(super::$case(&house));
                    let done = futures_util::FutureExt::catch_unwind(case).await;
                    assert!(done.is_ok(), "`{}` does not hold", stringify!($case));
                )*
            }
        }
    };
}

contract! {
    a_fresh_store_is_empty
    a_store_stays_what_it_is
    the_lock_is_for_one
    a_fence_is_above_all_before_it
    a_dead_holder_has_nothing
    a_stranger_has_the_lock_until_no_call_of_it_can_be_under_way
    a_lease_is_renewed_by_its_holder_alone
    a_lock_is_given_back_by_its_holder_alone
    a_lock_is_broken_by_its_fence_alone
    a_broken_holder_can_write_nothing
    every_record_comes_back_as_it_was
    an_open_apply_is_seen_by_others
    one_apply_is_open_at_a_time
    an_op_is_opened_once
    nothing_is_written_without_the_lock
    nothing_is_written_under_another_fence
    a_recovery_takes_over_what_is_there
    an_apply_and_its_release_are_closed_as_one
    a_closed_apply_takes_no_record
    history_tells_when_an_apply_turned
    releases_come_newest_first
    files_are_kept_and_nothing_else_passes_for_one
    forgetting_keeps_what_is_still_named
    what_a_schema_was_is_kept_for_as_long_as_a_release_names_it
    a_key_is_adopted_before_the_first_release_alone
    a_call_that_is_given_up_leaves_nothing_half_done
}

pub(crate) async fn locked(store: &mut dyn Store, pid: u32) -> u64 {
    match store.take_lock(&holder(pid), 0).await.unwrap() {
        Locking::Locked(held) => held.fence,
        Locking::Refused(held) => panic!("{} has it", held.holder),
    }
}

async fn refused(store: &mut dyn Store, pid: u32) -> Held {
    match store.take_lock(&holder(pid), 0).await.unwrap() {
        Locking::Refused(held) => held,
        Locking::Locked(_) => panic!("the lock was free"),
    }
}

/// Makes release `number` of these files, and leaves the lock free.
pub(crate) async fn made(store: &mut dyn Store, number: u64, files: &[&str]) -> Apply {
    let fence = locked(store, 1).await;
    let apply = apply(number, fence, files);
    store.open(&apply, files.iter().map(|content| file(content)).collect()).await.unwrap();
    store.append(&apply.op, fence, &Record::Intent { node: node() }, at(2)).await.unwrap();
    let release = release(number, files);
    store.close(&apply.op, fence, &Outcome::Applied, Some(&release), at(9)).await.unwrap();
    store.drop_lock(fence).await.unwrap();
    apply
}

fn is_fence_lost<T>(done: &Result<T, StoreError>) -> bool {
    matches!(done, Err(StoreError::FenceLost(_)))
}

fn is_absent<T>(done: &Result<T, StoreError>) -> bool {
    matches!(done, Err(StoreError::Absent(_)))
}

async fn a_fresh_store_is_empty(house: &dyn House) {
    let store = house.view().await;
    assert_eq!(store.head().await.unwrap(), None);
    assert_eq!(store.releases().await.unwrap(), []);
    assert_eq!(store.history().await.unwrap(), []);
    assert_eq!(store.open_apply().await.unwrap(), None);
    assert_eq!(store.lock().await.unwrap(), None);
    assert_eq!(store.last_fence().await.unwrap(), 0);
    assert!(is_absent(&store.journal(&apply(1, 1, &[]).op).await));
}

async fn a_store_stays_what_it_is(house: &dyn House) {
    let (one, other) = (house.view().await, house.view().await);
    assert_eq!(one.scope(), &scope());
    assert!(!one.lineage().is_empty());
    assert_eq!(one.lineage(), other.lineage());
    assert_eq!(one.key(), other.key());
}

async fn the_lock_is_for_one(house: &dyn House) {
    let (mut one, mut other) = (house.view().await, house.view().await);
    let fence = locked(&mut *one, 1).await;
    let held = refused(&mut *other, 2).await;
    assert_eq!((held.fence, &held.holder), (fence, &holder(1)));
    assert_eq!((held.since, held.until), (at(0), at(0) + LEASE));
    assert_eq!(refused(&mut *one, 1).await.fence, fence, "not even twice by the same");
    assert_eq!(other.lock().await.unwrap().unwrap(), held);
}

async fn a_fence_is_above_all_before_it(house: &dyn House) {
    let mut store = house.view().await;
    let mut fences = Vec::new();
    for above in [0, 0, 56, 3] {
        let Locking::Locked(held) = store.take_lock(&holder(1), above).await.unwrap() else { panic!("it was free") };
        fences.push(held.fence);
        store.drop_lock(held.fence).await.unwrap();
    }
    assert_eq!(fences, [1, 2, 57, 58]);
    assert_eq!(house.view().await.last_fence().await.unwrap(), 58);
}

async fn a_dead_holder_has_nothing(house: &dyn House) {
    let (mut one, mut other) = (house.view().await, house.view().await);
    let first = locked(&mut *one, 1).await;
    refused(&mut *other, 2).await;
    house.hands().kill(1);
    drop(one);
    let second = locked(&mut *other, 2).await;
    assert!(second > first);
    assert_eq!(other.lock().await.unwrap().unwrap().holder, holder(2));
}

async fn a_stranger_has_the_lock_until_no_call_of_it_can_be_under_way(house: &dyn House) {
    let mut one = house.view().await;
    let Locking::Locked(_) = one.take_lock(&stranger(1), 0).await.unwrap() else { panic!("it was free") };
    let mut other = house.view().await;
    if house.is_freed_with_its_session() {
        refused(&mut *other, 2).await;
        drop(one);
        house.until_gone().await;
        assert_eq!(locked(&mut *other, 2).await, 2, "its session is gone");
        return;
    }
    drop(one);
    refused(&mut *other, 2).await;
    let over = i64::try_from((LEASE + 2 * LONGEST_CALL).as_secs()).unwrap();
    house.hands().wait(over);
    assert!(!refused(&mut *other, 2).await.is_abandoned());
    house.hands().wait(1);
    assert_eq!(locked(&mut *other, 2).await, 2);
}

async fn a_lease_is_renewed_by_its_holder_alone(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    house.hands().wait(15);
    store.renew_lock(fence).await.unwrap();
    let held = store.lock().await.unwrap().unwrap();
    assert_eq!((held.since, held.until, held.now), (at(0), at(15) + LEASE, at(15)));
    assert!(is_fence_lost(&store.renew_lock(fence + 1).await));
    store.drop_lock(fence).await.unwrap();
    assert!(is_fence_lost(&store.renew_lock(fence).await));
}

async fn a_lock_is_given_back_by_its_holder_alone(house: &dyn House) {
    let (mut one, mut other) = (house.view().await, house.view().await);
    let fence = locked(&mut *one, 1).await;
    other.drop_lock(fence + 1).await.unwrap();
    assert_eq!(one.lock().await.unwrap().unwrap().fence, fence);
    one.drop_lock(fence).await.unwrap();
    one.drop_lock(fence).await.unwrap();
    assert_eq!(one.lock().await.unwrap(), None);
    locked(&mut *other, 2).await;
}

async fn a_lock_is_broken_by_its_fence_alone(house: &dyn House) {
    let (mut one, mut other) = (house.view().await, house.view().await);
    assert!(is_absent(&other.break_lock(1, &holder(2)).await));
    let fence = locked(&mut *one, 1).await;
    assert!(is_fence_lost(&other.break_lock(fence + 1, &holder(2)).await));
    assert_eq!(one.lock().await.unwrap().unwrap().fence, fence);
    other.break_lock(fence, &holder(2)).await.unwrap();
    assert_eq!(one.lock().await.unwrap(), None);
    assert_eq!(locked(&mut *other, 2).await, fence + 1, "though the broken holder is still alive");
    let mut third = house.view().await;
    refused(&mut *third, 3).await;
}

async fn a_broken_holder_can_write_nothing(house: &dyn House) {
    let (mut one, mut other) = (house.view().await, house.view().await);
    let fence = locked(&mut *one, 1).await;
    let apply = apply(1, fence, &[]);
    one.open(&apply, Vec::new()).await.unwrap();
    other.break_lock(fence, &holder(2)).await.unwrap();
    let mut tries = 0;
    for _ in 0..2 {
        assert!(is_fence_lost(&one.append(&apply.op, fence, &Record::Intent { node: node() }, at(2)).await));
        assert!(is_fence_lost(&one.close(&apply.op, fence, &Outcome::Applied, Some(&release(1, &[])), at(3)).await));
        assert!(is_fence_lost(&one.renew_lock(fence).await));
        one.drop_lock(fence).await.unwrap();
        tries += 1;
        if tries == 1 {
            locked(&mut *other, 2).await;
        }
    }
    assert_eq!(other.lock().await.unwrap().unwrap().holder, holder(2));
    assert_eq!(other.head().await.unwrap(), None);
    assert_eq!(other.journal(&apply.op).await.unwrap(), []);
}

async fn every_record_comes_back_as_it_was(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    let apply = apply(1, fence, &[]);
    store.open(&apply, Vec::new()).await.unwrap();
    for (second, record) in (2..).zip(records()) {
        store.append(&apply.op, fence, &record, at(second)).await.unwrap();
    }
    assert_eq!(store.journal(&apply.op).await.unwrap(), records());
    drop(store);
    assert_eq!(house.view().await.journal(&apply.op).await.unwrap(), records());
}

async fn an_open_apply_is_seen_by_others(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    let apply = apply(1, fence, &["a"]);
    store.open(&apply, vec![file("a")]).await.unwrap();
    drop(store);
    let other = house.view().await;
    assert_eq!(other.open_apply().await.unwrap().unwrap(), apply);
    assert_eq!(other.journal(&apply.op).await.unwrap(), []);
    assert_eq!(other.file(&file("a").0).await.unwrap(), b"a");
    assert_eq!(other.history().await.unwrap(), [], "what is open is no history");
}

async fn one_apply_is_open_at_a_time(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    let (first, second) = (apply(1, fence, &[]), apply(2, fence, &["b"]));
    store.open(&first, Vec::new()).await.unwrap();
    assert!(matches!(store.open(&second, vec![file("b")]).await, Err(StoreError::AlreadyOpen)));
    assert_eq!(store.open_apply().await.unwrap().unwrap(), first);
    assert!(matches!(store.file(&file("b").0).await, Err(StoreError::NoFile(_))), "nothing of it was kept");
}

async fn an_op_is_opened_once(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    let apply = apply(1, fence, &[]);
    store.open(&apply, Vec::new()).await.unwrap();
    store.close(&apply.op, fence, &Outcome::Unwound(Cause::Recovered), None, at(3)).await.unwrap();
    assert!(matches!(store.open(&apply, Vec::new()).await, Err(StoreError::AlreadyOpen)));
    assert_eq!(store.history().await.unwrap().len(), 1);
}

async fn nothing_is_written_without_the_lock(house: &dyn House) {
    let mut store = house.view().await;
    made(&mut *store, 1, &["a"]).await;
    let fence = store.last_fence().await.unwrap();
    let apply = apply(2, fence, &[]);
    assert!(is_fence_lost(&store.open(&apply, Vec::new()).await));
    assert!(is_fence_lost(&store.forget(&[1], fence).await));
    assert_eq!(store.open_apply().await.unwrap(), None);
    assert_eq!(store.head().await.unwrap().unwrap().number, 1);
}

async fn what_a_schema_was_is_kept_for_as_long_as_a_release_names_it(house: &dyn House) {
    let mut store = house.view().await;
    let mut facts = Vec::new();
    for number in [1, 2, 3] {
        let fence = locked(&mut *store, 1).await;
        let apply = apply(number, fence, &[]);
        store.open(&apply, Vec::new()).await.unwrap();
        let (name, content) = file(if number == 2 { "other facts" } else { "facts" });
        assert!(is_fence_lost(&store.keep(&apply.op, fence + 1, vec![(name, content.clone())]).await));
        let wrong = store.keep(&apply.op, fence, vec![(name, b"no such facts".to_vec())]).await;
        assert!(matches!(wrong, Err(StoreError::NoFile(_))), "{wrong:?}");
        store.keep(&apply.op, fence, vec![(name, content)]).await.unwrap();
        let mut release = release(number, &[]);
        let standing = Standing { applied: vec!["1".to_owned()], schema: name };
        let (version, catalogue) = ("PostgreSQL 15.18".to_owned(), Some(name));
        let left = RecordedDatabase { version, major: 15, edition: 1, standing, catalogue };
        release.databases = BTreeMap::from([("shop".to_owned(), left)]);
        store.close(&apply.op, fence, &Outcome::Applied, Some(&release), at(9)).await.unwrap();
        assert!(is_absent(&store.keep(&apply.op, fence, Vec::new()).await), "it is closed");
        store.drop_lock(fence).await.unwrap();
        assert_eq!(house.view().await.head().await.unwrap().unwrap(), release);
        facts.push(name);
    }
    let fence = locked(&mut *store, 1).await;
    store.forget(&[1], fence).await.unwrap();
    assert_eq!(store.file(&facts[0]).await.unwrap(), b"facts", "release 3 names it too");
    store.forget(&[2], fence).await.unwrap();
    assert!(matches!(store.file(&facts[1]).await, Err(StoreError::NoFile(_))));
    assert_eq!(store.file(&facts[2]).await.unwrap(), b"facts");
}

async fn nothing_is_written_under_another_fence(house: &dyn House) {
    let mut store = house.view().await;
    made(&mut *store, 1, &["a"]).await;
    let fence = locked(&mut *store, 1).await;
    let apply = apply(2, fence, &[]);
    for other in [fence - 1, fence + 1] {
        let foreign = Apply { fence: other, ..apply.clone() };
        assert!(is_fence_lost(&store.open(&foreign, Vec::new()).await));
    }
    store.open(&apply, Vec::new()).await.unwrap();
    let record = Record::Intent { node: node() };
    for other in [0, fence - 1, fence + 1, u64::MAX] {
        assert!(is_fence_lost(&store.append(&apply.op, other, &record, at(2)).await));
        assert!(is_fence_lost(&store.take_over(&apply.op, other).await));
        assert!(is_fence_lost(&store.close(&apply.op, other, &Outcome::Applied, None, at(2)).await));
        assert!(is_fence_lost(&store.forget(&[1], other).await));
    }
    assert_eq!(store.journal(&apply.op).await.unwrap(), []);
    assert_eq!(store.open_apply().await.unwrap().unwrap(), apply);
    assert_eq!(store.releases().await.unwrap().len(), 1);
}

async fn a_recovery_takes_over_what_is_there(house: &dyn House) {
    let mut one = house.view().await;
    let first = locked(&mut *one, 1).await;
    let apply = apply(1, first, &[]);
    let (intent, unwinding) = (Record::Intent { node: node() }, Record::Unwinding { cause: Cause::Recovered });
    one.open(&apply, Vec::new()).await.unwrap();
    one.append(&apply.op, first, &intent, at(2)).await.unwrap();
    house.hands().kill(1);
    drop(one);

    let mut other = house.view().await;
    let second = locked(&mut *other, 2).await;
    assert!(is_fence_lost(&other.append(&apply.op, second, &unwinding, at(3)).await), "not before it was taken over");
    other.take_over(&apply.op, second).await.unwrap();
    assert_eq!(other.open_apply().await.unwrap().unwrap(), Apply { fence: second, ..apply.clone() });
    other.append(&apply.op, second, &unwinding, at(3)).await.unwrap();
    assert_eq!(other.journal(&apply.op).await.unwrap(), [intent, unwinding]);
    other.close(&apply.op, second, &Outcome::Unwound(Cause::Recovered), None, at(4)).await.unwrap();
    assert!(is_absent(&other.take_over(&apply.op, second).await));
}

async fn an_apply_and_its_release_are_closed_as_one(house: &dyn House) {
    let mut store = house.view().await;
    made(&mut *store, 1, &[]).await;
    let fence = locked(&mut *store, 1).await;
    let apply = apply(2, fence, &[]);
    store.open(&apply, Vec::new()).await.unwrap();
    let wrong = store.close(&apply.op, fence, &Outcome::Applied, Some(&release(1, &[])), at(3)).await;
    assert!(matches!(wrong, Err(StoreError::Damaged(_))), "release 1 is there already");
    assert_eq!(store.open_apply().await.unwrap().unwrap(), apply, "it is not half closed");
    assert_eq!(store.history().await.unwrap().len(), 1);

    store.close(&apply.op, fence, &Outcome::Applied, Some(&release(2, &[])), at(4)).await.unwrap();
    assert_eq!(store.open_apply().await.unwrap(), None);
    assert_eq!(house.view().await.head().await.unwrap().unwrap(), release(2, &[]));
    let past = store.history().await.unwrap();
    assert_eq!((past[0].op.clone(), past[0].release, past[0].closed), (apply.op, 2, at(4)));
}

async fn a_closed_apply_takes_no_record(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    let (closed, never) = (apply(1, fence, &[]), apply(2, fence, &[]));
    let record = Record::Intent { node: node() };
    store.open(&closed, Vec::new()).await.unwrap();
    store.append(&closed.op, fence, &record, at(2)).await.unwrap();
    store.close(&closed.op, fence, &Outcome::Applied, None, at(3)).await.unwrap();
    for op in [&closed.op, &never.op] {
        assert!(is_absent(&store.append(op, fence, &record, at(4)).await));
        assert!(is_absent(&store.close(op, fence, &Outcome::Applied, None, at(4)).await));
    }
    assert_eq!(store.journal(&closed.op).await.unwrap(), [record], "a closed journal can still be read");
}

async fn history_tells_when_an_apply_turned(house: &dyn House) {
    let mut store = house.view().await;
    made(&mut *store, 1, &[]).await;
    let fence = locked(&mut *store, 1).await;
    let mut apply = apply(2, fence, &[]);
    let left_out = vec![Address::new(Kind::Backup, "shop")];
    apply.plan = Plan { purpose: Purpose::Rollback(1), without_backup: left_out.clone(), ..apply.plan };
    store.open(&apply, Vec::new()).await.unwrap();
    let cause = Cause::Failed(node());
    let unwinding = Record::Unwinding { cause: cause.clone() };
    store.append(&apply.op, fence, &Record::Intent { node: node() }, at(3)).await.unwrap();
    store.append(&apply.op, fence, &unwinding, at(5)).await.unwrap();
    store.append(&apply.op, fence, &unwinding, at(7)).await.unwrap();
    store.close(&apply.op, fence, &Outcome::Unwound(cause.clone()), None, at(8)).await.unwrap();

    let past = house.view().await.history().await.unwrap();
    let [turned, straight] = past.as_slice() else { panic!("{past:?}") };
    assert_eq!(turned.turned, Some(at(5)), "the first time counts");
    assert_eq!((turned.opened, turned.closed, turned.steps), (at(1), at(8), 1));
    assert_eq!(
        (turned.purpose.as_str(), turned.tag.as_str(), turned.by.as_str()),
        ("rollback", "v1.2.0", "ci@runner-3")
    );
    assert_eq!(turned.outcome, Outcome::Unwound(cause));
    assert_eq!((&turned.without_backup, &straight.without_backup), (&left_out, &Vec::new()));
    assert_eq!((straight.turned, &straight.outcome, straight.purpose.as_str()), (None, &Outcome::Applied, "apply"));
}

async fn releases_come_newest_first(house: &dyn House) {
    let mut store = house.view().await;
    for number in [1, 2, 5] {
        made(&mut *store, number, &[]).await;
    }
    let numbers: Vec<_> = store.releases().await.unwrap().iter().map(|release| release.number).collect();
    assert_eq!(numbers, [5, 2, 1]);
    assert_eq!(store.head().await.unwrap().unwrap(), release(5, &[]));
}

async fn files_are_kept_and_nothing_else_passes_for_one(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    let apply = apply(1, fence, &["a"]);
    let forged = (file("a").0, b"b".to_vec());
    assert!(matches!(store.open(&apply, vec![file(""), forged]).await, Err(StoreError::NoFile(_))));
    assert_eq!(store.open_apply().await.unwrap(), None);
    assert!(matches!(store.file(&file("").0).await, Err(StoreError::NoFile(_))));
    store.open(&apply, vec![file(""), file("a"), file("a")]).await.unwrap();
    assert_eq!(store.file(&file("").0).await.unwrap(), b"");
    assert_eq!(store.file(&file("a").0).await.unwrap(), b"a");
    assert!(matches!(store.file(&Fingerprint::of("z")).await, Err(StoreError::NoFile(_))));
}

async fn forgetting_keeps_what_is_still_named(house: &dyn House) {
    let mut store = house.view().await;
    made(&mut *store, 1, &["one", "all", "planned"]).await;
    made(&mut *store, 2, &["two", "all"]).await;
    made(&mut *store, 3, &["three", "all"]).await;
    let fence = locked(&mut *store, 1).await;
    store.open(&apply(4, fence, &["planned"]), vec![file("planned")]).await.unwrap();
    store.forget(&[1, 2, 77], fence).await.unwrap();
    let store = house.view().await;
    assert_eq!(store.releases().await.unwrap(), [release(3, &["three", "all"])]);
    assert_eq!(store.head().await.unwrap().unwrap().number, 3);
    for (content, there) in [("one", false), ("two", false), ("three", true), ("all", true), ("planned", true)] {
        assert_eq!(store.file(&file(content).0).await.is_ok(), there, "{content}");
    }
    assert_eq!(store.history().await.unwrap().len(), 3, "history is not forgotten");
}

async fn a_key_is_adopted_before_the_first_release_alone(house: &dyn House) {
    let mut store = house.view().await;
    let (first, second) = (Key::new([1; 32]), Key::new([2; 32]));
    store.adopt_key(&first).await.unwrap();
    assert_eq!(store.key(), &first);
    assert_eq!(house.view().await.key(), &first);
    made(&mut *store, 1, &[]).await;
    assert!(matches!(store.adopt_key(&second).await, Err(StoreError::HasReleases)));
    assert_eq!((store.key(), house.view().await.key()), (&first, &first));
}

async fn a_call_that_is_given_up_leaves_nothing_half_done(house: &dyn House) {
    let mut store = house.view().await;
    let fence = locked(&mut *store, 1).await;
    let apply = apply(1, fence, &[]);
    store.open(&apply, Vec::new()).await.unwrap();
    let record = Record::Intent { node: node() };
    let other = house.view().await;
    let mut context = Context::from_waker(Waker::noop());
    for polls in 0..200 {
        let mut append = store.append(&apply.op, fence, &record, at(2));
        for _ in 0..polls {
            if append.as_mut().poll(&mut context).is_ready() {
                break;
            }
            std::thread::yield_now();
        }
        drop(append);
        let before = store.journal(&apply.op).await.unwrap().len();
        store.append(&apply.op, fence, &record, at(3)).await.unwrap();
        assert_eq!(other.journal(&apply.op).await.unwrap().len(), before + 1);
    }
}
