//! Health checks: which of the forms was written, with every default.

use super::Resolver;
use crate::resource::{Health, Probe};
use crate::spec::problem::Problem;
use crate::spec::raw::{RawHealth, Words};
use crate::spec::tree::{self, below};
use crate::template::Template;
use crate::units::Period;

impl Resolver<'_> {
    /// The health check at a path; none where nothing right was written.
    pub(super) fn health(&mut self, raw: &RawHealth, at: &[String]) -> Option<Health> {
        let at = &below(at, "healthcheck");
        let forms = [
            ("test", raw.test.is_some()),
            ("http", raw.http.is_some()),
            ("tcp", raw.tcp.is_some()),
            ("disable", raw.disable),
        ];
        let given: Vec<_> = forms.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if let [first, second, ..] = given.as_slice() {
            let message = format!("`{}` has `{first}` and `{second}`", tree::joined(at));
            let (first, second) = (self.tree.key(&below(at, first)), self.tree.key(&below(at, second)));
            let problem = Problem::error("omni::spec::conflict", at, message)
                .label(first, "one way")
                .label(second, "another way");
            self.problems.push(problem.help("keep one of `test`, `http`, `tcp` and `disable`"));
            return None;
        }
        let interval = self.some_time(raw.interval, at, "interval", Period::seconds(5));
        let timeout = self.some_time(raw.timeout, at, "timeout", Period::seconds(3));
        let probe = self.probe(raw, at)?;
        Some(Health {
            probe,
            interval,
            timeout,
            retries: raw.retries.unwrap_or(3),
            start_period: raw.start_period.unwrap_or(Period::seconds(10)),
        })
    }

    fn probe(&mut self, raw: &RawHealth, at: &[String]) -> Option<Probe> {
        if raw.port.is_some() && raw.http.is_none() {
            let place = below(at, "port");
            let problem = Problem::error(
                "omni::spec::conflict",
                &place,
                format!("`{}` is used by nothing", tree::joined(&place)),
            );
            self.report(problem.help("add `http = \"/path\"`, or write `tcp = port`"), &place, "belongs to `http`");
        }
        if raw.disable {
            return Some(Probe::Off);
        }
        if let Some(port) = raw.tcp {
            return Some(Probe::Tcp(port));
        }
        if let Some(path) = &raw.http {
            let place = below(at, "http");
            if !path.starts_with('/') || path.contains(char::is_whitespace) {
                let problem = Problem::error(
                    "omni::spec::malformed",
                    &place,
                    format!("`{}` is no path of a URL", crate::plain::plain(path)),
                );
                self.report(
                    problem.help("start it with `/`, as in `/healthz`; the port is a key of its own"),
                    &place,
                    "cannot be asked for",
                );
            }
            let port = raw.port.or_else(|| self.no_port(at))?;
            return Some(Probe::Http { path: path.clone(), port });
        }
        let Some(test) = &raw.test else {
            let tried = ["test", "http", "tcp"].iter().any(|key| self.tree.at(&below(at, key)).is_some());
            if !tried {
                let problem = Problem::error(
                    "omni::spec::missing_key",
                    at,
                    format!("`{}` does not say what is tried", tree::joined(at)),
                );
                let problem = problem.label(self.tree.key(at), "tries nothing");
                self.problems.push(problem.help("add `test`, `http` with `port`, or `tcp`"));
            }
            return None;
        };
        self.command(test, at)
    }

    fn no_port(&mut self, at: &[String]) -> Option<u16> {
        let place = below(at, "port");
        if self.tree.at(&place).is_none() {
            let problem =
                Problem::error("omni::spec::missing_key", &place, format!("`{}` is missing", tree::joined(&place)));
            self.report(
                problem.help("add `port = …`, the port inside the container"),
                &below(at, "http"),
                "on which port?",
            );
        }
        None
    }

    /// A command as a list, as a string, or in the forms of Compose files.
    fn command(&mut self, test: &Words, at: &[String]) -> Option<Probe> {
        let place = below(at, "test");
        let words = match test {
            Words::Shell(_) => return Some(Probe::Command(words(test))),
            Words::List(words) => words,
        };
        let problem = match words.split_first().map(|(first, rest)| (first.as_plain(), rest)) {
            Some((Some("NONE"), [])) => return Some(Probe::Off),
            Some((Some("CMD"), rest)) if !rest.is_empty() => return Some(Probe::Command(rest.to_vec())),
            Some((Some("CMD-SHELL"), [script])) => return Some(Probe::Command(shell(script))),
            Some((Some("NONE" | "CMD" | "CMD-SHELL"), _)) => "the words after `CMD`, `CMD-SHELL` or `NONE` do not fit",
            Some(_) => return Some(Probe::Command(words.clone())),
            None => "the test is an empty list",
        };
        let problem = Problem::error("omni::spec::malformed", &place, problem);
        self.report(
            problem.help("write the command's words alone, as in `[\"pg_isready\", \"-U\", \"postgres\"]`"),
            &place,
            "cannot be run",
        );
        None
    }
}

/// The words of a command.
pub(super) fn words(raw: &Words) -> Vec<Template> {
    match raw {
        Words::List(words) => words.clone(),
        Words::Shell(script) => shell(script),
    }
}

fn shell(script: &Template) -> Vec<Template> {
    vec![Template::plain("/bin/sh"), Template::plain("-c"), script.clone()]
}
