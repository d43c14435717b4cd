//! What a piece of the schema allows: its forms, types and words, and whether a value fits.

use serde_json::Value as Json;

use crate::spec::tree::{Node, Value};

/// The forms that a schema allows, references followed.
pub(super) fn branches<'s>(root: &'s Json, schema: &'s Json) -> Vec<&'s Json> {
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        let target = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map(|target| branches(root, target)).unwrap_or_default();
    }
    match schema.get("anyOf").and_then(Json::as_array) {
        Some(forms) => forms.iter().flat_map(|form| branches(root, form)).collect(),
        None => vec![schema],
    }
}

pub(super) fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(word)) => vec![word],
        Some(Json::Array(words)) => words.iter().filter_map(Json::as_str).collect(),
        _ if constants(schema).is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

pub(super) fn accepts(schema: &Json, node: &Node) -> bool {
    let types = types(schema);
    let has = |word| types.contains(&word);
    match node.value {
        Value::Table(_) => has("object"),
        Value::List(_) => has("array"),
        Value::Text(_) => has("string"),
        Value::Int(_) => has("integer") || has("number"),
        Value::Float(_) => has("number"),
        Value::Bool(_) => has("boolean"),
        Value::Unfilled => true,
        Value::Date => false,
    }
}

pub(super) fn type_word(word: &str) -> &str {
    match word {
        "object" => "a table",
        "array" => "a list",
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "a boolean",
        other => other,
    }
}

/// The words that a schema allows, where it lists them.
pub(super) fn constants(schema: &Json) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Json::as_array) {
        return Some(words.iter().filter_map(Json::as_str).collect());
    }
    let forms = schema.get("oneOf")?.as_array()?;
    Some(forms.iter().filter_map(|form| form.get("const")?.as_str()).collect())
}
