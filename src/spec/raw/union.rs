//! Values that may be written in more than one form: `Words`, `Pairs`, `Scalar`, `OneOrMany`, `RawUlimit`.
//!
//! `check` has made sure of the form before anything is read here, so each reader only tells the forms apart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::text;
use crate::template::{Part, Template};

/// A command: a list of words, or one string for the shell.
#[derive(Debug, Clone)]
pub(in crate::spec) enum Words {
    List(Vec<Template>),
    Shell(Template),
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            list @ Value::Array(_) => read(list).map(Self::List),
            text => read(text).map(Self::Shell),
        }
    }
}

impl JsonSchema for Words {
    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<text::Text>();
        json_schema!({
            "description": "A command: a list of words, or one string that `/bin/sh -c` runs.",
            "anyOf": [{"type": "array", "items": text}, text]
        })
    }
}

/// A string, a number or a boolean, all of which stand for their text. No secret may stand in it.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Scalar(pub(in crate::spec) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(from)? {
            Value::String(text) => text,
            other => other.to_string(),
        }))
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer", "number", "boolean"]})
    }
}

/// Names and values: a table, or a list of `NAME=value`.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Pairs(pub(in crate::spec) BTreeMap<String, Template>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        if value.is_object() {
            let table: BTreeMap<String, Value> = read(value)?;
            let template = |value| match value {
                text @ Value::String(_) => read(text),
                other => Ok(Template::plain(other.to_string())),
            };
            return table
                .into_iter()
                .map(|(name, value)| Ok((name, template(value)?)))
                .collect::<Result<_, _>>()
                .map(Self);
        }
        let list: Vec<Template> = read(value)?;
        Ok(Self(list.iter().filter_map(split).collect()))
    }
}

/// The name before the first `=` of a text, and the rest; none where no name stands there.
fn split(text: &Template) -> Option<(String, Template)> {
    let (first, rest) = text.parts().split_first()?;
    let Part::Text(first) = first else { return None };
    let (name, start) = first.split_once('=')?;
    let parts = std::iter::once(Part::Text(start.to_owned())).chain(rest.iter().cloned());
    (!name.is_empty()).then(|| (name.to_owned(), Template::from_parts(parts.collect())))
}

/// Whether a text starts with a name and `=`.
pub(in crate::spec) fn has_name(text: &Template) -> bool {
    split(text).is_some()
}

impl JsonSchema for Pairs {
    fn schema_name() -> Cow<'static, str> {
        "Pairs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Names and values: a table, or a list of `NAME=value`.",
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": {"type": ["string", "integer", "number", "boolean"], "format": "template"}
                },
                {"type": "array", "items": {"type": "string", "format": "pair"}}
            ]
        })
    }
}

/// One text, or a list of them.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct OneOrMany(pub(in crate::spec) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            list @ Value::Array(_) => read(list).map(Self),
            text => read(text).map(|text| Self(vec![text])),
        }
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One text, or a list of them.",
            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]
        })
    }
}

/// One number for both limits, or a table with each.
#[derive(Debug, Clone, Copy)]
pub(in crate::spec) struct RawUlimit {
    pub(in crate::spec) soft: i64,
    pub(in crate::spec) hard: i64,
}

impl<'de> Deserialize<'de> for RawUlimit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let number = |value: &Value| value.as_i64().ok_or_else(|| D::Error::custom("not an integer"));
        match value.as_object() {
            Some(table) => {
                let part = |key: &str| table.get(key).ok_or_else(|| D::Error::custom("missing key")).and_then(number);
                Ok(Self { soft: part("soft")?, hard: part("hard")? })
            }
            None => number(&value).map(|both| Self { soft: both, hard: both }),
        }
    }
}

impl JsonSchema for RawUlimit {
    fn schema_name() -> Cow<'static, str> {
        "Ulimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One number for both limits, or a table with `soft` and `hard`; -1 is no limit.",
            "anyOf": [
                {"type": "integer", "minimum": -1},
                {
                    "type": "object",
                    "properties": {
                        "soft": {"type": "integer", "minimum": -1},
                        "hard": {"type": "integer", "minimum": -1},
                    },
                    "required": ["soft", "hard"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

fn read<T: DeserializeOwned, E: Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(E::custom)
}
