//! `Spec`: deploy.toml as it was meant: checked, with one environment laid over it, variables filled in, files read.
//!
//! Text becomes a tree (`document`), an overlay is merged (`overlay`), variables are filled in (`variables`,
//! `contract`), keys and types are held against the schema (`check`), and what is right becomes resources (`resolve`).
//! Every problem of a spec is told at once, with its place. Who requires whom is left to `graph`; what is done,
//! to `plan`.

mod check;
mod codes;
mod contract;
mod document;
mod excerpt;
mod format;
mod interpolation;
mod outline;
mod overlay;
mod problem;
mod problems;
mod raw;
mod request;
mod resolve;
mod resolving;
mod rules;
mod schema;
mod starter;
mod suggest;
mod syntax;
mod tree;
mod variables;
mod written;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::address::{Address, Scope};
use crate::fingerprint::Fingerprint;
use crate::resource::{Origin, Pin, Resource};
use crate::template::Vault;

pub use codes::codes;
pub use format::format;
pub use outline::{Outline, outline};
pub use problem::{Label, Problem, Severity};
pub use problems::{Problems, Shown, Source};
pub use request::{Files, Request};
pub use rules::{HostPaths, OnFailure, Policy, RollbackPolicy};
pub use schema::schema;
pub use starter::starter;
pub(crate) use suggest::near;
pub use syntax::env_file::{NotAVariable, env_file};
pub use syntax::tag::{LONGEST_TAG, check_tag, is_tag_character};
pub use written::{Changed, Written};

/// What should be deployed, and how.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Which deployment it is.
    pub scope: Scope,
    /// The version that is deployed; what git says where none.
    pub version: Option<String>,
    /// Where the engine is; found where none.
    pub engine_host: Option<String>,
    /// The URL of the store; a file in `.omni/` where none.
    pub store: Option<String>,
    /// What a failed apply does, and which releases are kept.
    pub rollback: RollbackPolicy,
    /// What is allowed and what is demanded.
    pub policy: Policy,
    /// Whether somebody has to approve each plan.
    pub approval: bool,
    /// Everything that should exist.
    pub resources: BTreeMap<Address, Resource>,
    /// What it was read from.
    pub written: Written,
    /// What somebody should know and what forbids nothing, sorted by place.
    pub warnings: Problems,
    places: BTreeMap<Address, Range<usize>>,
    links: BTreeMap<(Address, Address), Range<usize>>,
}

impl Spec {
    /// Reads a spec. The vault holds the values of its secrets and the content of its files.
    ///
    /// # Errors
    /// Every problem at once, warnings included, with at least one error.
    pub fn resolve(request: &Request<'_>) -> Result<(Self, Vault), Problems> {
        resolving::resolve(request)
    }

    /// The fingerprint of what decides the deployment: what should exist, where, and what a failure does.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let resources: BTreeMap<_, _> = self.resources.iter().collect();
        Fingerprint::of(&(&self.scope, resources, &self.rollback, &self.policy))
    }

    /// The resources with exact images: each image and each use of it gets the pin of its node.
    /// A node that is not among the pins keeps the pin it has.
    #[must_use]
    pub fn pinned(&self, pins: &BTreeMap<Address, Pin>) -> BTreeMap<Address, Resource> {
        let mut resources = self.resources.clone();
        for (address, resource) in &mut resources {
            if let (Resource::Image(image), Some(pin)) = (&mut *resource, pins.get(address)) {
                image.pin = Some(pin.clone());
            }
            if let Some(container) = resource.container_mut() {
                let node = Address::new(crate::address::Kind::Image, container.image.node.clone());
                if let Some(pin) = pins.get(&node) {
                    container.image.pin = Some(pin.clone());
                }
            }
        }
        resources
    }

    /// Where a thing is written in the spec, in bytes; none for what is implied.
    #[must_use]
    pub fn place(&self, address: &Address) -> Option<Range<usize>> {
        self.places.get(address).filter(|place| !place.is_empty()).cloned()
    }

    /// Where a thing is written in the spec, as people and editors write it: `deploy.toml:61:1`.
    #[must_use]
    pub fn location(&self, address: &Address) -> Option<String> {
        let (line, column) = self.source().position(self.place(address)?.start);
        Some(format!("{}:{line}:{column}", self.source().name()))
    }

    /// The text of the spec and the name of its file.
    #[must_use]
    pub const fn source(&self) -> &Source {
        self.warnings.source()
    }

    /// The problem of things that require each other in a circle, with a label at each link of the `graph::Ring`.
    #[must_use]
    pub fn cycle(&self, links: &[(Address, Origin)]) -> Problems {
        let names: Vec<_> = links.iter().chain(links.first()).map(|(address, _)| address.to_string()).collect();
        let mut problem = Problem::error(
            "omni::spec::cycle",
            &[],
            format!("these depend on each other in a circle: {}", names.join(" -> ")),
        );
        let next = links.iter().cycle().skip(1);
        for ((from, origin), (to, _)) in links.iter().zip(next) {
            if let Some(place) = self.links.get(&(from.clone(), to.clone())) {
                problem = problem.label(place.clone(), format!("{from} {}", told(*origin, to)));
            }
        }
        let problem = problem.help("remove one of these links: nothing of the circle could ever start");
        Problems::new(self.source().clone(), vec![problem])
    }
}

fn told(origin: Origin, to: &Address) -> String {
    match origin {
        Origin::DependsOnStarted => format!("waits until {to} runs"),
        Origin::DependsOnHealthy => format!("waits until {to} is healthy"),
        Origin::DependsOnCompleted => format!("waits until {to} has completed"),
        Origin::RunsOn => format!("runs on {to}"),
        _ => format!("uses {to}"),
    }
}
