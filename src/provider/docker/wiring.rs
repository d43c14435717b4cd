//! `Wiring`: which network and volume of the engine stands for which name of the spec, kept as a label.
//!
//! The engine tells networks by its own ids and volumes by their names on it, and mixes a container's own aliases with
//! those that were asked for. The label says what was given to the engine, so that it can be told back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::provider::engine::{Joined, Labels, NewContainer};

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
    /// Its name on the engine, by which alone it is known until the container was started.
    pub(super) name: String,
    /// Every alias that was asked for.
    pub(super) aliases: BTreeSet<String>,
}

impl Wiring {
    /// How a new container is wired. `names` are the engine's names of the networks, by id.
    pub(super) fn of(new: &NewContainer, names: &BTreeMap<String, String>) -> Self {
        let joint = |joined: &Joined| {
            let name = names.get(&joined.id).cloned().unwrap_or_default();
            (joined.id.clone(), Joint { node: joined.node.clone(), name, aliases: joined.aliases.clone() })
        };
        Self {
            networks: new.networks.iter().map(joint).collect(),
            volumes: new.volumes.iter().map(|(node, name)| (name.clone(), node.clone())).collect(),
        }
    }

    /// The network that this id or, where there is none, this name stands for.
    pub(super) fn joint(&self, id: Option<&str>, name: &str) -> Option<&Joint> {
        match id.filter(|id| !id.is_empty()) {
            Some(id) => self.networks.get(id),
            None => self.networks.get(name).or_else(|| self.networks.values().find(|joint| joint.name == name)),
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
