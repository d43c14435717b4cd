//! `Precondition`: what a plan took for granted about one thing; `Moved`: that it no longer holds.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::observed::Object;
use crate::spec::{Changed, Written};

/// What a plan took for granted about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precondition {
    /// Which thing.
    pub address: Address,
    /// The fingerprint of its objects as they were seen: ids, content and whether each is up.
    pub seen: Fingerprint,
}

impl Moved {
    /// The same with what exactly has changed of the spec, between what it was read from and what it is read from now.
    #[must_use]
    pub fn explained(self, planned: &Written, now: &Written) -> Vec<Self> {
        if self != Self::Spec {
            return vec![self];
        }
        let text = (planned.text != now.text).then_some(Self::Text);
        let variables = planned.changed(now).into_iter().map(|(name, how)| match how {
            Changed::Value => Self::Variable(name.to_owned()),
            Changed::Gone => Self::VariableGone(name.to_owned()),
            Changed::New => Self::VariableNew(name.to_owned()),
        });
        let found: Vec<_> = text.into_iter().chain(variables).collect();
        if found.is_empty() { vec![Self::Named] } else { found }
    }
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
    /// The text of the spec is another one.
    #[error("deploy.toml is no longer the one that was planned")]
    Text,
    /// A variable that the spec uses has another value.
    #[error("the variable `{0}` has another value than when it was planned")]
    Variable(String),
    /// A variable that the spec uses is no longer set.
    #[error("the variable `{0}` was set when it was planned, and is not set now")]
    VariableGone(String),
    /// A variable that the spec uses was not set.
    #[error("the variable `{0}` was not set when it was planned, and is set now")]
    VariableNew(String),
    /// A file that the spec names, or an image that it pins, is another one.
    #[error("a file or an image that deploy.toml names is no longer as it was planned")]
    Named,
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
