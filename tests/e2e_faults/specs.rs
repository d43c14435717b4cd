//! `Service`: one service of a spec in words, well and quick unless told otherwise.

use std::fmt::Write;

use crate::world::IMAGE;

/// One service of a spec.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    name: String,
    version: String,
    after: Vec<String>,
    environment: String,
    program: &'static str,
    more: String,
}

impl Service {
    pub(crate) fn new(name: &str, version: &str, after: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            after: after.iter().map(|name| (*name).to_owned()).collect(),
            environment: String::new(),
            program: "/fixture",
            more: "networks = [\"inside\"]\n".to_owned(),
        }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// One more variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.environment, ", {name} = \"{value}\"");
        self
    }

    /// Another program of the image.
    pub(crate) fn program(mut self, path: &'static str) -> Self {
        self.program = path;
        self
    }

    /// More lines of the spec, in place of the network.
    pub(crate) fn more(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.more);
        self
    }

    /// What the engine does when it ends.
    pub(crate) fn restart(mut self, policy: &str) -> Self {
        let _ = writeln!(self.more, "restart = \"{policy}\"");
        self
    }

    /// Never well; omni gives it up soon.
    pub(crate) fn ill(mut self) -> Self {
        self.more.push_str("update = { progress_deadline = \"1s\" }\n");
        self.set("HEALTHY", "false").set("LAST_WORDS", "last words of an ill one")
    }

    pub(crate) fn text(&self) -> String {
        let Self { name, version, environment, program, more, .. } = self;
        let after: Vec<_> = self.after.iter().map(|name| format!("{name} = \"healthy\"")).collect();
        format!(
            "[services.{name}]\nimage = \"{}\"\ncommand = [\"{program}\", \"serve\"]\n\
             environment = {{ VERSION = \"{version}\"{environment} }}\ndepends_on = {{ {} }}\n\
             healthcheck = {{ test = [\"/fixture\", \"health\"], interval = \"1m\", timeout = \"10s\", retries = 1, start_period = \"0s\" }}\n\
             stop_grace_period = \"2s\"\nresources.limits = {{ memory = \"64MiB\" }}\n{more}\n",
            *IMAGE,
            after.join(", ")
        )
    }
}

/// Five services, one network and one volume; from version 2 on there is a second network.
pub(crate) fn five(version: &str, change: impl Fn(Service) -> Service) -> String {
    let second = version != "1";
    let mut text = "[networks.inside]\n[volumes.data]\n".to_owned();
    if second {
        text.push_str("[networks.edge]\n");
    }
    let networks = if second { "networks = [\"inside\", \"edge\"]\n" } else { "networks = [\"inside\"]\n" };
    for service in [
        Service::new("db", version, &[]).more("networks = [\"inside\"]\nvolumes = [\"data:/data\"]\n"),
        Service::new("a", version, &["db"]),
        Service::new("b", version, &["db"]),
        Service::new("gateway", version, &["b"]),
        Service::new("web", version, &["a", "gateway"]).more(networks),
    ] {
        text.push_str(&change(service).text());
    }
    text
}
