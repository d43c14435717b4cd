//! What each tool makes of a folder, and what it refuses.

mod detected;
mod flat;
mod folders;
mod planned;
mod versioned;

use super::{Folder, Layout, Unreadable};
use crate::migration::Script;

fn folder(files: &[(&str, &str)]) -> Folder {
    Folder(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
}

fn read(layout: Layout, files: &[(&str, &str)]) -> Vec<Script> {
    layout.scripts(&folder(files)).expect("nothing is wrong with it")
}

/// The one script of a folder.
fn one(layout: Layout, files: &[(&str, &str)]) -> Script {
    let mut scripts = read(layout, files);
    assert_eq!(scripts.len(), 1, "{scripts:?}");
    scripts.remove(0)
}

fn names(scripts: &[Script]) -> Vec<&str> {
    scripts.iter().map(|script| script.name.as_str()).collect()
}

fn versions(scripts: &[Script]) -> Vec<&str> {
    scripts.iter().map(|script| script.version.as_str()).collect()
}

fn problems(layout: Layout, files: &[(&str, &str)]) -> Vec<Unreadable> {
    layout.scripts(&folder(files)).expect_err("something is wrong with it")
}

/// The one problem of a folder, as it is shown.
fn problem(layout: Layout, files: &[(&str, &str)]) -> String {
    let problems = problems(layout, files);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

proptest::proptest! {
    /// Whatever stands in a folder, every layout answers, and its scripts are cut from its files.
    #[test]
    fn any_folder_is_answered(files in proptest::collection::btree_map(path(), text(), 0..6)) {
        let folder = Folder(files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect());
        let _ = Layout::detect(&folder);
        for layout in Layout::ALL {
            for script in layout.scripts(&folder).unwrap_or_default() {
                for piece in [Some(&script.up), script.down.as_ref(), script.verify.as_ref()].into_iter().flatten() {
                    let file = std::str::from_utf8(&folder.0[&piece.path]).expect("it was text");
                    let lines: String = file.split_inclusive('\n').skip(piece.line - 1).collect();
                    assert!(lines.trim_start_matches('\u{feff}').starts_with(&piece.text), "{piece:?}");
                }
            }
        }
    }
}

fn path() -> impl proptest::strategy::Strategy<Value = String> {
    let stem = "(deploy/|revert/|1_é/|a/)?(1_a|V1__b|U1__b|2|é_|migration|up|down|seed_x)";
    proptest::string::string_regex(&format!("{stem}(.up|.down|.verify)?.(sql|sql.conf|toml|go)|sqitch.plan"))
        .expect("valid")
}

fn text() -> impl proptest::strategy::Strategy<Value = String> {
    let line = "-- migrate:(up|down)( transaction:false)?|-- \\+goose (Up|Down|StatementBegin|StatementEnd)|SELECT 'é';|\
                \\$\\{x\\}|\u{feff}|executeInTransaction=false|a (\\[b\\] )?2026-01-01T00:00:00Z A <a@b>|@t|%project=é|\\\\i x";
    proptest::string::string_regex(&format!("(({line})(\n|\r\n|)){{0,6}}")).expect("valid")
}

/// The text of a piece, and the line on which it begins.
fn at(piece: Option<&crate::migration::Piece>) -> Option<(usize, &str)> {
    piece.map(|piece| (piece.line, piece.text.as_str()))
}
