//! What each tool makes of a folder, and what it refuses.

mod detected;
mod flat;
mod folders;
mod planned;
mod versioned;

use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;

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
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    /// Whatever stands in a folder, every layout answers, and its scripts are cut from its files.
    #[test]
    fn any_folder_is_answered(files in proptest::collection::btree_map(path(), text(), 0..4)) {
        let folder = Folder(files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect());
        let _ = Layout::detect(&folder);
        for layout in Layout::ALL {
            for script in layout.scripts(&folder).unwrap_or_default() {
                for piece in [Some(&script.up), script.down.as_ref(), script.verify.as_ref()].into_iter().flatten() {
                    let file = std::str::from_utf8(&folder.0[&piece.path]).expect("it was text");
                    let lines: String = file.split_inclusive('\n').skip(piece.line - 1).collect();
                    let unmarked = lines.strip_prefix('\u{feff}').unwrap_or(&lines);
                    assert!([&lines, unmarked].iter().any(|lines| lines.starts_with(&piece.text)), "{piece:?}");
                }
            }
        }
    }
}

fn path() -> impl Strategy<Value = String> {
    const NAMES: &[&str] =
        &["1_a", "2_é", "3", "V1__b", "U1__b", "V2__é", "deploy/a", "revert/a", "1_é/migration", "1_é/up", "x_y"];
    const ENDINGS: &[&str] = &[".sql", ".sql", ".sql", ".up.sql", ".down.sql", ".verify.sql", ".sql.conf", ".go"];
    let path = (select(NAMES), select(ENDINGS)).prop_map(|(name, ending)| format!("{name}{ending}"));
    prop_oneof![9 => path, 1 => Just("sqitch.plan".to_owned())]
}

fn text() -> impl Strategy<Value = String> {
    const WHOLES: &[&str] = &[
        "-- migrate:up transaction:false\nSELECT 'é';\n-- migrate:down\r\nSELECT 2;",
        "\n-- +goose Up\r\nSELECT 'é';\n-- +goose Down\n-- +goose StatementBegin\nSELECT 2\n-- +goose StatementEnd\n",
        "%project=é\na 2026-01-01T00:00:00Z A <a@b>\n@t 2026-01-01T00:00:00Z A <a@b>\n",
    ];
    const LINES: &[&str] = &[
        "-- migrate:up",
        "-- migrate:down",
        "-- +goose Up",
        "-- +goose Down",
        "-- +goose StatementBegin",
        "SELECT 'é';",
        "${é}",
        "\u{feff}",
        "executeInTransaction=false",
        "a [b] 2026-01-01T00:00:00Z A <a@b>",
        "\\i é",
        "\n",
        "\r\n",
    ];
    let mixed = proptest::collection::vec(select(LINES), 0..6).prop_map(|lines| lines.concat());
    prop_oneof![select(WHOLES).prop_map(str::to_owned), mixed]
}

/// The text of a piece, and the line on which it begins.
fn at(piece: Option<&crate::migration::Piece>) -> Option<(usize, &str)> {
    piece.map(|piece| (piece.line, piece.text.as_str()))
}
