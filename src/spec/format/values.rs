//! Keys and values of one table: spaces around `=`, inside lists and inside tables in braces.

use toml_edit::{Array, InlineTable, Item, KeyMut, RawString, Table, Value};

use super::comments;

/// Tidies the keys and values that stand under one header, dotted tables included.
pub(super) fn tidy(table: &mut Table) {
    let mut first = true;
    within(table, &mut first);
}

fn within(table: &mut Table, first: &mut bool) {
    for (mut key, item) in table.iter_mut() {
        match item {
            Item::Value(value) => {
                self::key(&mut key, *first);
                *first = false;
                let suffix = comments::after(raw(value.decor().suffix()));
                self::value(value, 0);
                value.decor_mut().set_prefix(" ");
                value.decor_mut().set_suffix(suffix);
            }
            Item::Table(inner) if inner.is_dotted() => {
                key.dotted_decor_mut().clear();
                within(inner, first);
            }
            Item::None | Item::Table(_) | Item::ArrayOfTables(_) => {}
        }
    }
}

fn key(key: &mut KeyMut<'_>, first: bool) {
    let prefix = raw(key.leaf_decor().prefix()).to_owned();
    let blank = if !first && prefix.starts_with('\n') { "\n" } else { "" };
    key.leaf_decor_mut().set_prefix(format!("{blank}{}", comments::above(&prefix)));
    key.leaf_decor_mut().set_suffix(" ");
    key.dotted_decor_mut().clear();
}

/// Tidies what is inside a value; one with comments inside stays as it was written.
fn value(value: &mut Value, depth: usize) {
    let text = value.to_string();
    let (comments, breaks) = (outside_strings(&text, '#'), outside_strings(text.trim(), '\n'));
    match value {
        Value::Array(items) if !comments => list(items, breaks, depth),
        Value::InlineTable(table) if !comments => braces(table, depth),
        _ => {}
    }
}

fn list(items: &mut Array, breaks: bool, depth: usize) {
    let breaks = breaks && !items.is_empty();
    let indent = "    ".repeat(depth + 1);
    for (at, item) in items.iter_mut().enumerate() {
        value(item, depth + usize::from(breaks));
        let prefix = match (breaks, at) {
            (true, _) => format!("\n{indent}"),
            (false, 0) => String::new(),
            (false, _) => " ".to_owned(),
        };
        item.decor_mut().set_prefix(prefix);
        item.decor_mut().set_suffix("");
    }
    items.set_trailing_comma(breaks);
    items.set_trailing(if breaks { format!("\n{}", "    ".repeat(depth)) } else { String::new() });
}

fn braces(table: &mut InlineTable, depth: usize) {
    for (_, item) in table.iter_mut() {
        value(item, depth);
    }
    table.fmt();
    table.set_trailing_comma(false);
    table.set_trailing("");
}

fn raw(text: Option<&RawString>) -> &str {
    text.and_then(RawString::as_str).unwrap_or_default()
}

/// Whether a character stands in a value of TOML outside its strings.
fn outside_strings(text: &str, wanted: char) -> bool {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote));
        let Some(quote) = quote else {
            if c == wanted {
                return true;
            }
            rest = &rest[c.len_utf8()..];
            continue;
        };
        rest = &rest[quote.len()..];
        while !rest.is_empty() && !rest.starts_with(quote) {
            let escaped = quote.starts_with('"') && rest.starts_with('\\');
            let mut skipped = rest.chars();
            skipped.next();
            if escaped {
                skipped.next();
            }
            rest = skipped.as_str();
        }
        rest = rest.get(quote.len()..).unwrap_or_default();
    }
    false
}
