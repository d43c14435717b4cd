//! A server that is there for one proof: a container of the very image that a service runs.
//!
//! Nothing of the service's own is in it: no port, no volume, no network, no command and no secret. What it gets of the
//! service's environment is what the image needs to make the same kind of server. It stands alone in a network that
//! leads nowhere but to this machine: what runs on it reaches nobody. The labels of both say which process made them
//! and when, so that what a crash left behind is known and removed. What is run on it is left to `site`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::address::{Address, Scope};
use crate::lock::Holder;
use crate::observed::Status;
use crate::plain::plain;
use crate::provider::engine::{Engine, Joined, Labels, LiveContainer, LiveNetwork, NewContainer};
use crate::provider::host::calls::LINGERS;
use crate::provider::host::{Host, labels};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Container, ImageUse, Limits, Network, Ulimit};
use crate::template::Template;
use crate::units::Bytes;

/// The label of a scratch container, and its one value.
const SCRATCH: &str = "omni.scratch";
const SERVER: &str = "server";
/// Who made it, and when by the engine's clock.
const HOLDER: &str = "omni.holder";
const SINCE: &str = "omni.since";
/// The name of its network in the words of a spec.
const NODE: &str = "scratch";
/// After how long one whose maker cannot be asked was left behind by a crash.
const ABANDONED: Duration = Duration::from_hours(24);
/// How many lines of one that ended are told.
const LINES: usize = 20;

/// What a scratch server is made after.
#[derive(Debug, Clone)]
pub(in crate::provider) struct Model {
    /// The image as people know it: `postgres:15`.
    pub(in crate::provider) reference: String,
    image: String,
    environment: BTreeMap<String, Template>,
    limits: Limits,
    shm_size: Option<Bytes>,
    ulimits: BTreeMap<String, Ulimit>,
}

impl<E: Engine> Host<E> {
    /// What a scratch server for a service is made after; none where the engine has no container of it.
    pub(in crate::provider) async fn model(&self, scope: &Scope, service: &str) -> Result<Option<Model>, Fault> {
        let found = self.calls().containers(&labels::node(scope, &Address::service(service))).await?;
        let real = found.into_iter().filter(|live| labels::resource(&live.labels).is_some());
        Ok(real.max_by_key(|live| (live.status.is_up(), labels::fence(&live.labels))).map(Model::of))
    }

    /// Makes a scratch server under a name and starts it. `own` are the variables that only it has; with `settings` it
    /// is started as `postgres -c SETTING`, else as its image says.
    pub(in crate::provider) async fn start_scratch(
        &self,
        scope: &Scope,
        name: &str,
        model: &Model,
        own: &[(&str, &str)],
        settings: &[String],
        holder: &Holder,
    ) -> Result<(), Fault> {
        let calls = self.calls();
        let since = calls.read(|| self.engine.now()).await?;
        let mut all = wanted(scope);
        all.extend([
            (HOLDER.to_owned(), serde_json::to_string(holder).unwrap_or_default()),
            (SINCE.to_owned(), since.to_string()),
        ]);
        let network = Network {
            name: name.to_owned(),
            external: false,
            driver: "bridge".to_owned(),
            options: BTreeMap::new(),
            subnet: None,
            internal: true,
            labels: BTreeMap::new(),
        };
        let id = calls.settled(|| self.engine.create_network(&network, name, &all)).await?;
        let joined = Joined { node: NODE.to_owned(), id, aliases: BTreeSet::new(), ipv4_address: None };
        let mut new = model.container(own, settings);
        (new.name, new.labels, new.networks) = (name.to_owned(), all, vec![joined]);
        let id = calls.create(&new).await?;
        calls.start(&id).await
    }

    /// Where a scratch server is; none while it has no address yet.
    ///
    /// # Errors
    /// With the last lines it wrote, when it has ended.
    pub(in crate::provider) async fn scratch_address(&self, name: &str) -> Result<Option<String>, Fault> {
        let live = self.scratch(name).await?;
        if let Status::Exited { .. } = live.status {
            let lines = self.calls().read(|| self.engine.tail(&live.id, LINES)).await.unwrap_or_default();
            let how = live.ended.map_or_else(|| "ended".to_owned(), |ended| ended.to_string());
            let text = format!("the scratch container of `{}` {how}", plain(&live.seen.container.image.reference));
            return Err(Fault::new(FaultKind::Failed, text).log(lines.iter().map(|line| plain(line)).collect()));
        }
        Ok(live.addresses.into_values().find(|address| !address.is_empty()))
    }

    /// The container of a scratch server.
    ///
    /// # Errors
    /// When it is gone, or the engine does not answer.
    pub(in crate::provider) async fn scratch(&self, name: &str) -> Result<LiveContainer, Fault> {
        let gone = || Fault::new(FaultKind::Failed, format!("somebody removed the scratch container `{name}`"));
        self.calls().container(name).await?.ok_or_else(gone)
    }

    /// Removes a scratch server with all that is in it. Where its making was cut off (`is_late`), it may yet appear.
    pub(in crate::provider) async fn remove_scratch(&self, name: &str, is_late: bool) -> Result<(), Fault> {
        let calls = self.calls();
        let look = || async { Ok(calls.container(name).await?.into_iter().collect()) };
        let remove = |live: LiveContainer| async move { self.calls().remove(&live.id).await };
        let late = if is_late { LINGERS } else { Duration::ZERO };
        calls.sweep(late, look, remove).await?;
        let look = || async { calls.read(|| self.engine.networks_named(name)).await };
        calls.sweep(late, look, |live: LiveNetwork| async move { self.unlink(&live.id).await }).await
    }

    async fn unlink(&self, network: &str) -> Result<(), Fault> {
        self.calls().gone(|| self.engine.remove_network(network)).await
    }

    /// Removes the scratch servers of a deployment that crashes left behind, with their networks. Answers their names.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn sweep_scratch(&self, scope: &Scope) -> Result<Vec<String>, Fault> {
        let left = self.left_scratch(scope).await?;
        for name in &left {
            self.remove_scratch(name, false).await?;
        }
        Ok(left)
    }

    /// The names of the scratch servers of a deployment that crashes left behind.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn left_scratch(&self, scope: &Scope) -> Result<Vec<String>, Fault> {
        let (calls, wanted) = (self.calls(), wanted(scope));
        let (networks, containers) = (calls.networks(&wanted).await?, calls.containers(&wanted).await?);
        let networks = networks.into_iter().map(|live| (live.network.name, live.labels));
        let all: BTreeMap<_, _> = networks.chain(containers.into_iter().map(|live| (live.name, live.labels))).collect();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let now = calls.read(|| self.engine.now()).await?;
        let is_left = |labels: &Labels| {
            let holder = labels.get(HOLDER).and_then(|text| serde_json::from_str::<Holder>(text).ok());
            let is_alive = holder.and_then(|holder| (self.alive)(&holder));
            !is_alive.unwrap_or_else(|| is_young(labels, now))
        };
        Ok(all.into_iter().filter(|(_, labels)| is_left(labels)).map(|(name, _)| name).collect())
    }
}

/// The labels that every scratch server of a deployment carries.
fn wanted(scope: &Scope) -> Labels {
    let mut wanted = labels::scope(scope);
    wanted.insert(SCRATCH.to_owned(), SERVER.to_owned());
    wanted
}

fn is_young(labels: &Labels, now: Timestamp) -> bool {
    let since = labels.get(SINCE).and_then(|text| text.parse::<Timestamp>().ok());
    since.is_some_and(|since| now < since + ABANDONED)
}

impl Model {
    fn of(live: LiveContainer) -> Self {
        let container = live.seen.container;
        let is_wanted = |name: &str, value: &Template| is_of_the_kind(name) && !value.is_secret();
        Self {
            reference: container.image.reference,
            image: live.image,
            environment: container.environment.into_iter().filter(|(name, value)| is_wanted(name, value)).collect(),
            limits: container.limits,
            shm_size: container.shm_size,
            ulimits: container.ulimits,
        }
    }

    fn container(&self, own: &[(&str, &str)], settings: &[String]) -> NewContainer {
        let image = ImageUse { node: String::new(), reference: self.reference.clone(), pin: None };
        let mut environment = self.environment.clone();
        environment.extend(own.iter().map(|(name, value)| ((*name).to_owned(), Template::plain(*value))));
        let words = settings.iter().flat_map(|setting| ["-c".to_owned(), setting.clone()]);
        let words: Vec<_> = std::iter::once("postgres".to_owned()).chain(words).map(Template::plain).collect();
        NewContainer {
            name: String::new(),
            labels: Labels::new(),
            image: self.image.clone(),
            ports: BTreeSet::new(),
            expose: BTreeSet::new(),
            health: None,
            networks: Vec::new(),
            volumes: BTreeMap::new(),
            container: Container {
                command: (!settings.is_empty()).then_some(words),
                environment,
                limits: self.limits,
                shm_size: self.shm_size,
                ulimits: self.ulimits.clone(),
                ..Container::bare(image)
            },
        }
    }
}

/// Whether a variable says what kind of server the image makes: how its files are made, its language and its zone.
/// Accounts, files and folders are the service's own.
fn is_of_the_kind(name: &str) -> bool {
    matches!(name, "POSTGRES_INITDB_ARGS" | "LANG" | "LANGUAGE" | "TZ") || name.starts_with("LC_")
}

#[cfg(test)]
mod tests {
    use super::is_of_the_kind;

    #[test]
    fn nothing_of_the_services_own_is_taken() {
        for name in ["POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRES_USER", "PGDATA", "PGPASSWORD", "LD_PATH"]
        {
            assert!(!is_of_the_kind(name), "{name}");
        }
        for name in ["POSTGRES_INITDB_ARGS", "LC_ALL", "LANG", "TZ"] {
            assert!(is_of_the_kind(name), "{name}");
        }
    }
}
