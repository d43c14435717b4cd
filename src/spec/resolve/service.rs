//! Services and jobs.

use super::Resolver;
use super::health::words;
use crate::address::{Address, Kind};
use crate::resource::{Health, Job, Probe, Restart, Service, Strategy, Update};
use crate::spec::problem::Problem;
use crate::spec::raw::{RawHandler, RawJob, RawService, RawUpdate};
use crate::spec::syntax::{expose, port, restart};
use crate::spec::tree::{self, below};
use crate::template::Template;
use crate::units::Period;

impl Resolver<'_> {
    pub(super) fn service(&mut self, name: &str, raw: &RawService) -> Service {
        let at = tree::path(&["services", name]);
        let restart = raw.own.restart.as_deref().and_then(|text| restart::parse(text).ok()).unwrap_or_default();
        let container = self.container(&raw.shared, &Address::new(Kind::Service, name), &at, restart);
        if container.limits.memory.is_none()
            && self.tree.at(&[at.as_slice(), &tree::path(&["resources", "limits", "memory"])].concat()).is_none()
        {
            let problem = Problem::warning(
                "omni::spec::no_memory_limit",
                &at,
                format!("`{}` has no memory limit", tree::joined(&at)),
            );
            let problem = problem.label(self.tree.key(&at), "may take all memory of the host");
            self.problems.push(problem.help("add `resources.limits = { memory = \"512MiB\" }`"));
        }
        let healthcheck = raw.own.healthcheck.as_ref().and_then(|raw| self.health(raw, &at));
        let update = self.update(&raw.own.update, healthcheck.as_ref(), &below(&at, "update"));
        Service {
            container,
            replicas: raw.own.replicas.unwrap_or(1),
            ports: raw.own.ports.iter().filter_map(|text| port::parse(text).ok()).collect(),
            expose: raw.own.expose.iter().filter_map(|text| expose::parse(text).ok()).collect(),
            healthcheck,
            update,
            rollback: self.handler(raw.own.rollback.as_ref(), &at),
        }
    }

    /// A service's handler. It runs in the old container, perhaps when a secret has another value than it had then, so
    /// it takes secrets from that container and not from here.
    fn handler(&mut self, raw: Option<&RawHandler>, at: &[String]) -> Option<Vec<Template>> {
        let words = words(&raw?.command);
        let place = [at, &tree::path(&["rollback", "command"])].concat();
        for (number, _) in words.iter().enumerate().filter(|(_, word)| word.is_secret()) {
            let place = below(&place, &number.to_string());
            let message = format!("a secret stands in `{}`, and may have changed by then", tree::joined(&place));
            let problem = Problem::error("omni::spec::secret_here", &place, message);
            let help = "the command runs inside the old container, which has its own variables: \
                        write `[\"sh\", \"-c\", \"tool \\\"$$NAME\\\"\"]`";
            self.report(problem.help(help), &place, "would be today's value");
        }
        Some(words)
    }

    pub(super) fn job(&mut self, name: &str, raw: &RawJob) -> Job {
        let at = tree::path(&["jobs", name]);
        let timeout = self.some_time(raw.own.timeout, &at, "timeout", Period::seconds(600));
        Job {
            container: self.container(&raw.shared, &Address::new(Kind::Job, name), &at, Restart::No),
            timeout,
            rollback: raw.own.rollback.as_ref().map(|handler| words(&handler.command)),
            side_effects: raw.own.side_effects.unwrap_or(true),
        }
    }

    fn update(&mut self, raw: &RawUpdate, health: Option<&Health>, at: &[String]) -> Update {
        // Without a check of its own only time can show that a container stays up.
        let checked = health.is_some_and(|health| health.probe != Probe::Off);
        Update {
            strategy: raw.strategy.unwrap_or(Strategy::Auto),
            order: raw.order,
            parallelism: raw.parallelism.unwrap_or(1),
            delay: raw.delay.unwrap_or_default(),
            monitor: raw.monitor.unwrap_or(Period::seconds(u64::from(!checked))),
            progress_deadline: self.some_time(raw.progress_deadline, at, "progress_deadline", Period::seconds(300)),
        }
    }
}
