//! A migration that does not run as a whole, cut off after each of its units and taken back as an apply takes it back.
//!
//! That happens on a copy, by the very code that an apply runs: marks and all. A copy on which everything is as before
//! afterwards does for the next cut.

use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::Ledger;
use crate::migration::proof::{Contents, Failure, Prefix, Verdict};
use crate::migration::sql::{Analysis, Unit};
use crate::migration::{Dialect, Layout, Script, Way};
use crate::provider::Fault;
use crate::provider::database::prove::rows::contents;
use crate::provider::database::prove::sending::{Went, went};
use crate::provider::database::scratch::Scratch;
use crate::provider::database::{Migrating, Session};

/// One migration, and where it can be cut off.
pub(super) struct Middle<'a> {
    script: &'a Script,
    without: &'a [String],
    ledger: Ledger,
    cuts: Vec<Cut>,
}

/// A place between two units.
struct Cut {
    /// How many units come before it, settings of the session among them.
    units: usize,
    prefix: Prefix,
}

impl<'a> Middle<'a> {
    /// None where it runs as a whole, has nothing to be cut, or no way back.
    pub(super) fn of(dialect: Dialect, script: &'a Script, without: &'a [String]) -> Option<Self> {
        script.down.as_ref()?;
        let analysis = Analysis::of(dialect, &script.up.text);
        if analysis.is_one_transaction() && !script.up.is_bare {
            return None;
        }
        let units = analysis.units().ok()?;
        let real = units.iter().enumerate().filter(|(_, unit)| !matches!(unit, Unit::Session(_)));
        let of = u32::try_from(real.clone().count()).ok()?;
        let cut = |(done, (at, unit)): (u32, (usize, &Unit))| {
            let first = unit.statements().first()?;
            let line = script.up.line + first.line.saturating_sub(1);
            Some(Cut { units: at + 1, prefix: Prefix { done, of, line, verdict: Verdict::Exact, rows: None } })
        };
        let cuts: Vec<_> = (1..of).zip(real).filter_map(cut).collect();
        let ledger = Ledger { layout: Layout::Sqitch, dialect, table: None };
        (!cuts.is_empty()).then_some(Self { script, without, ledger, cuts })
    }

    /// What comes of each cut; none where the way up does not come so far. No session may be open on the scratch
    /// database, which stays as it is. `had` is what its rows add up to; none where it holds none of a backup.
    pub(super) async fn tried(
        self,
        scratch: &dyn Scratch,
        had: Option<&Contents>,
    ) -> Result<Option<Vec<Prefix>>, Fault> {
        let mut copy = None;
        let found = self.each(scratch, had, &mut copy).await;
        let removed = match copy {
            Some(copy) => copy.remove().await,
            None => Ok(()),
        };
        let found = found?;
        removed.map(|()| found)
    }

    async fn each(
        &self,
        scratch: &dyn Scratch,
        had: Option<&Contents>,
        copy: &mut Option<Box<dyn Scratch>>,
    ) -> Result<Option<Vec<Prefix>>, Fault> {
        let mut found = Vec::with_capacity(self.cuts.len());
        for cut in &self.cuts {
            if copy.is_none() {
                *copy = Some(scratch.copy().await?);
            }
            let Some(at) = copy else { continue };
            let Some(prefix) = self.one(at.as_ref(), cut, had).await? else { return Ok(None) };
            if !prefix.is_exact()
                && let Some(spoilt) = copy.take()
            {
                spoilt.remove().await?;
            }
            found.push(prefix);
        }
        Ok(Some(found))
    }

    /// Cuts it off at one place; none where the way up does not come so far.
    async fn one(&self, copy: &dyn Scratch, cut: &Cut, had: Option<&Contents>) -> Result<Option<Prefix>, Fault> {
        let mut session = copy.open().await?;
        let before = self.schema(session.as_mut()).await?;
        let gone = self.migrating(session.as_mut()).up_to(cut.units).await;
        if let Went::Refused(_) = went(gone, &self.script.up, cut.prefix.line)? {
            return Ok(None);
        }
        // Whoever takes it back has another session.
        drop(session);
        let mut session = copy.open().await?;
        let mut left = None;
        let undone = self.migrating(session.as_mut()).undo_telling(Way::Up, &mut left).await;
        let piece = self.script.down.as_ref().unwrap_or(&self.script.up);
        let mut prefix = cut.prefix.clone();
        match (went(undone, piece, piece.line)?, left) {
            (Went::Refused(_), Some(left)) => {
                prefix.verdict = Verdict::of(before.differences(&left), true, true);
            }
            (Went::Refused(failure), None) => {
                prefix.verdict = Verdict::Fails { failure: placed(failure) };
            }
            (Went::Through, _) => {
                if let Some(had) = had {
                    prefix.rows = Some(had.changes(&contents(session.as_mut(), self.without).await?));
                }
            }
        }
        Ok(Some(prefix))
    }

    fn migrating<'s>(&'s self, session: &'s mut dyn Session) -> Migrating<'s> {
        Migrating { session, ledger: &self.ledger, script: self.script, previous: None, op: "prove", progress: &|_| {} }
    }

    async fn schema(&self, session: &mut dyn Session) -> Result<Catalogue, Fault> {
        let schema = session.facts().schema.clone();
        session.catalogue(&self.ledger.tables(&schema)).await
    }
}

/// An apply tells the place of a statement in its message: `1/down.sql, line 2: database `shop`: …`.
fn placed(failure: Failure) -> Failure {
    let told = failure.message.strip_prefix(&format!("{}, line ", failure.path)).and_then(|rest| rest.split_once(": "));
    let Some((line, said)) = told.and_then(|(line, said)| Some((line.parse().ok()?, said))) else { return failure };
    let bare = said.strip_prefix("database `").and_then(|rest| rest.split_once("`: ")).map_or(said, |(_, said)| said);
    Failure::new(&failure.path, line, bare)
}
