//! `Docker`: a Docker engine, spoken to over its HTTP API.
//!
//! It represents one real engine: every call of `Engine` is one or two requests, and nothing is repaired or tried
//! again. `create` turns the words of the spec into the engine's, `seen` turns them back; both have to agree on every
//! field. The engine is only asked when a call needs an answer. What calls add up to is left to `host`.

mod address;
mod build;
mod containers;
mod create;
mod credentials;
mod endpoint;
mod error;
mod exec;
mod files;
mod health;
mod images;
mod inspect;
mod mounts;
mod networks;
mod pull;
mod reading;
mod seen;
mod streaming;
mod system;
mod volumes;
mod wiring;
mod words;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bollard::errors::Error;
use jiff::Timestamp;

use crate::observed::EngineFacts;
use crate::provider::Fault;
use crate::provider::engine::{
    AskedOf, Engine, Hear, Joined, Labels, LiveContainer, LiveImage, LiveNetwork, LiveVolume, NewContainer, NewFile,
    NewImage, Ran, Running,
};
use crate::resource::{Limits, Network, Reservations, Restart, Volume};

/// Where to find an engine, as far as the caller knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The address as given or as `DOCKER_HOST` has it: `unix:///var/run/docker.sock`; else the current context's.
    pub host: Option<String>,
    /// The folder of Docker's own `config.json`: contexts and credentials are read from there.
    pub docker_config_dir: Option<PathBuf>,
}

/// One Docker engine.
#[derive(Debug, Clone)]
pub struct Docker {
    api: bollard::Docker,
    /// Where it is, as people write it.
    host: String,
    deadline: Duration,
    config_dir: Option<PathBuf>,
}

impl Docker {
    /// The engine at this target. Nothing is sent yet: whether it answers is known with the first call.
    /// `call_deadline` holds for each call that has no deadline of its own.
    ///
    /// # Errors
    /// When the address is none that omni can use, or the current context cannot be read.
    pub fn connect(target: &Target, call_deadline: Duration) -> Result<Self, Fault> {
        let host = address::resolve(target)?;
        let api = address::open(&host)?;
        let config_dir = target.docker_config_dir.clone();
        Ok(Self { api, host, deadline: call_deadline, config_dir })
    }

    /// One call with the engine's usual deadline.
    async fn call<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
        self.call_within(self.deadline, call).await
    }

    /// One call with a deadline of its own.
    async fn call_within<T>(
        &self,
        deadline: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(deadline, call).await {
            Ok(answer) => answer.map_err(|error| error::fault(&error, &self.host)),
            Err(_) => Err(error::silent(deadline)),
        }
    }
}

#[async_trait]
impl Engine for Docker {
    async fn facts(&self) -> Result<EngineFacts, Fault> {
        system::facts(self).await
    }

    async fn now(&self) -> Result<Timestamp, Fault> {
        system::now(self).await
    }

    async fn create_container(&self, new: &NewContainer) -> Result<String, Fault> {
        containers::create(self, new).await
    }

    async fn join_network(&self, id: &str, joined: &Joined) -> Result<(), Fault> {
        containers::join(self, id, joined).await
    }

    async fn start_container(&self, id: &str) -> Result<(), Fault> {
        containers::start(self, id).await
    }

    async fn stop_container(&self, id: &str, grace: Duration) -> Result<(), Fault> {
        containers::stop(self, id, grace).await
    }

    async fn update_container(
        &self,
        id: &str,
        limits: Limits,
        reservations: Reservations,
        restart: Restart,
    ) -> Result<(), Fault> {
        containers::update(self, id, limits, reservations, restart).await
    }

    async fn remove_container(&self, id: &str) -> Result<(), Fault> {
        containers::remove(self, id).await
    }

    async fn container(&self, name: &str, asked: AskedOf<'_>) -> Result<Option<LiveContainer>, Fault> {
        inspect::one(self, name, asked).await
    }

    async fn containers(&self, labels: &Labels, asked: AskedOf<'_>) -> Result<Vec<LiveContainer>, Fault> {
        inspect::labelled(self, labels, asked).await
    }

    async fn put_files(&self, id: &str, files: &[NewFile]) -> Result<(), Fault> {
        files::put(self, id, files).await
    }

    async fn file(&self, id: &str, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        files::get(self, id, path).await
    }

    async fn run(&self, id: &str, command: &[String], deadline: Duration) -> Result<Ran, Fault> {
        exec::run(self, id, command, deadline).await
    }

    async fn stream(&self, id: &str, command: &[String]) -> Result<Running, Fault> {
        streaming::stream(self, id, command).await
    }

    async fn wait(&self, id: &str) -> Result<i64, Fault> {
        containers::wait(self, id).await
    }

    async fn tail(&self, id: &str, lines: usize) -> Result<Vec<String>, Fault> {
        exec::tail(self, id, lines).await
    }

    async fn create_network(&self, network: &Network, name: &str, labels: &Labels) -> Result<String, Fault> {
        networks::create(self, network, name, labels).await
    }

    async fn networks(&self, labels: &Labels) -> Result<Vec<LiveNetwork>, Fault> {
        networks::labelled(self, labels).await
    }

    async fn networks_named(&self, name: &str) -> Result<Vec<LiveNetwork>, Fault> {
        networks::named(self, name).await
    }

    async fn remove_network(&self, id: &str) -> Result<(), Fault> {
        networks::remove(self, id).await
    }

    async fn create_volume(&self, volume: &Volume, labels: &Labels) -> Result<LiveVolume, Fault> {
        volumes::create(self, volume, labels).await
    }

    async fn volumes(&self, labels: &Labels) -> Result<Vec<LiveVolume>, Fault> {
        volumes::labelled(self, labels).await
    }

    async fn volume(&self, name: &str) -> Result<Option<LiveVolume>, Fault> {
        volumes::one(self, name).await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), Fault> {
        volumes::remove(self, name).await
    }

    async fn image(&self, reference: &str) -> Result<Option<LiveImage>, Fault> {
        images::one(self, reference).await
    }

    async fn images(&self, labels: &Labels) -> Result<Vec<LiveImage>, Fault> {
        images::labelled(self, labels).await
    }

    async fn registry_digest(&self, reference: &str) -> Result<String, Fault> {
        pull::digest(self, reference).await
    }

    async fn pull(&self, reference: &str, platform: Option<&str>, hear: Hear<'_>) -> Result<(), Fault> {
        pull::pull(self, reference, platform, hear).await
    }

    async fn build(&self, new: &NewImage, hear: Hear<'_>) -> Result<String, Fault> {
        build::build(self, new, hear).await
    }

    async fn import_empty(&self, tag: &str) -> Result<(), Fault> {
        images::import_empty(self, tag).await
    }

    async fn remove_image(&self, reference: &str) -> Result<(), Fault> {
        images::remove(self, reference).await
    }
}
