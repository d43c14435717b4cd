//! `Theatre`: one engine, one store and the plays on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use omni::address::{Kind, Scope};
use omni::apply::{self, Aborted, Ended, Limits, OnInterrupt, Session, Stop};
use omni::clock::Clock;
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::{Apply, Direction, Outcome, Record};
use omni::lock::{Held, Holder, Op};
use omni::observed::Observed;
use omni::plan::{Inputs, Plan, Purpose, Selection};
use omni::provider::fake::{Behaviour, FakeEngine};
use omni::provider::host::{BuildFiles, Host};
use omni::provider::{Anchor, Observe, Taking};
use omni::report::Silent;
use omni::resource::{Build, Resource};
use omni::spec::{Files, Request, Spec};
use omni::store::{Locking, Machine, Memory, Store};
use omni::template::Vault;
use tokio::sync::mpsc;

/// A clock that stands still: nothing in an apply may depend on it.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

pub(crate) struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Err("there are no files".to_owned())
    }

    fn find(&self, _: &str) -> Result<(), String> {
        Err("there are no files".to_owned())
    }

    fn context(&self, _context: &str, _dockerfile: &str) -> Result<Fingerprint, String> {
        Err("there are no files".to_owned())
    }
}

pub(crate) fn no_context(_root: &Path, _build: &Build) -> Result<BuildFiles, String> {
    Err("there are no files".to_owned())
}

/// One engine, one store.
pub(crate) struct Theatre {
    pub(crate) engine: FakeEngine,
    pub(crate) host: Host<FakeEngine>,
    pub(crate) store: Memory,
    /// The variables that specs can use.
    pub(crate) variables: BTreeMap<String, String>,
    /// When SIGINT comes, after the beginning of a run.
    pub(crate) interrupt: Option<Duration>,
    /// The values of the spec that was planned last.
    vault: Vault,
    scope: Scope,
    key: Key,
}

/// The locks of one play.
pub(crate) struct Locks {
    fence: u64,
    anchor: Held,
}

impl Theatre {
    pub(crate) fn new() -> Self {
        let engine = FakeEngine::new().with_deadline(Duration::from_secs(5));
        engine.load_image("shop/serve:1", Behaviour::Serves(Duration::from_millis(120)), None);
        let host = Host::new(engine.clone(), Arc::new(engine.clone()), no_context, |_| Some(false));
        let (scope, key) = (Scope { project: "shop".to_owned(), environment: None }, Key::new([9; 32]));
        let machine = Machine::new(|| Timestamp::UNIX_EPOCH, |_| Some(false));
        let store = Memory::new(scope.clone(), "lineage", key.clone(), machine);
        let vault = Vault::new(key.clone());
        Self { engine, host, store, variables: BTreeMap::new(), interrupt: None, vault, scope, key }
    }

    pub(crate) async fn observed(&self) -> Observed {
        self.host.observe(&self.scope).await.expect("the engine answers")
    }

    pub(crate) async fn fingerprint(&self) -> Fingerprint {
        self.observed().await.fingerprint()
    }

    /// The plan that reaches a spec from what is there.
    pub(crate) async fn plan(&mut self, text: &str) -> Plan {
        let request = Request {
            text,
            file_name: "deploy.toml",
            root: Path::new("/"),
            environment: None,
            variables: &self.variables,
            key: &self.key,
            profiles: &[],
            files: &NoFiles,
        };
        let (spec, vault) = Spec::resolve(&request).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        self.vault = vault;
        let mut pins = BTreeMap::new();
        let mut images = BTreeSet::new();
        for (address, resource) in spec.resources.iter().filter(|(address, _)| address.kind() == Kind::Image) {
            let Resource::Image(image) = resource else { continue };
            pins.insert(address.clone(), self.host.pin(image).await.expect("the image is there"));
            images.insert(address.clone());
        }
        let observed = self.observed().await;
        let head = self.store.head().await.expect("the store answers");
        let inputs = Inputs {
            scope: &self.scope,
            purpose: &Purpose::Apply,
            tag: "v",
            spec: spec.fingerprint(),
            desired: &spec.pinned(&pins),
            head: head.as_ref(),
            lineage: self.store.lineage(),
            observed: &observed,
            images: &images,
            selection: &Selection::default(),
        };
        Plan::build(&inputs).expect("it can be planned")
    }

    /// Takes both locks, as a new process does. The holder of an older lock is dead.
    pub(crate) async fn lock(&mut self) -> Locks {
        let holder = Holder {
            who: "test".to_owned(),
            host: "here".to_owned(),
            boot: "boot".to_owned(),
            pid: 1,
            started: 1,
            doing: "apply".to_owned(),
            lineage: "lineage".to_owned(),
        };
        let Ok(Locking::Locked(held)) = self.store.take_lock(&holder, 0).await else {
            panic!("the store's lock is free")
        };
        let taking = self.host.take_anchor(&self.scope, &holder, held.fence).await.expect("the engine answers");
        let Taking::Taken(anchor) = taking else { panic!("the anchor is free") };
        Locks { fence: held.fence, anchor }
    }

    pub(crate) async fn unlock(&mut self, locks: &Locks) {
        self.host.drop_anchor(&locks.anchor).await.expect("the engine answers");
        self.store.drop_lock(locks.fence).await.expect("the store answers");
    }

    /// Opens an apply of a plan.
    pub(crate) async fn open(&mut self, plan: Plan, locks: &Locks) -> Apply {
        let number = self.store.head().await.expect("the store answers").map_or(1, |head| head.number + 1);
        let op = Op::new(&plan.id(), locks.fence);
        let opened = Timestamp::UNIX_EPOCH;
        let apply = Apply { op, fence: locks.fence, plan, release: number, by: "test".to_owned(), opened };
        self.store.open(&apply, Vec::new()).await.expect("no other apply is open");
        apply
    }

    /// Runs an open apply to its end, or until the future is dropped.
    pub(crate) async fn run<'p>(
        &mut self,
        apply: &'p Apply,
        prior: &[Record],
        direction: Direction,
        locks: &Locks,
    ) -> Result<Ended<'p>, Aborted> {
        let (say, mut stops) = mpsc::channel::<Stop>(1);
        let vault = self.vault.clone();
        let mut reporter = Silent::default();
        let session = Session {
            provider: &self.host,
            anchor: &self.host,
            store: &mut self.store,
            reporter: &mut reporter,
            vault: &vault,
            root: Path::new("/"),
            clock: &Still,
            held: &locks.anchor,
            taken: tokio::time::Instant::now(),
            fence: locks.fence,
            stops: &mut stops,
            limits: Limits {
                parallel: 4,
                call: Duration::from_secs(5),
                budget: None,
                on_interrupt: OnInterrupt::Undo,
                pause_on_failure: false,
            },
        };
        let interrupt = self.interrupt;
        let signal = async {
            if let Some(after) = interrupt {
                tokio::time::sleep(after).await;
                say.send(Stop::Asked("SIGINT".to_owned())).await.expect("it is heard");
            }
        };
        tokio::join!(session.run(apply, prior, direction), signal).0
    }

    /// Closes an apply that has ended.
    pub(crate) async fn close(&mut self, apply: &Apply, ended: &Ended<'_>, locks: &Locks) {
        let head = self.store.head().await.expect("the store answers");
        let world = self.fingerprint().await;
        let at = Timestamp::UNIX_EPOCH;
        let release = (ended.outcome == Outcome::Applied)
            .then(|| apply::release(apply, &ended.frontier, &ended.took, head.as_ref(), world, at));
        let closed = self.store.close(&apply.op, locks.fence, &ended.outcome, release.as_ref(), at).await;
        closed.expect("the apply is ours");
    }

    /// Applies a spec from the first step to the closed release or unwind.
    pub(crate) async fn apply(&mut self, text: &str) -> Outcome {
        let plan = self.plan(text).await;
        let locks = self.lock().await;
        let apply = self.open(plan, &locks).await;
        let ended = self.run(&apply, &[], Direction::Forward, &locks).await.expect("the store can be written");
        if !matches!(ended.outcome, Outcome::Stuck { .. }) {
            self.close(&apply, &ended, &locks).await;
        }
        let outcome = ended.outcome;
        self.unlock(&locks).await;
        outcome
    }

    /// Takes an open apply up as a new process does, and takes it back until nothing is left behind. Returns its outcome.
    pub(crate) async fn recover(&mut self) -> Option<Outcome> {
        for _ in 0..5 {
            let apply = self.store.open_apply().await.expect("the store answers")?;
            let locks = self.lock().await;
            self.store.take_over(&apply.op, locks.fence).await.expect("it is open");
            let prior = self.store.journal(&apply.op).await.expect("the store answers");
            let done = apply::Frontier::replay(&apply.plan, &prior).expect("records in turn").outcome();
            let way = if done == Some(Outcome::Applied) { Direction::Forward } else { Direction::Back };
            let ended = self.run(&apply, &prior, way, &locks).await.expect("the store can be written");
            let stuck = matches!(ended.outcome, Outcome::Stuck { .. });
            if !stuck {
                self.close(&apply, &ended, &locks).await;
            }
            let outcome = ended.outcome;
            self.unlock(&locks).await;
            if !stuck {
                return Some(outcome);
            }
        }
        panic!("still stuck after five recoveries of a healthy engine");
    }

    /// Names of containers that neither serve nor belong to a release, and of what else is left of no release.
    pub(crate) async fn leaks(&self) -> Vec<String> {
        let releases = self.store.releases().await.expect("the store answers");
        let resources = releases.iter().flat_map(|release| release.resources.values());
        let known: BTreeSet<_> = resources.flat_map(|recorded| recorded.objects.iter().cloned()).collect();
        let observed = self.observed().await;
        let all = observed.objects.values().flatten();
        all.filter(|object| !known.contains(&object.id)).map(|object| object.name.clone()).collect()
    }
}
