//! `World`: a large made-up deployment, as all that a plan is made from; the same one each time for one size.
//!
//! It is a random graph without circles: most things are services with a realistic container, each of which requires up to
//! three earlier ones, one of a few images, one or two networks, and in part a volume. What is measured on it is left to the
//! benchmarks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use omni::address::{Address, Kind, Scope};
use omni::fingerprint::{Fingerprint, Key};
use omni::observed::{EngineFacts, Object, Observed, Provenance, Status};
use omni::plan::{Inputs, Plan, Purpose, Selection};
use omni::release::{Recorded, Release};
use omni::resource::{Attachment, Condition, Mount, MountSource, Resource};
use omni::spec::{Files, Request, Spec};
use omni::template::Template;

/// How many of a hundred things are no services.
const IMAGES: usize = 1;
const NETWORKS: usize = 1;
const VOLUMES: usize = 8;

const TEMPLATE: &str = r#"
[project]
name = "shop"
[networks.inside]
[volumes.data]
[services.web]
image = "shop/web:1.8.0"
environment = { PORT = "8080", LOG_LEVEL = "info", QUEUE_BATCH = "50", CACHE = "redis://cache:6379/0", REGION = "eu" }
networks = ["inside"]
volumes = ["data:/var/lib/web"]
healthcheck = { test = ["/web", "health"], interval = "5s", timeout = "3s", retries = 3 }
user = "1000:1000"
read_only = true
cap_drop = ["ALL"]
init = true
resources.limits = { cpus = 0.5, memory = "1MiB", pids = 64 }
"#;

/// What is there before the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Nothing: everything is made.
    First,
    /// Just what is wanted: nothing changes.
    Unchanged,
    /// What is wanted, but for one service.
    OneChanged,
}

impl Case {
    pub(crate) const ALL: [Self; 3] = [Self::First, Self::Unchanged, Self::OneChanged];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First => "all new",
            Self::Unchanged => "no changes",
            Self::OneChanged => "one changed",
        }
    }
}

/// All that a plan is made from.
pub(crate) struct World {
    scope: Scope,
    desired: BTreeMap<Address, Resource>,
    head: Option<Release>,
    observed: Observed,
    images: BTreeSet<Address>,
    selection: Selection,
}

impl World {
    /// A deployment of `size` things.
    pub(crate) fn new(size: usize, case: Case) -> Self {
        let scope = Scope { project: "shop".into(), environment: None };
        let mut desired = things(size);
        let is_first = case == Case::First;
        let mut observed =
            Observed { engine: engine(), objects: BTreeMap::new(), databases: BTreeMap::new(), key: None };
        let mut head = None;
        if !is_first {
            let there = desired.iter().filter(|(address, _)| address.kind() != Kind::Image);
            observed.objects = there.map(|(address, thing)| (address.clone(), vec![object(address, thing)])).collect();
            head = Some(release(&scope, &desired));
        }
        if case == Case::OneChanged {
            let mut services = desired.values_mut().filter_map(Resource::container_mut);
            let changed = services.next().expect("a world has services");
            changed.environment.insert("QUEUE_BATCH".into(), Template::plain("200"));
        }
        let images = desired.keys().filter(|address| !is_first && address.kind() == Kind::Image).cloned().collect();
        Self { scope, desired, head, observed, images, selection: Selection::default() }
    }

    /// The plan.
    pub(crate) fn plan(&self) -> Plan {
        let inputs = Inputs {
            scope: &self.scope,
            purpose: &Purpose::Apply,
            tag: "v2",
            spec: Fingerprint::of("spec"),
            desired: &self.desired,
            head: self.head.as_ref(),
            lineage: "lineage",
            observed: &self.observed,
            images: &self.images,
            worths: &BTreeMap::new(),
            selection: &self.selection,
        };
        Plan::build(&inputs).expect("the world can be planned")
    }
}

fn things(size: usize) -> BTreeMap<Address, Resource> {
    let template = resolve(TEMPLATE).resources;
    let like = |kind| template.values().find(|thing| thing.kind() == kind).expect("the template has each kind").clone();
    let of = |kind, share: usize| {
        let (like, count) = (like(kind), (size * share / 100).max(1));
        (0..count).map(move |at| (name(kind, at), like.clone()))
    };
    let mut found: BTreeMap<_, _> =
        of(Kind::Image, IMAGES).chain(of(Kind::Network, NETWORKS)).chain(of(Kind::Volume, VOLUMES)).collect();
    let counts =
        [Kind::Image, Kind::Network, Kind::Volume].map(|kind| found.keys().filter(|a| a.kind() == kind).count());
    let (service, mut dice) = (like(Kind::Service), Dice(1));
    for at in 0..size.saturating_sub(found.len()).max(1) {
        found.insert(name(Kind::Service, at), wired(service.clone(), at, counts, &mut dice));
    }
    found
}

fn wired(mut service: Resource, at: usize, [images, networks, volumes]: [usize; 3], dice: &mut Dice) -> Resource {
    let container = service.container_mut().expect("a service has a container");
    name(Kind::Image, dice.below(images)).name().clone_into(&mut container.image.node);
    let joined = (0..=dice.below(2)).map(|_| name(Kind::Network, dice.below(networks)).name().to_owned());
    container.networks = joined.map(|network| (network, Attachment::default())).collect();
    container.volumes.clear();
    if at < volumes {
        let source = MountSource::Volume(name(Kind::Volume, at).name().to_owned());
        container.volumes.insert("/var/lib/web".into(), Mount { source, read_only: false });
    }
    let required = (0..dice.below(4).min(at)).map(|_| name(Kind::Service, dice.below(at)));
    container.depends_on = required.map(|other| (other, Condition::Healthy)).collect();
    service
}

fn name(kind: Kind, at: usize) -> Address {
    Address::new(kind, format!("{}-{at:06}", kind.word()))
}

fn object(address: &Address, thing: &Resource) -> Object {
    let is_service = address.kind() == Kind::Service;
    Object {
        id: Fingerprint::of(address).to_string(),
        name: format!("shop-{}", address.name()),
        resource: thing.clone(),
        provenance: Provenance {
            op: "op".into(),
            fence: 1,
            release: 1,
            tag: "v1".into(),
            replica: 1,
            created: Some(Timestamp::UNIX_EPOCH),
        },
        status: if is_service { Status::Running { since: None, healthy: None } } else { Status::Present },
    }
}

fn release(scope: &Scope, things: &BTreeMap<Address, Resource>) -> Release {
    let recorded = |(address, thing): (&Address, &Resource)| {
        let objects = vec![Fingerprint::of(address).to_string()];
        (address.clone(), Recorded { resource: thing.clone(), objects, took: None, tainted: false })
    };
    Release {
        number: 1,
        tag: "v1".into(),
        scope: scope.clone(),
        plan: Fingerprint::of("plan"),
        spec: Fingerprint::of("spec"),
        at: Timestamp::UNIX_EPOCH,
        by: "ci@here".into(),
        rollback_of: None,
        resources: things.iter().map(recorded).collect(),
        world: Fingerprint::of("world"),
        databases: BTreeMap::new(),
        without_backup: Vec::new(),
    }
}

fn engine() -> EngineFacts {
    EngineFacts {
        id: "engine".into(),
        version: "docker".into(),
        host: "unix:///var/run/docker.sock".into(),
        memory: 1 << 40,
        cpus: 2,
        platform: "linux/amd64".into(),
    }
}

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("there is no `{path}`"))
    }

    fn find(&self, _: &str) -> Result<(), String> {
        Err("there are no files".to_owned())
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        Err(format!("there is no `{folder}`"))
    }

    fn context(&self, context: &str, _: &str) -> Result<Fingerprint, String> {
        Err(format!("there is no `{context}`"))
    }
}

/// The spec that a text says.
pub(crate) fn resolve(text: &str) -> Spec {
    let request = Request {
        text,
        file_name: "deploy.toml",
        root: Path::new("/shop"),
        environment: None,
        variables: &BTreeMap::new(),
        key: &Key::unset(),
        profiles: &[],
        files: &NoFiles,
    };
    Spec::resolve(&request).unwrap_or_else(|problems| panic!("{problems:?}")).0
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        // The constants of Knuth's generator; its high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}
