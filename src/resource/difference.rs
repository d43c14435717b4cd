//! `Difference`: one field in which two resources differ.
//!
//! Both are walked as JSON in the words of deploy.toml, field by field, so a field that is added to a resource can
//! never be forgotten here. A value with a secret in it is never shown. How a difference is drawn is left to `report`.

mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::Resource;
use crate::template::{Part, Template};

/// One field in which two resources differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field in the words of deploy.toml: `environment.QUEUE_BATCH`.
    pub path: String,
    /// Its value before; none where it was absent.
    pub before: Option<Shown>,
    /// Its value after; none where it is absent.
    pub after: Option<Shown>,
}

/// A value as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The value.
    Text(String),
    /// A value with a secret in it, which is not shown.
    Secret,
}

/// The fields in which two resources differ, sorted by path; all fields of the one where the other is none.
///
/// # Panics
/// Never: a resource is plain data.
#[must_use]
pub fn differences(before: Option<&Resource>, after: Option<&Resource>) -> Vec<Difference> {
    // Walking both is dear, and most things of a plan stay as they are.
    if before == after {
        return Vec::new();
    }
    let (before, after) = (fields(before), fields(after));
    let paths = before.keys().chain(after.keys().filter(|path| !before.contains_key(*path)));
    let mut found: Vec<_> = paths
        .filter(|path| before.get(*path) != after.get(*path))
        .map(|path| Difference { path: path.clone(), before: shown(before.get(path)), after: shown(after.get(path)) })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The fields in which two resources agree, sorted by path, each with its value.
#[must_use]
pub fn unchanged(before: &Resource, after: &Resource) -> Vec<(String, Shown)> {
    let (before, after) = (fields(Some(before)), fields(Some(after)));
    let same = before.into_iter().filter(|(path, value)| after.get(path) == Some(value));
    same.filter_map(|(path, value)| Some((path, shown(Some(&value))?))).collect()
}

/// Every field of a resource by its path; absent and empty ones left out.
fn fields(resource: Option<&Resource>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(resource) = resource else { return found };
    walk(&Value::Object(words::of(resource)), "", &mut found);
    found
}

fn walk(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, inner) in map {
                let path = joined(path, key);
                // To have joined a network says something, also where nothing is said of how.
                if path.strip_prefix("networks.") == Some(key) {
                    found.insert(path.clone(), "joined".to_owned());
                }
                walk(inner, &path, found);
            }
        }
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let words: Vec<_> = items.iter().filter_map(Value::as_str).map(|word| format!("{word:?}")).collect();
            found.insert(path.to_owned(), format!("[{}]", words.join(", ")));
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                walk(inner, &joined(path, &at.to_string()), found);
            }
        }
        Value::String(text) => {
            found.insert(path.to_owned(), text.clone());
        }
        Value::Bool(_) | Value::Number(_) => {
            found.insert(path.to_owned(), value.to_string());
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn shown(field: Option<&String>) -> Option<Shown> {
    let text = field?;
    // Stored texts spell `$` as `$$` and a secret as `${NAME:mark}`; texts that are no templates have neither.
    let template: Result<Template, _> = serde_json::from_value(Value::String(text.clone()));
    Some(match template {
        Ok(template) if template.is_secret() => Shown::Secret,
        Ok(template) => Shown::Text(template.parts().iter().filter_map(plain).collect()),
        Err(_) => Shown::Text(text.clone()),
    })
}

fn plain(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(text),
        Part::Secret { .. } => None,
    }
}
