//! `Steps`: a script's text as what is sent for it, one message after the other.

use crate::migration::proof::Failure;
use crate::migration::sql::{Analysis, Statement, Unit};
use crate::migration::{Dialect, Piece};

/// What is sent for a piece.
pub(super) struct Steps {
    /// Whether all of it runs in one transaction, which whoever sends it opens before `all` and ends after it.
    pub(super) is_whole: bool,
    /// Settings of the session, before the transaction.
    pub(super) before: Vec<Step>,
    /// The messages in order.
    pub(super) all: Vec<Step>,
    /// Settings of the session, after the transaction.
    pub(super) after: Vec<Step>,
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
        let refused = |line: usize, why: &str| Failure::new(&piece.path, line_of(piece, line), why);
        let units = analysis.units().map_err(|refusals| match refusals.first() {
            Some(refusal) => refused(refusal.line, &refusal.message),
            None => refused(1, "the script cannot be run"),
        })?;
        let mut steps = Self {
            is_whole: analysis.is_one_transaction() && !piece.is_bare,
            before: Vec::new(),
            all: Vec::new(),
            after: Vec::new(),
        };
        for unit in units {
            steps.add(piece, unit);
        }
        Ok(steps)
    }

    /// What is sent for a piece that leaves nothing, whatever it says of transactions: all of it in one that is taken
    /// back.
    pub(super) fn leaving_nothing(dialect: Dialect, piece: &Piece) -> Self {
        let statements = Analysis::of_check(dialect, &piece.text).statements.into_iter();
        let all = statements.map(|statement| run(piece, statement)).collect();
        Self { is_whole: true, before: Vec::new(), all, after: Vec::new() }
    }

    fn add(&mut self, piece: &Piece, unit: Unit) {
        match unit {
            Unit::Session(statement) if self.is_whole && self.all.is_empty() => self.before.push(run(piece, statement)),
            Unit::Session(statement) if self.is_whole => self.after.push(run(piece, statement)),
            Unit::Alone(statement) | Unit::Session(statement) => self.all.push(run(piece, statement)),
            Unit::Transaction(statements) => {
                let statements = statements.into_iter().map(|statement| run(piece, statement));
                if self.is_whole {
                    self.all.extend(statements);
                } else {
                    self.all.push(Step::Begin);
                    self.all.extend(statements);
                    self.all.push(Step::Commit);
                }
            }
        }
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.all.is_empty() && self.after.is_empty()
    }

    /// The line of the file on which the last statement begins.
    pub(super) fn last_line(&self) -> Option<usize> {
        self.all.iter().rev().find_map(|step| if let Step::Run(line, _) = step { Some(*line) } else { None })
    }
}

fn run(piece: &Piece, statement: Statement) -> Step {
    Step::Run(line_of(piece, statement.line), statement.text)
}

/// The line of the file, for a line of a piece of it.
const fn line_of(piece: &Piece, line: usize) -> usize {
    piece.line + line.saturating_sub(1)
}

/// Whether a piece destroys data, or may do so.
pub(super) fn destroys(dialect: Dialect, piece: &Piece) -> bool {
    Analysis::of(dialect, &piece.text).statements.iter().any(Statement::destroys)
}
