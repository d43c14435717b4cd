//! `Bench`: a place on the real engine for one test, with an image to run and a broom.
//!
//! Everything that a test makes carries the bench's label and is removed when the bench is dropped, also when the test
//! fails. The image of the fixture is shared by all tests and stays on the engine, so that it is built only once.

mod things;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use omni::fingerprint::Fingerprint;
use omni::provider::context::BuildContext;
use omni::provider::docker::{Docker, Target};
use omni::provider::engine::{Asked, Engine, Joined, Labels, NewContainer, NewImage};
use omni::resource::{Attachment, Container, ImageUse, Network, Volume};

/// The label of everything that a test makes.
pub(crate) const LABEL: &str = "omni.test";
/// How long one call may take.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/fixture/main.rs");

/// A place on the real engine for one test.
pub(crate) struct Bench {
    /// The engine.
    pub(crate) docker: Docker,
    /// The start of the name of everything that the test makes.
    pub(crate) prefix: String,
    /// The image of the fixture: nothing but `/fixture`, and no command.
    pub(crate) image: String,
}

impl Bench {
    /// A place for the test of this name.
    pub(crate) async fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let docker = Docker::connect(&Target::default(), DEADLINE).expect("the tests need a Docker engine");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("omni-test-{name}-{}-{count}", std::process::id());
        let image = fixture_image(&docker).await;
        Self { docker, prefix, image }
    }

    /// The labels that everything here has to carry.
    pub(crate) fn labels(&self) -> Labels {
        BTreeMap::from([(LABEL.to_owned(), self.prefix.clone())])
    }

    /// A name of this test.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    /// A container that sleeps, and has nothing that could be left out.
    pub(crate) fn container(&self, what: &str) -> NewContainer {
        NewContainer {
            name: self.name(what),
            labels: self.labels(),
            container: plain_container(&["/fixture", "sleep"]),
            image: self.image.clone(),
            ports: BTreeSet::new(),
            expose: BTreeSet::new(),
            health: None,
            networks: Vec::new(),
            volumes: BTreeMap::new(),
        }
    }

    /// A network of this test, joined without aliases. A container that is to run needs one: the engine's default
    /// network is not there on every machine.
    pub(crate) async fn network(&self, what: &str, subnet: Option<&str>) -> Joined {
        let network = Network { subnet: subnet.map(str::to_owned), ..things::network(&self.name(what)) };
        let id = self.docker.create_network(&network, &network.name, &self.labels()).await.expect("a network");
        Joined { node: what.to_owned(), id, aliases: BTreeSet::new(), ipv4_address: None }
    }

    /// A volume of this test.
    pub(crate) async fn volume(&self, what: &str) -> Volume {
        let volume = things::volume(&self.name(what));
        self.docker.create_volume(&volume, &self.labels()).await.expect("a volume").volume
    }

    /// A container that sleeps and can be started.
    pub(crate) async fn sleeper(&self, what: &str) -> NewContainer {
        let mut new = self.container(what);
        let joined = self.network(&format!("{what}-net"), None).await;
        new.container.networks.insert(joined.node.clone(), Attachment::default());
        new.networks.push(joined);
        new
    }

    /// An image of the fixture with these further lines in its Dockerfile; returns its id.
    pub(crate) async fn image_with(&self, what: &str, lines: &str) -> String {
        let tag = format!("{}:test", self.name(what));
        build_fixture(&self.docker, &tag, self.labels(), lines).await
    }
}

/// Removes all that carries this label from the engine: `label=NAME=VALUE`.
pub(crate) fn remove_labelled(filter: &str) {
    for (list, remove) in [
        (&["ps", "-aq"][..], &["rm", "-fv"][..]),
        (&["network", "ls", "-q"], &["network", "rm"]),
        (&["volume", "ls", "-q"], &["volume", "rm", "-f"]),
        (&["images", "-q"], &["rmi", "-f"]),
    ] {
        let found = docker_cli(&[list, &["--filter", filter]].concat());
        let ids: BTreeSet<_> = found.split_whitespace().collect();
        if !ids.is_empty() {
            docker_cli(&[remove, &ids.into_iter().collect::<Vec<_>>()].concat());
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let filter = format!("label={LABEL}={}", self.prefix);
        remove_labelled(&filter);
    }
}

/// A container of which nothing is asked but a command.
pub(crate) fn plain_container(command: &[&str]) -> Container {
    let image = ImageUse { node: "fixture".to_owned(), reference: "omni-test-fixture".to_owned(), pin: None };
    Container { command: Some(command.iter().map(|word| (*word).into()).collect()), ..Container::bare(image) }
}

/// What was asked for when this container was made.
pub(crate) fn asked(new: &NewContainer) -> Asked {
    Asked {
        container: new.container.clone(),
        ports: new.ports.clone(),
        expose: new.expose.clone(),
        health: new.health.clone(),
    }
}

/// Runs the `docker` command and returns what it wrote.
pub(crate) fn docker_cli(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output().expect("the tests need the `docker` command");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The image of the fixture, built by the first who needs it.
async fn fixture_image(docker: &Docker) -> String {
    let source = fs::read(FIXTURE).expect("the fixture's source");
    let tag = format!("omni-test-fixture:{}", Fingerprint::of_bytes(&source).short());
    let _lock = lock("fixture-image");
    match docker.image(&tag).await.expect("an answer of the engine") {
        Some(image) => image.id,
        None => build_fixture(docker, &tag, Labels::new(), "").await,
    }
}

async fn build_fixture(docker: &Docker, tag: &str, labels: Labels, lines: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(fixture_program(), folder.path().join("fixture")).expect("the program");
    let text = format!("FROM scratch\nCOPY fixture /fixture\n{lines}\n");
    fs::write(folder.path().join("Dockerfile"), text).expect("a Dockerfile");
    let context = BuildContext::read(folder.path(), ".", "Dockerfile").expect("a context");
    let new = NewImage {
        tag: tag.to_owned(),
        labels,
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        context: context.tar().expect("an archive"),
    };
    docker.build(&new, &|_| {}).await.expect("an image of the fixture")
}

/// The compiled fixture, linked statically so that it runs in an empty image.
fn fixture_program() -> PathBuf {
    let source = fs::read(FIXTURE).expect("the fixture's source");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join(format!("fixture-{}", Fingerprint::of_bytes(&source).short()));
    let _lock = lock("fixture-program");
    if !program.exists() {
        let half = program.with_extension("half");
        let compiled = Command::new("rustc")
            .args(["--edition=2024", "-O", "-C", "target-feature=+crt-static", "-C", "strip=symbols", "-o"])
            .args([half.as_path(), Path::new(FIXTURE)])
            .status()
            .expect("the tests need `rustc`");
        assert!(compiled.success(), "the fixture compiles");
        fs::rename(half, &program).expect("the program");
        // The time is part of no fingerprint, but the classic builder's cache looks at it.
        let _ = File::options().write(true).open(&program).and_then(|file| file.set_modified(UNIX_EPOCH));
    }
    program
}

/// One at a time among all processes of the tests, until it is dropped.
fn lock(name: &str) -> File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.lock"));
    let file = File::create(path).expect("a lock file");
    file.lock().expect("a lock");
    file
}

#[tokio::test]
async fn a_bench_is_swept_when_it_is_dropped() {
    let bench = Bench::new("bench").await;
    let new = bench.sleeper("one").await;
    let id = bench.docker.create_container(&new).await.expect("a container");
    bench.docker.start_container(&id).await.expect("a start");
    bench.volume("data").await;
    bench.image_with("image", "CMD [\"sleep\"]").await;
    assert_eq!(asked(&new).container, new.container);
    let filter = format!("label={LABEL}={}", bench.prefix);
    let left = || {
        [&["ps", "-aq"][..], &["network", "ls", "-q"], &["volume", "ls", "-q"], &["images", "-q"]]
            .map(|list| docker_cli(&[list, &["--filter", &filter]].concat()))
    };
    assert!(left().iter().all(|found| !found.is_empty()));
    drop(bench);
    assert_eq!(left(), ["", "", "", ""]);
}
