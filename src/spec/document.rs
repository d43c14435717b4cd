//! Text → tree: TOML as it was written, with every syntax error and every text that nobody should print.
//!
//! What is too large is refused before it is read; what is nested too deeply, by the parser's own limit.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::tree::{self, Entry, Node, Span, Table, Value};
use crate::plain::plain;
use crate::template::Template;

/// The largest text that is read, in bytes: thousands of services. Whatever it holds, reading it takes little memory.
const LARGEST: usize = 512 * 1024;

/// The most syntax errors that are told; the rest are echoes.
const MOST_ERRORS: usize = 50;

/// The tree of a text, and what is wrong with its keys and texts though it is TOML.
///
/// # Errors
/// Every syntax error, or the one reason not to read it at all.
pub(super) fn parse(text: &str) -> Result<(Node, Vec<Problem>), Vec<Problem>> {
    if text.len() > LARGEST {
        let message = format!("the spec has {} bytes; at most {LARGEST} are read", text.len());
        let problem = Problem::error("omni::spec::too_large", &[], message);
        return Err(vec![problem.help("keep data out of deploy.toml: put it in a file and name it in `configs`")]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().take(MOST_ERRORS).map(|error| syntax(text, error)).collect());
    }
    let mut problems = Vec::new();
    let span = document.span();
    let table = table(document.into_inner(), &mut Vec::new(), &mut problems);
    Ok((Node { value: Value::Table(table), span }, problems))
}

/// The problems without those that others tell of a key that `characters` has told already.
pub(super) fn without_echoes(problems: Vec<Problem>, characters: Vec<Problem>) -> Vec<Problem> {
    let told = |problem: &Problem| {
        let place = problem.labels.first().map(|label| &label.span);
        characters.iter().any(|known| known.labels.first().map(|label| &label.span) == place)
    };
    let others: Vec<_> = problems.into_iter().filter(|problem| !told(problem)).collect();
    characters.into_iter().chain(others).collect()
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let message = plain(error.message());
    let span = error.span().unwrap_or(0..0);
    let span = span.start.min(text.len())..span.end.min(text.len());
    if message.contains("recurs") {
        let problem = Problem::error("omni::spec::too_deep", &[], "the spec is nested too deeply to be read");
        return problem.label(span, "deeper than 80 levels");
    }
    if message.contains("duplicate key") {
        let problem = Problem::error("omni::spec::duplicate_key", &[], "a key is given twice in one table");
        return problem.label(span, "given a second time").help("keep one of them");
    }
    Problem::error("omni::spec::syntax", &[], format!("the text is no TOML: {message}")).label(span, message)
}

fn table(source: DeTable<'_>, path: &mut Vec<String>, problems: &mut Vec<Problem>) -> Table {
    let mut found = Table::new();
    for (key, value) in source {
        let span = key.span();
        let name = key.into_inner().into_owned();
        problems.extend(doubtful(&name, path).map(|(problem, label)| problem.label(span.clone(), label)));
        path.push(name.clone());
        let node = node(value, path, problems);
        path.pop();
        found.insert(name, Entry { key: span, node });
    }
    found
}

/// The problem of a key that a reader could not read, or would read as another one.
fn doubtful(name: &str, path: &[String]) -> Option<(Problem, &'static str)> {
    if name.is_empty() {
        let place = if path.is_empty() { "at the top".to_owned() } else { format!("in `{}`", tree::joined(path)) };
        let problem = Problem::error("omni::spec::bad_name", path, format!("a name {place} is empty"));
        return Some((problem.help("give it a name"), "nothing between the quotes"));
    }
    let shown = plain(name);
    (shown != name).then(|| {
        let message = format!("the key `{shown}` holds characters that do not show");
        let problem = Problem::error("omni::spec::hidden_characters", path, message);
        (problem.help("type the name again, by hand"), "not what it looks like")
    })
}

fn node(source: Spanned<DeValue<'_>>, path: &mut Vec<String>, problems: &mut Vec<Problem>) -> Node {
    let span = source.span();
    let value = match source.into_inner() {
        DeValue::String(text) => {
            if text.contains('\0') {
                let problem = Problem::error("omni::spec::hidden_characters", path, "a text holds a NUL character");
                problems.push(problem.label(span.clone(), "no program can be given this").help("remove `\\u0000`"));
            }
            Value::Text(Template::plain(text.into_owned()))
        }
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Int(number),
            Err(_) => too_big(path, &span, problems),
        },
        DeValue::Float(number) => Value::Float(number.as_str().to_owned()),
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => {
            let mut found = Vec::with_capacity(items.len());
            for (at, item) in items.into_iter().enumerate() {
                path.push(at.to_string());
                found.push(node(item, path, problems));
                path.pop();
            }
            Value::List(found)
        }
        DeValue::Table(inner) => Value::Table(table(inner, path, problems)),
    };
    Node { value, span }
}

fn too_big(path: &[String], span: &Span, problems: &mut Vec<Problem>) -> Value {
    let message = format!("the number at `{}` is too large", tree::joined(path));
    problems.push(Problem::error("omni::spec::out_of_range", path, message).label(span.clone(), "more than 64 bits"));
    Value::Unfilled
}
