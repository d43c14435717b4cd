//! Taking back: the other way of a migration, until the schema is what it was.
//!
//! Where the way there was not gone to its end, what it had left by half is cleared away first, and what the way back
//! would take away may be gone. Whatever happens, the schema is compared in the end: a way back that does not lead to
//! where it began is not taken, as far as a transaction can keep it.

use std::time::Duration;

use crate::migration::catalogue::Catalogue;
use crate::migration::sql::{Analysis, Statement, Unit};
use crate::migration::{Mark, Way};
use crate::provider::database::migrating::telling::Telling;
use crate::provider::database::migrating::{Migrating, writing};
use crate::provider::database::settling;
use crate::provider::{Fault, FaultKind};

impl Migrating<'_> {
    /// Takes back what this apply has done on that way, however far it came; does nothing where it has done nothing.
    ///
    /// # Errors
    /// Where the schema would not be what it was: nothing is changed then, as far as it could be kept in a transaction.
    pub async fn undo(&mut self, way: Way) -> Result<(), Fault> {
        self.undo_telling(way, &mut None).await
    }

    /// The same; `left` is the schema to which it leads where that is not the one before.
    pub(in crate::provider::database) async fn undo_telling(
        &mut self,
        way: Way,
        left: &mut Option<Catalogue>,
    ) -> Result<(), Fault> {
        let Some(mark) = self.mark().await?.filter(|mark| mark.op == self.op) else { return Ok(()) };
        self.back(way, &mark, left).await
    }

    /// The other way, so that the schema is as before. Where only a part of the way was gone, what it did not make yet
    /// is no fault. A mark of the other way is that of a way back that was begun before: it goes on.
    async fn back(&mut self, way: Way, mark: &Mark, left: &mut Option<Catalogue>) -> Result<(), Fault> {
        let other = if way == Way::Up { Way::Down } else { Way::Up };
        let is_whole = mark.whole && mark.way == way;
        if !is_whole && self.schema().await? == mark.before && !self.may_have_written(way, mark) {
            return self.forget(way).await;
        }
        let text = self.text(other)?;
        let analysis = Analysis::of(self.ledger.dialect, &text);
        let units = analysis.units().map_err(|refusals| self.refused(other, &refusals))?;
        if !is_whole && mark.way == way {
            self.settle_last(way, mark).await?;
        }
        if !analysis.is_one_transaction() || self.is_bare(other) {
            self.bits_back(other, &units, mark, is_whole).await?;
            self.like_before(mark, other, left).await?;
            return self.forget(way).await;
        }
        let first = units.iter().position(|unit| !matches!(unit, Unit::Session(_))).unwrap_or(units.len());
        for unit in &units[..first] {
            self.unit(other, unit, &mut Telling::default()).await?;
        }
        self.session.begin().await?;
        let done = async {
            for unit in &units[first..] {
                self.unit_back(other, unit, true, is_whole).await?;
            }
            self.like_before(mark, other, left).await?;
            self.forget_in(way).await
        };
        let done = done.await;
        self.ended(done).await
    }

    /// Whether rows may be otherwise that the schema does not tell of: units of the way there that were tried write
    /// some, or, once the way back was begun, units of it that are not done.
    fn may_have_written(&self, way: Way, mark: &Mark) -> bool {
        let Some(piece) = self.piece(mark.way) else { return false };
        let units = Analysis::of(self.ledger.dialect, &piece.text).units().unwrap_or_default();
        let done = mark.done as usize;
        let open = if mark.way == way {
            &units[..units.len().min(done + usize::from(mark.begun))]
        } else {
            units.get(done..).filter(|_| !mark.whole).unwrap_or_default()
        };
        open.iter().flat_map(Unit::statements).any(Statement::writes)
    }

    /// The way back unit by unit, each noted: its mark takes the place of that of the way there, and whoever goes on
    /// runs none again that is done.
    async fn bits_back(&mut self, other: Way, units: &[Unit], mark: &Mark, is_whole: bool) -> Result<(), Fault> {
        let mut mark = mark.clone();
        if mark.way != other {
            mark = Mark { way: other, done: 0, begun: false, whole: false, ..mark };
            self.session.mark(&mark).await?;
        }
        for (at, unit) in (0_u32..).zip(units) {
            let next = Mark { done: at + 1, begun: false, ..mark.clone() };
            match unit {
                Unit::Session(_) => self.unit(other, unit, &mut Telling::default()).await?,
                _ if at < mark.done => {}
                Unit::Transaction(_) => {
                    self.session.begin().await?;
                    let done = async {
                        self.unit_back(other, unit, true, is_whole).await?;
                        self.session.mark(&next).await
                    };
                    let done = done.await;
                    self.ended(done).await?;
                    mark = next;
                }
                Unit::Alone(statement) => {
                    // What is so already was done before, or was never made.
                    if is_whole || !settling::is_done(self.session, &self.script.name, statement).await? {
                        self.session.mark(&Mark { done: at, begun: true, ..mark.clone() }).await?;
                        self.unit_back(other, unit, false, is_whole).await?;
                    }
                    self.session.mark(&next).await?;
                    mark = next;
                }
            }
        }
        Ok(())
    }

    /// One unit of the way back. Where the way there was not gone to its end, what it takes away may not be there, and
    /// what it makes may still be.
    async fn unit_back(&mut self, way: Way, unit: &Unit, is_in_one: bool, is_whole: bool) -> Result<(), Fault> {
        let (path, line) = self.place(way);
        let can_save = !is_whole && is_in_one;
        for statement in unit.statements() {
            if can_save {
                self.session.run("SAVEPOINT omni_back").await?;
            }
            match self.statement(statement, &path, line).await {
                Err(fault) if !is_whole && settling::is_so_already(&fault) => {
                    if can_save {
                        self.session.run("ROLLBACK TO SAVEPOINT omni_back").await?;
                    }
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// What the last unit that was begun may have left half done.
    async fn settle_last(&mut self, way: Way, mark: &Mark) -> Result<(), Fault> {
        let text = self.text(way)?;
        let units = Analysis::of(self.ledger.dialect, &text).units().unwrap_or_default();
        if let Some(Unit::Alone(statement)) = units.get(mark.done as usize)
            && mark.begun
        {
            settling::is_done(self.session, &self.script.name, statement).await?;
        }
        Ok(())
    }

    /// That the schema is what it was before the way was gone.
    async fn like_before(&mut self, mark: &Mark, other: Way, left: &mut Option<Catalogue>) -> Result<(), Fault> {
        let now = self.catalogue().await?;
        if now.fingerprint() == mark.before {
            return Ok(());
        }
        *left = Some(now);
        let word = if other == Way::Down { "down" } else { "up" };
        let text = format!("the {word} of {} does not bring the schema back to what it was", self.script.name);
        Err(Fault::new(FaultKind::Failed, text)
            .help("`omni migrate prove` tells what is lost; put that right by hand, then `omni recover`"))
    }

    /// In a transaction of its own: the ledger and the marks as if the way had never been gone.
    async fn forget(&mut self, way: Way) -> Result<(), Fault> {
        self.session.begin().await?;
        let done = self.forget_in(way).await;
        self.ended(done).await
    }

    async fn forget_in(&mut self, way: Way) -> Result<(), Fault> {
        let writing = writing(self.script, self.previous, self.op, Duration::ZERO);
        let rows = self.rows().await?;
        let is_there = self.entry(rows.as_deref()).is_some_and(|entry| entry.half.is_none());
        match way {
            Way::Up => self.session.unrecord(self.ledger, &writing).await?,
            Way::Down if is_there => {}
            Way::Down => self.session.record(self.ledger, &writing).await?,
        }
        self.session.unmark(&self.script.name).await
    }
}
