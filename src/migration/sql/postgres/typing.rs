//! What a type and an expression of PostgreSQL mean for the rows of a table.

use squawk_parser::SyntaxKind as K;

use super::naming;
use super::tree::Node;

/// Functions whose value is the same for every row of one statement: a column may have them as its default without a
/// rewrite.
const STEADY: [&str; 23] = [
    "array",
    "coalesce",
    "concat",
    "current_database",
    "current_schema",
    "current_setting",
    "date_trunc",
    "decode",
    "encode",
    "format",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "lower",
    "make_interval",
    "md5",
    "now",
    "statement_timestamp",
    "timezone",
    "to_timestamp",
    "transaction_timestamp",
    "upper",
];

/// Types that hold every value of those they are usually made of.
const WIDE: [&str; 10] = [
    "text",
    "varchar",
    "character varying",
    "citext",
    "bigint",
    "int8",
    "numeric",
    "decimal",
    "timestamptz",
    "timestamp with time zone",
];

/// The type that a node holds, in lower case and with single spaces.
fn type_of(node: Node<'_>) -> Option<String> {
    let kinds = [
        K::PATH_TYPE,
        K::ARRAY_TYPE,
        K::VARCHAR_TYPE,
        K::CHARACTER_TYPE,
        K::TIMESTAMP_TYPE,
        K::TIME_TYPE,
        K::DOUBLE_TYPE,
        K::BIT_TYPE,
        K::BIT_VARYING_TYPE,
        K::INTERVAL_TYPE,
    ];
    let found = node.children().find(|child| kinds.contains(&child.kind()))?;
    Some(found.text().split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase())
}

/// Whether a column has a type that is a sequence in truth.
pub(super) fn is_serial(column: Node<'_>) -> bool {
    let serials = ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];
    type_of(column).is_some_and(|name| serials.contains(&name.as_str()))
}

/// Whether a default may differ from row to row. Of a function that is not known, it is said that it may.
pub(super) fn is_volatile(default: Node<'_>) -> bool {
    default.all(K::CALL_EXPR).any(|call| {
        let Some(callee) = call.children().next() else { return true };
        let name = match callee.kind() {
            K::NAME_REF => naming::word(callee.text()),
            _ => callee.text().to_ascii_lowercase().replace("pg_catalog.", ""),
        };
        !STEADY.contains(&name.as_str())
    })
}

/// Whether a change of type keeps every value that the column is likely to have.
pub(super) fn keeps_values(change: Node<'_>, column: &str) -> bool {
    let Some(target) = type_of(change) else { return false };
    let is_plain = change.below(K::USING_EXPR).is_none_or(|using| {
        // `USING column::type` says what happens anyhow.
        let Some(cast) = using.child(K::CAST_EXPR) else { return false };
        let same_column = cast.children().next().is_some_and(|of| naming::word(of.text()) == column);
        same_column && type_of(cast).is_some_and(|to| to == target)
    });
    is_plain && WIDE.contains(&target.as_str())
}
