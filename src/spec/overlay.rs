//! Overlays: which environment is meant, and the tree with its `[environments.NAME]` laid over it, key by key.

use super::problem::Problem;
use super::suggest;
use super::tree::{self, Node, Table, Value};

/// Keys of an environment that say something about the environment itself, not about the deployment.
const OWN: [&str; 2] = ["approval", "env_files"];

/// The environment that is meant; none where the spec declares none.
///
/// # Errors
/// When the one asked for is not declared, or none was asked for and several are.
pub(super) fn chosen(tree: &Node, asked: Option<&str>) -> Result<Option<String>, Problem> {
    let declared = names(tree);
    let list = || declared.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let place = tree::path(&["environments"]);
    if let Some(asked) = asked {
        if declared.iter().any(|name| name == asked) {
            return Ok(Some(asked.to_owned()));
        }
        let message = format!("the environment `{}` is not declared", crate::plain::plain(asked));
        let problem = Problem::error("omni::spec::unknown_environment", &place, message);
        return Err(if declared.is_empty() {
            problem.help(format!("add `[environments.{asked}]`, or leave `--env` out"))
        } else {
            let near = suggest::near(asked, declared.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            problem.label(tree.key(&place), "declared here").help(format!("{near}declared are {}", list()))
        });
    }
    let default = tree::path(&["project", "default_environment"]);
    if let Some(name) = tree.at(&default).and_then(Node::text) {
        if declared.iter().any(|declared| declared == name) {
            return Ok(Some(name.to_owned()));
        }
        let message = format!("the default environment `{name}` is not declared");
        let problem = Problem::error("omni::spec::unknown_environment", &default, message);
        let near = suggest::near(name, declared.iter().map(String::as_str));
        let help =
            near.map_or_else(|| format!("add `[environments.{name}]`"), |near| format!("did you mean `{near}`?"));
        return Err(problem.label(tree.place(&default), "no `[environments]` of this name").help(help));
    }
    match declared.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        _ => {
            let problem = Problem::error("omni::spec::no_environment", &place, "no environment was chosen");
            let help = format!("give `--env` one of {}, or set `project.default_environment`", list());
            Err(problem.label(tree.key(&place), "several are declared").help(help))
        }
    }
}

/// The names of the declared environments, sorted.
pub(super) fn names(tree: &Node) -> Vec<String> {
    let declared = tree.get("environments").and_then(Node::table);
    declared.into_iter().flat_map(Table::keys).filter(|name| !name.starts_with("x-")).cloned().collect()
}

/// The tree without its environments and with the chosen one laid over it.
pub(super) fn merged(tree: &Node, environment: Option<&str>) -> Node {
    let mut merged = tree.clone();
    if let Value::Table(table) = &mut merged.value {
        table.remove("environments");
    }
    let overlay = environment.and_then(|name| tree.get("environments")?.get(name));
    if let Some(overlay) = overlay {
        let mut overlay = overlay.clone();
        if let Value::Table(table) = &mut overlay.value {
            table.retain(|key, _| !OWN.contains(&key.as_str()));
        }
        lay(&mut merged, overlay);
    }
    merged
}

/// Tables are merged by key; anything else replaces what was there.
fn lay(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::Table(base), Value::Table(over)) => {
            for (key, entry) in over {
                match base.get_mut(&key) {
                    Some(below) if below.node.table().is_some() && entry.node.table().is_some() => {
                        lay(&mut below.node, entry.node);
                    }
                    _ => {
                        base.insert(key, entry);
                    }
                }
            }
        }
        (_, value) => *base = Node { value, span: over.span },
    }
}
