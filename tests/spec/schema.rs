//! The JSON Schema: up to date, and of one mind with the reader wherever a schema can see the fault.

use std::path::Path;

use serde_json::Value;

use crate::world::Case;

/// Codes of faults that a schema sees by itself.
const VISIBLE: [&str; 5] = [
    "omni::spec::unknown_key",
    "omni::spec::wrong_type",
    "omni::spec::wrong_word",
    "omni::spec::not_yet",
    "omni::spec::out_of_range",
];

/// Specs with such a code whose fault a schema cannot see after all, and why.
const BLIND: [(&str, &str); 3] = [
    ("job-zero-timeout", "a period is a string to it"),
    ("zero-periods", "a period is a string to it"),
    ("number-too-large", "it has no largest integer; the text cannot become JSON"),
];

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&omni::spec::schema()).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

fn json(text: &str) -> Option<Value> {
    let table: toml::Table = toml::from_str(text).ok()?;
    serde_json::to_value(table).ok()
}

#[test]
fn the_schema_in_the_repository_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/deploy.schema.json");
    if std::env::var_os("OMNI_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, omni::spec::schema()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == omni::spec::schema(), "run `omni schema > schemas/deploy.schema.json`");
}

#[test]
fn the_schema_accepts_every_valid_spec() {
    let validator = validator();
    for case in Case::all("valid") {
        let json = json(&case.text).expect("a valid spec is TOML");
        let faults: Vec<_> =
            validator.iter_errors(&json).map(|fault| format!("{} {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", case.name);
    }
}

#[test]
fn the_schema_refuses_every_invalid_spec_whose_fault_it_can_see() {
    let validator = validator();
    let mut seen = 0;
    for case in Case::all("invalid") {
        let Some(json) = json(&case.text) else { continue };
        let problems = case.resolve().expect_err("an invalid spec");
        let visible = problems.list().iter().any(|problem| VISIBLE.contains(&problem.code));
        if visible && !BLIND.iter().any(|(name, _)| *name == case.name) {
            assert!(!validator.is_valid(&json), "the schema accepts `{}`", case.name);
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} specs with a fault that a schema can see");
}
