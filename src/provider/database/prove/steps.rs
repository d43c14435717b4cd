//! `Steps`: a script's text as what is sent for it, one message after the other.

use crate::migration::proof::Failure;
use crate::migration::sql::{Analysis, Statement, Unit};
use crate::migration::{Dialect, Piece};

/// What is sent for a piece.
pub(super) struct Steps {
    /// Whether all of it runs in one transaction, which whoever sends it opens and ends.
    pub(super) is_whole: bool,
    /// The messages in order.
    pub(super) all: Vec<Step>,
}

/// One message.
pub(super) enum Step {
    /// Opens a transaction.
    Begin,
    /// A statement, and the line of the file on which it begins.
    Run(usize, String),
    /// Commits it.
    Commit,
}

impl Steps {
    /// What is sent for a piece.
    ///
    /// # Errors
    /// Why it cannot be run at all.
    pub(super) fn of(dialect: Dialect, piece: &Piece) -> Result<Self, Failure> {
        let analysis = Analysis::of(dialect, &piece.text);
        if analysis.statements.is_empty() && analysis.refusals.is_empty() {
            return Ok(Self::interim(piece));
        }
        let refused = |line: usize, why: &str| Failure::new(&piece.path, piece.line + line.saturating_sub(1), why);
        let units = analysis.units().map_err(|refusals| match refusals.first() {
            Some(refusal) => refused(refusal.line, &refusal.message),
            None => refused(1, "the script cannot be run"),
        })?;
        let is_whole = analysis.is_one_transaction() && !piece.is_bare;
        let mut all = Vec::new();
        let run = |statement: Statement| Step::Run(piece.line + statement.line.saturating_sub(1), statement.text);
        for unit in units {
            match unit {
                Unit::Alone(statement) | Unit::Session(statement) => all.push(run(statement)),
                Unit::Transaction(statements) if is_whole => all.extend(statements.into_iter().map(run)),
                Unit::Transaction(statements) => {
                    all.push(Step::Begin);
                    all.extend(statements.into_iter().map(run));
                    all.push(Step::Commit);
                }
            }
        }
        Ok(Self { is_whole, all })
    }

    fn interim(piece: &Piece) -> Self {
        let code: String = piece.text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let alone = ["CONCURRENTLY", "VACUUM"].iter().any(|word| code.to_uppercase().contains(word));
        let all = if code.trim().is_empty() { vec![] } else { vec![Step::Run(piece.line, piece.text.clone())] };
        Self { is_whole: !alone && !piece.is_bare, all }
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Whether a piece destroys data, or may do so.
pub(super) fn destroys(dialect: Dialect, piece: &Piece) -> bool {
    Analysis::of(dialect, &piece.text).statements.iter().any(Statement::destroys)
}
