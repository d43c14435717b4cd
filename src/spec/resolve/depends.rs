//! `depends_on`: which things have to be there first, found by name.

use std::collections::BTreeMap;

use super::Resolver;
use crate::address::{Address, Kind};
use crate::resource::{Condition, Probe, Resource};
use crate::spec::problem::Problem;
use crate::spec::problems::MOST;
use crate::spec::raw::RawContainer;
use crate::spec::suggest;
use crate::spec::tree::{self, Node, Value, below};

impl Resolver<'_> {
    /// What the container at a path depends on.
    pub(super) fn depends(&mut self, raw: &RawContainer, at: &[String], own: &Address) -> BTreeMap<Address, Condition> {
        let mut found = BTreeMap::new();
        let key = below(at, "depends_on");
        for (name, condition) in raw.depends_on.iter().flat_map(|depends| &depends.0) {
            let place = self.entry(&key, name);
            let Some(address) = self.dependency(name, &place) else { continue };
            if address == *own {
                let problem = Problem::error("omni::spec::cycle", &place, format!("{own} depends on itself"));
                self.report(problem.help("remove it"), &place, "its own name");
                continue;
            }
            if *condition == Condition::Completed && address.kind() != Kind::Job {
                let problem = Problem::error(
                    "omni::spec::conflict",
                    &place,
                    format!("`{name}` is a service and never completes"),
                );
                self.report(problem.help("write `healthy` or `started`, or make it a job"), &place, "never so");
            }
            if *condition == Condition::Healthy && address.kind() == Kind::Job {
                let problem =
                    Problem::error("omni::spec::conflict", &place, format!("`{name}` is a job and is never healthy"));
                self.report(problem.help("write `completed`"), &place, "never so");
            }
            self.links.insert((own.clone(), address.clone()), self.link(&place));
            // A job that only has to be started would race with what depends on it.
            let condition = if address.kind() == Kind::Job { Condition::Completed } else { *condition };
            found.insert(address, condition);
        }
        found
    }

    /// Warns where `healthy` is demanded of a service that checks nothing; called once every service is made.
    pub(super) fn unhealthy(&mut self) {
        let mut wrong = Vec::new();
        for (address, resource) in &self.resources {
            let depends = resource.container().map(|container| &container.depends_on).into_iter().flatten();
            for (needed, _) in depends.filter(|(_, condition)| **condition == Condition::Healthy) {
                let Some(Resource::Service(service)) = self.resources.get(needed) else { continue };
                if service.healthcheck.as_ref().is_some_and(|health| health.probe == Probe::Off) {
                    wrong.push((address.clone(), needed.clone()));
                }
            }
        }
        for (address, needed) in wrong {
            let section = if address.kind() == Kind::Job { "jobs" } else { "services" };
            let at = tree::path(&[section, address.name(), "depends_on", needed.name()]);
            let message = format!("{address} waits until {needed} is healthy, whose health check is off");
            let off = self.tree.key(&tree::path(&["services", needed.name(), "healthcheck"]));
            let place = self.links.get(&(address, needed)).cloned().unwrap_or_default();
            let problem = Problem::error("omni::spec::conflict", &at, message)
                .label(place, "never so")
                .label(off, "turned off here");
            self.problems.push(problem.help("write `started`, or give it a health check"));
        }
    }

    fn dependency(&mut self, name: &str, place: &[String]) -> Option<Address> {
        let sections = &self.raw.shared;
        let service = sections.services.get(name).map(|service| (Kind::Service, &service.shared));
        let found = service.or_else(|| sections.jobs.get(name).map(|job| (Kind::Job, &job.shared)));
        let Some((kind, raw)) = found else {
            let names = sections.services.keys().chain(sections.jobs.keys()).map(String::as_str);
            // A thing that was written and is wrong in itself is not unknown too.
            let written =
                ["services", "jobs"].iter().any(|section| self.tree.at(&tree::path(&[section, name])).is_some());
            if !written {
                // Comparing thousands with thousands takes minutes, and only the first problems are told.
                let few = self.problems.len() < MOST;
                let help = few
                    .then(|| suggest::question(name, names))
                    .flatten()
                    .unwrap_or_else(|| format!("add `[services.{name}]` or `[jobs.{name}]`"));
                let problem = Problem::error(
                    "omni::spec::unknown_name",
                    place,
                    format!("there is no service or job `{}`", crate::plain::plain(name)),
                );
                self.report(problem.help(help), place, "no such service or job");
            }
            return None;
        };
        if !self.takes_part(raw) {
            self.no_part(name, raw, place, "or give this one the same `profiles`");
            return None;
        }
        Some(Address::new(kind, name))
    }

    /// Reports a name of something that its profile leaves out.
    pub(super) fn no_part(&mut self, name: &str, raw: &RawContainer, place: &[String], otherwise: &str) {
        let profiles = suggest::choices(raw.profiles.iter().map(String::as_str));
        let message = format!("`{name}` takes no part: its profile was not chosen");
        let problem = Problem::error("omni::spec::unknown_name", place, message);
        self.report(problem.help(format!("choose the profile {profiles}, {otherwise}")), place, "takes no part");
    }

    /// The path of a name in a list or in a table.
    pub(super) fn entry(&self, at: &[String], name: &str) -> Vec<String> {
        let position = match self.tree.at(at).map(|node| &node.value) {
            Some(Value::List(items)) => items.iter().map(Node::text).position(|text| text == Some(name)),
            _ => None,
        };
        below(at, &position.map_or_else(|| name.to_owned(), |position| position.to_string()))
    }

    /// Where a link is written: its key and its value where they stand together.
    pub(super) fn link(&self, place: &[String]) -> std::ops::Range<usize> {
        let (key, value) = (self.tree.key(place), self.tree.place(place));
        if key.end <= value.start { key.start..value.end } else { value }
    }
}
