//! Volumes and folders as the engine mounts them, and what it mounts in the words of the spec.
//!
//! They are read from what the engine was asked for, not from what it made of it: an image brings volumes of its own,
//! and some engines run on another machine than their host's paths are of.

use std::collections::BTreeMap;

use bollard::models;
use bollard::models::{HostConfig, MountType};

use crate::provider::docker::wiring::Wiring;
use crate::provider::{Fault, FaultKind};
use crate::resource::{Container, Mount, MountSource};

/// What a container mounts.
pub(super) struct Mapped {
    /// Folders of the host: the engine makes one that is absent.
    pub(super) binds: Vec<String>,
    /// Volumes.
    pub(super) mounts: Vec<models::Mount>,
}

/// What a container mounts, with the engine's names of the volumes.
pub(super) fn mapped(container: &Container, volumes: &BTreeMap<String, String>) -> Result<Mapped, Fault> {
    let mut mapped = Mapped { binds: Vec::new(), mounts: Vec::new() };
    for (inside, mount) in &container.volumes {
        match &mount.source {
            MountSource::Host(path) => {
                let mode = if mount.read_only { ":ro" } else { "" };
                mapped.binds.push(format!("{path}:{inside}{mode}"));
            }
            MountSource::Volume(node) => {
                let name = volumes.get(node).ok_or_else(|| {
                    Fault::new(
                        FaultKind::NotFound,
                        format!("cannot mount the volume `{node}`: it has no name on the engine"),
                    )
                })?;
                mapped.mounts.push(models::Mount {
                    typ: Some(MountType::VOLUME),
                    source: Some(name.clone()),
                    target: Some(inside.clone()),
                    read_only: Some(mount.read_only),
                    ..models::Mount::default()
                });
            }
        }
    }
    Ok(mapped)
}

/// What a live container mounts, by the path inside.
pub(super) fn seen(
    host: &HostConfig,
    wiring: &Wiring,
    asked: Option<&BTreeMap<String, Mount>>,
) -> BTreeMap<String, Mount> {
    let binds = host.binds.iter().flatten().filter_map(|bind| parsed(bind));
    let volume = |mount: &models::Mount| {
        let read_only = mount.read_only.unwrap_or(false);
        Some((mount.target.clone()?, mount.source.clone()?, read_only))
    };
    let mounts = host.mounts.iter().flatten().filter_map(volume);
    let mut seen = BTreeMap::new();
    for (inside, source, read_only) in binds.chain(mounts) {
        let (inside, asked) = spelled(&inside, asked);
        let source = match asked.map(|asked| &asked.source) {
            Some(MountSource::Host(path)) if cleaned(path) == cleaned(&source) => MountSource::Host(path.clone()),
            _ if is_path(&source) => MountSource::Host(source),
            _ => MountSource::Volume(wiring.volumes.get(&source).cloned().unwrap_or(source)),
        };
        seen.insert(inside, Mount { source, read_only });
    }
    seen
}

/// A path inside as it was asked for, and what was asked for there.
fn spelled<'a>(inside: &str, asked: Option<&'a BTreeMap<String, Mount>>) -> (String, Option<&'a Mount>) {
    let found = asked.into_iter().flatten().find(|(path, _)| cleaned(path) == cleaned(inside));
    found.map_or_else(|| (inside.to_owned(), None), |(path, mount)| (path.clone(), Some(mount)))
}

/// `source:inside[:options]` in its parts: path inside, source, read-only.
fn parsed(bind: &str) -> Option<(String, String, bool)> {
    let (rest, options) = match bind.rsplit_once(':') {
        Some((rest, options)) if !options.contains('/') => (rest, options),
        _ => (bind, ""),
    };
    let at = rest.rfind(":/")?;
    let read_only = options.split(',').any(|option| option == "ro");
    Some((rest[at + 1..].to_owned(), rest[..at].to_owned(), read_only))
}

/// A volume's name has no slash; a path has one, on Windows perhaps the other one.
fn is_path(source: &str) -> bool {
    source.contains(['/', '\\'])
}

/// A path without empty steps, `.` and a slash at its end.
pub(super) fn cleaned(path: &str) -> String {
    let steps: Vec<_> = path.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
    if path.starts_with('/') { format!("/{}", steps.join("/")) } else { steps.join("/") }
}

#[cfg(test)]
mod tests {
    use super::{cleaned, parsed};

    #[test]
    fn takes_a_bind_apart_from_its_end() {
        let of = |inside: &str, source: &str, read_only| Some((inside.to_owned(), source.to_owned(), read_only));
        for (bind, parts) in [
            ("/srv:/data", of("/data", "/srv", false)),
            ("/srv:/data:ro", of("/data", "/srv", true)),
            ("/srv:/data:rw,z", of("/data", "/srv", false)),
            ("data:/data:z,ro", of("/data", "data", true)),
            ("C:/srv:/data", of("/data", "C:/srv", false)),
            ("C:\\srv:/data:ro", of("/data", "C:\\srv", true)),
            ("data", None),
        ] {
            assert_eq!(parsed(bind), parts, "{bind}");
        }
    }

    #[test]
    fn cleans_paths_as_the_engine_does() {
        for (path, clean) in [("/a/", "/a"), ("//a/./b", "/a/b"), ("/", "/"), ("", ""), ("a/", "a")] {
            assert_eq!(cleaned(path), clean, "{path}");
        }
    }
}
