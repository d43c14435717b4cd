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
    is_stale(&place, "the spec");
    place.edit("A = \"3\"", "A = \"2\"");
    let said = place.omni(&["apply", "plan.omni", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
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
        assert!(matches!(said.code, 2 | 4), "byte {at}: {}", said.screen());
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
