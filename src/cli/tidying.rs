//! Tidying: removing what no kept release needs, after an apply or on request.

use crate::address::Kind;
use crate::cli::failure::Failure;
use crate::cli::system_clock::SystemClock;
use crate::cli::undertaking::{Under, Undertaking};
use crate::cli::wish::Wish;
use crate::clock::Clock;
use crate::plan::{Retained, Retention, retained};
use crate::provider::{FaultKind, Observe, Perform};
use crate::release::Release;
use crate::resource::Resource;
use crate::store::Store;

/// Removes what no kept release needs, and volumes where that is wished for.
///
/// # Errors
/// When the store or the engine does not answer; the next tidying goes on.
pub(crate) async fn tidy(
    undertaking: &Undertaking<'_>,
    retention: Retention,
    wish: &Wish,
    under: &mut Under<'_>,
) -> Result<(), Failure> {
    let removed = sweep(undertaking, retention, under).await?;
    if !removed.is_empty() {
        let console = undertaking.console;
        console.note(&format!("removed {} that no kept release needs\n", counted(removed.len())));
    }
    if wish.removes_volumes() {
        remove_volumes(undertaking).await?;
    }
    Ok(())
}

/// Removes what no kept release needs, and returns what was removed.
///
/// # Errors
/// When the store or the engine does not answer.
pub(crate) async fn sweep(
    undertaking: &Undertaking<'_>,
    retention: Retention,
    under: &mut Under<'_>,
) -> Result<Vec<Retained>, Failure> {
    let (kept, forgotten) = retention.split(under.store.releases().await?, SystemClock.now());
    let observed = undertaking.engine.observe(undertaking.project.scope()).await?;
    let mut removed = Vec::new();
    for one in retained(&observed, &kept).into_iter().filter(|one| !one.needed) {
        match undertaking.engine.remove(&one.address, &one.id).await {
            Ok(()) => removed.push(one),
            // Something else uses it: it stays until that is gone.
            Err(fault) if fault.kind == FaultKind::Conflict => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    remove_images(undertaking, &kept, &forgotten).await?;
    let numbers: Vec<_> = forgotten.iter().map(|release| release.number).collect();
    if !numbers.is_empty() {
        under.store.forget(&numbers, under.locked.fence).await?;
    }
    Ok(removed)
}

/// Removes the images that only forgotten releases ran.
async fn remove_images(undertaking: &Undertaking<'_>, kept: &[Release], forgotten: &[Release]) -> Result<(), Failure> {
    let images = |releases: &[Release]| {
        let resources = releases.iter().flat_map(|release| release.resources.values());
        let containers = resources.filter_map(|recorded| recorded.resource.container().cloned());
        containers
            .map(|container| (container.image.node, container.image.reference, container.image.pin))
            .collect::<Vec<_>>()
    };
    let needed = images(kept);
    for (node, reference, pin) in images(forgotten) {
        if needed.iter().any(|(_, _, other)| *other == pin) {
            continue;
        }
        let built = matches!(pin, Some(crate::resource::Pin::Build(_)));
        let address = crate::address::Address::new(Kind::Image, node);
        if built {
            match undertaking.engine.remove(&address, &reference).await {
                Ok(()) => {}
                Err(fault) if matches!(fault.kind, FaultKind::Conflict | FaultKind::NotFound) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
    }
    Ok(())
}

async fn remove_volumes(undertaking: &Undertaking<'_>) -> Result<(), Failure> {
    let observed = undertaking.engine.observe(undertaking.project.scope()).await?;
    let volumes = observed.objects.iter().filter(|(address, _)| address.kind() == Kind::Volume);
    for (address, objects) in volumes {
        for object in objects {
            if matches!(&object.resource, Resource::Volume(volume) if volume.external) {
                continue;
            }
            undertaking.engine.remove(address, &object.id).await?;
            undertaking.console.note(&format!("removed {address} ({})\n", object.name));
        }
    }
    Ok(())
}

/// So many objects, in words.
#[must_use]
pub(crate) fn counted(number: usize) -> String {
    match number {
        1 => "1 object".to_owned(),
        number => format!("{number} objects"),
    }
}
