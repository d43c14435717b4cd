//! `Migrating`: one migration run, or taken back, on any `Session`: once, however often it is cut off.
//!
//! A script that may run in one transaction does so, with its row in the ledger and omni's mark. Another one runs unit
//! by unit, and its mark says how far it came; what was under way is settled by looking. Whoever holds a mark has run
//! the script: what another one has applied is never taken back here. Which database it is and who may work on it is
//! left to `site`.

mod back;
mod telling;

use std::time::Duration;

use tokio::time::Instant;

use crate::fingerprint::Fingerprint;
use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::{Entry, Ledger, Row, Writing};
use crate::migration::sql::{Analysis, Refusal, Statement, Unit};
use crate::migration::{Dialect, Mark, Piece, Script, Way};
use crate::plain::plain;
use crate::provider::database::migrating::telling::Telling;
use crate::provider::database::{Session, settling};
use crate::provider::{Fault, FaultKind};

/// One migration on one session. The session has the right to migrate to itself.
pub struct Migrating<'a> {
    /// The connection.
    pub session: &'a mut dyn Session,
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The migration.
    pub script: &'a Script,
    /// The one before it in the order of its tool; none for the first.
    pub previous: Option<&'a Script>,
    /// The apply, as `Op`'s text.
    pub op: &'a str,
    /// Hears short lines on how it goes.
    pub progress: &'a (dyn Fn(String) + Send + Sync),
}

/// What a ledger and a mark said of a migration.
type Seen = (Option<Entry>, Option<Mark>);

/// What became of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// This apply has run it.
    Ours,
    /// It was so already, by somebody else: nothing was done.
    Already,
}

impl Migrating<'_> {
    /// Runs the way up, unless it is applied.
    ///
    /// # Errors
    /// A fault. What ran in a transaction is taken back then; of what did not, the mark tells how far it came.
    pub async fn up(&mut self) -> Result<Became, Fault> {
        self.go(Way::Up).await
    }

    /// Runs the way down, unless it is not applied.
    ///
    /// # Errors
    /// As for the way up.
    pub async fn down(&mut self) -> Result<Became, Fault> {
        self.go(Way::Down).await
    }

    /// Runs the first units of a way up that does not run as a whole, as an apply that is cut off after them has.
    ///
    /// # Errors
    /// As for the way up.
    pub(in crate::provider::database) async fn up_to(&mut self, done: usize) -> Result<(), Fault> {
        let analysis = Analysis::of(self.ledger.dialect, &self.script.up.text);
        let units = analysis.units().map_err(|refusals| self.refused(Way::Up, &refusals))?;
        self.session.make_ledger(self.ledger).await?;
        let mark = self.new_mark(Way::Up).await?;
        self.begin_bits(Way::Up, &mark, None).await?;
        self.bits(Way::Up, &units[..done.min(units.len())], mark).await.map(drop)
    }

    async fn go(&mut self, way: Way) -> Result<Became, Fault> {
        let rows = self.rows().await?;
        let mark = self.mark().await?;
        let entry = self.entry(rows.as_deref());
        let seen = (entry.clone(), mark.clone());
        let ours = mark.filter(|mark| mark.op == self.op && mark.way == way);
        let is_there = entry.as_ref().is_some_and(|entry| entry.half.is_none());
        match (ours, is_there == (way == Way::Up), entry) {
            (Some(mark), _, _) if mark.whole => Ok(Became::Ours),
            (Some(mark), _, _) => self.run(way, Some(mark), &seen).await,
            (None, _, Some(Entry { half: Some(why), .. })) => {
                Err(Fault::new(FaultKind::Conflict, format!("{} is half applied: {}", self.script.name, plain(&why))))
            }
            (None, true, _) => Ok(Became::Already),
            (None, false, _) => {
                if rows.is_none() {
                    self.session.make_ledger(self.ledger).await?;
                }
                self.run(way, None, &seen).await
            }
        }
    }

    /// Runs a whole way, or the rest of it.
    async fn run(&mut self, way: Way, begun: Option<Mark>, seen: &Seen) -> Result<Became, Fault> {
        let text = self.text(way)?;
        let analysis = Analysis::of(self.ledger.dialect, &text);
        let units = analysis.units().map_err(|refusals| self.refused(way, &refusals))?;
        let is_whole = analysis.is_one_transaction() && !self.is_bare(way) && begun.is_none();
        let mark = match begun {
            Some(mark) => mark,
            None => self.new_mark(way).await?,
        };
        if is_whole {
            self.at_once(way, units, mark, seen).await?;
        } else {
            self.bit_by_bit(way, &units, mark, seen).await?;
        }
        Ok(Became::Ours)
    }

    /// Everything in one transaction, the settings of the session around it.
    async fn at_once(&mut self, way: Way, units: Vec<Unit>, mark: Mark, seen: &Seen) -> Result<(), Fault> {
        let begun = Instant::now();
        let first = units.iter().position(|unit| !matches!(unit, Unit::Session(_))).unwrap_or(units.len());
        let mut telling = Telling::of(&units);
        for unit in &units[..first] {
            self.unit(way, unit, &mut telling).await?;
        }
        self.session.begin().await?;
        let done = async {
            self.still(seen).await?;
            for unit in units[first..].iter().filter(|unit| matches!(unit, Unit::Transaction(_))) {
                self.unit(way, unit, &mut telling).await?;
            }
            self.finish(way, &Mark { done: 1, whole: true, ..mark }, begun.elapsed()).await
        };
        let done = done.await;
        self.ended(done).await?;
        for unit in units[first..].iter().filter(|unit| matches!(unit, Unit::Session(_))) {
            self.unit(way, unit, &mut telling).await?;
        }
        Ok(())
    }

    /// That the ledger and the mark are those by which it was decided what to do. A file has no lock that lasts longer
    /// than a transaction: until this one began, somebody else may have migrated it.
    async fn still(&mut self, seen: &Seen) -> Result<(), Fault> {
        if self.ledger.dialect != Dialect::Sqlite {
            return Ok(());
        }
        let rows = self.rows().await?;
        if (self.entry(rows.as_deref()), self.mark().await?) == *seen {
            return Ok(());
        }
        let text = format!("somebody else was at work on {} at the same time", self.script.name);
        // Not known to be done, nor not to be: whoever tries again looks again.
        Err(Fault::new(FaultKind::Unknown, text))
    }

    /// Unit by unit, each noted.
    async fn bit_by_bit(&mut self, way: Way, units: &[Unit], mark: Mark, seen: &Seen) -> Result<(), Fault> {
        let begun = Instant::now();
        if mark.done == 0 && !mark.begun {
            self.begin_bits(way, &mark, Some(seen)).await?;
        }
        let all = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let mark = self.bits(way, units, mark).await?;
        self.session.begin().await?;
        let done = self.finish(way, &Mark { done: all, begun: false, whole: true, ..mark }, begun.elapsed()).await;
        self.ended(done).await
    }

    /// Notes that a way is begun, which goes unit by unit.
    async fn begin_bits(&mut self, way: Way, mark: &Mark, seen: Option<&Seen>) -> Result<(), Fault> {
        self.session.begin().await?;
        let done = async {
            if let Some(seen) = seen {
                self.still(seen).await?;
            }
            self.session.mark(mark).await?;
            if way == Way::Up {
                let writing = writing(self.script, self.previous, self.op, Duration::ZERO);
                self.session.record_begun(self.ledger, &writing).await?;
            }
            Ok(())
        };
        let done = done.await;
        self.ended(done).await
    }

    /// The units that the mark does not know to be done, and the mark after them.
    async fn bits(&mut self, way: Way, units: &[Unit], mut mark: Mark) -> Result<Mark, Fault> {
        let mut telling = Telling::of(units);
        for (at, unit) in (0_u32..).zip(units) {
            match unit {
                Unit::Session(_) => self.unit(way, unit, &mut telling).await?,
                _ if at < mark.done => telling.pass(unit),
                Unit::Transaction(_) => {
                    self.session.begin().await?;
                    let next = Mark { done: at + 1, begun: false, ..mark.clone() };
                    let done = async {
                        self.unit(way, unit, &mut telling).await?;
                        self.session.mark(&next).await
                    };
                    let done = done.await;
                    self.ended(done).await?;
                    mark = next;
                }
                Unit::Alone(statement) => {
                    let is_again = mark.begun;
                    if is_again && settling::is_done(self.session, &self.script.name, statement).await? {
                        telling.pass(unit);
                    } else {
                        mark = Mark { done: at, begun: true, ..mark };
                        self.session.mark(&mark).await?;
                        match self.unit(way, unit, &mut telling).await {
                            Err(fault) if is_again && settling::is_there_already(&fault) => {}
                            done => done?,
                        }
                    }
                    mark = Mark { done: at + 1, begun: false, ..mark };
                    self.session.mark(&mark).await?;
                }
            }
        }
        Ok(mark)
    }

    /// What comes last: what has to succeed, the row of the ledger, the mark.
    async fn finish(&mut self, way: Way, mark: &Mark, took: Duration) -> Result<(), Fault> {
        let writing = writing(self.script, self.previous, self.op, took);
        if way == Way::Down {
            self.session.unrecord(self.ledger, &writing).await?;
            return self.session.mark(mark).await;
        }
        if let Some(verify) = &self.script.verify {
            self.check(verify).await?;
        }
        self.session.record(self.ledger, &writing).await?;
        self.session.mark(mark).await
    }

    /// Runs the check, and takes back what it did.
    async fn check(&mut self, verify: &Piece) -> Result<(), Fault> {
        self.session.run("SAVEPOINT omni_check").await?;
        for statement in &Analysis::of_check(self.ledger.dialect, &verify.text).statements {
            self.statement(statement, &verify.path, verify.line).await?;
        }
        self.session.run("ROLLBACK TO SAVEPOINT omni_check").await
    }

    /// Commits what went well and takes back what did not. A lost connection has taken it back by itself.
    async fn ended(&mut self, done: Result<(), Fault>) -> Result<(), Fault> {
        match done {
            Ok(()) => self.session.commit().await,
            Err(fault) => {
                if !fault.kind.is_passing() {
                    self.session.abort().await?;
                }
                Err(fault)
            }
        }
    }

    async fn unit(&mut self, way: Way, unit: &Unit, telling: &mut Telling) -> Result<(), Fault> {
        let (path, line) = self.place(way);
        for statement in unit.statements() {
            if let Some(said) = telling.say() {
                (self.progress)(said);
            }
            self.statement(statement, &path, line).await?;
        }
        Ok(())
    }

    async fn statement(&mut self, statement: &Statement, path: &str, first: usize) -> Result<(), Fault> {
        self.session.run(&statement.text).await.map_err(|mut fault| {
            if !path.is_empty() {
                fault.message = format!("{}, line {}: {}", plain(path), first + statement.line - 1, fault.message);
            }
            fault
        })
    }

    async fn rows(&mut self) -> Result<Option<Vec<Row>>, Fault> {
        self.session.ledger(self.ledger).await
    }

    fn entry(&self, rows: Option<&[Row]>) -> Option<Entry> {
        let known: Vec<Script> = self.previous.into_iter().chain([self.script]).cloned().collect();
        let entries = self.ledger.entries(rows?, &known);
        entries.into_iter().find(|entry| entry.version == self.script.version)
    }

    async fn mark(&mut self) -> Result<Option<Mark>, Fault> {
        self.session.mark_of(&self.script.name).await
    }

    async fn new_mark(&mut self, way: Way) -> Result<Mark, Fault> {
        let before = self.schema().await?;
        let (migration, op) = (self.script.name.clone(), self.op.to_owned());
        Ok(Mark { migration, op, way, done: 0, begun: false, whole: false, before })
    }

    async fn schema(&mut self) -> Result<Fingerprint, Fault> {
        Ok(self.catalogue().await?.fingerprint())
    }

    async fn catalogue(&mut self) -> Result<Catalogue, Fault> {
        let schema = self.session.facts().schema.clone();
        let without = self.ledger.tables(&schema);
        self.session.catalogue(&without).await
    }

    fn piece(&self, way: Way) -> Option<&Piece> {
        match way {
            Way::Up => Some(&self.script.up),
            Way::Down => self.script.down.as_ref(),
        }
    }

    /// The file of a way, and the line of it on which the way begins.
    fn place(&self, way: Way) -> (String, usize) {
        self.piece(way).map_or((String::new(), 1), |piece| (piece.path.clone(), piece.line))
    }

    fn text(&self, way: Way) -> Result<String, Fault> {
        let none = || Fault::new(FaultKind::Failed, format!("{} has no way back", self.script.name));
        Ok(self.piece(way).ok_or_else(none)?.text.clone())
    }

    fn is_bare(&self, way: Way) -> bool {
        self.piece(way).is_some_and(|piece| piece.is_bare)
    }

    fn refused(&self, way: Way, refusals: &[Refusal]) -> Fault {
        let (path, first) = self.place(way);
        let texts =
            refusals.iter().map(|one| format!("{}, line {}: {}", plain(&path), first + one.line - 1, one.message));
        let fault = Fault::new(FaultKind::Failed, texts.collect::<Vec<_>>().join("; "));
        match refusals.first() {
            Some(first) => fault.help(first.help.clone()),
            None => fault,
        }
    }
}

fn writing<'s>(script: &'s Script, previous: Option<&'s Script>, op: &'s str, took: Duration) -> Writing<'s> {
    Writing { script, previous, op, took: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }
}
