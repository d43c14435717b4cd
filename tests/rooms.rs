//! Holds the rooms of `src/`: who imports whom, what a pure room knows, where a crate lives, how large files are.
//!
//! `ROOMS` is the table of docs/architecture.md in its order. Every rule is a function from a source to findings, each
//! one `file:line: rule`; `mod rules_can_fail` tries every rule on a source that breaks it. Tests inside `src/` are
//! left out: they may look anywhere. What the compiler and the lints hold already is left to them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

/// Every room, those above first. A room may import only rooms above it.
const ROOMS: [&str; 21] = [
    "address",
    "fingerprint",
    "units",
    "template",
    "plain",
    "migration",
    "resource",
    "observed",
    "lock",
    "clock",
    "spec",
    "graph",
    "release",
    "plan",
    "journal",
    "failpoint",
    "provider",
    "store",
    "report",
    "apply",
    "cli",
];

/// Rooms that stand side by side and never import each other.
const SIBLINGS: [&str; 3] = ["provider", "store", "report"];

/// Crates that are named in one place only: the crate, and what the paths below `src/` start with.
const CRATES: [(&str, &[&str]); 13] = [
    ("bollard", &["provider/docker"]),
    ("sqlx", &["store", "provider/database"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("indicatif", &["report"]),
    ("owo_colors", &["report"]),
    ("anstream", &["report", "cli"]),
    ("petgraph", &["graph"]),
    ("cap_std", &["provider/folder"]),
    ("cap_fs_ext", &["provider/folder"]),
    ("age", &["provider/backup"]),
    ("flate2", &["provider/backup"]),
];

/// What a pure room may not know, as patterns, and what it would be.
const IMPURE: [(&str, &str); 7] = [
    (r"\basync\b", "async"),
    (r"\btokio\b", "tokio"),
    (r"\bstd::(fs|\{[^}]*\bfs\b)", "the file system"),
    (r"\bstd::(env|\{[^}]*\benv\b)", "the environment"),
    (r"\bstd::(process|\{[^}]*\bprocess\b)", "processes"),
    (r"\b(Timestamp|Zoned|Instant)::now\b", "the clock"),
    (r"\bSystemTime\b", "the clock"),
];

/// Words that say nothing about what a file holds.
const EMPTY_WORDS: [&str; 8] = ["manager", "helper", "helpers", "util", "utils", "context", "imp", "mod"];

/// How wide a line may be; rustfmt leaves comments and long texts alone.
const WIDEST: usize = 120;
const LONGEST: usize = 400;
const USUAL: usize = 260;

/// One file below `src/`.
struct Source {
    /// Its path below `src/`, with `/` on every platform.
    path: String,
    text: String,
    /// The text without comments and tests; its lines keep their numbers.
    code: String,
    /// How many of its lines are no tests.
    length: usize,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let (code, length) = code(text);
        Self { path: path.to_owned(), text: text.to_owned(), code, length }
    }

    /// The room it belongs to; none for `lib.rs` and `main.rs`.
    fn room(&self) -> Option<&str> {
        let first = self.path.split('/').next()?.trim_end_matches(".rs");
        (first != "lib" && first != "main").then_some(first)
    }

    fn stem(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    fn finding(&self, offset: usize, rule: &str) -> String {
        let line = self.code[..offset].matches('\n').count() + 1;
        format!("src/{}:{line}: {rule}", self.path)
    }

    /// A finding for every match of a pattern.
    fn each(&self, pattern: &str, rule: &str) -> Vec<String> {
        let pattern = Regex::new(pattern).expect("the patterns of this file are valid");
        pattern.find_iter(&self.code).map(|found| self.finding(found.start(), rule)).collect()
    }
}

/// The text with comments and test items blanked, and the number of lines that are no test items.
fn code(text: &str) -> (String, usize) {
    let mut code = String::with_capacity(text.len());
    let mut length = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            code.push_str(without_comment(line));
            code.push('\n');
            length += 1;
            continue;
        }
        code.push('\n');
        // A test item at the top level ends with a `;` or, as rustfmt writes it, with a brace at the start of a line.
        for line in lines.by_ref() {
            code.push('\n');
            if line == "}" || (line.ends_with(';') && !line.starts_with(' ')) {
                break;
            }
        }
    }
    (code, length)
}

fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The rooms a source names, by offset: `crate::x`, `crate::{x::y, z}`, and `super` where it reaches the crate's root.
fn imported(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let paths = Regex::new(r"\bcrate::(\w+|\{)|\b((?:super::)+)(\w+|\{)").expect("valid");
    let depth = source.path.split('/').count();
    for captures in paths.captures_iter(&source.code) {
        let supers = captures.get(2).map(|supers| supers.as_str().matches("super").count());
        if supers.is_some_and(|supers| supers < depth) {
            continue;
        }
        let Some(name) = captures.get(1).or_else(|| captures.get(3)) else { continue };
        if name.as_str() == "{" {
            found.extend(grouped(&source.code, name.end()));
        } else {
            found.push((name.start(), name.as_str().to_owned()));
        }
    }
    found
}

/// The first names inside a group whose opening brace ends at `start`.
fn grouped(code: &str, start: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut depth = 1;
    let mut item = start;
    for (at, c) in code[start..].char_indices().map(|(at, c)| (at + start, c)) {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 || (depth == 1 && c == ',') {
            let name: String =
                code[item..at].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push((item + code[item..at].len() - code[item..at].trim_start().len(), name));
            }
            item = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn rank(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

fn imports_only_from_above(source: &Source) -> Vec<String> {
    let Some(room) = source.room() else { return Vec::new() };
    let Some(own) = rank(room) else {
        return vec![source.finding(0, &format!("`{room}` is no room; add it to the table"))];
    };
    // A name that is no room is an item of the crate's root, of which the compiler knows.
    let rule = |name: &str| match rank(name)? {
        other if other > own => Some(format!("`{room}` imports `{name}`, which is below it")),
        other if other != own && SIBLINGS.contains(&room) && SIBLINGS.contains(&name) => {
            Some(format!("`{room}` imports its sibling `{name}`"))
        }
        _ => None,
    };
    imported(source).into_iter().filter_map(|(at, name)| Some(source.finding(at, &rule(&name)?))).collect()
}

fn crates_stay_in_their_room(source: &Source) -> Vec<String> {
    let strangers = CRATES.iter().filter(|(_, homes)| !homes.iter().any(|home| source.path.starts_with(home)));
    strangers
        .flat_map(|(name, homes)| {
            let rule = format!("`{name}` is named outside of `src/{}`", homes.join("` and `src/"));
            source.each(&format!(r"\b{name}(::| as |;)"), &rule)
        })
        .collect()
}

fn pure_rooms_are_pure(source: &Source) -> Vec<String> {
    let pure = source.room().and_then(rank) < rank("failpoint");
    if !pure || source.room().is_none() {
        return Vec::new();
    }
    IMPURE.iter().flat_map(|(pattern, what)| source.each(pattern, &format!("a pure room knows {what}"))).collect()
}

fn opens_with_its_purpose(source: &Source) -> Vec<String> {
    let opens = source.text.starts_with("//! ");
    if opens { Vec::new() } else { vec![source.finding(0, "a file opens with `//!` and what it defines")] }
}

fn is_not_too_long(source: &Source) -> Vec<String> {
    let length = source.length;
    let long = format!("{length} lines without its tests; the most is {LONGEST}");
    if length > LONGEST { vec![source.finding(0, &long)] } else { Vec::new() }
}

fn fits_a_screen(source: &Source) -> Vec<String> {
    let wide = source.text.lines().enumerate().filter(|(_, line)| line.chars().count() > WIDEST);
    wide.map(|(at, _)| format!("src/{}:{}: a line is wider than {WIDEST} columns", source.path, at + 1)).collect()
}

fn names_what_it_uses(source: &Source) -> Vec<String> {
    source.each(r"\buse (super::)+\*", "`use super::*` outside of tests hides who imports whom")
}

fn is_named_for_what_it_holds(source: &Source) -> Vec<String> {
    // Docker's own word for a saved endpoint, and a build's for its folder.
    let docker = source.path.starts_with("provider/") && source.stem().contains("context");
    let empty = source.stem().split('_').find(|word| EMPTY_WORDS.contains(word));
    let rule = |word| source.finding(0, &format!("`{word}` in a file's name says nothing about what it holds"));
    empty.filter(|_| !docker).map(rule).into_iter().collect()
}

fn is_kept_out_of_commits(path: &str, text: &str) -> Vec<String> {
    let unfinished = [concat!("TO", "DO"), concat!("FIX", "ME")].map(|word| (word, "unfinished work has an issue"));
    let machine = [concat!("/wo", "rk/"), concat!("/root/", ".cargo")].map(|word| (word, "a path of one machine"));
    let words: Vec<_> = unfinished.into_iter().chain(machine).collect();
    let rule = |(number, line): (usize, &str)| {
        let (word, why) = words.iter().find(|(word, _)| line.contains(word))?;
        Some(format!("{path}:{}: `{word}`: {why}", number + 1))
    };
    text.lines().enumerate().filter_map(rule).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, without what is built or ignored.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match name.as_str() {
            ".git" | ".omni" | "target" => {}
            _ if path.is_dir() => found.extend(files(&path)),
            _ => found.push(path),
        }
    }
    found.sort();
    found
}

fn below(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).expect("it was found there").to_string_lossy().replace('\\', "/")
}

/// Every file of `src/` that is not itself a test.
fn sources() -> Vec<Source> {
    let src = root().join("src");
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("a source is text");
        Source::new(&below(&src, path), &text)
    };
    let all: Vec<_> = files(&src).iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).map(read).collect();
    let tests: BTreeSet<_> = all.iter().flat_map(test_modules).collect();
    let is_test =
        |path: &str| tests.iter().any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")));
    let sources: Vec<_> = all.into_iter().filter(|source| !is_test(&source.path)).collect();
    assert!(sources.len() > ROOMS.len(), "only {} sources were found", sources.len());
    sources
}

/// The modules a source declares for tests only, as paths below `src/` without their ending.
fn test_modules(source: &Source) -> Vec<String> {
    let declared = Regex::new(r"(?m)^#\[cfg\(test\)\]\n(?:pub(?:\([a-z]+\))? )?mod (\w+);").expect("valid");
    let folder = source.path.trim_end_matches(".rs").to_owned();
    declared.captures_iter(&source.text).map(|captures| format!("{folder}/{}", &captures[1])).collect()
}

fn hold(rule: fn(&Source) -> Vec<String>) {
    let findings: Vec<_> = sources().iter().flat_map(rule).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn rooms_import_only_from_above() {
    hold(imports_only_from_above);
}

#[test]
fn the_table_has_every_room() {
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs is there");
    let declared: BTreeSet<_> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, ROOMS.into_iter().collect());
}

#[test]
fn crates_are_named_in_one_room() {
    hold(crates_stay_in_their_room);
}

#[test]
fn pure_rooms_know_no_outside_world() {
    hold(pure_rooms_are_pure);
}

#[test]
fn files_open_with_their_purpose() {
    hold(opens_with_its_purpose);
}

#[test]
fn files_are_named_for_what_they_hold() {
    hold(is_named_for_what_it_holds);
}

#[test]
fn imports_are_named() {
    hold(names_what_it_uses);
}

#[test]
fn no_file_is_too_long() {
    hold(is_not_too_long);
}

#[test]
fn no_line_is_too_wide() {
    hold(fits_a_screen);
}

#[test]
fn nine_in_ten_files_are_short() {
    let mut sources = sources();
    sources.sort_by_key(|source| std::cmp::Reverse(source.length));
    let long: Vec<_> = sources.iter().filter(|source| source.length > USUAL).collect();
    let names: Vec<_> = long.iter().map(|source| format!("src/{}: {} lines", source.path, source.length)).collect();
    assert!(
        long.len() * 10 <= sources.len(),
        "of {} files more than a tenth pass {USUAL}:\n{}",
        sources.len(),
        names.join("\n")
    );
}

#[test]
fn nothing_unfinished_and_no_machine_is_committed() {
    let mut findings = Vec::new();
    for path in files(root()) {
        // What is not text was not written by hand.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        findings.extend(is_kept_out_of_commits(&below(root(), &path), &text));
    }
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

mod rules_can_fail {
    use super::*;

    fn one(rule: fn(&Source) -> Vec<String>, path: &str, text: &str) -> String {
        let findings = rule(&Source::new(path, text));
        assert_eq!(findings.len(), 1, "{path}: {findings:?}");
        findings.into_iter().next().unwrap_or_default()
    }

    fn none(rule: fn(&Source) -> Vec<String>, path: &str, text: &str) {
        let findings = rule(&Source::new(path, text));
        assert!(findings.is_empty(), "{path}: {findings:?}");
    }

    #[test]
    fn on_imports() {
        let rule = imports_only_from_above;
        assert_eq!(
            one(rule, "graph.rs", "\nuse crate::plan::Plan;"),
            "src/graph.rs:2: `graph` imports `plan`, which is below it"
        );
        assert!(one(rule, "store/sqlite.rs", "fn f() { crate::provider::g() }").contains("sibling `provider`"));
        assert!(one(rule, "report.rs", "use crate::store::Store;").contains("sibling `store`"));
        assert!(
            one(rule, "plan/build.rs", "use crate::{\n    address::{Address, Kind},\n    cli::Args,\n};")
                .starts_with("src/plan/build.rs:3:")
        );
        assert!(one(rule, "plan/build.rs", "use super::super::apply::Frontier;").contains("`apply`"));
        assert!(one(rule, "attic/box.rs", "").contains("no room"));
        none(rule, "plan/build.rs", "use super::change::Change;\nuse crate::graph::Graph;\nuse crate::plan::Action;");
        none(rule, "apply.rs", "use crate::{provider::Perform, store::Store, report::Reporter};");
        none(rule, "graph.rs", "//! Left to `crate::plan`.\n#[cfg(test)]\nmod tests {\n    use crate::cli::Args;\n}\n");
        none(rule, "main.rs", "use omni::cli;");
    }

    #[test]
    fn on_code_after_tests() {
        let text = "#[cfg(test)]\nmod tests;\n\nuse crate::cli::Args;\n";
        assert!(one(imports_only_from_above, "graph.rs", text).starts_with("src/graph.rs:4:"));
        let text = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n\nuse crate::cli::Args;\n";
        assert!(one(imports_only_from_above, "graph.rs", text).starts_with("src/graph.rs:6:"));
    }

    #[test]
    fn on_crates() {
        let rule = crates_stay_in_their_room;
        assert!(one(rule, "provider/host.rs", "use bollard::Docker;").contains("src/provider/docker"));
        assert!(one(rule, "apply.rs", "fn f() { sqlx::query(\"\"); }").contains("sqlx"));
        assert!(one(rule, "plan.rs", "use petgraph::graph::DiGraph;").contains("petgraph"));
        assert!(one(rule, "cli.rs", "use owo_colors::OwoColorize;").contains("owo_colors"));
        none(rule, "provider/docker/call.rs", "use bollard::Docker;");
        none(rule, "cli/words.rs", "use clap::Parser;\nuse anstream::stdout;");
        none(rule, "provider/host.rs", "// As bollard::Docker has it.");
    }

    #[test]
    fn on_purity() {
        let rule = pure_rooms_are_pure;
        for text in [
            "pub async fn f() {}",
            "use tokio::sync::Mutex;",
            "use std::fs::File;",
            "use std::{fmt, fs};",
            "fn f() { std::env::vars(); }",
            "fn f() { let _ = jiff::Timestamp::now(); }",
            "use std::time::SystemTime;",
        ] {
            assert!(one(rule, "spec/raw.rs", text).contains("a pure room knows"), "{text}");
            none(rule, "provider/docker.rs", text);
        }
        none(
            rule,
            "spec/raw.rs",
            "use std::fmt;\n/// Reads no `std::env`.\nfn f() -> &'static str { env!(\"CARGO_PKG_VERSION\") }",
        );
        none(rule, "main.rs", "fn main() { std::env::args(); }");
    }

    #[test]
    fn on_files() {
        let long = "x\n".repeat(LONGEST + 1);
        assert!(one(is_not_too_long, "plan.rs", &long).contains("401 lines"));
        none(is_not_too_long, "plan.rs", &format!("#[cfg(test)]\nmod tests {{\n{long}}}\n"));
        assert!(one(opens_with_its_purpose, "plan.rs", "use std::fmt;\n").starts_with("src/plan.rs:1:"));
        none(opens_with_its_purpose, "plan.rs", "//! `Plan`.\n");
        for path in ["plan/mod.rs", "cli/util.rs", "store/lock_manager.rs", "cli/context.rs"] {
            one(is_named_for_what_it_holds, path, "");
        }
        for path in ["plan.rs", "provider/docker/context.rs", "provider/docker/build_context.rs", "spec/import.rs"] {
            none(is_named_for_what_it_holds, path, "");
        }
        one(names_what_it_uses, "plan/build.rs", "use super::*;");
        none(names_what_it_uses, "plan/build.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n");
    }

    #[test]
    fn on_lines() {
        let wide = format!("//! `Plan`.\n/// {}\n", "é".repeat(WIDEST - 3));
        assert!(one(fits_a_screen, "plan.rs", &wide).starts_with("src/plan.rs:2:"));
        none(fits_a_screen, "plan.rs", &format!("/// {}\n", "é".repeat(WIDEST - 4)));
    }

    #[test]
    fn on_commits() {
        let unfinished = format!("fine\n// {}: later", concat!("TO", "DO"));
        assert!(is_kept_out_of_commits("a.rs", &unfinished)[0].starts_with("a.rs:2:"));
        assert_eq!(is_kept_out_of_commits("a.md", concat!("see /wo", "rk/notes")).len(), 1);
        assert!(is_kept_out_of_commits("a.md", "to do: work/ed out").is_empty());
    }

    #[test]
    fn on_test_modules() {
        let declares = Source::new("plan/build.rs", "#[cfg(test)]\nmod tests;\nmod order;\n");
        assert_eq!(test_modules(&declares), ["plan/build/tests"]);
    }
}
