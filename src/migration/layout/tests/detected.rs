//! Which layout a folder has.

use super::folder;
use crate::migration::Layout;
use crate::migration::layout::{Folder, Undetected};

fn detected(files: &[(&str, &str)]) -> Result<Layout, Undetected> {
    Layout::detect(&folder(files))
}

#[test]
fn each_is_known_by_what_only_it_has() {
    let (dbmate, goose) = ("-- migrate:up\n-- migrate:down\n", "-- +goose Up\n");
    let cases: [(&[(&str, &str)], Layout); 13] = [
        (&[("migration_lock.toml", "")], Layout::Prisma),
        (&[("1_init/migration.sql", ""), ("1_init/down.sql", "")], Layout::Prisma),
        (&[("2024-01-01-000000_a/up.sql", ""), ("2024-01-01-000000_a/down.sql", "")], Layout::Diesel),
        (&[("sqitch.plan", "")], Layout::Sqitch),
        (&[("deploy/a.sql", ""), ("revert/a.sql", ""), ("verify/a.sql", "")], Layout::Sqitch),
        (&[("V1__a.sql", ""), ("R__b.sql", "")], Layout::Flyway),
        (&[("sub/V1.2.sql", "")], Layout::Flyway),
        (&[("1_a.sql", dbmate), ("1_a.verify.sql", "SELECT 1")], Layout::Dbmate),
        (&[("00001_a.sql", goose), ("verify/00001_a.sql", "SELECT 1")], Layout::Goose),
        (&[("1_a.sql", "SELECT 1"), ("2_b.up.sql", ""), ("2_b.down.sql", "")], Layout::Sqlx),
        (&[("1_a.up.sql", "-- no-transaction\n"), ("1_a.down.sql", "")], Layout::Sqlx),
        (&[("1_a.up.sql", ""), ("seed_users.sql", "")], Layout::GolangMigrate),
        (&[("1_a.up.pgsql", ""), ("1_a.down.pgsql", "")], Layout::GolangMigrate),
    ];
    for (files, layout) in cases {
        assert_eq!(detected(files), Ok(layout), "{files:?}");
    }
}

#[test]
fn pairs_may_be_of_two_tools() {
    let found = detected(&[("1_a.up.sql", ""), ("1_a.down.sql", "")]).unwrap_err();
    assert_eq!(found, Undetected::Several(vec![Layout::Sqlx, Layout::GolangMigrate]));
    assert_eq!(found.to_string(), "it may be laid out for `sqlx` or `golang-migrate`");
    assert_eq!(found.help(), "set `layout = \"sqlx\"` or `layout = \"golang-migrate\"`");
}

#[test]
fn nothing_is_known_of_a_folder_of_other_things() {
    for files in [folder(&[("README.md", ""), ("schema.sql", "")]), Folder::default()] {
        let found = Layout::detect(&files).unwrap_err();
        assert_eq!(found, Undetected::Nothing);
        assert!(found.help().ends_with("`flyway` or `sqitch`"), "{}", found.help());
    }
}
