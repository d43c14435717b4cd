//! Names in a tree of PostgreSQL: without their quotes, in lower case where they have none.

use squawk_parser::SyntaxKind::{
    DOLLAR_QUOTED_STRING, ESC_STRING, IDENT, PATH, PATH_REF, PATH_SEGMENT, PATH_SEGMENT_REF, STRING, UNICODE_ESC_STRING,
};

use super::tree::Node;
use crate::migration::sql::Name;

/// A word as PostgreSQL understands it.
pub(super) fn word(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None if text.starts_with(['U', 'u']) && text.contains('"') => text.to_owned(),
        None => text.to_ascii_lowercase(),
    }
}

/// The parts of a dotted name.
fn parts(node: Node<'_>) -> Vec<String> {
    let path = node.descendants().find(|node| matches!(node.kind(), PATH | PATH_REF)).unwrap_or(node);
    let segments: Vec<_> = path
        .descendants()
        .filter(|node| matches!(node.kind(), PATH_SEGMENT | PATH_SEGMENT_REF))
        .map(|segment| word(segment.text()))
        .collect();
    if !segments.is_empty() {
        return segments;
    }
    let first = node.descendants().find(|node| node.is_token() && (node.kind() == IDENT || node.kind().is_keyword()));
    first.map(|token| word(token.text())).into_iter().collect()
}

/// The name that a node holds: of a database, a schema and a name the last two.
pub(super) fn name(node: Node<'_>) -> Name {
    let mut parts = parts(node);
    let name = parts.pop().unwrap_or_default();
    Name { schema: parts.pop(), name }
}

/// The table and the column of a dotted name that ends in a column.
pub(super) fn column(node: Node<'_>) -> (Name, String) {
    let mut parts = parts(node);
    let column = parts.pop().unwrap_or_default();
    let name = parts.pop().unwrap_or_default();
    (Name { schema: parts.pop(), name }, column)
}

/// The value of a literal text, without its quotes.
pub(super) fn literal(node: Node<'_>) -> Option<String> {
    let kinds = [STRING, ESC_STRING, UNICODE_ESC_STRING, DOLLAR_QUOTED_STRING];
    let token = node.descendants().find(|node| kinds.contains(&node.kind()))?;
    Some(unquoted(token.text()))
}

/// A literal text without its quotes; escapes are left as they are written.
pub(super) fn unquoted(text: &str) -> String {
    if let Some(rest) = text.strip_prefix('$') {
        let tag = rest.find('$').map_or(0, |at| at + 2);
        return text.get(tag..text.len().saturating_sub(tag)).unwrap_or_default().to_owned();
    }
    let inner = text.split_once('\'').map_or("", |(_, rest)| rest);
    inner.strip_suffix('\'').unwrap_or(inner).replace("''", "'")
}
