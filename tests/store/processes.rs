//! Several processes on one store, and processes that are killed. The children are this very test binary.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use omni::journal::{Effect, Record};
use omni::lock::{Holder, Op};
use omni::store::{Locking, Machine, Sqlite, Store};
use sqlx::Connection;

use crate::contract::locked;
use crate::house::OnDisk;
use crate::sample::{apply, at, holder, node, scope};

const STORE: &str = "OMNI_TEST_STORE";
const APPENDS: u32 = 1000;

/// A machine that cannot tell who lives, so that the lock file alone decides.
fn machine() -> Machine {
    Machine::new(|| at(0), |_| None)
}

/// Runs one of the children below on a store.
fn spawn(child: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("processes::{child}"), "--ignored", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// The store that the parent named.
async fn parents_store() -> Sqlite {
    let path = PathBuf::from(std::env::var_os(STORE).expect("a child is run by its parent, not alone"));
    Sqlite::create(&path, &scope(), machine()).await.unwrap()
}

/// Waits until the parent closes the pipe, which it does by dying too.
fn until_the_parent_says_so() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// The words after `said ` in what a child prints.
fn said(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The last line of a killed child may be half a line, which is no word.
    lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("said ")?.1.strip_suffix('.')?.to_owned()))
}

fn record(number: u32) -> Record {
    Record::Done { node: node(), effect: Effect { objects: Vec::new(), note: number.to_string() } }
}

#[tokio::test]
#[ignore = "run by its parents"]
async fn child_holds_the_lock() {
    let mut store = parents_store().await;
    let taken = store.take_lock(&holder(std::process::id()), 0).await.unwrap();
    println!("\nsaid {}.", if matches!(taken, Locking::Locked(_)) { "locked" } else { "refused" });
    until_the_parent_says_so();
}

#[tokio::test]
#[ignore = "run by its parents"]
async fn child_appends() {
    let mut store = parents_store().await;
    let fence = locked(&mut store, std::process::id()).await;
    let apply = apply(1, fence, &[]);
    store.open(&apply, Vec::new()).await.unwrap();
    println!("\nsaid {}.", apply.op);
    for number in 0..APPENDS {
        store.append(&apply.op, fence, &record(number), at(0)).await.unwrap();
        println!("\nsaid {number}.");
    }
    until_the_parent_says_so();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_at_once_one_gets_the_lock() {
    let house = OnDisk::new();
    let mut racers = tokio::task::JoinSet::new();
    for pid in 0..50 {
        let path = house.path();
        racers.spawn(async move {
            let mut store = Sqlite::create(&path, &scope(), machine()).await.unwrap();
            let taken = store.take_lock(&holder(pid), 0).await.unwrap();
            (taken, store)
        });
    }
    let done = racers.join_all().await;
    let winners: Vec<_> = done.iter().filter(|(taken, _)| matches!(taken, Locking::Locked(_))).collect();
    assert_eq!(winners.len(), 1);
    let Locking::Locked(won) = &winners[0].0 else { unreachable!() };
    for (taken, store) in &done {
        assert_eq!(store.lineage(), done[0].1.lineage(), "all of them made one and the same store");
        let (Locking::Locked(held) | Locking::Refused(held)) = taken;
        assert_eq!((held.fence, &held.holder), (won.fence, &won.holder));
    }
}

#[test]
fn of_twelve_processes_at_once_one_gets_the_lock() {
    let house = OnDisk::new();
    let mut children: Vec<_> = (0..12).map(|_| spawn("child_holds_the_lock", &house.path())).collect();
    let mut voices: Vec<_> = children.iter_mut().map(said).collect();
    let words: Vec<_> = voices.iter_mut().map(|voice| voice.next().unwrap()).collect();
    for (child, voice) in children.iter_mut().zip(voices) {
        drop(child.stdin.take());
        // Heard to the end: a child whose voice nobody hears fails for that alone.
        assert_eq!(voice.count(), 0);
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(words.iter().filter(|word| *word == "locked").count(), 1, "{words:?}");
    assert_eq!(words.iter().filter(|word| *word == "refused").count(), 11, "{words:?}");
}

#[tokio::test]
async fn a_killed_holder_frees_the_lock_at_once() {
    let house = OnDisk::new();
    let mut store = house.open().await;
    for round in 0..5 {
        let mut child = spawn("child_holds_the_lock", &house.path());
        assert_eq!(said(&mut child).next().unwrap(), "locked", "round {round}");
        let Locking::Refused(held) = store.take_lock(&holder(1), 0).await.unwrap() else { panic!("the child has it") };
        assert_eq!(held.holder, holder(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        let fence = locked(&mut store, 1).await;
        assert_eq!(fence, held.fence + 1);
        store.drop_lock(fence).await.unwrap();
    }
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_it_was_told_is_kept() {
    // How many acknowledgements to hear before the kill: from the first to the last.
    for heard in [1, 2, 7, 150, 333, 600, 1000] {
        let house = OnDisk::new();
        let mut child = spawn("child_appends", &house.path());
        let mut words = said(&mut child);
        words.next().expect("the op");
        let mut acknowledged: Vec<String> = words.by_ref().take(heard).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(words);
        assert!(acknowledged.len() >= heard);

        let mut store = house.open().await;
        let apply = store.open_apply().await.unwrap().expect("it is still open");
        let kept = kept(&store, &apply.op).await;
        assert!(kept.len() >= acknowledged.len(), "{} kept of {}", kept.len(), acknowledged.len());
        assert_eq!(kept, (0..u32::try_from(kept.len()).unwrap()).map(record).collect::<Vec<_>>());

        let fence = locked(&mut store, 1).await;
        store.take_over(&apply.op, fence).await.unwrap();
        store.append(&apply.op, fence, &record(0), at(0)).await.unwrap();
        assert_eq!(store.journal(&apply.op).await.unwrap().len(), kept.len() + 1);
    }
}

async fn kept(store: &Sqlite, op: &Op) -> Vec<Record> {
    store.journal(op).await.unwrap()
}

#[tokio::test]
async fn a_break_is_noted_with_who_did_it() {
    let house = OnDisk::new();
    let (mut one, mut other) = (house.open().await, house.open().await);
    let fence = locked(&mut one, 1).await;
    other.break_lock(fence, &holder(2)).await.unwrap();
    let url = format!("sqlite:{}", house.path().display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let noted: (String, i64, String, String) =
        sqlx::query_as("SELECT at, fence, broken, who FROM audit").fetch_one(&mut connection).await.unwrap();
    assert_eq!((noted.0, noted.1), (at(0).to_string(), 1));
    assert_eq!(serde_json::from_str::<Holder>(&noted.2).unwrap(), holder(1));
    assert_eq!(serde_json::from_str::<Holder>(&noted.3).unwrap(), holder(2));
}
