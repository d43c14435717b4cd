//! Tree × schema: every unknown key, wrong type, missing key and malformed text, each where it stands.
//!
//! What is right is handed on as JSON, from which the raw types are read; what is wrong is left out of it, so that
//! the rest can still be looked at. What a key means is left to `resolve`.

mod form;
mod known;
mod shape;
mod unknown;

use serde_json::{Map, Value as Json};

use self::shape::{accepts, branches, constants, type_word, types};
use super::problem::Problem;
use super::raw::has_name;
use super::suggest;
use super::tree::{self, Entry, Node, Span, Value, below};
use crate::template::Template;

/// How strictly a tree is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Variables are filled in; everything has to be there.
    Whole,
    /// An overlay: variables stand as written, and what is missing may come from below.
    Overlay,
}

/// The part of a tree that is right, as JSON.
pub(super) fn check(node: &Node, schema: &Json, at: &[String], how: Strictness, problems: &mut Vec<Problem>) -> Json {
    let mut checker = Checker { root: schema, how, problems, above: Vec::new() };
    let place = node.span.clone();
    checker.walk(node, schema, at, &place).unwrap_or_else(|| Json::Object(Map::new()))
}

/// The keys that a table of this schema needs.
fn needs(schema: &Json) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// The name of the form that a value of this schema has; empty where it has none.
fn form_of(schema: &Json) -> &str {
    schema.get("format").and_then(Json::as_str).unwrap_or_default()
}

struct Checker<'s, 'p> {
    root: &'s Json,
    how: Strictness,
    problems: &'p mut Vec<Problem>,
    /// The schemas of the tables above the one that is looked at.
    above: Vec<&'s Json>,
}

impl<'s> Checker<'s, '_> {
    fn walk(&mut self, node: &Node, schema: &'s Json, path: &[String], place: &Span) -> Option<Json> {
        let branches = branches(self.root, schema);
        let Some(branch) = branches.iter().find(|branch| accepts(branch, node)) else {
            self.wrong_type(node, &branches, path, place);
            return None;
        };
        match &node.value {
            Value::Table(_) => self.table(node, branch, path, place),
            Value::List(items) => {
                let items_schema = branch.get("items").unwrap_or(&Json::Null);
                let steps = items.iter().enumerate();
                let read = steps
                    .filter_map(|(at, item)| self.walk(item, items_schema, &below(path, &at.to_string()), &item.span));
                Some(Json::Array(read.collect()))
            }
            Value::Text(text) => self.text(text, branch, path, place),
            Value::Int(number) => {
                let fits = self.range(*number, branch, path, place)
                    && self.form(form_of(branch), &number.to_string(), path, place);
                fits.then(|| Json::from(*number))
            }
            Value::Float(number) => {
                self.form(form_of(branch), number, path, place).then(|| Json::from(number.as_str()))
            }
            Value::Bool(value) => Some(Json::Bool(*value)),
            Value::Date | Value::Unfilled => None,
        }
    }

    fn table(&mut self, node: &Node, schema: &'s Json, path: &[String], place: &Span) -> Option<Json> {
        let table = node.table()?;
        let known = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties").filter(|schema| schema.is_object());
        self.above.push(schema);
        let mut read = Map::new();
        for (key, entry) in table {
            let below = below(path, key);
            if known.is_some() && key.starts_with("x-") {
                continue;
            }
            match known.and_then(|known| known.get(key)).or(others) {
                Some(schema) => {
                    if let Some(value) = self.walk(&entry.node, schema, &below, &entry.place()) {
                        read.insert(key.clone(), value);
                    }
                }
                None if known.is_none() => {}
                None => self.unknown(key, entry, &below),
            }
        }
        self.above.pop();
        let complete = self.required(table, schema, path, place);
        // A table without a key that it needs and that was wrong would be a fault of its own. The top is more than one
        // table: all else in it is still worth looking at.
        let all_right =
            path.is_empty() || self.how == Strictness::Overlay || needs(schema).all(|key| read.contains_key(key));
        (complete && all_right).then_some(Json::Object(read))
    }

    fn unknown(&mut self, key: &str, entry: &Entry, path: &[String]) {
        let problem = unknown::problem(self.root, &self.above, key, path);
        let label = if problem.code == "omni::spec::not_yet" { "not in this version" } else { "not known here" };
        self.problems.push(problem.label(entry.key.clone(), label));
    }

    fn required(&mut self, table: &tree::Table, schema: &Json, path: &[String], place: &Span) -> bool {
        if self.how == Strictness::Overlay {
            return true;
        }
        let missing: Vec<_> = needs(schema).filter(|key| !table.contains_key(*key)).collect();
        for key in &missing {
            let whole = below(path, key);
            let problem =
                Problem::error("omni::spec::missing_key", &whole, format!("`{}` is missing", tree::joined(&whole)));
            let help = if path.is_empty() { format!("add a table `[{key}]`") } else { format!("add `{key} = …`") };
            let problem =
                if path.is_empty() { problem } else { problem.label(place.clone(), format!("has no `{key}`")) };
            self.problems.push(problem.help(help));
        }
        missing.is_empty()
    }

    fn text(&mut self, text: &Template, schema: &Json, path: &[String], place: &Span) -> Option<Json> {
        let form = form_of(schema);
        if form == "template" {
            return Some(Json::String(text.to_string()));
        }
        if form == "pair" && has_name(text) {
            return Some(Json::String(text.to_string()));
        }
        let Some(plain) = text.as_plain() else {
            // Only the outline reads it; what is kept here is a mark.
            if form == "store-text" {
                return Some(Json::String(text.to_string()));
            }
            if form == "pair" {
                let message = format!("`{}` has a value and no name", tree::joined(path));
                let problem = Problem::error("omni::spec::malformed", path, message);
                self.problems.push(problem.label(place.clone(), "whose value?").help("write `\"NAME=${NAME}\"`"));
                return None;
            }
            let message = format!("a secret stands in `{}`, where it would be shown", tree::joined(path));
            let help = "secrets may stand in `environment`, `command`, `entrypoint`, a health check's `test` and a \
                        job's rollback command, and in the `url` of the store or of a database";
            let problem = Problem::error("omni::spec::secret_here", path, message);
            self.problems.push(problem.label(place.clone(), "this value is stored and shown").help(help));
            return None;
        };
        if self.how == Strictness::Overlay && plain.contains('$') {
            return None;
        }
        if let Some(words) = constants(schema)
            && !words.contains(&plain)
        {
            self.wrong_word(plain, &words, path, place);
            return None;
        }
        if !self.form(form, plain, path, place) {
            return None;
        }
        Some(Json::String(plain.to_owned()))
    }

    fn wrong_word(&mut self, written: &str, words: &[&str], path: &[String], place: &Span) {
        let shown = crate::plain::plain(written);
        if let Some(problem) = known::later_word(&shown, path) {
            self.problems.push(problem.label(place.clone(), "not in this version"));
            return;
        }
        let message = format!("`{shown}` is none of the words that `{}` can be", tree::joined(path));
        let choices = suggest::choices(words.iter().copied());
        let help = match suggest::question(written, words.iter().copied()) {
            Some(question) => format!("{question} It can be {choices}"),
            None => format!("it can be {choices}"),
        };
        self.problems.push(
            Problem::error("omni::spec::wrong_word", path, message).label(place.clone(), "not one of them").help(help),
        );
    }

    fn form(&mut self, form: &str, text: &str, path: &[String], place: &Span) -> bool {
        match form::check(form, text) {
            Ok(()) => true,
            Err(form::Malformed { message, help }) => {
                let problem =
                    Problem::error("omni::spec::malformed", path, message).label(place.clone(), "cannot be read");
                self.problems.push(problem.help_if(help));
                false
            }
        }
    }

    fn range(&mut self, number: i64, schema: &Json, path: &[String], place: &Span) -> bool {
        let bound = |key: &str| schema.get(key).and_then(Json::as_i64);
        let (least, most) = (bound("minimum").unwrap_or(i64::MIN), bound("maximum").unwrap_or(i64::MAX));
        if (least..=most).contains(&number) {
            return true;
        }
        let message = format!("`{}` is {number}, which is out of range", tree::joined(path));
        let help = match (least, most) {
            (least, i64::MAX) => format!("the least is {least}"),
            (least, most) => format!("it can be {least} to {most}"),
        };
        self.problems.push(
            Problem::error("omni::spec::out_of_range", path, message).label(place.clone(), "out of range").help(help),
        );
        false
    }

    fn wrong_type(&mut self, node: &Node, branches: &[&Json], path: &[String], place: &Span) {
        let mut wanted: Vec<&str> = Vec::new();
        for word in branches.iter().flat_map(|branch| types(branch)) {
            let word = type_word(word);
            if !wanted.contains(&word) {
                wanted.push(word);
            }
        }
        let wanted = match wanted.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => wanted.concat(),
        };
        let message = format!("`{}` has to be {wanted}, not {}", tree::joined(path), node.kind());
        let problem = Problem::error("omni::spec::wrong_type", path, message);
        self.problems.push(
            problem.label(place.clone(), format!("this is {}", node.kind())).help_if(known::type_help(node, path)),
        );
    }
}
