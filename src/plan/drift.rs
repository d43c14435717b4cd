//! `Drift`: what is not as it was recorded, by a change that omni did not make.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::plan::recorded::View;
use crate::plan::{SchemaDrift, schema_drift};
use crate::release::Release;
use crate::resource::{Difference, Resource, differences};

/// A thing that is not as it was recorded, by a change that omni did not make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Which thing.
    pub address: Address,
    /// The fields in which what is observed differs from what was recorded. None: it is gone, or does not run.
    pub differences: Vec<Difference>,
    /// What differs in the ledger and the schema of a database: what was removed first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schema: Vec<SchemaDrift>,
    /// In one line: `shop-web-1 exited with code 137`, `gone`, `environment.LOG_LEVEL`.
    pub summary: String,
}

/// The summary of a thing that is not there any more.
pub(super) const GONE: &str = "gone";

impl Drift {
    /// The drift of a thing that is no database.
    #[must_use]
    pub const fn new(address: Address, differences: Vec<Difference>, summary: String) -> Self {
        Self { address, differences, schema: Vec::new(), summary }
    }

    /// Whether it is all there, and does not run: what it said last may tell why.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.differences.is_empty() && self.summary != GONE
    }
}

/// What differs from the head release, sorted by address. Nothing, where the labels on the engine are the record:
/// `Comparison` tells then what they tell.
pub(super) fn of(head: Option<&Release>, view: &View<'_>) -> Vec<Drift> {
    let Some(head) = head.filter(|_| !view.from_labels) else { return Vec::new() };
    let mut found = Vec::new();
    for (address, recorded) in &head.resources {
        let external = match &recorded.resource {
            Resource::Network(network) => network.external,
            Resource::Volume(volume) => volume.external,
            Resource::Image(_)
            | Resource::Job(_)
            | Resource::Database(_)
            | Resource::Backup(_)
            | Resource::Proof(_)
            | Resource::Migration(_) => true,
            Resource::Service(_) => false,
        };
        if external {
            continue;
        }
        let Some(side) = view.side(address) else {
            found.push(Drift::new(address.clone(), Vec::new(), GONE.to_owned()));
            continue;
        };
        let differences = differences(Some(&recorded.resource), Some(&side.resource));
        let broken = view.broken(address);
        let fields = differences.iter().map(|difference| difference.path.clone());
        let summary = broken.into_iter().chain(fields).collect::<Vec<_>>().join(", ");
        if !summary.is_empty() {
            found.push(Drift::new(address.clone(), differences, summary));
        }
    }
    found.extend(schema_drift::of(head, view));
    found.sort_by(|a, b| a.address.cmp(&b.address));
    found
}
