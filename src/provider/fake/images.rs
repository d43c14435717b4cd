//! The images of the fake's world: pulled, built, tagged and removed, by the rules of a real engine.

use std::time::Duration;

use crate::fingerprint::Fingerprint;
use crate::provider::engine::NewImage;
use crate::provider::fake::behaviour::Behaviour;
use crate::provider::fake::image::{FakeImage, digest, repository, tagged};
use crate::provider::fake::world::{World, missing};
use crate::provider::{Fault, FaultKind};

impl World {
    pub(super) fn image(&self, reference: &str) -> Option<&FakeImage> {
        self.images.iter().find(|image| image.is(reference))
    }

    /// Keeps an image under a tag, which leaves the image that had it.
    pub(super) fn keep_image(&mut self, image: &FakeImage, tag: Option<&str>, digest: Option<&str>) {
        if let Some(tag) = tag {
            for other in &mut self.images {
                other.live.tags.retain(|had| had != tag);
            }
        }
        if !self.images.iter().any(|there| there.live.id == image.live.id) {
            self.images.push(image.clone());
        }
        if let Some(there) = self.images.iter_mut().find(|there| there.live.id == image.live.id) {
            there.live.tags.extend(tag.map(str::to_owned));
            if let Some(new) = digest.filter(|new| !there.live.digests.iter().any(|had| had == new)) {
                there.live.digests.push(new.to_owned());
            }
        }
    }

    pub(super) fn registry_digest(&self, reference: &str) -> Result<String, Fault> {
        self.registry.get(&tagged(reference)).map(digest).ok_or_else(|| missing("manifest", reference))
    }

    pub(super) fn pull(&mut self, reference: &str) -> Result<(), Fault> {
        let by_digest = reference.split_once('@').map(|(_, digest)| digest);
        let found = self.registry.iter().find(|(tag, image)| match by_digest {
            Some(wanted) => repository(tag) == repository(reference) && digest(image) == wanted,
            None => **tag == tagged(reference),
        });
        let image = found.map(|(_, image)| image.clone()).ok_or_else(|| missing("manifest", reference))?;
        let known = format!("{}@{}", repository(reference), digest(&image));
        let tag = by_digest.is_none().then(|| tagged(reference));
        self.keep_image(&image, tag.as_deref(), Some(&known));
        Ok(())
    }

    pub(super) fn build(&mut self, new: &NewImage) -> String {
        let content = Fingerprint::of(&(&new.context, &new.dockerfile, &new.target, &new.args, &new.labels));
        let mut image = FakeImage::of(&content.to_string(), Behaviour::Serves(Duration::ZERO), None);
        image.live.labels.clone_from(&new.labels);
        let id = image.live.id.clone();
        self.keep_image(&image, Some(&new.tag), None);
        id
    }

    /// Takes a tag or a digest from an image; with its last one the image goes.
    pub(super) fn remove_image(&mut self, reference: &str) -> Result<(), Fault> {
        let place = self.images.iter().position(|image| image.is(reference));
        let place = place.ok_or_else(|| missing("image", reference))?;
        let image = &mut self.images[place];
        let tag = tagged(reference);
        let others = image.live.tags.iter().filter(|had| **had != tag).count()
            + image.live.digests.iter().filter(|had| *had != reference).count();
        let last = others == 0 || image.live.id == reference;
        if !last {
            image.live.tags.retain(|had| *had != tag);
            image.live.digests.retain(|had| had != reference);
            return Ok(());
        }
        if self.containers.iter().any(|container| container.image == image.live.id) {
            return Err(Fault::new(FaultKind::Conflict, "image is being used by a container"));
        }
        self.images.remove(place);
        Ok(())
    }
}
