//! Names of things: whether they can be names, and whether services and jobs share one.

use super::Resolver;
use crate::spec::problem::Problem;
use crate::spec::syntax::name;
use crate::spec::tree;

impl Resolver<'_> {
    /// Checks every name that the spec gives.
    pub(super) fn names(&mut self) {
        let sections = &self.raw.shared;
        let networks = sections.networks.keys().map(|name| ("networks", name));
        let volumes = sections.volumes.keys().map(|name| ("volumes", name));
        let services = sections.services.keys().map(|name| ("services", name));
        let jobs = sections.jobs.keys().map(|name| ("jobs", name));
        let databases = sections.databases.keys().map(|name| ("databases", name));
        for (section, name) in networks.chain(volumes).chain(services).chain(jobs).chain(databases) {
            let at = tree::path(&[section, name]);
            if let Err(help) = name::check(name) {
                let problem =
                    Problem::error("omni::spec::bad_name", &at, format!("`{}` is no name", crate::plain::plain(name)));
                self.problems.push(problem.label(self.tree.key(&at), "not a name").help(help));
            }
        }
        for name in sections.databases.keys().filter(|name| name.contains('.')) {
            let at = tree::path(&["databases", name]);
            let shown = crate::plain::plain(name);
            let problem = Problem::error("omni::spec::bad_name", &at, format!("`{shown}` is no name of a database"));
            let help = "a `.` stands between a database and its migrations, as in `migration.shop.0042_add_tax`";
            self.problems.push(problem.label(self.tree.key(&at), "holds a `.`").help(help));
        }
        for name in sections.jobs.keys().filter(|name| sections.services.contains_key(*name)) {
            let (job, service) = (tree::path(&["jobs", name]), tree::path(&["services", name]));
            let problem = Problem::error(
                "omni::spec::duplicate_name",
                &job,
                format!("a service and a job are both called `{name}`"),
            );
            let problem = problem.label(self.tree.key(&job), "the job").label(self.tree.key(&service), "the service");
            self.problems.push(problem.help("rename one: `depends_on` names both in the same way"));
        }
    }
}
