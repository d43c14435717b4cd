//! `Rule`: what is looked for in a script; each rule has a code, and each code its explanation in `codes.md`.

use crate::migration::Dialect;
use crate::migration::sql::{
    Analysis, Concurrent, Effect, Kind, Lock, Loss, Severity, Statement, Thing, Transactional,
};

/// What is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) help: &'static str,
}

macro_rules! rules {
    ($($name:ident $code:literal $severity:ident $help:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            code: concat!("omni::migration::", $code),
            severity: Severity::$severity,
            help: $help,
        };)*

        /// Every rule.
        #[cfg(test)]
        pub(super) const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    BLOCKING_CONSTRAINT "blocking_constraint" Warning
        "add it NOT VALID and validate it in a later migration; make the index of a UNIQUE one CONCURRENTLY first";
    BLOCKING_INDEX "blocking_index" Warning "use CREATE INDEX CONCURRENTLY, alone in its migration";
    BLOCKS_READS "blocks_reads" Warning "split it so that the long part runs under a weaker lock";
    BLOCKS_WRITES "blocks_writes" Warning "split it so that the long part runs under a weaker lock";
    CANNOT_RUN "cannot_run" Error "write it as SQL that a server takes";
    CONCURRENTLY_OVER_INVALID "concurrently_over_invalid" Note
        "leave IF NOT EXISTS out: omni drops an index that was left invalid before it makes it again";
    DESTROYS_DATA "destroys_data" Warning "make a backup before it: no way down brings the data back";
    DROPS_COLUMN "drops_column" Warning
        "drop it one release after the last code that uses it, with a backup: no way down brings its values back";
    DROPS_TABLE "drops_table" Warning
        "drop it one release after the last code that uses it, with a backup: no way down brings its rows back";
    EMPTY_DOWN "empty_down" Warning "write the way down, or take the empty file away so that nobody relies on it";
    HIDDEN_CODE "hidden_code" Note "write plain statements where you can; `omni migrate prove` shows what it does";
    MIXED_CONCURRENTLY "mixed_concurrently" Warning
        "put what cannot run in a transaction into a migration of its own: this one can stop half way";
    NEW_VALUE_USED "new_value_used" Warning "use the new value in a later migration";
    NO_DOWN "no_down" Note "write the way down, so that a failed deployment can be taken back without a backup";
    NOT_UNDERSTOOD "not_understood" Warning "correct the statement; if the server takes it as it is, please report it";
    OWN_TRANSACTION "own_transaction" Note "leave BEGIN and COMMIT out: omni runs each migration in a transaction";
    RENAMES "renames" Warning "running code knows the old name only: add the new one first, drop the old one later";
    REQUIRED_COLUMN "required_column" Error "give it a DEFAULT, or add it nullable, fill it, and SET NOT NULL later";
    REWRITES_TABLE "rewrites_table" Warning "add a new column, fill it in parts, and change over in a later release";
    UNNAMED_CONCURRENTLY "unnamed_concurrently" Warning
        "name the index: after a failure it has to be found, to be dropped and made again";
}

/// The findings of one statement.
pub(super) fn of_statement(dialect: Dialect, statement: &Statement) -> Vec<(Rule, String)> {
    let mut found = Vec::new();
    for effect in &statement.effects {
        match effect {
            Effect::Destroys { what, how } => found.push(loss(what, *how)),
            Effect::Renames { what, to } if matches!(what.kind, Kind::Table | Kind::Column | Kind::View) => {
                found.push((RENAMES, format!("renames {what} to `{to}`")));
            }
            Effect::Requires(column) => {
                found.push((
                    REQUIRED_COLUMN,
                    format!("{column} is NOT NULL without a default: this fails where there are rows"),
                ));
            }
            Effect::Hides(why) => found.push((HIDDEN_CODE, (*why).to_owned())),
            _ => {}
        }
    }
    // Several columns of one table are one finding.
    found.dedup_by(|a, b| a == b);
    if dialect == Dialect::Postgres {
        found.extend(blocking(statement));
    }
    match &statement.concurrent {
        Some(Concurrent::CreatesIndex { index: None, table, .. }) => {
            found.push((UNNAMED_CONCURRENTLY, format!("makes an index of `{table}` concurrently, without a name")));
        }
        Some(Concurrent::CreatesIndex { index: Some(index), if_not_exists: true, .. }) => {
            found.push((CONCURRENTLY_OVER_INVALID, format!("succeeds where `{index}` is there but invalid")));
        }
        _ => {}
    }
    found
}

fn loss(what: &Thing, how: Loss) -> (Rule, String) {
    match (what.kind, how) {
        (Kind::Column, Loss::Dropped) => (DROPS_COLUMN, format!("drops {what}")),
        (Kind::Table, Loss::Dropped) => (DROPS_TABLE, format!("drops {what}")),
        (_, Loss::Dropped) => (DESTROYS_DATA, format!("drops {what} and what uses it, with the data in it")),
        (_, Loss::Truncated) => (DESTROYS_DATA, format!("takes all rows out of {what}")),
        (_, Loss::Deleted) => (DESTROYS_DATA, format!("deletes rows of {what}")),
        (_, Loss::Overwritten) => (DESTROYS_DATA, format!("overwrites values of {what}")),
        (_, Loss::Converted) => (DESTROYS_DATA, format!("turns {what} into another type, which may lose values")),
        (_, Loss::Rebuilt) => (DESTROYS_DATA, format!("makes {what} anew: what is not copied is lost")),
    }
}

/// What makes others wait for long. A short lock is no finding: omni sets a `lock_timeout`.
fn blocking(statement: &Statement) -> Option<(Rule, String)> {
    let rewritten = statement.effects.iter().find_map(|effect| match effect {
        Effect::Rewrites(table) => Some(table),
        _ => None,
    });
    let lock = statement.lock()?;
    if let Some(table) = rewritten {
        return Some((
            REWRITES_TABLE,
            format!("rewrites table `{table}` under {lock}: nobody reads or writes it meanwhile"),
        ));
    }
    let read = statement.effects.iter().find_map(|effect| match effect {
        Effect::Scans(table) => Some(table),
        _ => None,
    })?;
    let made = |kind: Kind| {
        statement.effects.iter().any(|effect| matches!(effect, Effect::Creates(thing) if thing.kind == kind))
    };
    let meanwhile = format!("reads all of table `{read}` under {lock}");
    Some(match lock {
        _ if made(Kind::Index) => (BLOCKING_INDEX, format!("{meanwhile}: nobody writes to it meanwhile")),
        lock if made(Kind::Constraint) && lock.blocks_writes() => (BLOCKING_CONSTRAINT, meanwhile),
        Lock::AccessExclusive => (BLOCKS_READS, format!("{meanwhile}: nobody reads or writes it meanwhile")),
        lock if lock.blocks_writes() => (BLOCKS_WRITES, format!("{meanwhile}: nobody writes to it meanwhile")),
        _ => return None,
    })
}

/// The findings of a script as a whole, each with its line.
pub(super) fn of_script(analysis: &Analysis) -> impl Iterator<Item = (Rule, usize, String)> {
    let statements = &analysis.statements;
    let own = statements.iter().find(|statement| matches!(statement.transactional, Transactional::Boundary(_)));
    let own = own.map(|own| (OWN_TRANSACTION, own.line, "begins or ends a transaction itself".to_owned()));
    let changes = statements.iter().filter(|statement| match statement.transactional {
        Transactional::Session | Transactional::Boundary(_) => false,
        _ => statement.effects.is_empty() || !statement.effects.iter().all(|effect| matches!(effect, Effect::Sets(_))),
    });
    let is_mixed = changes.count() > 1;
    let alone = statements.iter().filter_map(move |statement| {
        let Transactional::No(why) = statement.transactional else { return None };
        let adds = statement
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Creates(thing) if thing.kind == Kind::Value));
        match adds {
            true => Some((NEW_VALUE_USED, statement.line, why.to_owned())),
            false if is_mixed => {
                Some((MIXED_CONCURRENTLY, statement.line, format!("{why}, and stands beside other statements")))
            }
            false => None,
        }
    });
    own.into_iter().chain(alone)
}
