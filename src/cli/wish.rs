//! `Wish`: what the user wants of the deployment, before anything was looked at.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::cli::args::PickArgs;
use crate::cli::failure::Failure;
use crate::cli::planning::{self, Goal};
use crate::cli::policy;
use crate::cli::project::{Engine, Project};
use crate::cli::system_clock::SystemClock;
use crate::cli::tag;
use crate::clock::Clock;
use crate::fingerprint::Key;
use crate::plan::{Action, Plan, Retention, Selection};
use crate::release::Release;
use crate::spec::{OnFailure, Problems, Spec, Written};
use crate::store::{Store, StoreError};
use crate::template::Vault;

/// What the user wants of the deployment.
#[derive(Debug)]
pub(crate) enum Wish {
    /// What the spec says.
    Spec(PickArgs),
    /// An older release.
    Release {
        /// Which.
        release: Box<Release>,
        /// Without backups before what is taken back.
        skip_backup: bool,
    },
    /// Nothing at all.
    Nothing {
        /// Not even volumes.
        volumes: bool,
    },
}

/// A wish that was looked into.
pub(crate) struct Met {
    /// The goal for a plan.
    pub(crate) goal: Goal,
    /// Secrets and files.
    pub(crate) vault: Vault,
    /// What a failed step does.
    pub(crate) on_failure: OnFailure,
    /// What the first signal does.
    pub(crate) on_interrupt: OnFailure,
    /// Whether the policy lets steps lose data.
    pub(crate) allows_losses: bool,
    /// How many releases are kept afterwards, and for how long.
    pub(crate) retention: Retention,
    /// Whether somebody has to approve each plan.
    pub(crate) approval: bool,
    /// Why the spec of now could not be resolved, where that does not matter unless a secret is needed.
    unresolved: Option<Failure>,
    spec: Option<Spec>,
}

impl Wish {
    /// Looks into it: resolves the spec, asks for images, reads what a release kept.
    ///
    /// # Errors
    /// Every problem of the spec, where the wish is about it; what the engine or the store says otherwise.
    pub(crate) async fn meet(
        &self,
        project: &Project,
        engine: &Engine,
        key: &Key,
        store: Option<&dyn Store>,
    ) -> Result<Met, Failure> {
        match self {
            Self::Spec(pick) => {
                let (spec, vault) = project.resolve(key)?;
                policy::check(&spec, &project.root).await?;
                policy::backups(&spec, pick.skip_backup)?;
                let asked = pick.tag.as_deref();
                let tag = tag::tag(asked, spec.version.as_deref(), &project.root, SystemClock.now()).await;
                let goal = planning::to_spec(&spec, (tag, asked.is_some()), selection(pick), engine).await?;
                Ok(Met::new(goal, vault, Some(spec), None))
            }
            Self::Release { release, skip_backup } => {
                let (spec, mut vault, unresolved) = resolved_if_possible(project, key);
                spec.as_ref().map_or(Ok(()), |spec| policy::backups(spec, *skip_backup))?;
                if let Some(store) = store {
                    recall(&mut vault, release, store).await?;
                }
                let mut goal = planning::to_release(release, &vault);
                goal.selection.skip_backup = *skip_backup;
                Ok(Met::new(goal, vault, spec, unresolved))
            }
            Self::Nothing { volumes } => {
                let (spec, vault, _) = resolved_if_possible(project, key);
                Ok(Met::new(planning::to_nothing(project.scope(), *volumes), vault, spec, None))
            }
        }
    }
}

impl Met {
    fn new(goal: Goal, vault: Vault, spec: Option<Spec>, unresolved: Option<Failure>) -> Self {
        let rollback = spec.as_ref().map(|spec| spec.rollback);
        Self {
            vault,
            on_failure: rollback.map_or(OnFailure::Undo, |rollback| rollback.on_failure),
            on_interrupt: rollback.map_or(OnFailure::Undo, |rollback| rollback.on_interrupt),
            allows_losses: spec.as_ref().is_none_or(|spec| spec.policy.allow_destructive),
            retention: retention(spec.as_ref()).after(&goal.purpose),
            approval: spec.as_ref().is_some_and(|spec| spec.approval),
            unresolved,
            goal,
            spec,
        }
    }

    /// What the reader of the spec should know; none where there is nothing.
    pub(crate) fn warnings(&self) -> Option<&Problems> {
        self.spec.as_ref().map(|spec| &spec.warnings).filter(|warnings| !warnings.list().is_empty())
    }

    /// What the spec was read from; none where it could not be read.
    pub(crate) fn written(&self) -> Option<&Written> {
        self.spec.as_ref().map(|spec| &spec.written)
    }

    /// Where the spec says something about a thing: `deploy.toml:61:1`.
    pub(crate) fn place(&self, address: &Address) -> Option<String> {
        self.spec.as_ref()?.location(address)
    }

    /// Checks that every secret is at hand which this plan needs to make containers anew.
    ///
    /// # Errors
    /// The problems of the spec that keep a secret from being known.
    pub(crate) fn check_secrets(&mut self, plan: &Plan) -> Result<(), Failure> {
        let needs = |change: &&crate::plan::Change| {
            let makes = matches!(change.action, Action::Create | Action::Replace(_) | Action::Run);
            makes
                && change.reuse.is_empty()
                && change.after.as_ref().is_some_and(crate::resource::Resource::has_secrets)
        };
        match plan.steps().find(needs).and_then(|_| self.unresolved.take()) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

/// The spec and its values where it can be resolved, else a vault without secrets and the reason.
#[must_use]
pub(crate) fn resolved_if_possible(project: &Project, key: &Key) -> (Option<Spec>, Vault, Option<Failure>) {
    match project.resolve(key) {
        Ok((spec, vault)) => (Some(spec), vault, None),
        Err(failure) => (None, Vault::new(key.clone()), Some(failure)),
    }
}

fn selection(pick: &PickArgs) -> Selection {
    let set = |addresses: &[Address]| addresses.iter().cloned().collect::<BTreeSet<_>>();
    Selection { targets: set(&pick.target), replace: set(&pick.replace), volumes: false, skip_backup: pick.skip_backup }
}

/// How many releases the spec keeps, and for how long; five, however old, where it cannot be resolved.
pub(crate) fn retention(spec: Option<&Spec>) -> Retention {
    let rollback = spec.map(|spec| spec.rollback);
    Retention {
        releases: rollback.map_or(5, |rollback| rollback.retain),
        window: rollback.and_then(|rollback| rollback.window),
    }
}

/// Takes what a rollback to this release puts back, and what it takes back of the latest one, out of the store.
///
/// # Errors
/// When the store does not answer, or has lost some of it.
pub(crate) async fn recall(vault: &mut Vault, release: &Release, store: &dyn Store) -> Result<(), StoreError> {
    let head = store.head().await?;
    let releases = [Some(release), head.as_ref()].into_iter().flatten();
    let recorded = releases.flat_map(|release| release.resources.values());
    planning::recall(vault, recorded.map(|recorded| &recorded.resource), store).await
}
