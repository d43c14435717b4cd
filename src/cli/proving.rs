//! Proving, as a command does it: signals are heard, the screen is told, and failures have their codes.

use std::sync::Arc;

use crate::apply::Stop;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::histories::{self, History, failed};
use crate::cli::project::{self, Engine, Project};
use crate::cli::signals::Signals;
use crate::migration::Script;
use crate::provider::backup::tools::host::HostTools;
use crate::provider::backup::{Manifest, Shelf};
use crate::provider::database::{Session, Target};
use crate::provider::site::proving::{self, Proved, Prover, Proving, Unproven};
use crate::resource::Prove;

/// What is to be proven.
pub(crate) struct Wanted<'a> {
    /// The database.
    pub(crate) history: &'a History,
    /// The way to it.
    pub(crate) real: Target,
    /// A server that is there for nothing else.
    pub(crate) scratch: Option<&'a str>,
    /// Whether the copy begins empty.
    pub(crate) from_nothing: bool,
    /// The migrations, in order.
    pub(crate) scripts: &'a [Script],
    /// The backup that the copy is to hold, and where it lies.
    pub(crate) backup: Option<&'a (Manifest, Shelf)>,
}

/// Proves migrations on a scratch copy of the database that `real` is a session of.
///
/// # Errors
/// When no copy can be made, a database does not answer any more, or somebody interrupts.
pub(crate) async fn prove(
    project: &Project,
    wanted: &Wanted<'_>,
    real: &mut dyn Session,
    console: &Console,
) -> Result<Proved, Failure> {
    let mut signals = Signals::listen().map_err(|error| {
        Failure::new(Exit::Unusable, "omni::cli::runtime", format!("signals cannot be heard: {error}"))
    })?;
    let (history, run) = (wanted.history, proving::run().map_err(failed)?);
    let proving = Proving {
        scope: project.scope(),
        database: &history.database,
        real: wanted.real.clone(),
        ledger: &history.ledger,
        scratch: wanted.scratch,
        from_nothing: wanted.from_nothing,
        scripts: wanted.scripts,
        backup: wanted.backup.map(|(manifest, shelf)| (manifest, shelf)),
        history: &history.scripts,
        folder: std::env::temp_dir().join(format!("omni-scratch-{}-{run}", history.name)),
        run,
        holder: &project::prover(),
        progress: &|progress| console.step(&progress.to_string()),
        hear: &|text| console.step(&text),
    };
    // Where no service runs the database no engine is needed, and there may be none.
    let engine = history.database.service.is_some().then(|| project.engine()).transpose()?;
    let (tools, keys) = (Arc::new(HostTools::default()), project::age_keys()?);
    let alone = || Prover { host: None, connect: histories::connect(), tools, keys: &keys };
    let prover = engine.as_ref().map_or_else(alone, Engine::prover);
    let ended = prover.prove(&proving, real, signals.stops.recv()).await;
    console.step("");
    ended.map_err(|unproven| match unproven {
        Unproven::Fault(fault) => failed(fault),
        Unproven::Stopped(stop) => interrupted(stop),
    })
}

/// The newest backup of a database whose ways back are tried on one; none where they are tried on the schema alone.
///
/// # Errors
/// When there is none, or none can be read.
pub(crate) async fn newest(project: &Project, history: &History) -> Result<Option<(Manifest, Shelf)>, Failure> {
    if history.database.prove != Prove::Data {
        return Ok(None);
    }
    let none = |dir: &str| {
        let text = format!("database.{} has no backup in `{dir}` to be proven on", history.name);
        Failure::new(Exit::Unusable, "omni::migrate::no_backup", text)
            .help("make one with `omni backup create`, or prove on the schema alone: `prove = \"schema\"`")
    };
    let Some(backup) = &history.backup else { return Err(none("backups")) };
    let shelf = Shelf::new(&project.root.join(&backup.dir), &history.name);
    match shelf.list().await.map_err(failed)?.whole.pop() {
        Some(newest) => Ok(Some((newest, shelf))),
        None => Err(none(&backup.dir)),
    }
}

fn interrupted(stop: Option<Stop>) -> Failure {
    let (exit, name) = match stop {
        Some(Stop::Asked(name)) if name == "SIGTERM" => (Exit::Terminated, name),
        Some(Stop::Asked(name)) => (Exit::Interrupted, name),
        _ => (Exit::Interrupted, "SIGINT".to_owned()),
    };
    Failure::new(exit, "omni::migrate::interrupted", format!("{name}: the proof was given up; nothing was changed"))
}
