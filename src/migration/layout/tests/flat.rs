//! Files with the version in their names: sqlx, golang-migrate, dbmate and goose.

use super::{at, names, one, problem, problems, read, versions};
use crate::migration::Layout::{Dbmate, GolangMigrate, Goose, Sqlx};

const UP_DOWN: &str = "-- migrate:up\nCREATE TABLE a();\n\n-- migrate:down\nDROP TABLE a;\n";

#[test]
fn sqlx_sorts_by_number_and_pairs_by_version() {
    let files = [
        ("10_third.sql", "c"),
        ("0002_second.up.sql", "b"),
        ("2_taken_back.down.sql", "-b"),
        ("-1_first.sql", "a"),
        ("1_notes.txt", ""),
        ("README.sql", ""),
        ("sub/3_x.sql", ""),
    ];
    let scripts = read(Sqlx, &files);
    assert_eq!(versions(&scripts), ["-1", "2", "10"]);
    assert_eq!(names(&scripts), ["-1_first", "0002_second", "10_third"]);
    assert_eq!(at(scripts[1].down.as_ref()), Some((1, "-b")));
    assert_eq!(scripts[2].down, None);
}

#[test]
fn sqlx_describes_by_the_name() {
    assert_eq!(one(Sqlx, &[("2023_test_1.up.sql", "")]).description, "test 1");
    assert_eq!(one(Sqlx, &[("2023_a.sql.sql", "")]).description, "a");
    assert_eq!(one(Sqlx, &[("2023_.sql", "")]).description, "");
}

#[test]
fn sqlx_hashes_the_way_forward_as_it_is_on_disk() {
    let sum = |text| one(Sqlx, &[("1_a.up.sql", text), ("1_a.down.sql", "x")]).checksum;
    let known = "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b";
    assert_eq!(sum("").as_deref(), Some(known));
    assert_ne!(sum("a\n"), sum("a\r\n"));
}

#[test]
fn sqlx_marks_a_file_at_its_very_start() {
    let is_bare = |text| one(Sqlx, &[("1_a.sql", text)]).up.is_bare;
    assert!(is_bare("-- no-transaction\nVACUUM;"));
    assert!(is_bare("-- no-transactional"));
    for text in ["\n-- no-transaction", "\u{feff}-- no-transaction", "--no-transaction", "-- No-transaction"] {
        assert!(!is_bare(text), "{text:?}");
    }
    let script = one(Sqlx, &[("1_a.up.sql", "a"), ("1_a.down.sql", "-- no-transaction\n")]);
    assert_eq!((script.up.is_bare, script.down.map(|down| down.is_bare)), (false, Some(true)));
}

#[test]
fn sqlx_finds_what_cannot_be_paired() {
    let twice = "`1_b.sql`: it has the version `1`, as `01_a.sql` has";
    assert_eq!(problem(Sqlx, &[("01_a.sql", ""), ("1_b.sql", "")]), twice);
    assert_eq!(
        problem(Sqlx, &[("1_a.sql", ""), ("1_a.up.sql", "")]),
        "`1_a.up.sql`: it has the version `1`, as `1_a.sql` has"
    );
    assert_eq!(problem(Sqlx, &[("1_a.down.sql", "")]), "`1_a.down.sql`: version `1` has a way back and no way forward");
    let large = [("99999999999999999999_a.sql", "")];
    assert!(problem(Sqlx, &large).ends_with("its name starts with no version, which sqlx refuses"));
}

#[test]
fn a_check_stands_beside_or_apart() {
    for check in ["1_a.verify.sql", "verify/1_a.sql"] {
        for layout in [Sqlx, Dbmate, Goose] {
            let text = if layout == Goose { "-- +goose Up\nSELECT 1;\n" } else { UP_DOWN };
            let script = one(layout, &[("1_a.sql", text), (check, "SELECT 1/count(*) FROM a")]);
            assert_eq!(script.verify.expect("there is one").path, check, "{layout}");
        }
        assert!(one(GolangMigrate, &[("1_a.up.sql", ""), (check, "x")]).verify.is_some());
        assert!(one(Sqlx, &[("1_a.up.sql", ""), ("1_a.down.sql", ""), (check, "x")]).verify.is_some());
    }
    let lonely = [("1_a.sql", ""), ("2_a.verify.sql", "SELECT 1")];
    assert_eq!(problem(Sqlx, &lonely), "`2_a.verify.sql`: it is the check of no script");
    let both = [("1_a.sql", ""), ("1_a.verify.sql", ""), ("verify/1_a.sql", "")];
    assert_eq!(problem(Sqlx, &both), "`verify/1_a.sql`: `1_a.verify.sql` is there too, for the same purpose");
}

#[test]
fn golang_migrate_ignores_what_does_not_match() {
    let files = [
        ("000002_b.up.sql", "b"),
        ("2_b.down.sql", "-b"),
        ("10_c.up.sql", "c"),
        ("1_a.up.down.up.psql", "a"),
        ("3_single.sql", ""),
        ("foo_bar.up.sql", ""),
        ("+4_x.up.sql", ""),
        ("99999999999999999999_x.up.sql", ""),
        ("5_x.UP.sql", ""),
        ("sub/6_x.up.sql", ""),
    ];
    let scripts = read(GolangMigrate, &files);
    assert_eq!(versions(&scripts), ["1", "2", "10"]);
    assert_eq!(names(&scripts), ["1_a.up.down", "000002_b", "10_c"]);
    assert_eq!(at(scripts[1].down.as_ref()), Some((1, "-b")));
    assert_eq!(scripts[1].checksum, None);
}

#[test]
fn golang_migrate_takes_a_version_once_for_each_way() {
    let files = [("01_a.up.sql", ""), ("1_b.up.sql", ""), ("1_b.down.sql", "")];
    assert_eq!(problem(GolangMigrate, &files), "`1_b.up.sql`: it has the version `1`, as `01_a.up.sql` has");
    assert_eq!(
        problem(GolangMigrate, &[("1_b.down.sql", "")]),
        "`1_b.down.sql`: version `1` has a way back and no way forward"
    );
}

#[test]
fn dbmate_sorts_whole_names_and_keeps_zeros() {
    let files =
        [("1_init.sql", UP_DOWN), ("10_x.sql", UP_DOWN), ("002.sql", UP_DOWN), ("x1.sql", "no"), ("1/3_x.sql", "no")];
    let scripts = read(Dbmate, &files);
    assert_eq!(names(&scripts), ["002", "10_x", "1_init"]);
    assert_eq!(versions(&scripts), ["002", "10", "1"]);
    assert!(problem(Dbmate, &[("1_a.sql", UP_DOWN), ("1_b.sql", UP_DOWN)]).contains("it has the version `1`"));
}

#[test]
fn dbmate_cuts_at_its_markers() {
    let text =
        "-- a note\n\n--migrate:up transaction:false other\r\nVACUUM;\n--  migrate:down\nSELECT 2;\n -- migrate:up\n";
    let script = one(Dbmate, &[("1_a.sql", text)]);
    assert_eq!(at(Some(&script.up)), Some((3, "--migrate:up transaction:false other\r\nVACUUM;\n")));
    assert_eq!(at(script.down.as_ref()), Some((5, "--  migrate:down\nSELECT 2;\n -- migrate:up\n")));
    assert!(script.up.is_bare);
    assert!(!script.down.expect("there is one").is_bare);
    for options in ["transaction: false", "transaction:false:x", "Transaction:false", "transaction:true"] {
        let text = format!("-- migrate:up {options}\n-- migrate:down {options}\n");
        assert!(!one(Dbmate, &[("1_a.sql", &text)]).up.is_bare, "{options}");
    }
}

#[test]
fn dbmate_refuses_what_its_markers_do_not_say() {
    let cases = [
        ("SELECT 1;", "`1.sql`: it has no `-- migrate:up`"),
        ("\u{feff}-- migrate:up\n-- migrate:down\n", "`1.sql`: it has no `-- migrate:up`"),
        ("-- migrate:upward\n-- migrate:down\n", "`1.sql`: it has no `-- migrate:up`"),
        ("-- migrate:up\n", "`1.sql`: it has no `-- migrate:down`"),
        ("-- migrate:down\n-- migrate:up\n", "`1.sql`, line 1: `-- migrate:down` stands before `-- migrate:up`"),
        (
            "\nSET x = 1;\n-- migrate:up\n-- migrate:down\n",
            "`1.sql`, line 2: a statement stands before `-- migrate:up`, which dbmate refuses",
        ),
        (
            "-- migrate:up\n-- migrate:down\n-- migrate:up\n-- migrate:down\n",
            "`1.sql`, line 3: a second block of the same way, which dbmate cannot apply",
        ),
    ];
    for (text, shown) in cases {
        assert_eq!(problem(Dbmate, &[("1.sql", text)]), shown, "{text:?}");
    }
}

#[test]
fn goose_sorts_by_number_and_refuses_strangers() {
    let up = "-- +goose Up\nSELECT 1;\n";
    let files = [
        ("00002_b.sql", up),
        ("+1_a.sql", up),
        ("10_c.sql", up),
        ("notes.txt", ""),
        ("main.go", ""),
        ("1_x_test.go", ""),
    ];
    let scripts = read(Goose, &files);
    assert_eq!(versions(&scripts), ["1", "2", "10"]);
    assert_eq!(names(&scripts), ["+1_a", "00002_b", "10_c"]);
    let shown: Vec<_> =
        problems(Goose, &[("seed.sql", up), ("0_a.sql", up), ("3_b.go", "")]).iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "`0_a.sql`: its name starts with no version, which goose refuses",
            "`3_b.go`: it is a migration in Go, which omni cannot run",
            "`seed.sql`: its name starts with no version, which goose refuses",
        ]
    );
    assert!(problem(Goose, &[("1_a.sql", up), ("01_b.sql", up)]).contains("it has the version `1`"));
}

#[test]
fn goose_cuts_at_its_annotations() {
    let text = "-- a note\n-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN; END $$\n-- +goose StatementEnd\n\
                SELECT 1; -- one\n\n-- +goose down\nDROP TABLE a\n;\n-- the end\n";
    let script = one(Goose, &[("1_a.sql", text)]);
    let up = "-- +goose StatementBegin\nDO $$ BEGIN; END $$\n-- +goose StatementEnd\nSELECT 1; -- one\n\n";
    assert_eq!(at(Some(&script.up)), Some((3, up)));
    assert_eq!(at(script.down.as_ref()), Some((9, "DROP TABLE a\n;\n-- the end\n")));
    assert!(!script.up.is_bare);
    assert_eq!(one(Goose, &[("1_a.sql", "-- +goose Up\n")]).down, None);
    let bare = "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose NO TRANSACTION\n-- +goose ENVSUB OFF\n";
    let script = one(Goose, &[("1_a.sql", bare)]);
    assert_eq!((script.up.is_bare, script.down.map(|down| down.is_bare)), (true, Some(true)));
}

#[test]
fn goose_refuses_what_its_annotations_do_not_say() {
    let cases = [
        ("", ": it has no `-- +goose Up`"),
        ("SELECT 1;", ", line 1: a statement stands before `-- +goose Up`, which goose refuses"),
        ("\u{feff}-- +goose Up\n", ", line 1: a statement stands before `-- +goose Up`, which goose refuses"),
        ("-- +goose Up\n -- +goose Down\n", ", line 2: the annotation does not start its line, which goose refuses"),
        ("-- +goose Up\n-- +goose Up\n", ", line 2: a second `Up`"),
        ("-- +goose Down\n-- +goose Up\n", ", line 1: `Down` stands before `Up`"),
        ("-- +goose Up\n-- +goose Down\n-- +goose Down\n", ", line 3: a second `Down`"),
        ("-- +goose Up\n-- +goose Upp\n", ", line 2: goose knows no such annotation"),
        ("-- +goose StatementBegin\n", ", line 1: `StatementBegin` stands where none may"),
        ("-- +goose Up\n-- +goose StatementEnd\n", ", line 2: `StatementEnd` without `StatementBegin`"),
        ("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", ", line 2: `StatementBegin` without `StatementEnd`"),
        (
            "-- +goose Up\n-- +goose ENVSUB ON\n",
            ", line 2: `ENVSUB ON` takes its SQL from the environment, which omni does not",
        ),
        (
            "-- +goose Up\n\nSELECT 1 -- ;\n-- +goose Down\n",
            ", line 3: the statement does not end with `;`, which goose refuses",
        ),
    ];
    for (text, shown) in cases {
        assert_eq!(problem(Goose, &[("1_a.sql", text)]), format!("`1_a.sql`{shown}"), "{text:?}");
    }
}
