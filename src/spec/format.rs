//! The canonical form of a spec: sections in the order of the manual, one blank line between tables, spaces as
//! everybody writes them. Comments stay with what they stand above. What the spec says never changes.

mod comments;
mod values;

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, Table};

use super::document;
use super::problem::Problem;
use super::problems::{Problems, Source};

/// The sections in their order; those that are not here come last, as they were written.
const ORDER: [&str; 18] = [
    "project",
    "engine",
    "store",
    "env",
    "secrets",
    "networks",
    "volumes",
    "services",
    "jobs",
    "databases",
    "migrations",
    "backups",
    "checks",
    "routes",
    "rollback",
    "policy",
    "notify",
    "environments",
];

/// The spec in its canonical form. Formatting it again changes nothing.
///
/// # Errors
/// Every syntax error, and every key and text that nobody should print.
pub fn format(text: &str) -> Result<String, Problems> {
    let source = Source::new("deploy.toml", text);
    let (_, characters) = document::parse(text).map_err(|list| Problems::new(source.clone(), list))?;
    if !characters.is_empty() {
        return Err(Problems::new(source, characters));
    }
    let text = text.replace("\r\n", "\n");
    let (head, body) = comments::split_head(text.trim_start_matches('\u{feff}'));
    let mut document: DocumentMut = body.parse().map_err(|error: toml_edit::TomlError| {
        let problem = Problem::error("omni::spec::syntax", &[], format!("the text is no TOML: {}", error.message()));
        Problems::new(source, vec![problem])
    })?;
    let places = places(&document);
    let has_keys = document.iter().any(|(_, item)| item.is_value() || item.as_table().is_some_and(Table::is_dotted));
    values::tidy(document.as_table_mut());
    for (_, item) in document.as_table_mut().iter_mut() {
        headers(item, &places, has_keys);
    }
    let trailing = comments::lines(document.trailing().as_str().unwrap_or_default());
    let blank = if trailing.is_empty() || document.is_empty() { "" } else { "\n" };
    document.set_trailing(format!("{blank}{trailing}"));
    let formatted = format!("{head}{}\n", document.to_string().trim_matches('\n'));
    let formatted = match formatted.trim_matches('\n') {
        "" => String::new(),
        lines => format!("{lines}\n"),
    };
    // A form that says something else is worse than none.
    let same = toml::from_str::<toml::Table>(&formatted).ok() == toml::from_str(&text).ok();
    Ok(if same { formatted } else { text })
}

/// The new place of each table with a header, by its old one.
fn places(document: &DocumentMut) -> BTreeMap<isize, isize> {
    let mut found = Vec::new();
    for (name, item) in document.iter() {
        let rank = ORDER.iter().position(|section| *section == name).unwrap_or(ORDER.len());
        old_places(item, rank, &mut found);
    }
    found.sort_unstable();
    (0..).zip(found).map(|(new, (_, old))| (old, new)).collect()
}

fn old_places(item: &Item, rank: usize, found: &mut Vec<(usize, isize)>) {
    let mut table = |table: &Table| {
        found.extend(table.position().filter(|_| !table.is_dotted()).map(|place| (rank, place)));
        for (_, item) in table {
            old_places(item, rank, found);
        }
    };
    match item {
        Item::Table(one) => table(one),
        Item::ArrayOfTables(tables) => tables.iter().for_each(table),
        Item::None | Item::Value(_) => {}
    }
}

/// Moves tables to their places, each below one blank line and its own comments.
fn headers(item: &mut Item, places: &BTreeMap<isize, isize>, has_keys: bool) {
    let table = |table: &mut Table| {
        let place = table.position().and_then(|old| places.get(&old)).copied();
        if let Some(place) = place.filter(|_| !table.is_dotted()) {
            table.set_position(Some(place));
            let prefix = comments::above(table.decor().prefix().and_then(|text| text.as_str()).unwrap_or_default());
            let suffix = comments::after(table.decor().suffix().and_then(|text| text.as_str()).unwrap_or_default());
            let blank = if place == 0 && !has_keys { "" } else { "\n" };
            table.decor_mut().set_prefix(format!("{blank}{prefix}"));
            table.decor_mut().set_suffix(suffix);
        }
        if !table.is_dotted() {
            values::tidy(table);
        }
        for (_, item) in table.iter_mut() {
            headers(item, places, has_keys);
        }
    };
    match item {
        Item::Table(one) => table(one),
        Item::ArrayOfTables(tables) => tables.iter_mut().for_each(table),
        Item::None | Item::Value(_) => {}
    }
}
