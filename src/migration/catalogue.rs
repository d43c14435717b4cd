//! `Catalogue`: a schema as a sorted list of facts, one for each attribute of each thing in it.
//!
//! Two schemas are the same where their facts are. How the facts are read is left to `provider`.

mod sqlite;
mod tokens;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

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
}
