//! `Unit`: a part of a script that is done wholly or not at all, as far as the database can.

use crate::migration::sql::{Boundary, Effect, Statement, Transactional};

/// A part of a script that is run at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// In one transaction, without the script's own `BEGIN` and `COMMIT`.
    Transaction(Vec<Statement>),
    /// Outside of a transaction.
    Alone(Statement),
    /// A setting of the session, outside of a transaction. It leaves nothing in the database: who goes on in the middle
    /// of a script says those before it again.
    Session(Statement),
}

impl Unit {
    /// Its statements in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        match self {
            Self::Transaction(statements) => statements,
            Self::Alone(statement) | Self::Session(statement) => std::slice::from_ref(statement),
        }
    }
}

/// Why a script cannot be run at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the script, from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub message: String,
    /// What the reader can do about it.
    pub help: String,
}

/// The units of a script, without its own words for transactions.
pub(super) fn units(statements: &[Statement]) -> Vec<Unit> {
    let is_parted = statements.iter().any(|statement| !matches!(statement.transactional, Transactional::Yes));
    let (mut units, mut open, mut is_own) = (Vec::new(), Vec::new(), false);
    for statement in statements {
        let is_setting = is_parted && !is_own && sets_only(statement);
        match statement.transactional {
            Transactional::Yes if !is_setting => open.push(statement.clone()),
            Transactional::Yes | Transactional::Session => {
                close(&mut units, &mut open);
                units.push(Unit::Session(statement.clone()));
            }
            Transactional::No(_) => {
                close(&mut units, &mut open);
                units.push(Unit::Alone(statement.clone()));
            }
            Transactional::Boundary(boundary) => {
                close(&mut units, &mut open);
                is_own = matches!(boundary, Boundary::Begin | Boundary::CommitAndBegin);
            }
        }
    }
    close(&mut units, &mut open);
    units
}

fn close(units: &mut Vec<Unit>, open: &mut Vec<Statement>) {
    if !open.is_empty() {
        units.push(Unit::Transaction(std::mem::take(open)));
    }
}

/// Whether a statement sets the session, and does nothing else.
fn sets_only(statement: &Statement) -> bool {
    let mut effects = statement.effects.iter();
    !statement.effects.is_empty() && effects.all(|effect| matches!(effect, Effect::Sets(_)))
}

/// What is wrong with a script's own transactions.
pub(super) fn refusals(statements: &[Statement]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut begun = None;
    let mut refuse = |line, message: &str, help: &str| {
        refusals.push(Refusal { line, message: message.to_owned(), help: help.to_owned() });
    };
    for statement in statements {
        let line = statement.line;
        match statement.transactional {
            Transactional::Boundary(Boundary::Begin | Boundary::CommitAndBegin) => begun = Some(line),
            Transactional::Boundary(Boundary::Commit) => begun = None,
            Transactional::Boundary(Boundary::Rollback) => {
                begun = None;
                refuse(line, "rolls its own work back", "leave BEGIN, COMMIT and ROLLBACK to omni");
            }
            Transactional::No(why) if begun.is_some() => {
                refuse(line, why, "put it outside of the script's own BEGIN and COMMIT");
            }
            _ => {}
        }
    }
    if let Some(line) = begun {
        refuse(line, "begins a transaction and does not end it", "add the COMMIT, or leave BEGIN and COMMIT to omni");
    }
    refusals
}
