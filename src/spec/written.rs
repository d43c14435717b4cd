//! `Written`: what a spec was read from, so that a later reading can be told what has changed since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::variables::{Variables, looks_secret};
use crate::fingerprint::{Fingerprint, Key};

/// What a spec was read from: its text, and the variables that it uses. No value can be read from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The fingerprint of the text.
    pub text: Fingerprint,
    /// A mark of the value of each variable that the text uses; none where it is not set. Secret values, and those of
    /// names that look like one, are marked with the deployment's key.
    pub variables: BTreeMap<String, Option<String>>,
}

/// How a variable differs from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It has another value.
    Value,
    /// It is no longer set.
    Gone,
    /// It was not set.
    New,
}

impl Written {
    /// What a text was filled in with.
    pub(super) fn of(text: &str, variables: &Variables<'_>, key: &Key) -> Self {
        let mark = |name: &String, value: &String| {
            let is_secret = variables.declared.get(name).map_or_else(|| looks_secret(name), |declared| declared.secret);
            if is_secret || looks_secret(name) { key.mark(name, value) } else { Fingerprint::of(value).short() }
        };
        let one = |name: &String| (name.clone(), variables.values.get(name).map(|value| mark(name, value)));
        Self { text: Fingerprint::of_bytes(text.as_bytes()), variables: variables.uses.keys().map(one).collect() }
    }

    /// The variables that both texts use and that differ in `now`, by name.
    #[must_use]
    pub fn changed<'w>(&'w self, now: &'w Self) -> Vec<(&'w str, Changed)> {
        let unset = Key::unset().mark("", "");
        let both =
            self.variables.iter().filter_map(|(name, mark)| Some((name.as_str(), mark, now.variables.get(name)?)));
        both.filter_map(|(name, before, after)| match (before, after) {
            (Some(before), Some(after)) if before == after || [before, after].contains(&&unset) => None,
            (Some(_), Some(_)) => Some((name, Changed::Value)),
            (Some(_), None) => Some((name, Changed::Gone)),
            (None, Some(_)) => Some((name, Changed::New)),
            (None, None) => None,
        })
        .collect()
    }
}
