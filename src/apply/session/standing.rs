//! The last look: whether all that is to serve now runs, before the apply is called done or undone.
//!
//! A step is read back when it is done, but the engine may stop what ran while later steps were under way: one that was
//! killed stops, when it starts again, what it finds running, and starts none of it. So what is to run and does not is
//! started once more. What the change of this apply brought, and what does not come up again, turns it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use crate::address::{Address, Kind, Scope};
use crate::apply::session::{Run, Session};
use crate::failpoint::hastened;
use crate::fingerprint::Fingerprint;
use crate::journal::{Apply, Cause, FaultReport};
use crate::observed::{Observed, SeenDatabase};
use crate::plan::Action;
use crate::provider::{Fault, FaultKind, Perform};
use crate::resource::Resource;

/// How long an engine is asked again that does not answer: one that is started again needs a few seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often what does not run is started again.
const ROUNDS: u32 = 2;
/// The wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts containers of the change at a position again, and waits for them; told whether this apply has brought them.
pub(super) type Raise<'a> = dyn Fn(usize, Vec<String>, bool) -> BoxFuture<'a, Result<(), Fault>> + Sync + 'a;

/// The databases of a deployment.
type Databases = BTreeMap<Address, Resource>;

/// The containers at one address that are to run now.
struct Standing<'p> {
    at: usize,
    address: &'p Address,
    ids: Vec<String>,
    /// Whether this apply has brought them, and still wants them.
    is_brought: bool,
}

/// What the last look found.
pub(super) struct Seen<'p> {
    /// What serves; none where the engine does not answer, or a database of the plan.
    world: Option<Fingerprint>,
    /// The databases that could be asked.
    databases: BTreeMap<String, SeenDatabase>,
    /// What does not come up again, and whether this apply has brought it.
    fallen: Vec<(&'p Address, bool, Fault)>,
}

/// What serves once all is done or undone; none of it where it was not looked at.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Its fingerprint; none where the engine does not answer.
    pub(super) world: Option<Fingerprint>,
    /// The databases that could be asked.
    pub(super) databases: BTreeMap<String, SeenDatabase>,
    /// What should run, was not brought by this apply, and does not come up again.
    pub(super) down: Vec<(Address, FaultReport)>,
}

impl<'p> Run<'p, '_> {
    /// What a step has brought, or what ran before where nothing was changed or all of it is undone.
    fn standing(&self) -> Vec<Standing<'p>> {
        let is_undone = self.frontier.unwinding().is_some();
        let changes = self.apply.plan.changes.iter().enumerate();
        let services = changes.filter(|(_, change)| change.address.kind() == Kind::Service);
        let all = services.map(|(at, change)| {
            let is_brought = !is_undone && change.action != Action::Keep;
            let before = || change.before.as_ref().map(|side| side.up.clone()).unwrap_or_default();
            let ids = if is_brought { self.frontier.effect(at).objects.clone() } else { before() };
            Standing { at, address: &change.address, ids, is_brought }
        });
        all.filter(|standing| !standing.ids.is_empty()).collect()
    }
}

/// What is there at the last look and is nothing that serves.
#[derive(Default)]
struct Leaving<'p> {
    /// The volumes that go once the apply is closed, when what held them is gone.
    volumes: BTreeSet<(&'p Address, &'p str)>,
    /// The names of the databases that omni looks after no more.
    databases: BTreeSet<&'p str>,
}

impl<'p> Leaving<'p> {
    fn of(run: &Run<'p, '_>) -> Self {
        let mut leaving = Self::default();
        if run.frontier.unwinding().is_some() {
            return leaving;
        }
        for change in run.apply.plan.steps().filter(|change| change.action == Action::Delete) {
            match change.address.kind() {
                Kind::Volume => {
                    let objects = change.before.iter().flat_map(|side| &side.objects);
                    leaving.volumes.extend(objects.map(|id| (&change.address, id.as_str())));
                }
                Kind::Database => _ = leaving.databases.insert(change.address.name()),
                _ => {}
            }
        }
        leaving
    }

    /// Takes it out of what was found.
    fn out_of(&self, found: &mut Observed) {
        for (address, objects) in &mut found.objects {
            objects.retain(|object| !self.volumes.contains(&(address, object.id.as_str())));
        }
        found.databases.retain(|name, _| !self.databases.contains(name.as_str()));
    }
}

/// The databases of the plan that stay: what they have is a part of what serves.
fn databases(apply: &Apply, leaving: &Leaving<'_>) -> Databases {
    let all = apply.plan.changes.iter().filter(|change| change.address.kind() == Kind::Database);
    let stay = all.filter(|change| !leaving.databases.contains(change.address.name()));
    stay.filter_map(|change| Some((change.address.clone(), change.resource()?.clone()))).collect()
}

/// Looks at everything, and starts what should run and does not, until all runs or that does not help.
async fn look<'p>(
    provider: &dyn Perform,
    scope: &Scope,
    (standing, leaving): (&[Standing<'p>], &Leaving<'_>),
    databases: &Databases,
    raise: &Raise<'_>,
) -> Seen<'p> {
    let mut faults: BTreeMap<&Address, Fault> = BTreeMap::new();
    for round in 0.. {
        let Some(mut found) = observed(provider, scope, databases).await else { break };
        leaving.out_of(&mut found);
        let down = standing.iter().filter_map(|one| {
            let seen = found.at(one.address);
            let runs = |id: &String| seen.iter().any(|object| object.id == *id && object.status.is_up());
            let ids: Vec<_> = one.ids.iter().filter(|id| !runs(id)).cloned().collect();
            (!ids.is_empty()).then_some((one, ids))
        });
        let down: Vec<_> = down.collect();
        if down.is_empty() || round == ROUNDS {
            let mut why = |one: &Standing<'_>| faults.remove(one.address).unwrap_or_else(unsteady);
            let fallen = down.into_iter().map(|(one, _)| (one.address, one.is_brought, why(one))).collect();
            let world = Some(found.fingerprint());
            let databases = found.databases.into_iter().filter_map(|(name, seen)| Some((name, seen.ok()?))).collect();
            return Seen { world, databases, fallen };
        }
        faults.clear();
        // One after the other in the order of the plan: what is required comes before what requires it.
        for (one, ids) in down {
            if let Err(fault) = raise(one.at, ids, one.is_brought).await {
                faults.insert(one.address, fault);
            }
        }
    }
    Seen { world: None, databases: BTreeMap::new(), fallen: Vec::new() }
}

fn unsteady() -> Fault {
    Fault::new(FaultKind::Failed, "it was started again and does not stay up")
}

/// What is there, asked for a while: an engine or a database that is just being started again answers soon.
async fn observed(provider: &dyn Perform, scope: &Scope, databases: &Databases) -> Option<Observed> {
    let until = Instant::now() + hastened(PATIENCE);
    loop {
        match provider.observe(scope).await {
            Ok(observed) if observed.silent(databases).is_empty() => return Some(observed),
            Err(fault) if !fault.kind.is_passing() => return None,
            _ if Instant::now() >= until => return None,
            _ => sleep(PAUSE).await,
        }
    }
}

impl<'s> Session<'s> {
    /// Begins the last look.
    pub(super) fn look<'p: 'a, 'a>(&self, run: &Run<'p, 'a>, raise: &'a Raise<'a>) -> BoxFuture<'a, Seen<'p>>
    where
        's: 'a,
    {
        let (provider, scope) = (self.provider, &run.apply.plan.scope);
        let (standing, leaving) = (run.standing(), Leaving::of(run));
        let databases = databases(run.apply, &leaving);
        Box::pin(async move { look(provider, scope, (&standing, &leaving), &databases, raise).await })
    }

    /// Takes the last look in: what serves, unless the apply turns or halts for what it saw.
    pub(super) async fn looked(&mut self, run: &mut Run<'_, '_>, seen: Seen<'_>) -> Option<Looked> {
        let Seen { world, databases, fallen } = seen;
        let Some((node, _, fault)) = fallen.iter().find(|(_, is_brought, _)| *is_brought) else {
            let down = fallen.into_iter().map(|(node, _, fault)| (node.clone(), fault.report())).collect();
            return Some(Looked { world, databases, down });
        };
        if self.limits.pause_on_failure {
            run.halt();
        } else {
            let help = fault.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            let why = format!("{node} was ready and did not stay up: {}{help}", fault.message);
            self.turn(run, Cause::Deadline(why)).await;
        }
        None
    }
}
