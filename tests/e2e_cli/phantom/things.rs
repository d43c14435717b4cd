//! Networks, volumes and what else is no service: applied, seen as asked for, changed.

use std::collections::BTreeMap;

use super::{is_settled, planned, without_store};
use crate::place::Place;
use crate::said::Said;

const NETWORK: &str = r#"
[networks.inside]
name = "PROJECT-one"
driver = "bridge"
options = { "com.docker.network.driver.mtu" = 1450 }
labels = { tier = "front" }
internal = false
subnet = "10.231.78.0/24"

[networks.plain]

[volumes.data]
name = "PROJECT-one"
driver = "local"
options = { type = "tmpfs", device = "tmpfs", o = "size=1m" }
labels = { kind = "data" }
shared = false

[services.web]
image = "IMAGE"
command = ["/fixture", "sleep"]
networks = ["inside", "plain"]
volumes = ["data:/data"]
stop_grace_period = "2s"
resources.limits = { memory = "32MiB" }
"#;

/// A place with all of it, in a range of addresses of its own.
fn place(name: &str, range: &str) -> Place {
    let place = Place::new(name);
    place.spec(&NETWORK.replace("PROJECT", &place.project).replace("10.231.78.0/24", range));
    place.apply();
    is_settled(&place);
    without_store(&place, || is_settled(&place));
    place
}

#[test]
fn each_key_of_a_network_is_one_change_of_it() {
    let place = place("network", "10.231.78.0/24");
    let before = place.read("deploy.toml");
    // The network that is replaced takes its service along: a container joins it anew.
    for (from, to, paths) in [
        ("networks.inside]\nname = \"PROJECT-one\"", "networks.inside]\nname = \"PROJECT-two\"\n", &["name"][..]),
        ("1450", "1400", &["options.com.docker.network.driver.mtu"]),
        ("tier = \"front\"", "tier = \"back\"", &["labels.tier"]),
        ("internal = false", "internal = true", &["internal"]),
    ] {
        // Two networks cannot have the same range at once, so the range is given up, which is a change of its own.
        let (from, to) = (from.replace("PROJECT", &place.project), to.replace("PROJECT", &place.project));
        place.edit(&from, &to);
        let said = place.omni(&["plan"]);
        assert_eq!(said.code, 4, "{from}: {}", said.screen());
        assert!(said.err.starts_with("error[omni::plan::network_overlaps]: "), "{}", said.screen());
        is_placed(&before, "[networks.inside]", &said);
        place.edit("10.231.78.0/24", "10.231.79.0/24");
        let found = planned(&place, &from);
        let mut wanted: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        wanted.push("subnet".to_owned());
        assert_eq!(found.get("network.inside"), Some(&wanted), "{from}");
        assert_eq!(found.keys().collect::<Vec<_>>(), ["network.inside", "service.web"], "{from}");
        place.write("deploy.toml", &before);
    }
    place.edit("10.231.78.0/24", "10.231.79.0/24");
    assert_eq!(planned(&place, "subnet")["network.inside"], ["subnet"]);
    place.edit("tier = \"front\"", "tier = \"back\"");
    place.apply();
    is_settled(&place);
    without_store(&place, || is_settled(&place));
}

#[test]
fn what_a_volume_is_never_changes_in_place() {
    let place = place("volume", "10.231.80.0/24");
    let before = place.read("deploy.toml");
    for (from, to) in [("size=1m", "size=2m"), ("kind = \"data\"", "kind = \"other\"")] {
        place.edit(from, to);
        let said = place.omni(&["plan"]);
        assert_eq!(said.code, 4, "{from}: {}", said.screen());
        assert!(said.err.starts_with("error[omni::plan::volume_changed]: "), "{}", said.screen());
        is_placed(&before, "[volumes.data]", &said);
        place.write("deploy.toml", &before);
    }
    place.edit("shared = false", "shared = true");
    let wanted = BTreeMap::from([("volume.data".to_owned(), vec!["shared".to_owned()])]);
    assert_eq!(planned(&place, "shared"), wanted);
    place.apply();
    is_settled(&place);
}

#[test]
fn what_somebody_else_made_is_used_and_left_alone() {
    let place = Place::new("external");
    let (network, volume) = (format!("{}-theirs", place.project), format!("{}-theirs", place.project));
    let label = format!("omni.project={}", place.project);
    // The label is for the broom only.
    let out = crate::support::docker_cli(&["network", "create", "--label", "broom=1", &network]);
    assert!(!out.is_empty(), "a network");
    crate::support::docker_cli(&["volume", "create", &volume]);
    place.spec(&format!(
        "[networks.inside]\nexternal = true\nname = \"{network}\"\n[volumes.data]\nexternal = true\nname = \"{volume}\"\n\
         [services.web]\nimage = \"IMAGE\"\ncommand = [\"/fixture\", \"sleep\"]\nnetworks = [\"inside\"]\n\
         volumes = [\"data:/data\"]\nresources.limits = {{ memory = \"32MiB\" }}\n"
    ));
    place.apply();
    is_settled(&place);
    without_store(&place, || is_settled(&place));
    let destroyed = place.omni(&["destroy", "--volumes", "--yes"]);
    let left = crate::support::docker_cli(&["network", "ls", "-q", "--filter", &format!("name={network}")])
        + &crate::support::docker_cli(&["volume", "ls", "-q", "--filter", &format!("name={volume}")]);
    for container in
        crate::support::docker_cli(&["ps", "-aq", "--filter", &format!("label={label}")]).split_whitespace()
    {
        crate::support::docker_cli(&["rm", "-f", container]);
    }
    crate::support::docker_cli(&["network", "rm", &network]);
    crate::support::docker_cli(&["volume", "rm", &volume]);
    assert_eq!((destroyed.code, left.lines().count()), (0, 2), "{}", destroyed.screen());
}

/// Checks that the error names the place of this table's own name in the spec.
#[track_caller]
fn is_placed(spec: &str, table: &str, said: &Said) {
    let line = spec.lines().position(|line| line == table).expect("the table is there") + 1;
    let column = table.find('.').expect("a name") + 2;
    assert!(said.err.contains(&format!("\n  --> deploy.toml:{line}:{column}\n")), "{}", said.screen());
}
