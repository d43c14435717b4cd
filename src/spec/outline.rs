//! `Outline`: what can be known of a spec without its variables: which deployment, which engine, which store.

use std::collections::BTreeMap;

use super::interpolation::is_name;
use super::problem::{Problem, Severity};
use super::problems::{Problems, Source};
use super::raw::RawVariable;
use super::syntax::name;
use super::tree::{self, Node, Value};
use super::variables::Variables;
use super::{document, overlay};
use crate::address::Scope;
use crate::fingerprint::Key;
use crate::template::Vault;

/// What can be known of a spec without its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Which deployment is meant.
    pub scope: Scope,
    /// The names of all environments, sorted.
    pub environments: Vec<String>,
    /// The environment that is meant where none is asked for, as written.
    pub default_environment: Option<String>,
    /// Where the engine is; found where none.
    pub engine_host: Option<String>,
    /// The URL of the store; a file in `.omni/` where none.
    pub store: Option<String>,
    /// Whether it has databases.
    pub databases: bool,
    /// The folders of their migrations, by the name of the database, as written.
    pub migrations: BTreeMap<String, String>,
}

/// Reads the outline of a spec. Only the texts of the outline are looked at, so that a spec with other faults can still
/// be asked for its status and its lock.
///
/// # Errors
/// Syntax errors, a missing project name, an unknown environment, and variables that the outline's own texts lack.
pub fn outline(
    text: &str,
    file_name: &str,
    environment: Option<&str>,
    variables: &BTreeMap<String, String>,
) -> Result<Outline, Problems> {
    let source = Source::new(file_name, text);
    let fail = |list| Problems::new(source.clone(), list);
    // What is wrong with other keys than the outline's own is told when the spec is resolved.
    let (written, _) = document::parse(text).map_err(fail)?;
    let environment = overlay::chosen(&written, environment).map_err(|problem| fail(vec![problem]))?;
    let merged = overlay::merged(&written, environment.as_deref());
    let names = merged.get("env").and_then(Node::table).into_iter().flat_map(|table| table.keys());
    let declared = names.filter(|name| is_name(name)).map(|name| (name.clone(), RawVariable::default())).collect();
    let mut filler = Variables {
        declared: &declared,
        values: variables,
        missing: Vec::new(),
        uses: BTreeMap::new(),
        vault: Vault::new(Key::new([0; 32])),
        problems: Vec::new(),
        unfilled: false,
    };
    let mut text_at = |steps: [&str; 2]| {
        let mut node = merged.at(&tree::path(&steps)).filter(|node| matches!(node.value, Value::Text(_)))?.clone();
        filler.fill(&mut node, &tree::path(&steps));
        node.text().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let project = text_at(["project", "name"]);
    let (engine_host, store) = (text_at(["engine", "host"]), text_at(["store", "url"]));
    let mut problems = filler.problems;
    problems.extend(wrong_name(project.as_deref(), &merged));
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(fail(problems));
    }
    let default_environment =
        written.at(&tree::path(&["project", "default_environment"])).and_then(Node::text).map(str::to_owned);
    let folders = merged.get("migrations").and_then(Node::table).into_iter().flatten();
    let folder = |(name, one): (&String, &tree::Entry)| Some((name.clone(), one.node.get("dir")?.text()?.to_owned()));
    Ok(Outline {
        migrations: folders.filter_map(folder).collect(),
        scope: Scope { project: project.unwrap_or_default(), environment },
        environments: overlay::names(&written),
        default_environment,
        engine_host,
        store,
        databases: merged.get("databases").and_then(Node::table).is_some_and(|table| !table.is_empty()),
    })
}

fn wrong_name(project: Option<&str>, merged: &Node) -> Option<Problem> {
    let at = tree::path(&["project", "name"]);
    let Some(project) = project else {
        let problem = Problem::error("omni::spec::missing_key", &at, "`project.name` is missing");
        let project = tree::path(&["project"]);
        return Some(if merged.at(&project).is_some() {
            problem.label(merged.place(&at), "has no `name`").help("add `name = \"…\"`")
        } else {
            problem.label(0..0, "no `[project]` in this file").help("add `[project]` with `name = \"…\"`")
        });
    };
    let help = name::check(project).err()?;
    let message = format!("`{}` is no name", crate::plain::plain(project));
    let problem = Problem::error("omni::spec::malformed", &at, message);
    Some(problem.label(merged.place(&at), "cannot be read").help(help))
}
