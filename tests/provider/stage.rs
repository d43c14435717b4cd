//! `Stage`: one deployment on a world, on which a case plays.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use omni::address::{Address, Kind, Scope};
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::Effect;
use omni::lock::Op;
use omni::observed::Object;
use omni::plan::{Action, Change, Side};
use omni::provider::engine::Engine;
use omni::provider::host::labels;
use omni::provider::{Anchor, Fault, Observe, Order, Perform};
use omni::resource::{Attachment, Pin, Resource, Service};
use omni::template::Vault;

use crate::provider::things::{at, boxed, change, connected, container, image, network, service, volume, web};
use crate::provider::world::{Does, World};

/// One deployment on a world.
pub(crate) struct Stage<'w, W> {
    pub(crate) world: &'w W,
    pub(crate) scope: Scope,
    pub(crate) vault: Vault,
    /// Every thing as it is or will be.
    pub(crate) things: BTreeMap<Address, Resource>,
    /// The fence of the apply of now.
    pub(crate) fence: u64,
    /// Another plan's op in place of the usual one.
    pub(crate) plan: &'static str,
    /// What the changes said on the way.
    pub(crate) said: Mutex<Vec<String>>,
}

impl<'w, W: World> Stage<'w, W> {
    pub(crate) fn new(world: &'w W, name: &str) -> Self {
        let project = format!("{}{}", world.prefix(), name.replace('_', "-"));
        let scope = Scope { project, environment: Some("test".to_owned()) };
        let (vault, things) = (Vault::new(Key::new([7; 32])), BTreeMap::new());
        Self { world, scope, vault, things, fence: 1, plan: "the plan", said: Mutex::new(Vec::new()) }
    }

    pub(crate) fn op(&self) -> Op {
        Op::new(&Fingerprint::of(self.plan), "lineage", self.fence)
    }

    /// The next apply begins.
    pub(crate) fn next(&mut self) {
        self.fence += 1;
    }

    /// The name of a thing on the engine.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.scope.prefix())
    }

    pub(crate) async fn perform(&self, change: &Change) -> Result<Effect, Fault> {
        self.with_order(change, async |order| self.world.host().perform(&order).await).await
    }

    pub(crate) async fn undo(&self, change: &Change) -> Result<Effect, Fault> {
        self.with_order(change, async |order| self.world.host().undo(&order).await).await
    }

    async fn with_order<T>(&self, change: &Change, call: impl AsyncFnOnce(Order<'_>) -> T) -> T {
        let mut after: BTreeMap<_, _> = self.things.iter().collect();
        if let Some(resource) = &change.after {
            after.insert(&change.address, resource);
        }
        let op = self.op();
        let hear = |text| self.said.lock().expect("nobody panics while talking").push(text);
        call(Order {
            scope: &self.scope,
            tag: "v1",
            things: &after,
            change,
            op: &op,
            fence: self.fence,
            release: self.fence,
            vault: &self.vault,
            root: &PathBuf::from("."),
            is_lost: false,
            call_deadline: Duration::from_secs(10),
            progress: &hear,
            turned: None,
        })
        .await
    }

    /// Performs a change that has to succeed, and keeps its thing.
    pub(crate) async fn done(&mut self, change: &Change) -> Effect {
        let effect = match self.perform(change).await {
            Ok(effect) => effect,
            Err(fault) => panic!("{}: {fault} {:?} {:?}", change.address, fault.help, fault.log),
        };
        if let Some(resource) = &change.after {
            self.things.insert(change.address.clone(), resource.clone());
        }
        effect
    }

    pub(crate) async fn objects(&self, address: &Address) -> Vec<Object> {
        self.world.host().observe(&self.scope).await.expect("the engine answers").at(address).to_vec()
    }

    pub(crate) async fn fingerprint(&self) -> Fingerprint {
        self.world.host().observe(&self.scope).await.expect("the engine answers").fingerprint()
    }

    /// The side of a change that these objects are.
    pub(crate) async fn side(&self, address: &Address, ids: &[String]) -> Side {
        let objects = self.objects(address).await;
        let mine: Vec<_> = ids.iter().filter_map(|id| objects.iter().find(|object| object.id == *id)).collect();
        Side {
            resource: mine.first().expect("there is an object").resource.clone(),
            objects: ids.to_vec(),
            up: mine.iter().filter(|object| object.status.is_up()).map(|object| object.id.clone()).collect(),
            unwell: Vec::new(),
        }
    }

    /// The names of all objects that the apply of now made.
    pub(crate) async fn leftovers(&self) -> Vec<String> {
        let observed = self.world.host().observe(&self.scope).await.expect("the engine answers");
        let op = self.op();
        let all = observed.objects.values().flatten().filter(|object| object.provenance.op == op.as_str());
        all.map(|object| object.name.clone()).collect()
    }

    /// Pins what does this, and returns the service of it, on a network and with a volume.
    pub(crate) async fn service(&self, does: Does) -> Service {
        let (reference, command) = self.world.does(does);
        let pin = self.world.host().pin(&image(&reference, None)).await.expect("the image is there");
        service(connected(container(&reference, pin, command)), self.world.health())
    }

    /// The container of a job that ends with this code, on the network.
    pub(crate) async fn job(&self, code: i64) -> omni::resource::Container {
        let (reference, command) = self.world.does(Does::End(code));
        let pin: Pin = self.world.host().pin(&image(&reference, None)).await.expect("the image is there");
        let mut job = container(&reference, pin, command);
        job.networks.insert("net".to_owned(), Attachment::default());
        job
    }

    /// Makes the network and the volume that services of the contract use.
    pub(crate) async fn ground(&mut self) {
        let net = Resource::Network(network(&self.name("net")));
        self.done(&change(at(Kind::Network, "net"), Action::Create, None, Some(net))).await;
        let data = Resource::Volume(volume(&self.name("data")));
        self.done(&change(at(Kind::Volume, "data"), Action::Create, None, Some(data))).await;
    }

    /// The ground and a service on it; then the next apply begins.
    pub(crate) async fn serving(&mut self, service: &Service) -> Effect {
        self.ground().await;
        let effect = self.done(&change(web(), Action::Create, None, Some(boxed(service)))).await;
        self.next();
        effect
    }

    /// Performs a change twice and takes it back twice: in the end the world is as before and nothing is left.
    pub(crate) async fn there_and_back(&self, change: &Change) {
        let before = self.fingerprint().await;
        let first = self.perform(change).await.expect("it can be done");
        let after = self.fingerprint().await;
        assert_eq!(self.perform(change).await.expect("it can be done again"), first);
        assert_eq!(self.fingerprint().await, after, "doing it twice is doing it once");
        self.back(change).await;
        assert_eq!(self.fingerprint().await, before, "the world is as before");
    }

    /// Takes a change back twice; nothing is left of it.
    pub(crate) async fn back(&self, change: &Change) {
        let first = self.undo(change).await.expect("it can be taken back");
        assert_eq!(first.objects, change.before.as_ref().map(|side| side.objects.clone()).unwrap_or_default());
        assert_eq!(self.undo(change).await.expect("it can be taken back again"), first);
        assert_eq!(self.leftovers().await, Vec::<String>::new(), "nothing is left");
    }

    /// Removes everything, whatever came of the case.
    pub(crate) async fn clean(&self) {
        let (host, mine) = (self.world.host(), labels::scope(&self.scope));
        let engine = host.engine();
        for live in engine.containers(&mine, &|_| None).await.unwrap_or_default() {
            engine.remove_container(&live.id).await.ok();
        }
        for live in engine.networks(&mine).await.unwrap_or_default() {
            engine.remove_network(&live.id).await.ok();
        }
        for live in engine.volumes(&mine).await.unwrap_or_default() {
            engine.remove_volume(&live.volume.name).await.ok();
        }
        for live in engine.images(&mine).await.unwrap_or_default() {
            engine.remove_image(&live.id).await.ok();
        }
        if let Ok(Some(held)) = host.anchor(&self.scope).await {
            host.drop_anchor(&held).await.ok();
        }
    }
}
