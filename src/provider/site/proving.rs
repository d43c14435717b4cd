//! Proving: a scratch copy of a database is made, migrations are run up and back on it, and it is removed, whatever
//! happens.
//!
//! A server that a service of the deployment runs is copied into a throwaway container of the same image (`server`);
//! any other, or one that is named for it, holds the scratch database itself; a file is copied beside. What is run on
//! the copy is left to `database::prove`, and what comes of it to `migration::proof`.

mod copy;
mod server;

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::address::Scope;
use crate::clock::Clock;
use crate::lock::Holder;
use crate::migration::ledger::Ledger;
use crate::migration::proof::{Copied, Proof};
use crate::migration::{Dialect, Script};
use crate::provider::Fault;
use crate::provider::backup::moment;
use crate::provider::database::prove::{Options, Progress, prove};
use crate::provider::database::scratch::Scratch;
use crate::provider::database::{Connect, Session, Target};
use crate::provider::engine::{Engine, Hear};
use crate::provider::host::Host;
use crate::provider::site::Site;
use crate::provider::site::proving::server::Throwaway;
use crate::resource::Database;

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
    /// A folder for files that may be ruined. Nothing may be there; it is made where one is needed.
    pub folder: PathBuf,
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
    Folder(PathBuf),
}

/// What proofs are made with.
pub struct Prover<'a, E> {
    /// The engine on which a server is made; where none, scratch databases are made on servers that are there.
    pub host: Option<&'a Host<E>>,
    /// Opens sessions.
    pub connect: Arc<dyn Connect>,
}

impl<E: Engine> Site<E> {
    /// What proofs are made with here.
    pub fn prover(&self) -> Prover<'_, E> {
        Prover { host: Some(&self.host), connect: self.connect.clone() }
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
        let name = server::name(proving.scope)?;
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
            Ok((copy, loader)) => {
                let worked = async {
                    let found = self.proven(proving, &stage, (&*copy, loader.as_deref()), real).await;
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
        (copy, loader): (&dyn Scratch, Option<&dyn Scratch>),
        real: &mut dyn Session,
    ) -> Result<Proved, Fault> {
        let without = proving.ledger.tables(&real.facts().schema);
        let catalogue = real.catalogue(&without).await?;
        let major = real.facts().major;
        let notes = self.loaded(proving, loader.unwrap_or(copy), &catalogue, (&without, major)).await?;
        let clock = Watch { at: moment(real).await?, begun: Instant::now() };
        let place = stage.words(proving);
        let options = Options {
            without: &without,
            copied: Copied::Schema,
            base: (!proving.from_nothing).then(|| catalogue.fingerprint()),
            is_alone: proving.scratch.is_some() || matches!(stage, Stage::Throwaway(_)),
            place: &place,
            clock: &clock,
            progress: proving.progress,
        };
        Ok(Proved { proof: prove(copy, proving.scripts, &options).await?, notes })
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
                let _ = tokio::fs::remove_dir_all(folder).await;
                Ok(())
            }
        }
    }
}

impl Proving<'_> {
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
