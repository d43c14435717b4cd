//! What a container may see of its host: folders and devices, as the policy allows.

use std::collections::BTreeMap;

use super::Resolver;
use crate::resource::{Mount, MountSource};
use crate::spec::problem::Problem;
use crate::spec::raw::RawContainer;
use crate::spec::rules::HostPaths;
use crate::spec::suggest;
use crate::spec::syntax::mount;
use crate::spec::tree::{self, below};

/// Folders that give a container the host.
const SENSITIVE: [&str; 8] = ["/etc", "/proc", "/sys", "/dev", "/root", "/boot", "/run", "/var/run"];

impl Resolver<'_> {
    /// The volumes and folders of the container at a path.
    pub(super) fn mounts(&mut self, raw: &RawContainer, at: &[String]) -> BTreeMap<String, Mount> {
        let mut found = BTreeMap::new();
        let key = below(at, "volumes");
        for text in &raw.volumes {
            let Ok(written) = mount::parse(text) else { continue };
            let place = self.entry(&key, text);
            let source = if written.is_path {
                MountSource::Host(self.host_path(&written.source, &place))
            } else {
                self.known_volume(&written.source, &place);
                MountSource::Volume(written.source)
            };
            let mount = Mount { source, read_only: written.read_only };
            if found.insert(written.target.clone(), mount).is_some() {
                let problem = Problem::error(
                    "omni::spec::conflict",
                    &place,
                    format!("two volumes are mounted at `{}`", written.target),
                );
                self.report(problem.help("keep one, or mount them at different paths"), &place, "hides the other");
            }
        }
        found
    }

    fn known_volume(&mut self, name: &str, place: &[String]) {
        let volumes = &self.raw.shared.volumes;
        if volumes.contains_key(name) || self.tree.at(&tree::path(&["volumes", name])).is_some() {
            return;
        }
        let problem = Problem::error(
            "omni::spec::unknown_name",
            place,
            format!("there is no volume `{}`", crate::plain::plain(name)),
        );
        let help = suggest::question(name, volumes.keys().map(String::as_str));
        let help = help
            .unwrap_or_else(|| format!("add `[volumes.{name}]`, or write `./{name}` for a folder beside deploy.toml"));
        self.report(problem.help(help), place, "no such volume");
    }

    /// The absolute path of a folder of the host, and a problem where the policy forbids it.
    fn host_path(&mut self, written: &str, place: &[String]) -> String {
        let root = self.root.to_string_lossy();
        let path = if written.starts_with('/') { normal(written) } else { normal(&format!("{root}/{written}")) };
        let beside = beside(&path, &normal(&root));
        // A link beside deploy.toml may lead anywhere: the engine follows it.
        let real = match beside.as_deref().map(|beside| self.files.elsewhere(beside)) {
            None | Some(Ok(None)) => path.clone(),
            Some(Ok(Some(elsewhere))) => elsewhere,
            Some(Err(reason)) => {
                self.no_folder(&beside.unwrap_or_default(), &reason, place);
                return path;
            }
        };
        let allowed = is_under(&real, &normal(&root))
            || match &self.policy.allow_host_paths {
                HostPaths::All => true,
                HostPaths::None => false,
                HostPaths::Under(folders) => folders.iter().any(|folder| is_under(&real, &normal(folder))),
            };
        if !allowed {
            let sensitive =
                real == "/" || real.ends_with("docker.sock") || SENSITIVE.iter().any(|folder| is_under(&real, folder));
            let shown = crate::plain::plain(written);
            let named = if real == path { format!("`{shown}`") } else { format!("`{shown}`, a link to `{real}`,") };
            let message = if sensitive {
                format!("{named} would give the container power over the host")
            } else {
                format!("{named} is outside the spec's folder")
            };
            let problem = Problem::error("omni::spec::policy", place, message);
            let help = format!("use a volume, or allow it: `[policy] allow_host_paths = [\"{real}\"]`");
            self.report(problem.help(help), place, "a path of the host");
        }
        path
    }

    /// A folder beside deploy.toml has to be there: the engine would make an empty one, of root's own.
    fn no_folder(&mut self, beside: &str, reason: &str, place: &[String]) {
        let message = format!("the folder `{beside}` cannot be mounted: {}", crate::plain::plain(reason));
        let problem = Problem::error("omni::spec::unreadable", place, message);
        let help = format!("make it: `mkdir -p {beside}`; paths are relative to deploy.toml");
        self.report(problem.help(help), place, "named here");
    }

    /// Rights on the host that only a policy can give.
    pub(super) fn privileges(&mut self, raw: &RawContainer, at: &[String]) {
        let place = below(at, "privileged");
        if raw.privileged && !self.policy.allow_privileged {
            let problem = Problem::error(
                "omni::spec::policy",
                &place,
                format!("`{}` would have all rights on the host", tree::joined(at)),
            );
            let help = "use `cap_add` and `devices` for what it needs, or allow it: `[policy] allow_privileged = true`";
            self.report(problem.help(help), &place, "all rights");
        }
        for capability in raw.cap_add.iter().filter(|capability| {
            matches!(capability.to_ascii_uppercase().as_str(), "ALL" | "SYS_ADMIN" | "CAP_SYS_ADMIN")
        }) {
            if !self.policy.allow_privileged {
                let place = self.entry(&below(at, "cap_add"), capability);
                let problem = Problem::error(
                    "omni::spec::policy",
                    &place,
                    format!("the capability `{capability}` is as much as all rights on the host"),
                );
                self.report(
                    problem.help("name the one that it needs, or allow it: `[policy] allow_privileged = true`"),
                    &place,
                    "all rights",
                );
            }
        }
    }
}

/// A path below the folder of deploy.toml, relative to it; none for one that is not below it.
fn beside(path: &str, root: &str) -> Option<String> {
    let below = path.strip_prefix(root)?;
    let below = if root == "/" { below } else { below.strip_prefix('/').or(below.is_empty().then_some(""))? };
    Some(if below.is_empty() { ".".to_owned() } else { below.to_owned() })
}

/// An absolute path without `.`, `..` and doubled `/`.
pub(super) fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

pub(super) fn is_under(path: &str, folder: &str) -> bool {
    folder == "/" || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
