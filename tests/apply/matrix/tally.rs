//! `Tally`: how many cells of a row ended how, and the row of docs/fault-matrix.md that says so.

use std::fs;
use std::path::{Path, PathBuf};

/// How a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    Before,
    After,
    /// It said that it was stuck though the fault had passed, and the next recovery took it back.
    Stuck,
    /// It said that it was stuck while the fault lasted, and the next recovery took it back.
    LeftOpen,
}

/// How many cells ended how.
#[derive(Debug, Default)]
pub(super) struct Tally {
    before: u64,
    after: u64,
    stuck: u64,
    left_open: u64,
    violations: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, what: &str, cell: Result<Cell, String>) {
        match cell {
            Ok(Cell::Before) => self.before += 1,
            Ok(Cell::After) => self.after += 1,
            Ok(Cell::Stuck) => self.stuck += 1,
            Ok(Cell::LeftOpen) => self.left_open += 1,
            Err(why) => self.violations.push(format!("{what}: {why}")),
        }
    }

    /// Says what was tried: every how many-th point. Fails on a violation, where more than 1 of 200 cells are stuck, and where
    /// the documentation has no such row, or, of all points, another one.
    #[expect(clippy::print_stdout, reason = "how many cells were tried is what the matrix is for")]
    pub(super) fn tell(&self, name: &str, every: u64) {
        let Self { before, after, stuck, left_open, violations } = self;
        let cells = before + after + stuck + left_open + violations.len() as u64;
        println!(
            "{name}: {cells} cells, {} violations, {stuck} stuck ({before} before, {after} after, {left_open} left open)",
            violations.len()
        );
        assert!(violations.is_empty(), "{name}:\n{}", violations.join("\n"));
        assert!(cells * every >= 30, "{name}: only {cells} cells were tried");
        assert!(stuck * 200 <= cells * every, "{name}: {stuck} of {cells} cells are stuck");
        let fault = format!("| {} |", name.replace('_', " "));
        if every == 1 {
            kept(name, &format!("{fault} {cells} | {before} | {after} | {stuck} | {left_open} | 0 |"));
        } else {
            documented(&fault);
        }
    }
}

/// The row that a run kept for the file.
pub(super) fn kept_row(name: &str) -> String {
    fs::read_to_string(rows().join(name)).unwrap_or_else(|_| panic!("the row `{name}` has not been run"))
}

/// Where the rows of a run are kept for the file.
fn rows() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fault-matrix")
}

/// The file as it is.
pub(super) fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fault-matrix.md")
}

/// Keeps a row for the file, and holds the file to it.
fn kept(name: &str, row: &str) {
    fs::create_dir_all(rows()).expect("a folder can be made");
    fs::write(rows().join(name), row).expect("a row can be written");
    if !is_blessed() {
        documented(row);
    }
}

/// Holds the file to a row, or to its beginning.
fn documented(row: &str) {
    let text = fs::read_to_string(file()).expect("docs/fault-matrix.md is there");
    assert!(
        text.lines().any(|line| line.starts_with(row)),
        "docs/fault-matrix.md has not this row; run `scripts/faults --bless`:\n{row}"
    );
}

/// Whether the file is being written anew.
pub(super) fn is_blessed() -> bool {
    std::env::var_os("OMNI_BLESS").is_some()
}
