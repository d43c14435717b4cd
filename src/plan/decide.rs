//! What is to be done at one address: the decision behind each `Change`.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Kind};
use crate::migration::Worth;
use crate::observed::Object;
use crate::plan::recorded::View;
use crate::plan::{Action, Change, Class, Downtime, Inverse, Phase, Purpose, Reason, Refusal, Side, Turn, overlap};
use crate::resource::{Job, Network, Resource, Service, differences};

/// What every decision of one plan can see.
pub(super) struct Decider<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) desired: &'a BTreeMap<Address, Resource>,
    pub(super) images: &'a BTreeSet<Address>,
    /// What is known of the ways back of migrations.
    pub(super) worths: &'a BTreeMap<Address, Worth>,
    pub(super) purpose: &'a Purpose,
    pub(super) asked: &'a BTreeSet<Address>,
    /// Whether volumes that are not wanted go.
    pub(super) drops_volumes: bool,
    /// Whether no backup is made before migrations.
    pub(super) skips_backups: bool,
    /// Why what is not wanted is not.
    pub(super) unwanted_since: Reason,
    /// Memory of the engine's machine that no desired limit claims, in bytes; none where the limits exceed it.
    pub(super) spare_memory: Option<u64>,
    /// The networks that this plan replaces or makes, so that containers cannot stay or come back on the old ones.
    pub(super) new_networks: BTreeSet<Address>,
    /// Those of them that take the place of another.
    pub(super) replaced_networks: BTreeSet<Address>,
}

impl Decider<'_> {
    /// The change that makes an address what the spec wants.
    pub(super) fn wanted(&self, address: &Address, after: &Resource) -> Result<Change, Refusal> {
        let before = self.view.side(address);
        match (after, before) {
            (Resource::Image(_), _) => Ok(self.image(address, after)),
            // Whether a backup is made, and a proof, is known once the migrations are.
            (Resource::Network(Network { external: true, .. }) | Resource::Backup(_) | Resource::Proof(_), _) => {
                Ok(kept(address, None, after))
            }
            (Resource::Volume(volume), _) if volume.external => Ok(kept(address, None, after)),
            (Resource::Database(_), _) => Ok(self.database(address, after)),
            (Resource::Migration(migration), _) => self.migration(address, migration, after),
            (_, None) => Ok(self.made(address, after)),
            (Resource::Network(_), Some(before)) => self.network(address, before, after),
            (Resource::Volume(_), Some(before)) => self.volume(address, before, after),
            (Resource::Job(job), Some(before)) => Ok(self.job(address, job, before, after)),
            (Resource::Service(service), Some(before)) => self.service(address, service, before, after),
        }
    }

    /// The change that removes what is no longer wanted; none where nothing of it serves.
    pub(super) fn unwanted(&self, address: &Address) -> Option<Change> {
        match address.kind() {
            Kind::Volume => return self.unwanted_volume(address),
            // A proof leaves nothing.
            Kind::Proof => return None,
            Kind::Database | Kind::Backup => return self.unwanted_database(address),
            _ => {}
        }
        let serves = self.view.active(address).iter().any(|object| object.status.is_up());
        let recorded = self.view.recorded(address);
        if address.kind() == Kind::Image || !(serves || recorded.is_some()) {
            return None;
        }
        if recorded.is_none() && address.kind() != Kind::Service {
            return None;
        }
        let external = match recorded.map(|recorded| &recorded.resource) {
            Some(Resource::Network(network)) => network.external,
            _ => false,
        };
        let before = self.view.side(address)?;
        if external {
            return None;
        }
        let is_service = address.kind() == Kind::Service;
        Some(Change {
            action: Action::Delete,
            reasons: vec![self.unwanted_since.clone()],
            inverse: if is_service { Inverse::StartOld } else { Inverse::Nothing },
            downtime: if is_service { Downtime::Ends } else { Downtime::NotApplicable },
            phase: Phase::Remove,
            ..bare(address, Some(before), None)
        })
    }

    /// A volume goes only where that was asked for: nothing brings back what is in it.
    fn unwanted_volume(&self, address: &Address) -> Option<Change> {
        let before = self.view.side(address).filter(|_| self.drops_volumes)?;
        if matches!(&before.resource, Resource::Volume(volume) if volume.external) {
            return None;
        }
        Some(Change {
            action: Action::Delete,
            reasons: vec![self.unwanted_since.clone()],
            class: Class::OneWay,
            inverse: Inverse::Impossible,
            phase: Phase::Remove,
            ..bare(address, Some(before), None)
        })
    }

    fn image(&self, address: &Address, after: &Resource) -> Change {
        if self.images.contains(address) {
            return kept(address, None, after);
        }
        Change {
            action: Action::Create,
            reasons: vec![Reason::New],
            inverse: Inverse::RemoveNew,
            ..blank(address, None, Some(after))
        }
    }

    fn made(&self, address: &Address, after: &Resource) -> Change {
        let lost = self.view.recorded(address).is_some();
        let reasons = vec![if lost { Reason::Drift("gone".to_owned()) } else { Reason::New }];
        let change = Change { reasons, ..blank(address, None, Some(after)) };
        match after {
            Resource::Job(job) => run(change, job),
            _ => Change {
                action: Action::Create,
                inverse: Inverse::RemoveNew,
                reuse: self.reusable(address, after),
                ..change
            },
        }
    }

    fn network(&self, address: &Address, before: Side, after: &Resource) -> Result<Change, Refusal> {
        let reasons = self.reasons(address, after, &before);
        if reasons.is_empty() {
            return Ok(kept(address, Some(before), after));
        }
        if let (Resource::Network(old), Resource::Network(new)) = (&before.resource, after)
            && let (Some(old), Some(new)) = (&old.subnet, &new.subnet)
            && old == new
        {
            return Err(Refusal::NetworkOverlaps { address: address.clone(), subnet: new.clone() });
        }
        Ok(Change {
            action: Action::Replace(Turn::NewFirst),
            reasons,
            inverse: Inverse::RemoveNew,
            ..blank(address, Some(before), Some(after))
        })
    }

    fn volume(&self, address: &Address, before: Side, after: &Resource) -> Result<Change, Refusal> {
        if !self.is_other(&before, after) {
            return Ok(kept(address, Some(before), after));
        }
        if before.resource.differs_in_settings_only(after) {
            let change = blank(address, Some(before), Some(after));
            return Ok(Change { action: Action::Update, reasons: vec![Reason::Spec], ..change });
        }
        let fields: Vec<_> = differences(Some(&before.resource), Some(after)).into_iter().map(|d| d.path).collect();
        Err(Refusal::VolumeChanged { address: address.clone(), fields: fields.join(", ") })
    }

    fn job(&self, address: &Address, job: &Job, before: Side, after: &Resource) -> Change {
        let settled = before.resource.differs_in_settings_only(after);
        let mut reasons = self.reasons(address, after, &before);
        // A job's container is only evidence that it ran: that it has ended, or is gone, is no reason to run it again.
        reasons.retain(|reason| !matches!(reason, Reason::Drift(_)) || !settled);
        if reasons.is_empty() {
            return kept(address, Some(before), after);
        }
        let change = Change { reasons, ..blank(address, Some(before), Some(after)) };
        if settled && !self.is_forced(address) {
            return Change { action: Action::Update, inverse: Inverse::UpdateBack, ..change };
        }
        run(change, job)
    }

    fn service(&self, address: &Address, service: &Service, before: Side, after: &Resource) -> Result<Change, Refusal> {
        let mut reasons = self.reasons(address, after, &before);
        let moved: Vec<_> = after
            .requires()
            .into_iter()
            .map(|(required, _)| required)
            .filter(|required| self.replaced_networks.contains(required))
            .collect();
        reasons.extend(moved.iter().cloned().map(Reason::Requirement));
        if reasons.is_empty() {
            return Ok(kept(address, Some(before), after));
        }
        let is_fit = self.view.unfit(address).is_none();
        let in_place = is_fit && before.resource.can_update_to(after) && moved.is_empty() && !self.is_forced(address);
        let all_down = before.up.is_empty();
        let change = blank(address, Some(before.clone()), Some(after));
        if in_place {
            let downtime = if all_down { Downtime::NotApplicable } else { Downtime::None };
            return Ok(Change { action: Action::Update, reasons, inverse: Inverse::UpdateBack, downtime, ..change });
        }
        let shared = |name: &str| self.is_shared(name);
        let room = self.spare_memory.is_none_or(|spare| spare >= memory(service));
        let why = overlap::old_first(&before.resource, service, &shared, room)
            .map_err(|why| Refusal::CannotOverlap { address: address.clone(), why })?;
        let (turn, downtime) = match &why {
            Some(_) => (Turn::OldFirst, self.until_ready(address)),
            None => (Turn::NewFirst, Downtime::None),
        };
        reasons.extend(why.map(Reason::OldFirst));
        let downtime = if all_down { Downtime::NotApplicable } else { downtime };
        Ok(Change {
            action: Action::Replace(turn),
            reasons,
            inverse: Inverse::StartOld,
            downtime,
            reuse: self.reusable(address, after),
            ..change
        })
    }

    /// Why a thing that is there has to change; empty where it need not.
    fn reasons(&self, address: &Address, after: &Resource, before: &Side) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let recorded = self.view.recorded(address);
        if recorded.is_some_and(|recorded| recorded.tainted) {
            reasons.push(Reason::Tainted);
        }
        if self.asked.contains(address) {
            reasons.push(Reason::Asked);
        }
        if self.is_other(before, after) {
            let unchanged = recorded.is_some_and(|recorded| recorded.resource == *after);
            reasons.push(if unchanged { drifted(before, after) } else { Reason::Spec });
        }
        if let Some(what) = self.view.broken(address) {
            reasons.push(Reason::Drift(what));
        }
        reasons
    }

    /// Whether what is there is not what is wanted. An object cannot be told of settings that only omni knows, so where
    /// its labels are all there is, they may be old: no difference in them is one.
    fn is_other(&self, before: &Side, after: &Resource) -> bool {
        if self.view.from_labels { !before.resource.differs_in_settings_only(after) } else { before.resource != *after }
    }

    fn is_forced(&self, address: &Address) -> bool {
        self.asked.contains(address) || self.view.recorded(address).is_some_and(|recorded| recorded.tainted)
    }

    fn is_shared(&self, volume: &str) -> bool {
        match self.desired.get(&Address::new(Kind::Volume, volume)) {
            Some(Resource::Volume(volume)) => volume.shared,
            _ => false,
        }
    }

    fn until_ready(&self, address: &Address) -> Downtime {
        let took = self.view.recorded(address).and_then(|recorded| recorded.took);
        took.map_or(Downtime::UntilReady, Downtime::About)
    }

    /// Stopped containers of an older release that are just what is wanted, one for each replica; else none.
    fn reusable(&self, address: &Address, after: &Resource) -> Vec<String> {
        let Resource::Service(service) = after else { return Vec::new() };
        let kept = self.view.kept(address);
        let fits: Vec<&Object> = kept
            .into_iter()
            .filter(|object| object.resource.differs_in_settings_only(after) && self.is_on_its_networks(object))
            .collect();
        let Some(newest) = fits.first().map(|object| object.provenance.fence) else { return Vec::new() };
        let set: Vec<_> =
            fits.iter().filter(|o| o.provenance.fence == newest).take(service.replicas as usize).collect();
        if set.len() < service.replicas as usize {
            return Vec::new();
        }
        set.into_iter().map(|object| object.id.clone()).collect()
    }

    /// Whether the networks that serve now are those that the container joined when it was made.
    fn is_on_its_networks(&self, object: &Object) -> bool {
        let networks = object.resource.requires().into_iter().filter(|(required, _)| required.kind() == Kind::Network);
        networks.map(|(network, _)| network).all(|network| {
            let active = self.view.active(&network);
            let older = active.iter().all(|one| one.provenance.fence <= object.provenance.fence);
            older && !self.new_networks.contains(&network)
        })
    }
}

/// A change that leaves a thing as it is.
pub(super) fn kept(address: &Address, before: Option<Side>, after: &Resource) -> Change {
    bare(address, before, Some(after))
}

/// A change to be filled in, with the fields that differ.
fn blank(address: &Address, before: Option<Side>, after: Option<&Resource>) -> Change {
    let differences = differences(before.as_ref().map(|side| &side.resource), after);
    Change { differences, ..bare(address, before, after) }
}

pub(super) fn bare(address: &Address, before: Option<Side>, after: Option<&Resource>) -> Change {
    Change {
        address: address.clone(),
        action: Action::Keep,
        reasons: Vec::new(),
        class: Class::Reversible,
        inverse: Inverse::Nothing,
        downtime: Downtime::NotApplicable,
        phase: Phase::Build,
        differences: Vec::new(),
        before,
        after: after.cloned(),
        reuse: Vec::new(),
        worth: None,
        proves: BTreeMap::new(),
        statements: Vec::new(),
    }
}

fn run(change: Change, job: &Job) -> Change {
    let (class, inverse) = match (&job.rollback, job.side_effects) {
        (Some(_), _) => (Class::Reversible, Inverse::RunRollback),
        (None, false) => (Class::Reversible, Inverse::RemoveNew),
        (None, true) => (Class::OneWay, Inverse::Impossible),
    };
    Change { action: Action::Run, class, inverse, ..change }
}

fn drifted(before: &Side, after: &Resource) -> Reason {
    let fields: Vec<_> = differences(Some(&before.resource), Some(after)).into_iter().map(|d| d.path).collect();
    Reason::Drift(fields.join(", "))
}

/// The memory that a service's containers may use, in bytes; 0 where it has no limit.
pub(super) fn memory(service: &Service) -> u64 {
    service.container.limits.memory.map_or(0, |limit| limit.get() * u64::from(service.replicas))
}
