//! A key that the schema does not know: what was most likely meant, near by or one level away.

use serde_json::Value as Json;

use super::{branches, known};
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
    let help =
        match (known::compose(key), elsewhere(root, above, key, parent), suggest::question(key, names.iter().copied()))
        {
            (Some(help), _, _) => help.to_owned(),
            (None, Some(help), _) | (None, None, Some(help)) => help,
            (None, None, None) => format!("known here are {}", suggest::choices(names).replace(" or ", " and ")),
        };
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

/// Where the key would be right: above or below the table it stands in.
fn elsewhere(root: &Json, above: &[&Json], key: &str, parent: &[String]) -> Option<String> {
    let (here, outer) = above.split_last()?;
    if let Some(below) = inside(root, here, key, DEPTH) {
        return Some(format!("did you mean `{below}.{key}`?"));
    }
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
