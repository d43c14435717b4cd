//! What a variable holds stays a text wherever it is filled in: it becomes no TOML, no JSON, no hole, no second word.

use std::collections::BTreeMap;
use std::path::Path;

use omni::fingerprint::{Fingerprint, Key};
use omni::resource::Resource;
use omni::spec::{Files, Request, Spec};
use omni::template::Vault;
use serde_json::Value;

/// What is filled in where nothing is wrong with it.
const HARMLESS: &str = "HARMLESS";

const VALUES: [&str; 40] = [
    "${X}",
    "${V}",
    "$V",
    "$$",
    "$",
    "${",
    "}",
    "${V:-x}",
    "${V:0123456789abcdef}",
    "$${V}",
    "$(id)",
    "`id`",
    "; id",
    "&& id",
    "| id",
    "\" ]",
    "\"]\n[services.evil]\nimage = \"evil\"",
    "', 'x",
    "\"\"\"",
    "'''",
    "\\",
    "\\u0041",
    "\\\"",
    "{}",
    "[]",
    "{\"privileged\": true}",
    "\", \"privileged\": true, \"x\": \"",
    "null",
    "true",
    "1",
    "-1",
    "nan",
    "%s%n",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "#{x}",
    "\n",
    "\r\n",
    "a=b",
    "../..",
];

const SPEC: &str = r#"
[project]
name = "shop"
[env.V]
required = true
[services.web]
image = "a:1"
user = "x${V}"
working_dir = "/x${V}"
stop_signal = "x${V}"
security_opt = ["x${V}"]
environment = { A = "x${V}", B = "${V}${V}", C = "${V:-other}", D = "${NONE:-${V}}", E = "${V:?needed}" }
command = ["run", "x${V}", "${V}"]
entrypoint = ["x${V}"]
labels = { a = "x${V}" }
logging = { driver = "local", options = { a = "x${V}" } }
sysctls = { "net.core.somaxconn" = "x${V}" }
healthcheck = { test = ["CMD", "x${V}"] }
rollback = { command = ["x${V}"] }
[networks.back]
labels = { a = "x${V}" }
options = { a = "x${V}" }
[volumes.data]
labels = { a = "x${V}" }
options = { a = "x${V}" }
[jobs.once]
image = "a:1"
command = ["x${V}"]
environment = ["A=x${V}"]
rollback = { command = ["x${V}"] }
"#;

struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there is none".to_owned())
    }

    fn find(&self, _: &str) -> Result<(), String> {
        Err("there is none".to_owned())
    }

    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Err("there is none".to_owned())
    }

    fn context(&self, _: &str, _: &str) -> Result<Fingerprint, String> {
        Err("there is none".to_owned())
    }
}

fn resolved(text: &str, value: &str) -> (Spec, Vault) {
    let variables = BTreeMap::from([("V".to_owned(), value.to_owned()), ("X".to_owned(), "leaked".to_owned())]);
    let request = Request {
        text,
        file_name: "deploy.toml",
        root: Path::new("/srv/shop"),
        environment: None,
        variables: &variables,
        key: &Key::new([7; 32]),
        profiles: &[],
        files: &Nothing,
    };
    Spec::resolve(&request).unwrap_or_else(|problems| panic!("{value:?}: {:?}", problems.list()))
}

fn json(spec: &Spec) -> Value {
    let named: BTreeMap<_, &Resource> = spec.resources.iter().map(|(at, one)| (at.to_string(), one)).collect();
    serde_json::to_value(named).expect("resources are plain data")
}

/// Holds that `found` is `harmless` with the value in the place of the harmless one; counts the places.
fn same(harmless: &Value, found: &Value, value: &str, at: &str) -> usize {
    match (harmless, found) {
        (Value::String(harmless), Value::String(found)) => {
            // A template writes a `$` as two.
            let [plain, doubled] = [value.to_owned(), value.replace('$', "$$")].map(|v| harmless.replace(HARMLESS, &v));
            assert!(*found == plain || *found == doubled, "{value:?} at {at}: {found:?}");
            usize::from(harmless.contains(HARMLESS))
        }
        (Value::Array(harmless), Value::Array(found)) => {
            assert_eq!(harmless.len(), found.len(), "{value:?} at {at}");
            harmless.iter().zip(found).map(|(one, other)| same(one, other, value, at)).sum()
        }
        (Value::Object(harmless), Value::Object(found)) => {
            assert!(harmless.keys().eq(found.keys()), "{value:?} at {at}");
            harmless.iter().map(|(key, one)| same(one, &found[key], value, &format!("{at}.{key}"))).sum()
        }
        _ => {
            assert_eq!(harmless, found, "{value:?} at {at}");
            0
        }
    }
}

#[test]
fn a_value_is_a_text_in_every_place() {
    let spec = SPEC.to_owned();
    let harmless = json(&resolved(&spec, HARMLESS).0);
    let mut cells = 0;
    for value in VALUES {
        let places = same(&harmless, &json(&resolved(&spec, value).0), value, "spec");
        assert!(places >= 20, "{places} places");
        cells += places;
    }
    println!("template injections: {cells} cells, 0 violations, 0 stuck");
}

#[test]
fn a_secret_is_a_hole_and_fills_it_whole() {
    let spec: String = SPEC
        .replace("required = true", "secret = true")
        .lines()
        .filter(|line| {
            ["env", "comm", "entry", "[", "image", "health", "name", "secret"].iter().any(|key| line.starts_with(key))
        })
        .fold(String::new(), |text, line| text + line + "\n");
    let shape = |spec: &Spec, value: &str| {
        let mark = Key::new([7; 32]).mark("V", value);
        json(spec).to_string().replace(&mark, "MARK")
    };
    let harmless = shape(&resolved(&spec, HARMLESS).0, HARMLESS);
    assert!(harmless.matches("MARK").count() >= 10 && !harmless.contains(HARMLESS), "{harmless}");
    for value in VALUES {
        let (spec, vault) = resolved(&spec, value);
        assert_eq!(shape(&spec, value), harmless, "{value:?}");
        let web = spec.resources[&omni::address::Address::service("web")].container().expect("a container");
        let filled = |name: &str| web.environment[name].fill(&vault).expect("the vault has it");
        assert_eq!([filled("A"), filled("B")], [format!("x{value}"), format!("{value}{value}")]);
        // As a plan keeps it, it is the same hole.
        let kept: Resource = serde_json::from_value(
            serde_json::to_value(&spec.resources[&omni::address::Address::service("web")]).unwrap(),
        )
        .unwrap();
        assert_eq!(
            kept.container().expect("a container").environment["A"].fill(&vault).expect("filled"),
            format!("x{value}")
        );
    }
}
