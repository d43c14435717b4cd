//! `Plan::build`: from the three views to all changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Kind, Scope};
use crate::fingerprint::Fingerprint;
use crate::graph::Graph;
use crate::migration::Worth;
use crate::observed::Observed;
use crate::plan::decide::{Decider, kept, memory};
use crate::plan::recorded::View;
use crate::plan::{
    Action, Change, Phase, Plan, Precondition, Purpose, Reason, Refusal, drift, histories, migrations, order, overlap,
    proofs, schema_drift,
};
use crate::release::Release;
use crate::resource::{ImageSource, Resource, requirements};

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The deployment.
    pub scope: &'a Scope,
    /// What the plan is for.
    pub purpose: &'a Purpose,
    /// The tag of the release it makes.
    pub tag: &'a str,
    /// The fingerprint of the resolved spec, or of the release to go back to.
    pub spec: Fingerprint,
    /// What should be, pinned.
    pub desired: &'a BTreeMap<Address, Resource>,
    /// What was recorded; none before the first release, or with a lost store.
    pub head: Option<&'a Release>,
    /// The store's lineage.
    pub lineage: &'a str,
    /// What the provider saw.
    pub observed: &'a Observed,
    /// The images among `desired` that are on the engine already.
    pub images: &'a BTreeSet<Address>,
    /// What is known of the ways back of migrations.
    pub worths: &'a BTreeMap<Address, Worth>,
    /// What the user picked.
    pub selection: &'a Selection,
}

/// What the user picked on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these, and what they require, may change; everything where empty.
    pub targets: BTreeSet<Address>,
    /// These are replaced even where nothing changed.
    pub replace: BTreeSet<Address>,
    /// Volumes that nobody wants any more are removed too, with all that is in them.
    pub volumes: bool,
    /// No backup is made before migrations.
    pub skip_backup: bool,
}

impl Plan {
    /// The plan that turns what is into what should be.
    ///
    /// # Errors
    /// Every reason why applying it could not end well.
    pub fn build(inputs: &Inputs<'_>) -> Result<Self, Vec<Refusal>> {
        let view = View::new(inputs.head, inputs.lineage, inputs.observed);
        let graph = Graph::build(inputs.desired).map_err(|ring| vec![Refusal::Swap(ring.to_string())])?;
        let mut warnings = Vec::new();
        let mut changes = decide_all(inputs, &view)?;
        let mut without_backup = Vec::new();
        select(inputs, &view, &graph, &mut changes, &mut warnings);
        note_kept_volumes(inputs, &view, &mut warnings);
        let left = changes.iter().filter(|one| one.action == Action::Delete && one.address.kind() == Kind::Database);
        warnings.extend(
            left.map(|change| format!("{} and what is in it stay; omni looks after it no more", change.address)),
        );
        warnings.extend(histories::notes(&inputs.observed.databases, inputs.desired, &changes));
        if view.from_labels && view.base.is_some() {
            let text = "the record was read from the labels on the engine: this store has none, or an older one; \
                        settings that only omni reads (updates, rollback commands, http and tcp probes) count as the \
                        spec says";
            warnings.push(text.to_owned());
        }
        let needed = migrations::backups_needed(&changes);
        if inputs.selection.skip_backup {
            warnings.extend(needed.iter().map(|address| format!("{address} is left out by --skip-backup")));
            without_backup.extend(needed);
        } else {
            migrations::make_backups(&mut changes, &needed);
        }
        migrations::drop_idle(&mut changes);
        if *inputs.purpose == Purpose::Apply {
            proofs::make(&mut changes, inputs.worths);
        }
        let edges = edges(inputs, &graph, &mut changes);
        let (changes, edges) = order::ordered(changes, &edges)
            .map_err(|ring| vec![Refusal::Swap(ring.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))])?;
        let preconditions = preconditions(&view, &changes);
        let drift = drift::of(inputs.head, &view);
        warnings.extend(schema_drift::notes(&drift, changes.iter().all(|change| change.action == Action::Keep)));
        Ok(Self {
            scope: inputs.scope.clone(),
            purpose: inputs.purpose.clone(),
            tag: inputs.tag.to_owned(),
            spec: inputs.spec,
            engine: inputs.observed.engine.clone(),
            drift,
            base: view.base,
            preconditions,
            changes,
            edges,
            warnings,
            afterwards: Vec::new(),
            without_backup,
            reviewed: None,
        })
    }
}

fn decide_all(inputs: &Inputs<'_>, view: &View<'_>) -> Result<Vec<Change>, Vec<Refusal>> {
    let asked = &inputs.selection.replace;
    let mut refusals: Vec<_> = asked
        .iter()
        .chain(&inputs.selection.targets)
        .filter(|address| !inputs.desired.contains_key(*address))
        .map(|address| Refusal::NoSuchThing(address.clone()))
        .collect();
    refusals.extend(gone_images(inputs));
    let mut decider = Decider {
        view,
        desired: inputs.desired,
        images: inputs.images,
        worths: inputs.worths,
        purpose: inputs.purpose,
        asked,
        unwanted_since: match inputs.purpose {
            Purpose::Apply => Reason::Gone,
            Purpose::Rollback(_) => Reason::NotThen,
            Purpose::Destroy => Reason::Destroyed,
        },
        spare_memory: spare_memory(inputs),
        drops_volumes: inputs.selection.volumes,
        skips_backups: inputs.selection.skip_backup,
        new_networks: BTreeSet::new(),
        replaced_networks: BTreeSet::new(),
    };
    let mut changes = Vec::with_capacity(inputs.desired.len());
    // Addresses sort networks before jobs and services, which follow a network that is replaced.
    for (address, after) in inputs.desired {
        match decider.wanted(address, after) {
            Ok(change) => {
                if address.kind() == Kind::Network && change.action != Action::Keep {
                    decider.new_networks.insert(address.clone());
                    if change.before.is_some() {
                        decider.replaced_networks.insert(address.clone());
                    }
                }
                changes.push(change);
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    for address in view.addresses().into_iter().filter(|address| !inputs.desired.contains_key(*address)) {
        if address.kind() != Kind::Migration {
            changes.extend(decider.unwanted(address));
            continue;
        }
        match decider.unwanted_migration(address) {
            Ok(change) => changes.extend(change),
            Err(refusal) => refusals.push(refusal),
        }
    }
    // A database is refused once, and not for each of its migrations.
    let mut told: Vec<Refusal> = Vec::with_capacity(refusals.len());
    for one in refusals {
        if !told.contains(&one) {
            told.push(one);
        }
    }
    if told.is_empty() { Ok(changes) } else { Err(told) }
}

fn gone_images(inputs: &Inputs<'_>) -> Vec<Refusal> {
    if !matches!(inputs.purpose, Purpose::Rollback(_)) {
        return Vec::new();
    }
    let missing = inputs.desired.iter().filter(|(address, _)| !inputs.images.contains(*address));
    missing
        .filter_map(|(address, resource)| match resource {
            Resource::Image(image) => match &image.source {
                ImageSource::Build(_) => Some(address.name()),
                ImageSource::Reference(_) => None,
            },
            _ => None,
        })
        .map(|name| {
            let address = Address::new(Kind::Image, name);
            let users = inputs.desired.values().filter_map(Resource::container);
            let reference =
                users.map(|c| &c.image).find(|image| image.node == name).map(|image| image.reference.clone());
            Refusal::ImageGone { address, reference: reference.unwrap_or_else(|| name.to_owned()) }
        })
        .collect()
}

fn spare_memory(inputs: &Inputs<'_>) -> Option<u64> {
    let claimed = inputs.desired.values().map(|resource| match resource {
        Resource::Service(service) => memory(service),
        _ => 0,
    });
    inputs.observed.engine.memory.checked_sub(claimed.sum())
}

/// Turns the changes that the user did not pick into ones that keep what is there.
fn select(inputs: &Inputs<'_>, view: &View<'_>, graph: &Graph, changes: &mut Vec<Change>, warnings: &mut Vec<String>) {
    let targets = &inputs.selection.targets;
    if targets.is_empty() {
        return;
    }
    let picked: BTreeSet<_> = graph.closure(targets).into_iter().cloned().collect();
    let mut left_out = 0;
    changes.retain_mut(|change| {
        if picked.contains(&change.address) || change.action == Action::Keep {
            return true;
        }
        left_out += 1;
        let before = view.side(&change.address);
        let Some(resource) = before.as_ref().map(|side| side.resource.clone()) else { return false };
        *change = kept(&change.address, before, &resource);
        true
    });
    if left_out > 0 {
        let changes =
            if left_out == 1 { "1 more change is".to_owned() } else { format!("{left_out} more changes are") };
        warnings.push(format!("this plan is partial: {changes} left out by --target"));
    }
}

fn note_kept_volumes(inputs: &Inputs<'_>, view: &View<'_>, warnings: &mut Vec<String>) {
    if inputs.selection.volumes {
        return;
    }
    let gone = view.addresses().into_iter().filter(|a| a.kind() == Kind::Volume && !inputs.desired.contains_key(*a));
    let there = gone.filter(|address| !view.active(address).is_empty());
    let why = match inputs.purpose {
        Purpose::Apply => "is no longer in the spec; its data is kept",
        Purpose::Rollback(_) => "is not in that release; its data is kept",
        Purpose::Destroy => "and its data stay, unless destroy was given --volumes",
    };
    warnings.extend(there.map(|address| format!("{address} {why}")));
}

/// Every edge as (what is done first, what waits for it), by positions in `changes`.
fn edges(inputs: &Inputs<'_>, graph: &Graph, changes: &mut [Change]) -> Vec<(usize, usize)> {
    let index: BTreeMap<Address, usize> =
        changes.iter().enumerate().map(|(at, change)| (change.address.clone(), at)).collect();
    let mut found: Vec<(usize, usize)> =
        graph.edges().into_iter().filter_map(|edge| Some((*index.get(edge.to)?, *index.get(edge.from)?))).collect();
    let handed = hand_overs(inputs, changes);
    for (giver, taker) in &handed {
        changes[*giver].phase = Phase::Build;
        found.push((*giver, *taker));
    }
    let late = migrations::late(changes);
    if !late.is_empty() {
        found.retain(|(first, second)| !late.contains(first) || late.contains(second));
        found.extend(behind_all(changes, &late));
    }
    let givers: BTreeSet<_> = handed.iter().map(|(giver, _)| *giver).collect();
    // What is removed waits for all that needed it: that order was recorded, the spec no longer knows it.
    if changes.iter().all(|change| change.action != Action::Delete) {
        return found;
    }
    let before = changes.iter().filter_map(|change| Some((&change.address, &change.before.as_ref()?.resource)));
    for (user, required, _) in requirements(before) {
        // A database that nobody wants stays with the service that runs it until its migrations are taken back.
        let goes = |change: &Change| {
            change.action == Action::Delete || change.after.is_none() && required.kind() == Kind::Database
        };
        if let Some(removed) = index.get(&required)
            && goes(&changes[*removed])
            && !givers.contains(removed)
        {
            found.push((index[user], *removed));
        }
    }
    found
}

/// Everything that is made or changed before the changes that come late.
fn behind_all(changes: &[Change], late: &BTreeSet<usize>) -> Vec<(usize, usize)> {
    let is_early = |at: &usize| !late.contains(at) && changes[*at].action != Action::Keep;
    let early: Vec<_> = (0..changes.len()).filter(is_early).filter(|at| changes[*at].phase == Phase::Build).collect();
    late.iter().flat_map(|last| early.iter().map(move |first| (*first, *last))).collect()
}

/// Who has to give an exclusive thing up before whom, by positions in `changes`.
fn hand_overs(inputs: &Inputs<'_>, changes: &[Change]) -> BTreeSet<(usize, usize)> {
    let shared = |name: &str| match inputs.desired.get(&Address::new(Kind::Volume, name)) {
        Some(Resource::Volume(volume)) => volume.shared,
        _ => false,
    };
    let index: BTreeMap<&Address, usize> = changes.iter().enumerate().map(|(at, c)| (&c.address, at)).collect();
    let up = changes.iter().filter_map(|change| {
        let side = change.before.as_ref().filter(|side| !side.up.is_empty())?;
        Some((&change.address, &side.resource))
    });
    let owners = overlap::owners(up, &shared);
    let mut found = BTreeSet::new();
    for (at, change) in changes.iter().enumerate().filter(|(_, change)| change.action != Action::Keep) {
        let Some(after) = &change.after else { continue };
        for wanted in overlap::exclusives(after, &shared) {
            if let Some(owner) = owners.get(&wanted)
                && **owner != change.address
                && changes[index[owner]].action != Action::Keep
            {
                found.insert((index[owner], at));
            }
        }
    }
    found
}

fn preconditions(view: &View<'_>, changes: &[Change]) -> Vec<Precondition> {
    let mut found: Vec<_> = changes
        .iter()
        .filter(|change| !matches!(change.address.kind(), Kind::Image | Kind::Backup | Kind::Proof))
        .map(|change| view.precondition(change))
        .collect();
    found.sort_by(|a, b| a.address.cmp(&b.address));
    found
}
