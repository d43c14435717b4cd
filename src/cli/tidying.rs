//! Tidying: removing what no kept release needs, after an apply or on request.

use crate::address::{Kind, Scope};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::foreseeing::only_of;
use crate::cli::planning;
use crate::cli::project::Engine;
use crate::cli::system_clock::SystemClock;
use crate::cli::undertaking::{Under, Undertaking};
use crate::clock::Clock;
use crate::plain::plain;
use crate::plan::{Plan, Purpose, Retained, Retention, retained};
use crate::provider::{FaultKind, Observe, Perform};
use crate::release::Release;
use crate::store::Store;

/// Tidies after an apply that is closed. What serves is right by then, so what could not be removed is told and left to
/// the next tidying; but where everything was to go, what is left is a part of it.
///
/// # Errors
/// `Stuck` where everything was to go and something is left.
pub(crate) async fn tidy_after(
    undertaking: &Undertaking<'_>,
    retention: Retention,
    plan: &Plan,
    under: &mut Under<'_>,
) -> Result<(), Failure> {
    match tidy(undertaking, retention, plan, under).await {
        Err(Failure::Told(mut told)) if plan.purpose == Purpose::Destroy => {
            told.exit = Exit::Stuck;
            told.messages.push("not everything could be removed".to_owned());
            told.help = Some("run it again once the engine answers".to_owned());
            Err(Failure::Told(told))
        }
        Err(Failure::Told(told)) => {
            let text = told.draw();
            let why = "warning: what no kept release needs could not all be removed; the next apply tries again";
            undertaking.console.warn(&format!("{why}\n{text}"));
            Ok(())
        }
        answer => answer,
    }
}

/// Removes what no kept release needs, and the volumes that this plan removes: the containers that held them are gone
/// only now.
///
/// # Errors
/// When the store or the engine does not answer; the next tidying goes on.
pub(crate) async fn tidy(
    undertaking: &Undertaking<'_>,
    retention: Retention,
    plan: &Plan,
    under: &mut Under<'_>,
) -> Result<(), Failure> {
    let whose = if plan.purpose == Purpose::Destroy { Whose::All } else { Whose::Own };
    let removed = sweep(undertaking, retention, whose, under).await?;
    if !removed.is_empty() {
        let console = undertaking.console;
        console.note(&format!("removed {} that no kept release needs\n", counted(removed.len())));
    }
    remove_volumes(undertaking, plan).await
}

/// Whose objects are tidied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those that an apply of this store made. Another store's may be needed by a release that only that store knows.
    Own,
    /// All of the deployment, whoever made them.
    All,
}

/// What a tidying finds.
pub(crate) struct Found {
    /// Objects that serve nobody and that no kept release needs.
    pub(crate) objects: Vec<Retained>,
    kept: Vec<Release>,
    forgotten: Vec<Release>,
}

/// What no kept release needs.
///
/// # Errors
/// When the store or the engine does not answer.
pub(crate) async fn find(
    engine: &Engine,
    scope: &Scope,
    store: &dyn Store,
    retention: Retention,
    whose: Whose,
) -> Result<Found, Failure> {
    let (kept, forgotten) = retention.split(store.releases().await?, SystemClock.now());
    let mut observed = engine.observe(scope).await?;
    if whose == Whose::Own {
        only_of(&mut observed, &planning::ops(store).await?);
    }
    let objects = retained(&observed, &kept).into_iter().filter(|one| !one.needed).collect();
    Ok(Found { objects, kept, forgotten })
}

/// Removes what no kept release needs, and returns what was removed.
///
/// # Errors
/// When the store or the engine does not answer.
pub(crate) async fn sweep(
    undertaking: &Undertaking<'_>,
    retention: Retention,
    whose: Whose,
    under: &mut Under<'_>,
) -> Result<Vec<Retained>, Failure> {
    let (engine, scope) = (&undertaking.engine, undertaking.project.scope());
    let found = find(engine, scope, &*under.store, retention, whose).await?;
    let mut removed = Vec::new();
    for one in found.objects {
        match undertaking.engine.remove(&one.address, &one.id).await {
            Ok(()) => removed.push(one),
            // Something else uses it: it stays until that is gone.
            Err(fault) if fault.kind == FaultKind::Conflict => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    remove_images(undertaking, &found.kept, &found.forgotten).await?;
    let numbers: Vec<_> = found.forgotten.iter().map(|release| release.number).collect();
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

async fn remove_volumes(undertaking: &Undertaking<'_>, plan: &Plan) -> Result<(), Failure> {
    for change in plan.steps().filter(|change| change.removes_volume()) {
        for id in change.before.iter().flat_map(|side| &side.objects) {
            undertaking.engine.remove(&change.address, id).await?;
            undertaking.console.note(&format!("removed {} ({})\n", change.address, plain(id)));
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
