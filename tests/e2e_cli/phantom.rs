//! No phantom changes: for every key of deploy.toml, what was applied is seen as it was asked for, and a change of that one
//! key is planned as that one change.
//!
//! Each key has a service of its own, so that one deployment tries many. `privileged` is only planned: such a container
//! does not start on every machine on which these tests run.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::phantom::keys::Key;
use crate::place::Place;

#[path = "phantom/keys.rs"]
mod keys;
#[path = "phantom/things.rs"]
mod things;

/// What every service and job has, unless the key under test says otherwise.
const COMMON: [(&str, &str); 5] = [
    ("image", "\"IMAGE\""),
    ("command", "[\"/fixture\", \"sleep\"]"),
    ("networks", "[\"inside\"]"),
    ("stop_grace_period", "\"2s\""),
    ("resources.limits", "{ memory = \"32MiB\" }"),
];

/// A service or job with these lines, and what is common where they say nothing of it.
fn table(kind: &str, name: &str, lines: &str) -> String {
    let is_said = |key: &str| {
        lines.lines().any(|line| line.starts_with(&format!("{key} ")) || line.starts_with(&format!("{key}.")))
    };
    let image_said = lines.lines().any(|line| line.starts_with("build "));
    let common = COMMON.iter().filter(|(key, _)| !(is_said(key) || *key == "image" && image_said));
    let common: Vec<_> = common.map(|(key, value)| format!("{key} = {value}")).collect();
    format!("[{kind}s.{name}]\n{lines}\n{}\n\n", common.join("\n"))
}

/// The spec in which the keys for which `is_after` says so have their second value.
fn spec(shared: &str, kind: &str, keys: &[Key], is_after: impl Fn(&Key) -> bool) -> String {
    let tables = keys.iter().map(|key| table(kind, key.name, if is_after(key) { key.after } else { key.before }));
    shared.to_owned() + &tables.collect::<String>()
}

/// The plan as address → paths of what differs. An image is one thing with several fields, and is built by a step of its own.
fn planned(place: &Place, about: &str) -> BTreeMap<String, Vec<String>> {
    let said = place.omni(&["plan", "--json"]);
    assert_eq!(said.code, 0, "{about}: {}", said.screen());
    let plan = said.json();
    let steps = plan["steps"].as_array().expect("steps");
    let path = |difference: &Value| {
        let path = difference["path"].as_str().expect("a path");
        if path.starts_with("image.") { "image".to_owned() } else { path.to_owned() }
    };
    let differences = |step: &Value| {
        let mut paths: Vec<_> = step["differences"].as_array().expect("differences").iter().map(path).collect();
        paths.dedup();
        paths
    };
    let address = |step: &Value| step["address"].as_str().expect("an address").to_owned();
    let things = steps.iter().filter(|step| !address(step).starts_with("image."));
    things.map(|step| (address(step), differences(step))).collect()
}

/// Checks that there is nothing to do.
#[track_caller]
fn is_settled(place: &Place) {
    let said = place.omni(&["plan", "--exit-code"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    assert!(said.out.starts_with("No changes."), "{}", said.screen());
}

/// Does something while the store is away.
fn without_store(place: &Place, look: impl FnOnce()) {
    fs::rename(place.path(".omni"), place.path("kept")).expect("a store");
    look();
    fs::rename(place.path("kept"), place.path(".omni")).expect("a store");
}

/// Applies all keys, plans each alone, applies all of their second values.
fn try_all(name: &str, shared: &str, kind: &str, keys: &[Key]) {
    let place = Place::new(name);
    keys::files(&place);
    place.spec(&spec(shared, kind, keys, |_| false));
    place.apply();
    is_settled(&place);
    without_store(&place, || is_settled(&place));
    let mut wrong = Vec::new();
    for key in keys {
        place.spec(&spec(shared, kind, keys, |one| one.name == key.name));
        let found = planned(&place, key.name);
        let address = format!("{kind}.{}", key.name);
        let wanted: BTreeMap<_, _> =
            Some((address, key.paths())).filter(|(_, paths)| !paths.is_empty()).into_iter().collect();
        if found != wanted {
            wrong.push(format!("{}: planned {found:?}, wanted {wanted:?}", key.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    place.spec(&spec(shared, kind, keys, |_| true));
    place.apply();
    is_settled(&place);
    // What only omni knows is kept on the engine as it was when the container was made. Where that is the record, it counts
    // as the spec says: no object would change.
    without_store(&place, || is_settled(&place));
}

const NETWORKS: &str = "[networks.inside]\n[networks.other]\n[volumes.data]\nshared = true\n\n";

#[test]
fn what_a_service_runs() {
    try_all("runs", NETWORKS, "service", keys::RUNS);
}

#[test]
fn what_a_service_may_do() {
    try_all("may", NETWORKS, "service", keys::MAY);
}

#[test]
fn how_a_service_is_reached() {
    try_all(
        "reached",
        "[networks.inside]\nsubnet = \"10.231.77.0/24\"\n[networks.other]\n[volumes.data]\nshared = true\n\n",
        "service",
        keys::REACHED,
    );
}

#[test]
fn how_a_service_lives() {
    try_all("lives", NETWORKS, "service", keys::LIVES);
}

#[test]
fn what_a_job_is() {
    try_all("jobs", NETWORKS, "job", keys::JOBS);
}

#[test]
fn privileged_is_planned_and_needs_the_policy() {
    let place = Place::with("privileged", &table("service", "web", "privileged = true"));
    let said = place.omni(&["plan"]);
    assert_eq!((said.code, said.err.contains("omni::spec::policy")), (2, true), "{}", said.screen());
}
