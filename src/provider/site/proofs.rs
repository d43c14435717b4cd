//! The proof of a database's migrations as a step: before the first of them runs, the ways back that nobody has tried.
//!
//! The database itself is only read. What came of it is kept as evidence, also where it is not what was hoped for: the
//! next plan says so. How a proof is made is left to `proving`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::address::{Address, Kind};
use crate::fingerprint::Fingerprint;
use crate::journal::Effect;
use crate::migration::proof::{MigrationProof, digest};
use crate::migration::{Dialect, Script, Worth};
use crate::plain::plain;
use crate::plan::still_holds;
use crate::provider::backup::{Manifest, Shelf};
use crate::provider::database::Target;
use crate::provider::engine::Engine;
use crate::provider::site::proving::{Proved, Proving, Unproven, swept};
use crate::provider::site::reach::target;
use crate::provider::site::steps::{odd, script};
use crate::provider::site::{Site, told};
use crate::provider::{Fault, FaultKind, Order};
use crate::resource::{Database, Migration, Proof, Prove, Resource};

impl<E: Engine> Site<E> {
    /// Proves the migrations of a database that are about to run.
    pub(super) async fn proven(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        let work = Work::of(order)?;
        let target = self.swept(order, &work).await?;
        let mut real = self.reached_to_look(order, &work.proof.database, work.database).await?;
        let ledger = work.database.ledger.as_ref().ok_or_else(|| odd(order))?;
        let history = work.history(order)?;
        let seen = told(&mut *real, Some(ledger), &history).await?;
        let is_pending = |script: &&Script| seen.entry(&script.version).is_none() && work.is_asked_about(order, script);
        let scripts: Vec<_> = history.iter().filter(is_pending).cloned().collect();
        if scripts.is_empty() {
            return Ok(Effect { objects: Vec::new(), note: "nothing is pending".to_owned() });
        }
        let backup = work.newest(order).await?;
        let (folder, run) = (self.folder(order, &work), run(order, work.proof));
        let proving = Proving {
            scope: order.scope,
            database: work.database,
            real: target,
            ledger,
            scratch: None,
            from_nothing: false,
            scripts: &scripts,
            backup: backup.as_ref().map(|(manifest, shelf)| (manifest, shelf)),
            history: &history,
            folder,
            run,
            holder: &self.workshop.holder,
            progress: &|progress| (order.progress)(progress.to_string()),
            hear: order.progress,
        };
        let proved = self.prover().prove(&proving, &mut *real, order.unwanted()).await.map_err(stopped)?;
        if let Err(why) = (self.workshop.evidence)(&proved.proof, &proved.scripts) {
            (order.progress)(format!("the proof could not be kept: {why}"));
        }
        for note in &proved.notes {
            (order.progress)(note.clone());
        }
        work.judged(order, &scripts, &proved, seen.schema)?;
        let note = format!("{0} of {0} proven", scripts.len());
        Ok(Effect { objects: Vec::new(), note })
    }

    /// Removes what is left of a proof that was cut off. The database has nothing to be taken back; where it cannot be
    /// asked, a scratch database may stay in its server until a later proof finds it.
    pub(super) async fn unproven(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        let work = Work::of(order)?;
        let (folder, run) = (self.folder(order, &work), run(order, work.proof));
        if work.database.dialect == Dialect::Postgres
            && let Ok(real) = self.way(order, &work).await
        {
            self.prover().sweep_server(&real, &run).await;
        }
        let about = (order.scope, work.database);
        self.prover().sweep_beside(about, (&folder, &run), order.is_lost).await?;
        Ok(Effect::default())
    }

    /// Removes what an earlier try of this very step has left, once the database answers. The way to it.
    async fn swept(&self, order: &Order<'_>, work: &Work<'_>) -> Result<Target, Fault> {
        let (folder, run) = (self.folder(order, work), run(order, work.proof));
        // A file that is not there yet would be made.
        if work.database.dialect == Dialect::Postgres {
            let mut session = self.reached(order, &work.proof.database, work.database).await?;
            let real = self.way(order, work).await?;
            swept(&mut *session, &real, &run).await?;
        }
        self.prover().sweep_beside((order.scope, work.database), (&folder, &run), order.is_lost).await?;
        self.way(order, work).await
    }

    /// The way to the database.
    async fn way(&self, order: &Order<'_>, work: &Work<'_>) -> Result<Target, Fault> {
        let url = self.url(order, work.database).await?;
        Ok(target(&work.proof.database, work.database, url, &format!("omni/{}", order.op)))
    }

    /// Where this step makes files that may be ruined: the same wherever it is done again on this machine.
    fn folder(&self, order: &Order<'_>, work: &Work<'_>) -> PathBuf {
        self.workshop.folder.join(format!("omni-scratch-{}-{}", work.proof.database, order.op))
    }
}

/// What scratch databases and servers of this step are called by.
fn run(order: &Order<'_>, proof: &Proof) -> String {
    Fingerprint::of(&(order.op, &proof.database)).short()
}

/// The proof of an order, with what it is about.
struct Work<'a> {
    proof: &'a Proof,
    database: &'a Database,
    migrations: Vec<(&'a Address, &'a Migration)>,
}

impl<'a> Work<'a> {
    fn of(order: &Order<'a>) -> Result<Self, Fault> {
        let proof = order.change.after.as_ref().and_then(Resource::proof).ok_or_else(|| odd(order))?;
        let at = Address::new(Kind::Database, &proof.database);
        let database = order.requirement(&at).and_then(Resource::database).ok_or_else(|| odd(order))?;
        let all = order.things.iter().map(|(address, resource)| (*address, *resource));
        Ok(Self { proof, database, migrations: Migration::ordered(all, &proof.database) })
    }

    /// Every migration of the database, in order, with its texts.
    fn history(&self, order: &Order<'_>) -> Result<Vec<Script>, Fault> {
        let all = self.migrations.iter();
        all.map(|(address, one)| script(order.vault, one.name_in(address), one)).collect()
    }

    fn address(&self, script: &Script) -> Address {
        Address::migration(&self.proof.database, &script.name)
    }

    fn is_asked_about(&self, order: &Order<'_>, script: &Script) -> bool {
        order.change.proves.contains_key(&self.address(script))
    }

    /// The newest backup, where the ways back are tried on one, and where it lies.
    async fn newest(&self, order: &Order<'_>) -> Result<Option<(Manifest, Shelf)>, Fault> {
        if self.proof.prove != Prove::Data {
            return Ok(None);
        }
        let at = Address::new(Kind::Backup, &self.proof.database);
        let Some(Resource::Backup(backup)) = order.requirement(&at) else { return Err(odd(order)) };
        let folder = Shelf::new(&order.root.join(&backup.dir), &backup.database);
        let Some(newest) = folder.list().await?.whole.pop() else {
            let text = format!("database.{} has no backup in `{}` to be proven on", backup.database, backup.dir);
            return Err(Fault::new(FaultKind::Failed, text)
                .help("make one with `omni backup create`, or prove on the schema alone: `prove = \"schema\"`"));
        };
        Ok(Some((newest, folder)))
    }

    /// Whether the plan may be done with what is known now. What was proven counts where the next plan would heed it:
    /// from the schema of the database on.
    fn judged(&self, order: &Order<'_>, scripts: &[Script], proved: &Proved, schema: Fingerprint) -> Result<(), Fault> {
        let mut schema = Some(schema);
        let mut bad = Vec::new();
        let mut other = Vec::new();
        let migrations: BTreeMap<_, _> = self.migrations.iter().copied().collect();
        for script in scripts {
            let address = self.address(script);
            let found = schema.and_then(|schema| proved.proof.of(&digest(script), schema));
            schema = found.and_then(|one| one.after);
            let worth = found.map_or(Worth::Unproven, MigrationProof::worth);
            let planned = order.change.proves.get(&address).unwrap_or(&Worth::Unproven);
            let holds = migrations.get(&address).is_some_and(|one| still_holds(one, planned, &worth));
            if !worth.is_proven() {
                bad.push(plain(&format!("{address}: {worth}")));
            } else if !holds {
                other.push(plain(&format!("{address}: {worth}")));
            }
        }
        let kept = "the proof is kept, and no migration has run";
        match (bad.first(), other.first()) {
            (Some(first), _) => {
                let text = format!("{first}{}, and the policy asks for a proof; {kept}", and_more(&bad));
                Err(Fault::new(FaultKind::Failed, text).help(
                    "mend the way back and plan again: `omni migrate prove` shows what it does, and \
                     `prove = \"data\"` tries on the rows of a backup what changes no schema",
                ))
            }
            (None, Some(first)) => {
                let text = format!("{first}{}, which nobody knew when it was planned; {kept}", and_more(&other));
                Err(Fault::new(FaultKind::Failed, text)
                    .help("run `omni plan` again: it says what would be lost, and asks whether that may be"))
            }
            (None, None) => Ok(()),
        }
    }
}

fn and_more(all: &[String]) -> String {
    match all.len() {
        0 | 1 => String::new(),
        many => format!(" (and {} more)", many - 1),
    }
}

fn stopped(unproven: Unproven<()>) -> Fault {
    match unproven {
        Unproven::Fault(fault) => fault,
        Unproven::Stopped(()) => Fault::new(FaultKind::Failed, "the proof was given up: the apply is taken back"),
    }
}
