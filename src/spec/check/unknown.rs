//! A key that the schema does not know: what was most likely meant, near by or one level away.

use serde_json::Value as Json;

use super::known;
use super::shape::branches;
use crate::spec::problem::Problem;
use crate::spec::{suggest, tree};

/// How deep below a table a misplaced key is looked for.
const DEPTH: usize = 2;

/// The problem of an unknown key; `above` are the schemas of the tables around it, outermost first.
pub(super) fn problem(root: &Json, above: &[&Json], key: &str, path: &[String]) -> Problem {
    if let Some(problem) = known::later_key(key, path) {
        return problem;
    }
    let shown = crate::plain::plain(key);
    let parent = &path[..path.len() - 1];
    let place = if parent.is_empty() { "at the top".to_owned() } else { format!("in `{}`", tree::joined(parent)) };
    let problem = Problem::error("omni::spec::unknown_key", path, format!("unknown key `{shown}` {place}"));
    let Some(here) = above.last() else { return problem };
    let names = keys(here);
    let near = suggest::near(key, names.iter().copied());
    let help = known::compose(key)
        .or_else(|| known::service_only(key, path))
        .map(str::to_owned)
        .or_else(|| above_it(above, key, parent).map(|there| shortened(&names, key).unwrap_or_default() + &there))
        .or_else(|| match (near, inside(root, here, key, DEPTH)) {
            (Some(near), Some(below)) => Some(format!("did you mean `{near}`, or `{below}.{key}`?")),
            (Some(near), None) => Some(format!("did you mean `{near}`?")),
            (None, Some(below)) => Some(format!("did you mean `{below}.{key}`?")),
            (None, None) => None,
        })
        .unwrap_or_else(|| format!("known here are {}", suggest::choices(names).replace(" or ", " and ")));
    problem.help(help)
}

fn keys(schema: &Json) -> Vec<&str> {
    schema
        .get("properties")
        .and_then(Json::as_object)
        .into_iter()
        .flat_map(|known| known.keys().map(String::as_str))
        .collect()
}

/// Asks whether one of the known keys was meant that begin with this: `environment` by `env`.
fn shortened(names: &[&str], key: &str) -> Option<String> {
    let longer: Vec<_> = names.iter().copied().filter(|name| name.starts_with(key)).collect();
    (!longer.is_empty()).then(|| format!("did you mean {}? ", suggest::choices(longer)))
}

/// Whether the key would be right in a table around the one it stands in.
fn above_it(above: &[&Json], key: &str, parent: &[String]) -> Option<String> {
    let (_, outer) = above.split_last()?;
    let (distance, _) = outer.iter().rev().enumerate().find(|(_, schema)| keys(schema).contains(&key))?;
    let place = &parent[..parent.len().checked_sub(distance + 1)?];
    Some(match place {
        [] => format!("`{key}` belongs at the top"),
        place => format!("`{key}` belongs one level up, in `{}`", tree::joined(place)),
    })
}

fn inside(root: &Json, schema: &Json, key: &str, depth: usize) -> Option<String> {
    let known = schema.get("properties")?.as_object()?;
    let tables =
        || known.iter().flat_map(|(name, schema)| branches(root, schema).into_iter().map(move |form| (name, form)));
    let direct = tables().find(|(_, form)| keys(form).contains(&key)).map(|(name, _)| name.clone());
    direct.or_else(|| {
        let deeper = depth.checked_sub(1)?;
        tables().find_map(|(name, form)| inside(root, form, key, deeper).map(|below| format!("{name}.{below}")))
    })
}
