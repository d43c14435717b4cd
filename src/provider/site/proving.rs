//! Proving: a scratch copy of a database is made, migrations are run up and back on it, and it is removed, whatever
//! happens.
//!
//! A server that a service of the deployment runs is copied into a throwaway container of the same image (`server`);
//! any other, or one that is named for it, holds the scratch database itself; a file is copied beside. What is run on
//! the copy is left to `database::prove`, and what comes of it to `migration::proof`.

mod copy;
mod folder;
mod server;
mod sweeping;

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::address::Scope;
use crate::clock::Clock;
use crate::lock::Holder;
use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::Ledger;
use crate::migration::proof::{Copied, Proof};
use crate::migration::{Dialect, Script};
use crate::provider::Fault;
use crate::provider::backup::{Keys, Manifest, Shelf, Tools, moment};
use crate::provider::database::prove::{Options, Progress, prove};
use crate::provider::database::scratch::Scratch;
use crate::provider::database::scratch::postgres::PostgresScratch;
use crate::provider::database::{Connect, Session, Target};
use crate::provider::engine::{Engine, Hear};
use crate::provider::host::Host;
use crate::provider::site::Site;
use crate::provider::site::proving::folder::Folder;
use crate::provider::site::proving::server::Throwaway;

use crate::resource::Database;
pub(super) use sweeping::swept;

/// What is to be proven, and on what.
pub struct Proving<'a> {
    /// The deployment.
    pub scope: &'a Scope,
    /// The database.
    pub database: &'a Database,
    /// The way to it.
    pub real: Target,
    /// The table that says what was applied.
    pub ledger: &'a Ledger,
    /// A server that is there for nothing else, to make the scratch database on.
    pub scratch: Option<&'a str>,
    /// Whether the copy begins empty.
    pub from_nothing: bool,
    /// The migrations, in order.
    pub scripts: &'a [Script],
    /// The backup that the copy holds, and where it lies; only the schema is copied where none.
    pub backup: Option<(&'a Manifest, &'a Shelf)>,
    /// All migrations of the database, in order: those that were applied since the backup was made are run first.
    pub history: &'a [Script],
    /// A folder for files that may be ruined. Nothing may be there; it is made where one is needed.
    pub folder: PathBuf,
    /// What tells this proof from others, in the names of what is made for it: lower-case letters and digits.
    pub run: String,
    /// Who proves.
    pub holder: &'a Holder,
    /// Told before each step.
    pub progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
    /// Hears how the copy is made.
    pub hear: Hear<'a>,
}

/// A proof that was made.
#[derive(Debug)]
pub struct Proved {
    /// What came of it.
    pub proof: Proof,
    /// The migrations that it is of, in order.
    pub scripts: Vec<Script>,
    /// What the copy lacked, and what else the reader should know.
    pub notes: Vec<String>,
}

/// Why there is no proof.
#[derive(Debug)]
pub enum Unproven<S> {
    /// It could not be made.
    Fault(Fault),
    /// Somebody wanted it to stop.
    Stopped(S),
}

impl<S> From<Fault> for Unproven<S> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Where the copy is made.
pub(super) enum Stage {
    /// On a server that is there anyway.
    Server(Target),
    /// On one that was made for it.
    Throwaway(Box<Throwaway>),
    /// In a file.
    Folder(Folder),
}

/// What proofs are made with.
pub struct Prover<'a, E> {
    /// The engine on which a server is made; where none, scratch databases are made on servers that are there.
    pub host: Option<&'a Host<E>>,
    /// Opens sessions.
    pub connect: Arc<dyn Connect>,
    /// The programs that restore a backup.
    pub tools: Arc<dyn Tools>,
    /// What opens those that are encrypted.
    pub keys: &'a Keys,
}

/// A word for a proof that no other one has.
///
/// # Errors
/// When the system gives no random numbers.
pub fn run() -> Result<String, Fault> {
    Ok(server::random()?[..8].to_owned())
}

impl<E: Engine> Site<E> {
    /// What proofs are made with here.
    pub fn prover(&self) -> Prover<'_, E> {
        Prover { host: Some(&self.host), connect: self.connect.clone(), tools: self.tools.clone(), keys: &self.keys }
    }
}

impl<E: Engine> Prover<'_, E> {
    /// Proves migrations on a scratch copy of the database that `real` is a session of, which is only read. What was
    /// made for it is gone afterwards, also where `stop` came first.
    ///
    /// # Errors
    /// When no copy can be made, or a database does not answer any more; and when `stop` came first.
    pub async fn prove<S>(
        &self,
        proving: &Proving<'_>,
        real: &mut dyn Session,
        stop: impl Future<Output = S>,
    ) -> Result<Proved, Unproven<S>> {
        let mut stop = pin!(stop);
        let name = server::name(proving.scope, &proving.run);
        let staged = tokio::select! {
            staged = self.stage(proving, real, &name) => staged.map_err(Unproven::Fault),
            stopped = &mut stop => Err(Unproven::Stopped(stopped)),
        };
        let (stage, mut notes) = match staged {
            Ok(staged) => staged,
            Err(unproven) => {
                if let Some(host) = self.host.filter(|_| proving.is_contained()) {
                    // Why it is not there is worth more than that it could not be removed: the next run does it.
                    let _ = host.remove_scratch(&name, true).await;
                }
                return Err(unproven);
            }
        };
        let ended = match self.copied(proving, &stage, real).await {
            Err(fault) => Err(Unproven::Fault(fault)),
            Ok((copy, server)) => {
                let worked = async {
                    let found = self.proven(proving, &stage, (&*copy, server.as_ref()), real).await;
                    found.map_err(Unproven::Fault)
                };
                let ended = tokio::select! {
                    ended = worked => ended,
                    stopped = &mut stop => Err(Unproven::Stopped(stopped)),
                };
                match &stage {
                    // It goes with its server.
                    Stage::Throwaway(_) => ended,
                    Stage::Server(_) | Stage::Folder(_) => copy.remove().await.map_err(Unproven::Fault).and(ended),
                }
            }
        };
        self.cleared(&stage, &name).await.map_err(Unproven::Fault).and(ended).map(|mut proved| {
            notes.append(&mut proved.notes);
            Proved { notes, ..proved }
        })
    }

    /// Loads the copy, and runs the migrations on it.
    async fn proven(
        &self,
        proving: &Proving<'_>,
        stage: &Stage,
        (copy, server): (&dyn Scratch, Option<&PostgresScratch>),
        real: &mut dyn Session,
    ) -> Result<Proved, Fault> {
        let without = proving.ledger.tables(&real.facts().schema);
        let catalogue = real.catalogue(&without).await?;
        let major = real.facts().major;
        let loaded = self.loaded(proving, stage, (copy, server), &catalogue, (&without, major)).await?;
        let scripts = if loaded.is_behind { proving.since() } else { proving.scripts.to_vec() };
        let clock = Watch { at: moment(real).await?, begun: Instant::now() };
        let place = stage.words(proving);
        let options = Options {
            without: &without,
            copied: if proving.backup.is_some() { Copied::Data } else { Copied::Schema },
            base: (!proving.from_nothing && loaded.is_same).then(|| catalogue.fingerprint()),
            is_alone: proving.scratch.is_some() || matches!(stage, Stage::Throwaway(_)),
            place: &place,
            clock: &clock,
            progress: proving.progress,
        };
        let proof = prove(copy, &scripts, &options).await?;
        let mut notes = loaded.notes;
        notes.extend(proving.caught_up(&proof, &catalogue));
        Ok(Proved { proof, scripts, notes })
    }

    /// Removes what was made to hold copies, and what crashes left behind.
    async fn cleared(&self, stage: &Stage, name: &str) -> Result<(), Fault> {
        match stage {
            Stage::Throwaway(_) => match self.host {
                Some(host) => host.remove_scratch(name, false).await,
                None => Ok(()),
            },
            Stage::Server(target) => {
                self.sweep(target).await;
                Ok(())
            }
            Stage::Folder(folder) => {
                // What is left in it is of no use to anybody.
                let _ = tokio::fs::remove_dir_all(&folder.path).await;
                Ok(())
            }
        }
    }
}

impl Proving<'_> {
    /// The migrations that the backup does not have yet, applied or not.
    fn since(&self) -> Vec<Script> {
        let has =
            |script: &Script| self.backup.is_some_and(|(manifest, _)| manifest.migrations.contains(&script.version));
        self.history.iter().filter(|script| !has(script)).cloned().collect()
    }

    /// That those which are applied do not lead from the backup to the database as it is, where they were run.
    fn caught_up(&self, proof: &Proof, real: &Catalogue) -> Option<String> {
        let first = self.scripts.first()?;
        let at = proof.migrations.iter().position(|one| one.migration == first.name).filter(|at| *at > 0)?;
        let is_there = proof.migrations[at - 1].after == Some(real.fingerprint());
        let why = "the backup, and the migrations since, do not lead to the schema of the database: what is proven \
                   here is not proven for it";
        (!is_there).then(|| format!("{why}; make a new backup"))
    }

    /// Whether a container may be made for it.
    fn is_contained(&self) -> bool {
        self.database.dialect == Dialect::Postgres && self.scratch.is_none() && self.database.service.is_some()
    }
}

impl Stage {
    /// Where the copy is, in words.
    fn words(&self, proving: &Proving<'_>) -> String {
        match self {
            Self::Throwaway(server) => format!("a container of {}", server.image),
            Self::Server(_) if proving.scratch.is_some() => "a server that was named for it".to_owned(),
            Self::Server(_) => "the server itself".to_owned(),
            Self::Folder(_) => "a file beside".to_owned(),
        }
    }
}

/// The time since a moment that a database told.
struct Watch {
    at: Timestamp,
    begun: Instant,
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        self.at + self.begun.elapsed()
    }
}
