//! `Theatre`: one engine, one store and the plays on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use omni::address::{Address, Scope};
use omni::apply::{self, Aborted, Ended, Limits, OnInterrupt, Session, Stop};
use omni::clock::Clock;
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::{Apply, Direction, Outcome, Record};
use omni::lock::{Held, Holder, Op};
use omni::observed::Observed;
use omni::plan::{Inputs, Plan, Purpose, Selection, retained};
use omni::provider::fake::{Behaviour, FakeEngine};
use omni::provider::host::{BuildFiles, Host};
use omni::provider::site::{Evidence, Known, Site, Workshop};
use omni::provider::{Anchor, Fault, FaultKind, Observe, Perform, Taking};
use omni::report::Silent;
use omni::resource::{Build, Resource};
use omni::spec::{Files, Request, Spec};
use omni::store::{Locking, Machine, Memory, Store, StoreError};
use omni::template::Vault;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::apply::simulation::wanted::{SCHEMA, scripts};

/// The clock of the machine that omni runs on. It stands still, as nothing in an apply may depend on it, until a test
/// turns it.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Mutex<Timestamp>>);

impl Watch {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub(crate) fn turn(&self, change: impl FnOnce(Timestamp) -> Timestamp) {
        let mut now = self.0.lock().expect("nobody panicked");
        *now = change(*now);
    }
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("nobody panicked")
    }
}

/// Every file holds its own path, and every build context is the same. The folder `migrations/3` has the first three of
/// the scripts.
pub(crate) struct AnyFile;

/// Migrations: in a transaction, outside of one, one that destroys, and one that is refused.
const SCRIPTS: [(&str, &str); 6] = [
    ("1_a.sql", "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n"),
    ("2_b.sql", "-- migrate:up\nCREATE TABLE b (id int);\n-- migrate:down\nDROP TABLE b;\n"),
    (
        "3_c.sql",
        "-- migrate:up\nCREATE TABLE c (id int);\nCREATE TABLE d (id int);\n\
                 -- migrate:down\nDROP TABLE d;\nDROP TABLE c;\n",
    ),
    (
        "4_i.sql",
        "-- migrate:up transaction:false\nCREATE TABLE e (id int);\nCREATE INDEX CONCURRENTLY i ON a (id);\n\
                 CREATE INDEX CONCURRENTLY j ON a (id);\n\
                 -- migrate:down transaction:false\nDROP INDEX CONCURRENTLY j;\nDROP INDEX CONCURRENTLY i;\n\
                 DROP TABLE e;\n",
    ),
    ("5_x.sql", "-- migrate:up\nDROP TABLE b;\n-- migrate:down\nCREATE TABLE b (id int);\n"),
    // There is such a table already.
    ("6_f.sql", "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n"),
];

/// What is in the build context.
const CONTEXT: &[u8] = b"one context";

impl Files for AnyFile {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let of = |folder: &str, scripts: &[(&'static str, &'static str)]| {
            let found = scripts.iter().find(|(name, _)| path.starts_with(folder) && path.ends_with(name));
            found.copied()
        };
        let script = of("migrations/", &SCRIPTS).or_else(|| of("schema/", &SCHEMA));
        Ok(script.map_or(path, |(_, text)| text).as_bytes().to_vec())
    }

    fn find(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        if folder.starts_with("schema/") {
            return Ok(scripts(folder).into_iter().map(str::to_owned).collect());
        }
        let many = folder.strip_prefix("migrations/").and_then(|many| many.parse().ok()).unwrap_or_default();
        Ok(SCRIPTS.iter().take(many).map(|(name, _)| (*name).to_owned()).collect())
    }

    fn context(&self, _context: &str, _dockerfile: &str) -> Result<Fingerprint, String> {
        Ok(Fingerprint::of(&CONTEXT))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in for a reading that can fail")]
pub(crate) fn context(_root: &Path, _build: &Build) -> Result<BuildFiles, String> {
    Ok(BuildFiles { content: Fingerprint::of(&CONTEXT), tar: CONTEXT.to_vec() })
}

fn site(engine: &FakeEngine, known: Vec<Known>) -> Site<FakeEngine> {
    let host = Host::new(engine.clone(), Arc::new(engine.clone()), context, |_| Some(false));
    Site::new(host, Arc::new(engine.clone()), known).with_tools(Arc::new(engine.clone()))
}

/// A folder of its own, in memory where there is such a place: what counts is what is written, not how fast.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a folder can be made")
}

/// One engine, one store.
pub(crate) struct Theatre<S = Memory> {
    pub(crate) engine: FakeEngine,
    pub(crate) host: Site<FakeEngine>,
    /// The databases of the spec that was planned last.
    known: Vec<Known>,
    pub(crate) store: S,
    /// Where deploy.toml lies, and the backups beside it.
    pub(crate) folder: TempDir,
    /// The variables that specs can use.
    pub(crate) variables: BTreeMap<String, String>,
    /// When SIGINT comes, after the beginning of a run.
    pub(crate) interrupt: Option<Duration>,
    /// The clock of the machine that omni runs on.
    pub(crate) watch: Watch,
    /// The values of the spec that was planned last.
    vault: Vault,
    scope: Scope,
    key: Key,
}

/// The locks of one play.
pub(crate) struct Locks {
    pub(crate) fence: u64,
    pub(crate) anchor: Held,
}

fn holder() -> Holder {
    Holder {
        who: "test".to_owned(),
        host: "here".to_owned(),
        boot: "boot".to_owned(),
        pid: 1,
        started: 1,
        doing: "apply".to_owned(),
        lineage: "lineage".to_owned(),
    }
}

impl Theatre {
    pub(crate) fn new() -> Self {
        let (scope, key) = (Scope { project: "shop".to_owned(), environment: None }, Key::new([9; 32]));
        let machine = Machine::new(|| Timestamp::UNIX_EPOCH, |_| Some(false));
        Self::with(Memory::new(scope, "lineage", key, machine))
    }

    /// Another theatre in which the same was played so far.
    pub(crate) fn copy(&self) -> Self {
        let engine = self.engine.copy();
        let folder = folder();
        if let Ok(entries) = fs::read_dir(self.backups()) {
            let backups = folder.path().join("backups");
            fs::create_dir(&backups).expect("a folder can be made");
            for entry in entries.map(|entry| entry.expect("a folder can be read")) {
                fs::copy(entry.path(), backups.join(entry.file_name())).expect("a file can be copied");
            }
        }
        Self {
            folder,
            host: site(&engine, self.known.clone()),
            known: self.known.clone(),
            engine,
            store: self.store.copy(),
            variables: self.variables.clone(),
            interrupt: self.interrupt,
            watch: Watch::new(self.watch.now()),
            vault: self.vault.clone(),
            scope: self.scope.clone(),
            key: self.key.clone(),
        }
    }
}

impl<S: Store> Theatre<S> {
    /// A theatre with this store, in which nothing was played yet.
    pub(crate) fn with(store: S) -> Self {
        let engine = FakeEngine::new().with_deadline(Duration::from_secs(5));
        engine.load_image("shop/serve:1", Behaviour::Serves(Duration::from_millis(120)), None);
        let host = site(&engine, Vec::new());
        let vault = Vault::new(store.key().clone());
        let watch = Watch::new(Timestamp::UNIX_EPOCH);
        let (scope, key) = (store.scope().clone(), store.key().clone());
        let (known, variables) = (Vec::new(), BTreeMap::new());
        let folder = folder();
        Self { engine, host, known, store, folder, variables, interrupt: None, watch, vault, scope, key }
    }

    /// The folder of the backups.
    pub(crate) fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    /// The same engine for an omni elsewhere, which cannot tell who lives.
    pub(crate) fn elsewhere(&self) -> Host<FakeEngine> {
        Host::new(self.engine.clone(), Arc::new(self.engine.clone()), context, |_| None)
    }

    pub(crate) async fn observed(&self) -> Observed {
        self.host.observe(&self.scope).await.expect("the engine answers")
    }

    pub(crate) async fn fingerprint(&self) -> Fingerprint {
        self.observed().await.fingerprint()
    }

    /// From here on, until the next plan, somebody hears of each proof.
    pub(crate) fn hear_proofs(&mut self, evidence: Evidence) {
        let workshop = Workshop { evidence, ..Workshop::default() };
        self.host = site(&self.engine, self.known.clone()).with_workshop(workshop);
    }

    /// The plan that reaches a spec from what is there.
    pub(crate) async fn plan(&mut self, text: &str) -> Plan {
        self.ask_plan(text).await.expect("the engine answers")
    }

    /// The same on an engine that may not answer.
    pub(crate) async fn ask_plan(&mut self, text: &str) -> Result<Plan, Fault> {
        let desired = self.desired(text).await?;
        self.plan_to(&desired, &Purpose::Apply, &Selection::default()).await
    }

    /// The plan that removes everything, volumes too.
    pub(crate) async fn ask_plan_of_the_end(&self) -> Result<Plan, Fault> {
        let selection = Selection { volumes: true, ..Selection::default() };
        self.plan_to(&BTreeMap::new(), &Purpose::Destroy, &selection).await
    }

    /// The plan that goes back to the first release.
    pub(crate) async fn ask_plan_back(&self) -> Result<Plan, Fault> {
        let releases = self.store.releases().await.expect("the store answers");
        let first = releases.last().expect("there is a release");
        let wanted = first.resources.iter().map(|(address, one)| (address.clone(), one.resource.clone()));
        let purpose = Purpose::Rollback(first.number);
        self.plan_to(&wanted.collect(), &purpose, &Selection::default()).await
    }

    /// What a spec wants, pinned.
    async fn desired(&mut self, text: &str) -> Result<BTreeMap<Address, Resource>, Fault> {
        let request = Request {
            text,
            file_name: "deploy.toml",
            root: Path::new("/"),
            environment: None,
            variables: &self.variables,
            key: &self.key,
            profiles: &[],
            files: &AnyFile,
        };
        let (spec, vault) = Spec::resolve(&request).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let known = Known::among(&spec.resources, Path::new("/"), |url| url.fill(&vault)).expect("it holds no secret");
        (self.host, self.known) = (site(&self.engine, known.clone()), known);
        self.vault = vault;
        let mut pins = BTreeMap::new();
        for (address, resource) in &spec.resources {
            let Resource::Image(image) = resource else { continue };
            pins.insert(address.clone(), self.host.pin(image).await?);
        }
        Ok(spec.pinned(&pins))
    }

    async fn plan_to(
        &self,
        desired: &BTreeMap<Address, Resource>,
        purpose: &Purpose,
        selection: &Selection,
    ) -> Result<Plan, Fault> {
        let mut images = BTreeSet::new();
        for (address, resource) in desired {
            let Resource::Image(image) = resource else { continue };
            if self.host.has_image(&self.scope, image, address.name()).await? {
                images.insert(address.clone());
            }
        }
        let observed = self.host.observe(&self.scope).await?;
        if let Some((_, why)) = observed.silent(desired).first() {
            return Err(Fault::new(FaultKind::Unreachable, *why));
        }
        let head = self.store.head().await.expect("the store answers");
        let inputs = Inputs {
            scope: &self.scope,
            purpose,
            tag: "v",
            spec: Fingerprint::of(desired),
            desired,
            head: head.as_ref(),
            lineage: self.store.lineage(),
            observed: &observed,
            images: &images,
            worths: &BTreeMap::new(),
            selection,
        };
        Ok(Plan::build(&inputs).expect("it can be planned"))
    }

    /// Takes both locks, as a new process does. The holder of an older lock is dead.
    pub(crate) async fn lock(&mut self) -> Locks {
        self.ask_lock().await.expect("the engine answers")
    }

    /// The same on an engine that may not answer. Where it does not, the store's lock is given back.
    pub(crate) async fn ask_lock(&mut self) -> Result<Locks, Fault> {
        let holder = holder();
        let Ok(Locking::Locked(held)) = self.store.take_lock(&holder, 0).await else {
            panic!("the store's lock is free")
        };
        match self.host.take_anchor(&self.scope, &holder, held.fence).await {
            Ok(Taking::Taken(anchor)) => Ok(Locks { fence: held.fence, anchor }),
            Ok(Taking::Refused(by)) => panic!("the anchor is free, or its holder is dead: {by:?}"),
            Err(fault) => {
                self.store.drop_lock(held.fence).await.expect("the store answers");
                Err(fault)
            }
        }
    }

    /// The same where the store may fail; none where somebody has a lock.
    pub(crate) async fn try_lock(&mut self) -> Result<Option<Locks>, StoreError> {
        let holder = holder();
        let Locking::Locked(held) = self.store.take_lock(&holder, 0).await? else { return Ok(None) };
        let taking = self.host.take_anchor(&self.scope, &holder, held.fence).await.expect("the engine answers");
        let Taking::Taken(anchor) = taking else { return Ok(None) };
        Ok(Some(Locks { fence: held.fence, anchor }))
    }

    pub(crate) async fn unlock(&mut self, locks: &Locks) {
        self.ask_unlock(locks).await.expect("the engine answers");
    }

    /// The same on an engine that may not answer, after a renewal of the anchor.
    pub(crate) async fn ask_unlock(&mut self, locks: &Locks) -> Result<(), Fault> {
        let renewed = self.host.renew_anchor(&locks.anchor).await;
        let dropped = self.host.drop_anchor(&locks.anchor).await;
        self.store.drop_lock(locks.fence).await.expect("the store answers");
        renewed.and(dropped)
    }

    /// Opens an apply of a plan.
    pub(crate) async fn open(&mut self, plan: Plan, locks: &Locks) -> Apply {
        self.try_open(plan, locks).await.expect("no other apply is open")
    }

    /// The same where the store may fail.
    pub(crate) async fn try_open(&mut self, plan: Plan, locks: &Locks) -> Result<Apply, StoreError> {
        let number = self.store.head().await?.map_or(1, |head| head.number + 1);
        let op = Op::new(&plan.id(), self.store.lineage(), locks.fence);
        let opened = self.watch.now();
        let apply = Apply { op, fence: locks.fence, plan, release: number, by: "test".to_owned(), opened };
        self.store.open(&apply, Vec::new()).await?;
        Ok(apply)
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
        let watch = self.watch.clone();
        let session = Session {
            provider: &self.host,
            anchor: &self.host,
            store: &mut self.store,
            reporter: &mut reporter,
            vault: &vault,
            root: self.folder.path(),
            clock: &watch,
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
        self.try_close(apply, ended, locks).await.expect("the apply is ours");
    }

    /// The same where the store may fail.
    pub(crate) async fn try_close(
        &mut self,
        apply: &Apply,
        ended: &Ended<'_>,
        locks: &Locks,
    ) -> Result<(), StoreError> {
        let head = self.store.head().await?;
        let at = self.watch.now();
        let release = (ended.outcome == Outcome::Applied).then(|| {
            let world = ended.world.expect("the engine answers");
            apply::release(apply, &ended.frontier, &ended.took, head.as_ref(), world, at)
        });
        self.store.close(&apply.op, locks.fence, &ended.outcome, release.as_ref(), at).await
    }

    /// Removes what only older releases need, and the volumes that an applied plan gives up, as the tidying after it does.
    pub(crate) async fn tidy(&mut self, plan: &Plan) {
        let head = self.store.head().await.expect("the store answers");
        let kept: Vec<_> = head.into_iter().collect();
        for one in retained(&self.observed().await, &kept).into_iter().filter(|one| !one.needed) {
            self.host.remove(&one.address, &one.id).await.expect("nothing uses it");
        }
        for change in plan.steps().filter(|change| change.removes_volume()) {
            for id in change.before.iter().flat_map(|side| &side.objects) {
                self.host.remove(&change.address, id).await.expect("nothing uses it");
            }
        }
    }

    /// Applies a spec from the first step to the closed release or unwind.
    pub(crate) async fn apply(&mut self, text: &str) -> Outcome {
        let plan = self.plan(text).await;
        let locks = self.lock().await;
        let apply = self.open(plan, &locks).await;
        let ended = self.run(&apply, &[], Direction::Forward, &locks).await.expect("the store can be written");
        if ended.is_closable() {
            self.close(&apply, &ended, &locks).await;
        }
        let outcome = ended.outcome;
        self.unlock(&locks).await;
        outcome
    }

    /// Takes an open apply up as a new process does, and finishes it the best way until nothing is left behind. Returns
    /// its outcome; the last one where it stays stuck.
    pub(crate) async fn recover(&mut self) -> Option<Outcome> {
        let mut last = None;
        for _ in 0..5 {
            let apply = self.store.open_apply().await.expect("the store answers")?;
            let locks = self.lock().await;
            self.store.take_over(&apply.op, locks.fence).await.expect("it is open");
            let prior = self.store.journal(&apply.op).await.expect("the store answers");
            let frontier = apply::Frontier::replay(&apply.plan, &prior).expect("records in turn");
            let way = apply::best_way(&apply.plan, &frontier);
            let ended = self.run(&apply, &prior, way, &locks).await.expect("the store can be written");
            let stuck = !ended.is_closable();
            if !stuck {
                self.close(&apply, &ended, &locks).await;
            }
            let outcome = ended.outcome;
            self.unlock(&locks).await;
            if !stuck {
                return Some(outcome);
            }
            last = Some(outcome);
        }
        last
    }

    /// Names of containers that neither serve nor belong to a release, and of what else is left of no release.
    pub(crate) async fn leaks(&self) -> Vec<String> {
        let releases = self.store.releases().await.expect("the store answers");
        let resources = releases.iter().flat_map(|release| release.resources.values());
        let known: BTreeSet<_> = resources.flat_map(|recorded| recorded.objects.iter().cloned()).collect();
        let observed = self.observed().await;
        let all = observed.objects.values().flatten();
        let objects = all.filter(|object| !known.contains(&object.id)).map(|object| object.name.clone());
        let sessions = self.known.iter().map(|known| (&known.name, self.engine.sessions(&known.name)));
        // The look itself has just ended its own.
        let sessions = sessions.filter(|(_, many)| *many > 1).map(|(name, many)| format!("{many} sessions of {name}"));
        // A scratch database of somebody who was killed goes with the next one that is made a day later.
        let is_known = |name: &String| self.known.iter().any(|known| known.name == *name);
        let databases = self.engine.databases().into_iter();
        let databases = databases.filter(|name| !is_known(name) && !name.starts_with("omni_scratch_") && name != "pos");
        objects.chain(sessions).chain(databases.map(|name| format!("database {name}"))).collect()
    }
}
