//! What was asked for comes back as it was asked for, key by key; what somebody changed comes back changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use omni::provider::engine::{Asked, Engine, Joined, NewContainer, Seen};
use omni::resource::{
    Attachment, Health, Limits, Logging, Mount, MountSource, Port, Probe, Protocol, Reservations, Restart, Ulimit,
};
use omni::template::{Part, Template};
use omni::units::Period;

use crate::support::{Bench, asked, docker_cli};

/// An image that brings everything an image can bring.
const RICH: &str = r#"
ENV FROM_IMAGE=1 SHARED=image
USER 12:13
WORKDIR /work
EXPOSE 9000 53/udp
VOLUME /kept
LABEL shop.maker=image shop.shared=image
STOPSIGNAL SIGINT
HEALTHCHECK --interval=7s --timeout=2s --start-period=4s --retries=5 CMD ["/fixture", "health", "/fixture"]
ENTRYPOINT ["/fixture"]
CMD ["sleep"]
"#;

type Change = fn(&mut NewContainer);

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(ToString::to_string).collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn period(text: &str) -> Period {
    text.parse().expect("a period")
}

fn mount(source: MountSource, read_only: bool) -> Mount {
    Mount { source, read_only }
}

fn health(probe: Probe) -> Health {
    Health { probe, interval: period("1m30s"), timeout: period("1500ms"), retries: 4, start_period: period("0s") }
}

fn port(host_ip: Option<&str>, host: Option<u16>, container: u16, protocol: Protocol) -> Port {
    Port { host_ip: host_ip.map(str::to_owned), host, container, protocol }
}

/// One change for each key.
const CASES: &[(&str, Change)] = &[
    ("nothing", |_| {}),
    ("command", |n| n.container.command = Some(vec!["/fixture".into(), "sleep".into()])),
    ("command of the image", |n| n.container.command = None),
    ("command that is empty", |n| n.container.command = Some(Vec::new())),
    ("entrypoint", |n| n.container.entrypoint = Some(vec!["/fixture".into()])),
    ("entrypoint alone", |n| {
        n.container.entrypoint = Some(vec!["/fixture".into(), "sleep".into()]);
        n.container.command = None;
    }),
    ("entrypoint taken away", |n| n.container.entrypoint = Some(Vec::new())),
    ("environment", |n| {
        for (name, value) in [("A", "1"), ("SHARED", "mine"), ("EMPTY", ""), ("EQUALS", "a=b=c"), ("LINES", "a\nb")] {
            n.container.environment.insert(name.to_owned(), value.into());
        }
    }),
    ("environment like the image's", |n| {
        n.container.environment.insert("SHARED".to_owned(), "image".into());
    }),
    ("user", |n| n.container.user = Some("1000:1000".to_owned())),
    ("user like the image's", |n| n.container.user = Some("12:13".to_owned())),
    ("working_dir", |n| n.container.working_dir = Some("/srv/app/".to_owned())),
    ("hostname", |n| n.container.hostname = Some("shop".to_owned())),
    ("read_only", |n| n.container.read_only = true),
    ("init", |n| n.container.init = true),
    ("privileged", |n| n.container.privileged = true),
    ("cap_add", |n| n.container.cap_add = set(&["NET_ADMIN", "CAP_SYS_TIME"])),
    ("cap_drop", |n| n.container.cap_drop = set(&["ALL"])),
    ("security_opt", |n| n.container.security_opt = set(&["no-new-privileges:true", "seccomp=unconfined"])),
    ("security_opt in short", |n| n.container.security_opt = set(&["no-new-privileges"])),
    ("devices", |n| n.container.devices = set(&["/dev/null:/dev/nothing:r", "/dev/zero", "/dev/full:/dev/fuller"])),
    ("ulimits", |n| {
        n.container.ulimits = BTreeMap::from([
            ("nofile".to_owned(), Ulimit { soft: 1024, hard: 2048 }),
            ("nproc".to_owned(), Ulimit { soft: 64, hard: 64 }),
        ]);
    }),
    ("sysctls", |n| n.container.sysctls = map(&[("net.core.somaxconn", "1024")])),
    ("tmpfs", |n| n.container.tmpfs = map(&[("/run", "size=64m"), ("/cache", "")])),
    ("shm_size", |n| n.container.shm_size = Some("128m".parse().expect("a size"))),
    ("extra_hosts", |n| {
        n.container.extra_hosts = map(&[("db", "10.0.0.1"), ("six", "fd00::1"), ("me", "host-gateway")]);
    }),
    ("dns", |n| n.container.dns = vec!["9.9.9.9".to_owned(), "1.1.1.1".to_owned()]),
    ("networks", |n| join(n, &[("pos", &["backend", "api"], None)])),
    ("networks with aliases", |n| join(n, &[("pos", &[], None), ("edge", &[], None)])),
    ("networks with an address", |n| join(n, &[("pos", &["api"], Some(".10"))])),
    ("volumes", |n| {
        n.volumes = BTreeMap::from([("data".to_owned(), format!("{}-data", prefix(n)))]);
        n.container.volumes = BTreeMap::from([
            ("/data".to_owned(), mount(MountSource::Volume("data".to_owned()), false)),
            ("/data/again/".to_owned(), mount(MountSource::Volume("data".to_owned()), true)),
            ("/etc/host".to_owned(), mount(MountSource::Host("/etc".to_owned()), true)),
            ("/tmp/host".to_owned(), mount(MountSource::Host("/tmp/".to_owned()), false)),
        ]);
    }),
    ("volume over the image's", |n| {
        n.volumes = BTreeMap::from([("data".to_owned(), format!("{}-data", prefix(n)))]);
        n.container.volumes.insert("/kept".to_owned(), mount(MountSource::Volume("data".to_owned()), false));
    }),
    ("labels", |n| n.container.labels = map(&[("shop.tier", "web"), ("shop.shared", "mine"), ("empty", "")])),
    ("labels like the image's", |n| n.container.labels = map(&[("shop.shared", "image")])),
    ("logging", |n| {
        let options = map(&[("max-size", "10m"), ("max-file", "3")]);
        n.container.logging = Some(Logging { driver: "json-file".to_owned(), options });
    }),
    ("logging nowhere", |n| {
        n.container.logging = Some(Logging { driver: "none".to_owned(), options: BTreeMap::new() });
    }),
    ("restart always", |n| n.container.restart = Restart::Always),
    ("restart unless stopped", |n| n.container.restart = Restart::UnlessStopped),
    ("restart on failure", |n| n.container.restart = Restart::OnFailure(3)),
    ("restart on failure without end", |n| n.container.restart = Restart::OnFailure(0)),
    ("stop_signal", |n| n.container.stop_signal = Some("SIGUSR1".to_owned())),
    ("stop_signal by default", |n| n.container.stop_signal = Some("SIGTERM".to_owned())),
    ("stop_grace_period", |n| n.container.stop_grace_period = period("1m30s")),
    ("stop_grace_period in parts of a second", |n| n.container.stop_grace_period = period("1500ms")),
    ("stop_grace_period of nothing", |n| n.container.stop_grace_period = period("0s")),
    ("limits", |n| {
        n.container.limits = Limits {
            cpus: Some("0.75".parse().expect("cpus")),
            memory: Some("512m".parse().expect("a size")),
            pids: Some(200),
        };
    }),
    ("no limit of processes", |n| n.container.limits.pids = Some(-1)),
    ("reservations", |n| {
        n.container.reservations =
            Reservations { cpus: Some("0.3".parse().expect("cpus")), memory: Some("64m".parse().expect("a size")) };
    }),
    ("reservation of one processor", |n| n.container.reservations.cpus = Some("1".parse().expect("cpus"))),
    ("ports", |n| {
        n.ports = BTreeSet::from([
            port(Some("127.0.0.1"), None, 80, Protocol::Tcp),
            port(None, None, 81, Protocol::Udp),
            port(Some("0.0.0.0"), None, 9000, Protocol::Tcp),
        ]);
    }),
    ("expose", |n| n.expose = set(&["3000/tcp", "3001", "3002/udp"])),
    ("expose like the image's and a port's", |n| {
        n.expose = set(&["9000", "80/tcp"]);
        n.ports = BTreeSet::from([port(Some("127.0.0.1"), None, 80, Protocol::Tcp)]);
    }),
    ("health by command", |n| {
        n.health = Some(health(Probe::Command(vec!["/fixture".into(), "health".into(), "/fixture".into()])));
    }),
    ("health off", |n| n.health = Some(health(Probe::Off))),
    ("health by omni", |n| n.health = Some(health(Probe::Tcp(80)))),
];

/// The start of the names of a case's test.
fn prefix(new: &NewContainer) -> String {
    new.labels[crate::support::LABEL].clone()
}

/// Joins networks by their names in the spec; `Networks` fills in the engine's ids and addresses.
fn join(new: &mut NewContainer, networks: &[(&str, &[&str], Option<&str>)]) {
    for (node, aliases, address) in networks {
        let attachment = Attachment { aliases: set(aliases), ipv4_address: address.map(str::to_owned) };
        let mut all = attachment.aliases.clone();
        // What omni gives beside the spec's: the service's own name.
        all.insert("service-name".to_owned());
        let joined = Joined {
            node: (*node).to_owned(),
            id: String::new(),
            aliases: all,
            ipv4_address: address.map(str::to_owned),
        };
        new.networks.push(joined);
        new.container.networks.insert((*node).to_owned(), attachment);
    }
}

/// The networks that the cases join, and how to fill their ids and addresses in.
struct Networks {
    ids: BTreeMap<&'static str, String>,
    range: (String, usize),
}

impl Networks {
    async fn of(bench: &Bench) -> Self {
        // Tests run at once and ranges must not overlap: each has 16 addresses of its own.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let (id, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let range = (format!("10.{}.{}", 200 + id / 256 % 50, id % 256), count * 16);
        let pos = bench.network("pos", Some(&format!("{}.{}/28", range.0, range.1))).await;
        let edge = bench.network("edge", None).await;
        bench.volume("data").await;
        Self { ids: BTreeMap::from([("pos", pos.id), ("edge", edge.id)]), range }
    }

    fn wire(&self, new: &mut NewContainer) {
        for joined in &mut new.networks {
            joined.id.clone_from(&self.ids[joined.node.as_str()]);
            let address = joined.ipv4_address.as_ref().map(|_| format!("{}.{}", self.range.0, self.range.1 + 10));
            joined.ipv4_address.clone_from(&address);
            new.container.networks.get_mut(&joined.node).expect("the network").ipv4_address = address;
        }
    }
}

fn expected(asked: &Asked) -> Seen {
    Seen {
        container: asked.container.clone(),
        ports: asked.ports.clone(),
        expose: asked.expose.clone(),
        health: asked.health.clone(),
    }
}

/// Makes a container in all its networks, and returns its id.
async fn made(bench: &Bench, new: &NewContainer) -> String {
    let id = bench.docker.create_container(new).await.expect("a container");
    for joined in new.networks.iter().skip(1) {
        bench.docker.join_network(&id, joined).await.expect("it joins");
    }
    id
}

async fn seen(bench: &Bench, id: &str, asked: &Asked) -> Seen {
    let found = bench.docker.container(id, &|_| Some(asked.clone())).await.expect("an answer");
    found.expect("the container").seen
}

/// Makes the container of one case, and reads it back made, running and stopped.
async fn holds(bench: &Bench, case: &str, new: &NewContainer, runs: bool) -> Vec<String> {
    let asked = asked(new);
    let id = made(bench, new).await;
    let mut wrong = Vec::new();
    let mut compare = |when: &str, seen: Seen| {
        if seen != expected(&asked) {
            wrong.push(format!("{case}, {when}: {}", fields(&asked, &seen).join("; ")));
        }
    };
    compare("made", seen(bench, &id, &asked).await);
    if runs {
        bench.docker.start_container(&id).await.unwrap_or_else(|fault| panic!("{case}: {fault}"));
        compare("running", seen(bench, &id, &asked).await);
        bench.docker.stop_container(&id, std::time::Duration::ZERO).await.expect("a stop");
        compare("stopped", seen(bench, &id, &asked).await);
    }
    bench.docker.remove_container(&id).await.expect("a removal");
    wrong
}

/// Every case on one image, and all fields at once that go together.
async fn every_case(bench: &Bench, image: &str, rich: bool) {
    let networks = Networks::of(bench).await;
    let make = |at: usize, changes: &[Change]| {
        let mut new = bench.container(&at.to_string());
        image.clone_into(&mut new.image);
        if rich {
            new.container.command = Some(vec!["sleep".into()]);
        }
        for change in changes {
            change(&mut new);
        }
        if new.networks.is_empty() && at > 0 {
            join(&mut new, &[("edge", &[], None)]);
        }
        networks.wire(&mut new);
        new
    };
    let apart = [
        "command",
        "entrypoint",
        "like",
        "by default",
        "parts of",
        "nothing",
        "nowhere",
        "no limit",
        "networks with",
        "privileged",
    ];
    let together: Vec<Change> = CASES
        .iter()
        .filter(|(case, _)| !apart.iter().any(|word| case.contains(word)))
        .map(|(_, change)| *change)
        .collect();
    let mut cases: Vec<_> =
        CASES.iter().enumerate().map(|(at, (case, change))| (*case, make(at, &[*change]))).collect();
    cases.push(("all together", make(CASES.len(), &together)));
    let wrong: Vec<_> = stream::iter(&cases)
        .map(|(case, new)| {
            // Without a command of its own only the rich image has something to run.
            let bare = matches!(*case, "command of the image" | "command that is empty");
            let other = rich && matches!(*case, "command" | "entrypoint taken away");
            if bare && !rich {
                return futures_util::future::Either::Left(async { Vec::new() });
            }
            let runs = !other && !matches!(*case, "nothing" | "all together" | "privileged");
            futures_util::future::Either::Right(holds(bench, case, new, runs))
        })
        .buffer_unordered(4)
        .concat()
        .await;
    assert!(wrong.is_empty(), "{} phantom differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn find(case: &str) -> Change {
    CASES.iter().find(|(name, _)| *name == case).expect("a case").1
}

#[tokio::test]
async fn a_bare_image_adds_nothing() {
    let bench = Bench::new("bare").await;
    every_case(&bench, &bench.image, false).await;
}

#[tokio::test]
async fn what_the_image_brings_is_told_apart() {
    let bench = Bench::new("rich").await;
    let image = bench.image_with("rich", RICH).await;
    every_case(&bench, &image, true).await;
}

#[tokio::test]
async fn what_the_image_brought_stays_apart_when_it_is_gone() {
    let bench = Bench::new("gone").await;
    let image = bench.image_with("rich", RICH).await;
    let mut new = bench.container("one");
    new.image.clone_from(&image);
    new.container.command = None;
    new.container.environment.insert("A".to_owned(), "1".into());
    let asked = asked(&new);
    let id = made(&bench, &new).await;
    docker_cli(&["rmi", "-f", &image]);
    assert_eq!(bench.docker.image(&image).await.expect("an answer"), None, "the image is gone");
    assert_eq!(seen(&bench, &id, &asked).await, expected(&asked));
}

/// Reads a container that was changed, and returns the fields that differ from what was asked for.
async fn changed(bench: &Bench, id: &str, asked: &Asked) -> Vec<String> {
    fields(asked, &seen(bench, id, asked).await)
}

fn fields(asked: &Asked, seen: &Seen) -> Vec<String> {
    let before = serde_json::json!({
        "container": asked.container, "ports": asked.ports, "expose": asked.expose, "health": asked.health,
    });
    let after = serde_json::json!({
        "container": seen.container, "ports": seen.ports, "expose": seen.expose, "health": seen.health,
    });
    let mut found = Vec::new();
    differing(&before, &after, "", &mut found);
    found
}

fn differing(a: &serde_json::Value, b: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    let null = serde_json::Value::Null;
    match (a.as_object(), b.as_object()) {
        (Some(left), Some(right)) => {
            let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
            for name in names {
                let (a, b) = (left.get(name).unwrap_or(&null), right.get(name).unwrap_or(&null));
                differing(a, b, &format!("{path}.{name}"), found);
            }
        }
        _ if a != b => {
            found.push(format!("{}: {a} -> {b}", path.trim_start_matches(".container").trim_start_matches('.')));
        }
        _ => {}
    }
}

#[tokio::test]
async fn what_somebody_changed_by_hand_differs_and_nothing_else() {
    let bench = Bench::new("hand").await;
    let networks = Networks::of(&bench).await;
    let mut new = bench.container("one");
    find("networks with aliases")(&mut new);
    find("limits")(&mut new);
    find("restart always")(&mut new);
    networks.wire(&mut new);
    let asked = asked(&new);
    let id = made(&bench, &new).await;
    bench.docker.start_container(&id).await.expect("a start");
    assert_eq!(changed(&bench, &id, &asked).await, Vec::<String>::new());
    for (words, fields) in [
        (
            &["update", "--memory", "256m", "--memory-swap", "256m"][..],
            &["limits.memory: \"512MiB\" -> \"256MiB\""][..],
        ),
        (
            &["update", "--cpus", "1.5"],
            &["limits.cpus: \"0.75\" -> \"1.5\"", "limits.memory: \"512MiB\" -> \"256MiB\""],
        ),
    ] {
        docker_cli(&[words, &[id.as_str()]].concat());
        assert_eq!(changed(&bench, &id, &asked).await, fields, "{words:?}");
    }
    bench
        .docker
        .update_container(&id, asked.container.limits, asked.container.reservations, Restart::Always)
        .await
        .expect("an update");
    assert_eq!(changed(&bench, &id, &asked).await, Vec::<String>::new(), "omni put it back");
    docker_cli(&["update", "--restart", "no", &id]);
    assert_eq!(changed(&bench, &id, &asked).await, ["restart: \"always\" -> \"no\""]);
    docker_cli(&["update", "--restart", "always", &id]);
    docker_cli(&["network", "disconnect", &networks.ids["edge"], &id]);
    assert_eq!(changed(&bench, &id, &asked).await, ["networks.edge: {\"aliases\":[],\"ipv4_address\":null} -> null"]);
    docker_cli(&["network", "connect", "--alias", "other", &networks.ids["edge"], &id]);
    assert_eq!(changed(&bench, &id, &asked).await, ["networks.edge.aliases: [] -> [\"other\"]"]);
}

#[tokio::test]
async fn limits_and_reservations_change_and_go_where_the_container_stands() {
    let bench = Bench::new("update").await;
    let mut new = bench.sleeper("one").await;
    find("reservations")(&mut new);
    new.container.limits.memory = Some("256m".parse().expect("a size"));
    new.container.limits.pids = Some(50);
    let id = made(&bench, &new).await;
    bench.docker.start_container(&id).await.expect("a start");
    let memory = new.container.limits.memory;
    let none = Limits { memory, ..Limits::default() };
    let nothing = Reservations { cpus: None, ..new.container.reservations };
    bench.docker.update_container(&id, none, nothing, Restart::OnFailure(2)).await.expect("an update");
    new.container.limits = none;
    new.container.reservations = nothing;
    new.container.restart = Restart::OnFailure(2);
    assert_eq!(changed(&bench, &id, &asked(&new)).await, Vec::<String>::new());
    find("limits")(&mut new);
    bench.docker.update_container(&id, new.container.limits, nothing, Restart::OnFailure(2)).await.expect("an update");
    assert_eq!(changed(&bench, &id, &asked(&new)).await, Vec::<String>::new());
    let limits = new.container.limits;
    for (limits, reservations) in
        [(none, nothing), (Limits { memory: None, ..limits }, nothing), (limits, Reservations::default())]
    {
        let updated = bench.docker.update_container(&id, limits, reservations, Restart::No).await;
        let fault = updated.expect_err("no way back");
        assert!(fault.help.is_some(), "{fault}");
    }
}

#[tokio::test]
async fn a_twin_made_by_hand_differs_in_what_it_has_of_its_own() {
    let bench = Bench::new("twin").await;
    let image = bench.image_with("rich", RICH).await;
    let secret = Template::from_parts(vec![
        Part::Text("redis://:".to_owned()),
        Part::Secret { name: "PASSWORD".to_owned(), mark: "0123456789abcdef".to_owned() },
        Part::Text("@redis".to_owned()),
    ]);
    let mut new = bench.container("one");
    new.image.clone_from(&image);
    new.container.command = None;
    new.container.environment.insert("LEVEL".to_owned(), "info".into());
    let mut asked = asked(&new);
    asked.container.environment.insert("URL".to_owned(), secret);
    for (at, (url, level, fields)) in [
        ("redis://:hunter2@redis", "info", &[][..]),
        ("redis://:hunter2@redis", "debug", &["environment.LEVEL: \"info\" -> \"debug\""]),
        (
            "redis://:hunter2@elsewhere",
            "info",
            &["environment.URL: \"redis://:${PASSWORD:0123456789abcdef}@redis\" -> \"${PASSWORD:differs}\""],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut twin = new.clone();
        twin.name = bench.name(&format!("twin-{at}"));
        twin.container.environment.insert("URL".to_owned(), url.into());
        twin.container.environment.insert("LEVEL".to_owned(), level.into());
        let id = made(&bench, &twin).await;
        assert_eq!(changed(&bench, &id, &asked).await, fields);
    }
    for (case, field) in [
        ("user", "user: null -> \"1000:1000\""),
        ("working_dir", "working_dir: null -> \"/srv/app\""),
        ("hostname", "hostname: null -> \"shop\""),
        ("read_only", "read_only: false -> true"),
        ("init", "init: false -> true"),
        ("cap_drop", "cap_drop: [] -> [\"ALL\"]"),
        ("stop_signal", "stop_signal: null -> \"SIGUSR1\""),
        ("stop_grace_period", "stop_grace_period: \"10s\" -> \"1m30s\""),
        ("dns", "dns: [] -> [\"9.9.9.9\",\"1.1.1.1\"]"),
        ("sysctls", "sysctls.net.core.somaxconn: null -> \"1024\""),
        ("entrypoint alone", "entrypoint: null -> [\"/fixture\",\"sleep\"]"),
        ("command", "command: null -> [\"/fixture\",\"sleep\"]"),
        ("reservation of one processor", "reservations.cpus: null -> \"1\""),
        ("logging", "logging"),
        (
            "health off",
            "health: null -> {\"interval\":\"7s\",\"probe\":\"off\",\"retries\":5,\"start_period\":\"4s\",\"timeout\":\"2s\"}",
        ),
    ] {
        let mut twin = new.clone();
        twin.name = bench.name(&format!("{}-twin", case.replace(' ', "-")));
        find(case)(&mut twin);
        let id = made(&bench, &twin).await;
        // The weight of one processor is everybody's, and the engine's own log is nobody's wish.
        let silent = matches!(case, "reservation of one processor" | "logging");
        let fields = if silent { Vec::new() } else { vec![field.to_owned()] };
        let mut plain = self::asked_of(&new);
        plain.container.environment.clone_from(&new.container.environment);
        assert_eq!(changed(&bench, &id, &plain).await, fields, "{case}");
    }
}

fn asked_of(new: &NewContainer) -> Asked {
    asked(new)
}
