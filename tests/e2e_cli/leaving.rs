//! What is removed and what is kept: volumes, what no kept release needs, and the ways back.

use crate::place::Place;
use crate::support::docker_cli;

const WEB: &str = "[env.GREETING]
default = \"Hello\"
[networks.inside]
[volumes.data]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"sleep\"]
environment = { GREETING = \"${GREETING}\" }
networks = [\"inside\"]
volumes = [\"data:/data\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

const SECRET: &str = "[env.TOKEN]
secret = true
[networks.inside]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"sleep\"]
environment = { TOKEN = \"${TOKEN}\" }
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

fn retaining(releases: u32) -> String {
    format!("[rollback]\nretain = {releases}\n{WEB}")
}

#[track_caller]
fn ends(place: &Place, greeting: &str, words: &[&str], code: i32) -> String {
    let said = place.omni_with(&[("GREETING", greeting)], words);
    assert_eq!(said.code, code, "{words:?}: {}", said.screen());
    said.all()
}

/// The engine's names of the things of this place that `list` finds.
fn named(place: &Place, list: &[&str]) -> Vec<String> {
    let filter = format!("label=omni.project={}", place.project);
    let found = docker_cli(&[list, &["--filter", &filter]].concat());
    found.lines().map(str::to_owned).collect()
}

fn volumes(place: &Place) -> Vec<String> {
    named(place, &["volume", "ls", "-q"])
}

fn stopped(place: &Place) -> Vec<String> {
    named(place, &["ps", "-a", "--format", "{{.Names}}", "--filter", "status=exited"])
}

#[test]
fn destroy_names_every_volume_it_removes() {
    let place = Place::with("destroys", WEB);
    place.apply();
    let shown = ends(&place, "Hello", &["destroy", "--volumes", "--dry-run"], 0);
    assert!(shown.contains("volume.data"), "{shown}");
    assert!(shown.contains("! 1 step cannot be taken back: volume.data"), "{shown}");
    assert!(!shown.contains("data is kept"), "{shown}");
    assert_eq!(volumes(&place).len(), 1);
    ends(&place, "Hello", &["destroy", "--volumes"], 8);
    assert_eq!((volumes(&place).len(), place.containers().len()), (1, 1), "nobody agreed");
    let shown = ends(&place, "Hello", &["destroy", "--yes"], 0);
    assert!(shown.contains("unless destroy was given --volumes"), "{shown}");
    assert_eq!((volumes(&place).len(), place.containers().len()), (1, 0), "data outlive their services");
    // Nothing is left but the volume, and it can still be removed.
    ends(&place, "Hello", &["destroy", "--volumes", "--yes"], 0);
    assert_eq!(volumes(&place), Vec::<String>::new());
    let shown = ends(&place, "Hello", &["destroy", "--volumes", "--yes"], 0);
    assert!(shown.contains("No changes."), "{shown}");
}

#[test]
fn a_volume_that_the_spec_forgot_goes_with_the_others() {
    let place = Place::with("forgotten", WEB);
    place.apply();
    place.edit("data", "other");
    place.apply();
    assert_eq!(volumes(&place).len(), 2);
    let shown = ends(&place, "Hello", &["destroy", "--volumes", "--yes"], 0);
    for name in ["volume.data", "volume.other"] {
        assert!(shown.contains(&format!("removed {name} ")), "{shown}");
    }
    assert_eq!(volumes(&place), Vec::<String>::new());
}

#[test]
fn repairs_do_not_push_out_the_way_back() {
    let place = Place::with("repairs", &retaining(2));
    ends(&place, "one", &["apply", "--yes", "--tag", "one"], 0);
    ends(&place, "two", &["apply", "--yes", "--tag", "two"], 0);
    for _ in 0..3 {
        docker_cli(&["kill", &named(&place, &["ps", "--format", "{{.Names}}"])[0]]);
        ends(&place, "two", &["apply", "--yes"], 0);
    }
    ends(&place, "two", &["rollback", "--to", "one", "--yes"], 0);
    let environment = docker_cli(&["inspect", "--format", "{{.Config.Env}}", &place.container("web")]);
    assert!(environment.contains("GREETING=one"), "{environment}");
}

#[test]
fn what_is_tidied_is_said_before() {
    let place = Place::with("tidies", &retaining(1));
    ends(&place, "one", &["apply", "--yes", "--tag", "one"], 0);
    let old = named(&place, &["ps", "--format", "{{.Names}}"]);
    let shown = ends(&place, "two", &["plan"], 0);
    let line = format!("Afterwards, needed by no kept release, are removed: {}", old[0]);
    assert!(shown.contains(&line), "{shown}");
    let shown = ends(&place, "two", &["apply", "--yes", "--tag", "two"], 0);
    assert!(shown.contains("removed 1 object that no kept release needs"), "{shown}");
    assert_eq!(stopped(&place), Vec::<String>::new());
}

#[test]
fn a_store_tidies_only_what_it_made() {
    let place = Place::with("stores", &retaining(2));
    ends(&place, "one", &["apply", "--yes", "--tag", "one"], 0);
    ends(&place, "two", &["apply", "--yes", "--tag", "two"], 0);
    let kept = stopped(&place);
    assert_eq!(kept.len(), 1);
    ends(&place, "two", &["--store", "other", "apply", "--yes"], 0);
    ends(&place, "three", &["--store", "other", "apply", "--yes", "--tag", "three"], 0);
    assert!(stopped(&place).contains(&kept[0]), "the first store can still go back: {:?}", stopped(&place));
    let shown = ends(&place, "three", &["--store", "other", "prune", "--dry-run"], 0);
    assert!(shown.contains(&kept[0]), "{shown}");
    ends(&place, "three", &["--store", "other", "prune"], 8);
    ends(&place, "three", &["--store", "other", "prune", "--yes"], 0);
    assert!(!stopped(&place).contains(&kept[0]));
}

#[test]
fn a_rollback_says_that_a_secret_has_another_value_now() {
    let place = Place::with("rotated", SECRET);
    for (value, tag) in [("old-value", "one"), ("new-value", "two")] {
        let said = place.omni_with(&[("TOKEN", value)], &["apply", "--yes", "--tag", tag]);
        assert_eq!(said.code, 0, "{}", said.screen());
    }
    let said = place.omni_with(&[("TOKEN", "new-value")], &["rollback", "--to", "one", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    let wanted = "TOKEN: the value has changed since that release; the one of today is used";
    assert!(said.all().contains(wanted), "{}", said.screen());
}

#[test]
fn a_paused_container_is_put_right() {
    let place = Place::with("paused", WEB);
    place.apply();
    docker_cli(&["pause", &named(&place, &["ps", "--format", "{{.Names}}"])[0]]);
    ends(&place, "Hello", &["drift"], 20);
    place.apply();
    ends(&place, "Hello", &["drift"], 0);
}
