//! `prove`: runs migrations up and back on a scratch database, and compares the schema at each step.
//!
//! Each way back is tried against exactly the schema that its own way up left, in a transaction that is taken back, or
//! on a copy where it cannot run in one: so no fault of another one is taken for its own. One that runs unit by unit is
//! cut off after each of them first. At the end the whole batch is
//! taken back in earnest. The scratch database comes from `scratch`; what a verdict means is left to
//! `migration::proof`.

mod attempt;
mod desk;
mod middle;
mod reach;
mod rows;
mod sending;
mod steps;
mod walk;

use std::fmt;

use crate::clock::Clock;
use crate::fingerprint::Fingerprint;
use crate::migration::catalogue::Catalogue;
use crate::migration::proof::{
    Contents, Copied, Failure, Ground, MigrationProof, Proof, Rows, RowsTried, Verdict, digest,
};
use crate::migration::{Dialect, Script};
use crate::provider::database::Session;
use crate::provider::database::prove::attempt::Attempt;
use crate::provider::database::prove::desk::Desk;
use crate::provider::database::prove::middle::Middle;
use crate::provider::database::prove::sending::Went;
use crate::provider::database::scratch::Scratch;
use crate::provider::{Fault, FaultKind};

/// What a proof needs to know beside the scripts.
pub struct Options<'a> {
    /// The tables and schemas that are no part of the schema: those of the ledger.
    pub without: &'a [String],
    /// What the scratch database holds of the real one.
    pub copied: Copied,
    /// The fingerprint of the real schema, for which the proof is to hold; that of the scratch database where none.
    pub base: Option<Fingerprint>,
    /// Whether the server, or the folder of the file, is there for this proof alone. Beside others a script may not
    /// reach beyond its own database: roles, the settings of the server, other files.
    pub is_alone: bool,
    /// Where the scratch database is: `a container of postgres:15`.
    pub place: &'a str,
    /// What tells the time.
    pub clock: &'a dyn Clock,
    /// Told before each step.
    pub progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
}

impl Options<'_> {
    /// What the rows add up to; none where the copy holds none of a backup.
    async fn contents(&self, session: &mut dyn Session) -> Result<Option<Contents>, Fault> {
        match self.copied {
            Copied::Schema => Ok(None),
            Copied::Data => rows::contents(session, self.without).await.map(Some),
        }
    }

    async fn read(&self, session: &mut dyn Session) -> Result<Catalogue, Fault> {
        session.catalogue(self.without).await
    }
}

/// How far a proof has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The migration that is being run.
    pub migration: &'a str,
    /// Which way it is run, and whether alone.
    pub phase: Phase,
    /// How many steps are done.
    pub done: usize,
    /// How many there are: up and down for each migration, and back with all of them.
    pub total: usize,
}

impl fmt::Display for Progress<'_> {
    /// `2/9 up 0042_add_tax`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.phase {
            Phase::Up => "up",
            Phase::Down => "down",
            Phase::Back => "back",
        };
        write!(f, "{}/{} {way} {}", self.done + 1, self.total, self.migration)
    }
}

/// What is being tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The way up.
    Up,
    /// The way back, alone.
    Down,
    /// The way back, as a part of the whole batch.
    Back,
}

/// Runs these migrations up and back on a scratch database that holds the schema before them. Afterwards it holds
/// whatever the way back of the whole batch left.
///
/// # Errors
/// Where the database does not answer any more, or no copy of it can be made; and, before anything is run, where a
/// script reaches beyond its own database. That the database refuses a statement is a verdict.
pub async fn prove(scratch: &dyn Scratch, scripts: &[Script], options: &Options<'_>) -> Result<Proof, Fault> {
    let at = options.clock.now();
    let mut desk = Desk::default();
    let mut session = desk.take(scratch).await?;
    let (dialect, major) = (session.facts().dialect, session.facts().major);
    let place = format!("{}, {}", options.place, session.facts().version);
    if !options.is_alone {
        scripts.iter().try_for_each(|script| keeps_to_itself(dialect, script))?;
    }
    let base = session.catalogue(options.without).await?;
    let schemas = vec![base.fingerprint()];
    let mut run = Run { scratch, options, dialect, scripts, schemas, made: Vec::new(), desk, rows: None };
    run.rows = run.options.contents(session.as_mut()).await?;
    let had = run.rows.clone();
    run.desk.give_back(session).await?;
    let up = run.up(&base).await?;
    let (batch, rows) = match up {
        Ok(top) => run.back(&base, &top, had.as_ref()).await?,
        Err(failure) => (Verdict::UpFails { failure }, None),
    };
    let base = options.base.unwrap_or(run.schemas[0]);
    let took = options.clock.now().duration_since(at).as_millis();
    Ok(Proof {
        ground: Ground { dialect, major, copied: options.copied, base },
        migrations: run.made,
        batch,
        rows,
        place,
        at,
        took: u64::try_from(took).unwrap_or_default(),
    })
}

/// Refuses a script that would change more than its own database.
fn keeps_to_itself(dialect: Dialect, script: &Script) -> Result<(), Fault> {
    let Some((path, line, words)) = reach::beyond(dialect, script) else { return Ok(()) };
    let message = format!("`{path}`, line {line}: `{words}` reaches beyond its own database");
    Err(Fault::new(FaultKind::Failed, message)
        .help("prove it on a server that is there for nothing else: this one shares it with others"))
}

/// One proof while it is made.
struct Run<'a> {
    scratch: &'a dyn Scratch,
    options: &'a Options<'a>,
    dialect: Dialect,
    scripts: &'a [Script],
    /// The schema before each migration, and after the last one that went up.
    schemas: Vec<Fingerprint>,
    made: Vec<MigrationProof>,
    desk: Desk,
    /// What the rows add up to now; none where there are none of a backup.
    rows: Option<Contents>,
}

impl Run<'_> {
    /// Goes up with each migration and tries its way back. Answers the schema at the top; what the database refused
    /// where it did not come there.
    async fn up(&mut self, base: &Catalogue) -> Result<Result<Catalogue, Failure>, Fault> {
        let mut before = base.clone();
        let mut failed = None;
        for script in self.scripts {
            let digest = digest(script);
            let rows = if steps::destroys(self.dialect, &script.up) { Rows::Destroyed } else { Rows::Kept };
            let mut made = MigrationProof::not_reached(&script.name, digest, rows);
            if failed.is_none() {
                self.tell(script, Phase::Up, 2 * self.made.len());
                match self.one(script, &before, &mut made).await? {
                    Ok(after) => {
                        self.schemas.push(made.after.unwrap_or_else(|| after.fingerprint()));
                        before = after;
                    }
                    Err(failure) => {
                        made.verdict = Verdict::UpFails { failure: failure.clone() };
                        failed = Some(failure);
                    }
                }
            }
            self.made.push(made);
        }
        Ok(failed.map_or(Ok(before), Err))
    }

    /// Goes up with one migration and tries its way back. Answers the schema after it.
    async fn one(
        &mut self,
        script: &Script,
        before: &Catalogue,
        made: &mut MigrationProof,
    ) -> Result<Result<Catalogue, Failure>, Fault> {
        if let Some(middle) = Middle::of(self.dialect, script, self.options.without) {
            self.desk.clear();
            made.prefixes = middle.tried(self.scratch, self.rows.as_ref()).await?;
        }
        let mut session = self.desk.take(self.scratch).await?;
        let mut attempt = Attempt { script, dialect: self.dialect, without: self.options.without, rows: None };
        let begun = self.options.clock.now();
        if let Went::Refused(failure) = attempt.up(session.as_mut()).await? {
            return Ok(Err(failure));
        }
        made.up_took = self.since(begun);
        let after = self.options.read(session.as_mut()).await?;
        made.after = Some(after.fingerprint());
        let now = self.options.contents(session.as_mut()).await?;
        let had = std::mem::replace(&mut self.rows, now);
        attempt.rows = had.as_ref().zip(self.rows.as_ref());
        made.tried = attempt.rows.map(|(had, now)| RowsTried { up: had.changes(now), back: None });
        self.tell(script, Phase::Down, 2 * self.made.len() + 1);
        let begun = self.options.clock.now();
        let mut session = Some(session);
        let tried = attempt.down(self.scratch, &mut session, before, &after).await?;
        made.down_took = self.since(begun);
        if let Some(session) = session {
            self.desk.give_back(session).await?;
        }
        (made.verdict, made.redo) = (tried.verdict, tried.redo);
        if let Some(rows) = &mut made.tried {
            rows.back = tried.rows;
        }
        Ok(Ok(after))
    }

    fn since(&self, begun: jiff::Timestamp) -> u64 {
        u64::try_from(self.options.clock.now().duration_since(begun).as_millis()).unwrap_or_default()
    }

    fn tell(&self, script: &Script, phase: Phase, done: usize) {
        let total = 3 * self.scripts.len();
        (self.options.progress)(Progress { migration: &script.name, phase, done, total });
    }
}
