//! Raw → resources: every default filled in, every name found, every file read.
//!
//! One file per part of a thing; `overlap` and `host` hold the checks that need more than one part. What is wrong
//! is collected; a thing with something wrong in it is still made, so that the rest can be looked at.

mod backups;
mod container;
mod databases;
mod depends;
mod health;
mod host;
mod image;
mod migrations;
mod names;
mod overlap;
mod period;
pub(super) mod place;
mod service;
mod shared;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::problem::Problem;
use super::raw::{RawContainer, RawSpec, RawVariable};
use super::request::Files;
use super::rules::Policy;
use super::suggest;
use super::tree::{self, Node, Span};
use crate::address::{Address, Kind, Scope};
use crate::resource::Resource;
use crate::template::Vault;

/// What the resources of a spec are made from, and what was made so far.
pub(super) struct Resolver<'a> {
    pub(super) scope: &'a Scope,
    pub(super) tree: &'a Node,
    pub(super) raw: &'a RawSpec,
    pub(super) declared: &'a BTreeMap<String, RawVariable>,
    pub(super) root: &'a Path,
    pub(super) files: &'a dyn Files,
    pub(super) profiles: &'a [String],
    pub(super) policy: &'a Policy,
    pub(super) vault: Vault,
    pub(super) problems: Vec<Problem>,
    pub(super) resources: BTreeMap<Address, Resource>,
    /// Where each requirement was written.
    pub(super) links: BTreeMap<(Address, Address), Span>,
    /// Where each thing was written.
    pub(super) places: BTreeMap<Address, Span>,
}

impl Resolver<'_> {
    /// Makes every resource of the spec.
    pub(super) fn all(&mut self) {
        let sections = &self.raw.shared;
        self.names();
        for (name, raw) in &sections.networks {
            self.network(name, raw);
        }
        for (name, raw) in &sections.volumes {
            self.volume(name, raw);
        }
        for (name, raw) in &sections.services {
            if self.takes_part(&raw.shared) {
                let service = self.service(name, raw);
                self.keep(Kind::Service, name, &["services", name], Resource::Service(Box::new(service)));
            }
        }
        for (name, raw) in &sections.jobs {
            if self.takes_part(&raw.shared) {
                let job = self.job(name, raw);
                self.keep(Kind::Job, name, &["jobs", name], Resource::Job(Box::new(job)));
            }
        }
        self.all_databases();
        self.no_instant(
            self.raw.shared.rollback.window,
            &tree::path(&["rollback"]),
            "window",
            "leave it out to keep releases however old they are",
        );
        self.overlaps();
        self.unused();
    }

    /// Checks that each chosen profile is one that a service or a job names: what a misspelt one leaves out is removed.
    pub(super) fn known_profiles(&mut self) {
        let shared = &self.raw.shared;
        let services = shared.services.values().map(|raw| &raw.shared);
        let containers = services.chain(shared.jobs.values().map(|raw| &raw.shared));
        let known: BTreeSet<_> = containers.flat_map(|raw| &raw.profiles).map(String::as_str).collect();
        for chosen in self.profiles.iter().filter(|chosen| !known.contains(chosen.as_str())) {
            let message = format!("no service and no job has the profile `{}`", crate::plain::plain(chosen));
            let question = suggest::question(chosen, known.iter().copied());
            let help = if known.is_empty() {
                "leave `--profile` out: there are none".to_owned()
            } else {
                let there = format!("there are {}", suggest::listed(known.iter().copied()));
                question.into_iter().chain([there]).collect::<Vec<_>>().join(" ")
            };
            self.problems.push(Problem::error("omni::spec::unknown_profile", &[], message).help(help));
        }
    }

    /// Whether a container belongs to a chosen profile, or to none.
    fn takes_part(&self, raw: &RawContainer) -> bool {
        raw.profiles.is_empty() || raw.profiles.iter().any(|profile| self.profiles.contains(profile))
    }

    fn keep(&mut self, kind: Kind, name: &str, at: &[&str], resource: Resource) {
        let address = Address::new(kind, name);
        self.places.insert(address.clone(), self.tree.key(&tree::path(at)));
        self.resources.insert(address, resource);
    }

    /// Reports a problem with a label at a path.
    fn report(&mut self, problem: Problem, at: &[String], label: impl Into<String>) {
        let place = self.tree.place(at);
        self.problems.push(problem.label(place, label));
    }

    /// The names that containers use from one section.
    fn used(&self, kind: Kind) -> BTreeSet<String> {
        let requirements = self.resources.values().flat_map(Resource::requires);
        requirements
            .filter(|(address, _)| address.kind() == kind)
            .map(|(address, _)| address.name().to_owned())
            .collect()
    }
}
