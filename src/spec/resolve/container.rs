//! What services and jobs have in common: the container.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use super::health::words;
use super::shared::{IMPLIED_NETWORK, texts};
use crate::address::Address;
use crate::resource::{Attachment, ConfigFile, Container, Limits, Logging, Reservations, Restart, Ulimit};
use crate::spec::problem::Problem;
use crate::spec::raw::{RawContainer, RawLimits, RawReservations};
use crate::spec::suggest;
use crate::spec::syntax::{env_file, mode};
use crate::spec::tree::{self, below};
use crate::template::Template;
use crate::units::Period;

/// The permissions of a config file where none are given.
const READABLE: u32 = 0o444;

impl Resolver<'_> {
    /// The container at a path.
    pub(super) fn container(
        &mut self,
        raw: &RawContainer,
        own: &Address,
        at: &[String],
        restart: Restart,
    ) -> Container {
        self.privileges(raw, at);
        let limits = raw.resources.limits.as_ref();
        let reservations = raw.resources.reservations.as_ref();
        Container {
            image: self.image(raw, at, own.name()),
            command: raw.command.as_ref().map(words),
            entrypoint: raw.entrypoint.as_ref().map(words),
            environment: self.environment(raw, at),
            user: raw.user.clone(),
            working_dir: raw.working_dir.clone(),
            hostname: raw.hostname.clone(),
            read_only: raw.read_only,
            init: raw.init,
            privileged: raw.privileged,
            cap_add: upper(&raw.cap_add),
            cap_drop: upper(&raw.cap_drop),
            security_opt: raw.security_opt.clone(),
            devices: raw.devices.clone(),
            ulimits: raw
                .ulimits
                .iter()
                .map(|(name, raw)| (name.clone(), Ulimit { soft: raw.soft, hard: raw.hard }))
                .collect(),
            sysctls: texts(&raw.sysctls),
            tmpfs: tmpfs(raw),
            shm_size: raw.shm_size,
            extra_hosts: raw.extra_hosts.clone().unwrap_or_default().0,
            dns: raw.dns.clone().unwrap_or_default().0,
            networks: self.networks(raw, at),
            volumes: self.mounts(raw, at),
            configs: self.configs(raw, at),
            labels: texts(&raw.labels),
            logging: raw.logging.as_ref().map(|raw| Logging {
                driver: raw.driver.clone().unwrap_or_else(|| "json-file".to_owned()),
                options: texts(&raw.options),
            }),
            restart,
            stop_signal: raw.stop_signal.clone(),
            stop_grace_period: raw.stop_grace_period.unwrap_or(Period::seconds(10)),
            limits: limits.map(most).unwrap_or_default(),
            reservations: reservations.map(kept).unwrap_or_default(),
            depends_on: self.depends(raw, at, own),
            databases: BTreeSet::new(),
        }
    }

    /// Variables: those of the files first, then those of the spec, which win.
    fn environment(&mut self, raw: &RawContainer, at: &[String]) -> BTreeMap<String, Template> {
        let mut found = BTreeMap::new();
        let key = below(at, "env_files");
        for path in raw.env_files.iter().flat_map(|files| &files.0) {
            let place = self.entry(&key, path);
            let Some(content) = self.read(path, &place) else { continue };
            let read = String::from_utf8(content).map_err(|_| "it is no UTF-8 text".to_owned());
            match read.and_then(|text| env_file::env_file(&text).map_err(|wrong| wrong.to_string())) {
                Ok(variables) => {
                    for (name, value) in variables {
                        let value = self.of_file(&tree::joined(at), &name, value);
                        found.insert(name, value);
                    }
                }
                Err(wrong) => {
                    let problem = Problem::error(
                        "omni::spec::malformed",
                        &place,
                        format!("the file `{path}` cannot be read: {wrong}"),
                    );
                    self.report(problem.help("write one `NAME=value` a line"), &place, "named here");
                }
            }
        }
        found.extend(raw.environment.clone().unwrap_or_default().0);
        found
    }

    /// Files with variables hold secrets more often than not: a value is one unless `[env]` says that it is none.
    fn of_file(&mut self, owner: &str, name: &str, value: String) -> Template {
        match self.declared.get(name) {
            Some(declared) if !declared.secret => Template::plain(value),
            _ => Template::from_parts(vec![self.vault.keep_secret(&format!("{owner}.{name}"), value)]),
        }
    }

    fn networks(&mut self, raw: &RawContainer, at: &[String]) -> BTreeMap<String, Attachment> {
        let Some(networks) = raw.networks.as_ref().filter(|networks| !networks.0.is_empty()) else {
            self.implied_network();
            return BTreeMap::from([(IMPLIED_NETWORK.to_owned(), Attachment::default())]);
        };
        let key = below(at, "networks");
        let declared = &self.raw.shared.networks;
        let mut found = BTreeMap::new();
        for (name, raw) in &networks.0 {
            if name == IMPLIED_NETWORK {
                self.implied_network();
            } else if !declared.contains_key(name) && self.tree.at(&tree::path(&["networks", name])).is_none() {
                let place = self.entry(&key, name);
                let problem = Problem::error(
                    "omni::spec::unknown_name",
                    &place,
                    format!("there is no network `{}`", crate::plain::plain(name)),
                );
                let help = suggest::question(name, declared.keys().map(String::as_str));
                self.report(
                    problem.help(help.unwrap_or_else(|| format!("add `[networks.{name}]`"))),
                    &place,
                    "no such network",
                );
            }
            found.insert(
                name.clone(),
                Attachment { aliases: raw.aliases.clone(), ipv4_address: raw.ipv4_address.clone() },
            );
        }
        found
    }

    fn configs(&mut self, raw: &RawContainer, at: &[String]) -> BTreeMap<String, ConfigFile> {
        let mut found = BTreeMap::new();
        for (target, raw) in &raw.configs {
            let place = [at, &tree::path(&["configs", target])].concat();
            if !target.starts_with('/') || target.ends_with('/') || target.split('/').any(|part| part == "..") {
                let problem = Problem::error(
                    "omni::spec::malformed",
                    &place,
                    format!("`{}` is no path of a file inside", crate::plain::plain(target)),
                );
                let problem = problem.label(self.tree.key(&place), "not an absolute path");
                self.problems.push(problem.help("write the whole path of the file, as in `\"/etc/app.conf\"`"));
            }
            let Some(content) = self.read(&raw.source, &place) else { continue };
            let mode = raw.mode.as_deref().and_then(mode::parse).unwrap_or(READABLE);
            let content = self.vault.keep_file(content);
            found.insert(target.clone(), ConfigFile { source: raw.source.clone(), content, mode });
        }
        found
    }
}

fn upper(words: &BTreeSet<String>) -> BTreeSet<String> {
    words
        .iter()
        .map(|word| word.to_ascii_uppercase())
        .map(|word| word.strip_prefix("CAP_").map(str::to_owned).unwrap_or(word))
        .collect()
}

fn tmpfs(raw: &RawContainer) -> BTreeMap<String, String> {
    let entries = raw.tmpfs.iter().flat_map(|entries| &entries.0);
    entries
        .map(|entry| entry.split_once(':').unwrap_or((entry, "")))
        .map(|(path, options)| (path.to_owned(), options.to_owned()))
        .collect()
}

fn most(raw: &RawLimits) -> Limits {
    Limits { cpus: raw.cpus.map(|cpus| cpus.0), memory: raw.memory, pids: raw.pids }
}

fn kept(raw: &RawReservations) -> Reservations {
    Reservations { cpus: raw.cpus.map(|cpus| cpus.0), memory: raw.memory }
}
