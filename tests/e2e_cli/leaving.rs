//! What is removed and what is kept: volumes, what no kept release needs, and the ways back.

use crate::place::{IMAGE, Place};
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

fn images(place: &Place) -> Vec<String> {
    let mut found = named(place, &["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
    found.sort();
    found
}

/// What a plan says of what goes afterwards, however it is broken into lines.
fn afterwards(shown: &str) -> String {
    let lines = shown.lines().skip_while(|line| !line.starts_with("Afterwards"));
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A place whose service runs an image that omni builds of what `/greeting` says.
fn building(name: &str, releases: u32) -> Place {
    let place = Place::with(name, &retaining(releases).replace("image = \"IMAGE\"", "build = \"./build\""));
    greet(&place, "one");
    place
}

/// Changes what the image holds.
fn greet(place: &Place, greeting: &str) {
    place.write("build/greeting", greeting);
    place.write("build/Dockerfile", &format!("FROM {IMAGE}\nCOPY greeting /greeting\n"));
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
fn prune_without_its_store_lists_and_asks() {
    let place = Place::with("lost", WEB);
    for greeting in ["one", "two", "three"] {
        ends(&place, greeting, &["apply", "--yes", "--tag", greeting], 0);
    }
    let (kept, all) = (stopped(&place), place.containers());
    assert_eq!(kept.len(), 2);
    std::fs::remove_dir_all(place.path(".omni")).expect("a lost store");
    let shown = ends(&place, "three", &["prune", "--dry-run"], 0);
    assert!(kept.iter().all(|name| shown.contains(name)) && shown.contains("would remove 2 objects"), "{shown}");
    let shown = ends(&place, "three", &["prune"], 8);
    assert!(kept.iter().all(|name| shown.contains(name)), "{shown}");
    assert!(!shown.contains("network."), "what serves is not listed: {shown}");
    assert_eq!(place.containers(), all, "nobody agreed");
    let shown = ends(&place, "three", &["prune", "--yes"], 0);
    assert!(shown.contains("removed 2 objects"), "{shown}");
    assert_eq!((stopped(&place).len(), place.containers().len()), (0, 1));
    let shown = ends(&place, "three", &["prune", "--dry-run"], 0);
    assert!(shown.contains("the store has no release, and there is nothing older than what serves"), "{shown}");
    ends(&place, "three", &["plan", "--exit-code"], 0);
}

#[test]
fn a_prune_that_keeps_nothing_is_refused() {
    let place = Place::bare("keeps");
    place.spec(WEB);
    let shown = ends(&place, "one", &["prune", "--keep", "0"], 2);
    assert!(shown.contains("invalid value '0' for '--keep <N>'"), "{shown}");
    let shown = ends(&place, "one", &["prune"], 0);
    let nothing = format!("no container, network or image of {} is on the engine", place.project);
    assert!(shown.contains(&nothing), "{shown}");
    assert!(!place.path(".omni").exists(), "there was nothing to write down");
}

#[test]
fn the_fingerprint_of_a_destroy_is_what_is_left() {
    let place = Place::with("leaves", WEB);
    place.apply();
    let shown = ends(&place, "Hello", &["destroy", "--volumes", "--yes"], 0);
    let left = place.omni(&["fingerprint", "--json"]).json()["fingerprint"].as_str().expect("a text").to_owned();
    let spoken = format!("{}-{}", &left[..4], &left[4..8]);
    assert!(shown.contains(&spoken), "{spoken} in {shown}");
    let recorded = place.omni(&["show", "destroyed", "--json"]);
    assert!(recorded.out.contains(&left), "{left} in {}", recorded.screen());
}

#[test]
fn an_image_that_goes_is_named_before() {
    let place = building("built", 1);
    ends(&place, "one", &["apply", "--yes", "--tag", "one"], 0);
    let [old] = &images(&place)[..] else { panic!("one image") };
    greet(&place, "two");
    let shown = ends(&place, "one", &["plan"], 0);
    let line = afterwards(&shown);
    assert!(line.contains(old.as_str()), "{old} in {shown}");
    ends(&place, "one", &["apply", "--yes", "--tag", "two"], 0);
    let [new] = &images(&place)[..] else { panic!("one image") };
    assert_ne!(new, old);
    let shown = ends(&place, "one", &["destroy", "--dry-run"], 0);
    let line = afterwards(&shown);
    assert!(line.contains(new.as_str()), "{new} in {shown}");
    assert!(!line.contains("-inside"), "the network is a step: {shown}");
    ends(&place, "one", &["destroy", "--yes"], 0);
    assert_eq!(images(&place), Vec::<String>::new());
}

#[test]
fn an_image_of_an_apply_that_was_accepted_does_not_stay() {
    let place = building("accepted", 2);
    ends(&place, "one", &["apply", "--yes", "--tag", "one"], 0);
    greet(&place, "two");
    place.edit("\"/fixture\", \"sleep\"", "\"/fixture\", \"exit-after\", \"50\", \"3\"");
    ends(&place, "one", &["apply", "--yes", "--on-failure", "pause"], 3);
    for words in [&["prune", "--dry-run"][..], &["prune", "--yes"]] {
        let shown = ends(&place, "one", words, 3);
        assert!(shown.contains("error[omni::apply::open]: an apply of "), "{shown}");
    }
    ends(&place, "one", &["recover", "--accept"], 0);
    assert_eq!(images(&place).len(), 2);
    // It is started again and again, so that each look sees something else.
    docker_cli(&["rm", "-f", &named(&place, &["ps", "-aq"])[0]]);
    place.edit("\"/fixture\", \"exit-after\", \"50\", \"3\"", "\"/fixture\", \"sleep\"");
    greet(&place, "one");
    ends(&place, "one", &["apply", "--yes"], 0);
    assert_eq!(images(&place).len(), 1, "no release needs the other: {:?}", images(&place));
    // One that bears omni's labels and no tag, as a build that was cut off leaves it, and one that somebody made of it.
    greet(&place, "three");
    ends(&place, "one", &["apply", "--yes"], 0);
    let kept = images(&place);
    assert_eq!(kept.len(), 2);
    let of = format!("FROM {}\nCOPY greeting /other\n", kept[0]);
    place.write("build/Of", &of);
    let build = place.path("build").display().to_string();
    docker_cli(&["build", "-q", "-f", &format!("{build}/Of"), &build]);
    place.write("build/greeting", "four");
    let own = format!("{}/own:1", place.project);
    docker_cli(&["build", "-q", "-t", &own, "-f", &format!("{build}/Of"), &build]);
    assert_eq!(images(&place).len(), 4);
    let shown = ends(&place, "one", &["prune", "--yes"], 0);
    assert!(shown.contains("  - image.web   sha256:"), "{shown}");
    assert!(images(&place).contains(&own) && images(&place).len() == 3, "{:?}", images(&place));
    docker_cli(&["image", "rm", &own]);
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
