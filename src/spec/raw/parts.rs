//! Small tables inside a service or a job: resources and logging.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::text;
use super::union::Scalar;
use crate::units::{Bytes, Cpus};

/// What the container may use, and what is kept for it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Resources")]
pub(in crate::spec) struct RawResources {
    /// The most it may use.
    pub(in crate::spec) limits: Option<RawLimits>,
    /// What is kept for it.
    pub(in crate::spec) reservations: Option<RawReservations>,
}

/// The most a container may use.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub(in crate::spec) struct RawLimits {
    /// Processors: `0.5` or `"0.5"`.
    #[schemars(with = "RawCpus")]
    pub(in crate::spec) cpus: Option<RawCpus>,
    /// Memory, swap included: `"512MiB"`.
    #[schemars(with = "text::Size")]
    pub(in crate::spec) memory: Option<Bytes>,
    /// Processes and threads.
    #[schemars(range(min = 1))]
    pub(in crate::spec) pids: Option<i64>,
}

/// What is kept for a container.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Reservations")]
pub(in crate::spec) struct RawReservations {
    /// Processors, as a weight against others when the host is busy.
    #[schemars(with = "RawCpus")]
    pub(in crate::spec) cpus: Option<RawCpus>,
    /// Memory below which the engine tries not to push it.
    #[schemars(with = "text::Size")]
    pub(in crate::spec) memory: Option<Bytes>,
}

/// A number of processors: a number, or its text.
#[derive(Debug, Clone, Copy)]
pub(in crate::spec) struct RawCpus(pub(in crate::spec) Cpus);

impl<'de> Deserialize<'de> for RawCpus {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(from)? {
            Value::String(text) => text,
            number => number.to_string(),
        };
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for RawCpus {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cpus".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [
            {"type": ["integer", "number"], "minimum": 0, "format": "cpus"},
            {"type": "string", "format": "cpus"}
        ]})
    }
}

/// Where the container's output goes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Logging")]
pub(in crate::spec) struct RawLogging {
    /// The driver; `json-file` where none is given.
    #[schemars(with = "String")]
    pub(in crate::spec) driver: Option<String>,
    /// Options of the driver: `max-size = "10m"`.
    pub(in crate::spec) options: BTreeMap<String, Scalar>,
}
