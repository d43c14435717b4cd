//! `RawContainer`: the keys that services and jobs share.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::named::{RawDependsOn, RawHosts, RawNetworks};
use super::parts::{RawLogging, RawResources};
use super::text;
use super::union::{OneOrMany, Pairs, RawUlimit, Scalar, Words};
use crate::resource::PullPolicy;
use crate::units::{Bytes, Period};

/// The keys that services and jobs share.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(in crate::spec) struct RawContainer {
    /// The image to run, as `postgres:16-alpine`. Give this or `build`.
    #[schemars(with = "text::ImageText")]
    pub(in crate::spec) image: Option<String>,
    /// How to build the image: a folder, or a table. Give this or `image`.
    pub(in crate::spec) build: Option<RawBuild>,
    /// When to ask the registry for the image.
    #[schemars(with = "text::PullPolicyWord")]
    pub(in crate::spec) pull_policy: Option<PullPolicy>,
    /// The platform of the image: `linux/amd64`.
    #[schemars(with = "text::Platform")]
    pub(in crate::spec) platform: Option<String>,
    /// The command, in place of the image's.
    pub(in crate::spec) command: Option<Words>,
    /// The entry point, in place of the image's.
    pub(in crate::spec) entrypoint: Option<Words>,
    /// Environment variables. Secrets may stand in their values.
    pub(in crate::spec) environment: Option<Pairs>,
    /// Files with further variables, relative to deploy.toml. Their values are treated as secrets.
    pub(in crate::spec) env_files: Option<OneOrMany>,
    /// The user it runs as: `1000:1000`.
    #[schemars(with = "String")]
    pub(in crate::spec) user: Option<String>,
    /// The folder it starts in.
    #[schemars(with = "String")]
    pub(in crate::spec) working_dir: Option<String>,
    /// Its host name.
    #[schemars(with = "String")]
    pub(in crate::spec) hostname: Option<String>,
    /// Whether its root file system is read-only.
    pub(in crate::spec) read_only: bool,
    /// Whether the engine's own init is process 1.
    pub(in crate::spec) init: bool,
    /// Whether it has all rights on the host; needs `policy.allow_privileged`.
    pub(in crate::spec) privileged: bool,
    /// Capabilities it gets: `NET_BIND_SERVICE`.
    pub(in crate::spec) cap_add: BTreeSet<String>,
    /// Capabilities it loses: `ALL`.
    pub(in crate::spec) cap_drop: BTreeSet<String>,
    /// Security options: `no-new-privileges:true`.
    pub(in crate::spec) security_opt: BTreeSet<String>,
    /// Devices of the host: `/dev/ttyUSB0:/dev/ttyUSB0:rwm`.
    pub(in crate::spec) devices: BTreeSet<String>,
    /// Resource limits of its processes: `nofile = 65536`.
    pub(in crate::spec) ulimits: BTreeMap<String, RawUlimit>,
    /// Kernel settings of its namespaces.
    #[schemars(with = "BTreeMap<String, Scalar>")]
    pub(in crate::spec) sysctls: BTreeMap<String, Scalar>,
    /// File systems in memory: `/tmp` or `/tmp:size=64m`.
    pub(in crate::spec) tmpfs: Option<OneOrMany>,
    /// The size of `/dev/shm`.
    #[schemars(with = "text::Size")]
    pub(in crate::spec) shm_size: Option<Bytes>,
    /// Further host names: `name:address`.
    pub(in crate::spec) extra_hosts: Option<RawHosts>,
    /// Name servers, in order.
    pub(in crate::spec) dns: Option<OneOrMany>,
    /// Networks it joins: a list of names, or a table with aliases.
    pub(in crate::spec) networks: Option<RawNetworks>,
    /// Volumes and folders it sees: `data:/var/lib/x`, `./conf:/etc/x:ro`.
    #[schemars(with = "Vec<text::MountText>")]
    pub(in crate::spec) volumes: Vec<String>,
    /// Files put into it before it starts: path inside = file beside deploy.toml.
    pub(in crate::spec) configs: BTreeMap<String, RawConfig>,
    /// Labels.
    pub(in crate::spec) labels: BTreeMap<String, Scalar>,
    /// Where its output goes.
    pub(in crate::spec) logging: Option<RawLogging>,
    /// The signal that asks it to end: `SIGTERM`.
    #[schemars(with = "String")]
    pub(in crate::spec) stop_signal: Option<String>,
    /// How long it may take to end.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) stop_grace_period: Option<Period>,
    /// Take part only when one of these profiles is chosen.
    pub(in crate::spec) profiles: BTreeSet<String>,
    /// What has to be there first: a list of names, or a table `{ db = "healthy" }`.
    pub(in crate::spec) depends_on: Option<RawDependsOn>,
    /// What it may use, and what is kept for it.
    pub(in crate::spec) resources: RawResources,
}

/// How an image is built.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct RawBuild {
    pub(in crate::spec) context: String,
    pub(in crate::spec) dockerfile: String,
    pub(in crate::spec) target: Option<String>,
    pub(in crate::spec) args: BTreeMap<String, Scalar>,
}

/// How an image is built.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Build")]
struct RawBuildTable {
    /// The folder sent to the engine, relative to deploy.toml.
    #[serde(default = "here")]
    context: String,
    /// The Dockerfile, relative to the context.
    #[serde(default = "dockerfile")]
    dockerfile: String,
    /// The stage to build; the last where none is given.
    #[serde(default)]
    #[schemars(with = "String")]
    target: Option<String>,
    /// Build arguments. No secret may stand in them.
    #[serde(default)]
    args: BTreeMap<String, Scalar>,
}

fn here() -> String {
    ".".to_owned()
}

fn dockerfile() -> String {
    "Dockerfile".to_owned()
}

impl<'de> Deserialize<'de> for RawBuild {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(from)? {
            Value::String(context) => serde_json::json!({ "context": context }),
            table => table,
        };
        let table = RawBuildTable::deserialize(value).map_err(serde::de::Error::custom)?;
        Ok(Self { context: table.context, dockerfile: table.dockerfile, target: table.target, args: table.args })
    }
}

impl JsonSchema for RawBuild {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BuildForms".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, generator.subschema_for::<RawBuildTable>()]})
    }
}

/// A file put into a container: its path, or a table with its permissions.
#[derive(Debug, Clone)]
pub(in crate::spec) struct RawConfig {
    pub(in crate::spec) source: String,
    pub(in crate::spec) mode: Option<String>,
}

impl<'de> Deserialize<'de> for RawConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let source = text(Some(&value)).or_else(|| text(value.get("source")));
        let source = source.ok_or_else(|| serde::de::Error::custom("missing key"))?;
        Ok(Self { source, mode: text(value.get("mode")) })
    }
}

impl JsonSchema for RawConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Config".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "string", "description": "The file, relative to deploy.toml."},
            {
                "type": "object",
                "properties": {
                    "source": {"type": "string", "description": "The file, relative to deploy.toml."},
                    "mode": generator.subschema_for::<text::ModeText>()
                },
                "required": ["source"],
                "additionalProperties": false
            }
        ]})
    }
}
