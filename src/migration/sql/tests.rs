//! What single statements do, by tables that a reader can check against the manuals; then whole scripts.

mod properties;
mod scripts;

use super::{Analysis, Effect, Statement, Transactional};
use crate::migration::Dialect;

/// A statement's effects in words, one line.
fn told(statement: &Statement) -> String {
    if !statement.is_understood {
        return "not understood".to_owned();
    }
    let mut words: Vec<_> = statement.effects.iter().map(effect).collect();
    words.extend(statement.locks.iter().map(|locked| format!("{}: {}", locked.table, locked.lock)));
    match statement.transactional {
        Transactional::Yes => {}
        Transactional::No(_) => words.push("ALONE".to_owned()),
        Transactional::Session => words.push("SESSION".to_owned()),
        Transactional::Boundary(boundary) => words.push(format!("{boundary:?}").to_uppercase()),
    }
    if let Some(concurrent) = &statement.concurrent {
        words.push(format!("{concurrent:?}").split([' ', '(']).next().unwrap_or_default().to_owned());
    }
    if statement.is_lenient {
        words.push("lenient".to_owned());
    }
    words.join("; ")
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Creates(thing) => format!("+ {thing}"),
        Effect::Drops(thing) => format!("- {thing}"),
        Effect::Alters(thing) => format!("~ {thing}"),
        Effect::Renames { what, to } => format!("{what} -> {to}"),
        Effect::Reads(table) => format!("reads {table}"),
        Effect::Writes { table, how } => format!("{how:?} {table}").to_lowercase(),
        Effect::Destroys { what, how } => format!("LOSES {what} {}", how.word()),
        Effect::Rewrites(table) => format!("REWRITES {table}"),
        Effect::Scans(table) => format!("scans {table}"),
        Effect::Requires(thing) => format!("requires {thing}"),
        Effect::Hides(_) => "HIDES".to_owned(),
        Effect::Sets(name) => format!("sets {name}"),
    }
}

/// Holds a table of statements, each followed by a line `=> …` with what it does.
fn hold(dialect: Dialect, table: &str) -> usize {
    let mut wrong = Vec::new();
    let (mut count, mut sql) = (0, String::new());
    for line in table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let Some(expected) = line.strip_prefix("=>") else {
            sql.push_str(line);
            sql.push('\n');
            continue;
        };
        let analysis = Analysis::of(dialect, &std::mem::take(&mut sql));
        let mut words: Vec<_> = analysis.statements.iter().map(told).collect();
        words.extend(analysis.refusals.iter().map(|refusal| format!("REFUSED: {}", refusal.message)));
        let told = words.join(" | ");
        count += 1;
        if told.trim() != expected.trim() {
            let text = analysis.statements.iter().map(Statement::folded).collect::<Vec<_>>().join("; ");
            wrong.push(format!("{text}\n  does     {told}\n  expected {}", expected.trim()));
        }
    }
    assert!(sql.is_empty(), "no expectation for {sql}");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    count
}

#[test]
fn statements_of_postgres() {
    let count = hold(Dialect::Postgres, include_str!("tests/postgres.txt"));
    assert!(count >= 120, "{count}");
}

#[test]
fn statements_of_sqlite() {
    let count = hold(Dialect::Sqlite, include_str!("tests/sqlite.txt"));
    assert!(count >= 50, "{count}");
}
