//! `Engine`: the calls of a container engine that omni uses, in omni's own words.
//!
//! It represents one engine as it is: each method is one call (or one call and its read-back), with the engine's own
//! races and no repair of them. `docker` speaks to a real one, `fake` is one in memory that is as nasty. What the calls
//! add up to (making a service ready, taking it back, settling a lost answer) is left to `host`.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::observed::{EngineFacts, Status};
use crate::provider::{Ended, Fault};
use crate::resource::{Container, Health, Limits, Network, Port, Reservations, Restart, Volume};

/// Labels of an object, by name.
pub type Labels = BTreeMap<String, String>;

/// A container to be made.
#[derive(Debug, Clone)]
pub struct NewContainer {
    /// Its name, which nothing else on the engine may have.
    pub name: String,
    /// All its labels, omni's own included.
    pub labels: Labels,
    /// What it is. `environment`, `command`, `entrypoint` and the health command hold no secrets' holes any more:
    /// they were filled.
    pub container: Container,
    /// The image to make it from: an id, or a reference with a digest.
    pub image: String,
    /// Ports of the host that lead to it.
    pub ports: BTreeSet<Port>,
    /// Ports it exposes: `3000/tcp`.
    pub expose: BTreeSet<String>,
    /// The health check the engine runs; none leaves the image's own. A probe that the engine cannot run (HTTP, TCP) is
    /// left out by the engine; `Probe::Off` switches the image's own off.
    pub health: Option<Health>,
    /// The networks it is to be in, by the engine's id. It is made in the first one.
    pub networks: Vec<Joined>,
    /// The engine's names of the volumes it mounts, by their name in the spec.
    pub volumes: BTreeMap<String, String>,
}

/// A network that a container joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The network's name in the spec.
    pub node: String,
    /// The engine's id of the network.
    pub id: String,
    /// Names under which others find the container there.
    pub aliases: BTreeSet<String>,
    /// A fixed address.
    pub ipv4_address: Option<String>,
}

/// A container as the engine tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveContainer {
    /// The engine's id.
    pub id: String,
    /// Its name, without a leading slash.
    pub name: String,
    /// All its labels.
    pub labels: Labels,
    /// What it is doing.
    pub status: Status,
    /// How often the engine has started it again.
    pub restarts: u64,
    /// How its process ended; none while it runs, of which the engine forgets how it ended before.
    pub ended: Option<Ended>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The id of its image.
    pub image: String,
    /// The addresses it has now, by the engine's id of the network.
    pub addresses: BTreeMap<String, String>,
    /// The ports the host listens on for it now, with the host's port filled in; empty when it is not running.
    pub published: Vec<Port>,
    /// What it is in the words of the spec, as far as the engine can tell: see `Engine::containers`.
    pub seen: Seen,
}

/// What an engine can tell of a container in the words of the spec. Given the container that was asked for, every field
/// that the engine kept comes back just as it was asked for, whatever the engine or the image added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The fields of the container. `image`, `configs` and `depends_on` are as asked for: the engine cannot tell them.
    pub container: Container,
    /// Its published ports, as asked for.
    pub ports: BTreeSet<Port>,
    /// Its exposed ports, without those that the image or a published port brings.
    pub expose: BTreeSet<String>,
    /// Its health check where the engine runs it; `asked`'s own where the engine cannot.
    pub health: Option<Health>,
}

/// What was asked for when a container was made, so that what the engine added can be told apart from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What it was to be. Secrets are still holes.
    pub container: Container,
    /// Its published ports.
    pub ports: BTreeSet<Port>,
    /// Its exposed ports.
    pub expose: BTreeSet<String>,
    /// Its health check.
    pub health: Option<Health>,
}

/// A network as the engine tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveNetwork {
    /// The engine's id.
    pub id: String,
    /// All its labels.
    pub labels: Labels,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// What it is in the words of the spec, without omni's own labels. `subnet` is what the engine says it is.
    pub network: Network,
}

/// A volume as the engine tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveVolume {
    /// All its labels.
    pub labels: Labels,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// What it is in the words of the spec, without omni's own labels.
    pub volume: Volume,
}

/// An image as the engine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveImage {
    /// The engine's id: `sha256:…`.
    pub id: String,
    /// The registries' digests it is known by: `postgres@sha256:…`.
    pub digests: Vec<String>,
    /// Its tags: `postgres:16-alpine`.
    pub tags: Vec<String>,
    /// Its labels.
    pub labels: Labels,
    /// The health check it brings, as the words of its command; none where it brings none.
    pub health: Option<Health>,
}

/// A file to be put into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its absolute path inside.
    pub path: String,
    /// Its permissions.
    pub mode: u32,
    /// Its content.
    pub content: Vec<u8>,
}

/// How a command inside a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code.
    pub code: i64,
    /// The end of what it wrote, at most 4 KiB.
    pub output: String,
}

/// A command at work inside a container, with its streams. Whoever drops it closes them, and the command ends where it
/// heeds that.
pub struct Running {
    /// What it reads. Only shutting it down is its end: the connection stays open for what the command writes.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it writes to standard output, read to its end by whoever wants to know how the command ended.
    pub output: Pin<Box<dyn AsyncRead + Send>>,
    /// Ends with the command: its code, and the end of what it wrote to standard error.
    pub ended: BoxFuture<'static, Result<Ran, Fault>>,
}

/// A build to be done.
#[derive(Debug, Clone)]
pub struct NewImage {
    /// The tag it gets.
    pub tag: String,
    /// Its labels.
    pub labels: Labels,
    /// The Dockerfile, relative to the context.
    pub dockerfile: String,
    /// The stage to build.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// The platform.
    pub platform: Option<String>,
    /// The context as a tar archive.
    pub context: Vec<u8>,
}

/// Hears short lines on how a long call goes.
pub type Hear<'a> = &'a (dyn Fn(String) + Send + Sync);

/// One container engine. Every method has its own deadline (the one the engine was opened with, where none is passed)
/// and answers `Unknown` when that passes or the connection breaks after the request was sent; `Unreachable` when it
/// could not be sent at all.
#[async_trait]
pub trait Engine: Send + Sync {
    /// What identifies it and what it can do.
    async fn facts(&self) -> Result<EngineFacts, Fault>;

    /// The time by its own clock.
    async fn now(&self) -> Result<Timestamp, Fault>;

    /// Makes a container in the first of its networks and returns its id. `Conflict` when the name is taken, `NotFound`
    /// when the image is absent.
    async fn create_container(&self, new: &NewContainer) -> Result<String, Fault>;

    /// Lets a container join a network beside those that it is in; one that is in it already stays as it is. `Conflict`
    /// when the address is taken. That there is no such network may be noticed only when it starts.
    async fn join_network(&self, id: &str, joined: &Joined) -> Result<(), Fault>;

    /// Starts it; one that runs stays as it is. `Conflict` when a port is taken.
    async fn start_container(&self, id: &str) -> Result<(), Fault>;

    /// Stops it, with force after `grace`; one that is stopped stays as it is.
    async fn stop_container(&self, id: &str, grace: Duration) -> Result<(), Fault>;

    /// Changes limits, reservations and the restart rule where it stands.
    async fn update_container(
        &self,
        id: &str,
        limits: Limits,
        reservations: Reservations,
        restart: Restart,
    ) -> Result<(), Fault>;

    /// Removes it, running or not, with its anonymous volumes. `NotFound` when it is gone.
    async fn remove_container(&self, id: &str) -> Result<(), Fault>;

    /// The container of this name or id; none where there is none. `asked` as in `containers`.
    async fn container(&self, name: &str, asked: AskedOf<'_>) -> Result<Option<LiveContainer>, Fault>;

    /// The containers that carry all these labels, in any condition. `asked` reads what was asked for from a
    /// container's labels, so that the engine can tell its own additions apart; without an answer, `seen` has them too.
    async fn containers(&self, labels: &Labels, asked: AskedOf<'_>) -> Result<Vec<LiveContainer>, Fault>;

    /// Puts files into a container, which need not run; missing folders are made.
    async fn put_files(&self, id: &str, files: &[NewFile]) -> Result<(), Fault>;

    /// The content of one file of a container; none where there is none.
    async fn file(&self, id: &str, path: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// Runs a command inside a running container. `Unknown` after `deadline`: it may go on.
    async fn run(&self, id: &str, command: &[String], deadline: Duration) -> Result<Ran, Fault>;

    /// Begins a command inside a running container whose streams may be long: what is in them is never held as a whole.
    async fn stream(&self, id: &str, command: &[String]) -> Result<Running, Fault>;

    /// The exit code, once the container has ended. Asks again and again, so it may be cut off at any time.
    async fn wait(&self, id: &str) -> Result<i64, Fault>;

    /// The last lines it wrote, oldest first, as they are.
    async fn tail(&self, id: &str, lines: usize) -> Result<Vec<String>, Fault>;

    /// Makes a network and returns its id. Names need not be unique.
    async fn create_network(&self, network: &Network, name: &str, labels: &Labels) -> Result<String, Fault>;

    /// The networks that carry all these labels.
    async fn networks(&self, labels: &Labels) -> Result<Vec<LiveNetwork>, Fault>;

    /// The networks of this name, whoever made them.
    async fn networks_named(&self, name: &str) -> Result<Vec<LiveNetwork>, Fault>;

    /// Removes it by id. `NotFound` when it is gone, `Conflict` when a container uses it.
    async fn remove_network(&self, id: &str) -> Result<(), Fault>;

    /// Makes a volume; one that is there stays as it is, labels included, and is returned.
    async fn create_volume(&self, volume: &Volume, labels: &Labels) -> Result<LiveVolume, Fault>;

    /// The volumes that carry all these labels.
    async fn volumes(&self, labels: &Labels) -> Result<Vec<LiveVolume>, Fault>;

    /// The volume of this name; none where there is none.
    async fn volume(&self, name: &str) -> Result<Option<LiveVolume>, Fault>;

    /// Removes it by name. `NotFound` when it is gone, `Conflict` when a container uses it.
    async fn remove_volume(&self, name: &str) -> Result<(), Fault>;

    /// The image of this id, tag or digest reference; none where the engine has none.
    async fn image(&self, reference: &str) -> Result<Option<LiveImage>, Fault>;

    /// The images that carry all these labels.
    async fn images(&self, labels: &Labels) -> Result<Vec<LiveImage>, Fault>;

    /// The digest that the registry has for a reference: `sha256:…`. `NotFound`, `Denied` as the registry says.
    async fn registry_digest(&self, reference: &str) -> Result<String, Fault>;

    /// Pulls an image by reference, which may hold a digest.
    async fn pull(&self, reference: &str, platform: Option<&str>, hear: Hear<'_>) -> Result<(), Fault>;

    /// Builds an image and returns its id.
    async fn build(&self, new: &NewImage, hear: Hear<'_>) -> Result<String, Fault>;

    /// Makes an image without content under this tag, if there is none.
    async fn import_empty(&self, tag: &str) -> Result<(), Fault>;

    /// Removes an image by reference or id. `NotFound` when it is gone, `Conflict` when a container uses it.
    async fn remove_image(&self, reference: &str) -> Result<(), Fault>;
}

/// Reads what was asked for from a container's labels; none where they do not say.
pub type AskedOf<'a> = &'a (dyn Fn(&Labels) -> Option<Asked> + Send + Sync);
