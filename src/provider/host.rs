//! `Host`: the traits of the room on any container engine.
//!
//! It represents what omni means by a change done or taken back: settled where an answer was lost, ready by measure,
//! and repeatable at any point by any process. It keeps nothing between two calls; what is so is asked of the engine.
//! What a single call does is left to the `Engine`; which change is done when, to `apply`.

mod anchor;
mod calls;
mod images;
mod jobs;
pub mod labels;
mod make;
pub mod names;
mod networks;
mod observe;
mod ports;
mod ready;
mod restore;
mod scratch;
mod services;
mod undo;
mod update;
mod volumes;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::address::{Address, Kind, Scope};
use crate::failpoint::hastened;
use crate::fingerprint::Fingerprint;
use crate::journal::Effect;
use crate::lock::{Held, Holder, LONGEST_CALL};
use crate::observed::{EngineFacts, Object, Observed};
use crate::plain::plain;
use crate::plan::Action;
use crate::provider::engine::{Engine, LiveContainer};
use crate::provider::{Anchor, Fault, FaultKind, Observe, Order, Perform, Taking};
use crate::resource::{Build, Image, Pin, Resource};

use calls::Calls;
pub(in crate::provider) use scratch::Model;

/// The context of a build, ready to be sent.
#[derive(Debug, Clone)]
pub struct BuildFiles {
    /// The fingerprint of every file in it.
    pub content: Fingerprint,
    /// All of it as a tar archive.
    pub tar: Vec<u8>,
}

/// Reads the context of a build below the folder of deploy.toml, or says why it cannot.
pub type ReadContext = fn(&Path, &Build) -> Result<BuildFiles, String>;

/// Whether the process of a holder lives; none where that cannot be told from this machine.
pub type IsAlive = fn(&Holder) -> Option<bool>;

/// Tries from the outside whether a container answers.
#[async_trait]
pub trait Probes: Send + Sync {
    /// The status that `GET path` is answered with.
    ///
    /// # Errors
    /// When nobody answers in time.
    async fn http(&self, addr: SocketAddr, host: &str, path: &str, deadline: Duration) -> Result<u16, Fault>;

    /// Whether a connection is accepted.
    ///
    /// # Errors
    /// When it is not, in time.
    async fn tcp(&self, addr: SocketAddr, deadline: Duration) -> Result<(), Fault>;
}

/// The traits of the room on one engine.
pub struct Host<E> {
    engine: E,
    probes: Arc<dyn Probes>,
    contexts: ReadContext,
    alive: IsAlive,
}

impl<E: Engine> Host<E> {
    /// The host of this engine, with what it needs from this machine.
    pub fn new(engine: E, probes: Arc<dyn Probes>, contexts: ReadContext, alive: IsAlive) -> Self {
        Self { engine, probes, contexts, alive }
    }

    /// The engine.
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// An address at which a running container of a service is reached from this machine; none where none runs.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn address_of(&self, scope: &Scope, service: &str) -> Result<Option<String>, Fault> {
        let up = self.up(scope, service).await?.into_iter();
        Ok(up.flat_map(|live| live.addresses.into_values()).find(|address| !address.is_empty()))
    }

    /// The containers of a service that run.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn up(&self, scope: &Scope, service: &str) -> Result<Vec<LiveContainer>, Fault> {
        let found = self.calls().containers(&labels::node(scope, &Address::service(service))).await?;
        Ok(found.into_iter().filter(|live| live.status.is_up()).collect())
    }

    fn calls(&self) -> Calls<'_, E> {
        Calls { engine: &self.engine, deadline: hastened(LONGEST_CALL) }
    }
}

/// One order being done or taken back.
struct Doing<'a, E> {
    host: &'a Host<E>,
    order: Order<'a>,
    calls: Calls<'a, E>,
}

impl<'a, E: Engine> Doing<'a, E> {
    fn new(host: &'a Host<E>, order: &Order<'a>) -> Self {
        Self { host, order: *order, calls: Calls { engine: &host.engine, deadline: order.call_deadline } }
    }

    /// The ids that served at the address before.
    fn before(&self) -> Vec<String> {
        self.order.change.before.as_ref().map(|side| side.objects.clone()).unwrap_or_default()
    }

    /// The thing as it is to be; a plan without one for this action is a fault of the plan.
    fn wanted(&self) -> Result<&'a Resource, Fault> {
        self.order.change.after.as_ref().ok_or_else(|| {
            Fault::new(FaultKind::Failed, format!("the plan does not say what {} is to be", self.order.address()))
        })
    }

    /// What is asked for is nothing of a container engine.
    fn none_of_the_engines(&self) -> Fault {
        Fault::new(FaultKind::Failed, format!("{} is nothing that an engine has", self.order.address()))
    }

    async fn perform(&self) -> Result<Effect, Fault> {
        let kept = || Effect { objects: self.before(), note: String::new() };
        match (self.order.change.action, self.order.address().kind()) {
            (Action::Keep, _) => Ok(kept()),
            (Action::Delete, Kind::Service) => self.stop_service().await,
            // Others are removed when nothing that is kept needs them any more, which is not here.
            (Action::Delete, _) => Ok(Effect { objects: Vec::new(), note: String::new() }),
            _ => match self.wanted()? {
                Resource::Image(image) => self.bring_image(image).await,
                Resource::Network(network) => self.make_network(network).await,
                Resource::Volume(volume) => self.make_volume(volume).await,
                Resource::Job(job) => self.run_job(job).await,
                Resource::Service(service) => self.bring_service(service).await,
                Resource::Database(_) | Resource::Backup(_) | Resource::Proof(_) | Resource::Migration(_) => {
                    Err(self.none_of_the_engines())
                }
            },
        }
    }
}

#[async_trait]
impl<E: Engine> Observe for Host<E> {
    async fn facts(&self) -> Result<EngineFacts, Fault> {
        self.calls().read(|| self.engine.facts()).await
    }

    async fn observe(&self, scope: &Scope) -> Result<Observed, Fault> {
        observe::observe(&self.calls(), scope).await
    }

    async fn built(&self, scope: &Scope) -> Result<Vec<(Address, Object)>, Fault> {
        images::built(&self.calls(), scope).await
    }

    async fn pin(&self, image: &Image) -> Result<Pin, Fault> {
        images::pin(&self.calls(), image).await
    }

    async fn has_image(&self, scope: &Scope, image: &Image, name: &str) -> Result<bool, Fault> {
        Ok(self.calls().image(&names::image(scope, name, image)).await?.is_some())
    }

    async fn tail(&self, object: &str, lines: usize) -> Result<Vec<String>, Fault> {
        let found = self.calls().read(|| self.engine.tail(object, lines)).await?;
        Ok(found.iter().map(|line| plain(line)).collect())
    }
}

#[async_trait]
impl<E: Engine> Perform for Host<E> {
    async fn perform(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        Doing::new(self, order).perform().await
    }

    async fn undo(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        Doing::new(self, order).undo().await
    }

    async fn raise(&self, order: &Order<'_>, ids: &[String], is_new: bool) -> Result<(), Fault> {
        Doing::new(self, order).raise(ids, is_new).await
    }

    async fn remove(&self, address: &Address, id: &str) -> Result<(), Fault> {
        let calls = self.calls();
        match address.kind() {
            Kind::Image => calls.gone(|| self.engine.remove_image(id)).await,
            Kind::Network => calls.gone(|| self.engine.remove_network(id)).await,
            Kind::Volume => calls.gone(|| self.engine.remove_volume(id)).await,
            Kind::Job | Kind::Service => match calls.container(id).await? {
                Some(live) if live.status.is_up() => {
                    Err(Fault::new(FaultKind::Conflict, format!("container `{}` runs", plain(&live.name))))
                }
                Some(live) => calls.remove(&live.id).await,
                None => Ok(()),
            },
            Kind::Database | Kind::Backup | Kind::Proof | Kind::Migration => Ok(()),
        }
    }
}

#[async_trait]
impl<E: Engine> Anchor for Host<E> {
    async fn anchor(&self, scope: &Scope) -> Result<Option<Held>, Fault> {
        anchor::read(&self.calls(), scope).await
    }

    async fn take_anchor(&self, scope: &Scope, holder: &Holder, fence: u64) -> Result<Taking, Fault> {
        anchor::take(&self.calls(), self.alive, scope, holder, fence).await
    }

    async fn renew_anchor(&self, held: &Held) -> Result<(), Fault> {
        anchor::renew(&self.calls(), held).await
    }

    async fn drop_anchor(&self, held: &Held) -> Result<(), Fault> {
        self.calls().remove(&held.id).await
    }
}
