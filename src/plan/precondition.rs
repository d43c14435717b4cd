//! `Precondition`: what a plan took for granted about one thing; `Moved`: that it no longer holds.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::observed::Object;

/// What a plan took for granted about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precondition {
    /// Which thing.
    pub address: Address,
    /// The fingerprint of its objects as they were seen: ids, content and whether each is up.
    pub seen: Fingerprint,
}

impl Precondition {
    /// What holds now of the objects at an address.
    #[must_use]
    pub fn of(address: &Address, objects: &[&Object]) -> Self {
        let seen: Vec<_> = objects.iter().map(|o| (&o.id, &o.resource, o.status.word())).collect();
        Self { address: address.clone(), seen: Fingerprint::of(&seen) }
    }
}

/// What has changed since a plan was made, so that it no longer fits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Moved {
    /// The spec, a variable, a file it names or an image it pins is another one.
    #[error("the spec is no longer the one that was planned")]
    Spec,
    /// Another release was applied.
    #[error("the plan starts from {planned}, but the deployment is at {now}")]
    Base {
        /// The release the plan starts from.
        planned: String,
        /// The release of now.
        now: String,
    },
    /// The engine is another one.
    #[error("the plan was made for the engine `{planned}`, but this is `{now}`")]
    Engine {
        /// The engine's id in the plan.
        planned: String,
        /// The id of this one.
        now: String,
    },
    /// A thing on the engine is no longer as it was seen.
    #[error("{0} is no longer as it was planned")]
    Thing(Address),
    /// The steps came out otherwise though every input is the same: another version of omni planned.
    #[error("the plan comes out otherwise now: it was made by another version of omni, or edited")]
    Steps,
}
