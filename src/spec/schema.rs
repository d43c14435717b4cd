//! The JSON Schema of deploy.toml, made from the raw types: for editors, and for `check`.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::raw::{RawOverlay, RawSpec, RawVariable};

static SPEC: LazyLock<Value> = LazyLock::new(of::<RawSpec>);
static OVERLAY: LazyLock<Value> = LazyLock::new(of::<RawOverlay>);
static VARIABLES: LazyLock<Value> = LazyLock::new(of::<std::collections::BTreeMap<String, RawVariable>>);

/// The JSON Schema of deploy.toml, as text: what `schemas/deploy.schema.json` holds.
///
/// # Panics
/// Never: a schema is plain data.
#[must_use]
pub fn schema() -> String {
    let mut schema = SPEC.clone();
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), json!("deploy.toml"));
    }
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    text.push('\n');
    text
}

/// The schema of the whole spec.
pub(super) fn spec() -> &'static Value {
    &SPEC
}

/// The schema of one overlay.
pub(super) fn overlay() -> &'static Value {
    &OVERLAY
}

/// The schema of the section `env`.
pub(super) fn variables() -> &'static Value {
    &VARIABLES
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(tidy));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// TOML has no null, a default of null says nothing, and every table with known keys may have `x-…` keys besides.
fn tidy(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("default");
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    drop_null_branch(object);
    if object.contains_key("properties") {
        object.insert("additionalProperties".to_owned(), Value::Bool(false));
        object.insert("patternProperties".to_owned(), json!({"^x-": {}}));
    }
}

fn drop_null_branch(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get_mut("anyOf") else { return };
    let before = branches.len();
    branches.retain(|branch| branch.get("type") != Some(&json!("null")));
    if branches.len() < before
        && let [Value::Object(only)] = branches.as_slice()
    {
        let only = only.clone();
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}
