//! `Site`: the traits of the room on a container engine and the databases of a deployment.
//!
//! What an engine has goes to the `Host`; a database, its migrations and its backups are done here, each on a session
//! of its own that has the database to itself. Whoever reads a plan cannot tell the two apart.

mod backups;
mod proofs;
pub mod proving;
mod reach;
mod seen;
mod steps;
mod watching;
mod workshop;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::address::{Address, Kind, Scope};
use crate::journal::Effect;
use crate::lock::{Held, Holder};
use crate::migration::Script;
use crate::observed::{EngineFacts, Object, Observed};
use crate::provider::backup::tools::host::HostTools;
use crate::provider::backup::{Keys, Tools};
use crate::provider::database::Connect;
use crate::provider::engine::Engine;
use crate::provider::host::Host;
use crate::provider::{Anchor, Fault, Observe, Order, Perform, Taking};
use crate::resource::{Database, Image, Pin, Resource};
use crate::template::Template;

pub use reach::{OWN, target};
pub use seen::told;
pub use steps::script;
pub use workshop::{Evidence, Workshop};

/// A database of the deployment that can be asked.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its name in deploy.toml.
    pub name: String,
    /// What it is.
    pub database: Database,
    /// Where it is, with every secret filled in.
    pub url: String,
    /// Its migrations in order: what the rows of some ledgers mean is known by their files alone.
    pub scripts: Vec<Script>,
}

impl Known {
    /// The databases among these things, with their migrations. `fill` fills in the secrets of a URL.
    ///
    /// # Errors
    /// The first URL that cannot be filled in.
    pub fn among<E>(
        resources: &BTreeMap<Address, Resource>,
        root: &Path,
        fill: impl Fn(&Template) -> Result<String, E>,
    ) -> Result<Vec<Self>, E> {
        let databases = resources.iter().filter_map(|(address, resource)| Some((address, resource.database()?)));
        let known = databases.map(|(address, database)| {
            Ok(Self {
                name: address.name().to_owned(),
                database: database.clone(),
                url: rooted(&fill(&database.url)?, root),
                scripts: steps::chain(resources, address.name()),
            })
        });
        known.collect()
    }
}

/// The traits of the room on an engine and the databases of a deployment.
pub struct Site<E> {
    host: Host<E>,
    connect: Arc<dyn Connect>,
    known: Vec<Known>,
    tools: Arc<dyn Tools>,
    keys: Keys,
    workshop: Workshop,
}

impl<E: Engine> Site<E> {
    /// The site of this host, with the databases that can be asked.
    pub fn new(host: Host<E>, connect: Arc<dyn Connect>, known: Vec<Known>) -> Self {
        let (tools, keys) = (Arc::new(HostTools::default()), Keys::default());
        Self { host, connect, known, tools, keys, workshop: Workshop::default() }
    }

    /// The same site, whose servers are dumped and restored by other programs than those of this machine.
    #[must_use]
    pub fn with_tools(self, tools: Arc<dyn Tools>) -> Self {
        Self { tools, ..self }
    }

    /// The same site, which can open backups that are encrypted.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }

    /// The same site, whose proofs are made in this workshop.
    #[must_use]
    pub fn with_workshop(self, workshop: Workshop) -> Self {
        Self { workshop, ..self }
    }

    /// The engine, as what runs on it is meant.
    pub const fn host(&self) -> &Host<E> {
        &self.host
    }

    /// The engine.
    pub const fn engine(&self) -> &E {
        self.host.engine()
    }
}

#[async_trait]
impl<E: Engine> Observe for Site<E> {
    async fn facts(&self) -> Result<EngineFacts, Fault> {
        self.host.facts().await
    }

    async fn observe(&self, scope: &Scope) -> Result<Observed, Fault> {
        // The engine last: what stopped while a database was asked is not told as running.
        let databases = self.seen(scope).await;
        Ok(Observed { databases, ..self.host.observe(scope).await? })
    }

    async fn built(&self, scope: &Scope) -> Result<Vec<(Address, Object)>, Fault> {
        self.host.built(scope).await
    }

    async fn pin(&self, image: &Image) -> Result<Pin, Fault> {
        self.host.pin(image).await
    }

    async fn has_image(&self, scope: &Scope, image: &Image, name: &str) -> Result<bool, Fault> {
        self.host.has_image(scope, image, name).await
    }

    async fn tail(&self, object: &str, lines: usize) -> Result<Vec<String>, Fault> {
        self.host.tail(object, lines).await
    }
}

/// Whether a change is done to a database, not to an engine.
fn is_of_databases(address: &Address) -> bool {
    matches!(address.kind(), Kind::Database | Kind::Backup | Kind::Proof | Kind::Migration)
}

#[async_trait]
impl<E: Engine> Perform for Site<E> {
    async fn perform(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        if is_of_databases(order.address()) { self.done(order).await } else { self.host.perform(order).await }
    }

    async fn undo(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        if is_of_databases(order.address()) { self.undone(order).await } else { self.host.undo(order).await }
    }

    async fn raise(&self, order: &Order<'_>, ids: &[String], is_new: bool) -> Result<(), Fault> {
        self.host.raise(order, ids, is_new).await
    }

    async fn remove(&self, address: &Address, id: &str) -> Result<(), Fault> {
        self.host.remove(address, id).await
    }
}

#[async_trait]
impl<E: Engine> Anchor for Site<E> {
    async fn anchor(&self, scope: &Scope) -> Result<Option<Held>, Fault> {
        self.host.anchor(scope).await
    }

    async fn take_anchor(&self, scope: &Scope, holder: &Holder, fence: u64) -> Result<Taking, Fault> {
        self.host.take_anchor(scope, holder, fence).await
    }

    async fn renew_anchor(&self, held: &Held) -> Result<(), Fault> {
        self.host.renew_anchor(held).await
    }

    async fn drop_anchor(&self, held: &Held) -> Result<(), Fault> {
        self.host.drop_anchor(held).await
    }
}

/// The path of a SQLite file, made absolute below the folder of deploy.toml; other URLs stay as they are.
#[must_use]
pub fn rooted(url: &str, root: &Path) -> String {
    let Some(rest) = url.strip_prefix("sqlite:") else { return url.to_owned() };
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let path = root.join(path.strip_prefix("//").unwrap_or(path));
    match query {
        Some(query) => format!("sqlite:{}?{query}", path.display()),
        None => format!("sqlite:{}", path.display()),
    }
}
