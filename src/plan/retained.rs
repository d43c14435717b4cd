//! `retained`: which objects on the engine serve nobody, and which of them a kept release still needs.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::address::{Address, Kind};
use crate::observed::{Object, Observed};
use crate::plan::recorded::of_newest_fence;
use crate::release::Release;
use crate::resource::Resource;

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

/// The objects that serve nobody, in the order in which they can be removed: containers first, then networks, then
/// images, where those that omni built are among the observed. Volumes are never among them.
///
/// Where no release is kept, because there was none or the store is lost, what serves is read from the engine: what is
/// up, and where nothing is, the newest that was made.
#[must_use]
pub fn retained(observed: &Observed, kept: &[Release]) -> Vec<Retained> {
    // Going back to a release that a newer one repeats is going back to that one, with its objects.
    let mut contents = BTreeSet::new();
    let mut newest_first: Vec<_> = kept.iter().collect();
    newest_first.sort_by_key(|release| Reverse(release.number));
    newest_first.retain(|release| contents.insert(release.content()));
    let mut needed: BTreeSet<&str> = ids(newest_first.iter().copied());
    let mut serving: BTreeSet<&str> = ids(kept.iter().max_by_key(|release| release.number).into_iter());
    if kept.is_empty() {
        serving.extend(newest(observed));
    }
    let joined = observed.serving().into_iter().filter(|(address, _)| address.kind() == Kind::Network);
    serving.extend(joined.flat_map(|(_, objects)| objects).map(|object| object.id.as_str()));
    let all = || observed.objects.iter().flat_map(|(address, objects)| objects.iter().map(move |one| (address, one)));
    let is_idle = |address: &Address, object: &Object| match address.kind() {
        Kind::Volume | Kind::Database | Kind::Backup | Kind::Proof | Kind::Migration => false,
        Kind::Image | Kind::Network => !serving.contains(object.id.as_str()),
        Kind::Job | Kind::Service => !object.status.is_up() && !serving.contains(object.id.as_str()),
    };
    let stays = |address: &Address, object: &Object| !is_idle(address, object) || needed.contains(object.id.as_str());
    let recorded = newest_first.iter().flat_map(|release| release.resources.values()).map(|one| &one.resource);
    let staying = all().filter(|(address, object)| stays(address, object)).map(|(_, object)| &object.resource);
    let images: BTreeSet<String> = recorded.chain(staying).filter_map(image).collect();
    let built = all().filter(|(address, object)| address.kind() == Kind::Image && images.contains(&object.name));
    needed.extend(built.map(|(_, object)| object.id.as_str()));
    let mut found: Vec<_> = all()
        .filter(|(address, object)| is_idle(address, object))
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

/// The tag of the image that a container runs, where omni built it: the engine has it in lower case.
fn image(resource: &Resource) -> Option<String> {
    Some(resource.container()?.image.reference.to_lowercase())
}

/// The newest containers and networks of each address at which nothing is up.
fn newest(observed: &Observed) -> impl Iterator<Item = &str> {
    let idle = observed.objects.iter().filter(|(address, objects)| match address.kind() {
        Kind::Job | Kind::Service => !objects.iter().any(|object| object.status.is_up()),
        Kind::Network => true,
        _ => false,
    });
    idle.flat_map(|(_, objects)| of_newest_fence(objects.iter())).map(|object| object.id.as_str())
}

fn ids<'a>(releases: impl Iterator<Item = &'a Release>) -> BTreeSet<&'a str> {
    let recorded = releases.flat_map(|release| release.resources.values());
    recorded.flat_map(|recorded| recorded.objects.iter().map(String::as_str)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::retained;
    use crate::address::Address;
    use crate::observed::{EngineFacts, Object, Observed, Provenance, Status};
    use crate::resource::{Network, Resource};

    /// An object that the apply of this fence made. What it is as a resource does not matter here.
    fn object(name: &str, fence: u64, status: Status) -> Object {
        let resource = Resource::Network(Network::bridge(name));
        let tag = format!("v{fence}");
        let provenance = Provenance { op: String::new(), fence, release: fence, tag, replica: 1, created: None };
        Object { id: name.to_owned(), name: name.to_owned(), resource, provenance, status }
    }

    fn listed(objects: &[(&str, Vec<Object>)]) -> Vec<String> {
        let engine = EngineFacts {
            id: String::new(),
            version: String::new(),
            host: String::new(),
            memory: 0,
            cpus: 1,
            platform: String::new(),
        };
        let address = |text: &str| text.parse::<Address>().expect("an address");
        let objects = objects.iter().map(|(at, objects)| (address(at), objects.clone())).collect();
        let observed = Observed { engine, objects, databases: BTreeMap::new(), key: None };
        retained(&observed, &[]).into_iter().filter(|one| !one.needed).map(|one| one.name).collect()
    }

    #[test]
    fn without_a_release_what_is_up_stays_and_the_newest_of_what_is_not() {
        let (done, up) = (Status::Exited { code: 0 }, Status::Running { since: None, healthy: None });
        let found = listed(&[
            ("service.web", vec![object("web-3", 3, done.clone()), object("web-2", 2, up)]),
            ("service.down", vec![object("down-3", 3, done.clone()), object("down-1", 1, done.clone())]),
            // Its container is the evidence that it has run: without one it runs again.
            ("job.migrate", vec![object("migrate-2", 2, done.clone()), object("migrate-1", 1, done)]),
            ("network.inside", vec![object("inside-2", 2, Status::Present), object("inside-1", 1, Status::Present)]),
            ("volume.data", vec![object("data", 1, Status::Present)]),
            ("image.web", vec![object("shop/web:1", 1, Status::Present)]),
        ]);
        assert_eq!(found, ["down-1", "web-3", "migrate-1", "inside-1", "shop/web:1"]);
    }
}
