//! Images: which one is meant, bringing it onto the engine, and taking it away again.
//!
//! A pull goes by digest and a build by the fingerprint of its context, so what runs is what was planned.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::address::{Address, Kind, Scope};
use crate::fingerprint::Fingerprint;
use crate::journal::Effect;
use crate::observed::{Object, Status};
use crate::plain::plain;
use crate::plan::Action;
use crate::provider::engine::{Engine, Labels, LiveImage, NewImage};
use crate::provider::host::calls::{Calls, sent};
use crate::provider::host::{Doing, labels, names};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Build, Image, ImageSource, Pin, PullPolicy, Resource};

/// How often an engine may refuse to remove an image before it counts as used.
const REFUSED: u32 = 3;

pub(super) async fn pin<E: Engine>(calls: &Calls<'_, E>, image: &Image) -> Result<Pin, Fault> {
    let reference = match &image.source {
        ImageSource::Build(build) => return Ok(Pin::Build(Fingerprint::of(build))),
        ImageSource::Reference(reference) => reference,
    };
    if let Some((_, digest)) = reference.split_once("@sha256:") {
        return Ok(Pin::Digest(format!("sha256:{digest}")));
    }
    if image.pull_policy != PullPolicy::Always {
        if let Some(live) = calls.image(reference).await? {
            let repository = names::repository(reference);
            let known = live.digests.iter().filter_map(|known| known.split_once('@'));
            let digest = known.filter(|(name, _)| names::repository(name) == repository).map(|(_, digest)| digest);
            return Ok(digest.min().map_or_else(|| Pin::Id(live.id.clone()), |digest| Pin::Digest(digest.to_owned())));
        }
        if image.pull_policy == PullPolicy::Never {
            let text = format!("the engine has no image `{reference}`, and `pull_policy` is \"never\"");
            return Err(Fault::new(FaultKind::NotFound, text)
                .help("load or build the image on the engine, or set `pull_policy = \"missing\"`"));
        }
    }
    calls.read(|| calls.engine.registry_digest(reference)).await.map(Pin::Digest)
}

/// Every image that omni built for a deployment. Another image that was made from one has its labels too: omni's own
/// has the tag of its build, or none where the build was cut off, or where another one took the tag.
pub(super) async fn built<E: Engine>(calls: &Calls<'_, E>, scope: &Scope) -> Result<Vec<(Address, Object)>, Fault> {
    let mut found = Vec::new();
    let mut tagged = BTreeSet::new();
    for live in calls.images(&labels::scope(scope)).await? {
        let Some(address) = labels::address(&live.labels).filter(|address| address.kind() == Kind::Image) else {
            continue;
        };
        let Some(Resource::Image(image)) = labels::resource(&live.labels) else { continue };
        let tag = names::image(scope, address.name(), &image);
        let is_tagged = live.tags.contains(&tag);
        if !is_tagged && !live.tags.is_empty() {
            continue;
        }
        if is_tagged {
            tagged.insert(tag.clone());
        }
        let provenance = labels::provenance(&live.labels, None);
        let id = if is_tagged { tag.clone() } else { live.id };
        let resource = Resource::Image(image);
        found.push((address, Object { id, name: tag, resource, provenance, status: Status::Present }));
    }
    for (_, object) in &mut found {
        // What needs the tag has the image that bears it.
        if object.id != object.name && tagged.contains(&object.name) {
            object.name = object.id.chars().take("sha256:".len() + 12).collect();
        }
    }
    Ok(found)
}

impl<E: Engine> Doing<'_, E> {
    pub(super) async fn bring_image(&self, image: &Image) -> Result<Effect, Fault> {
        let name = names::image(self.order.scope, self.order.address().name(), image);
        if let Some(live) = self.calls.image(&name).await? {
            return Ok(Effect { objects: vec![live.id], note: "present".to_owned() });
        }
        let note = match (&image.source, &image.pin) {
            (_, Some(Pin::Id(id))) => {
                let text = format!("the image {id} is gone from the engine, and no registry has it");
                return Err(
                    Fault::new(FaultKind::NotFound, text).help("load the image again, or run `omni plan` again")
                );
            }
            (ImageSource::Build(build), _) => self.build(image, build, &name).await?,
            (ImageSource::Reference(_), _) => self.pull(image, &name).await?,
        };
        match self.calls.image(&name).await? {
            Some(live) => Ok(Effect { objects: vec![live.id], note: note.to_owned() }),
            None => {
                Err(Fault::new(FaultKind::Failed, format!("the engine has no image `{name}` though it was {note}")))
            }
        }
    }

    async fn pull(&self, image: &Image, name: &str) -> Result<&'static str, Fault> {
        let engine = self.calls.engine;
        match sent(engine.pull(name, image.platform.as_deref(), self.order.progress)).await {
            // A pull may be done twice: the engine keeps the layers that it has.
            Err(fault) if fault.kind.is_passing() => {
                sent(engine.pull(name, image.platform.as_deref(), self.order.progress)).await?;
            }
            answer => answer?,
        }
        Ok("pulled")
    }

    async fn build(&self, image: &Image, build: &Build, tag: &str) -> Result<&'static str, Fault> {
        let files = (self.host.contexts)(self.order.root, build)
            .map_err(|why| Fault::new(FaultKind::Failed, format!("the build context cannot be read: {why}")))?;
        if files.content != build.content {
            return Err(
                Fault::new(FaultKind::Failed, "the build context changed since the plan").help("run `omni plan` again")
            );
        }
        let resource = Resource::Image(image.clone());
        let new = NewImage {
            tag: tag.to_owned(),
            labels: labels::all(&self.order, &Labels::new(), &resource, 1),
            dockerfile: build.dockerfile.clone(),
            target: build.target.clone(),
            args: build.args.clone(),
            platform: image.platform.clone(),
            context: files.tar,
        };
        let mut answer = sent(self.calls.engine.build(&new, self.order.progress)).await;
        if answer.as_ref().is_err_and(|fault| fault.kind.is_passing()) {
            answer = sent(self.calls.engine.build(&new, self.order.progress)).await;
        }
        answer.map(|_| "built").map_err(|fault| misread(fault, build))
    }

    /// Takes the image away if this order brought it; one that is used by now stays.
    pub(super) async fn drop_image(&self) -> Result<(), Fault> {
        debug_assert_eq!(self.order.address().kind(), Kind::Image);
        let Some(Resource::Image(image)) = &self.order.change.after else { return Ok(()) };
        let name = names::image(self.order.scope, self.order.address().name(), image);
        let ours = |live: &LiveImage| match (&image.source, &image.pin) {
            (_, Some(Pin::Id(_))) => false,
            (ImageSource::Build(_), _) => labels::is_made_by(&live.labels, &self.order),
            (ImageSource::Reference(_), _) => self.order.change.action == Action::Create,
        };
        // Refused again and again: a container uses it.
        let refused = AtomicU32::new(0);
        let look = || async {
            let found =
                self.calls.image(&name).await?.filter(|live| ours(live) && refused.load(Ordering::Relaxed) < REFUSED);
            Ok(found.into_iter().collect())
        };
        let remove = |_: LiveImage| async {
            match self.calls.gone(|| self.calls.engine.remove_image(&name)).await {
                Err(fault) if fault.kind == FaultKind::Conflict => {
                    refused.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                }
                answer => answer,
            }
        };
        self.calls.sweep(self.late(), look, remove).await
    }
}

/// The fault of a build, with the name of the Dockerfile where the engine only says at which line it stopped to read.
fn misread(mut fault: Fault, build: &Build) -> Fault {
    if fault.message.contains("parse error") {
        fault.message = format!("`{}/{}`: {}", plain(&build.context), plain(&build.dockerfile), fault.message);
    }
    fault
}
