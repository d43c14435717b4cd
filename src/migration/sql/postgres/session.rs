//! Statements of PostgreSQL about transactions, the session and the server, and those that run other code.

use squawk_parser::SyntaxKind as K;

use super::tree::Node;
use super::{does, naming, rows};
use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Boundary, Effect, Kind, Lock, Loss, Thing, Transactional, Writing};

/// What the statement does. False where it is something else.
pub(super) fn reads(deed: &mut Deed, statement: Node<'_>) -> bool {
    boundary(deed, statement) || server(deed, statement) || code(deed, statement) || session(deed, statement)
}

fn boundary(deed: &mut Deed, statement: Node<'_>) -> bool {
    let boundary = match statement.kind() {
        K::BEGIN => Boundary::Begin,
        K::COMMIT_TRANSACTION if statement.has(K::AND_CHAIN) => Boundary::CommitAndBegin,
        K::COMMIT_TRANSACTION => Boundary::Commit,
        K::ROLLBACK_TRANSACTION => Boundary::Rollback,
        K::SAVEPOINT_CREATE | K::RELEASE_SAVEPOINT | K::ROLLBACK_TO_SAVEPOINT => return true,
        K::PREPARE_TRANSACTION | K::COMMIT_PREPARED | K::ROLLBACK_PREPARED => {
            deed.is_refused(
                "a prepared transaction outlives the script",
                "end the transaction with COMMIT, or leave BEGIN and COMMIT to omni",
            );
            return true;
        }
        _ => return false,
    };
    deed.transactional = Transactional::Boundary(boundary);
    true
}

/// What concerns the whole server, and cannot run in a transaction.
fn server(deed: &mut Deed, statement: Node<'_>) -> bool {
    match statement.kind() {
        K::CREATE_DATABASE => {
            deed.creates(Kind::Database, statement.child(K::DATABASE).map(naming::name).unwrap_or_default());
            deed.is_alone("`CREATE DATABASE` cannot run in a transaction");
        }
        K::DROP_DATABASE => {
            let name = statement.child(K::DATABASE_REF).map(naming::name).unwrap_or_default();
            deed.drops(Kind::Database, name.clone());
            deed.destroys(Thing::new(Kind::Database, name), Loss::Dropped);
            deed.is_alone("`DROP DATABASE` cannot run in a transaction");
        }
        K::CREATE_TABLESPACE => {
            deed.creates(Kind::Other, statement.child(K::TABLESPACE).map(naming::name).unwrap_or_default());
            deed.is_alone("`CREATE TABLESPACE` cannot run in a transaction");
        }
        K::DROP_TABLESPACE => {
            deed.drops(Kind::Other, statement.child(K::TABLESPACE_REF).map(naming::name).unwrap_or_default());
            deed.is_alone("`DROP TABLESPACE` cannot run in a transaction");
        }
        K::ALTER_SYSTEM => {
            deed.alters(Kind::Setting, statement.below(K::CONFIG_PARAMETER_REF).map(naming::name).unwrap_or_default());
            deed.is_alone("`ALTER SYSTEM` cannot run in a transaction");
        }
        K::CREATE_SUBSCRIPTION => {
            deed.creates(Kind::Other, statement.child(K::SUBSCRIPTION).map(naming::name).unwrap_or_default());
            deed.is_alone("`CREATE SUBSCRIPTION` cannot run in a transaction");
        }
        K::DROP_SUBSCRIPTION => {
            deed.drops(Kind::Other, statement.child(K::SUBSCRIPTION_REF).map(naming::name).unwrap_or_default());
            deed.is_alone("`DROP SUBSCRIPTION` cannot run in a transaction");
        }
        K::ALTER_SUBSCRIPTION => {
            deed.alters(Kind::Other, statement.child(K::SUBSCRIPTION_REF).map(naming::name).unwrap_or_default());
            if !statement.has(K::OWNER_TO) && !statement.has(K::SUBSCRIPTION_RENAME_TO) {
                deed.is_alone("`ALTER SUBSCRIPTION` may not run in a transaction");
            }
        }
        K::DISCARD => {
            deed.note(Effect::Sets("DISCARD".to_owned()));
            if statement.has(K::DISCARD_ALL) {
                deed.is_alone("`DISCARD ALL` cannot run in a transaction");
            }
        }
        K::CHECKPOINT => {}
        _ => return false,
    }
    true
}

/// What runs code that stands elsewhere.
fn code(deed: &mut Deed, statement: Node<'_>) -> bool {
    match statement.kind() {
        K::DO => deed.hides("a `DO` block does what a plan cannot see"),
        K::CALL => deed.hides("a procedure does what a plan cannot see"),
        K::EXECUTE => deed.hides("a prepared statement does what a plan cannot see"),
        K::IMPORT_FOREIGN_SCHEMA => deed.hides("imports tables that a plan cannot see"),
        K::LOAD => deed.hides("loads a library that a plan cannot see into"),
        K::DROP_OWNED => {
            let owner = statement.below(K::ROLE_REF).map(naming::name).unwrap_or_default();
            deed.destroys(Thing::new(Kind::Role, owner), Loss::Dropped);
            deed.hides("drops things that it does not name");
        }
        K::REASSIGN => deed.hides("alters things that it does not name"),
        K::EXPLAIN => {
            let runs = statement.has(K::EXPLAIN_ANALYZE)
                || statement.all(K::EXPLAIN_OPTION_NAME).any(|name| name.text().eq_ignore_ascii_case("analyze"));
            if runs {
                let explained = |node: &Node<'_>| {
                    !node.is_token() && !matches!(node.kind(), K::EXPLAIN_ANALYZE | K::EXPLAIN_OPTION_LIST)
                };
                statement.children().filter(explained).for_each(|explained| does(deed, explained));
            }
        }
        K::COPY => copy(deed, statement),
        _ => return false,
    }
    true
}

fn copy(deed: &mut Deed, statement: Node<'_>) {
    rows::walk(deed, statement);
    let table = statement.child(K::COPY_TABLE).and_then(|table| table.child(K::TABLE_NAME_REF)).map(naming::name);
    let is_in = statement.has(K::COPY_FROM);
    if let Some(table) = table {
        if is_in {
            deed.writes(&table, Writing::Insert);
            deed.locks(&table, Lock::RowExclusive);
        } else {
            deed.locks(&table, Lock::AccessShare);
            deed.note(Effect::Reads(table));
        }
    }
    if statement.below(K::COPY_STDIN).is_some() || statement.below(K::COPY_STDOUT).is_some() {
        deed.is_refused(
            "`COPY` with the client's own input or output needs psql",
            "omni sends SQL, not psql commands: write the rows as INSERT",
        );
    } else if statement.below(K::PROGRAM_KW).is_some() {
        deed.hides("runs a program on the server");
    }
}

/// What changes nothing that stays.
const PASSING: [K; 12] = [
    K::SET_CONSTRAINTS,
    K::SET_TRANSACTION,
    K::PREPARE,
    K::DEALLOCATE,
    K::SHOW,
    K::LISTEN,
    K::UNLISTEN,
    K::NOTIFY,
    K::DECLARE,
    K::FETCH,
    K::MOVE,
    K::CLOSE,
];

/// What is gone with the session, or only looks.
fn session(deed: &mut Deed, statement: Node<'_>) -> bool {
    match statement.kind() {
        K::SET | K::SET_ROLE | K::SET_SESSION_AUTH | K::RESET | K::RESET_ROLE | K::RESET_SESSION_AUTH => {
            if statement.has(K::LOCAL_SCOPE) {
                return true;
            }
            let name = statement.below(K::CONFIG_PARAMETER_REF).map(naming::name).unwrap_or_default();
            let name = if name.name.is_empty() { "all".to_owned() } else { name.to_string() };
            deed.note(Effect::Sets(name));
        }
        kind if PASSING.contains(&kind) => {}
        _ => return false,
    }
    true
}
