//! `CREATE`, `ALTER` and `DROP` of PostgreSQL for what is no table: which kind of thing each is about.

use squawk_parser::SyntaxKind as K;

use super::naming;
use super::tree::Node;
use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Effect, Kind, Lock, Loss, Name, Thing};

/// The things that are altered or dropped by name, and the node that holds the name.
fn target(statement: Node<'_>) -> Option<(Kind, K)> {
    Some(match statement.kind() {
        K::DROP_TABLE | K::DROP_FOREIGN_TABLE => (Kind::Table, K::TABLE_NAME_REF),
        K::DROP_VIEW | K::ALTER_VIEW => (Kind::View, K::VIEW_REF),
        K::DROP_MATERIALIZED_VIEW | K::ALTER_MATERIALIZED_VIEW => (Kind::MaterializedView, K::VIEW_REF),
        K::DROP_INDEX | K::ALTER_INDEX => (Kind::Index, K::INDEX_REF),
        K::DROP_SEQUENCE | K::ALTER_SEQUENCE => (Kind::Sequence, K::SEQUENCE_REF),
        K::DROP_TYPE | K::ALTER_TYPE => (Kind::Type, K::TYPE_NAME_REF),
        K::DROP_DOMAIN | K::ALTER_DOMAIN => (Kind::Domain, K::DOMAIN_REF),
        K::DROP_SCHEMA | K::ALTER_SCHEMA => (Kind::Schema, K::SCHEMA_REF),
        K::DROP_EXTENSION | K::ALTER_EXTENSION => (Kind::Extension, K::EXTENSION_REF),
        K::DROP_FUNCTION | K::ALTER_FUNCTION => (Kind::Function, K::FUNCTION_NAME_REF),
        K::DROP_PROCEDURE | K::ALTER_PROCEDURE => (Kind::Function, K::PROCEDURE_NAME_REF),
        K::DROP_ROUTINE | K::ALTER_ROUTINE => (Kind::Function, K::ROUTINE_NAME_REF),
        K::DROP_AGGREGATE | K::ALTER_AGGREGATE => (Kind::Function, K::AGGREGATE),
        K::DROP_ROLE | K::DROP_USER | K::DROP_GROUP | K::ALTER_ROLE | K::ALTER_USER | K::ALTER_GROUP => {
            (Kind::Role, K::ROLE_REF)
        }
        K::DROP_DATABASE | K::ALTER_DATABASE => (Kind::Database, K::DATABASE_REF),
        _ => return None,
    })
}

/// `DROP` of things that have a life of their own. False where it is something else.
pub(super) fn drops(deed: &mut Deed, statement: Node<'_>) -> bool {
    let Some((kind, holder)) = target(statement) else { return false };
    let is_cascade = statement.has(K::CASCADE);
    deed.cascades = is_cascade;
    let names = names(statement, kind, holder);
    for name in names {
        deed.drops(kind, name.clone());
        match kind {
            Kind::Table | Kind::View | Kind::MaterializedView => deed.locks(&name, Lock::AccessExclusive),
            _ => {}
        }
        // What is taken along holds rows, or columns of them.
        let holds = match kind {
            Kind::Table => statement.kind() == K::DROP_TABLE,
            Kind::Schema | Kind::Type | Kind::Domain | Kind::Extension => is_cascade,
            Kind::Database => true,
            _ => false,
        };
        if holds {
            deed.destroys(Thing::new(kind, name), Loss::Dropped);
        }
    }
    true
}

fn names(statement: Node<'_>, kind: Kind, holder: K) -> Vec<Name> {
    match kind {
        Kind::Function | Kind::Role => statement.all(holder).map(naming::name).collect(),
        _ => statement.children().filter(|child| child.kind() == holder).map(naming::name).collect(),
    }
}

/// `ALTER` of things that have a life of their own. False where it is something else.
pub(super) fn alters(deed: &mut Deed, statement: Node<'_>) -> bool {
    let Some((kind, holder)) = target(statement) else { return false };
    let name = statement.below(holder).map(naming::name).unwrap_or_default();
    let renamed = statement.children().find(|child| format!("{:?}", child.kind()).ends_with("_RENAME_TO"));
    if let Some(renamed) = renamed {
        let to = renamed.children().find(|child| !child.is_token()).map(naming::name).unwrap_or_default().name;
        deed.note(Effect::Renames { what: Thing::new(kind, name.clone()), to });
    }
    match kind {
        Kind::Type => alter_type(deed, statement, &name),
        Kind::View | Kind::MaterializedView => {
            deed.alters(kind, name.clone());
            deed.locks(&name, Lock::AccessExclusive);
        }
        Kind::Index => {
            let is_light = statement.has(K::INDEX_RENAME_TO) || statement.has(K::SET_OPTIONS);
            deed.alters(kind, name.clone());
            deed.locks(&name, if is_light { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive });
        }
        Kind::Database if statement.has(K::SET_TABLESPACE) => {
            deed.alters(kind, name);
            deed.is_alone("`ALTER DATABASE … SET TABLESPACE` cannot run in a transaction");
        }
        _ => deed.alters(kind, name),
    }
    true
}

fn alter_type(deed: &mut Deed, statement: Node<'_>, name: &Name) {
    if let Some(added) = statement.child(K::ADD_VALUE) {
        let value = added.child(K::LITERAL).and_then(naming::literal).unwrap_or_default();
        deed.note(Effect::Creates(Thing::of(Kind::Value, value, name)));
    } else if let Some(renamed) = statement.child(K::RENAME_VALUE) {
        let value = renamed.child(K::LITERAL).and_then(naming::literal).unwrap_or_default();
        deed.note(Effect::Alters(Thing::of(Kind::Value, value, name)));
    } else {
        deed.alters(Kind::Type, name.clone());
        if statement.below(K::DROP_ATTRIBUTE).is_some() || statement.below(K::ALTER_ATTRIBUTE).is_some() {
            deed.destroys(Thing::new(Kind::Type, name.clone()), Loss::Converted);
        }
    }
}

/// `CREATE`, `ALTER` and `DROP` of what belongs to a table. False where it is something else.
pub(super) fn of_a_table(deed: &mut Deed, statement: Node<'_>) -> bool {
    let (kind, lock, holders) = match statement.kind() {
        K::CREATE_TRIGGER => (Kind::Trigger, Lock::ShareRowExclusive, [K::TRIGGER, K::TRIGGER]),
        K::ALTER_TRIGGER | K::DROP_TRIGGER => (Kind::Trigger, Lock::AccessExclusive, [K::TRIGGER_REF, K::TRIGGER]),
        K::CREATE_POLICY => (Kind::Policy, Lock::AccessExclusive, [K::POLICY, K::POLICY]),
        K::ALTER_POLICY | K::DROP_POLICY => (Kind::Policy, Lock::AccessExclusive, [K::POLICY_REF, K::POLICY]),
        K::CREATE_RULE => (Kind::Rule, Lock::AccessExclusive, [K::RULE, K::RULE]),
        K::ALTER_RULE | K::DROP_RULE => (Kind::Rule, Lock::AccessExclusive, [K::RULE_REF, K::RULE]),
        _ => return false,
    };
    let table = statement.children().find(|child| matches!(child.kind(), K::ON_RELATION | K::ON_TABLE | K::RULE_ON));
    let table = table.and_then(|on| on.child(K::RELATION_NAME_REF).or_else(|| on.child(K::TABLE_NAME_REF)));
    let Some(table) = table.map(naming::name) else { return false };
    let name = holders.iter().find_map(|holder| statement.child(*holder)).map(|node| naming::name(node).name);
    let thing = Thing::of(kind, name.unwrap_or_default(), &table);
    deed.note(match statement.kind() {
        K::CREATE_TRIGGER | K::CREATE_POLICY | K::CREATE_RULE => Effect::Creates(thing),
        K::DROP_TRIGGER | K::DROP_POLICY | K::DROP_RULE => Effect::Drops(thing),
        _ => Effect::Alters(thing),
    });
    deed.locks(&table, lock);
    true
}

/// `CREATE` of what is neither a table nor belongs to one. False where it is something else.
pub(super) fn creates(deed: &mut Deed, statement: Node<'_>) -> bool {
    let (kind, holder) = match statement.kind() {
        K::CREATE_VIEW => (Kind::View, K::VIEW),
        K::CREATE_MATERIALIZED_VIEW => (Kind::MaterializedView, K::VIEW),
        K::CREATE_SEQUENCE => (Kind::Sequence, K::SEQUENCE),
        K::CREATE_TYPE => (Kind::Type, K::TYPE_NAME),
        K::CREATE_DOMAIN => (Kind::Domain, K::DOMAIN),
        K::CREATE_EXTENSION => (Kind::Extension, K::EXTENSION),
        K::CREATE_FUNCTION => (Kind::Function, K::FUNCTION_NAME),
        K::CREATE_PROCEDURE => (Kind::Function, K::PROCEDURE_NAME),
        K::CREATE_AGGREGATE => (Kind::Function, K::AGGREGATE),
        K::CREATE_ROLE | K::CREATE_USER | K::CREATE_GROUP => (Kind::Role, K::ROLE),
        K::CREATE_DATABASE => (Kind::Database, K::DATABASE),
        _ => return false,
    };
    let holder = statement.below(holder).or_else(|| statement.below(K::PATH));
    let name = holder.map(naming::name).unwrap_or_default();
    if statement.kind() == K::CREATE_VIEW && statement.has(K::OR_REPLACE) {
        deed.locks(&name, Lock::AccessExclusive);
    }
    deed.creates(kind, name);
    if matches!(kind, Kind::View | Kind::MaterializedView) {
        super::rows::walk(deed, statement);
    }
    true
}
