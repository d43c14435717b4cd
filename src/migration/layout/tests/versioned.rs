//! Flyway.

use super::{names, one, problem, problems, read, versions};
use crate::migration::Layout::Flyway;
use crate::migration::layout::flyway::Version;

#[test]
fn versions_are_numbers_of_any_size() {
    let texts =
        ["0.9", "1", "1.9", "1.10", "2", "20240101120000", "99999999999999999999999", "100000000000000000000000"];
    for pair in texts.windows(2) {
        assert!(Version::read(pair[0]) < Version::read(pair[1]), "{pair:?}");
    }
    for same in [["1.0", "1"], ["001", "1"], ["1_2", "1.2"], ["1.0.0", "1_0"], ["0", "0.0"]] {
        assert_eq!(Version::read(same[0]), Version::read(same[1]));
    }
    for text in ["", "a", "1.", ".1", "1..2", "1a", "1-2"] {
        assert_eq!(Version::read(text), None, "{text}");
    }
}

#[test]
fn names_say_version_and_description() {
    let files = [
        ("V1_10__add_the_tax.sql", "c"),
        ("V001__Init.SQL", "a"),
        ("deep/er/V1.2__two__parts.sql", "b"),
        ("U1_10__any.sql", "back"),
        ("V2.sql", "d"),
        ("Vx__no.sql", ""),
        ("v3__no.sql", ""),
        ("Rfoo.sql", ""),
        (".git/V9__no.sql", ""),
        ("afterburner.sql", ""),
        ("notes.md", ""),
    ];
    let scripts = read(Flyway, &files);
    assert_eq!(versions(&scripts), ["001", "1.2", "1.10", "2"]);
    assert_eq!(names(&scripts), ["V001__Init", "V1.2__two__parts", "V1_10__add_the_tax", "V2"]);
    let descriptions: Vec<_> = scripts.iter().map(|script| script.description.as_str()).collect();
    assert_eq!(descriptions, ["Init", "two  parts", "add the tax", ""]);
    assert_eq!(scripts[1].up.path, "deep/er/V1.2__two__parts.sql");
    assert_eq!(scripts[2].down.as_ref().map(|down| down.text.as_str()), Some("back"));
    let long = format!("V1__{}.sql", "x".repeat(201));
    assert_eq!(one(Flyway, &[(&long, "")]).description, format!("{}...", "x".repeat(197)));
}

#[test]
fn the_checksum_is_of_the_lines_alone() {
    let sum = |text| one(Flyway, &[("V1__a.sql", text)]).checksum.expect("there is one");
    // CRC-32 of `ab` is 0x9E83486D.
    for text in ["ab", "a\nb", "a\r\nb\r\n", "a\rb\n\n", "\u{feff}ab"] {
        assert_eq!(sum(text), (0x9E83_486D_u32).cast_signed().to_string(), "{text:?}");
    }
    assert_eq!(sum(""), "0");
    assert!(one(Flyway, &[("V1__a.sql", "\u{feff}ab")]).up.text.starts_with('a'));
}

#[test]
fn what_no_script_can_say_is_refused() {
    let files = [
        ("B1__base.sql", ""),
        ("R__view.sql", ""),
        ("V1__a.py", ""),
        ("V1__b.sql", ""),
        ("beforeMigrate.sql", ""),
        ("sub/afterEachMigrate__x.sql", ""),
    ];
    let shown: Vec<_> = problems(Flyway, &files).iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "`B1__base.sql`: omni runs no baseline migration of Flyway yet",
            "`R__view.sql`: omni runs no repeatable migration of Flyway yet",
            "`V1__a.py`: omni runs no program of Flyway yet",
            "`beforeMigrate.sql`: omni runs no callback of Flyway yet",
            "`sub/afterEachMigrate__x.sql`: omni runs no callback of Flyway yet",
        ]
    );
}

#[test]
fn equal_versions_and_lonely_ways_back_are_found() {
    let twice = [("V1.0__a.sql", ""), ("V1__b.sql", "")];
    assert_eq!(problem(Flyway, &twice), "`V1__b.sql`: it has the version `1`, as `V1.0__a.sql` has");
    assert_eq!(problem(Flyway, &[("U2__a.sql", "")]), "`U2__a.sql`: version `2` has a way back and no way forward");
}

#[test]
fn settings_stand_beside_a_script() {
    let with = |settings| [("V1__a.sql", "SELECT '${x}';"), ("V1__a.sql.conf", settings)];
    let script =
        one(Flyway, &with("# note\nexecuteInTransaction = FALSE\nplaceholderReplacement:false\nencoding=UTF-8\n"));
    assert!(script.up.is_bare);
    assert!(!one(Flyway, &with("executeInTransaction=true\nplaceholderReplacement=false")).up.is_bare);
    assert_eq!(
        problem(Flyway, &with("")),
        "`V1__a.sql`, line 1: `${x}` is a placeholder, which omni does not fill in yet"
    );
    let bad = with("placeholderReplacement=false\nshouldExecute=false\nexecuteInTransactions=false\n");
    let shown: Vec<_> = problems(Flyway, &bad).iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "`V1__a.sql.conf`, line 2: omni does not follow `shouldExecute=false`",
            "`V1__a.sql.conf`, line 3: `executeInTransactions` is no setting that Flyway knows",
        ]
    );
}

#[test]
fn a_check_is_no_second_migration() {
    for check in ["a/V1__x.verify.sql", "a/verify/V1__x.sql"] {
        let script = one(Flyway, &[("a/V1__x.sql", ""), (check, "SELECT 1")]);
        assert_eq!(script.verify.expect("there is one").path, check);
    }
}
