//! `CREATE TABLE`, indexes and the upkeep of tables of PostgreSQL.

use squawk_parser::SyntaxKind as K;

use super::tree::Node;
use super::{alter_table, naming, rows};
use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Concurrent, Effect, Kind, Lock, Loss, Name, Thing, Writing};

/// `CREATE TABLE`, also from a query.
pub(super) fn create_table(deed: &mut Deed, statement: Node<'_>) {
    let Some(name) = statement.below(K::TABLE_NAME).map(naming::name) else { return };
    deed.creates(Kind::Table, name.clone());
    for node in statement.descendants() {
        match node.kind() {
            K::REFERENCES_CONSTRAINT | K::FOREIGN_KEY_CONSTRAINT => {
                alter_table::refers(deed, node);
                // A table that refers to itself locks nobody else's.
                deed.locks.retain(|locked| locked.table != name);
            }
            K::PARTITION_OF => parents(deed, node, Lock::AccessExclusive),
            K::INHERITS => parents(deed, node, Lock::ShareUpdateExclusive),
            _ => {}
        }
    }
    rows::walk(deed, statement);
}

fn parents(deed: &mut Deed, node: Node<'_>, lock: Lock) {
    for parent in node.children().filter(|child| child.kind() == K::TABLE_NAME_REF) {
        deed.locks(&naming::name(parent), lock);
    }
}

/// `CREATE INDEX`.
pub(super) fn create_index(deed: &mut Deed, statement: Node<'_>) {
    let Some(table) = statement.child(K::TABLE_RELATION_NAME).map(naming::name) else { return };
    let index = statement.child(K::INDEX).map(naming::name);
    let thing = Thing::of(Kind::Index, index.as_ref().map(|index| index.name.clone()).unwrap_or_default(), &table);
    deed.note(Effect::Creates(thing));
    if statement.has(K::CONCURRENTLY_KW) {
        deed.locks(&table, Lock::ShareUpdateExclusive);
        deed.is_alone("`CREATE INDEX CONCURRENTLY` cannot run in a transaction");
        let index = index.map(|index| Name { schema: table.schema.clone(), name: index.name });
        let if_not_exists = statement.has(K::IF_NOT_EXISTS);
        deed.concurrent = Some(Concurrent::CreatesIndex { index, table, if_not_exists });
    } else {
        deed.locks(&table, Lock::Share);
        deed.note(Effect::Scans(table));
    }
}

/// `DROP INDEX`. Whose indexes they are, the script does not say: the lock is noted under the index.
pub(super) fn drop_index(deed: &mut Deed, statement: Node<'_>) {
    let is_concurrent = statement.has(K::CONCURRENTLY_KW);
    for index in statement.children().filter(|child| child.kind() == K::INDEX_REF).map(naming::name) {
        deed.drops(Kind::Index, index.clone());
        deed.locks(&index, if is_concurrent { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive });
        if is_concurrent {
            deed.concurrent = Some(Concurrent::DropsIndex(index));
        }
    }
    if is_concurrent {
        deed.is_alone("`DROP INDEX CONCURRENTLY` cannot run in a transaction");
    }
}

/// `REINDEX`.
pub(super) fn reindex(deed: &mut Deed, statement: Node<'_>) {
    let is_concurrent = statement.below(K::CONCURRENTLY_KW).is_some();
    let target = statement.children().find_map(|child| match child.kind() {
        K::REINDEX_TARGET_INDEX => Some((Kind::Index, child.child(K::INDEX_REF)?)),
        K::REINDEX_TARGET_TABLE => Some((Kind::Table, child.child(K::TABLE_NAME_REF)?)),
        _ => None,
    });
    let Some((kind, name)) = target.map(|(kind, name)| (kind, naming::name(name))) else {
        deed.is_alone("`REINDEX` of a schema or a database cannot run in a transaction");
        return;
    };
    deed.alters(kind, name.clone());
    if is_concurrent {
        deed.is_alone("`REINDEX CONCURRENTLY` cannot run in a transaction");
        deed.locks(&name, Lock::ShareUpdateExclusive);
        deed.concurrent = Some(Concurrent::Reindexes(name));
    } else {
        deed.locks(&name, if kind == Kind::Index { Lock::AccessExclusive } else { Lock::Share });
        if kind == Kind::Table {
            deed.note(Effect::Scans(name));
        }
    }
}

/// `TRUNCATE`.
pub(super) fn truncate(deed: &mut Deed, statement: Node<'_>) {
    for table in statement.all(K::TABLE_NAME_REF).map(naming::name) {
        deed.writes(&table, Writing::Truncate);
        deed.locks(&table, Lock::AccessExclusive);
        deed.destroys(Thing::new(Kind::Table, table), Loss::Truncated);
    }
}

/// `VACUUM` and `ANALYZE`.
pub(super) fn upkeep(deed: &mut Deed, statement: Node<'_>) {
    let is_vacuum = statement.kind() == K::VACUUM;
    let named = |node: Node<'_>| node.text().eq_ignore_ascii_case("full");
    let is_full = is_vacuum && (statement.has(K::FULL_KW) || statement.all(K::VACUUM_OPTION_NAME).any(named));
    for table in statement.all(K::TABLE_NAME_REF).map(naming::name) {
        deed.locks(&table, if is_full { Lock::AccessExclusive } else { Lock::ShareUpdateExclusive });
        if is_full {
            deed.note(Effect::Rewrites(table));
        }
    }
    if is_vacuum {
        deed.is_alone("`VACUUM` cannot run in a transaction");
    }
}

/// `CLUSTER`.
pub(super) fn cluster(deed: &mut Deed, statement: Node<'_>) {
    match statement.child(K::TABLE_NAME_REF).map(naming::name) {
        Some(table) => {
            deed.locks(&table, Lock::AccessExclusive);
            deed.note(Effect::Rewrites(table));
        }
        None => deed.is_alone("`CLUSTER` of all tables cannot run in a transaction"),
    }
}

/// `REFRESH MATERIALIZED VIEW`.
pub(super) fn refresh(deed: &mut Deed, statement: Node<'_>) {
    let Some(view) = statement.child(K::VIEW_REF).map(naming::name) else { return };
    deed.alters(Kind::MaterializedView, view.clone());
    let is_concurrent = statement.has(K::CONCURRENTLY_KW);
    deed.locks(&view, if is_concurrent { Lock::Exclusive } else { Lock::AccessExclusive });
}

/// `LOCK TABLE`.
pub(super) fn lock(deed: &mut Deed, statement: Node<'_>) {
    let mode = statement.child(K::LOCK_MODE_CLAUSE);
    let mode =
        mode.map(|mode| mode.text().split_whitespace().map(str::to_ascii_uppercase).collect::<Vec<_>>().join(" "));
    let all = [
        Lock::AccessShare,
        Lock::RowShare,
        Lock::RowExclusive,
        Lock::ShareUpdateExclusive,
        Lock::Share,
        Lock::ShareRowExclusive,
        Lock::Exclusive,
    ];
    let said = |lock: &Lock| mode.as_ref().is_some_and(|mode| *mode == format!("IN {lock} MODE"));
    let lock = all.into_iter().find(said).unwrap_or(Lock::AccessExclusive);
    for table in statement.all(K::RELATION_NAME_REF).map(naming::name) {
        deed.locks(&table, lock);
    }
}
