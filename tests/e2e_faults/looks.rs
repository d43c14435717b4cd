//! What the commands say that only look: while an apply is open, once the store is lost, and where something is wrong.

use std::fs;

use serde_json::{Value, json};

use crate::locks::{document, says};
use crate::middle::two;
use crate::specs::Service;
use crate::world::{World, docker};

/// A deployment at version 1, and an apply of version 2 that was killed.
fn cut_off(name: &str) -> World {
    let world = World::new(name);
    world.write("v1", 3, &two("1", "0"));
    world.ends(&["apply", "--yes"], 0);
    world.write("v2", 3, &two("2", "0"));
    let killed = world.omni_dying_at(&["apply", "--yes"], "record.written:3");
    assert_eq!(killed.signal, Some(9), "failpoints have to be compiled in: {}", killed.text);
    world
}

#[test]
fn no_dry_run_plans_from_what_an_open_apply_left() {
    let world = cut_off("dry");
    for words in
        [&["plan"][..], &["destroy", "--dry-run"], &["rollback", "--to", "v1", "--dry-run"], &["prune", "--dry-run"]]
    {
        let ran = world.ends(words, 3);
        says(&ran, &["error[omni::apply::open]", "is open: v2 (release 2)", "run `omni recover`"]);
        let ran = world.ends(&[words, &["--json"]].concat(), 3);
        says(&ran, &["\"omni.error/1\"", "omni::apply::open"]);
    }
}

#[test]
fn a_dry_recovery_says_what_this_very_command_would_do() {
    let world = cut_off("foretold");
    let dry = world.ends(&["recover", "--dry-run"], 0);
    says(&dry, &["is open: v2 (release 2)", "\nomni recover would undo it\n"]);
    assert!(!dry.text.contains("error["), "{}", dry.text);
    says(&world.ends(&["recover", "--back", "--dry-run"], 0), &["\nomni recover --back would undo it\n"]);
    says(&world.ends(&["recover", "--forward", "--dry-run"], 0), &["\nomni recover --forward would finish it\n"]);
    let killed = world.omni_dying_at(&["recover", "--back"], "record.written:2");
    assert_eq!(killed.signal, Some(9), "{}", killed.text);
    for words in [&["recover", "--forward", "--dry-run"][..], &["recover", "--forward"]] {
        says(&world.ends(words, 4), &["omni::recover::already_back"]);
    }
    says(&world.ends(&["recover", "--dry-run"], 0), &["omni recover would undo it"]);
    world.ends(&["recover"], 0);
    says(&world.ends(&["recover", "--dry-run"], 0), &["nothing to recover"]);
}

#[test]
fn drift_is_not_told_while_an_apply_is_open() {
    let world = cut_off("untold");
    let status = world.ends(&["status"], 3);
    says(&status, &["not told  an apply is open", "v1   release 1   applied"]);
    assert!(!status.text.contains("none\n"), "{}", status.text);
    let found = document(&world, &["status", "--json"]);
    assert_eq!((&found["drift"], &found["release"]["number"]), (&Value::Null, &json!(1)));
    says(&world.ends(&["doctor"], 3), &["ok   spec", "BAD  journal   the apply of v2 is open"]);
}

/// The container of a service, also one that does not run.
fn container(world: &World, service: &str) -> String {
    let seen = world.containers().into_iter().find(|seen| seen.name.contains(&format!("-{service}-")));
    seen.unwrap_or_else(|| panic!("{service} has a container")).name.trim_start_matches('/').to_owned()
}

#[test]
fn a_lost_store_is_told_and_the_labels_are_read() {
    let world = World::new("forgot");
    world.write("v1", 3, &two("1", "0"));
    says(&world.ends(&["drift"], 6), &["omni::store::no_record", "nothing to compare with"]);
    world.ends(&["apply", "--yes"], 0);
    fs::remove_dir_all(world.path(".omni")).unwrap();

    let drift = world.ends(&["drift"], 6);
    says(&drift, &["omni::store::no_record", "release 1 (v1) by the labels", "`omni apply` writes down what is there"]);
    let status = world.ends(&["status"], 0);
    says(
        &status,
        &["v1   release 1 by the labels on the engine", "not told  the store has no record", "next: omni plan"],
    );
    says(&world.ends(&["doctor"], 6), &["BAD  store     it has no record of release 1 (v1)"]);

    let web = container(&world, "web");
    docker(&["stop", "-t", "1", &web]);
    let drift = world.ends(&["drift"], 20);
    says(&drift, &[&format!("service.web   {web} exited with code"), "no record of release 1 (v1)", "omni logs web"]);
    let found = document(&world, &["drift", "--json"]);
    assert_eq!((&found["drift"][0]["address"], &found["is_by_labels"]), (&json!("service.web"), &json!(true)));
    let status = world.ends(&["status"], 0);
    says(
        &status,
        &["service.web        exited ", "service.db         running", &format!("1        service.web {web} exited")],
    );
    let found = document(&world, &["status", "--json"]);
    assert_eq!((&found["release"]["number"], &found["release"]["tag"]), (&json!(1), &json!("v1")));

    docker(&["stop", "-t", "1", &container(&world, "db")]);
    says(&world.ends(&["drift"], 20), &["service.db   ", "service.web   ", "release 1 (v1)"]);
    docker(&["rm", "-f", &web]);
    says(&world.ends(&["drift"], 20), &["service.db   ", "service.web   in the spec, no container"]);
    docker(&["start", &container(&world, "db")]);
    says(&world.ends(&["drift"], 6), &["omni::store::no_record", "service.web is in the spec and has no container"]);
    says(&world.ends(&["status"], 0), &["service.web        missing", "in the spec, no container"]);

    world.ends(&["apply", "--yes"], 0);
    says(&world.ends(&["drift"], 0), &["No drift"]);

    // What another service depends on is missed.
    fs::remove_dir_all(world.path(".omni")).unwrap();
    docker(&["rm", "-f", &container(&world, "db")]);
    says(&world.ends(&["drift"], 20), &["service.db   gone\nnote:"]);
    says(&world.ends(&["status"], 0), &["service.db         missing", "1        service.db gone"]);
}

#[test]
fn what_a_lost_store_kept_for_a_rollback_is_no_drift() {
    let world = World::new("kept");
    world.write("v1", 3, &two("1", "0"));
    world.ends(&["apply", "--yes"], 0);
    world.write("v2", 3, &format!("[networks.inside]\n{}", Service::new("db", "1", &[]).text()));
    world.ends(&["apply", "--yes"], 0);
    assert_eq!(world.containers().len(), 2, "one serves, one is kept");
    fs::remove_dir_all(world.path(".omni")).unwrap();
    let drift = world.ends(&["drift"], 6);
    assert!(!drift.text.contains("service.web"), "{}", drift.text);
    let status = world.ends(&["status"], 0);
    assert!(!status.text.contains("service.web"), "{}", status.text);
}

#[test]
fn a_doctor_ends_as_the_command_would_that_meets_what_is_bad() {
    let world = World::new("doctor");
    world.write("v1", 3, &two("1", "0"));
    says(&world.ends(&["doctor"], 0), &["ok   spec", "ok   engine"]);
    let spec = fs::read_to_string(world.path("deploy.toml")).unwrap();
    fs::write(world.path("deploy.toml"), format!("{spec}\n[services.ill]\nintt = true\n")).unwrap();
    world.ends(&["validate"], 2);
    says(&world.ends(&["doctor"], 2), &["BAD  spec      2 errors: run `omni validate`", "ok   engine"]);
    says(&world.ends(&["doctor", "-f", "nowhere.toml"], 2), &["BAD  spec      cannot read"]);
    fs::write(world.path("deploy.toml"), spec).unwrap();
    says(&world.ends(&["doctor", "--engine", "unix:///nowhere.sock"], 7), &["BAD  engine"]);
    world.ends(&["apply", "--yes"], 0);
    let folder = fs::read_dir(world.path(".omni")).unwrap();
    for file in folder.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        fs::write(file, "no store at all, but long enough to be taken for one").unwrap();
    }
    says(&world.ends(&["doctor"], 6), &["BAD  store"]);
    let found = document(&world, &["doctor", "--json"]);
    let store = found["findings"].as_array().unwrap().iter().find(|one| one["place"] == "store").unwrap();
    assert_eq!((&store["is_good"], &store["exit"]), (&json!(false), &json!(6)));
}
