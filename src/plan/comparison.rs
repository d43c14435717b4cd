//! `Comparison`: what is there, beside the release that should be: of the store, or, where the store has no record of
//! what runs, of the labels on the engine.
//!
//! Labels tell what a thing is and for which release it was made. What was removed has none, so they are a lesser
//! record: where they show nothing wrong, nothing is proven. What is said of that is left to `report`; how it ends, to
//! `cli`.

use std::collections::BTreeMap;

use crate::address::{Address, Kind};
use crate::observed::Observed;
use crate::plan::drift::{self, Drift, GONE};
use crate::plan::recorded::View;
use crate::plan::{Base, Uncompared, schema_drift};
use crate::release::Release;
use crate::resource::Resource;

/// What is there, beside the release that should be.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The release; none where neither the store nor the engine tells of one.
    pub base: Option<Base>,
    /// Every thing of that release. By labels: everything that has objects.
    pub resources: BTreeMap<Address, Resource>,
    /// What is not as it was recorded, sorted by address. By labels: what does not run, and what others depend on and
    /// is gone.
    pub drift: Vec<Drift>,
    /// By labels: the services that the spec wants and that have no container, sorted. They may have been removed, or
    /// never made.
    pub absent: Vec<Address>,
    /// The databases that were not compared with the release, and why; sorted.
    pub uncompared: Vec<Uncompared>,
}

impl Comparison {
    /// Compares what is observed with the head release; with the labels where there is none, or another store has
    /// applied since.
    #[must_use]
    pub fn new(head: Option<&Release>, lineage: &str, observed: &Observed) -> Self {
        let view = View::new(head, lineage, observed);
        if let Some(head) = head.filter(|_| !view.from_labels) {
            let (drift, uncompared) = (drift::of(Some(head), &view), schema_drift::uncompared(head, observed));
            return Self { drift, uncompared, ..Self::not_looked(Some(head), lineage) };
        }
        let view = View::by_labels(observed);
        let resource = |address: &Address| Some((address.clone(), view.side(address)?.resource));
        let resources = view.addresses().into_iter().filter_map(resource).collect();
        Self {
            drift: by_labels(&view, &resources),
            resources,
            base: view.base,
            absent: Vec::new(),
            uncompared: Vec::new(),
        }
    }

    /// The head release with nothing beside it: while an apply is open, what is there is neither before nor after.
    #[must_use]
    pub fn not_looked(head: Option<&Release>, lineage: &str) -> Self {
        let resources = head.into_iter().flat_map(|head| &head.resources);
        Self {
            base: head.map(|head| Base::recorded(head, lineage)),
            resources: resources.map(|(address, recorded)| (address.clone(), recorded.resource.clone())).collect(),
            drift: Vec::new(),
            absent: Vec::new(),
            uncompared: Vec::new(),
        }
    }

    /// Whether the store has a record of the release.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.base.as_ref().is_some_and(|base| base.lineage.is_some())
    }

    /// Whether the labels on the engine are all that is known of the release.
    #[must_use]
    pub fn is_by_labels(&self) -> bool {
        self.base.as_ref().is_some_and(|base| base.lineage.is_none())
    }

    /// The databases that should have answered and did not: nobody can say of them that they are as recorded.
    pub fn silent(&self) -> impl Iterator<Item = &Uncompared> {
        self.uncompared.iter().filter(|one| one.is_silent)
    }

    /// What is not as it was recorded; none where nobody can tell, because what was recorded is not known.
    #[must_use]
    pub fn told(&self) -> Option<&[Drift]> {
        (self.is_recorded() || !self.drift.is_empty()).then_some(self.drift.as_slice())
    }

    /// Where the labels are the record: the same with what the spec wants in mind. A container that does not run may be
    /// one that is kept for a rollback; that of a service that the spec no longer has, counts as kept.
    #[must_use]
    pub fn beside(mut self, desired: &BTreeMap<Address, Resource>) -> Self {
        if self.is_recorded() || self.resources.is_empty() {
            return self;
        }
        let down: Vec<_> = self.drift.iter().map(|drift| drift.address.clone()).collect();
        self.resources.retain(|address, _| desired.contains_key(address) || !down.contains(address));
        self.drift.retain(|drift| desired.contains_key(&drift.address));
        let services = desired.keys().filter(|address| address.kind() == Kind::Service);
        self.absent = services.filter(|address| !self.resources.contains_key(*address)).cloned().collect();
        self
    }
}

/// What the labels tell: services that do not run as one, and those that others depend on and that are not there.
fn by_labels(view: &View<'_>, resources: &BTreeMap<Address, Resource>) -> Vec<Drift> {
    let services = resources.iter().filter(|(address, _)| address.kind() == Kind::Service);
    let mut found = BTreeMap::new();
    for (address, resource) in services {
        if let Some(summary) = view.broken(address) {
            found.insert(address.clone(), summary);
        }
        let required = resource.requires().into_iter().map(|(required, _)| required);
        let gone = required.filter(|one| one.kind() == Kind::Service && !resources.contains_key(one));
        found.extend(gone.map(|one| (one, GONE.to_owned())));
    }
    let drift = |(address, summary)| Drift::new(address, Vec::new(), summary);
    found.into_iter().map(drift).collect()
}
