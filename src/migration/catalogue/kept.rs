//! A catalogue as text: how a release keeps it. Kinds, names and attributes are the keys of maps within maps, so that
//! none is written twice.

use std::collections::BTreeMap;

use crate::migration::catalogue::{Catalogue, Fact};

type Kinds<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>>;
type Owned = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

impl Catalogue {
    /// The catalogue as text, always the same for the same facts.
    ///
    /// # Panics
    /// Never: it is plain data with text keys.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut kinds = Kinds::new();
        for (Fact { kind, name, attribute }, value) in &self.0 {
            kinds.entry(kind).or_default().entry(name).or_default().insert(attribute, value);
        }
        serde_json::to_string(&kinds).expect("a catalogue is plain data with text keys")
    }

    /// The catalogue of a text; none where it is no such text.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let kinds: Owned = serde_json::from_str(text).ok()?;
        let facts = kinds.into_iter().flat_map(|(kind, names)| {
            names.into_iter().flat_map(move |(name, attributes)| {
                let kind = kind.clone();
                attributes
                    .into_iter()
                    .map(move |(attribute, value)| (Fact { kind: kind.clone(), name: name.clone(), attribute }, value))
            })
        });
        Some(Self(facts.collect()))
    }
}
