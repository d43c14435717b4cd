//! Planning: from what a command wants to a plan, with all that an apply of it needs.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use crate::address::{Address, Kind, Scope};
use crate::cli::evidence::Evidence;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::policy;
use crate::cli::project::Project;
use crate::cli::tag;
use crate::fingerprint::{Fingerprint, Key};
use crate::migration::catalogue::Catalogue;
use crate::observed::Observed;
use crate::plan::{Comparison, Inputs, Plan, Purpose, Selection, explain};
use crate::provider::{Fault, FaultKind, Observe};
use crate::release::{Recorded, Release};
use crate::resource::{Image, ImageSource, Pin, Resource};
use crate::spec::Spec;
use crate::store::{Store, StoreError};
use crate::template::Vault;

/// What a plan is to reach.
#[derive(Debug)]
pub(crate) struct Goal {
    /// What for.
    pub(crate) purpose: Purpose,
    /// The tag of the release to come.
    pub(crate) tag: String,
    /// Whether the user asked for this very tag.
    pub(crate) is_tag_asked: bool,
    /// The fingerprint of what is wanted.
    pub(crate) spec: Fingerprint,
    /// What should be, pinned.
    pub(crate) desired: BTreeMap<Address, Resource>,
    /// What the user picked.
    pub(crate) selection: Selection,
    /// The deployment.
    pub(crate) scope: Scope,
    /// Whether a migration may run only where its way back was proven.
    pub(crate) demands_proof: bool,
    /// Whether the policy lets steps lose data.
    pub(crate) allows_losses: bool,
    /// What the reader of the plan should know.
    pub(crate) notes: Vec<String>,
    /// Where the spec says something about each thing: `deploy.toml:61:1`; empty where the spec is not what is wanted.
    pub(crate) places: BTreeMap<Address, String>,
}

/// What is there.
#[derive(Debug)]
pub(crate) struct Ground {
    /// The releases that the store has, newest first; none before the first, or with a lost store.
    pub(crate) releases: Vec<Release>,
    /// The store's lineage; empty without a store.
    pub(crate) lineage: String,
    /// What the engine has.
    pub(crate) observed: Observed,
    /// The applies that the store has closed, as the objects they made name them.
    pub(crate) ops: BTreeSet<String>,
    /// The deployment's key: that of the objects on the engine, else that of the store; unset before the first release.
    pub(crate) key: Key,
    /// What the schemas were that are not as the latest release left them, by database, where that was kept.
    pub(crate) catalogues: BTreeMap<String, Catalogue>,
}

impl Ground {
    /// Looks at the engine and into the store.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub(crate) async fn look(scope: &Scope, engine: &dyn Observe, store: Option<&dyn Store>) -> Result<Self, Failure> {
        let read = async {
            match store {
                Some(store) => Ok((store.releases().await?, ops(store).await?)),
                None => Ok::<_, Failure>((Vec::new(), BTreeSet::new())),
            }
        };
        let (observed, releases) = futures_util::future::join(engine.observe(scope), read).await;
        let (observed, (releases, ops)) = (observed?, releases?);
        let stored = store.filter(|_| !releases.is_empty()).map(|store| store.key().clone());
        let key = observed.key.clone().or(stored).unwrap_or_else(Key::unset);
        let lineage = store.map(|store| store.lineage().to_owned()).unwrap_or_default();
        let catalogues = match (store, releases.first()) {
            (Some(store), Some(head)) => catalogues(store, head, &observed).await?,
            _ => BTreeMap::new(),
        };
        Ok(Self { releases, lineage, observed, ops, key, catalogues })
    }

    /// The latest release; none before the first, or with a lost store.
    pub(crate) fn head(&self) -> Option<&Release> {
        self.releases.first()
    }

    /// What serves; none where a database of the latest release could not be asked, so that nobody can compare.
    pub(crate) fn serving(&self) -> Option<Fingerprint> {
        let recorded = self.head().into_iter().flat_map(|head| &head.resources);
        let things = recorded.map(|(address, one)| (address, &one.resource));
        self.observed.silent(things).is_empty().then(|| self.observed.fingerprint())
    }

    /// What is there, beside the release that should be.
    pub(crate) fn compared(&self, project: &Project) -> Comparison {
        let mut compared = Comparison::new(self.head(), &self.lineage, &self.observed);
        explain(&mut compared.drift, &self.catalogues, &self.observed);
        if compared.is_recorded() {
            return compared;
        }
        match project.resolve(&self.key) {
            Ok((spec, _)) => compared.beside(&spec.resources),
            Err(_) => compared,
        }
    }

    /// The number of the release that an apply of this plan makes. One that does nothing only writes down what is.
    pub(crate) fn number_of(&self, plan: &Plan) -> u64 {
        let base = plan.base.as_ref().map_or(0, |base| base.number);
        let latest = self.head().map_or(0, |head| head.number).max(base);
        if plan.is_empty() && self.head().is_none() && latest > 0 { latest } else { latest + 1 }
    }
}

/// What the schemas were that are not as a release left them. One that is not kept any more is left out.
async fn catalogues(
    store: &dyn Store,
    head: &Release,
    observed: &Observed,
) -> Result<BTreeMap<String, Catalogue>, Failure> {
    let mut found = BTreeMap::new();
    for (name, left) in &head.databases {
        let differs = observed.database(name).is_some_and(|seen| seen.schema != left.standing.schema);
        let Some(file) = left.catalogue.filter(|_| differs) else { continue };
        match store.file(&file).await {
            Ok(text) => {
                found.extend(Catalogue::of_text(&String::from_utf8_lossy(&text)).map(|one| (name.clone(), one)));
            }
            Err(StoreError::NoFile(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// The applies that the store has closed, as the objects they made name them.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn ops(store: &dyn Store) -> Result<BTreeSet<String>, Failure> {
    Ok(store.history().await?.into_iter().map(|past| past.op.to_string()).collect())
}

/// The goal of reaching the spec. Images get their pins from the engine or the registry.
///
/// # Errors
/// When an image is nowhere, or nobody answers.
pub(crate) async fn to_spec(
    spec: &Spec,
    (tag, is_tag_asked): (String, bool),
    selection: Selection,
    engine: &dyn Observe,
) -> Result<Goal, Failure> {
    let pins = pins(spec, engine).await?;
    Ok(Goal {
        purpose: Purpose::Apply,
        tag,
        is_tag_asked,
        spec: spec.fingerprint(),
        desired: spec.pinned(&pins),
        selection,
        scope: spec.scope.clone(),
        demands_proof: spec.policy.require_proof,
        allows_losses: spec.policy.allow_destructive,
        notes: Vec::new(),
        places: spec.resources.keys().filter_map(|one| Some((one.clone(), spec.location(one)?))).collect(),
    })
}

/// The goal of going back to a release. Its secrets are marked by the values of now.
#[must_use]
pub(crate) fn to_release(release: &Release, vault: &Vault) -> Goal {
    let marked = |(address, recorded): (&Address, &Recorded)| {
        let mut resource = recorded.resource.clone();
        resource.mark_by(vault);
        (address.clone(), resource)
    };
    Goal {
        purpose: Purpose::Rollback(release.number),
        tag: release.tag.clone(),
        is_tag_asked: false,
        spec: release.spec,
        desired: release.resources.iter().map(marked).collect(),
        selection: Selection::default(),
        scope: release.scope.clone(),
        demands_proof: false,
        allows_losses: true,
        notes: other_secrets(release, vault),
        places: BTreeMap::new(),
    }
}

/// Says which secrets have another value than the release had: only today's are at hand, and only they are used.
fn other_secrets(release: &Release, vault: &Vault) -> Vec<String> {
    let resources = release.resources.values();
    let names: BTreeSet<_> = resources.flat_map(|recorded| recorded.resource.secrets_other_than(vault)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    vec![format!("{names}: the value has changed since that release; the one of today is used")]
}

/// The goal of removing everything; volumes only where that is wished for.
#[must_use]
pub(crate) fn to_nothing(scope: &Scope, volumes: bool) -> Goal {
    Goal {
        purpose: Purpose::Destroy,
        tag: "destroyed".to_owned(),
        is_tag_asked: false,
        spec: Fingerprint::of(&()),
        desired: BTreeMap::new(),
        selection: Selection { volumes, ..Selection::default() },
        scope: scope.clone(),
        demands_proof: false,
        allows_losses: true,
        notes: Vec::new(),
        places: BTreeMap::new(),
    }
}

/// The plan that reaches a goal from what is there.
///
/// # Errors
/// When no plan can end well, or the engine does not answer.
pub(crate) async fn plan(
    goal: &Goal,
    ground: &Ground,
    engine: &dyn Observe,
    evidence: &Evidence<'_>,
) -> Result<Plan, Failure> {
    if let Some((address, unasked)) = ground.observed.silent(&goal.desired).first() {
        let text = format!("{address} cannot be asked what it has: {}", crate::plain::plain(&unasked.why));
        let failure = Failure::new(Exit::Unusable, "omni::database::unreachable", text);
        return Err(failure.at(goal.places.get(address).cloned()).help(match &unasked.help {
            Some(help) => crate::plain::plain(help),
            None => "see to it that it answers; then run it again".to_owned(),
        }));
    }
    let images = present(&goal.desired, &goal.scope, engine).await?;
    let inputs = Inputs {
        scope: &goal.scope,
        purpose: &goal.purpose,
        tag: &goal.tag,
        spec: goal.spec,
        desired: &goal.desired,
        head: ground.head(),
        lineage: &ground.lineage,
        observed: &ground.observed,
        images: &images,
        worths: &evidence.worths(goal, ground),
        selection: &goal.selection,
    };
    let mut plan = Plan::build(&inputs)
        .map_err(|refusals| Failure::refusals(&refusals, |address| goal.places.get(address).cloned()))?;
    explain(&mut plan.drift, &ground.catalogues, &ground.observed);
    if plan.purpose == Purpose::Apply && !plan.is_empty() {
        plan.tag = tag::free(&goal.tag, goal.is_tag_asked, &ground.releases, ground.number_of(&plan))?;
    } else if let (Purpose::Apply, Some(base)) = (&plan.purpose, &plan.base) {
        plan.tag.clone_from(&base.tag);
    }
    if goal.demands_proof {
        policy::proven(&plan)?;
    }
    evidence.tell(&mut plan, goal, ground);
    if !goal.allows_losses {
        policy::harmless(&plan)?;
    }
    plan.warnings.extend(goal.notes.iter().cloned());
    Ok(plan)
}

async fn pins(spec: &Spec, engine: &dyn Observe) -> Result<BTreeMap<Address, Pin>, Failure> {
    let asked = images(&spec.resources).map(|(address, image)| async move {
        let pin = engine.pin(image).await.map_err(|fault| unpinned(fault, image, address, spec))?;
        Ok::<_, Failure>((address.clone(), pin))
    });
    Ok(try_join_all(asked).await?.into_iter().collect())
}

/// Why an image cannot be pinned, with who wants it and where the spec says so. Where the engine itself cannot be
/// used, the spec is not to blame.
fn unpinned(mut fault: Fault, image: &Image, address: &Address, spec: &Spec) -> Failure {
    if matches!(fault.kind, FaultKind::Unreachable | FaultKind::Denied) {
        return fault.into();
    }
    if let ImageSource::Reference(reference) = &image.source
        && !fault.message.contains(reference.as_str())
    {
        fault.message = format!("cannot find the image `{reference}`: {}", fault.message);
    }
    let is_user = |user: &Resource| user.requires().iter().any(|(required, _)| required == address);
    let users = spec.resources.iter().filter(|(_, user)| is_user(user)).map(|(user, _)| user.to_string());
    let users = users.collect::<Vec<_>>().join(", ");
    if !users.is_empty() {
        fault.message = format!("{users}: {}", fault.message);
    }
    Failure::from(fault).at(spec.location(address))
}

async fn present(
    resources: &BTreeMap<Address, Resource>,
    scope: &Scope,
    engine: &dyn Observe,
) -> Result<BTreeSet<Address>, Failure> {
    let asked = images(resources).map(|(address, image)| async move {
        let there = engine.has_image(scope, image, address.name()).await?;
        Ok::<_, Failure>(there.then(|| address.clone()))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

fn images(resources: &BTreeMap<Address, Resource>) -> impl Iterator<Item = (&Address, &Image)> {
    resources.iter().filter(|(address, _)| address.kind() == Kind::Image).filter_map(|(address, resource)| {
        match resource {
            Resource::Image(image) => Some((address, image)),
            _ => None,
        }
    })
}

/// Takes what these things are made of out of the store, as it was when they were recorded: the files of today may say
/// something else, or be gone.
///
/// # Errors
/// When the store does not answer, or has lost some of it.
pub(crate) async fn recall<'r>(
    vault: &mut Vault,
    things: impl Iterator<Item = &'r Resource>,
    store: &dyn Store,
) -> Result<(), StoreError> {
    for fingerprint in files(things) {
        vault.keep_file(store.file(&fingerprint).await?);
    }
    Ok(())
}

/// The file content that a release's containers need, by fingerprint.
pub(crate) fn files<'r>(resources: impl Iterator<Item = &'r Resource>) -> BTreeSet<Fingerprint> {
    resources.flat_map(Resource::files).collect()
}
