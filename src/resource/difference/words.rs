//! A resource in the words of deploy.toml, as JSON: what the code keeps apart or together is told as people write it.
//!
//! What deploy.toml has no key for (which image exactly, what is in a file) stands under the key that decides it. How
//! two of them differ is left to `difference`.

use serde_json::{Map, Value, json};

use crate::resource::Resource;

/// The keys of a resource, as deploy.toml has them.
pub(super) fn of(resource: &Resource) -> Map<String, Value> {
    let value = serde_json::to_value(resource).expect("a resource is plain data");
    // The outermost key is the kind, which the address says already.
    let mut found: Map<_, _> = inner(value).into_iter().flat_map(|(_, thing)| inner(thing)).collect();
    // What services and jobs share is no table of its own.
    let shared = found.remove("container").map(inner).unwrap_or_default();
    found.extend(shared);
    if matches!(resource, Resource::Job(_)) {
        // A job has no such key: it never starts again by itself.
        found.remove("restart");
    }
    tell(&mut found, "image", pinned);
    tell(&mut found, "source", source);
    tell(&mut found, "pin", |words, pin| pinned(words, json!({ "pin": pin })));
    tell(&mut found, "healthcheck", healthcheck);
    tell(&mut found, "rollback", |words, command| put(words, "rollback", json!({ "command": command })));
    tell(&mut found, "restart", |words, rule| put(words, "restart", Value::String(restart(&rule))));
    resources(&mut found);
    if matches!(resource, Resource::Database(_)) {
        tell(&mut found, "ledger", ledger);
        // The URL says it.
        found.remove("dialect");
    }
    if matches!(resource, Resource::Backup(_)) {
        keep(&mut found);
    }
    // Whose it is, the address says already.
    if matches!(resource, Resource::Backup(_) | Resource::Proof(_) | Resource::Migration(_)) {
        found.remove("database");
    }
    tell(&mut found, "one_way", |words, reason| put(words, "irreversible", reason));
    each(&mut found, "volumes", |path, mount| (path.to_owned(), mounted(path, &mount)));
    each(&mut found, "configs", |path, file| (path.to_owned(), octal(file)));
    each(&mut found, "depends_on", |address, condition| (named(address).to_owned(), condition));
    found
}

fn inner(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn put(words: &mut Map<String, Value>, key: &str, value: Value) {
    words.insert(key.to_owned(), value);
}

/// Takes one key out and tells it anew; absent, it stays absent.
fn tell(words: &mut Map<String, Value>, key: &str, anew: impl FnOnce(&mut Map<String, Value>, Value)) {
    if let Some(value) = words.remove(key).filter(|value| !value.is_null()) {
        anew(words, value);
    }
}

/// Tells each entry of a table anew.
fn each(words: &mut Map<String, Value>, key: &str, anew: impl Fn(&str, Value) -> (String, Value)) {
    tell(words, key, |words, table| {
        let told: Map<_, _> = inner(table).into_iter().map(|(name, value)| anew(&name, value)).collect();
        put(words, key, Value::Object(told));
    });
}

/// `image`, and beneath it exactly which: `image.digest`, `image.id` or `image.build`.
fn pinned(words: &mut Map<String, Value>, image: Value) {
    for (key, value) in inner(image) {
        match key.as_str() {
            "reference" => put(words, "image", value),
            "pin" => words.extend(inner(value).into_iter().map(|(kind, pin)| (format!("image.{kind}"), pin))),
            _ => put(words, &format!("image.{key}"), value),
        }
    }
}

/// `image` or `build`; the fingerprint of what is sent to be built is about its files.
fn source(words: &mut Map<String, Value>, source: Value) {
    for (key, value) in inner(source) {
        if key == "build" {
            let mut build = inner(value);
            tell(&mut build, "content", |build, files| put(build, "files", files));
            put(words, "build", Value::Object(build));
        } else {
            put(words, "image", value);
        }
    }
}

/// `test`, `http` and `port`, `tcp`, or `disable`, beside when it is tried.
fn healthcheck(words: &mut Map<String, Value>, health: Value) {
    let mut health = inner(health);
    tell(&mut health, "probe", |health, probe| {
        if probe.is_string() {
            put(health, "disable", Value::Bool(true));
        }
        for (way, what) in inner(probe) {
            match way.as_str() {
                "command" => put(health, "test", what),
                "http" => {
                    let mut what = inner(what);
                    tell(&mut what, "path", |_, path| put(health, "http", path));
                    health.extend(what);
                }
                _ => put(health, &way, what),
            }
        }
    });
    put(words, "healthcheck", Value::Object(health));
}

/// `unless-stopped`, `on-failure:5`
fn restart(rule: &Value) -> String {
    match (rule.as_str(), &rule["on_failure"]) {
        (Some(word), _) => word.replace('_', "-"),
        (None, times) => format!("on-failure:{times}"),
    }
}

/// `resources.limits` and `resources.reservations`.
fn resources(words: &mut Map<String, Value>) {
    let parts = ["limits", "reservations"].into_iter();
    let told: Map<_, _> = parts.filter_map(|part| Some((part.to_owned(), words.remove(part)?))).collect();
    if !told.is_empty() {
        put(words, "resources", Value::Object(told));
    }
}

/// `layout` and `ledger` of the migrations; the dialect is the database's own.
fn ledger(words: &mut Map<String, Value>, ledger: Value) {
    let mut ledger = inner(ledger);
    for (from, to) in [("layout", "layout"), ("table", "ledger")] {
        tell(&mut ledger, from, |_, value| put(words, to, value));
    }
}

/// `keep.last` and `keep.days`
fn keep(words: &mut Map<String, Value>) {
    let mut keep = Map::new();
    tell(words, "keep_last", |_, last| put(&mut keep, "last", last));
    tell(words, "keep_for", |_, period| {
        let days = period.as_str().and_then(|text| text.strip_suffix('d')).and_then(|days| days.parse::<u64>().ok());
        put(&mut keep, "days", days.map_or(period.clone(), Value::from));
    });
    put(words, "keep", Value::Object(keep));
}

/// `data:/var/lib/data:ro`
fn mounted(path: &str, mount: &Value) -> Value {
    let source = mount["source"].as_object().and_then(|source| source.values().next()).and_then(Value::as_str);
    let end = if mount["read_only"] == true { ":ro" } else { "" };
    Value::String(format!("{}:{path}{end}", source.unwrap_or_default()))
}

/// The permissions of a file as people write them: `0440`.
fn octal(file: Value) -> Value {
    let mut file = inner(file);
    if let Some(mode) = file.get("mode").and_then(Value::as_u64) {
        put(&mut file, "mode", Value::String(format!("{mode:04o}")));
    }
    Value::Object(file)
}

/// The name of an address: no service is called like a job, so deploy.toml names neither kind.
fn named(address: &str) -> &str {
    address.split_once('.').map_or(address, |(_, name)| name)
}
