//! `Analysis`: a whole script as its statements, and how they are to be run.

use crate::migration::Dialect;
use crate::migration::sql::{Refusal, Statement, Transactional, Unit, postgres, script, sqlite, unit};

/// A whole script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// The SQL it is written in.
    pub dialect: Dialect,
    /// Its statements in order.
    pub statements: Vec<Statement>,
    /// Why it cannot be run at all; empty where it can.
    pub refusals: Vec<Refusal>,
}

impl Analysis {
    /// What a script does.
    #[must_use]
    pub fn of(dialect: Dialect, text: &str) -> Self {
        let (statements, mut refusals) = Self::read(dialect, text);
        refusals.extend(unit::refusals(&statements));
        refusals.sort_by_key(|refusal| refusal.line);
        Self { dialect, statements, refusals }
    }

    /// What a check does, which leaves nothing: it runs in the transaction of its script, and is taken back to where it
    /// began. Its own `BEGIN` and `ROLLBACK`, as Sqitch writes them, are left out.
    #[must_use]
    pub fn of_check(dialect: Dialect, text: &str) -> Self {
        let (mut statements, mut refusals) = Self::read(dialect, text);
        statements.retain(|statement| !matches!(statement.transactional, Transactional::Boundary(_)));
        refusals.extend(statements.iter().filter_map(|statement| {
            let Transactional::No(why) = statement.transactional else { return None };
            let help = "a check runs in a transaction: look at what is there in another way".to_owned();
            Some(Refusal { line: statement.line, message: why.to_owned(), help })
        }));
        refusals.sort_by_key(|refusal| refusal.line);
        Self { dialect, statements, refusals }
    }

    /// The statements, and those of them that can never be run.
    fn read(dialect: Dialect, text: &str) -> (Vec<Statement>, Vec<Refusal>) {
        let mut parts = match dialect {
            Dialect::Postgres => postgres::parts(text),
            Dialect::Sqlite => sqlite::parts(text),
        };
        let refused: Vec<_> =
            parts.iter_mut().map(|part| part.deed.as_mut().and_then(|deed| deed.refusal.take())).collect();
        let statements = script::statements(dialect, text, parts);
        let refusal = |(refused, statement): (Option<(String, String)>, &Statement)| {
            let (message, help) = refused?;
            Some(Refusal { line: statement.line, message, help })
        };
        let refusals = refused.into_iter().zip(&statements).filter_map(refusal).collect();
        (statements, refusals)
    }

    /// How it is to be run: one transaction where everything may run in one; else maximal runs of what may run in a
    /// transaction, and the rest alone.
    ///
    /// # Errors
    /// Where it cannot be run at all.
    pub fn units(&self) -> Result<Vec<Unit>, Vec<Refusal>> {
        if self.refusals.is_empty() { Ok(unit::units(&self.statements)) } else { Err(self.refusals.clone()) }
    }

    /// Whether all of it, and its row in the ledger, can be in one transaction: beside that there are settings of the
    /// session only. True of a script without a statement.
    #[must_use]
    pub fn is_one_transaction(&self) -> bool {
        self.refusals.is_empty() && {
            let units = unit::units(&self.statements);
            units.iter().filter(|unit| matches!(unit, Unit::Transaction(_))).count() <= 1
                && !units.iter().any(|unit| matches!(unit, Unit::Alone(_)))
        }
    }
}
