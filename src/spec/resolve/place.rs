//! Paths of files beside deploy.toml: none may lead outside its folder.

use super::Resolver;
use crate::spec::problem::Problem;
use crate::spec::tree;

/// A path relative to the spec's folder without `.` and doubled `/`; none where it leads outside.
pub(in crate::spec) fn inside(path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '\\']) || path.contains('\0') || path.contains("://") || path.get(1..2) == Some(":")
    {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The problem of a path that leads outside.
pub(in crate::spec) fn outside(path: &str, at: &[String]) -> Problem {
    let message = format!("`{}` in `{}` leads outside the spec's folder", crate::plain::plain(path), tree::joined(at));
    Problem::error("omni::spec::outside", at, message)
        .help("paths are relative to deploy.toml and hold no `..`; move the file below it")
}

impl Resolver<'_> {
    /// A path that stays inside the spec's folder; none, and a problem, where it does not.
    pub(super) fn inside(&mut self, path: &str, at: &[String]) -> Option<String> {
        let inside = inside(path);
        if inside.is_none() {
            self.report(outside(path, at), at, "leads outside");
        }
        inside
    }

    /// The content of a file beside the spec; none, and a problem, where it cannot be read.
    pub(super) fn read(&mut self, path: &str, at: &[String]) -> Option<Vec<u8>> {
        let path = self.inside(path, at)?;
        match self.files.read(&path) {
            Ok(content) => Some(content),
            Err(reason) => {
                let reason = crate::plain::plain(&reason);
                let message = format!("the file `{path}` cannot be read: {reason}");
                self.report(
                    Problem::error("omni::spec::unreadable", at, message).help("paths are relative to deploy.toml"),
                    at,
                    "named here",
                );
                None
            }
        }
    }
}
