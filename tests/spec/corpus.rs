//! Every spec of the corpus against its snapshot.

use std::collections::BTreeSet;

use crate::world::{Case, drawn};

fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../specs/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn every_invalid_spec_is_refused_with_its_report() {
    let cases = Case::all("invalid");
    assert!(cases.len() >= 60, "{} invalid specs", cases.len());
    let mut failed = Vec::new();
    for case in &cases {
        let Err(problems) = case.resolve() else { panic!("`{}` is valid", case.name) };
        assert!(problems.errors() > 0, "`{}` has no error", case.name);
        let report = drawn(&problems);
        let compare = || snapshots().bind(|| insta::assert_snapshot!(format!("invalid-{}", case.name), report));
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(compare)).is_err() {
            failed.push(case.name.clone());
        }
    }
    assert!(failed.is_empty(), "reports differ: {failed:?}");
}

#[test]
fn every_valid_spec_becomes_its_resources() {
    let cases = Case::all("valid");
    assert!(cases.len() >= 15, "{} valid specs", cases.len());
    let mut failed = Vec::new();
    for case in &cases {
        let (spec, _) = case.resolve().unwrap_or_else(|problems| panic!("{}:\n{}", case.name, drawn(&problems)));
        let warned: Vec<_> =
            spec.warnings.list().iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect();
        let resources: std::collections::BTreeMap<_, _> =
            spec.resources.iter().map(|(address, resource)| (address.to_string(), resource)).collect();
        let shown = serde_json::json!({
            "scope": spec.scope.to_string(),
            "version": spec.version,
            "engine": spec.engine_host,
            "store": spec.store,
            "rollback": spec.rollback,
            "policy": spec.policy,
            "approval": spec.approval,
            "warnings": warned,
            "resources": resources,
        });
        let text = serde_json::to_string_pretty(&shown).unwrap();
        let compare = || snapshots().bind(|| insta::assert_snapshot!(format!("valid-{}", case.name), text));
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(compare)).is_err() {
            failed.push(case.name.clone());
        }
    }
    assert!(failed.is_empty(), "resources differ: {failed:?}");
}

#[test]
fn no_report_and_no_resource_holds_a_secret() {
    for case in Case::all("invalid").iter().chain(&Case::all("valid")) {
        let told = match case.resolve() {
            Ok((spec, vault)) => format!("{spec:?}{vault:?}"),
            // The drawn report repeats lines of the file, in which these cases set their values.
            Err(problems) => format!("{:?}", problems.list()),
        };
        let secret = |name: &str| ["PASSWORD", "SECRET", "STRIPE"].iter().any(|word| name.contains(word));
        for (name, value) in case.values().filter(|(name, value)| secret(name) && value.len() > 3) {
            assert!(!told.contains(value.as_str()), "`{}` tells `{name}`", case.name);
        }
    }
}

#[test]
fn every_code_of_the_room_is_explained() {
    let explained: BTreeSet<_> = omni::spec::codes().iter().map(|(code, _)| (*code).to_owned()).collect();
    let mut used = BTreeSet::new();
    let mut open = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            used.extend(
                text.split("\"omni::spec::")
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next())
                    .map(|code| format!("omni::spec::{code}")),
            );
        }
    }
    assert!(!used.is_empty());
    assert_eq!(explained, used, "left: explained, right: used");
    assert!(
        omni::spec::codes().iter().all(|(_, text)| text.len() > 100),
        "an explanation says cause, example and mend"
    );
}

#[test]
fn every_code_that_a_spec_can_earn_is_in_the_corpus() {
    let told: BTreeSet<_> = Case::all("invalid")
        .iter()
        .filter_map(|case| case.resolve().err())
        .flat_map(|problems| problems.list().iter().map(|problem| problem.code).collect::<Vec<_>>())
        .collect();
    // These are shown elsewhere: what is too large or too deep for a file, and what only warns.
    let elsewhere = [
        "omni::spec::too_large",
        "omni::spec::too_deep",
        "omni::spec::unused",
        "omni::spec::no_memory_limit",
        "omni::spec::no_migration",
    ];
    let missing: Vec<_> = omni::spec::codes()
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| !told.contains(code) && !elsewhere.contains(code))
        .collect();
    assert!(missing.is_empty(), "no invalid spec earns {missing:?}");
}

#[test]
fn every_snapshot_has_its_spec() {
    let specs: BTreeSet<_> = ["valid", "invalid"]
        .into_iter()
        .flat_map(|folder| Case::all(folder).into_iter().map(move |case| format!("{folder}-{}.snap", case.name)))
        .collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs/snapshots");
    let kept: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept, specs, "left: snapshots, right: specs");
}
