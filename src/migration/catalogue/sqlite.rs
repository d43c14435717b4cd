//! The facts of a `SQLite` schema, made of what its pragmas and its schema table answer.
//!
//! Pragmas say most of it. What no pragma says (CHECK, COLLATE, generated expressions, the names of constraints) is in
//! the text of CREATE alone, which is compared token by token: one fact for each column, one for each constraint of the
//! table. How the answers are got is left to `provider`.

use std::collections::BTreeMap;

use crate::migration::catalogue::tokens::tokens;
use crate::migration::catalogue::{Catalogue, Fact};

/// The words with which a constraint of a table begins.
const CONSTRAINTS: [&str; 5] = ["constraint", "primary", "unique", "check", "foreign"];

impl Catalogue {
    /// The catalogue that these rows make up: facts as they are, but for those whose attribute ends in `sql`, which are
    /// texts.
    #[must_use]
    pub fn of_sqlite(rows: Vec<(Fact, String)>) -> Self {
        let columns = rows.iter().filter(|(fact, _)| fact.kind == "column" && fact.attribute == "exists");
        let columns: BTreeMap<_, _> = columns.map(|(fact, _)| (tokens(&fact.name), fact.name.clone())).collect();
        let mut facts = BTreeMap::new();
        for (fact, value) in rows {
            if fact.kind == "table" && fact.attribute == "sql" {
                facts.extend(of_table(&fact.name, &value, &columns));
            } else if fact.attribute.ends_with("sql") {
                facts.insert(fact, tokens(&value).join(" "));
            } else {
                facts.insert(fact, value);
            }
        }
        Self(facts)
    }
}

/// What the text of a table says: of each column, of each constraint, and behind its parentheses.
fn of_table(table: &str, text: &str, columns: &BTreeMap<Vec<String>, String>) -> Vec<(Fact, String)> {
    let tokens_of_name = tokens(table);
    let (parts, mut tail) = parts(&tokens(text));
    let fact = |kind: &str, name: &str, attribute: &str| Fact {
        kind: kind.to_owned(),
        name: name.to_owned(),
        attribute: attribute.to_owned(),
    };
    let mut facts = Vec::new();
    for part in parts {
        let Some((first, rest)) = part.split_first() else { continue };
        if CONSTRAINTS.contains(&first.as_str()) {
            facts.push((fact("constraint", table, &format!("text {}", part.join(" "))), "yes".to_owned()));
            continue;
        }
        let key: Vec<_> = tokens_of_name.iter().chain([&".".to_owned(), first]).cloned().collect();
        let name = columns.get(&key).cloned().unwrap_or_else(|| format!("{table}.{first}"));
        if !rest.is_empty() {
            facts.push((fact("column", &name, "text"), rest.join(" ")));
        }
    }
    tail.sort();
    let tail = tail.join(", ");
    if !tail.is_empty() {
        facts.push((fact("table", table, "tail"), tail));
    }
    facts
}

/// The tokens of a table's definition: between the commas of the outer parentheses, and the words behind them.
fn parts(tokens: &[String]) -> (Vec<Vec<String>>, Vec<String>) {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_usize;
    let mut rest = tokens.iter();
    for token in rest.by_ref() {
        match (token.as_str(), depth) {
            ("(", 0) => depth = 1,
            (_, 0) => {}
            (")", 1) => break,
            (",", 1) => parts.push(Vec::new()),
            (token, _) => {
                match token {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                if let Some(part) = parts.last_mut() {
                    part.push(token.to_owned());
                }
            }
        }
    }
    let rest: Vec<_> = rest.cloned().collect();
    let tail = rest.split(|token| token == ",").map(|words| words.join(" ")).filter(|words| !words.is_empty());
    (parts, tail.collect())
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Fact};

    fn facts(text: &str) -> Vec<String> {
        let row = |kind: &str, name: &str, attribute: &str, value: &str| {
            (Fact { kind: kind.into(), name: name.into(), attribute: attribute.into() }, value.to_owned())
        };
        let rows = vec![
            row("column", "t.B", "exists", "yes"),
            row("column", "t.\"a b\"", "exists", "yes"),
            row("table", "t", "sql", text),
        ];
        let facts = Catalogue::of_sqlite(rows).0;
        let shown = facts.iter().filter(|(fact, _)| fact.attribute != "exists");
        shown.map(|(fact, value)| format!("{} {}: {} = {value}", fact.kind, fact.name, fact.attribute)).collect()
    }

    #[test]
    fn a_table_is_its_columns_its_constraints_and_its_tail() {
        let text = "CREATE TABLE \"t\"(b INT CHECK (b > (1)), [A B] text DEFAULT ',', c, UNIQUE (b, c)) \
                    WITHOUT ROWID , STRICT";
        let found = [
            "column t.\"a b\": text = text default ','",
            "column t.B: text = int check ( b > ( 1 ) )",
            "constraint t: text unique ( b , c ) = yes",
            "table t: tail = strict, without rowid",
        ];
        assert_eq!(facts(text), found);
    }

    #[test]
    fn constraints_have_no_order_and_a_text_without_parentheses_says_nothing() {
        assert_eq!(
            facts("create table t(b, check (b>1), unique (b))"),
            facts("create table t(b,unique(b),check(b>1))")
        );
        assert!(facts("create table t").is_empty());
    }
}
