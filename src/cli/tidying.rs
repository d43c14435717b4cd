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
use crate::observed::Observed;
use crate::plain::plain;
use crate::plan::{Plan, Purpose, Retained, Retention, retained};
use crate::provider::{FaultKind, Observe, Perform};
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
    /// Objects that serve nobody and that no kept release needs, in the order in which they can be removed.
    pub(crate) objects: Vec<Retained>,
    /// Whether the store knows of any release; where not, what serves is read from the engine.
    pub(crate) has_releases: bool,
    /// The numbers of the releases that are no longer kept.
    pub(crate) forgotten: Vec<u64>,
    /// Whether the engine has anything of the deployment but volumes.
    pub(crate) is_any: bool,
}

/// What no kept release needs. Without a store nothing is kept.
///
/// # Errors
/// When the store or the engine does not answer.
pub(crate) async fn find(
    engine: &Engine,
    scope: &Scope,
    store: Option<&dyn Store>,
    retention: Retention,
    whose: Whose,
) -> Result<Found, Failure> {
    let releases = match store {
        Some(store) => store.releases().await?,
        None => Vec::new(),
    };
    let has_releases = !releases.is_empty();
    let (kept, forgotten) = retention.split(releases, SystemClock.now());
    let mut observed = with_images(engine, scope, engine.observe(scope).await?).await?;
    if let (Whose::Own, Some(store)) = (whose, store) {
        only_of(&mut observed, &planning::ops(store).await?);
    }
    let objects = retained(&observed, &kept).into_iter().filter(|one| !one.needed).collect();
    let mut there = observed.objects.iter().filter(|(_, objects)| !objects.is_empty());
    Ok(Found {
        objects,
        has_releases,
        forgotten: forgotten.iter().map(|release| release.number).collect(),
        is_any: there.any(|(address, _)| address.kind() != Kind::Volume),
    })
}

/// The same world with the images that omni has built for it.
///
/// # Errors
/// When the engine does not answer.
pub(crate) async fn with_images(engine: &Engine, scope: &Scope, mut observed: Observed) -> Result<Observed, Failure> {
    for (address, image) in engine.built(scope).await? {
        observed.objects.entry(address).or_default().push(image);
    }
    Ok(observed)
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
    let found = find(engine, scope, Some(&*under.store), retention, whose).await?;
    remove(undertaking, found, under).await
}

/// Removes what was found, and returns what was removed.
///
/// # Errors
/// When the store or the engine does not answer.
pub(crate) async fn remove(
    undertaking: &Undertaking<'_>,
    found: Found,
    under: &mut Under<'_>,
) -> Result<Vec<Retained>, Failure> {
    let mut removed = Vec::new();
    for one in found.objects {
        match undertaking.engine.remove(&one.address, &one.id).await {
            Ok(()) => removed.push(one),
            // Something else uses it: it stays until that is gone.
            Err(fault) if fault.kind == FaultKind::Conflict => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    if !found.forgotten.is_empty() {
        under.store.forget(&found.forgotten, under.locked.fence).await?;
    }
    Ok(removed)
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
