//! What a difference is called: one line of it, and what a down did that came to this.

use crate::migration::catalogue::names::{entries, short, thing};
use crate::migration::catalogue::{Fact, SchemaChange, SchemaDifference};

/// How long a value may be that is said in a line.
const SHORT: usize = 60;

/// What a comparison is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// To say what a way back did not restore.
    Proof,
    /// To say what has become of a schema since it was recorded.
    Since,
}

impl Voice {
    const fn missing(self) -> &'static str {
        match self {
            Self::Proof => "is missing",
            Self::Since => "is gone",
        }
    }

    const fn lost(self) -> &'static str {
        match self {
            Self::Proof => "is lost",
            Self::Since => "is gone",
        }
    }

    const fn left(self) -> &'static str {
        match self {
            Self::Proof => "is left behind",
            Self::Since => "is new",
        }
    }
}

/// A fact that has another value than it should have: what it should be, and what it is.
#[derive(Clone, Copy)]
pub(super) struct Differing<'a> {
    pub(super) fact: &'a Fact,
    pub(super) from: Option<&'a str>,
    pub(super) to: Option<&'a str>,
}

impl Differing<'_> {
    /// The difference, as it is told.
    pub(super) fn told(&self, has_schemas: bool, voice: Voice) -> SchemaDifference {
        let fact = self.fact;
        let (text, brief) = self.words(&thing(&fact.kind, &fact.name, has_schemas), has_schemas, voice);
        SchemaDifference { kind: fact.kind.clone(), name: fact.name.clone(), change: self.change(), text, brief }
    }

    fn change(&self) -> SchemaChange {
        match (self.fact.attribute.as_str(), self.from, self.to) {
            ("exists", Some(_), _) => SchemaChange::Missing,
            ("exists", None, _) => SchemaChange::LeftBehind,
            (attribute, from, to) => SchemaChange::Changed {
                attribute: attribute.to_owned(),
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
            },
        }
    }

    fn words(&self, thing: &str, has_schemas: bool, voice: Voice) -> (String, String) {
        let Fact { kind, name, attribute } = self.fact;
        let name = short(name, has_schemas);
        match (kind.as_str(), attribute.as_str()) {
            (_, "exists") => whole(thing, self.from.is_some(), voice),
            ("column order", _) if voice == Voice::Since => {
                (format!("columns of {name}: in another order"), String::new())
            }
            ("column order", _) => (format!("column order of {name}"), format!("changes the column order of {name}")),
            // SQLite's constraints have no names: each is an attribute of its table.
            ("constraint", said) if !has_schemas && self.from.is_none() != self.to.is_none() => {
                let said = said.strip_prefix("text ").unwrap_or(said);
                whole(&format!("{said} of {name}"), self.from.is_some(), voice)
            }
            (_, grant) if grant.starts_with("grant to ") => {
                self.grant((kind, name), thing, &grant["grant to ".len()..], voice)
            }
            ("enum", "labels") => {
                let order = (format!("{thing}: values in another order"), format!("CHANGES the order of {thing}"));
                self.entries(|value| format!("value {value} of {thing}"), voice).unwrap_or(order)
            }
            (_, attribute) => self.attribute(thing, attribute, voice),
        }
    }

    /// What is lost or left behind of a value that is a list; none where both have the same entries.
    fn entries(&self, said: impl Fn(&str) -> String, voice: Voice) -> Option<(String, String)> {
        let from = entries(self.from.unwrap_or_default());
        let to = entries(self.to.unwrap_or_default());
        let only = |one: &[&str], other: &[&str]| {
            one.iter().filter(|entry| !other.contains(entry)).copied().collect::<Vec<_>>().join(", ")
        };
        let (lost, left) = (only(&from, &to), only(&to, &from));
        match (lost.is_empty(), left.is_empty()) {
            (false, true) => Some(whole(&said(&lost), true, voice)),
            (true, false) => Some(whole(&said(&left), false, voice)),
            (false, false) => {
                let (lost, brief) = whole(&said(&lost), true, voice);
                Some((format!("{lost}, {}", whole(&said(&left), false, voice).0), brief))
            }
            (true, true) => None,
        }
    }

    fn grant(&self, (kind, name): (&str, &str), thing: &str, to: &str, voice: Voice) -> (String, String) {
        let on = if matches!(kind, "table" | "view" | "materialized view") { name } else { thing };
        self.entries(|privileges| format!("grant {privileges} on {on} to {to}"), voice)
            .unwrap_or_else(|| self.attribute(thing, &self.fact.attribute, voice))
    }

    fn attribute(&self, thing: &str, attribute: &str, voice: Voice) -> (String, String) {
        // What SQLite has as text.
        let attribute = match attribute.strip_suffix(" sql").unwrap_or(attribute) {
            "sql" | "text" | "tail" => "definition",
            attribute => attribute,
        };
        match (self.from, self.to) {
            // What is usual has no value, and these are usually so.
            (None, Some("no")) => (format!("{thing} is not {attribute}"), format!("LEAVES {thing} not {attribute}")),
            (Some("no"), None) => {
                (format!("{thing} is {attribute}, and was not"), format!("CHANGES {attribute} of {thing}"))
            }
            (Some(from), None) => {
                let lost = with_value(attribute, from);
                (format!("{thing}: {lost} {}", voice.lost()), format!("LOSES {lost} of {thing}"))
            }
            (None, Some(to)) => {
                let left = with_value(attribute, to);
                (format!("{thing}: {left} {}", voice.left()), format!("LEAVES {left} of {thing} behind"))
            }
            (from, to) => {
                let values = from.zip(to).filter(|(from, to)| is_short(from) && is_short(to));
                let how = values.map_or(" differs".to_owned(), |(from, to)| format!(" {from} → {to}"));
                (format!("{thing}: {attribute}{how}"), format!("CHANGES {attribute} of {thing}"))
            }
        }
    }
}

/// The words of a thing that is missing or left behind as a whole.
fn whole(thing: &str, is_missing: bool, voice: Voice) -> (String, String) {
    if is_missing {
        (format!("{thing} {}", voice.missing()), format!("LOSES {thing}"))
    } else {
        (format!("{thing} {}", voice.left()), format!("LEAVES {thing} behind"))
    }
}

fn is_short(value: &str) -> bool {
    value.chars().count() <= SHORT && !value.contains('\n')
}

fn with_value(attribute: &str, value: &str) -> String {
    match value {
        "yes" | "on" | "1" => attribute.to_owned(),
        value if is_short(value) => format!("{attribute} {value}"),
        _ => attribute.to_owned(),
    }
}
