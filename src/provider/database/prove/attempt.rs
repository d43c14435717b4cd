//! `Attempt`: one migration gone up for good, and its way back tried without a trace.

use crate::migration::catalogue::Catalogue;
use crate::migration::proof::{Contents, Redo, RowChange, Verdict};
use crate::migration::{Dialect, Piece, Script};
use crate::provider::database::Session;
use crate::provider::database::prove::rows::contents;
use crate::provider::database::prove::sending::{Went, apply, send, went};
use crate::provider::database::prove::steps::Steps;
use crate::provider::database::scratch::Scratch;
use crate::provider::{Fault, FaultKind};

/// Where a transaction is taken back to. A script that ended the transaction by itself has taken it along.
const SAVE: &str = "SAVEPOINT omni_prove";
const RETURN: &str = "ROLLBACK TO SAVEPOINT omni_prove";

/// A constraint that is checked at the end of a transaction only is checked now: there is no commit.
const CHECK: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// Whether the transaction has written anything: without a number it cannot have.
const NUMBER: &str = "SELECT txid_current_if_assigned()::text";

/// What cannot be done in the same transaction and can in the next one: use a new value of an enum, and change a table
/// whose triggers wait for the commit.
const TOO_SOON: [&str; 2] = ["(55P04)", "(55006)"];

/// What came of trying a way back.
pub(super) struct Tried {
    pub(super) verdict: Verdict,
    pub(super) redo: Option<Redo>,
    /// What is otherwise with the rows than before the way up; none where the copy holds none, or it failed.
    pub(super) rows: Option<Vec<RowChange>>,
}

impl From<Verdict> for Tried {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, redo: None, rows: None }
    }
}

/// One migration.
pub(super) struct Attempt<'a> {
    pub(super) script: &'a Script,
    pub(super) dialect: Dialect,
    pub(super) without: &'a [String],
    /// What the rows added up to before the way up, and after it; none where the copy holds none.
    pub(super) rows: Option<(&'a Contents, &'a Contents)>,
}

impl Attempt<'_> {
    /// Goes up, and verifies.
    pub(super) async fn up(&self, session: &mut dyn Session) -> Result<Went, Fault> {
        if let Went::Refused(failure) = apply(session, self.dialect, &self.script.up).await? {
            return Ok(Went::Refused(failure));
        }
        let Some(verify) = &self.script.verify else { return Ok(Went::Through) };
        session.begin().await?;
        let went = send(session, verify, &Steps::leaving_nothing(self.dialect, verify).all, false).await?;
        session.abort().await?;
        Ok(went)
    }

    /// Tries the way back from `after`, and leaves the database as it was. The session is taken where no session may be
    /// open.
    pub(super) async fn down(
        &self,
        scratch: &dyn Scratch,
        session: &mut Option<Box<dyn Session>>,
        before: &Catalogue,
        after: &Catalogue,
    ) -> Result<Tried, Fault> {
        let Some(down) = &self.script.down else { return Ok(Verdict::NoDown.into()) };
        let steps = match Steps::of(self.dialect, down) {
            Ok(steps) => steps,
            Err(failure) => return Ok(Verdict::Fails { failure }.into()),
        };
        if steps.is_empty() {
            return Ok(Tried { rows: self.unmoved(), ..judged(before, after, None).into() });
        }
        if let Some(session) = session
            && steps.is_whole
        {
            return self.down_whole(session.as_mut(), down, &steps, before, after).await;
        }
        *session = None;
        let copy = scratch.copy().await?;
        let tried = self.down_outside(copy.as_ref(), down, before, after).await;
        copy.remove().await?;
        tried
    }

    /// In a transaction that is taken back, with the settings that stand around it.
    async fn down_whole(
        &self,
        session: &mut dyn Session,
        down: &Piece,
        steps: &Steps,
        before: &Catalogue,
        after: &Catalogue,
    ) -> Result<Tried, Fault> {
        if let Went::Refused(failure) = send(session, down, &steps.before, false).await? {
            return Ok(Verdict::Fails { failure }.into());
        }
        let tried = self.down_inside(session, down, steps, before, after).await?;
        match send(session, down, &steps.after, false).await? {
            Went::Refused(failure) if !matches!(tried.verdict, Verdict::Fails { .. }) => {
                Ok(Verdict::Fails { failure }.into())
            }
            _ => Ok(tried),
        }
    }

    async fn down_inside(
        &self,
        session: &mut dyn Session,
        down: &Piece,
        steps: &Steps,
        before: &Catalogue,
        after: &Catalogue,
    ) -> Result<Tried, Fault> {
        session.begin().await?;
        session.run(SAVE).await?;
        let mut went = send(session, down, &steps.all, false).await?;
        if matches!(went, Went::Through) {
            went = self.check(session, down, steps).await?;
        }
        let tried = match went {
            Went::Refused(failure) => Verdict::Fails { failure }.into(),
            Went::Through => {
                let (verdict, rows) = self.compared(session, before, after).await?;
                let redo = if is_worth_a_redo(&verdict) { self.redo_inside(session).await? } else { None };
                Tried { verdict, redo, rows }
            }
        };
        let kept = session.run(RETURN).await;
        session.abort().await?;
        kept.map_err(|fault| self.ended_by_itself(down, &fault))?;
        Ok(tried)
    }

    /// On a copy, in earnest.
    async fn down_outside(
        &self,
        copy: &dyn Scratch,
        down: &Piece,
        before: &Catalogue,
        after: &Catalogue,
    ) -> Result<Tried, Fault> {
        let mut session = copy.open().await?;
        if let Went::Refused(failure) = apply(session.as_mut(), self.dialect, down).await? {
            return Ok(Verdict::Fails { failure }.into());
        }
        let back = session.catalogue(self.without).await?;
        let verdict = judged(before, after, Some(&back));
        let rows = self.moved(session.as_mut()).await?;
        let mut redo = None;
        if is_worth_a_redo(&verdict) {
            redo = Some(redone(apply(session.as_mut(), self.dialect, &self.script.up).await?));
        }
        Ok(Tried { verdict, redo, rows })
    }

    async fn compared(
        &self,
        session: &mut dyn Session,
        before: &Catalogue,
        after: &Catalogue,
    ) -> Result<(Verdict, Option<Vec<RowChange>>), Fault> {
        if self.dialect == Dialect::Postgres && session.value(NUMBER).await?.is_none() {
            return Ok((judged(before, after, None), self.unmoved()));
        }
        let back = session.catalogue(self.without).await?;
        Ok((judged(before, after, Some(&back)), self.moved(session).await?))
    }

    /// What is otherwise with the rows than before the way up.
    async fn moved(&self, session: &mut dyn Session) -> Result<Option<Vec<RowChange>>, Fault> {
        match self.rows {
            Some((had, _)) => Ok(Some(had.changes(&contents(session, self.without).await?))),
            None => Ok(None),
        }
    }

    /// The same where nothing was done since.
    fn unmoved(&self) -> Option<Vec<RowChange>> {
        self.rows.map(|(had, now)| had.changes(now))
    }

    async fn check(&self, session: &mut dyn Session, piece: &Piece, steps: &Steps) -> Result<Went, Fault> {
        match self.dialect {
            Dialect::Postgres => went(session.run(CHECK).await, piece, steps.last_line().unwrap_or(piece.line)),
            Dialect::Sqlite => Ok(Went::Through),
        }
    }

    /// Goes up again in the transaction in which it went back; none where that tells nothing.
    async fn redo_inside(&self, session: &mut dyn Session) -> Result<Option<Redo>, Fault> {
        let up = &self.script.up;
        let steps = match Steps::of(self.dialect, up) {
            Ok(steps) if steps.is_whole => steps,
            _ => return Ok(None),
        };
        for part in [&steps.before, &steps.all, &steps.after] {
            match send(session, up, part, false).await? {
                Went::Through => {}
                Went::Refused(failure) if TOO_SOON.iter().any(|code| failure.message.contains(code)) => {
                    return Ok(None);
                }
                Went::Refused(failure) => return Ok(Some(Redo::Fails { failure })),
            }
        }
        Ok(Some(Redo::Worked))
    }

    fn ended_by_itself(&self, down: &Piece, fault: &Fault) -> Fault {
        let why = format!("`{}` ended the transaction it was tried in ({}): {fault}", down.path, self.script.name);
        Fault::new(FaultKind::Failed, why).help("take `BEGIN` and `COMMIT` out of it")
    }
}

/// The verdict of a way back that ended in the schema `back`; none where it is still the one it began with.
pub(super) fn judged(before: &Catalogue, after: &Catalogue, back: Option<&Catalogue>) -> Verdict {
    let ended = back.unwrap_or(after);
    Verdict::of(before.differences(ended), before != after, ended != after)
}

/// An exact way back always goes up again.
fn is_worth_a_redo(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Lossy { .. } | Verdict::ColumnOrder { .. } | Verdict::Empty)
}

fn redone(went: Went) -> Redo {
    match went {
        Went::Through => Redo::Worked,
        Went::Refused(failure) => Redo::Fails { failure },
    }
}
