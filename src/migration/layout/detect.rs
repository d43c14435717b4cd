//! The layout of a folder by what is in it: names first, then the markers inside of files.

use super::{Folder, Layout, dbmate, flyway, golang_migrate, goose, sqitch};

/// Every layout that a folder may have.
pub(super) fn fitting(folder: &Folder) -> Vec<Layout> {
    let numbered: Vec<_> = numbered(folder).collect();
    Layout::ALL.into_iter().filter(|layout| fits(*layout, folder, &numbered)).collect()
}

/// The files in no directory whose name starts with digits and ends with `.sql`, and their texts; no checks.
fn numbered(folder: &Folder) -> impl Iterator<Item = (&str, &str)> {
    let is_one = |path: &str| !path.contains('/') && !path.ends_with(".verify.sql") && dbmate::version(path).is_some();
    let flat = folder.0.iter().filter(move |(path, _)| is_one(path));
    flat.filter_map(|(path, bytes)| Some((path.as_str(), std::str::from_utf8(bytes).ok()?)))
}

fn fits(layout: Layout, folder: &Folder, numbered: &[(&str, &str)]) -> bool {
    let mut paths = folder.0.keys().map(String::as_str);
    let is_marked = |text: &str| dbmate::has_markers(text) || goose::has_markers(text);
    match layout {
        Layout::Prisma => paths.any(|path| path == "migration_lock.toml" || is_below(path, "migration.sql")),
        Layout::Diesel => paths.any(|path| is_below(path, "up.sql")),
        Layout::Sqitch => {
            paths.any(|path| path == sqitch::PLAN || path == "sqitch.conf" || path.starts_with("deploy/"))
        }
        Layout::Flyway => paths.any(flyway::is_versioned),
        Layout::Dbmate => numbered.iter().any(|(_, text)| dbmate::has_markers(text)),
        Layout::Goose => numbered.iter().any(|(_, text)| goose::has_markers(text)),
        Layout::GolangMigrate => {
            // What only sqlx has a meaning for is not golang-migrate's.
            let of_sqlx = |(path, text): &(&str, &str)| {
                golang_migrate::parts(path).is_none() || text.starts_with("-- no-transaction")
            };
            paths.any(|path| !path.contains('/') && golang_migrate::parts(path).is_some())
                && !numbered.iter().any(|file| of_sqlx(file) && !is_marked(file.1))
        }
        Layout::Sqlx => {
            // sqlx refuses a folder that has a file like `seed_users.sql`.
            let refused = |path: &str| {
                let number = path.split_once('_').filter(|_| !path.contains('/') && is_sql(path));
                number.is_some_and(|(number, _)| number.parse::<i64>().is_err())
            };
            numbered.iter().any(|(path, text)| path.contains('_') && !is_marked(text)) && !paths.any(refused)
        }
    }
}

/// Whether a path is that of this file in a directory of the folder.
fn is_below(path: &str, file: &str) -> bool {
    path.split_once('/').is_some_and(|(_, below)| below == file)
}

#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "the tools compare it so")]
fn is_sql(path: &str) -> bool {
    path.ends_with(".sql")
}
