//! `Team`: one to three omnis with their hosts and stores, on one engine; and one command of one of them.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use omni::address::Scope;
use omni::apply::{Limits, OnInterrupt, Stop};
use omni::cli::rehearsal::{Rehearsal, Said, Wish};
use omni::fingerprint::Key;
use omni::journal::Outcome;
use omni::lock::{Holder, LONGEST_CALL, Op};
use omni::provider::fake::{Behaviour, FakeEngine};
use omni::provider::host::Host;
use omni::provider::site::{Known, Site};
use omni::release::Release;
use omni::spec::{Request, Spec};
use omni::store::{Machine, Memory, Store};
use omni::template::Vault;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::apply::simulation::annals::Annals;
use crate::apply::simulation::dice::Dice;
use crate::apply::simulation::ledger::{Hear, Ledger};
use crate::apply::simulation::nature::{self, HostClock};
use crate::apply::simulation::process::Process;
use crate::apply::simulation::troubles::Misfortune;
use crate::apply::simulation::wanted::{SCHEMA, Wanted};
use crate::apply::theatre::{AnyFile, context};

/// A spec of nothing: what a command needs beyond it has to come out of the store.
const NOTHING: &str = "[project]\nname = \"shop\"\n";

/// What an omni is told to do.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    /// `omni apply` of this spec.
    Apply(String),
    /// `omni rollback` to this release.
    Rollback(Box<Release>),
    /// `omni destroy`.
    Destroy,
    /// `omni recover`.
    Recover,
}

impl Command {
    /// One word for the annals.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Apply(_) => "apply",
            Self::Rollback(_) => "rollback",
            Self::Destroy => "destroy",
            Self::Recover => "recover",
        }
    }
}

/// One omni: a person or a runner, who starts one process after the other.
pub(crate) struct Omni {
    pub(crate) host: usize,
    pub(crate) store: Memory,
    /// The number of its store.
    pub(crate) lineage: usize,
}

/// All of them, and the engine they share.
pub(crate) struct Team {
    pub(crate) engine: FakeEngine,
    pub(crate) omnis: Vec<Omni>,
    pub(crate) annals: Annals,
    /// Whether the project has a database.
    pub(crate) has_database: bool,
    /// It, once somebody has asked.
    known: OnceCell<Vec<Known>>,
    scope: Scope,
    key: Key,
    processes: Cell<u32>,
}

/// How a process goes about its command.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) starts: Instant,
    pub(crate) wait: Duration,
    pub(crate) misfortune: Misfortune,
    pub(crate) pauses_on_interrupt: bool,
    pub(crate) pauses_on_failure: bool,
    pub(crate) dice: Dice,
}

impl Manner {
    /// At once, undisturbed.
    pub(crate) fn calm(dice: &mut Dice) -> Self {
        Self {
            starts: Instant::now(),
            wait: Duration::ZERO,
            misfortune: Misfortune::default(),
            pauses_on_interrupt: false,
            pauses_on_failure: false,
            dice: dice.fork(),
        }
    }
}

struct Scribe<'a>(usize, &'a Annals);

impl Hear for Scribe<'_> {
    fn opened(&self, op: &Op) {
        self.1.opened(op);
    }

    fn closed(&self, op: &Op, outcome: &Outcome, release: Option<&Release>) {
        self.1.closed(self.0, op, outcome, release.map(|release| release.world));
    }

    fn all_done(&self) {
        self.1.engine_goes_away();
    }

    fn unwritten(&self) {
        self.1.count("fault: store not writable");
    }
}

impl Team {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let many = usize::try_from(dice.between(1, 4)).expect("few");
        let is_shared = many == 1 || dice.chance(60);
        let is_one_host = is_shared && dice.chance(50);
        let team = Self::of(many, is_shared, is_one_host);
        if dice.chance(60) { team.with_database() } else { team }
    }

    /// The same, whose project has a database.
    pub(crate) fn with_database(self) -> Self {
        self.annals.book().has_database = true;
        self.annals.note("with a database");
        Self { has_database: true, ..self }
    }

    /// So many omnis, with one store or one each, on one host or one each.
    pub(crate) fn of(many: usize, is_shared: bool, is_one_host: bool) -> Self {
        nature::begin();
        let engine = FakeEngine::new();
        engine.load_image("shop/serve:1", Behaviour::Serves(Duration::from_millis(120)), None);
        engine.add_database("pos");
        let (scope, key) = (Scope { project: "shop".to_owned(), environment: None }, Key::new([9; 32]));
        let machine = if is_one_host || !is_shared {
            Machine::new(nature::time, nature::alive)
        } else {
            // A store that several hosts share keeps a time of its own.
            Machine::new(nature::true_time, nature::alive)
        };
        let store =
            |number: usize| Memory::new(scope.clone(), format!("lineage{number}"), key.clone(), machine.clone());
        let shared = store(0);
        let omni = |number| {
            let lineage = if is_shared { 0 } else { number };
            let store = if is_shared { shared.again() } else { store(number) };
            Omni { host: if is_one_host { 0 } else { number }, store, lineage }
        };
        let omnis: Vec<_> = (0..many).map(omni).collect();
        let annals = Annals::new(&engine);
        annals.note(&format!("{many} omnis, shared store: {is_shared}, one host: {is_one_host}"));
        Self { engine, omnis, annals, has_database: false, known: OnceCell::new(), scope, key, processes: Cell::new(0) }
    }

    pub(crate) fn host(&self) -> Site<FakeEngine> {
        let host = Host::new(self.engine.clone(), Arc::new(self.engine.clone()), context, nature::alive);
        let known = self.known.get_or_init(|| {
            let (spec, vault) = self.resolved(&self.bare());
            Known::among(&spec.resources, Path::new("/"), |url| url.fill(&vault)).expect("it holds no secret")
        });
        Site::new(host, Arc::new(self.engine.clone()), known.clone())
    }

    /// The project without anything that an engine has.
    fn bare(&self) -> String {
        if self.has_database { Wanted::only_migrations(SCHEMA.len() as u64 - 1, true) } else { NOTHING.to_owned() }
    }

    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    fn resolved(&self, text: &str) -> (Spec, Vault) {
        let variables = BTreeMap::new();
        let request = Request {
            text,
            file_name: "deploy.toml",
            root: Path::new("/"),
            environment: None,
            variables: &variables,
            key: &self.key,
            profiles: &[],
            files: &AnyFile,
        };
        Spec::resolve(&request).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
    }

    /// One process of an omni, from its start to its end or death.
    pub(crate) fn process(&self, who: usize, command: Command, manner: Manner) -> Process<'_, Said> {
        let omni = &self.omnis[who];
        self.processes.set(self.processes.get() + 1);
        let holder = Holder {
            who: format!("o{who}"),
            host: nature::host(omni.host),
            boot: "boot".to_owned(),
            pid: self.processes.get(),
            started: 1,
            doing: command.word().to_owned(),
            lineage: omni.store.lineage().to_owned(),
        };
        let fate = manner.misfortune.fate.clone();
        let life = self.life(who, holder.clone(), command, manner);
        Process::new((who, omni.host), holder, fate, &self.annals, life)
    }

    async fn life(&self, who: usize, holder: Holder, command: Command, manner: Manner) -> Said {
        sleep_until(manner.starts).await;
        self.annals.note(&format!("o{who} begins: {}", command.word()));
        let (said, stops) = self.rehearsed(who, &holder, &command, manner);
        tokio::select! {
            biased;
            said = said => {
                let how = said.outcome.as_ref().map(super::annals::told).unwrap_or_default();
                self.annals.note(&format!("o{who} ends: {:?} {how} {}", said.exit, said.text));
                said
            }
            () = stops => unreachable!("signals never end a process"),
        }
    }

    fn rehearsed<'t>(
        &'t self,
        who: usize,
        holder: &'t Holder,
        command: &'t Command,
        manner: Manner,
    ) -> (impl Future<Output = Said> + 't, impl Future<Output = ()> + 't) {
        let (says, signals): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel::<Stop>(4)).unzip();
        let annals = &self.annals;
        let times = manner.misfortune.signals.clone();
        let stops = async move {
            for (number, at) in times.into_iter().enumerate() {
                sleep_until(at).await;
                annals.note(&format!("o{who} gets a signal"));
                annals.count(if number == 0 { "fault: signal" } else { "fault: second signal" });
                for say in &says {
                    let stop = if number == 0 { Stop::Asked("SIGINT".to_owned()) } else { Stop::Now };
                    // One whose receiver is gone is not heard any more.
                    let _ = say.try_send(stop);
                }
            }
            std::future::pending::<()>().await;
        };
        let said = async move {
            let host = self.host();
            let mut store = Ledger {
                memory: self.omnis[who].store.again(),
                dice: Mutex::new(manner.dice),
                full: manner.misfortune.full,
                is_away_at_the_end: manner.misfortune.is_away_at_the_end,
                hear: Scribe(who, annals),
            };
            let watch =
                |moment: omni::cli::rehearsal::Moment<'_>| annals.moment((who, self.omnis[who].lineage), moment);
            let resolved = match command {
                Command::Apply(text) => self.resolved(text),
                _ => self.resolved(NOTHING),
            };
            let mut work = Rehearsal {
                provider: &host,
                anchor: &host,
                store: &mut store,
                scope: &self.scope,
                holder,
                clock: &HostClock,
                vault: resolved.1.clone(),
                wait: manner.wait,
                limits: Limits {
                    parallel: 4,
                    call: LONGEST_CALL,
                    budget: None,
                    on_interrupt: if manner.pauses_on_interrupt { OnInterrupt::Pause } else { OnInterrupt::Undo },
                    pause_on_failure: manner.pauses_on_failure,
                },
                signals,
                watch: &watch,
            };
            match command {
                Command::Apply(_) => work.fulfil(&Wish::Spec(&resolved.0, "v".to_owned())).await,
                Command::Rollback(release) => work.fulfil(&Wish::Release(release)).await,
                Command::Destroy => work.fulfil(&Wish::Nothing).await,
                Command::Recover => work.recover().await,
            }
        };
        (said, stops)
    }

    /// What a new plan for the same would do, said in words; empty where nothing.
    pub(crate) async fn left_to_do(&self, who: usize, command: &Command) -> Vec<String> {
        let host = self.host();
        let omni = &self.omnis[who];
        nature::at(omni.host);
        let mut store = omni.store.again();
        let (spec, vault) = match command {
            Command::Apply(text) => self.resolved(text),
            _ => self.resolved(NOTHING),
        };
        let holder = Holder {
            who: "judge".to_owned(),
            host: nature::host(omni.host),
            boot: "boot".to_owned(),
            pid: 0,
            started: 0,
            doing: "plan".to_owned(),
            lineage: String::new(),
        };
        let mut work = Rehearsal {
            provider: &host,
            anchor: &host,
            store: &mut store,
            scope: &self.scope,
            holder: &holder,
            clock: &HostClock,
            vault,
            wait: Duration::ZERO,
            limits: Limits {
                parallel: 4,
                call: LONGEST_CALL,
                budget: None,
                on_interrupt: OnInterrupt::Undo,
                pause_on_failure: false,
            },
            signals: Vec::new(),
            watch: &|_| {},
        };
        let wish = match command {
            Command::Apply(_) => Wish::Spec(&spec, "v".to_owned()),
            Command::Rollback(release) => Wish::Release(release),
            Command::Destroy | Command::Recover => Wish::Nothing,
        };
        match work.plan(&wish).await {
            Ok(plan) => {
                let steps =
                    plan.steps().map(|step| format!("{} {} {:?}", step.action.symbol(), step.address, step.reasons));
                steps.chain(plan.drift.iter().map(|drift| format!("drift: {drift:?}"))).collect()
            }
            Err(said) => vec![said.text],
        }
    }
}
