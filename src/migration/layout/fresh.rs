//! `Fresh`: the files of a new migration, named and marked as its tool wants them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::migration::{Layout, Script};

/// How many digits a moment has as a version: `20261123103225`.
const MOMENT: usize = 14;

/// The files of a new migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// Their texts by their paths below the migrations' folder.
    pub files: Vec<(String, String)>,
    /// Where its check goes, which nobody has to write.
    pub verify: String,
    /// What the reader has to do beside writing the SQL.
    pub note: Option<&'static str>,
}

impl Fresh {
    /// The files of a migration of this name after those that are there. Its version is the next number where theirs
    /// are numbers, else the moment.
    #[must_use]
    pub fn of(layout: Layout, there: &[Script], name: &str, now: Timestamp) -> Self {
        let version = version(layout, there, now);
        let named = format!("{version}_{name}");
        let (up, down) = ("-- the way up\n".to_owned(), "-- the way back\n".to_owned());
        let marked = |up: &str, down: &str| format!("{up}\n\n{down}\n");
        let is_single = layout == Layout::Sqlx && !there.is_empty() && there.iter().all(|one| one.down.is_none());
        let (files, verify) = match layout {
            Layout::Prisma => (
                vec![(format!("{named}/migration.sql"), up), (format!("{named}/down.sql"), down)],
                format!("{named}/verify.sql"),
            ),
            Layout::Diesel => (
                vec![(format!("{named}/up.sql"), up), (format!("{named}/down.sql"), down)],
                format!("{named}/verify.sql"),
            ),
            Layout::Sqlx if is_single => (vec![(format!("{named}.sql"), up)], format!("{named}.verify.sql")),
            Layout::Sqlx | Layout::GolangMigrate => (
                vec![(format!("{named}.up.sql"), up), (format!("{named}.down.sql"), down)],
                format!("{named}.verify.sql"),
            ),
            Layout::Dbmate => (
                vec![(format!("{named}.sql"), marked("-- migrate:up", "-- migrate:down"))],
                format!("{named}.verify.sql"),
            ),
            Layout::Goose => (
                vec![(format!("{named}.sql"), marked("-- +goose Up", "-- +goose Down"))],
                format!("{named}.verify.sql"),
            ),
            Layout::Flyway => (
                vec![(format!("V{version}__{name}.sql"), up), (format!("U{version}__{name}.sql"), down)],
                format!("V{version}__{name}.verify.sql"),
            ),
            Layout::Sqitch => (
                vec![(format!("deploy/{name}.sql"), up), (format!("revert/{name}.sql"), down)],
                format!("verify/{name}.sql"),
            ),
        };
        let note = match layout {
            Layout::Sqitch => Some("Add it to sqitch.plan where there is one."),
            Layout::Sqlx if is_single => Some("It has no way back, like those before it."),
            _ => None,
        };
        Self { files, verify, note }
    }
}

/// The version of a new migration.
fn version(layout: Layout, there: &[Script], now: Timestamp) -> String {
    let moment = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string();
    let last = there.last().map(|script| &script.version);
    let begins = there.last().map(|script| script.name.split('_').next().unwrap_or_default());
    match (layout, last, begins) {
        (Layout::Diesel, None, _) => dashed(&moment),
        (Layout::Diesel, _, Some(begins)) if begins.contains('-') => dashed(&next(&begins.replace('-', ""), &moment)),
        (Layout::Flyway, None, _) => "1".to_owned(),
        (Layout::Flyway, Some(last), _) => {
            let main = last.split(['.', '_']).next().unwrap_or_default();
            next(main, &moment)
        }
        (_, _, Some(begins)) => next(begins, &moment),
        _ => moment,
    }
}

/// A moment as diesel's names have it, `2026-11-23-103225`: its ledger has it without the dashes.
fn dashed(moment: &str) -> String {
    match (moment.get(..4), moment.get(4..6), moment.get(6..8), moment.get(8..)) {
        (Some(year), Some(month), Some(day), Some(time)) => format!("{year}-{month}-{day}-{time}"),
        _ => moment.to_owned(),
    }
}

/// The version after this one: the moment where it is one, else the next number with as many digits.
fn next(last: &str, moment: &str) -> String {
    match last.parse::<u64>() {
        Ok(_) if last.len() == MOMENT && last < moment => moment.to_owned(),
        Ok(number) => format!("{:0width$}", number + 1, width = last.len()),
        Err(_) => moment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Fresh;
    use crate::migration::layout::Folder;
    use crate::migration::{Layout, Script};

    fn scripts(layout: Layout, files: &[(String, String)]) -> Vec<Script> {
        let bytes = files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes()));
        layout.scripts(&Folder(bytes.collect())).expect("what is made can be read")
    }

    #[test]
    fn what_is_made_is_the_last_of_its_layout() {
        let now = "2026-11-23T10:32:25Z".parse().expect("a moment");
        for layout in Layout::ALL {
            let mut files = Fresh::of(layout, &[], "first", now).files;
            let first = scripts(layout, &files);
            assert_eq!(first.len(), 1, "{layout}");
            files.extend(Fresh::of(layout, &first, "second", now).files);
            let both = scripts(layout, &files);
            let names: Vec<_> = both.iter().map(|script| script.name.as_str()).collect();
            assert!(both.len() == 2 && both.iter().all(|script| script.down.is_some()), "{layout}: {names:?}");
            assert!(layout == Layout::Sqitch || names[1].ends_with("second"), "{layout}: {names:?}");
        }
    }

    #[test]
    fn numbers_are_followed_by_numbers() {
        let now = "2026-11-23T10:32:25Z".parse().expect("a moment");
        let there = |name: &str| {
            let files =
                [(format!("{name}.up.sql"), "SELECT 1".to_owned()), (format!("{name}.down.sql"), String::new())];
            scripts(Layout::GolangMigrate, &files)
        };
        let path = |name: &str| Fresh::of(Layout::GolangMigrate, &there(name), "x", now).files[0].0.clone();
        assert_eq!(path("000041_a"), "000042_x.up.sql");
        assert_eq!(path("20240102030405_a"), "20261123103225_x.up.sql");
        assert_eq!(path("20990102030405_a"), "20990102030406_x.up.sql");
    }
}
