//! Names that omni gives to objects on an engine: the same order always makes the same names.
//!
//! A container's name holds the fence, so two applies never compete for one, and it is what settles a create whose
//! answer was lost. Networks are found by label, since an engine lets several share a name.

use crate::address::{Address, Scope};
use crate::fingerprint::Fingerprint;
use crate::provider::{Fault, FaultKind};
use crate::resource::{Image, ImageSource, ImageUse, Pin};

/// The image without content from which the anchor, and what stands in for a lost container, are made.
pub const EMPTY_IMAGE: &str = "omni/empty:1";

/// The name of a container: `shop-prod-web-57`, and `shop-prod-web-57-2` for the second replica.
#[must_use]
pub fn container(scope: &Scope, address: &Address, fence: u64, replica: u32) -> String {
    let first = format!("{}-{}-{fence}", scope.prefix(), address.name());
    if replica <= 1 { first } else { format!("{first}-{replica}") }
}

/// The name of the container that takes a job's effect back.
#[must_use]
pub fn rollback(scope: &Scope, address: &Address, fence: u64) -> String {
    format!("{}-undo", container(scope, address, fence, 1))
}

/// The name of the anchor.
#[must_use]
pub fn anchor(scope: &Scope) -> String {
    format!("omni-lock-{}", scope.prefix())
}

/// The tag of an image that omni builds: `shop-prod/web:91ab04c2d7e1`.
#[must_use]
pub fn built(scope: &Scope, node: &str, build: &Fingerprint) -> String {
    format!("{}/{}:{}", scope.prefix(), node.to_lowercase(), build.short())
}

/// What the engine knows an image by: a reference with a digest, an id, the tag of a build, or without a pin the
/// reference as written.
#[must_use]
pub fn image(scope: &Scope, node: &str, image: &Image) -> String {
    match (&image.pin, &image.source) {
        (Some(pin), ImageSource::Reference(reference)) => pinned(scope, node, reference, pin),
        (Some(pin), ImageSource::Build(_)) => pinned(scope, node, "", pin),
        (None, ImageSource::Reference(reference)) => reference.clone(),
        (None, ImageSource::Build(build)) => built(scope, node, &Fingerprint::of(build)),
    }
}

/// What the engine knows the image of a container by.
///
/// # Errors
/// When the image was not pinned.
pub fn image_use(scope: &Scope, used: &ImageUse) -> Result<String, Fault> {
    let pin = used.pin.as_ref().ok_or_else(|| {
        Fault::new(FaultKind::Failed, format!("the plan does not say which `{}` is meant", used.reference))
            .help("run `omni plan` again")
    })?;
    Ok(pinned(scope, &used.node, &used.reference, pin))
}

fn pinned(scope: &Scope, node: &str, reference: &str, pin: &Pin) -> String {
    match pin {
        Pin::Digest(digest) => format!("{}@{digest}", repository(reference)),
        Pin::Id(id) => id.clone(),
        Pin::Build(build) => built(scope, node, build),
    }
}

/// The repository of a reference, as the engine writes it: without tag, digest, and the default registry.
#[must_use]
pub fn repository(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let name = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn knows_the_repository_of_a_reference() {
        for (reference, repo) in [
            ("postgres", "postgres"),
            ("postgres:16-alpine", "postgres"),
            ("docker.io/library/postgres:16", "postgres"),
            ("localhost:5000/shop/web:1", "localhost:5000/shop/web"),
            ("localhost:5000/shop/web", "localhost:5000/shop/web"),
            ("shop/web:1@sha256:abc", "shop/web"),
        ] {
            assert_eq!(repository(reference), repo);
        }
    }
}
