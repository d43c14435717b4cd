//! The known bugs of tests/mutants: each still fits the code, and the documentation names it with the row that catches it.
//!
//! `scripts/mutants` seeds them and runs these rows; that takes a build for each, so it is not done here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Mutant {
    path: PathBuf,
    name: String,
    bug: String,
    row: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn mutants() -> Vec<Mutant> {
    let files = fs::read_dir(root().join("tests/mutants")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        let bug = lines.next().unwrap().to_owned();
        let row = lines.next().unwrap().strip_prefix("caught by: ").unwrap().to_owned();
        Mutant { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), path, bug, row }
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_mutant_still_fits_the_code() {
    let mutants = mutants();
    assert!(mutants.len() >= 10, "only {} mutants are left", mutants.len());
    for mutant in mutants {
        let check =
            Command::new("git").args(["apply", "--check"]).arg(&mutant.path).current_dir(root()).output().unwrap();
        let said = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.success(), "`{}` no longer fits; write it anew: {said}", mutant.name);
    }
}

#[test]
fn every_mutant_is_named_in_the_documentation_with_its_row() {
    let docs = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let matrix = fs::read_to_string(root().join("docs/fault-matrix.md")).unwrap();
    for Mutant { name, bug, row, .. } in mutants() {
        let line = format!("| `{name}`: {bug} | {} |", row.replace('_', " "));
        assert!(docs.contains(&line), "docs/reliability.md does not say:\n{line}");
        assert!(matrix.contains(&format!("| {} |", row.replace('_', " "))), "there is no row `{row}`");
    }
}
