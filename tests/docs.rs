//! Holds the documentation against the program: the keys of deploy.toml, the commands and their flags, the exit codes, the
//! rooms, and the plan that the README shows.
//!
//! The last of them needs a running engine and `rustc`. What a text means is left to its reader.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use regex_lite::Regex;
use serde_json::Value;

const OMNI: &str = env!("CARGO_BIN_EXE_omni");

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are valid")
}

fn help(words: &[&str]) -> String {
    let said = Command::new(OMNI).args(words).arg("--help").output().unwrap();
    String::from_utf8(said.stdout).unwrap()
}

/// The commands that `omni --help` names.
fn commands() -> BTreeSet<String> {
    let help = help(&[]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| line.starts_with("  "));
    let names: BTreeSet<_> = listed
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .map(str::to_owned)
        .collect();
    assert!(names.contains("plan") && names.len() > 10, "the list of commands was not found in:\n{help}");
    names
}

/// The words of every piece of code in a section of a Markdown text: what stands between backticks.
fn code_words(section: &str) -> BTreeSet<String> {
    let word = pattern(r"[A-Za-z_][A-Za-z0-9_]*");
    let spans = section.split('`').skip(1).step_by(2);
    spans.flat_map(|span| word.find_iter(span).map(|found| found.as_str().to_owned()).collect::<Vec<_>>()).collect()
}

/// The sections of a Markdown text by their headings, whatever their level.
fn sections(text: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines() {
        if let Some((level, rest)) = line.split_once(' ')
            && level.starts_with("##")
        {
            rest.clone_into(&mut heading);
        } else {
            found.entry(heading.clone()).or_default().extend([line, "\n"]);
        }
    }
    found
}

/// The keys that a part of the schema lets somebody write.
fn keys(schema: &Value) -> BTreeSet<String> {
    let own = schema["properties"].as_object().into_iter().flat_map(|keys| keys.keys().cloned());
    let branches = ["anyOf", "oneOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten();
    own.chain(branches.flat_map(keys)).collect()
}

/// The headings under which docs/spec.md tells of a part of the schema.
fn headings(part: &str) -> &'static [&'static str] {
    match part {
        "Project" => &["[project]"],
        "Engine" => &["[engine]"],
        "Store" => &["[store]"],
        "Variable" => &["[env.NAME]"],
        "Network" => &["[networks.NAME]"],
        "Volume" => &["[volumes.NAME]"],
        "Job" => &["[jobs.NAME]", "[services.NAME]"],
        "Database" => &["[databases.NAME]"],
        "Migrations" => &["[migrations.DATABASE]"],
        "Backup" | "Keep" => &["[backups.DATABASE]"],
        "Healthcheck" => &["healthcheck"],
        "Update" => &["update"],
        "Rollback" => &["[rollback]"],
        "Policy" => &["[policy]"],
        "Environment" => &["[environments.NAME]"],
        _ => &["[services.NAME]"],
    }
}

#[test]
fn every_key_of_the_schema_is_in_the_docs() {
    let schema: Value = serde_json::from_str(&text("schemas/deploy.schema.json")).unwrap();
    let sections = sections(&text("docs/spec.md"));
    let top: BTreeSet<_> = keys(&schema);
    let mut missing = Vec::new();
    for section in &top {
        let forms = ["", ".NAME", ".DATABASE"].map(|name| format!("[{section}{name}]"));
        let is_told = |heading: &&String| forms.contains(heading);
        if sections.keys().find(is_told).is_none() {
            missing.push(format!("the section `{section}`"));
        }
    }
    for (part, schema) in schema["$defs"].as_object().unwrap() {
        let told: BTreeSet<_> = headings(part).iter().flat_map(|heading| code_words(&sections[*heading])).collect();
        let untold = keys(schema).into_iter().filter(|key| !told.contains(key));
        // An overlay may hold every section but `[project]`; those are told once.
        let untold = untold.filter(|key| part != "Environment" || !top.contains(key));
        missing.extend(untold.map(|key| format!("`{key}` of {part}, under {:?}", headings(part))));
    }
    assert!(missing.is_empty(), "docs/spec.md does not tell of\n{}", missing.join("\n"));
}

#[test]
fn every_command_is_in_the_readme() {
    let readme = text("README.md");
    let missing: Vec<_> = commands().into_iter().filter(|name| !readme.contains(&format!("`omni {name}"))).collect();
    assert!(missing.is_empty(), "README.md does not tell of {missing:?}");
}

#[test]
fn commands_and_flags_in_the_docs_exist() {
    let commands = commands();
    let call = pattern(r"(?:`|\$ |^ *|; |run: )omni ([a-z]+)((?: [^`|&;#]*)?)");
    let flag = pattern(r"--[a-z][a-z-]*");
    let mut wrong = Vec::new();
    for path in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "docs/ci.md",
        "docs/journal.md",
        "docs/reliability.md",
        "docs/spec.md",
        "docs/architecture.md",
        "docs/glossary.md",
        "examples/hello/README.md",
        "examples/postgres-blog/README.md",
        "examples/sqlite-notes/README.md",
    ] {
        for line in text(path).lines() {
            for found in call.captures_iter(line) {
                let (command, rest) = (&found[1], &found[2]);
                if !commands.contains(command) {
                    // Prose may begin a line with the program's name; only code calls it.
                    if found[0].contains(['`', '$']) {
                        wrong.push(format!("{path}: `omni {command}`"));
                    }
                    continue;
                }
                let known = match command {
                    "lock" => help(&["lock", "break"]),
                    "migrate" => {
                        ["status", "lint", "prove", "baseline", "new"].map(|word| help(&["migrate", word])).concat()
                    }
                    "backup" => {
                        ["create", "list", "verify", "restore", "prune"].map(|word| help(&["backup", word])).concat()
                    }
                    _ => help(&[command]),
                };
                let unknown = flag.find_iter(rest).map(|flag| flag.as_str()).filter(|flag| !known.contains(flag));
                wrong.extend(unknown.map(|flag| format!("{path}: `omni {command} {flag}`")));
            }
        }
    }
    assert!(wrong.is_empty(), "the program does not know\n{}", wrong.join("\n"));
}

#[test]
fn exit_codes_in_the_readme_are_those_of_the_program() {
    let source = text("src/cli/exit.rs");
    let number = pattern(r"Self::\w+ => (\d+),");
    let real: BTreeSet<u8> = number.captures_iter(&source).map(|found| found[1].parse().unwrap()).collect();
    let readme = &sections(&text("README.md"))["Exit codes"];
    let row = pattern(r"(?m)^\| ([0-9, ]+) \|");
    let told: BTreeSet<u8> = row
        .captures_iter(readme)
        .flat_map(|found| found[1].split(", ").map(|code| code.parse().unwrap()).collect::<Vec<u8>>())
        .collect();
    assert_eq!(told, real);
}

#[test]
fn rooms_are_told_of_as_they_are() {
    let name = pattern(r"`(\w+)`");
    let rooms = |table: &str, prefix: &str| -> Vec<String> {
        let rows = table.lines().filter_map(|line| line.strip_prefix(prefix));
        let cells = rows.filter_map(|row| row.split('|').next().map(str::to_owned));
        cells.flat_map(|cell| name.captures_iter(&cell).map(|found| found[1].to_owned()).collect::<Vec<_>>()).collect()
    };
    let library = rooms(&text("src/lib.rs"), "//! | ");
    let told = rooms(&sections(&text("docs/architecture.md"))["Rooms"], "| ");
    assert!(library.len() > 10, "the table of src/lib.rs was not found");
    assert_eq!(told, library);
}

#[cfg(unix)] // The example's program is linked for Linux containers by this machine's own compiler.
mod shown {
    //! What the README shows is what the program says.

    use super::*;
    use std::net::TcpListener;
    use tempfile::TempDir;

    /// The example, deployed under a name and a port of its own; removed when this is dropped.
    struct Hello {
        folder: TempDir,
        name: String,
        port: u16,
    }

    impl Hello {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let name = format!("hello-docs-{}", std::process::id());
            // The port is free again for the container; nobody else takes it in between but by bad luck.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let spec = text("examples/hello/deploy.toml")
                .replace("name = \"hello\"", &format!("name = \"{name}\""))
                .replace("127.0.0.1:8080:", &format!("127.0.0.1:{port}:"));
            fs::write(folder.path().join("deploy.toml"), spec).unwrap();
            let build = folder.path().join("build");
            fs::create_dir(&build).unwrap();
            fs::write(build.join("Dockerfile"), text("examples/hello/build/Dockerfile")).unwrap();
            let compiled = Command::new("rustc")
                .args(["--edition=2024", "-O", "-C", "target-feature=+crt-static", "-C", "strip=symbols", "-o"])
                .arg(build.join("web"))
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/web.rs"))
                .status()
                .expect("this test needs `rustc`");
            assert!(compiled.success());
            Self { folder, name, port }
        }

        /// What omni says; with the environment `GREETING`.
        fn omni(&self, words: &[&str], greeting: &str) -> Output {
            let mut omni = Command::new(OMNI);
            omni.args(words).args(["--no-input", "--color", "never"]).current_dir(self.folder.path());
            omni.env("GREETING", greeting).env_remove("HEALTHY").output().unwrap()
        }
    }

    impl Drop for Hello {
        fn drop(&mut self) {
            self.omni(&["destroy", "--yes"], "Hello");
        }
    }

    /// The text without what differs from one deployment to the next: hashes, measured times, the engine.
    fn known(drawn: &str) -> String {
        let hash = pattern(r"\b[0-9a-f]{4}-[0-9a-f]{4}\b|\b[0-9a-f]{7,64}\b");
        let time = pattern(r"(about|under) \d+ ?m?s");
        let release = pattern(r"release 1 \([^)]*\)\s+docker \S+ \S+");
        let drawn = hash.replace_all(drawn, "#");
        let drawn = time.replace_all(&drawn, "some time");
        release.replace_all(&drawn, "release 1 (#)").trim_end().to_owned()
    }

    #[test]
    fn the_plan_in_the_readme_is_a_real_one() {
        let hello = Hello::new();
        let first = hello.omni(&["apply", "--yes", "--tag", "v1"], "Hello");
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        let dockerfile = hello.folder.path().join("build/Dockerfile");
        fs::write(&dockerfile, fs::read_to_string(&dockerfile).unwrap() + "LABEL edition=\"second\"\n").unwrap();
        let plan = hello.omni(&["plan"], "Moin");
        let said = String::from_utf8(plan.stdout).unwrap();
        let said = said.replace(&hello.name, "hello").replace(&hello.port.to_string(), "8080");
        let readme = text("README.md");
        let begin = readme.find("$ GREETING=Moin omni plan\n").expect("README.md shows a plan");
        let shown = readme[begin..].split_once('\n').unwrap().1.split("```").next().unwrap();
        assert_eq!(known(shown), known(&said), "README.md shows another plan; the real one is\n{said}");
    }
}
