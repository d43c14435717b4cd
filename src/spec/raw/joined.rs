//! `Joined`: two types whose keys stand in one table.
//!
//! Services and jobs share the keys of a container. `serde(flatten)` would ruin the messages and lose the list of keys,
//! so the two halves are read from the same table, and their schemas become one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Two types whose keys stand in one table. Named and described like the second.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Joined<A, B> {
    /// The keys shared with others.
    pub(in crate::spec) shared: A,
    /// Its own keys.
    pub(in crate::spec) own: B,
}

impl<'de, A: for<'a> Deserialize<'a>, B: for<'a> Deserialize<'a>> Deserialize<'de> for Joined<A, B> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let table = Value::deserialize(from)?;
        let shared = A::deserialize(&table).map_err(serde::de::Error::custom)?;
        let own = B::deserialize(&table).map_err(serde::de::Error::custom)?;
        Ok(Self { shared, own })
    }
}

impl<A: JsonSchema, B: JsonSchema> JsonSchema for Joined<A, B> {
    fn schema_name() -> Cow<'static, str> {
        B::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("{}+{}", A::schema_id(), B::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = B::json_schema(generator);
        let shared = A::json_schema(generator);
        let properties =
            schema.ensure_object().entry("properties").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let (Value::Object(own), Some(Value::Object(shared))) = (properties, shared.get("properties")) {
            own.extend(shared.clone());
        }
        schema
    }
}
