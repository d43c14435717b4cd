//! `RawVariable`: the contract of one variable.

use schemars::JsonSchema;
use serde::Deserialize;

use super::text;

/// What a variable has to be.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Variable")]
pub(in crate::spec) struct RawVariable {
    /// Whether it has to be set; true where not given.
    #[schemars(with = "bool")]
    pub(in crate::spec) required: Option<bool>,
    /// Whether a missing one forbids the deployment (`critical`) or only warns (`important`).
    pub(in crate::spec) level: VariableLevel,
    /// Whether its value is secret: it is never shown or stored.
    pub(in crate::spec) secret: bool,
    /// What its value has to be.
    #[serde(rename = "type")]
    pub(in crate::spec) kind: VariableType,
    /// A regular expression that its value has to match.
    #[schemars(with = "text::Pattern")]
    pub(in crate::spec) pattern: Option<String>,
    /// The values it may have.
    pub(in crate::spec) one_of: Vec<String>,
    /// The fewest characters it may have.
    #[schemars(with = "u32")]
    pub(in crate::spec) min_length: Option<u32>,
    /// Values it may not have: placeholders that somebody forgot to replace.
    pub(in crate::spec) forbid: Vec<String>,
    /// Its value where none is set.
    #[schemars(with = "String")]
    pub(in crate::spec) default: Option<String>,
    /// The environments in which it has to be set; all where none is given.
    pub(in crate::spec) environments: Vec<String>,
    /// How to make a value: `openssl rand -hex 24`.
    #[schemars(with = "String")]
    pub(in crate::spec) help: Option<String>,
}

/// How bad it is that a variable is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::spec) enum VariableLevel {
    /// Nothing can be deployed.
    #[default]
    Critical,
    /// It is told.
    Important,
}

/// What a variable's value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::spec) enum VariableType {
    /// Any text.
    #[default]
    String,
    /// An integer.
    Int,
    /// `true` or `false`.
    Bool,
    /// A URL with a scheme.
    Url,
    /// Base64.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// A port: 1 to 65535.
    Port,
    /// A length of time: `1m30s`.
    Duration,
}
