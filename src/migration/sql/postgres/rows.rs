//! Statements of PostgreSQL that read and change rows, also inside of others.

use squawk_parser::SyntaxKind as K;

use super::naming;
use super::tree::Node;
use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Effect, Kind, Lock, Loss, Name, Thing, Writing};

/// What a statement reads and writes, with everything inside of it.
pub(super) fn walk(deed: &mut Deed, statement: Node<'_>) {
    let own: Vec<Name> = statement.all(K::CTE_NAME).map(naming::name).collect();
    if is_write(statement.kind()) {
        write(deed, statement);
    }
    for node in statement.descendants() {
        match node.kind() {
            kind if is_write(kind) => write(deed, node),
            K::RELATION_FROM_ITEM => {
                let Some(table) = node.child(K::RELATION_NAME_REF).or_else(|| node.below(K::RELATION_NAME_REF)) else {
                    continue;
                };
                let table = naming::name(table);
                if !own.contains(&table) {
                    deed.locks(&table, Lock::AccessShare);
                    deed.note(Effect::Reads(table));
                }
            }
            _ => {}
        }
    }
    if statement.below(K::LOCKING_CLAUSE).is_some() {
        let read: Vec<_> = deed.locks.iter().map(|locked| locked.table.clone()).collect();
        for table in &read {
            deed.locks(table, Lock::RowShare);
        }
    }
}

const fn is_write(kind: K) -> bool {
    matches!(kind, K::INSERT | K::UPDATE | K::DELETE | K::MERGE)
}

fn write(deed: &mut Deed, node: Node<'_>) {
    let target = node
        .children()
        .find(|child| matches!(child.kind(), K::RELATION_NAME | K::RELATION_NAME_REF | K::TABLE_RELATION_NAME));
    let Some(target) = target else { return };
    let table = naming::name(target.below(K::RELATION_NAME_REF).unwrap_or(target));
    deed.locks(&table, Lock::RowExclusive);
    match node.kind() {
        K::INSERT => {
            deed.writes(&table, Writing::Insert);
            if let Some(update) =
                node.child(K::ON_CONFLICT_CLAUSE).and_then(|clause| clause.child(K::CONFLICT_DO_UPDATE_SET))
            {
                overwrite(deed, &table, update);
            }
        }
        K::UPDATE => {
            overwrite(deed, &table, node);
        }
        K::DELETE => delete(deed, &table),
        _ => {
            for action in node.descendants() {
                match action.kind() {
                    K::MERGE_DELETE => delete(deed, &table),
                    K::MERGE_UPDATE => overwrite(deed, &table, action),
                    K::MERGE_INSERT => deed.writes(&table, Writing::Insert),
                    _ => {}
                }
            }
        }
    }
}

fn delete(deed: &mut Deed, table: &Name) {
    deed.writes(table, Writing::Delete);
    deed.destroys(Thing::new(Kind::Table, table.clone()), Loss::Deleted);
}

fn overwrite(deed: &mut Deed, table: &Name, node: Node<'_>) {
    deed.writes(table, Writing::Update);
    let Some(set) = node.child(K::SET_CLAUSE) else { return };
    // Targets stand before a `=`; those of statements inside of a value are not meant.
    let targets = set.children().flat_map(|list| list.children().collect::<Vec<_>>()).flat_map(|one| {
        one.children()
            .filter(|child| matches!(child.kind(), K::COLUMN_TARGET | K::COLUMN_TARGET_LIST))
            .collect::<Vec<_>>()
    });
    for target in targets {
        let columns: Vec<_> = match target.kind() {
            K::COLUMN_TARGET => vec![target],
            _ => target.children().filter(|child| child.kind() == K::COLUMN_TARGET).collect(),
        };
        for column in columns {
            deed.destroys(Thing::of(Kind::Column, naming::name(column).name, table), Loss::Overwritten);
        }
    }
}

/// Functions of PostgreSQL's own that a statement may call while it changes nothing but what is seen.
const KNOWN: [&str; 58] = [
    "abs",
    "array_agg",
    "array_length",
    "array_position",
    "array_to_string",
    "avg",
    "btrim",
    "ceil",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "current_database",
    "current_schema",
    "current_setting",
    "currval",
    "date_trunc",
    "extract",
    "first_value",
    "floor",
    "format",
    "gen_random_uuid",
    "greatest",
    "json_agg",
    "json_build_object",
    "jsonb_agg",
    "jsonb_build_object",
    "jsonb_object_agg",
    "jsonb_set",
    "lag",
    "lead",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "max",
    "md5",
    "min",
    "nextval",
    "now",
    "nullif",
    "pg_get_serial_sequence",
    "pg_notify",
    "random",
    "regexp_replace",
    "replace",
    "right",
    "round",
    "row_number",
    "rtrim",
    "setval",
    "string_agg",
    "sum",
    "to_regclass",
    "trim",
    "upper",
];

/// The function that a call names, in lower case, without PostgreSQL's own schema.
fn called(call: Node<'_>) -> String {
    let name = call.children().next().map(|callee| callee.text().to_ascii_lowercase()).unwrap_or_default();
    name.strip_prefix("pg_catalog.").unwrap_or(&name).trim_matches('"').to_owned()
}

/// Whether a query calls a function of which it is not known what it does.
pub(super) fn calls_unknown(statement: Node<'_>) -> bool {
    statement.all(K::CALL_EXPR).map(called).any(|name| !KNOWN.contains(&name.as_str()) && name != "set_config")
}

/// The settings that a query sets with `set_config`, for longer than the transaction.
pub(super) fn settings(statement: Node<'_>) -> impl Iterator<Item = String> {
    statement.all(K::CALL_EXPR).filter(|call| called(*call) == "set_config").filter_map(|call| {
        let arguments: Vec<_> = call.child(K::ARG_LIST)?.children().filter(|child| child.kind() == K::ARG).collect();
        let is_local = arguments.get(2).is_some_and(|last| last.text().eq_ignore_ascii_case("true"));
        if is_local { None } else { naming::literal(*arguments.first()?) }
    })
}
