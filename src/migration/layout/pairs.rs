//! `Pairs`: files that belong together by the number they start with, one of each way.

use std::collections::BTreeMap;

use super::reading::Reading;
use crate::migration::Way;
use crate::plain::plain;

/// The files of each version.
pub(super) struct Pairs<'a>(BTreeMap<i128, BTreeMap<Way, &'a str>>);

/// The files of one version.
pub(super) struct Pair<'a> {
    pub(super) version: String,
    pub(super) up: &'a str,
    pub(super) down: Option<&'a str>,
}

impl<'a> Pairs<'a> {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a file.
    pub(super) fn add(&mut self, reading: &mut Reading<'_>, version: i128, way: Way, path: &'a str) {
        if let Some(first) = self.0.entry(version).or_default().insert(way, path) {
            let message = format!("it has the version `{version}`, as `{}` has", plain(first));
            reading.problem(path, None, message, "give one of them a version of its own");
        }
    }

    /// The pairs in the order of their numbers. A way back alone is a problem.
    pub(super) fn in_order(self, reading: &mut Reading<'_>) -> Vec<Pair<'a>> {
        let mut pairs = Vec::new();
        for (version, files) in self.0 {
            let (up, down) = (files.get(&Way::Up).copied(), files.get(&Way::Down).copied());
            match (up, down) {
                (Some(up), down) => pairs.push(Pair { version: version.to_string(), up, down }),
                (None, Some(down)) => {
                    let message = format!("version `{version}` has a way back and no way forward");
                    reading.problem(down, None, message, "add the file of its way forward, or remove this one");
                }
                (None, None) => {}
            }
        }
        pairs
    }
}
