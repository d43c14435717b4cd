//! `retained`: which objects on the engine serve nobody, and which of them a kept release still needs.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::address::{Address, Kind};
use crate::observed::Observed;
use crate::release::Release;

/// An object that serves nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// Which thing it was.
    pub address: Address,
    /// The engine's id.
    pub id: String,
    /// Its name on the engine.
    pub name: String,
    /// The tag of the release it was made for.
    pub tag: String,
    /// Whether a kept release needs it: it must not be removed.
    pub needed: bool,
}

/// The objects that serve nobody, in the order in which they can be removed: containers first, then networks. Volumes
/// are never among them.
#[must_use]
pub fn retained(observed: &Observed, kept: &[Release]) -> Vec<Retained> {
    // Going back to a release that a newer one repeats is going back to that one, with its objects.
    let mut contents = BTreeSet::new();
    let mut newest_first: Vec<_> = kept.iter().collect();
    newest_first.sort_by_key(|release| Reverse(release.number));
    newest_first.retain(|release| contents.insert(release.content()));
    let needed: BTreeSet<&str> = ids(newest_first.into_iter());
    let serving: BTreeSet<&str> = ids(kept.iter().max_by_key(|release| release.number).into_iter());
    let mut found: Vec<_> = observed
        .objects
        .iter()
        .filter(|(address, _)| address.kind() != Kind::Volume)
        .flat_map(|(address, objects)| objects.iter().map(move |object| (address, object)))
        .filter(|(address, object)| {
            let idle = address.kind() == Kind::Network || !object.status.is_up();
            idle && !serving.contains(object.id.as_str())
        })
        .map(|(address, object)| Retained {
            address: address.clone(),
            id: object.id.clone(),
            name: object.name.clone(),
            tag: object.provenance.tag.clone(),
            needed: needed.contains(object.id.as_str()),
        })
        .collect();
    found.sort_by(|a, b| b.address.kind().cmp(&a.address.kind()).then_with(|| a.name.cmp(&b.name)));
    found
}

fn ids<'a>(releases: impl Iterator<Item = &'a Release>) -> BTreeSet<&'a str> {
    let recorded = releases.flat_map(|release| release.resources.values());
    recorded.flat_map(|recorded| recorded.objects.iter().map(String::as_str)).collect()
}
