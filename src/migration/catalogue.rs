//! `Catalogue`: a schema as a sorted list of facts, one for each attribute of each thing in it.
//!
//! Two schemas are the same where their facts are. `difference` is one way in which they are not, `compare` finds them
//! and folds them for people, `wording` says them; `sqlite` makes the facts of what a file has as text, and `kept` is
//! the text that a release keeps. How the facts are read is left to `provider`.

mod compare;
mod difference;
mod kept;
mod names;
mod sqlite;
#[cfg(test)]
mod tests;
mod tokens;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

pub use difference::{SchemaChange, SchemaDifference};
use wording::Voice;

/// The edition of the facts: it grows whenever what is read of the same schema becomes other facts, for then those that
/// were kept cannot be compared with those of now.
pub const EDITION: u32 = 1;

/// Which attribute of which thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// What kind of thing: `column`, `index`.
    pub kind: String,
    /// Its name, with its schema and what it belongs to: `public.users.email`.
    pub name: String,
    /// Which attribute of it: `type`, `exists`.
    pub attribute: String,
}

/// A schema: the value of every fact. What an attribute has by default is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue(pub BTreeMap<Fact, String>);

impl Catalogue {
    /// Its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0.iter().collect::<Vec<_>>())
    }

    /// Whether it has any table.
    #[must_use]
    pub fn has_tables(&self) -> bool {
        self.0.keys().any(|fact| fact.kind == "table")
    }

    /// How many tables it has.
    #[must_use]
    pub fn tables(&self) -> usize {
        let names: BTreeSet<_> = self.0.keys().filter(|fact| fact.kind == "table").map(|fact| &fact.name).collect();
        names.len()
    }

    /// In what another schema differs from this one, which is what it should be: what is lost first, then what is
    /// otherwise, then what is left behind. None exactly where their facts are the same.
    ///
    /// What follows from another difference is not said: the columns of a table that is missing, the index of a
    /// constraint that is.
    #[must_use]
    pub fn differences(&self, after: &Self) -> Vec<SchemaDifference> {
        compare::differences(self, after, Voice::Proof)
    }

    /// The same for a schema that is looked at later: it says what has become of it since.
    #[must_use]
    pub fn changes_until(&self, now: &Self) -> Vec<SchemaDifference> {
        compare::differences(self, now, Voice::Since)
    }
}
