//! `Image`: an image that containers are made from, and the `Pin` that says exactly which.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

/// An image and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Where it comes from.
    pub source: ImageSource,
    /// The platform asked for, as `linux/amd64`; the engine's own where none.
    pub platform: Option<String>,
    /// When to ask the registry.
    pub pull_policy: PullPolicy,
    /// Exactly which image; none until a provider was asked.
    pub pin: Option<Pin>,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSource {
    /// A reference as written: `postgres:16-alpine`, found on the engine or in a registry.
    Reference(String),
    /// A build from a context on this machine.
    Build(Build),
}

/// A build: all that decides its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The folder that is sent to the engine, relative to deploy.toml, as written.
    pub context: String,
    /// The Dockerfile, relative to the context.
    pub dockerfile: String,
    /// The stage to build; the last where none.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// The fingerprint of every file the context sends, after `.dockerignore`.
    pub content: Fingerprint,
}

/// Exactly which image. Two uses with the same pin run the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    /// The registry's manifest digest: `sha256:…`.
    Digest(String),
    /// The engine's image id, for an image that no registry knows: `sha256:…`.
    Id(String),
    /// The fingerprint of the build that makes it.
    Build(Fingerprint),
}

impl Pin {
    /// The short form for people: `sha256:91ab04c2d7e1`, `build:91ab04c2d7e1`.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Digest(text) | Self::Id(text) => text.chars().take("sha256:".len() + 12).collect(),
            Self::Build(fingerprint) => format!("build:{}", fingerprint.short()),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(text) | Self::Id(text) => f.write_str(text),
            Self::Build(fingerprint) => write!(f, "build:{fingerprint}"),
        }
    }
}

/// When the registry is asked for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullPolicy {
    /// Only when the engine has none by that reference.
    #[default]
    Missing,
    /// At every plan.
    Always,
    /// Never: the engine has it, or it is an error.
    Never,
}
