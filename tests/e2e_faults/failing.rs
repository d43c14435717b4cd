//! Ten services of which one fails, whichever it is: all of it is undone, and the very same containers serve.

use crate::specs::Service;
use crate::world::World;

const NAMES: [(&str, &[&str]); 10] = [
    ("s1", &[]),
    ("s2", &[]),
    ("s3", &["s1"]),
    ("s4", &["s1", "s2"]),
    ("s5", &["s2"]),
    ("s6", &["s3", "s4"]),
    ("s7", &[]),
    ("s8", &["s5", "s7"]),
    ("s9", &["s6"]),
    ("s10", &["s6", "s8"]),
];

/// How a service fails, and what the error then has to say.
fn broken(service: Service, way: usize) -> (Service, &'static str, Option<&'static str>) {
    let ends = || service.clone().set("LAST_WORDS", "last words of one that ends").set("EXIT", "7");
    match way % 4 {
        0 => (service.clone().ill(), "health check failed", Some("last words of an ill one")),
        1 => (
            ends(),
            "the container exited with code 7 and was started again 3 times",
            Some("last words of one that ends"),
        ),
        2 => (ends().restart("no"), "the container exited with code 7", Some("last words of one that ends")),
        _ => (service.program("/not-there"), "/not-there", None),
    }
}

#[test]
fn whichever_of_ten_services_fails_the_same_containers_serve_as_before() {
    let world = World::new("ten");
    let ten = |version: &str, change: &dyn Fn(Service) -> Service| {
        let services = NAMES.map(|(name, after)| change(Service::new(name, version, after)).text());
        format!("[networks.inside]\n{}", services.concat())
    };
    world.write("v1", 3, &ten("1", &|service| service));
    world.ends(&["apply", "--yes"], 0);
    let (before, fingerprint) = (world.ids(), world.fingerprint());
    assert_eq!(before.len(), 10);
    for (k, (name, _)) in NAMES.iter().enumerate() {
        let (_, reason, log) = broken(Service::new(name, "2", &[]), k);
        world.write("v2", 3, &ten("2", &|service| if service.is(name) { broken(service, k).0 } else { service }));
        let ran = world.ends(&["apply", "--yes"], 1);
        assert_eq!(world.ids(), before, "{name} failed, and others serve than before:\n{}", ran.text);
        assert_eq!(world.fingerprint(), fingerprint, "{name}");
        assert_eq!(world.containers().len(), 10, "{name} failed, and something is left:\n{}", ran.text);
        assert_eq!(world.anchors(), [""; 0]);
        let error = ran.text.split("error[").nth(1).unwrap_or_else(|| panic!("no error is told:\n{}", ran.text));
        assert!(error.contains(&format!("service.{name} ")), "{name} is not named:\n{}", ran.text);
        assert!(error.contains(reason), "`{reason}` is not told of {name}:\n{}", ran.text);
        assert!(log.is_none_or(|log| error.contains(log)), "the log of {name} is not told:\n{}", ran.text);
    }
}
