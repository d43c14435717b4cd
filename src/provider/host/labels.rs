//! The labels that every object of omni carries, and what is read back from them.
//!
//! They are how an object is found after any fault, and they repeat the planned resource with its secrets as holes, so
//! a deployment can be read from an engine without a store. What an engine adds is told apart through `asked`.

use crate::address::{Address, Scope};
use crate::fingerprint::Key;
use crate::observed::Provenance;
use crate::provider::Order;
use crate::provider::engine::{Asked, Labels};
use crate::resource::Resource;

/// The project.
pub const PROJECT: &str = "omni.project";
/// The environment; empty where there is none.
pub const ENVIRONMENT: &str = "omni.environment";
/// The address.
pub const NODE: &str = "omni.node";
/// The apply that made it.
pub const OP: &str = "omni.op";
/// The fence under which it was made.
pub const FENCE: &str = "omni.fence";
/// The number of the release it was made for.
pub const RELEASE: &str = "omni.release";
/// The tag of that release.
pub const TAG: &str = "omni.tag";
/// Which replica it is, from 1.
pub const REPLICA: &str = "omni.replica";
/// The key of the deployment, in hexadecimal digits.
pub const KEY: &str = "omni.key";
/// The planned resource as JSON.
pub const RESOURCE: &str = "omni.resource";

/// The labels that every object of a deployment carries.
#[must_use]
pub fn scope(scope: &Scope) -> Labels {
    let environment = scope.environment.clone().unwrap_or_default();
    Labels::from([(PROJECT.to_owned(), scope.project.clone()), (ENVIRONMENT.to_owned(), environment)])
}

/// The labels that every object at an address carries.
#[must_use]
pub fn node(of: &Scope, address: &Address) -> Labels {
    let mut labels = scope(of);
    labels.insert(NODE.to_owned(), address.to_string());
    labels
}

/// The labels that every object carries that an order makes.
#[must_use]
pub fn made(order: &Order<'_>) -> Labels {
    let mut labels = node(order.scope, order.address());
    labels.insert(OP.to_owned(), order.op.to_string());
    labels
}

/// All labels of an object that an order makes: those of its user, and omni's own.
///
/// # Panics
/// Never: a resource is plain data.
#[must_use]
pub fn all(order: &Order<'_>, users: &Labels, resource: &Resource, replica: u32) -> Labels {
    let mut labels = users.clone();
    labels.extend(made(order));
    labels.extend([
        (FENCE.to_owned(), order.fence.to_string()),
        (RELEASE.to_owned(), order.release.to_string()),
        (TAG.to_owned(), order.tag.to_owned()),
        (REPLICA.to_owned(), replica.to_string()),
        (KEY.to_owned(), order.key().to_hex()),
        (RESOURCE.to_owned(), serde_json::to_string(resource).expect("a resource is plain data")),
    ]);
    labels
}

/// Whether the labels are those of this order's own objects.
#[must_use]
pub fn is_made_by(labels: &Labels, order: &Order<'_>) -> bool {
    has(labels, &made(order))
}

/// Whether the labels hold all of these.
#[must_use]
pub fn has(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// The address that labels name; none where they name none.
#[must_use]
pub fn address(labels: &Labels) -> Option<Address> {
    labels.get(NODE)?.parse().ok()
}

/// The resource that labels repeat; none where they do not.
#[must_use]
pub fn resource(labels: &Labels) -> Option<Resource> {
    serde_json::from_str(labels.get(RESOURCE)?).ok()
}

/// Whether the labels are those of a stand-in, which an undo makes to take a name: it is nothing that a spec has.
#[must_use]
pub fn is_stand_in(labels: &Labels) -> bool {
    labels.contains_key(OP) && !labels.contains_key(RESOURCE)
}

/// The key that labels carry.
#[must_use]
pub fn key(labels: &Labels) -> Option<Key> {
    Key::from_hex(labels.get(KEY)?).ok()
}

/// Which replica labels name; the first where they name none.
#[must_use]
pub fn replica(labels: &Labels) -> u32 {
    number(labels, REPLICA).and_then(|number| u32::try_from(number).ok()).unwrap_or(1)
}

/// The fence that labels name; 0 where they name none.
#[must_use]
pub fn fence(labels: &Labels) -> u64 {
    number(labels, FENCE).unwrap_or_default()
}

/// Who made the object of these labels.
#[must_use]
pub fn provenance(labels: &Labels, created: Option<jiff::Timestamp>) -> Provenance {
    let text = |name: &str| labels.get(name).cloned().unwrap_or_default();
    Provenance {
        op: text(OP),
        fence: fence(labels),
        release: number(labels, RELEASE).unwrap_or_default(),
        tag: text(TAG),
        replica: replica(labels),
        created,
    }
}

/// What was asked for when a container was made, from its labels.
#[must_use]
pub fn asked(labels: &Labels) -> Option<Asked> {
    match resource(labels)? {
        Resource::Service(service) => Some(Asked {
            container: service.container,
            ports: service.ports,
            expose: service.expose,
            health: service.healthcheck,
        }),
        Resource::Job(job) => {
            Some(Asked { container: job.container, ports: [].into(), expose: [].into(), health: None })
        }
        _ => None,
    }
}

fn number(labels: &Labels, name: &str) -> Option<u64> {
    labels.get(name)?.parse().ok()
}
