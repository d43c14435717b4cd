//! `Variables`: the values behind `${NAME}`, filled into the tree after parsing, so that no value can become TOML.
//!
//! A secret becomes a marked hole of a `Template`; its value goes to the vault and nowhere else. Whether the values are
//! right is left to `contract`.

use std::collections::BTreeMap;

use super::interpolation::{self, Otherwise, Piece};
use super::problem::Problem;
use super::raw::{RawVariable, VariableLevel};
use super::suggest;
use super::tree::{self, Node, Span, Value, below};
use crate::template::{Part, Template, Vault};

/// A place that uses a variable.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) path: String,
    pub(super) span: Span,
}

/// The values behind `${NAME}`.
pub(super) struct Variables<'a> {
    /// What `[env]` declares.
    pub(super) declared: &'a BTreeMap<String, RawVariable>,
    /// The values from outside.
    pub(super) values: &'a BTreeMap<String, String>,
    /// Names that have no value and are required: `contract` tells of them once.
    pub(super) missing: Vec<String>,
    /// Who uses each variable.
    pub(super) uses: BTreeMap<String, Vec<Use>>,
    pub(super) vault: Vault,
    pub(super) problems: Vec<Problem>,
    /// Whether the text that is looked at cannot be known.
    pub(super) unfilled: bool,
}

impl Variables<'_> {
    /// The value of a declared variable: from outside, else its default.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let default = || self.declared.get(name).and_then(|declared| declared.default.as_deref());
        self.values.get(name).map(String::as_str).or_else(default)
    }

    /// Fills in every text below a node, keys excepted.
    pub(super) fn fill(&mut self, node: &mut Node, path: &[String]) {
        match &mut node.value {
            Value::Table(table) => {
                for (key, entry) in table {
                    self.fill(&mut entry.node, &below(path, key));
                }
            }
            Value::List(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.fill(item, &below(path, &at.to_string()));
                }
            }
            Value::Text(text) => {
                let written = text.as_plain().unwrap_or_default().to_owned();
                self.warn_of_literal(&written, path, &node.span);
                if written.contains('$') {
                    self.unfilled = false;
                    let filled = self.text(&written, path, &node.span);
                    node.value = if self.unfilled { Value::Unfilled } else { Value::Text(filled) };
                }
            }
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Date | Value::Unfilled => {}
        }
    }

    fn text(&mut self, written: &str, path: &[String], span: &Span) -> Template {
        match interpolation::parse(written) {
            Ok(pieces) => {
                let mut parts = Vec::new();
                self.pieces(&pieces, path, span, &mut parts);
                Template::from_parts(parts)
            }
            Err(wrong) => {
                let message = format!("{} in `{}`", wrong.message, tree::joined(path));
                let problem = Problem::error("omni::spec::interpolation", path, message);
                self.problems.push(problem.label(span.clone(), "in this text").help(wrong.help));
                self.unfilled = true;
                Template::default()
            }
        }
    }

    fn pieces(&mut self, pieces: &[Piece], path: &[String], span: &Span, parts: &mut Vec<Part>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text.clone())),
                Piece::Variable { name, empty_is_none, otherwise } => {
                    let place = Use { path: tree::joined(path), span: span.clone() };
                    self.uses.entry(name.clone()).or_default().push(place);
                    let value =
                        self.value(name).filter(|value| !(*empty_is_none && value.is_empty())).map(str::to_owned);
                    self.variable(name, value, otherwise, (path, span), parts);
                }
            }
        }
    }

    fn variable(
        &mut self,
        name: &str,
        value: Option<String>,
        otherwise: &Otherwise,
        at: (&[String], &Span),
        parts: &mut Vec<Part>,
    ) {
        let (path, span) = at;
        let declared = self.declared.get(name);
        match (declared, value, otherwise) {
            (None, _, Otherwise::Nothing | Otherwise::Demand(_)) => {
                self.unfilled = true;
                let message = format!("`{name}` is used and declared nowhere");
                let near = suggest::question(name, self.declared.keys().map(String::as_str));
                let help = near
                    .unwrap_or_else(|| format!("declare it with `[env.{name}]`, or give a default: `${{{name}:-…}}`"));
                let problem = Problem::error("omni::spec::undeclared_variable", path, message);
                self.problems.push(problem.label(span.clone(), format!("uses `{name}`")).help(help));
            }
            (Some(declared), Some(value), _) if declared.secret => parts.push(self.vault.keep_secret(name, value)),
            (None, Some(value), Otherwise::Default(_)) => {
                if looks_secret(name) {
                    let message = format!("`{name}` looks like a secret and is declared nowhere");
                    let problem = Problem::warning("omni::spec::undeclared_secret", path, message);
                    let help = format!(
                        "declare it: `[env.{name}]` with `secret = true`, so that its value is never shown or stored"
                    );
                    self.problems.push(problem.label(span.clone(), "its value will be shown and stored").help(help));
                }
                parts.push(Part::Text(value));
            }
            (Some(_), Some(value), _) => parts.push(Part::Text(value)),
            (_, None, Otherwise::Default(pieces)) => self.pieces(pieces, path, span, parts),
            (Some(declared), None, _) if self.missing.iter().any(|missing| missing == name) => {
                self.unfilled |= declared.level == VariableLevel::Critical;
            }
            (Some(_), None, Otherwise::Demand(message)) => {
                self.unfilled = true;
                let said = crate::plain::plain(message);
                let said = if said.is_empty() { "it has no value".to_owned() } else { said };
                let problem =
                    Problem::error("omni::spec::missing_variable", path, format!("`{name}` is needed: {said}"));
                self.problems.push(problem.label(span.clone(), "needs it").help(format!("set `{name}`")));
            }
            (Some(_), None, Otherwise::Nothing) => {
                self.unfilled = true;
                let message = format!("`{name}` is optional and has no value here");
                let problem = Problem::error("omni::spec::optional_variable", path, message);
                let help =
                    format!("say what stands in for it: `${{{name}:-}}` for nothing, or a default in `[env.{name}]`");
                self.problems.push(problem.label(span.clone(), "cannot do without").help(help));
            }
        }
    }

    fn warn_of_literal(&mut self, written: &str, path: &[String], span: &Span) {
        let [_, _, section, name] = path else { return };
        if section == "environment" && looks_secret(name) && !written.contains('$') && !written.is_empty() {
            let problem = Problem::warning(
                "omni::spec::secret_in_spec",
                path,
                format!("`{name}` looks like a secret and stands in the spec"),
            );
            let help = format!("declare `[env.{name}]` with `secret = true` and write `${{{name}}}`");
            self.problems.push(problem.label(span.clone(), "everybody who reads deploy.toml can read this").help(help));
        }
    }
}

/// Whether a variable's name says that its value is secret.
pub(super) fn looks_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let words: Vec<_> = upper.split(['_', '-', '.']).collect();
    let harmless = ["FILE", "PATH", "DIR", "ID", "PUBLIC", "TTL", "EXPIRY", "LENGTH", "NAME", "URL"];
    let secret = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "APIKEY", "CREDENTIAL", "CREDENTIALS"];
    words.iter().any(|word| secret.contains(word)) && !words.iter().any(|word| harmless.contains(word))
}
