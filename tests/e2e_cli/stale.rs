//! A plan that was reviewed and no longer holds: exit code 4 (or 2), what moved is named, and nothing is touched.

use std::fs;

use crate::place::{OTHER_IMAGE, Place};
use crate::support::docker_cli;

const WEB: &str = "[networks.inside]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"sleep\"]
environment = { A = \"1\" }
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

/// A place at its first release, with a plan file for another value of `A`.
fn planned(name: &str) -> Place {
    let place = Place::with(name, WEB);
    place.apply();
    place.edit("A = \"1\"", "A = \"2\"");
    let said = place.omni(&["plan", "-o", "plan.omni"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    place
}

/// Checks that the plan is refused for this reason, and that nothing was touched.
#[track_caller]
fn is_stale(place: &Place, what: &str) {
    let before = place.containers();
    let said = place.omni(&["apply", "plan.omni", "--yes"]);
    assert_eq!(said.code, 4, "{}", said.screen());
    assert!(said.err.starts_with("error[omni::plan::stale]: "), "{}", said.screen());
    assert!(said.err.contains(what), "`{what}` is named: {}", said.screen());
    assert!(said.err.ends_with("  help: run `omni plan` again and have the new plan reviewed; nothing was changed\n"));
    assert_eq!(place.containers(), before);
}

#[test]
fn the_spec_was_edited() {
    let place = planned("edited");
    place.edit("A = \"2\"", "A = \"3\"");
    is_stale(&place, "deploy.toml is no longer the one that was planned\n");
    place.edit("A = \"3\"", "A = \"2\"");
    let said = place.omni(&["apply", "plan.omni", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    place.omni(&["plan", "-o", "nowhere/p.omni"]).is(
        7,
        "error[omni::cli::unwritable]: cannot write `nowhere/p.omni`: No such file or directory (os error 2)
  help: make the folder first: `mkdir -p nowhere`
",
    );
    let said = place.omni(&["apply", "plan.omni", "--yes"]);
    assert_eq!(said.code, 4, "a plan is applied once: {}", said.screen());
}

#[test]
fn a_container_was_changed_by_hand() {
    let place = planned("by-hand");
    docker_cli(&["stop", "-t", "1", &place.container("web")]);
    is_stale(&place, "service.web");
}

#[test]
fn a_container_was_removed_by_hand() {
    let place = planned("removed");
    docker_cli(&["rm", "-f", &place.container("web")]);
    is_stale(&place, "service.web");
}

#[test]
fn another_release_came_between() {
    let place = planned("release");
    let mine = place.read("deploy.toml");
    place.edit("omni-e2e-cli:1", OTHER_IMAGE);
    place.edit("A = \"2\"", "A = \"1\"");
    place.apply();
    place.write("deploy.toml", &mine);
    is_stale(&place, "release");
}

#[test]
fn one_byte_of_the_file_was_changed() {
    let place = planned("byte");
    let (text, before) = (fs::read(place.path("plan.omni")).expect("a plan"), place.containers());
    let step = (text.len() / 60).max(1);
    for at in (0..text.len()).step_by(step) {
        let mut edited = text.clone();
        edited[at] = match edited[at] {
            b'0'..=b'8' | b'a'..=b'y' => edited[at] + 1,
            b' ' | b'\n' => b'x',
            _ => b'0',
        };
        fs::write(place.path("edited.omni"), &edited).expect("a file");
        let said = place.omni(&["apply", "edited.omni", "--yes"]);
        let json: Option<serde_json::Value> = serde_json::from_slice(&edited).ok();
        let is_ours = json.is_some_and(|json| json["format"] == "omni.plan-file/1");
        assert_eq!(said.code, if is_ours { 4 } else { 2 }, "byte {at}: {}", said.screen());
        assert!(said.err.starts_with("error[omni::plan_file::"), "byte {at}: {}", said.screen());
    }
    assert_eq!(place.containers(), before);
}

#[test]
fn the_time_of_the_file_was_changed() {
    let place = planned("time");
    let text = place.read("plan.omni");
    let made = regex_lite::Regex::new("\"made\": \"\\d{4}").expect("a pattern");
    place.write("plan.omni", &made.replace(&text, "\"made\": \"2099"));
    place.omni(&["apply", "plan.omni", "--yes"]).is(
        4,
        "error[omni::plan_file::edited]: `plan.omni` was edited or damaged: its content does not fit its id
  help: make a new one with `omni plan -o FILE`
",
    );
}

#[test]
fn a_key_of_the_file_was_changed() {
    let place = planned("key");
    let text = place.read("plan.omni");
    for (from, to) in [("\"purpose\"", "\"purposes\""), ("\"seal\"", "\"sael\""), ("\"made\": \"2", "\"made\": \"x")] {
        assert!(text.contains(from), "{from} is in {text}");
        place.write("edited.omni", &text.replacen(from, to, 1));
        place.omni(&["apply", "edited.omni", "--yes"]).is(
            4,
            "error[omni::plan_file::edited]: `edited.omni` was edited or damaged: its content does not fit its id
  help: make a new one with `omni plan -o FILE`
",
        );
    }
}

#[test]
fn a_variable_has_another_value() {
    let place = Place::with(
        "variable",
        &WEB.replace(
            "{ A = \"1\" }",
            "{ A = \"${GREETING:-none}\", B = \"${DB_PASSWORD}\", C = \"${CALM:-}\", D = \"${LATE:-}\" }",
        ),
    );
    place.write("deploy.toml", &format!("{}[env.DB_PASSWORD]\nsecret = true\n", place.read("deploy.toml")));
    let calm = ("CALM", "yes");
    let said = place.omni_with(&[("DB_PASSWORD", "hunter1-hunter1"), calm], &["apply", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    let planned = [("GREETING", "hello"), ("DB_PASSWORD", "hunter2-hunter2"), calm];
    let said = place.omni_with(&planned, &["plan", "-o", "plan.omni"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    let file = place.read("plan.omni");
    assert!(!file.contains("hunter2"), "{file}");
    place.omni_with(&[("DB_PASSWORD", "hunter3-hunter3"), ("LATE", "x"), calm], &["apply", "plan.omni", "--yes"]).is(
        4,
        "error[omni::plan::stale]: the variable `DB_PASSWORD` has another value than when it was planned
error[omni::plan::stale]: the variable `GREETING` was set when it was planned, and is not set now
error[omni::plan::stale]: the variable `LATE` was not set when it was planned, and is set now
  help: run `omni plan` again and have the new plan reviewed; nothing was changed
",
    );
    let said = place.omni_with(&planned, &["apply", "plan.omni", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
}
