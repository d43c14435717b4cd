//! `FakeImage`: an image of the fake, local or in its registry.

use std::collections::BTreeMap;

use crate::fingerprint::Fingerprint;
use crate::provider::engine::LiveImage;
use crate::provider::fake::behaviour::Behaviour;
use crate::resource::Health;

/// An image, and what its process does.
#[derive(Debug, Clone)]
pub(super) struct FakeImage {
    pub(super) live: LiveImage,
    /// Variables that it brings.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) behaviour: Behaviour,
}

impl FakeImage {
    /// The image of this content.
    pub(super) fn of(content: &str, behaviour: Behaviour, health: Option<Health>) -> Self {
        let id = format!("sha256:{}", Fingerprint::of(&("image", content)));
        let live = LiveImage { id, digests: Vec::new(), tags: Vec::new(), labels: BTreeMap::new(), health };
        let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        Self { live, environment, behaviour }
    }

    /// Whether it is the image that this id, digest or tag means.
    pub(super) fn is(&self, reference: &str) -> bool {
        let tag = tagged(reference);
        self.live.id == reference
            || self.live.digests.iter().any(|digest| digest == reference)
            || self.live.tags.contains(&tag)
    }
}

/// A reference with its tag.
pub(super) fn tagged(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if last.contains(':') || last.contains('@') { reference.to_owned() } else { format!("{reference}:latest") }
}

/// The digest by which the registry knows an image.
pub(super) fn digest(image: &FakeImage) -> String {
    format!("sha256:{}", Fingerprint::of(&("manifest", &image.live.id)))
}

/// The repository of a reference.
pub(super) fn repository(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name)
}
