//! `View`: the recorded and the observed of each address side by side, and which objects serve.
//!
//! What was recorded comes from the head release. Where the store was lost, or another store has applied since, the
//! labels on the engine's objects are the record: they repeat the resource word for word.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Kind};
use crate::fingerprint::Fingerprint;
use crate::observed::{Object, Observed, SeenDatabase, Status};
use crate::plan::{Base, Change, Precondition, Side};
use crate::release::{Recorded, RecordedDatabase, Release};
use crate::resource::Resource;

/// The recorded and the observed side by side.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// The release that the record is; none before the first.
    pub(super) base: Option<Base>,
    /// Whether the record was read from labels, because the store has none or an older one.
    pub(super) from_labels: bool,
    recorded: BTreeMap<&'a Address, &'a Recorded>,
    databases: Option<&'a BTreeMap<String, RecordedDatabase>>,
    observed: &'a Observed,
    reused: BTreeSet<&'a str>,
}

impl<'a> View<'a> {
    pub(super) fn new(head: Option<&'a Release>, lineage: &str, observed: &'a Observed) -> Self {
        let newest = newest_serving(observed);
        let head = head.filter(|head| newest.is_none_or(|object| object.provenance.release <= head.number));
        let head = head.filter(|head| !was_replaced(head, observed) && !was_made_elsewhere(head, observed));
        match head {
            Some(head) => Self {
                base: Some(Base::recorded(head, lineage)),
                from_labels: false,
                recorded: head.resources.iter().collect(),
                databases: Some(&head.databases),
                reused: head.resources.values().flat_map(|r| r.objects.iter().map(String::as_str)).collect(),
                observed,
            },
            None => Self::labelled(newest, observed),
        }
    }

    /// The labels as the record, also where nothing serves any more: then what was made last tells of it.
    pub(super) fn by_labels(observed: &'a Observed) -> Self {
        let newest = newest_serving(observed).or_else(|| newest_made(observed));
        Self::labelled(newest, observed)
    }

    fn labelled(newest: Option<&Object>, observed: &'a Observed) -> Self {
        let base = |object: &Object| Base {
            number: object.provenance.release,
            tag: object.provenance.tag.clone(),
            lineage: None,
        };
        Self {
            base: newest.map(base),
            from_labels: newest.is_some(),
            recorded: BTreeMap::new(),
            databases: None,
            reused: BTreeSet::new(),
            observed,
        }
    }

    /// Every address that was recorded or has objects.
    pub(super) fn addresses(&self) -> BTreeSet<&'a Address> {
        self.recorded.keys().copied().chain(self.observed.objects.keys()).collect()
    }

    /// What was recorded; none where nothing was, or where the record is the labels.
    pub(super) fn recorded(&self, address: &Address) -> Option<&'a Recorded> {
        self.recorded.get(address).copied()
    }

    /// A database as the head release left it; none where that is not the record, or it has no migrations.
    pub(super) fn left(&self, name: &str) -> Option<&'a RecordedDatabase> {
        self.databases?.get(name)
    }

    /// What a database told; none where it could not be asked.
    pub(super) fn database(&self, name: &str) -> Option<&'a SeenDatabase> {
        self.observed.database(name)
    }

    /// What a plan takes for granted about one thing.
    pub(super) fn precondition(&self, change: &Change) -> Precondition {
        let address = &change.address;
        let seen = match change.resource() {
            Some(Resource::Database(_)) => {
                let standing = self.database(address.name()).map(SeenDatabase::standing);
                Some(Fingerprint::of(&standing))
            }
            Some(Resource::Migration(migration)) => {
                let seen = self.database(&migration.database);
                Some(Fingerprint::of(&seen.map(|seen| seen.entry(&migration.version))))
            }
            _ => None,
        };
        match seen {
            Some(seen) => Precondition { address: address.clone(), seen },
            None => Precondition::of(address, &self.active(address)),
        }
    }

    /// The objects that serve, or should: those that were recorded, and those of a service that are up beside them,
    /// since another store or somebody by hand has started them; else those that are up, else, where the labels are the
    /// record, the newest. A job has run only where it ended well.
    pub(super) fn active(&self, address: &Address) -> Vec<&'a Object> {
        let all = self.observed.at(address);
        let (is_service, is_job) = (address.kind() == Kind::Service, address.kind() == Kind::Job);
        let (known, others): (Vec<_>, Vec<_>) = all.iter().partition(|object| self.reused.contains(object.id.as_str()));
        let up: Vec<_> = others.iter().copied().filter(|object| object.status.is_up() && !is_job).collect();
        if !known.is_empty() {
            return known.into_iter().chain(up.into_iter().filter(|_| is_service)).collect();
        }
        if !up.is_empty() || !self.from_labels {
            return up;
        }
        let has_run = |object: &&Object| !is_job || object.status == Status::Exited { code: 0 };
        of_newest_fence(others.into_iter().filter(has_run))
    }

    /// The objects at an address that do not serve and are kept for a rollback, newest first.
    pub(super) fn kept(&self, address: &Address) -> Vec<&'a Object> {
        let active: BTreeSet<_> = self.active(address).iter().map(|object| &object.id).collect();
        let all = self.observed.at(address).iter();
        all.filter(|object| !active.contains(&object.id) && !object.status.is_up()).collect()
    }

    /// What is there now: as observed where the engine can tell, as recorded where only omni can.
    pub(super) fn side(&self, address: &Address) -> Option<Side> {
        let active = self.active(address);
        if address.kind() == Kind::Job && active.is_empty() {
            // The container of a job that has run is only evidence: the record is enough.
            let recorded = self.recorded(address)?;
            return Some(Side {
                resource: recorded.resource.clone(),
                objects: Vec::new(),
                up: Vec::new(),
                unwell: Vec::new(),
            });
        }
        let first = active.first()?;
        let mut resource = first.resource.clone();
        if let Some(recorded) = self.recorded(address) {
            resource.adopt_settings(&recorded.resource);
        }
        if let Resource::Service(service) = &mut resource
            && active.iter().all(|object| object.status.is_up())
        {
            service.replicas = u32::try_from(active.len()).unwrap_or(u32::MAX);
        }
        Some(Side {
            resource,
            objects: active.iter().map(|object| object.id.clone()).collect(),
            up: active.iter().filter(|object| object.status.is_up()).map(|object| object.id.clone()).collect(),
            unwell: active.iter().filter(|object| object.status.is_unwell()).map(|object| object.id.clone()).collect(),
        })
    }

    /// In one line, what keeps the active objects from serving as one; none where they do.
    pub(super) fn broken(&self, address: &Address) -> Option<String> {
        let Some(down) = self.active(address).into_iter().find(|object| !object.status.is_up()) else {
            return self.unfit(address);
        };
        Some(match &down.status {
            Status::Exited { code } => format!("{} exited with code {code}", down.name),
            other => format!("{} is {}", down.name, other.word()),
        })
    }

    /// Why others have to take the place of a service's active objects, though they run: one is such that no change in
    /// place makes it like the first; or the labels are the record and one is unhealthy, so that nobody says that it
    /// ever was ready.
    pub(super) fn unfit(&self, address: &Address) -> Option<String> {
        let active = self.active(address);
        let first = active.first().filter(|_| address.kind() == Kind::Service)?;
        if let Some(unwell) = active.iter().find(|object| self.from_labels && object.status.is_unwell()) {
            return Some(format!("{} is unhealthy", unwell.name));
        }
        let is_alike = |object: &Object| first.resource.can_update_to(&object.resource);
        active.iter().find(|object| !is_alike(object)).map(|stray| format!("{} is of another version", stray.name))
    }
}

/// Those objects that the newest of the applies made which made any of them.
pub(super) fn of_newest_fence<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<&'a Object> {
    let objects: Vec<_> = objects.collect();
    let newest = objects.iter().map(|object| object.provenance.fence).max();
    objects.into_iter().filter(|object| Some(object.provenance.fence) == newest).collect()
}

/// Whether another store has applied since, although its release has no higher number: instead of a service's object
/// that the release made, and that is still there, another one serves. It may be an older one: whoever goes back starts
/// what was kept.
fn was_replaced(head: &Release, observed: &Observed) -> bool {
    head.resources.iter().filter(|(address, _)| address.kind() == Kind::Service).any(|(address, recorded)| {
        let all = observed.at(address);
        let (known, others): (Vec<_>, Vec<_>) = all.iter().partition(|object| recorded.objects.contains(&object.id));
        let is_up = |object: &&Object| object.status.is_up();
        !known.is_empty() && !known.iter().any(is_up) && others.iter().any(is_up)
    })
}

/// Whether the release was made on another engine, or by a store of another lineage: nothing that it made for a service
/// is here, and others serve instead.
fn was_made_elsewhere(head: &Release, observed: &Observed) -> bool {
    let services = || head.resources.iter().filter(|(address, _)| address.kind() == Kind::Service);
    let made: BTreeSet<_> = services().flat_map(|(_, recorded)| &recorded.objects).collect();
    let here = || services().flat_map(|(address, _)| observed.at(address));
    !made.is_empty() && here().all(|object| !made.contains(&object.id)) && here().any(|object| object.status.is_up())
}

fn newest_serving(observed: &Observed) -> Option<&Object> {
    started(observed).filter(|object| is_serving(object)).max_by_key(|object| age(object))
}

fn newest_made(observed: &Observed) -> Option<&Object> {
    started(observed).max_by_key(|object| age(object))
}

/// Every container that was ever started.
fn started(observed: &Observed) -> impl Iterator<Item = &Object> {
    let all = observed.objects.iter().filter(|(address, _)| matches!(address.kind(), Kind::Service | Kind::Job));
    all.flat_map(|(_, objects)| objects).filter(|object| !matches!(object.status, Status::Created))
}

const fn age(object: &Object) -> (u64, u64) {
    (object.provenance.release, object.provenance.fence)
}

fn is_serving(object: &Object) -> bool {
    object.status.is_up()
        || matches!((&object.resource, &object.status), (Resource::Job(_), Status::Exited { code: 0 }))
}
