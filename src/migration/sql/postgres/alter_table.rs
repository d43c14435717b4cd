//! `ALTER TABLE` of PostgreSQL: what each of its actions does, and the lock that the manual names for it.

use squawk_parser::SyntaxKind as K;

use super::tree::Node;
use super::{naming, typing};
use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Concurrent, Effect, Kind, Lock, Loss, Name, Thing};

/// What the statement does: `ALTER TABLE`, `ALTER FOREIGN TABLE`.
pub(super) fn alter_table(deed: &mut Deed, statement: Node<'_>) {
    let Some(target) = statement.child(K::TABLE_RELATION_NAME).or_else(|| statement.child(K::TABLE_NAME_REF)) else {
        deed.hides("alters tables that it does not name");
        return;
    };
    let table = naming::name(target);
    for node in statement.children().filter(|child| !child.is_token()) {
        if !matches!(node.kind(), K::TABLE_RELATION_NAME | K::TABLE_NAME_REF | K::IF_EXISTS) {
            action(deed, &table, node);
        }
    }
}

fn action(deed: &mut Deed, table: &Name, node: Node<'_>) {
    let whole = |deed: &mut Deed| deed.alters(Kind::Table, table.clone());
    let rewritten = |deed: &mut Deed| deed.note(Effect::Rewrites(table.clone()));
    let mut lock = Lock::AccessExclusive;
    match node.kind() {
        K::ADD_COLUMN => add_column(deed, table, node),
        K::DROP_COLUMN => {
            let column = named(node, K::COLUMN_NAME_REF, Kind::Column, table);
            deed.note(Effect::Drops(column.clone()));
            deed.destroys(column, Loss::Dropped);
        }
        K::ALTER_COLUMN => lock = alter_column(deed, table, node),
        K::RENAME_COLUMN => {
            let (what, to) = (named(node, K::COLUMN_NAME_REF, Kind::Column, table), new_name(node, K::COLUMN_NAME));
            deed.note(Effect::Renames { what, to });
        }
        K::TABLE_RENAME_TO => {
            let (what, to) = (Thing::new(Kind::Table, table.clone()), new_name(node, K::TABLE_NAME));
            deed.note(Effect::Renames { what, to });
        }
        K::RENAME_CONSTRAINT => {
            let what = named(node, K::CONSTRAINT_NAME_REF, Kind::Constraint, table);
            deed.note(Effect::Renames { what, to: new_name(node, K::CONSTRAINT_NAME) });
        }
        K::ADD_CONSTRAINT => lock = add_constraint(deed, table, node),
        K::VALIDATE_CONSTRAINT => {
            lock = Lock::ShareUpdateExclusive;
            deed.note(Effect::Alters(named(node, K::CONSTRAINT_NAME_REF, Kind::Constraint, table)));
            deed.note(Effect::Scans(table.clone()));
        }
        K::DROP_CONSTRAINT => deed.note(Effect::Drops(named(node, K::CONSTRAINT_NAME_REF, Kind::Constraint, table))),
        K::ALTER_CONSTRAINT => {
            deed.note(Effect::Alters(named(node, K::CONSTRAINT_NAME_REF, Kind::Constraint, table)));
        }
        K::ATTACH_PARTITION => lock = attach(deed, table, node),
        K::DETACH_PARTITION => lock = detach(deed, table, node),
        K::SET_LOGGED
        | K::SET_UNLOGGED
        | K::SET_TABLESPACE
        | K::SET_ACCESS_METHOD
        | K::MERGE_PARTITIONS
        | K::SPLIT_PARTITION => {
            whole(deed);
            rewritten(deed);
        }
        K::SET_OPTIONS | K::RESET_OPTIONS | K::CLUSTER_ON | K::SET_WITHOUT_CLUSTER => {
            lock = Lock::ShareUpdateExclusive;
            whole(deed);
        }
        K::ENABLE_TRIGGER | K::DISABLE_TRIGGER | K::ENABLE_ALWAYS_TRIGGER | K::ENABLE_REPLICA_TRIGGER => {
            lock = Lock::ShareRowExclusive;
            whole(deed);
        }
        _ => whole(deed),
    }
    deed.locks(table, lock);
}

/// Something of the table that a child names.
fn named(node: Node<'_>, child: K, kind: Kind, table: &Name) -> Thing {
    let name = node.child(child).or_else(|| node.below(child)).map(|child| naming::name(child).name);
    Thing::of(kind, name.unwrap_or_default(), table)
}

fn new_name(node: Node<'_>, child: K) -> String {
    node.child(child).map(|child| naming::name(child).name).unwrap_or_default()
}

fn add_column(deed: &mut Deed, table: &Name, node: Node<'_>) {
    let column = named(node, K::COLUMN_NAME, Kind::Column, table);
    deed.note(Effect::Creates(column.clone()));
    let default = node.child(K::DEFAULT_CONSTRAINT);
    let generated = node.child(K::GENERATED_CONSTRAINT);
    let is_required = node.has(K::NOT_NULL_CONSTRAINT) || node.has(K::PRIMARY_KEY_CONSTRAINT);
    if is_required && default.is_none() && generated.is_none() && !typing::is_serial(node) {
        deed.note(Effect::Requires(column));
    }
    // A virtual column is not stored, and an identity fills every row.
    let filled = generated.is_some_and(|generated| {
        generated.has(K::GENERATED_IDENTITY)
            || generated.below(K::STORED).is_some()
            || generated.below(K::GENERATED_STORED).is_none()
    });
    if typing::is_serial(node) || filled || default.is_some_and(typing::is_volatile) {
        deed.note(Effect::Rewrites(table.clone()));
    }
    for constraint in node.children() {
        match constraint.kind() {
            K::PRIMARY_KEY_CONSTRAINT | K::UNIQUE_CONSTRAINT | K::CHECK_CONSTRAINT => {
                deed.note(Effect::Creates(constraint_of(constraint, table)));
                deed.note(Effect::Scans(table.clone()));
            }
            K::REFERENCES_CONSTRAINT => {
                deed.note(Effect::Creates(constraint_of(constraint, table)));
                refers(deed, constraint);
                // Where every value is NULL, PostgreSQL does not look.
                if default.is_some() {
                    deed.note(Effect::Scans(table.clone()));
                }
            }
            _ => {}
        }
    }
}

fn alter_column(deed: &mut Deed, table: &Name, node: Node<'_>) -> Lock {
    let column = named(node, K::COLUMN_NAME_REF, Kind::Column, table);
    deed.note(Effect::Alters(column.clone()));
    if let Some(to) = node.child(K::SET_TYPE) {
        // The old type stands in the catalogue, so the worst is said: some changes of type rewrite nothing.
        deed.note(Effect::Rewrites(table.clone()));
        if !typing::keeps_values(to, &column.name.name) {
            deed.destroys(column, Loss::Converted);
        }
        return Lock::AccessExclusive;
    }
    if node.has(K::SET_NOT_NULL) {
        deed.note(Effect::Scans(table.clone()));
    }
    if node.has(K::SET_EXPRESSION) {
        deed.note(Effect::Rewrites(table.clone()));
        deed.destroys(column, Loss::Overwritten);
    }
    let is_light = node.has(K::SET_STATISTICS) || node.has(K::SET_OPTIONS) || node.has(K::RESET_OPTIONS);
    if is_light { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive }
}

fn add_constraint(deed: &mut Deed, table: &Name, node: Node<'_>) -> Lock {
    let Some(constraint) = node.children().find(|child| !child.is_token()) else { return Lock::AccessExclusive };
    deed.note(Effect::Creates(constraint_of(constraint, table)));
    let is_valid = constraint.below(K::NOT_VALID).is_none() && !node.has(K::NOT_VALID);
    let is_ready = constraint.has(K::USING_INDEX_NAME);
    if is_valid && !is_ready {
        deed.note(Effect::Scans(table.clone()));
    }
    if constraint.kind() == K::FOREIGN_KEY_CONSTRAINT {
        refers(deed, constraint);
        return Lock::ShareRowExclusive;
    }
    Lock::AccessExclusive
}

/// A foreign key locks the table that it refers to.
pub(super) fn refers(deed: &mut Deed, constraint: Node<'_>) {
    if let Some(other) = constraint.child(K::TABLE_NAME_REF) {
        deed.locks(&naming::name(other), Lock::ShareRowExclusive);
    }
}

pub(super) fn constraint_of(constraint: Node<'_>, table: &Name) -> Thing {
    named(constraint, K::CONSTRAINT_NAME, Kind::Constraint, table)
}

fn attach(deed: &mut Deed, table: &Name, node: Node<'_>) -> Lock {
    deed.alters(Kind::Table, table.clone());
    if let Some(partition) = node.child(K::TABLE_NAME_REF).map(naming::name) {
        deed.locks(&partition, Lock::AccessExclusive);
        deed.note(Effect::Scans(partition));
    }
    Lock::ShareUpdateExclusive
}

fn detach(deed: &mut Deed, table: &Name, node: Node<'_>) -> Lock {
    deed.alters(Kind::Table, table.clone());
    let Some(partition) = node.child(K::TABLE_NAME_REF).map(naming::name) else { return Lock::AccessExclusive };
    if node.has(K::DETACH_CONCURRENTLY) {
        deed.is_alone("`DETACH PARTITION … CONCURRENTLY` cannot run in a transaction");
        deed.locks(&partition, Lock::AccessExclusive);
        deed.concurrent = Some(Concurrent::Detaches { table: table.clone(), partition });
        return Lock::ShareUpdateExclusive;
    }
    deed.locks(&partition, Lock::AccessExclusive);
    Lock::AccessExclusive
}
