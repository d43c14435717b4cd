//! `omni fingerprint`: the same world prints the same, another one does not.

use crate::place::Place;
use crate::support::docker_cli;

const WEB: &str = "[env.TOKEN]
secret = true
[networks.inside]
[volumes.data]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"sleep\"]
environment = { TOKEN = \"${TOKEN}\" }
networks = [\"inside\"]
volumes = [\"data:/data\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

/// What the world prints for programs.
#[track_caller]
fn world(place: &Place) -> String {
    let said = place.omni(&["fingerprint", "--json"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    said.out
}

#[track_caller]
fn apply(place: &Place, token: &str, words: &[&str]) {
    let said = place.omni_with(&[("TOKEN", token)], &[words, &["--yes"]].concat());
    assert_eq!(said.code, 0, "{}", said.screen());
}

#[test]
fn the_same_world_prints_the_same() {
    let place = Place::with("world", WEB);
    let nothing = world(&place);
    apply(&place, "canary-one", &["apply", "--tag", "one"]);
    let first = world(&place);
    assert_ne!(first, nothing);
    assert!(first.contains("\"environment.TOKEN\": \"(secret)\""), "{first}");
    assert!(!first.contains("canary"), "{first}");
    // Another container, another id, the same thing.
    apply(&place, "canary-one", &["apply", "--replace", "service.web"]);
    assert_eq!(world(&place), first);
    // A secret is not shown, and counts.
    apply(&place, "canary-two", &["apply", "--tag", "two"]);
    assert_ne!(world(&place), first);
    apply(&place, "canary-one", &["apply", "--tag", "three"]);
    assert_eq!(world(&place), first);
    // What does not serve is not of it.
    docker_cli(&["stop", &place.container("web")]);
    assert_ne!(world(&place), first);
    let said = place.omni(&["fingerprint"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    assert!(!said.out.contains("service.web"), "{}", said.screen());
    assert!(said.out.contains("volume.data"), "{}", said.screen());
}
