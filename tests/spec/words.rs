//! Plans speak in the words of deploy.toml: every field that can differ is a key of its schema, and every key can differ.

use std::collections::BTreeSet;

use omni::address::Kind;
use omni::resource::differences;
use serde_json::Value;

use crate::world::Case;

/// Fields that no key sets: exactly which image, what was sent to build it, and what a file holds.
/// Which databases a service uses, is found in what it is given.
const NOT_WRITTEN: [&str; 6] =
    ["image.digest", "image.build", "image.node", "build.files", "content", "services.*.databases"];

/// Keys that decide about the deployment and are no field of what is deployed.
const NOT_A_FIELD: [&str; 7] = [
    "services.*.profiles",
    "jobs.*.profiles",
    "services.*.env_files",
    "jobs.*.env_files",
    "migrations.*.dir",
    "migrations.*.irreversible",
    "backups.*.before",
];

/// What the section `migrations` says about the database itself.
const OF_MIGRATIONS: [&str; 3] = ["layout", "ledger", "prove"];

/// The other ways to know that a service is ready.
const OTHER_CHECKS: [&str; 3] = [
    "healthcheck = { http = \"/healthz\", port = 3000 }",
    "healthcheck = { tcp = 3000 }",
    "healthcheck = { disable = true }",
];

/// Every field of everything that a spec deploys: `services.*.environment.A`. A migration is what its script is.
fn told(text: &str) -> BTreeSet<Vec<String>> {
    let (spec, _) = Case::new("words", text).resolve().expect("a valid spec");
    let mut found = BTreeSet::new();
    for (address, resource) in &spec.resources {
        for difference in differences(None, Some(resource)) {
            let section = match address.kind() {
                // What an image is, the services and jobs say that use it.
                Kind::Service | Kind::Image => "services",
                Kind::Job => "jobs",
                Kind::Network => "networks",
                Kind::Volume => "volumes",
                Kind::Database if OF_MIGRATIONS.contains(&difference.path.as_str()) => "migrations",
                Kind::Database => "databases",
                Kind::Backup => "backups",
                Kind::Proof => "migrations",
                Kind::Migration => continue,
            };
            let path = format!("{section}.*.{}", difference.path);
            found.insert(path.split('.').map(str::to_owned).collect());
        }
    }
    found
}

/// The parts of the schema that a part may stand for.
fn meant<'s>(root: &'s Value, part: &'s Value) -> Vec<&'s Value> {
    let named = part["$ref"].as_str().map(|name| root.pointer(name.trim_start_matches('#')).expect("a part"));
    let choices = part["anyOf"].as_array().into_iter().flatten().chain(named);
    std::iter::once(part).chain(choices.flat_map(|part| meant(root, part))).collect()
}

/// Whether deploy.toml has a key for this path. A name of the user's may hold dots.
fn is_key(root: &Value, part: &Value, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    meant(root, part).iter().any(|part| {
        let fixed = part["properties"].get(first).is_some_and(|part| is_key(root, part, rest));
        let named = || {
            part["additionalProperties"].is_object() && {
                let below = &part["additionalProperties"];
                (0..=rest.len()).any(|dots| is_key(root, below, &rest[dots..]))
            }
        };
        // A list of mounts is told by the path of each: `volumes./data`.
        let listed = || part["items"].is_object() && part["type"] == "array" && first.starts_with('/');
        fixed || named() || listed()
    })
}

/// Every key with nothing below it but names of the user's: `services.*.healthcheck.test`.
fn keys(root: &Value, part: &Value, path: &str, found: &mut BTreeSet<String>) {
    let parts = meant(root, part);
    let mut is_leaf = true;
    for part in parts {
        for (key, below) in part["properties"].as_object().into_iter().flatten() {
            is_leaf = false;
            keys(root, below, &format!("{path}.{key}"), found);
        }
        let below = &part["additionalProperties"];
        if meant(root, below).iter().any(|below| below["properties"].is_object()) {
            is_leaf = false;
            keys(root, below, &format!("{path}.*"), found);
        }
    }
    if is_leaf {
        found.insert(path.trim_start_matches('.').to_owned());
    }
}

#[test]
fn a_plan_speaks_in_the_keys_of_deploy_toml() {
    let text = |name| Case::all("valid").into_iter().find(|case| case.name == name).expect("the spec").text;
    let all = text("every-service-key");
    let health = all.lines().find(|line| line.starts_with("healthcheck")).expect("a health check");
    let mut paths = told(&all);
    for other in OTHER_CHECKS {
        paths.extend(told(&all.replace(health, other)));
    }
    paths.extend(told(&text("every-database-key")));
    let schema: Value = serde_json::from_str(&omni::spec::schema()).expect("the schema is JSON");
    let foreign: Vec<_> = paths
        .iter()
        .filter(|path| !is_key(&schema, &schema, path))
        .map(|path| path.join("."))
        .filter(|path| !NOT_WRITTEN.iter().any(|known| path.ends_with(known)))
        .collect();
    assert!(foreign.is_empty(), "deploy.toml knows no such keys: {foreign:#?}");

    let mut written = BTreeSet::new();
    for section in ["services", "jobs", "networks", "volumes", "databases", "migrations", "backups"] {
        keys(&schema, &schema["properties"][section], section, &mut written);
    }
    // Services and jobs share the keys of a container, and the spec of the corpus gives most of them to the service.
    let told: Vec<_> = paths.iter().map(|path| path.join(".").replacen("jobs.", "services.", 1)).collect();
    let is_told = |key: &str| match key.split_once(".*").map(|(_, rest)| rest).and_then(|rest| rest.split_once(".*")) {
        Some((table, key)) => told.iter().any(|path| path.contains(table) && path.ends_with(key)),
        None => told.iter().any(|path| path.starts_with(key)),
    };
    let silent: Vec<_> = written
        .iter()
        .filter(|key| !NOT_A_FIELD.contains(&key.as_str()))
        .filter(|key| !is_told(&key.replacen("jobs.", "services.", 1)))
        .collect();
    assert!(silent.is_empty(), "no plan could show that these change: {silent:#?}");
}
