//! The contract of `[env]`: whether each variable is there and is what was declared. Never says a secret's value.

use std::collections::BTreeMap;

use base64::Engine as _;

use super::interpolation;
use super::problem::Problem;
use super::raw::{RawVariable, VariableLevel, VariableType};
use super::suggest;
use super::tree::{self, Node};
use super::variables::{Use, Variables, looks_secret};
use crate::units::Period;

/// The declared names that are required in this environment and have no value.
pub(super) fn missing(
    declared: &BTreeMap<String, RawVariable>,
    values: &BTreeMap<String, String>,
    environment: Option<&str>,
) -> Vec<String> {
    let applies = |variable: &RawVariable| {
        let here = |name: &String| Some(name.as_str()) == environment;
        variable.required.unwrap_or(true)
            && (variable.environments.is_empty() || variable.environments.iter().any(here))
    };
    let unset = |name: &str, variable: &RawVariable| variable.default.is_none() && !values.contains_key(name);
    declared
        .iter()
        .filter(|(name, variable)| applies(variable) && unset(name, variable))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Every breach of the contract, one problem each.
pub(super) fn problems(variables: &Variables<'_>, tree: &Node, environments: &[String]) -> Vec<Problem> {
    let mut found = Vec::new();
    for (name, declared) in variables.declared {
        let at = tree::path(&["env", name]);
        declaration(name, declared, tree, &at, environments, &mut found);
        if variables.missing.contains(name) {
            found.push(absent(name, declared, tree, &at, variables.uses.get(name)));
        }
        if let Some(value) = variables.value(name) {
            Checked { name, declared, value, tree, at: &at, found: &mut found }.all();
        }
    }
    found
}

fn declaration(
    name: &str,
    declared: &RawVariable,
    tree: &Node,
    at: &[String],
    environments: &[String],
    found: &mut Vec<Problem>,
) {
    if !interpolation::is_name(name) {
        let problem = Problem::error(
            "omni::spec::bad_name",
            at,
            format!("`{}` is no variable's name", crate::plain::plain(name)),
        );
        found.push(
            problem
                .label(tree.key(at), "not a name")
                .help("names have letters, digits and `_`, and start with no digit"),
        );
    }
    if looks_secret(name) && !declared.secret {
        let problem = Problem::warning(
            "omni::spec::undeclared_secret",
            at,
            format!("`{name}` looks like a secret and is not declared as one"),
        );
        found.push(problem.label(tree.key(at), "its value will be shown and stored").help("add `secret = true`"));
    }
    if declared.secret && declared.default.as_ref().is_some_and(|default| !default.is_empty()) {
        let place = tree::below(at, "default");
        let problem = Problem::warning(
            "omni::spec::secret_in_spec",
            &place,
            format!("the secret `{name}` has its default in the spec"),
        );
        found.push(
            problem
                .label(tree.place(&place), "everybody who reads deploy.toml can read this")
                .help("remove the default"),
        );
    }
    for (position, environment) in declared.environments.iter().enumerate() {
        if !environments.contains(environment) {
            let place = [at, &tree::path(&["environments", &position.to_string()])].concat();
            let problem = Problem::error(
                "omni::spec::unknown_environment",
                &place,
                format!("the environment `{environment}` is not declared"),
            );
            let help = suggest::question(environment, environments.iter().map(String::as_str));
            let help = help.unwrap_or_else(|| format!("add `[environments.{environment}]`"));
            found.push(problem.label(tree.place(&place), "no `[environments]` of this name").help(help));
        }
    }
}

fn absent(name: &str, declared: &RawVariable, tree: &Node, at: &[String], uses: Option<&Vec<Use>>) -> Problem {
    let critical = declared.level == VariableLevel::Critical;
    let make = if critical { Problem::error } else { Problem::warning };
    let problem = make("omni::spec::missing_variable", at, format!("the variable `{name}` is not set"));
    let problem = problem.label(tree.key(at), "declared here as required");
    let uses = uses.map(Vec::as_slice).unwrap_or_default();
    let problem = uses
        .iter()
        .take(3)
        .fold(problem, |problem, place| problem.label(place.span.clone(), format!("`{}` needs it", place.path)));
    let set = format!("set `{name}` in the environment or in an `--env-file`");
    problem.help(match &declared.help {
        Some(help) => format!("{set}\nto make one: {help}"),
        None => set,
    })
}

/// One value against its contract.
struct Checked<'a> {
    name: &'a str,
    declared: &'a RawVariable,
    value: &'a str,
    tree: &'a Node,
    at: &'a [String],
    found: &'a mut Vec<Problem>,
}

impl Checked<'_> {
    fn all(mut self) {
        let (declared, value) = (self.declared, self.value);
        if value.contains('\0') {
            self.breach("type", "holds a NUL character", "no program can be given this");
        }
        if let Some(wanted) = wanted(declared.kind, value) {
            self.breach("type", &format!("is no {wanted}"), &format!("has to be {} {wanted}", article(wanted)));
        }
        if let Some(pattern) = &declared.pattern
            && regex_lite::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(value))
        {
            self.breach("pattern", "does not match its pattern", "has to match this");
        }
        if !declared.one_of.is_empty() && !declared.one_of.iter().any(|allowed| allowed == value) {
            let choices = suggest::choices(declared.one_of.iter().map(String::as_str));
            self.breach("one_of", "is none of the values it may have", &format!("has to be {choices}"));
        }
        if let Some(least) = declared.min_length
            && value.chars().count() < least as usize
        {
            self.breach("min_length", "is too short", &format!("at least {least} characters"));
        }
        if declared.forbid.iter().any(|forbidden| forbidden == value) {
            self.breach("forbid", "still has a placeholder for its value", "may have none of these");
        }
    }

    fn breach(&mut self, rule: &str, what: &str, label: &str) {
        let place = tree::below(self.at, rule);
        let shown = if self.declared.secret || looks_secret(self.name) {
            String::new()
        } else {
            format!(": `{}`", crate::plain::plain(self.value))
        };
        let problem =
            Problem::error("omni::spec::bad_variable", &place, format!("the variable `{}` {what}{shown}", self.name));
        let help = self
            .declared
            .help
            .as_ref()
            .map_or_else(|| "set another value".to_owned(), |help| format!("to make one: {help}"));
        let span = match self.tree.at(&place) {
            Some(_) => self.tree.place(&place),
            None => self.tree.key(self.at),
        };
        self.found.push(problem.label(span, label).help(help));
    }
}

/// What the type wants, where the value is something else.
fn wanted(kind: VariableType, value: &str) -> Option<&'static str> {
    let (fits, word) = match kind {
        VariableType::String => (true, "text"),
        VariableType::Int => (value.parse::<i64>().is_ok(), "integer"),
        VariableType::Bool => (matches!(value, "true" | "false"), "boolean"),
        VariableType::Url => (is_url(value), "URL"),
        VariableType::Base64 => (is_base64(value), "base64 text"),
        VariableType::Hex => {
            (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit()), "hexadecimal text")
        }
        VariableType::Port => (value.parse::<u16>().is_ok_and(|port| port > 0), "port"),
        VariableType::Duration => (value.parse::<Period>().is_ok(), "duration"),
    };
    (!fits).then_some(word)
}

fn article(word: &str) -> &'static str {
    if word.starts_with('i') { "an" } else { "a" }
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme_fine = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    scheme_fine && !rest.is_empty() && !text.contains(char::is_whitespace)
}

fn is_base64(text: &str) -> bool {
    let engines = [&base64::engine::general_purpose::STANDARD, &base64::engine::general_purpose::URL_SAFE];
    let bare = [&base64::engine::general_purpose::STANDARD_NO_PAD, &base64::engine::general_purpose::URL_SAFE_NO_PAD];
    !text.is_empty() && engines.iter().chain(&bare).any(|engine| engine.decode(text).is_ok())
}
