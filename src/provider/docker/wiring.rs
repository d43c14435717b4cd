//! `Wiring`: which network and volume of the engine stands for which name of the spec, kept as a label.
//!
//! The engine tells networks by its own ids and volumes by their names on it, and mixes a container's own aliases with
//! those that were asked for. The label says what was given to the engine, so that it can be told back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::provider::engine::{Labels, NewContainer};

/// The label that holds it.
const LABEL: &str = "omni.docker.wiring";

/// How the names of the spec were wired to the engine's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wiring {
    /// By the engine's id of the network.
    pub(super) networks: BTreeMap<String, Joint>,
    /// The name in the spec by the engine's name of the volume.
    pub(super) volumes: BTreeMap<String, String>,
}

/// One network that was joined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Joint {
    /// The network's name in the spec.
    pub(super) node: String,
    /// Every alias that was asked for.
    pub(super) aliases: BTreeSet<String>,
}

impl Wiring {
    /// How a new container is wired.
    pub(super) fn of(new: &NewContainer) -> Self {
        let joint = |joined: &crate::provider::engine::Joined| {
            (joined.id.clone(), Joint { node: joined.node.clone(), aliases: joined.aliases.clone() })
        };
        Self {
            networks: new.networks.iter().map(joint).collect(),
            volumes: new.volumes.iter().map(|(node, name)| (name.clone(), node.clone())).collect(),
        }
    }

    /// The label to put on the container.
    pub(super) fn label(&self) -> (String, String) {
        let text = serde_json::to_string(self).expect("names and lists of names are plain data");
        (LABEL.to_owned(), text)
    }

    /// How a live container was wired; not at all where its label does not say.
    pub(super) fn read(labels: &Labels) -> Self {
        labels.get(LABEL).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}
