//! `Plan`: all changes, their order, and what has to be true for them to be applied.
//!
//! A plan decides everything an apply may do: the executor never sees the spec. It is pure data; `Plan::build` makes it
//! from the three views (desired, recorded, observed), and its id is the fingerprint of its content, so that an apply
//! can compute it again under the lock and compare. How it is drawn is left to `report`; how it is done, to `apply`.

mod build;
mod change;
mod comparison;
mod databases;
mod decide;
mod drift;
mod file;
mod histories;
mod migrations;
mod order;
mod overlap;
mod precondition;
mod proofs;
mod recorded;
mod refusal;
mod retained;
mod retention;
mod schema_drift;
mod told;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Scope};
use crate::fingerprint::Fingerprint;
use crate::observed::EngineFacts;
use crate::release::Release;
use crate::resource::{Origin, Resource};

pub use build::{Inputs, Selection};
pub use change::{Action, Change, Class, Downtime, Inverse, Reason, Side, Turn};
pub use comparison::Comparison;
pub use drift::Drift;
pub use file::{PlanFile, PlanFileError, VALID_FOR};
pub use order::Phase;
pub use precondition::{Moved, Precondition};
pub use proofs::still_holds;
pub use refusal::Refusal;
pub use retained::{Retained, retained};
pub use retention::Retention;
pub use schema_drift::{SchemaDrift, Uncompared, explain};
pub use told::Told;

/// All changes of one apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The deployment.
    pub scope: Scope,
    /// What it is for.
    pub purpose: Purpose,
    /// The tag of the release it makes.
    pub tag: String,
    /// The fingerprint of the resolved spec it wants.
    pub spec: Fingerprint,
    /// The engine it was planned on.
    pub engine: EngineFacts,
    /// The release it starts from; none before the first.
    pub base: Option<Base>,
    /// What has to be as it was seen, so that the plan still fits.
    pub preconditions: Vec<Precondition>,
    /// Every thing of the deployment, in the order of execution, those that stay as they are included.
    pub changes: Vec<Change>,
    /// Every requirement among the changes, as positions in `changes`: the first is done before the second starts.
    pub edges: Vec<(u32, u32)>,
    /// What differs from what was recorded, by a change that omni did not make.
    pub drift: Vec<Drift>,
    /// What the reader should know and nothing depends on.
    pub warnings: Vec<String>,
    /// The names of the stopped objects that no kept release will need: they are removed once the apply is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub afterwards: Vec<String>,
    /// The backups that would have been made before migrations, and that nobody wants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_backup: Vec<Address>,
    /// The id under which it was reviewed, where that was made without a key: before a first apply there is none, and
    /// the marks of secrets say nothing. It stays the id, so that what was approved is what is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Fingerprint>,
}

/// What a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To reach what the spec says.
    Apply,
    /// To go back to the release of this number.
    Rollback(u64),
    /// To remove everything.
    Destroy,
}

/// The release that a plan starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Its number.
    pub number: u64,
    /// Its tag.
    pub tag: String,
    /// The store that recorded it; none where it was read from the labels on the engine.
    pub lineage: Option<String>,
}

impl Base {
    /// The release as the store of this lineage has recorded it.
    fn recorded(head: &Release, lineage: &str) -> Self {
        Self { number: head.number, tag: head.tag.clone(), lineage: Some(lineage.to_owned()) }
    }
}

impl Plan {
    /// The plan's id: the fingerprint of what will be done, to what, and from where. How it is told (reasons, warnings,
    /// the tag, the address under which the engine was reached) is not part of it.
    #[must_use]
    pub fn id(&self) -> Fingerprint {
        if let Some(reviewed) = self.reviewed {
            return reviewed;
        }
        // Whether an old container is well may change at any moment, and changes nothing of what will be done.
        let essence = self.changes.iter().map(|change| {
            let before = change.before.as_ref().map(|side| (&side.resource, &side.objects, &side.up));
            (&change.address, change.action, change.class, change.phase, before, &change.after, &change.reuse)
        });
        let done: Vec<_> = essence.collect();
        let base = self.base.as_ref().map(|base| base.number);
        let from = (&self.scope, &self.purpose, self.spec, &self.engine.id, base, &self.preconditions);
        if self.without_backup.is_empty() {
            return Fingerprint::of(&(from, done, &self.edges));
        }
        Fingerprint::of(&(from, done, &self.edges, &self.without_backup))
    }

    /// What has changed, where this plan was made before and `now` is what comes out now; empty where they do the same.
    #[must_use]
    pub fn moved(&self, now: &Self) -> Vec<Moved> {
        if self.id() == now.id() {
            return Vec::new();
        }
        let mut found = Vec::new();
        if self.engine.id != now.engine.id {
            found.push(Moved::Engine { planned: self.engine.id.clone(), now: now.engine.id.clone() });
        }
        let name = |base: &Option<Base>| match base {
            Some(base) => format!("release {} ({})", base.number, base.tag),
            None => "nothing".to_owned(),
        };
        if self.base.as_ref().map(|base| base.number) != now.base.as_ref().map(|base| base.number) {
            found.push(Moved::Base { planned: name(&self.base), now: name(&now.base) });
        }
        if self.spec != now.spec {
            found.push(Moved::Spec);
        }
        let seen: BTreeMap<_, _> = now.preconditions.iter().map(|one| (&one.address, one.seen)).collect();
        let things = self.preconditions.iter().filter(|one| seen.get(&one.address) != Some(&one.seen));
        found.extend(things.map(|one| Moved::Thing(one.address.clone())));
        if found.is_empty() {
            found.push(Moved::Steps);
        }
        found
    }

    /// Whether every edge joins two of its changes: a plan that was read may have been made by anybody.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.edges.iter().all(|(first, second)| (*first.max(second) as usize) < self.changes.len())
    }

    /// The changes that do something, in the order of execution.
    pub fn steps(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.action != Action::Keep)
    }

    /// Whether applying it would do nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps().next().is_none()
    }

    /// The steps that need consent, each by name.
    pub fn needing_consent(&self) -> impl Iterator<Item = &Change> {
        self.steps().filter(|change| change.needs_consent())
    }

    /// The change at an address.
    #[must_use]
    pub fn change(&self, address: &Address) -> Option<&Change> {
        self.changes.iter().find(|change| change.address == *address)
    }

    /// Every thing as it was and as it will be.
    pub fn things(&self) -> impl Iterator<Item = &Resource> {
        let before = self.changes.iter().filter_map(|change| Some(&change.before.as_ref()?.resource));
        before.chain(self.changes.iter().filter_map(|change| change.after.as_ref()))
    }

    /// Every thing as it will be; what goes as it was.
    #[must_use]
    pub fn at_hand(&self) -> BTreeMap<&Address, &Resource> {
        self.changes.iter().filter_map(|change| Some((&change.address, change.resource()?))).collect()
    }

    /// Every thing as it will be.
    #[must_use]
    pub fn after(&self) -> BTreeMap<&Address, &Resource> {
        self.changes.iter().filter_map(|change| Some((&change.address, change.after.as_ref()?))).collect()
    }
}

/// An edge between two changes with its reason, for drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// The change that waits.
    pub from: &'a Address,
    /// The change it waits for.
    pub to: &'a Address,
    /// Why; none for an edge that only orders a removal.
    pub origin: Option<Origin>,
}
