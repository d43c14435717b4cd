//! The way from a request to a spec: each step in turn, the problems of all of them in one report.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::check::{Strictness, check};
use super::problem::{Problem, Severity};
use super::problems::{Problems, Source};
use super::raw::{RawEnvironment, RawSpec, RawVariable};
use super::request::Request;
use super::resolve::{Resolver, place};
use super::rules::{Policy, RollbackPolicy};
use super::syntax::{env_file, name};
use super::tree::{self, Node, Value};
use super::variables::Variables;
use super::written::Written;
use super::{Spec, contract, document, overlay, schema};
use crate::address::Scope;
use crate::template::Vault;

/// Reads a spec.
pub(super) fn resolve(request: &Request<'_>) -> Result<(Spec, Vault), Problems> {
    let source = Source::new(request.file_name, request.text);
    let (tree, characters) = document::parse(request.text).map_err(|list| Problems::new(source.clone(), list))?;
    let mut problems = Vec::new();
    let environment = overlay::chosen(&tree, request.environment).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    let own = environments(&tree, environment.as_deref(), &mut problems);
    let values = values(&own, environment.as_deref(), &tree, request, &mut problems);
    let mut merged = overlay::merged(&tree, environment.as_deref());
    let declared = declared(&merged, &mut problems);

    let mut variables = Variables {
        declared: &declared,
        values: &values,
        missing: contract::missing(&declared, &values, environment.as_deref()),
        uses: BTreeMap::new(),
        vault: Vault::new(request.key.clone()),
        problems: Vec::new(),
        unfilled: false,
    };
    fill(&mut variables, &mut merged);
    problems.extend(contract::problems(&variables, &merged, &overlay::names(&tree)));
    problems.append(&mut variables.problems);
    let written = Written::of(request.text, &variables, request.key);
    let raw = read(&merged, &mut problems);
    let scope = Scope { project: raw.own.project.name.clone(), environment };
    let policy = Policy::of(&raw.shared.policy);
    let mut resolver = Resolver {
        scope: &scope,
        tree: &merged,
        raw: &raw,
        declared: &declared,
        root: request.root,
        files: request.files,
        profiles: request.profiles,
        policy: &policy,
        vault: variables.vault,
        problems,
        resources: BTreeMap::new(),
        links: BTreeMap::new(),
        places: BTreeMap::new(),
    };
    resolver.known_profiles();
    resolver.all();
    let Resolver { vault, problems, resources, links, places, .. } = resolver;
    let problems = document::without_echoes(problems, characters);
    let forbids = problems.iter().any(|problem| problem.severity == Severity::Error);
    let warnings = Problems::new(source, problems);
    if forbids {
        return Err(warnings);
    }
    let spec = spec(&raw, own.approval, (scope, policy), written, warnings);
    Ok((Spec { resources, places, links, ..spec }, vault))
}

/// The spec without its resources.
fn spec(raw: &RawSpec, approval: bool, (scope, policy): (Scope, Policy), written: Written, warnings: Problems) -> Spec {
    // `"${HOST:-}"` that stays empty says as much as nothing.
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Spec {
        version: given(&raw.own.project.version),
        engine_host: given(&raw.shared.engine.host),
        store: given(&raw.shared.store.url),
        rollback: RollbackPolicy::of(&raw.shared.rollback),
        approval,
        policy,
        resources: BTreeMap::new(),
        written,
        warnings,
        places: BTreeMap::new(),
        links: BTreeMap::new(),
        scope,
    }
}

/// Checks every overlay, and returns what the chosen one says about itself.
///
/// What the chosen one lays over the spec is checked in the merged tree, so here only its own keys are.
fn environments(written: &Node, chosen: Option<&str>, problems: &mut Vec<Problem>) -> RawEnvironment {
    let Some(section) = written.get("environments") else { return RawEnvironment::default() };
    let Some(table) = section.table() else {
        let at = tree::path(&["environments"]);
        let problem = Problem::error(
            "omni::spec::wrong_type",
            &at,
            format!("`environments` has to be a table, not {}", section.kind()),
        );
        problems.push(problem.label(section.span.clone(), "not a table").help("write `[environments.NAME]`"));
        return RawEnvironment::default();
    };
    let mut own = RawEnvironment::default();
    for (key, entry) in table.iter().filter(|(key, _)| !key.starts_with("x-")) {
        let at = tree::path(&["environments", key]);
        if let Err(help) = name::check(key) {
            let problem =
                Problem::error("omni::spec::bad_name", &at, format!("`{}` is no name", crate::plain::plain(key)));
            problems.push(problem.label(entry.key.clone(), "not a name").help(help));
        }
        let mut node = entry.node.clone();
        let is_chosen = Some(key.as_str()) == chosen;
        if let Value::Table(table) = &mut node.value {
            table.retain(|key, _| !is_chosen || matches!(key.as_str(), "approval" | "env_files"));
            if let Some(problem) = table.get("project").map(|entry| no_project(entry.key.clone(), &at)) {
                problems.push(problem);
                table.remove("project");
            }
        }
        let json = check(&node, schema::overlay(), &at, Strictness::Overlay, problems);
        if is_chosen {
            own = serde_json::from_value(json).unwrap_or_default();
        }
    }
    own
}

fn no_project(span: tree::Span, at: &[String]) -> Problem {
    let problem = Problem::error(
        "omni::spec::unknown_key",
        &tree::below(at, "project"),
        "an environment cannot change the project",
    );
    problem.label(span, "not known here").help("the environment's name is part of every name already")
}

/// The variables of the environment's files, and over them those from outside.
fn values(
    own: &RawEnvironment,
    environment: Option<&str>,
    written: &Node,
    request: &Request<'_>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let at = tree::path(&["environments", environment.unwrap_or_default(), "env_files"]);
    for path in own.env_files.iter().flat_map(|files| &files.0) {
        let label = |problem: Problem| problem.label(written.place(&at), "named here");
        let Some(inside) = place::inside(path) else {
            problems.push(label(place::outside(path, &at)));
            continue;
        };
        let content =
            request.files.read(&inside).map_err(|reason| ("omni::spec::unreadable", crate::plain::plain(&reason)));
        let text = content.and_then(|content| {
            String::from_utf8(content).map_err(|_| ("omni::spec::malformed", "it is no UTF-8 text".to_owned()))
        });
        match text
            .and_then(|text| env_file::env_file(&text).map_err(|wrong| ("omni::spec::malformed", wrong.to_string())))
        {
            Ok(variables) => found.extend(variables),
            Err((code, reason)) => {
                let problem = Problem::error(code, &at, format!("the file `{inside}` cannot be read: {reason}"));
                problems.push(label(problem).help("paths are relative to deploy.toml; write one `NAME=value` a line"));
            }
        }
    }
    found.extend(request.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
    found
}

/// The contract of the variables, which is read before any is filled in.
fn declared(merged: &Node, problems: &mut Vec<Problem>) -> BTreeMap<String, RawVariable> {
    let Some(section) = merged.get("env") else { return BTreeMap::new() };
    let json = check(section, schema::variables(), &tree::path(&["env"]), Strictness::Whole, problems);
    serde_json::from_value(json).unwrap_or_default()
}

/// Fills in every section but `env`, which says what may be filled in.
fn fill(variables: &mut Variables<'_>, merged: &mut Node) {
    let Value::Table(table) = &mut merged.value else { return };
    for (key, entry) in table.iter_mut().filter(|(key, _)| *key != "env" && !key.starts_with("x-")) {
        variables.fill(&mut entry.node, &tree::path(&[key]));
    }
}

/// The raw spec; the section `env` is read already.
fn read(merged: &Node, problems: &mut Vec<Problem>) -> RawSpec {
    let mut rest = merged.clone();
    if let Value::Table(table) = &mut rest.value {
        table.remove("env");
    }
    let json = check(&rest, schema::spec(), &[], Strictness::Whole, problems);
    // A missing `project` was told; the rest is still worth looking at.
    let json = match json {
        Json::Object(mut object) => {
            let project = object.entry("project").or_insert_with(|| serde_json::json!({}));
            if project.get("name").is_none() {
                *project = serde_json::json!({"name": "unnamed"});
            }
            Json::Object(object)
        }
        other => other,
    };
    serde_json::from_value(json).unwrap_or_else(|wrong| {
        let message = format!("the spec cannot be read: {wrong}");
        problems.push(
            Problem::error("omni::spec::malformed", &[], message).help("please report this: it should have a place"),
        );
        RawSpec::default()
    })
}
