//! Proving: a scratch copy is made, migrations are run up and back on it, and it is removed, whatever happens.

use std::path::PathBuf;
use std::time::Duration;

use crate::apply::Stop;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::histories::{History, connect, failed};
use crate::cli::signals::Signals;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::migration::proof::{Copied, Proof};
use crate::migration::{Dialect, Script};
use crate::provider::Fault;
use crate::provider::backup::tools::inside::Inside;
use crate::provider::database::prove::{Options, Phase, Progress, prove as run};
use crate::provider::database::scratch::Scratch;
use crate::provider::database::scratch::dump::{Dump, PgDump};
use crate::provider::database::scratch::loading::load;
use crate::provider::database::scratch::postgres::PostgresScratch;
use crate::provider::database::scratch::sqlite::SqliteScratch;
use crate::provider::database::{Session, Target};
use crate::resource::Prove;

/// How long the host's `pg_dump` may take for a schema.
const DUMP: Duration = Duration::from_mins(5);
/// After how many seconds a scratch database that nobody uses was left behind by a crash.
const ABANDONED: i64 = 3600;

/// What is to be proven.
pub(crate) struct Proving<'a> {
    /// The database.
    pub(crate) history: &'a History,
    /// The way to it.
    pub(crate) real: Target,
    /// A server that is there for nothing else; the database's own where none.
    pub(crate) scratch: Option<&'a str>,
    /// The programs in the container of the service that runs it; those of this machine where none.
    pub(crate) inside: Option<Inside<'a>>,
    /// Whether the copy begins empty.
    pub(crate) from_nothing: bool,
    /// The migrations, in order.
    pub(crate) scripts: &'a [Script],
    /// Who is told how far it came.
    pub(crate) console: &'a Console,
}

/// Proves migrations on a scratch copy of the database that `real` is a session of. Answers the proof, and what the
/// reader should know of the copy.
///
/// # Errors
/// When no copy can be made, a database does not answer any more, or somebody interrupts.
pub(crate) async fn prove(proving: &Proving<'_>, real: &mut dyn Session) -> Result<(Proof, Vec<String>), Failure> {
    let mut signals = Signals::listen().map_err(|error| {
        Failure::new(Exit::Unusable, "omni::cli::runtime", format!("signals cannot be heard: {error}"))
    })?;
    let facts = real.facts().clone();
    let folder = tempfolder(proving)?;
    let scratch = match proving.make(real, &folder).await {
        Ok(scratch) => scratch,
        Err(fault) => {
            // Where it was not made there may be nothing to remove.
            let _ = std::fs::remove_dir_all(&folder);
            return Err(failed(fault));
        }
    };
    let without = proving.history.ledger.tables(&facts.schema);
    let work = async {
        let catalogue = real.catalogue(&without).await?;
        let mut notes = proving.load(&*scratch, &catalogue, &without).await?;
        notes.extend(proving.cautions());
        let options = Options {
            without: &without,
            copied: Copied::Schema,
            base: (!proving.from_nothing).then(|| catalogue.fingerprint()),
            is_alone: proving.scratch.is_some(),
            clock: &SystemClock,
            progress: &|progress| tell(proving.console, progress),
        };
        Ok::<_, Fault>((run(&*scratch, proving.scripts, &options).await?, notes))
    };
    let ended = tokio::select! {
        done = work => done.map_err(failed),
        stop = signals.stops.recv() => Err(interrupted(stop)),
    };
    proving.console.step("");
    let removed = scratch.remove().await;
    if let Dialect::Postgres = facts.dialect {
        proving.sweep().await;
    } else {
        // What is left in it is of no use to anybody.
        let _ = std::fs::remove_dir_all(&folder);
    }
    let ended = ended?;
    removed.map_err(failed)?;
    Ok(ended)
}

fn interrupted(stop: Option<Stop>) -> Failure {
    let (exit, name) = match stop {
        Some(Stop::Asked(name)) if name == "SIGTERM" => (Exit::Terminated, name),
        Some(Stop::Asked(name)) => (Exit::Interrupted, name),
        _ => (Exit::Interrupted, "SIGINT".to_owned()),
    };
    Failure::new(exit, "omni::migrate::interrupted", format!("{name}: the proof was given up; nothing was changed"))
}

fn tell(console: &Console, progress: Progress<'_>) {
    let way = match progress.phase {
        Phase::Up => "up",
        Phase::Down => "down",
        Phase::Back => "back",
    };
    let text = format!("{}/{} {way} {}", progress.done + 1, progress.total, progress.migration);
    console.step(&text);
}

/// A folder of its own for files that may be ruined.
fn tempfolder(proving: &Proving<'_>) -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("omni-scratch-{}-{}", proving.history.name, std::process::id()));
    if proving.history.database.dialect == Dialect::Sqlite {
        std::fs::create_dir(&folder).map_err(|error| {
            let message = format!("cannot make `{}`: {error}", folder.display());
            Failure::new(Exit::Unusable, "omni::cli::unwritable", message).help("make room, or set TMPDIR")
        })?;
    }
    Ok(folder)
}

impl Proving<'_> {
    fn server(&self) -> Target {
        let url = self.scratch.map_or_else(|| self.real.url.clone(), str::to_owned);
        Target { url, ..self.real.clone() }
    }

    /// An empty scratch database; for `SQLite` one with the schema already.
    async fn make(&self, real: &mut dyn Session, folder: &std::path::Path) -> Result<Box<dyn Scratch>, Fault> {
        let path = folder.join("scratch.db");
        match self.history.database.dialect {
            Dialect::Postgres => {
                let (seconds, run) = (SystemClock.now().as_second(), format!("p{}", std::process::id()));
                let made = PostgresScratch::make(connect(), &self.server(), real, seconds, &run).await?;
                Ok(Box::new(made))
            }
            Dialect::Sqlite if self.from_nothing => {
                let url = format!("sqlite:{}?mode=rwc", folder.join("empty.db").display());
                let mut empty = connect().connect(&Target { url, ..self.real.clone() }).await?;
                Ok(Box::new(SqliteScratch::of_schema(connect(), &self.real, &mut *empty, &path).await?))
            }
            Dialect::Sqlite => Ok(Box::new(SqliteScratch::of_schema(connect(), &self.real, real, &path).await?)),
        }
    }

    /// Brings the schema of the real database in. Answers what could not be copied.
    async fn load(
        &self,
        scratch: &dyn Scratch,
        real: &crate::migration::catalogue::Catalogue,
        without: &[String],
    ) -> Result<Vec<String>, Fault> {
        if self.history.database.dialect == Dialect::Sqlite || self.from_nothing {
            return Ok(Vec::new());
        }
        let text = match &self.inside {
            Some(inside) => inside.schema(&self.real).await?,
            None => PgDump { program: PathBuf::from("pg_dump"), deadline: DUMP }.schema(&self.real).await?,
        };
        let loaded = load(scratch, &text, real, without).await?;
        Ok(loaded.differences.iter().map(|one| format!("the scratch copy differs: {one}")).collect())
    }

    fn cautions(&self) -> Option<String> {
        (self.history.database.prove == Prove::Data).then(|| {
            "proven on the schema alone: `prove = \"data\"` is for the newest backup, which was not used".into()
        })
    }

    /// Removes what this run and crashed ones left behind.
    async fn sweep(&self) {
        // Nothing of the proof depends on it, and the next run does it again.
        if let Ok(mut session) = connect().connect(&self.server()).await {
            let _ = PostgresScratch::sweep(&mut *session, SystemClock.now().as_second(), ABANDONED).await;
        }
    }
}
