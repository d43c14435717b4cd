//! The lock while its holder lives, once it is dead, and where nobody can tell; and an apply that lost it.

use std::collections::BTreeMap;
use std::fs;

use jiff::Timestamp;
use omni::address::Scope;
use omni::store::{Machine, Sqlite, Store, StoreError};
use serde_json::{Value, json};

use crate::middle::{Middle, two};
use crate::signals::is_as_before;
use crate::world::{Ran, World, docker};

/// The document that a command prints.
pub(crate) fn document(world: &World, words: &[&str]) -> Value {
    let output = world.command(words).output().expect("omni runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn fence(world: &World) -> u64 {
    document(world, &["lock", "status", "--json"])["held"]["fence"].as_u64().expect("a fence")
}

/// Everything on the engine: what is there, and whether it runs.
fn all(world: &World) -> BTreeMap<String, bool> {
    world.containers().into_iter().map(|seen| (seen.name, seen.running)).collect()
}

#[track_caller]
pub(crate) fn says(ran: &Ran, texts: &[&str]) {
    for text in texts {
        assert!(ran.text.contains(text), "`{text}` is missing:\n{}", ran.text);
    }
}

#[test]
fn the_lock_of_a_live_holder_is_not_broken_and_nobody_is_told_to_recover() {
    let middle = Middle::new("alive", "60000");
    let world = &middle.world;
    let (fence, anchors, before) = (fence(world), world.anchors(), all(world));
    let number = fence.to_string();
    for words in [&["lock", "break", "--fence", &number][..], &["lock", "break", "--fence", &number, "--yes"]] {
        let ran = world.ends(words, 5);
        let pid = middle.child.id();
        says(&ran, &["omni::lock::alive", &format!("(pid {pid})"), &format!("`kill {pid}`"), "nothing was changed"]);
    }
    assert_eq!((world.anchors(), self::fence(world)), (anchors, fence));
    let status = world.ends(&["status"], 0);
    says(&status, &["running: v2", "1 under way", "not told  an apply is open", "is alive", "--lock-wait 5m"]);
    assert!(!status.text.contains("unknown"), "{}", status.text);
    for words in [&["recover", "--dry-run"][..], &["destroy", "--dry-run"], &["rollback", "--to", "v1", "--dry-run"]] {
        says(&world.ends(words, 5), &["omni::lock::held"]);
    }
    let plan = world.ends(&["plan"], 5);
    says(&plan, &["omni::lock::held", "is running: v2", "--lock-wait 5m"]);
    let drift = world.ends(&["drift"], 5);
    says(&drift, &["is running: v2"]);
    let applied = world.ends(&["apply"], 5);
    says(&applied, &["omni::lock::held"]);
    for ran in [&status, &plan, &drift, &applied] {
        assert!(!ran.text.contains("omni recover"), "{}", ran.text);
    }
    let found = document(world, &["status", "--json"]);
    assert_eq!((&found["open_apply"]["is_running"], &found["holder"]), (&json!(true), &json!("alive")));
    assert_eq!(all(world), before);
    middle.signal("-INT");
    let (world, before, ran) = middle.end();
    assert_eq!(ran.code, Some(130), "{}", ran.text);
    is_as_before(&world, &before, &ran);
}

#[test]
fn a_plan_can_wait_for_an_apply_that_runs() {
    let middle = Middle::new("waits", "1500");
    let plan = middle.world.ends(&["plan", "--exit-code", "--lock-wait", "5m"], 0);
    says(&plan, &["No changes"]);
    let (_, _, ran) = middle.end();
    assert_eq!(ran.code, Some(0), "{}", ran.text);
}

/// Takes the lock away behind the back of a live holder, which omni itself refuses to do. Says whether that could be
/// done: a holder that was stopped amid a write to its store lets nobody in.
pub(crate) fn take_away(world: &World, fence: u64) -> bool {
    for anchor in world.anchors() {
        world.docker(&["rm", "-f", &anchor]);
    }
    let scope = Scope { project: world.project.clone(), environment: None };
    let machine = Machine::new(|| Timestamp::UNIX_EPOCH, |_| None);
    let path = world.path(&format!(".omni/{}.sqlite", scope.prefix()));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut store = match Sqlite::create(&path, &scope, machine).await {
            Err(StoreError::Unusable { why, .. }) if why.contains("writing to it for too long") => return false,
            store => store.unwrap(),
        };
        let holder = store.lock().await.unwrap().expect("it is held").holder;
        store.break_lock(fence, &holder).await.unwrap();
        true
    })
}

#[test]
fn an_apply_that_lost_its_lock_stops_and_leaves_all_to_the_new_holder() {
    let loser = Middle::new("loser", "60000");
    loser.signal("-STOP");
    assert!(take_away(&loser.world, fence(&loser.world)));
    loser.world.write("v3", 3, &two("3", "60000"));
    let winner = Middle::begin(loser.world.again(), loser.before.clone());
    assert!(winner.heard.contains("(v3)"), "it waits for what it applies itself:\n{}", winner.heard);
    let there = all(&loser.world);
    loser.signal("-CONT");
    let pid = winner.child.id();
    let (world, _, lost) = loser.end();
    assert_eq!(lost.code, Some(5), "{}", lost.text);
    says(&lost, &["omni::lock::lost", "stopped where it was", "nothing further was sent"]);
    says(&lost, &[&format!("(pid {pid}): apply holds the lock now")]);
    for text in ["make room", "was undone", "omni recover"] {
        assert!(!lost.text.contains(text), "`{text}`:\n{}", lost.text);
    }
    assert_eq!(all(&world), there, "the loser changed something:\n{}", lost.text);
    winner.signal("-INT");
    let (_, before, ran) = winner.end();
    assert_eq!(ran.code, Some(130), "{}", ran.text);
    is_as_before(&world, &before, &ran);
}

#[test]
fn an_open_apply_is_taken_back_only_with_consent() {
    let world = World::new("consent");
    world.write("v1", 3, &two("1", "0"));
    world.ends(&["apply", "--yes"], 0);
    let before = world.ids();
    world.write("v2", 3, &two("2", "0"));
    let file = world.path("plan.omni").display().to_string();
    world.ends(&["plan", "-o", &file], 0);
    let killed = world.omni_dying_at(&["apply", "--yes"], "record.written:3");
    assert_eq!(killed.signal, Some(9), "failpoints have to be compiled in: {}", killed.text);
    let there = all(&world);
    let junk = world.path("deploy.toml").display().to_string();
    for words in [
        &["apply"][..],
        &["apply", &file],
        &["apply", "--plan-id", "1234-5678"],
        &["rollback", "--to", "v1"],
        &["destroy"],
        &["destroy", "--no-input"],
    ] {
        let ran = world.ends(words, 8);
        says(
            &ran,
            &["omni::consent::recovery", "an apply is open (v2, release 2", "omni recover", "nothing was changed"],
        );
    }
    world.ends(&["apply", &junk, "--yes"], 2);
    let spec = fs::read_to_string(world.path("deploy.toml")).unwrap();
    fs::write(world.path("deploy.toml"), format!("{spec}\n[services.ill]\nimage = 7\n")).unwrap();
    world.ends(&["apply", "--yes"], 2);
    fs::write(world.path("deploy.toml"), spec).unwrap();
    assert_eq!(all(&world), there, "something was touched");

    let drift = world.ends(&["drift"], 3);
    says(&drift, &["omni::apply::open", "v2 (release 2)", "opened ", "omni recover"]);
    let found = document(&world, &["drift", "--json"]);
    assert_eq!((&found["open_apply"]["tag"], &found["drift"]), (&json!("v2"), &Value::Null));
    for words in [&["status"][..], &["lock", "status"]] {
        let ran = world.omni(words);
        says(&ran, &["is dead (proven)", "omni recover"]);
    }
    assert_eq!(world.omni(&["status"]).code, Some(3));
    assert_eq!(document(&world, &["lock", "status", "--json"])["holder"], json!("dead"));

    let refused = world.ends(&["apply", "--plan-id", "1234-5678", "--yes"], 4);
    says(&refused, &["omni::plan::other_id", "the open apply was taken back; nothing else was changed"]);
    assert!(!refused.text.contains("nothing was changed"), "{}", refused.text);
    is_as_before(&world, &before, &refused);
    assert_eq!(document(&world, &["drift", "--json"])["open_apply"], Value::Null);
}

#[test]
fn the_lock_of_a_dead_holder_can_be_broken_without_a_question() {
    let world = World::new("dead");
    world.write("v1", 3, &two("1", "0"));
    let killed = world.omni_dying_at(&["apply", "--yes"], "record.written:3");
    assert_eq!(killed.signal, Some(9), "failpoints have to be compiled in: {}", killed.text);
    let ran = world.ends(&["lock", "break", "--fence", &fence(&world).to_string()], 0);
    says(&ran, &["is broken: its holder is dead"]);
    assert_eq!(world.anchors(), [""; 0]);
    says(&world.ends(&["status"], 3), &["free", "omni recover"]);
    world.ends(&["recover"], 0);
}

/// The lock of a process on another machine, leased until then.
fn anchor(world: &World, until: Timestamp) {
    let holder = json!({ "who": "ci", "host": "runner-3", "boot": "another", "pid": 4711, "started": 1,
                         "doing": "apply", "lineage": "another" });
    let name = format!("omni-lock-{}", world.project);
    let labels = [
        format!("omni.lock={}", world.project),
        format!("omni.holder={holder}"),
        "omni.fence=7".to_owned(),
        "omni.since=2026-01-01T00:00:00Z".to_owned(),
    ];
    let mut words = vec!["create", "--name", &name];
    words.extend(labels.iter().flat_map(|label| ["--label", label]));
    words.extend(["omni/empty:1", "none"]);
    docker(&words);
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("omni")).unwrap();
    fs::write(folder.path().join("omni/lease"), until.to_string()).unwrap();
    docker(&["cp", &folder.path().join("omni").display().to_string(), &format!("{name}:/omni")]);
}

#[test]
fn the_lock_of_a_holder_elsewhere_is_broken_only_with_consent_while_it_is_leased() {
    let world = World::new("elsewhere");
    world.write("v1", 3, &two("1", "0"));
    world.ends(&["apply", "--yes"], 0);
    anchor(&world, "2100-01-01T00:00:00Z".parse().unwrap());
    let words = ["lock", "break", "--fence", "7"];
    let ran = world.ends(&words, 8);
    says(&ran, &["omni::consent::missing", "ci@runner-3 (pid 4711)", "for up to 20 s", "--yes", "nothing was changed"]);
    assert_eq!(world.anchors().len(), 1);
    world.ends(&["lock", "break", "--fence", "6", "--yes"], 4);
    let ran = world.ends(&[&words[..], &["--yes"]].concat(), 0);
    says(&ran, &["it may send calls", "for up to 20 s"]);
    assert!(!ran.text.contains("sends no further call"), "{}", ran.text);
    assert_eq!(world.anchors(), [""; 0]);

    anchor(&world, "2026-01-01T00:00:00Z".parse().unwrap());
    let told = document(&world, &[&words[..], &["--json"]].concat());
    assert_eq!((&told["format"], &told["fence"]), (&json!("omni.lock_break/1"), &json!(7)), "{told}");
    assert_eq!(
        (&told["note"], &told["holders"][0]["holder"]["who"]),
        (&json!("the lease of its holder is long over"), &json!("ci"))
    );
    assert_eq!(world.anchors(), [""; 0]);
}
