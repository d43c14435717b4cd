//! Foreseeing what the tidying after an apply will remove, so that the plan can say it.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Kind;
use crate::cli::failure::Failure;
use crate::cli::planning::Ground;
use crate::cli::project::Engine;
use crate::cli::system_clock::SystemClock;
use crate::cli::tidying::with_images;
use crate::clock::Clock;
use crate::observed::{Observed, Status};
use crate::plan::{Action, Plan, Purpose, Retained, Retention, retained};
use crate::release::{Recorded, Release};
use crate::resource::Resource;

/// Whether the plan says already that this goes. A service is only stopped by its step.
fn is_step(plan: &Plan, one: &Retained) -> bool {
    one.address.kind() != Kind::Service
        && plan.change(&one.address).is_some_and(|change| {
            change.action == Action::Delete && change.before.iter().any(|side| side.objects.contains(&one.id))
        })
}

/// Leaves only the objects that these applies made.
pub(crate) fn only_of(observed: &mut Observed, ops: &BTreeSet<String>) {
    for objects in observed.objects.values_mut() {
        objects.retain(|object| ops.contains(&object.provenance.op));
    }
}

/// The names of what the tidying after this plan would remove, but for what a step of it is about.
///
/// # Errors
/// When the engine does not answer.
pub(crate) async fn foresee(
    plan: &Plan,
    ground: &Ground,
    retention: Retention,
    engine: &Engine,
) -> Result<Vec<String>, Failure> {
    if plan.is_empty() {
        return Ok(Vec::new());
    }
    let mut observed = with_images(engine, &plan.scope, ground.observed.clone()).await?;
    if plan.purpose != Purpose::Destroy {
        only_of(&mut observed, &ground.ops);
    }
    let mut resources = BTreeMap::new();
    for change in &plan.changes {
        let is_moved = matches!(change.action, Action::Replace(_) | Action::Delete);
        let before = change.before.as_ref().map(|side| side.objects.clone()).unwrap_or_default();
        for object in observed.objects.get_mut(&change.address).into_iter().flatten() {
            if is_moved && before.contains(&object.id) && change.address.kind() == Kind::Service {
                object.status = Status::Exited { code: 0 };
            }
        }
        let objects = if is_moved { change.reuse.clone() } else { before };
        let recorded =
            |resource: &Resource| Recorded { resource: resource.clone(), objects, took: None, tainted: false };
        resources.extend(change.after.as_ref().map(|after| (change.address.clone(), recorded(after))));
    }
    let now = SystemClock.now();
    let next = Release {
        number: ground.number_of(plan),
        tag: plan.tag.clone(),
        scope: plan.scope.clone(),
        plan: plan.spec,
        spec: plan.spec,
        at: now,
        by: String::new(),
        rollback_of: None,
        resources,
        world: plan.spec,
        without_backup: Vec::new(),
        databases: BTreeMap::new(),
    };
    let (kept, _) = retention.split([vec![next], ground.releases.clone()].concat(), now);
    let found = retained(&observed, &kept).into_iter().filter(|one| !one.needed && !is_step(plan, one));
    Ok(found.map(|one| one.name).collect())
}
