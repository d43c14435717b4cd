//! What each call does on a real engine, and how it says no.

use std::collections::BTreeMap;
use std::time::Duration;

use omni::observed::Status;
use omni::provider::FaultKind;
use omni::provider::docker::{Docker, Target};
use omni::provider::engine::{Engine, Joined, Labels, NewFile};
use omni::resource::{Port, Protocol, Volume};

use crate::support::{Bench, DEADLINE, asked, docker_cli, plain_container};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

async fn runs(bench: &Bench, what: &str, command: &[&str]) -> String {
    let mut new = bench.sleeper(what).await;
    new.container.command = plain_container(command).command;
    let id = bench.docker.create_container(&new).await.expect("a container");
    bench.docker.start_container(&id).await.expect("a start");
    id
}

#[tokio::test]
async fn an_engine_says_what_it_is() {
    let docker = Docker::connect(&Target::default(), DEADLINE).expect("an engine");
    let facts = docker.facts().await.expect("facts");
    assert!(!facts.id.is_empty() && facts.memory > 0 && facts.cpus > 0, "{facts:?}");
    assert!(facts.version.starts_with("docker "), "{facts:?}");
    assert!(facts.platform.starts_with("linux/"), "{facts:?}");
    assert_eq!(facts.host, "unix:///var/run/docker.sock");
    let (one, two) = (docker.now().await.expect("a time"), docker.now().await.expect("a time"));
    assert!(one < two);
}

#[tokio::test]
async fn a_name_is_taken_once_and_an_image_has_to_be_there() {
    let bench = Bench::new("names").await;
    let mut new = bench.container("one");
    bench.docker.create_container(&new).await.expect("a container");
    let fault = bench.docker.create_container(&new).await.expect_err("the name is taken");
    assert_eq!(fault.kind, FaultKind::Conflict);
    new.name = bench.name("two");
    new.image = "omni-test/no-such-image:1".to_owned();
    let fault = bench.docker.create_container(&new).await.expect_err("no such image");
    assert_eq!(fault.kind, FaultKind::NotFound);
}

#[tokio::test]
async fn a_container_lives_and_dies_step_by_step() {
    let bench = Bench::new("life").await;
    let new = bench.sleeper("one").await;
    let id = bench.docker.create_container(&new).await.expect("a container");
    let look = async || {
        let found = bench.docker.container(&new.name, &|_| None).await.expect("an answer");
        found.map(|live| (live.status, live.addresses.len()))
    };
    assert_eq!(look().await, Some((Status::Created, 0)));
    for _ in 0..2 {
        bench.docker.start_container(&id).await.expect("a start, and another that does nothing");
    }
    let (status, addresses) = look().await.expect("the container");
    assert!(matches!(status, Status::Running { since: Some(_), healthy: None }), "{status:?}");
    assert_eq!(addresses, 1);
    docker_cli(&["pause", &id]);
    assert_eq!(look().await.expect("the container").0, Status::Paused);
    docker_cli(&["unpause", &id]);
    for _ in 0..2 {
        bench.docker.stop_container(&id, Duration::from_secs(10)).await.expect("a stop, and another that does nothing");
    }
    assert_eq!(look().await, Some((Status::Exited { code: 0 }, 0)));
    bench.docker.remove_container(&id).await.expect("a removal");
    assert_eq!(look().await, None);
    for fault in [
        bench.docker.remove_container(&id).await.expect_err("gone"),
        bench.docker.start_container(&id).await.expect_err("gone"),
        bench.docker.stop_container(&id, Duration::ZERO).await.expect_err("gone"),
        bench.docker.wait(&id).await.expect_err("gone"),
        bench.docker.tail(&id, 1).await.expect_err("gone"),
        bench.docker.file(&id, "/x").await.expect_err("gone"),
        bench.docker.run(&id, &words(&["/fixture"]), DEADLINE).await.expect_err("gone"),
    ] {
        assert_eq!(fault.kind, FaultKind::NotFound, "{fault:?}");
    }
}

#[tokio::test]
async fn a_port_of_the_host_is_taken_once() {
    let bench = Bench::new("port").await;
    let mut ids = Vec::<String>::new();
    for what in ["one", "two"] {
        let mut new = bench.sleeper(what).await;
        new.ports.insert(Port {
            host_ip: Some("127.0.0.1".to_owned()),
            host: None,
            container: 80,
            protocol: Protocol::Tcp,
        });
        if let Some(port) = ids.first() {
            let live = bench.docker.container(port, &|_| None).await.expect("an answer").expect("the container");
            let published = live.published.clone();
            assert_eq!(published.len(), 1, "{published:?}");
            assert_eq!(published[0].host_ip.as_deref(), Some("127.0.0.1"));
            new.ports = published.into_iter().collect();
        }
        let id = bench.docker.create_container(&new).await.expect("a container");
        let started = bench.docker.start_container(&id).await;
        if ids.is_empty() {
            started.expect("a start");
        } else {
            assert_eq!(started.expect_err("the port is taken").kind, FaultKind::Conflict);
        }
        ids.push(id);
    }
}

#[tokio::test]
async fn lists_by_all_labels_what_is_there_in_any_condition() {
    let bench = Bench::new("list").await;
    for what in ["one", "two"] {
        let mut new = bench.container(what);
        new.labels.insert("omni.which".to_owned(), what.to_owned());
        bench.docker.create_container(&new).await.expect("a container");
    }
    let found = bench.docker.containers(&bench.labels(), &|_| None).await.expect("an answer");
    assert_eq!(found.len(), 2);
    let mut both = bench.labels();
    both.insert("omni.which".to_owned(), "two".to_owned());
    let found = bench.docker.containers(&both, &|_| None).await.expect("an answer");
    assert_eq!(found.iter().map(|live| live.name.as_str()).collect::<Vec<_>>(), [bench.name("two")]);
    assert_eq!(found[0].image, bench.image);
    assert!(found[0].created.is_some());
    assert!(found[0].seen.container.labels.is_empty(), "omni's own labels are none of the spec's");
}

#[tokio::test]
async fn files_go_in_before_the_start_and_come_back() {
    let bench = Bench::new("files").await;
    let new = bench.sleeper("one").await;
    let id = bench.docker.create_container(&new).await.expect("a container");
    let file = |path: &str, mode, content: &[u8]| NewFile { path: path.to_owned(), mode, content: content.to_vec() };
    let big: Vec<u8> = (0..3_000_000_u32).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
    let long = format!("/deep/{}/file", "x".repeat(150));
    let files = [
        file("/run/secrets/one", 0o400, b"hunter2"),
        file("/etc/shop/app.toml", 0o644, b"a = 1\n"),
        file("/big", 0o600, &big),
        file("/empty", 0o444, b""),
        file(&long, 0o444, b"long"),
    ];
    bench.docker.put_files(&id, &files).await.expect("files");
    bench.docker.put_files(&id, &[]).await.expect("nothing to do");
    for file in &files {
        let found = bench.docker.file(&id, &file.path).await.expect("an answer");
        assert!(found.as_ref() == Some(&file.content), "{}", file.path);
    }
    assert_eq!(bench.docker.file(&id, "/run/secrets/two").await.expect("an answer"), None);
    assert!(bench.docker.file(&id, "/etc/shop").await.is_err(), "a folder is no file");
    bench.docker.start_container(&id).await.expect("a start");
    let ran = bench.docker.run(&id, &words(&["/fixture", "mode", "/run/secrets/one"]), DEADLINE).await.expect("an end");
    assert_eq!((ran.code, ran.output.as_str()), (0, "400\n"));
}

#[tokio::test]
async fn a_command_inside_ends_with_its_code_and_its_words() {
    let bench = Bench::new("run").await;
    let id = runs(&bench, "one", &["/fixture", "sleep"]).await;
    let run = async |command: &[&str]| bench.docker.run(&id, &words(command), DEADLINE).await;
    let ran = run(&["/fixture", "say", "one", "two"]).await.expect("an end");
    assert_eq!((ran.code, ran.output.as_str()), (0, "one\ntwo\n"));
    let ran = run(&["/fixture", "complain", "bad"]).await.expect("an end");
    assert_eq!((ran.code, ran.output.as_str()), (0, "bad\n"));
    assert_eq!(run(&["/fixture", "exit", "7"]).await.expect("an end").code, 7);
    let ran = run(&["/fixture", "flood", "5000"]).await.expect("an end");
    assert!(ran.output.len() <= 4096 && ran.output.ends_with("line 4999\n"), "{}", ran.output.len());
    assert!(run(&["/no/such/program"]).await.is_ok_and(|ran| ran.code == 127 || ran.code == 126));
    let short = Duration::from_millis(300);
    let fault = bench.docker.run(&id, &words(&["/fixture", "sleep"]), short).await.expect_err("it goes on");
    assert_eq!(fault.kind, FaultKind::Unknown);
    bench.docker.stop_container(&id, Duration::ZERO).await.expect("a stop");
    assert_eq!(run(&["/fixture", "say"]).await.expect_err("it does not run").kind, FaultKind::Conflict);
}

#[tokio::test]
async fn waits_for_the_end_and_only_for_the_end() {
    let bench = Bench::new("wait").await;
    for (what, command, code) in
        [("at-once", &["/fixture", "exit", "3"][..], 3), ("later", &["/fixture", "exit-after", "700", "0"], 0)]
    {
        let id = runs(&bench, what, command).await;
        // Cut off and asked again, as the caller may do at any time.
        let _ = tokio::time::timeout(Duration::from_millis(20), bench.docker.wait(&id)).await;
        assert_eq!(bench.docker.wait(&id).await.expect("an end"), code, "{what}");
    }
    let id = bench.docker.create_container(&bench.sleeper("never").await).await.expect("a container");
    let waiting = tokio::time::timeout(Duration::from_millis(200), bench.docker.wait(&id)).await;
    assert!(waiting.is_err(), "what was never started has not ended");
}

#[tokio::test]
async fn tells_the_last_lines_in_order() {
    let bench = Bench::new("tail").await;
    let id = runs(&bench, "out", &["/fixture", "flood", "300"]).await;
    bench.docker.wait(&id).await.expect("an end");
    let tail = bench.docker.tail(&id, 3).await.expect("lines");
    assert_eq!(tail, ["line 297", "line 298", "line 299"]);
    assert_eq!(bench.docker.tail(&id, 1000).await.expect("lines").len(), 300);
    let id = runs(&bench, "err", &["/fixture", "complain", "no database", "giving up"]).await;
    bench.docker.wait(&id).await.expect("an end");
    assert_eq!(bench.docker.tail(&id, 10).await.expect("lines"), ["no database", "giving up"]);
    let label = format!("{}={}", crate::support::LABEL, bench.prefix);
    let (name, net) = (bench.name("tty"), bench.name("out-net"));
    docker_cli(&[
        "run",
        "-t",
        "--net",
        &net,
        "--label",
        &label,
        "--name",
        &name,
        &bench.image,
        "/fixture",
        "say",
        "a",
        "b",
    ]);
    assert_eq!(bench.docker.tail(&name, 10).await.expect("lines"), ["a", "b"]);
}

#[tokio::test]
async fn networks_are_told_apart_by_id_and_kept_while_used() {
    let bench = Bench::new("network").await;
    let new = bench.sleeper("one").await;
    let joined = new.networks[0].clone();
    let id = bench.docker.create_container(&new).await.expect("a container");
    bench.docker.start_container(&id).await.expect("a start");
    let name = bench.name("one-net");
    let live = bench.docker.networks(&bench.labels()).await.expect("an answer");
    assert_eq!(
        (live.len(), live[0].id.as_str(), live[0].network.name.as_str()),
        (1, joined.id.as_str(), name.as_str())
    );
    assert!(live[0].network.subnet.is_some() && live[0].network.labels.is_empty() && live[0].created.is_some());
    let mut twin = live[0].network.clone();
    twin.subnet = None;
    twin.internal = true;
    twin.labels.insert("shop.net".to_owned(), "2".to_owned());
    let second = bench.docker.create_network(&twin, &name, &bench.labels()).await.expect("names need not be unique");
    let named = bench.docker.networks_named(&name).await.expect("an answer");
    assert_eq!(named.iter().map(|live| live.id.as_str()).collect::<Vec<_>>(), [&joined.id, &second]);
    assert!(named[1].network.internal);
    assert_eq!(named[1].network.labels, twin.labels);
    assert!(bench.docker.networks_named(&name[..name.len() - 1]).await.expect("an answer").is_empty());
    let fault = bench.docker.remove_network(&joined.id).await.expect_err("it is in use");
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault:?}");
    bench.docker.remove_network(&second).await.expect("a removal");
    assert_eq!(bench.docker.remove_network(&second).await.expect_err("gone").kind, FaultKind::NotFound);
}

#[tokio::test]
async fn the_labels_of_the_first_who_makes_a_volume_win() {
    let bench = Bench::new("volume").await;
    let volume = Volume {
        name: bench.name("data"),
        external: false,
        shared: false,
        driver: "local".to_owned(),
        options: BTreeMap::new(),
        labels: BTreeMap::from([("shop.kept".to_owned(), "yes".to_owned())]),
    };
    assert_eq!(bench.docker.volume(&volume.name).await.expect("an answer"), None);
    let first = bench.docker.create_volume(&volume, &bench.labels()).await.expect("a volume");
    assert_eq!(first.volume, volume);
    let other = Labels::from([("omni.test".to_owned(), "other".to_owned())]);
    let second = bench.docker.create_volume(&volume, &other).await.expect("the same volume");
    assert_eq!(second.labels, first.labels);
    assert_eq!(bench.docker.volumes(&bench.labels()).await.expect("an answer").len(), 1);
    let mut new = bench.container("one");
    find_place(&mut new, &volume);
    let id = bench.docker.create_container(&new).await.expect("a container");
    assert_eq!(bench.docker.remove_volume(&volume.name).await.expect_err("in use").kind, FaultKind::Conflict);
    bench.docker.remove_container(&id).await.expect("a removal");
    assert!(bench.docker.volume(&volume.name).await.expect("an answer").is_some(), "a named volume outlives it");
    bench.docker.remove_volume(&volume.name).await.expect("a removal");
    assert_eq!(bench.docker.remove_volume(&volume.name).await.expect_err("gone").kind, FaultKind::NotFound);
}

fn find_place(new: &mut omni::provider::engine::NewContainer, volume: &Volume) {
    new.volumes.insert("data".to_owned(), volume.name.clone());
    let source = omni::resource::MountSource::Volume("data".to_owned());
    new.container.volumes.insert("/data".to_owned(), omni::resource::Mount { source, read_only: false });
}

#[tokio::test]
async fn a_container_joins_a_network_once() {
    let bench = Bench::new("joins").await;
    let new = bench.sleeper("one").await;
    let id = bench.docker.create_container(&new).await.expect("a container");
    bench.docker.join_network(&id, &new.networks[0]).await.expect("it is in it already");
    let host = bench.docker.networks_named("host").await.expect("an answer").remove(0);
    let host = Joined { node: "host".to_owned(), id: host.id, ..new.networks[0].clone() };
    bench.docker.join_network(&id, &host).await.expect_err("the host's network goes with no other");
    // Measured: an engine does not look whether there is such a network before it starts the container.
    let absent = Joined { id: "0".repeat(64), ..host };
    bench.docker.join_network(&id, &absent).await.expect("it takes any");
    bench.docker.start_container(&id).await.expect_err("no such network");
}

#[tokio::test]
async fn the_engines_own_health_check_is_told() {
    let bench = Bench::new("health").await;
    let image = bench
        .image_with("sick", "HEALTHCHECK --interval=100ms --retries=1 CMD [\"/fixture\", \"health\", \"/well\"]")
        .await;
    let mut new = bench.sleeper("one").await;
    new.image = image;
    let id = bench.docker.create_container(&new).await.expect("a container");
    bench.docker.start_container(&id).await.expect("a start");
    let healthy = async |wanted: bool| {
        let look = async || {
            let live =
                bench.docker.container(&id, &|_| Some(asked(&new))).await.expect("an answer").expect("the container");
            matches!(live.status, Status::Running { healthy: Some(healthy), .. } if healthy == wanted)
        };
        let seen = async {
            while !look().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, seen).await.expect("the engine's check tells");
    };
    healthy(false).await;
    let file = NewFile { path: "/well".to_owned(), mode: 0o444, content: Vec::new() };
    bench.docker.put_files(&id, &[file]).await.expect("a file");
    healthy(true).await;
}

#[tokio::test]
async fn an_impossible_name_is_refused_before_it_is_asked_for() {
    let docker = Docker::connect(&Target::default(), DEADLINE).expect("an engine");
    for name in ["../info", "a/../b", "a?force=1", "a b", "a#b", "a%2fb", "", "a\nb"] {
        assert!(docker.container(name, &|_| None).await.is_err(), "{name:?}");
        assert!(docker.image(name).await.is_err(), "{name:?}");
        assert!(docker.remove_volume(name).await.is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn nobody_and_nobody_listening_are_unreachable() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("docker.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    for host in [format!("unix://{}", path.display()), "tcp://127.0.0.1:1".to_owned()] {
        let target = Target { host: Some(host.clone()), docker_config_dir: None };
        let docker = Docker::connect(&target, DEADLINE).expect("nothing is sent yet");
        let fault = docker.facts().await.expect_err("nobody listens");
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault:?}");
        assert!(fault.help.expect("help").contains("start Docker"));
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("docker.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("a socket");
    let target = Target { host: Some(format!("unix://{}", path.display())), docker_config_dir: None };
    let docker = Docker::connect(&target, Duration::from_millis(200)).expect("nothing is sent yet");
    // It takes the connection and closes it, and then one that it never answers.
    let closes = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.readable().await.expect("a request");
        drop(stream);
    };
    let (fault, ()) = tokio::join!(docker.remove_container("one"), closes);
    assert_eq!(fault.expect_err("closed").kind, FaultKind::Unknown);
    let fault = docker.remove_container("one").await.expect_err("silence");
    assert_eq!(fault.kind, FaultKind::Unknown);
    assert!(fault.message.contains("200ms"), "{fault}");
}
