//! Names in a list, or in a table that says something about each: networks, requirements, host names.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::text;
use crate::resource::Condition;

/// Networks by name; how each is joined.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct RawNetworks(pub(in crate::spec) BTreeMap<String, RawAttachment>);

/// How a network is joined.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Attachment")]
pub(in crate::spec) struct RawAttachment {
    /// Names under which others on the network find it, beside the service's own.
    pub(in crate::spec) aliases: BTreeSet<String>,
    /// A fixed address.
    #[schemars(with = "text::Ipv4")]
    pub(in crate::spec) ipv4_address: Option<String>,
}

/// What has to be there first, and in which condition.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct RawDependsOn(pub(in crate::spec) BTreeMap<String, Condition>);

/// Further host names.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct RawHosts(pub(in crate::spec) BTreeMap<String, String>);

/// A list of names becomes a table in which each has the same value.
macro_rules! list_or_table {
    ($name:ident, $title:literal, $item:ty, $schema:ty, $form:literal, $from_list:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(from)?;
                let Value::Array(items) = value else {
                    return BTreeMap::<String, $item>::deserialize(value).map(Self).map_err(serde::de::Error::custom);
                };
                let from_list: fn(&str) -> (String, $item) = $from_list;
                Ok(Self(items.iter().filter_map(Value::as_str).map(from_list).collect()))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                json_schema!({"anyOf": [
                    {"type": "array", "items": {"type": "string", "format": $form}},
                    {"type": "object", "additionalProperties": generator.subschema_for::<$schema>()}
                ]})
            }
        }
    };
}

list_or_table!(RawNetworks, "Networks", RawAttachment, RawAttachment, "network", |name| (
    name.to_owned(),
    RawAttachment::default()
));
list_or_table!(RawDependsOn, "DependsOn", Condition, text::ConditionWord, "requirement", |name| (
    name.to_owned(),
    Condition::Started
));
list_or_table!(RawHosts, "Hosts", String, String, "host-entry", |entry| entry
    .split_once([':', '='])
    .map_or_else(|| (entry.to_owned(), String::new()), |(name, address)| (name.to_owned(), address.to_owned())));
