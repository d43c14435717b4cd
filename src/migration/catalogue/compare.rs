//! The comparison of two schemas, folded for people: what follows from another difference is not said.

use std::collections::BTreeSet;

use crate::migration::catalogue::names::{around, entries};
use crate::migration::catalogue::wording::{Differing, Voice};
use crate::migration::catalogue::{Catalogue, Fact, SchemaChange, SchemaDifference};

/// Kinds of which others are parts: those go and come with them.
const WHOLES: [&str; 9] = [
    "schema",
    "table",
    "foreign table",
    "virtual table",
    "view",
    "materialized view",
    "composite type",
    "domain",
    "column",
];

/// Attributes that hold the text of a definition, in which every other difference of the thing is seen too.
const TEXTS: [&str; 3] = ["sql", "tail", "text"];

pub(super) fn differences(before: &Catalogue, after: &Catalogue, voice: Voice) -> Vec<SchemaDifference> {
    let all = differing(before, after);
    let has_schemas = [before, after].iter().any(|catalogue| catalogue.has_schemas());
    let folding = Folding { before, after, has_schemas, wholes: wholes(&all), all: &all };
    let mut said: Vec<_> = all.iter().filter(|one| !folding.follows(one)).collect();
    // Whatever is folded, a schema that differs is never said to be the same.
    if said.is_empty() {
        said = all.iter().collect();
    }
    let mut told: Vec<_> = said.into_iter().map(|one| one.told(has_schemas, voice)).collect();
    // Stable: within a rank they stay in the order of their kinds and names.
    told.sort_by_key(rank);
    told
}

fn rank(difference: &SchemaDifference) -> u8 {
    match &difference.change {
        _ if difference.is_order() => 4,
        SchemaChange::Missing => 0,
        SchemaChange::Changed { to: None, .. } => 1,
        SchemaChange::Changed { .. } => 2,
        SchemaChange::LeftBehind => 3,
    }
}

/// Every fact in which the two differ, in the order of the facts.
fn differing<'a>(before: &'a Catalogue, after: &'a Catalogue) -> Vec<Differing<'a>> {
    let lost = before.0.iter().filter_map(|(fact, from)| {
        let to = after.0.get(fact);
        (to != Some(from)).then(|| Differing { fact, from: Some(from), to: to.map(String::as_str) })
    });
    let left = after.0.iter().filter(|(fact, _)| !before.0.contains_key(fact));
    let left = left.map(|(fact, to)| Differing { fact, from: None, to: Some(to) });
    let mut all: Vec<_> = lost.chain(left).collect();
    all.sort_by_key(|one| one.fact);
    all
}

/// The names of what is missing or left behind, and has parts.
fn wholes<'a>(all: &[Differing<'a>]) -> BTreeSet<&'a str> {
    let wholes = all.iter().filter(|one| one.fact.attribute == "exists" && WHOLES.contains(&one.fact.kind.as_str()));
    wholes.map(|one| one.fact.name.as_str()).collect()
}

struct Folding<'a> {
    before: &'a Catalogue,
    after: &'a Catalogue,
    has_schemas: bool,
    /// The names of what is missing or left behind, and has parts.
    wholes: BTreeSet<&'a str>,
    /// Every difference, in the order of the facts.
    all: &'a [Differing<'a>],
}

impl Folding<'_> {
    /// Whether another difference says it already.
    fn follows(&self, one: &Differing<'_>) -> bool {
        let Fact { kind, name, attribute } = one.fact;
        let is_whole = attribute == "exists";
        if !is_whole && self.differs(kind, name, "exists") || around(name).any(|outer| self.wholes.contains(outer)) {
            return true;
        }
        match kind.as_str() {
            "column order" => self.wholes.contains(name.as_str()) || !is_reordered(one),
            "not null constraint" => self.wholes.contains(name.as_str()) || self.differs("column", name, "not null"),
            "constraint" if !self.has_schemas => {
                self.wholes.contains(name.as_str()) || self.is_told_without_its_text(name, attribute)
            }
            "index" => self.goes_with_its_constraint(name),
            "sequence" => is_whole && self.goes_with_its_column(name),
            _ if TEXTS.contains(&attribute.as_str()) => self.is_seen_without_its_text(kind, name),
            _ => false,
        }
    }

    fn differs(&self, kind: &str, name: &str, attribute: &str) -> bool {
        let wanted = (kind, name, attribute);
        self.all.binary_search_by(|one| key(one.fact).cmp(&wanted)).is_ok()
    }

    /// What an attribute was and what it is, where it has a value.
    fn values(&self, kind: &str, name: &str, attribute: &str) -> impl Iterator<Item = &str> {
        let fact = Fact { kind: kind.to_owned(), name: name.to_owned(), attribute: attribute.to_owned() };
        [self.before, self.after].into_iter().filter_map(move |catalogue| catalogue.0.get(&fact)).map(String::as_str)
    }

    fn goes_with_its_constraint(&self, index: &str) -> bool {
        let Some(table) = around(index).next() else { return false };
        self.values("index", index, "backs constraint").any(|constraint| {
            let name = format!("{table}.{constraint}");
            self.all.iter().any(|one| one.fact.kind == "constraint" && one.fact.name == name)
        })
    }

    fn goes_with_its_column(&self, sequence: &str) -> bool {
        let is_gone =
            |column: &str| self.wholes.contains(column) || around(column).any(|outer| self.wholes.contains(outer));
        ["owned by", "identity of"]
            .into_iter()
            .any(|attribute| self.values("sequence", sequence, attribute).any(is_gone))
    }

    /// Whether the text of a constraint tells what is told of the table's constraints anyway: all but that of a check.
    fn is_told_without_its_text(&self, table: &str, attribute: &str) -> bool {
        let is_told = ["primary key", "unique", "foreign key"].iter().any(|word| attribute.contains(word));
        let is_plain = |one: &Differing<'_>| !one.fact.attribute.starts_with("text ");
        let constraints = || self.all.iter().filter(|one| one.fact.kind == "constraint" && one.fact.name == table);
        attribute.starts_with("text ") && is_told && constraints().any(is_plain)
    }

    /// Whether something other than its text differs too, in it or in a part of it.
    fn is_seen_without_its_text(&self, kind: &str, name: &str) -> bool {
        self.all.iter().any(|one| {
            let is_text = TEXTS.contains(&one.fact.attribute.as_str());
            let is_part = around(&one.fact.name).any(|outer| outer == name) || one.fact.name == name;
            let is_same = one.fact.kind == kind && one.fact.name == name;
            is_part && !(is_text && is_same)
        })
    }
}

/// Whether the columns that both have stand in another order. One that is missing or left behind is said itself.
fn is_reordered(one: &Differing<'_>) -> bool {
    let (Some(from), Some(to)) = (one.from, one.to) else { return true };
    let (from, to) = (entries(from), entries(to));
    let common = |these: &[&str], those: &[&str]| -> Vec<String> {
        these.iter().filter(|column| those.contains(column)).map(|column| (*column).to_owned()).collect()
    };
    common(&from, &to) != common(&to, &from)
}

fn key(fact: &Fact) -> (&str, &str, &str) {
    (&fact.kind, &fact.name, &fact.attribute)
}

impl Catalogue {
    /// Whether its names begin with schemas: those of `SQLite` do not.
    fn has_schemas(&self) -> bool {
        let first = Fact { kind: "schema".to_owned(), name: String::new(), attribute: String::new() };
        self.0.range(first..).next().is_some_and(|(fact, _)| fact.kind == "schema")
    }
}
