//! What rows of each tool say, and by what its table is known. What the statements do is tried on real databases by
//! `tests/ledgers.rs`.

use super::{Entry, Ledger, Row, Writing};
use crate::migration::{Dialect, Layout, Piece, Script};

fn ledger(layout: Layout) -> Ledger {
    Ledger { layout, dialect: Dialect::Postgres, table: None }
}

fn script(version: &str) -> Script {
    let up = Piece { path: format!("{version}.sql"), line: 1, text: String::new(), is_bare: false };
    Script {
        name: version.to_owned(),
        version: version.to_owned(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up,
        down: None,
        verify: None,
    }
}

fn row(columns: &[(&str, &str)]) -> Row {
    let value = |text: &str| Some(text.to_owned()).filter(|text| text != "NULL");
    columns.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
}

/// What a ledger says, as `VERSION`, `VERSION=CHECKSUM`, and with `~` where it is half applied.
fn said(layout: Layout, rows: &[Row], scripts: &[&str]) -> Vec<String> {
    let scripts: Vec<_> = scripts.iter().map(|version| script(version)).collect();
    let shown = |entry: &Entry| {
        let checksum = entry.checksum.as_ref().map(|checksum| format!("={checksum}"));
        format!("{}{}{}", entry.version, checksum.unwrap_or_default(), if entry.half.is_some() { "~" } else { "" })
    };
    ledger(layout).entries(rows, &scripts).iter().map(shown).collect()
}

#[test]
fn prisma_has_a_row_for_each_attempt() {
    let attempt = |name, checksum, finished, rolled_back| {
        let columns = [
            ("migration_name", name),
            ("checksum", checksum),
            ("started_at", "1"),
            ("finished_at", finished),
            ("rolled_back_at", rolled_back),
        ];
        row(&columns)
    };
    let rows = [
        attempt("2_b", "old", "NULL", "5"),
        attempt("2_b", "new", "6", "NULL"),
        attempt("1_a", "first", "6", "NULL"),
        attempt("1_a", "second", "7", "NULL"),
        attempt("3_c", "x", "6", "NULL"),
        attempt("3_c", "x", "NULL", "NULL"),
        attempt("4_d", "x", "6", "7"),
        attempt("0_gone", "x", "6", "NULL"),
    ];
    let scripts = ["1_a", "2_b", "3_c", "4_d"];
    assert_eq!(said(Layout::Prisma, &rows, &scripts), ["0_gone=x", "1_a=first", "2_b=new", "3_c=x~"]);
}

#[test]
fn prisma_has_ids_as_of_version_4_that_an_apply_makes_again() {
    let id = |op: &str, version: &str| {
        let script = script(version);
        let writing = Writing { script: &script, previous: None, op, took: 0 };
        let insert = ledger(Layout::Prisma).begin(&writing).pop().expect("it inserts");
        insert.values[0].clone().expect("it has an id")
    };
    let one = id("op1", "1_a");
    assert_eq!(one, id("op1", "1_a"));
    assert_ne!(one, id("op2", "1_a"));
    assert_ne!(one, id("op1", "2_a"));
    let lengths: Vec<_> = one.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{one}");
    for version in 0..32 {
        let id = id("op", &version.to_string());
        assert_eq!(&id[14..15], "4", "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}

#[test]
fn sqlx_tells_what_failed() {
    let rows = [
        row(&[("version", "2"), ("success", "false"), ("checksum", "bb")]),
        row(&[("version", "10"), ("success", "true"), ("checksum", "cc")]),
        row(&[("version", "3"), ("success", "1"), ("checksum", "ee")]),
    ];
    assert_eq!(said(Layout::Sqlx, &rows, &["1", "2", "10", "11"]), ["2=bb~", "3=ee", "10=cc"]);
}

#[test]
fn golang_migrate_has_one_row_for_all() {
    let at = |version, dirty| [row(&[("version", version), ("dirty", dirty)])];
    let scripts = ["1", "2", "10"];
    assert_eq!(said(Layout::GolangMigrate, &[], &scripts), [""; 0]);
    assert_eq!(said(Layout::GolangMigrate, &at("2", "false"), &scripts), ["1", "2"]);
    assert_eq!(said(Layout::GolangMigrate, &at("2", "true"), &scripts), ["1", "2~"]);
    // A version between, after or without scripts is that of a file that is gone.
    assert_eq!(said(Layout::GolangMigrate, &at("7", "0"), &scripts), ["1", "2", "7"]);
    assert_eq!(said(Layout::GolangMigrate, &at("20", "1"), &scripts), ["1", "2", "10", "20~"]);
    // The way back of the first one failed.
    assert_eq!(said(Layout::GolangMigrate, &at("-1", "true"), &scripts), ["1~"]);
    assert_eq!(said(Layout::GolangMigrate, &at("-1", "false"), &scripts), [""; 0]);
}

#[test]
fn one_row_may_stand_for_versions_whose_files_are_gone() {
    let covered = |layout, rows: &[Row], versions: &[&str]| -> Vec<String> {
        let through = ledger(layout).through(rows);
        let is_covered = |version: &&&str| through.as_ref().is_some_and(|through| through.covers(version));
        versions.iter().filter(is_covered).map(|version| (*version).to_owned()).collect()
    };
    let at = |version| [row(&[("version", version), ("dirty", "false")])];
    assert_eq!(covered(Layout::GolangMigrate, &at("10"), &["1", "9", "10", "11"]), ["1", "9", "10"]);
    assert_eq!(covered(Layout::GolangMigrate, &at("-1"), &["1"]), [""; 0]);
    assert_eq!(covered(Layout::GolangMigrate, &[], &["1"]), [""; 0]);
    let baseline = row(&[("installed_rank", "1"), ("version", "2.1"), ("type", "BASELINE"), ("success", "true")]);
    let later = row(&[("installed_rank", "2"), ("version", "3"), ("type", "SQL"), ("success", "true")]);
    assert_eq!(covered(Layout::Flyway, &[baseline, later.clone()], &["1.9", "2.1", "2.10", "3"]), ["1.9", "2.1"]);
    assert_eq!(covered(Layout::Flyway, &[later], &["1", "3"]), [""; 0]);
    let each = [row(&[("version", "3"), ("success", "true")])];
    assert_eq!(covered(Layout::Sqlx, &each, &["1", "3"]), [""; 0]);
}

#[test]
fn dbmate_and_diesel_have_versions_as_text() {
    let rows = ["9", "0010", "002"].map(|version| row(&[("version", version)]));
    for layout in [Layout::Dbmate, Layout::Diesel] {
        assert_eq!(said(layout, &rows, &["0010", "10", "9"]), ["0010", "002", "9"]);
    }
}

#[test]
fn goose_goes_by_the_newest_row_of_a_version() {
    let at = |version, applied| row(&[("version_id", version), ("is_applied", applied)]);
    let rows = [at("0", "true"), at("2", "true"), at("1", "true"), at("2", "false"), at("3", "false"), at("3", "true")];
    assert_eq!(said(Layout::Goose, &rows, &["1", "2", "3"]), ["1", "3"]);
    assert_eq!(said(Layout::Goose, &rows[..1], &["1"]), [""; 0]);
}

#[test]
fn flyway_has_rows_of_many_kinds() {
    let done = |rank, version, kind, checksum, success| {
        let columns = [
            ("installed_rank", rank),
            ("version", version),
            ("type", kind),
            ("script", "R__view.sql"),
            ("checksum", checksum),
            ("success", success),
        ];
        row(&columns)
    };
    let rows = [
        done("-1", "9", "SQL", "7", "true"),
        done("0", "NULL", "SCHEMA", "NULL", "true"),
        done("1", "3", "BASELINE", "NULL", "true"),
        done("2", "4.0", "SQL", "-4", "true"),
        done("3", "5", "SQL", "5", "true"),
        done("4", "5", "DELETE", "5", "true"),
        done("5", "6", "SQL", "NULL", "false"),
        done("6", "NULL", "SQL", "1", "true"),
        done("7", "4.5", "JDBC", "NULL", "true"),
    ];
    let scripts = ["1", "2.1", "3.0", "4", "5", "6", "9"];
    // What is at or below the baseline counts as applied; the version is that of the script.
    let expected = ["1", "2.1", "3.0", "4=-4", "4.5", "6~", "R__view.sql=1"];
    assert_eq!(said(Layout::Flyway, &rows, &scripts), expected);
    assert_eq!(said(Layout::Flyway, &rows[1..2], &scripts), [""; 0]);
}

#[test]
fn omni_has_versions_in_any_order() {
    let rows = ["b", "gone", "a"].map(|version| row(&[("version", version), ("checksum", "c")]));
    assert_eq!(said(Layout::Sqitch, &rows, &["a", "b", "c"]), ["a=c", "b=c", "gone=c"]);
}

#[test]
fn tables_of_one_name_are_told_apart_by_their_columns() {
    let owners = |columns: &[&str]| -> Vec<Layout> {
        let columns: Vec<_> = columns.iter().map(|column| (*column).to_owned()).collect();
        Layout::ALL.into_iter().filter(|layout| ledger(*layout).is_own(&columns)).collect()
    };
    assert_eq!(owners(&["version"]), [Layout::Dbmate]);
    assert_eq!(owners(&["version", "dirty"]), [Layout::GolangMigrate]);
    assert_eq!(owners(&["version", "run_on"]), [Layout::Diesel]);
    assert_eq!(owners(&["version", "checksum", "applied_at"]), [Layout::Sqitch]);
    assert_eq!(owners(&["id", "version_id", "is_applied", "tstamp"]), [Layout::Goose]);
    let of_sqlx = ["version", "description", "installed_on", "success", "checksum", "execution_time"];
    assert_eq!(owners(&of_sqlx), [Layout::Sqlx]);
    assert_eq!(owners(&["id", "name"]), []);
    assert_eq!(owners(&[]), []);
}

#[test]
fn the_locks_are_those_of_the_tools() {
    let locks = |layout| ledger(layout).locks("app", "public");
    assert_eq!(locks(Layout::Prisma), [72_707_369]);
    assert_eq!(locks(Layout::Sqlx), [3_469_795_979_745_788_610]);
    assert_eq!(locks(Layout::GolangMigrate), [1_726_534_663, 1_787_120_056]);
    assert_eq!(locks(Layout::Goose), [4_097_083_626]);
    assert_eq!(locks(Layout::Flyway), [77_433_833_903_597]);
    assert_eq!(locks(Layout::Sqitch), [75_474_063]);
    assert_eq!(locks(Layout::Dbmate), [0; 0]);
    assert_eq!(locks(Layout::Diesel), [0; 0]);
    for layout in Layout::ALL {
        assert_eq!(Ledger { dialect: Dialect::Sqlite, ..ledger(layout) }.locks("app", "main"), [0; 0]);
    }
}

#[test]
fn a_table_may_have_a_schema() {
    let named = |table: Option<&str>| Ledger { table: table.map(str::to_owned), ..ledger(Layout::GolangMigrate) };
    assert_eq!(named(None).tables("public"), ["public.schema_migrations"]);
    assert_eq!(named(Some("steps")).tables("public"), ["public.steps"]);
    assert_eq!(named(Some("app.steps")).tables("public"), ["app.steps"]);
    assert_eq!(ledger(Layout::Sqitch).tables("public"), ["omni.ledger"]);
    let of_sqlite = Ledger { dialect: Dialect::Sqlite, ..ledger(Layout::Sqitch) };
    assert_eq!(of_sqlite.tables("main"), ["main._omni_ledger"]);
    assert_ne!(named(Some("app.steps")).locks("app", "public"), named(Some("steps")).locks("app", "public"));
    assert_eq!(named(Some("app.steps")).locks("app", "public"), named(Some("steps")).locks("app", "app"));
}

#[test]
fn names_are_quoted() {
    let named = Ledger { table: Some("a\"b.C'd".to_owned()), ..ledger(Layout::Dbmate) };
    assert!(named.read().text.contains("FROM \"a\"\"b\".\"C'd\""), "{}", named.read().text);
    assert!(named.create()[0].text.contains("to_regnamespace('\"a\"\"b\"')"), "{}", named.create()[0].text);
}
