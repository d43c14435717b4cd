//! Whole scripts: what they made themselves, how they run, and what their authors are told.

use crate::migration::sql::{Analysis, Concurrent, Effect, Lock, Loss, Name, Unit, codes, lint};
use crate::migration::{Dialect, Piece, Script};

fn postgres(text: &str) -> Analysis {
    Analysis::of(Dialect::Postgres, text)
}

/// The units of a script, one line each.
fn units(dialect: Dialect, text: &str) -> Vec<String> {
    let units = Analysis::of(dialect, text).units().expect(text);
    let line = |unit: &Unit| match unit {
        Unit::Transaction(statements) => {
            let texts: Vec<_> = statements.iter().map(|statement| statement.text.as_str()).collect();
            format!("tx: {}", texts.join("; "))
        }
        Unit::Alone(statement) => format!("alone: {}", statement.text),
        Unit::Session(statement) => format!("session: {}", statement.text),
    };
    units.iter().map(line).collect()
}

#[test]
fn what_a_script_makes_is_nobody_elses() {
    let analysis = postgres(
        "CREATE TABLE a (id int);
         CREATE INDEX i ON a (id);
         ALTER TABLE a ADD COLUMN x text NOT NULL;
         ALTER TABLE a ADD CONSTRAINT c CHECK (id > 0);
         UPDATE a SET x = 'y';
         DROP INDEX i;
         ALTER TABLE a RENAME TO b;
         DELETE FROM b;
         DROP TABLE b;",
    );
    for statement in &analysis.statements {
        assert_eq!(statement.locks, [], "{}", statement.text);
        assert!(!statement.destroys() && !statement.rewrites(), "{}", statement.text);
    }
    assert_eq!(
        lint(Dialect::Postgres, &[script("a", "CREATE TABLE a (id int); CREATE INDEX ON a (id)", "DROP TABLE a")]),
        []
    );
}

#[test]
fn a_new_column_is_filled_without_a_loss() {
    let analysis = postgres("ALTER TABLE a ADD COLUMN x int; UPDATE a SET x = 1; UPDATE a SET x = 2, y = 3;");
    assert!(!analysis.statements[1].destroys());
    let lost: Vec<_> = analysis.statements[2]
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Destroys { what, .. } => Some(what.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(lost, ["column `a.y`"]);
}

#[test]
fn what_may_have_been_there_is_destroyed_all_the_same() {
    let analysis = postgres("CREATE TABLE IF NOT EXISTS a (id int); DELETE FROM a;");
    assert!(analysis.statements[1].destroys());
    let analysis = postgres("CREATE TABLE a (id int); DROP TABLE a; DROP TABLE IF EXISTS a;");
    assert!(!analysis.statements[1].destroys());
    assert!(analysis.statements[2].destroys());
}

#[test]
fn a_table_made_anew_is_told_from_a_dropped_one() {
    let text = "PRAGMA defer_foreign_keys=ON;
        PRAGMA foreign_keys=OFF;
        CREATE TABLE \"new_users\" (\"id\" INTEGER NOT NULL PRIMARY KEY);
        INSERT INTO \"new_users\" (\"id\") SELECT \"id\" FROM \"users\";
        DROP TABLE \"users\";
        ALTER TABLE \"new_users\" RENAME TO \"users\";
        CREATE UNIQUE INDEX \"users_id\" ON \"users\"(\"id\");
        PRAGMA foreign_keys=ON;
        PRAGMA defer_foreign_keys=OFF;";
    let analysis = Analysis::of(Dialect::Sqlite, text);
    let how: Vec<_> = analysis
        .statements
        .iter()
        .flat_map(|statement| &statement.effects)
        .filter_map(|effect| match effect {
            Effect::Destroys { how, .. } => Some(*how),
            _ => None,
        })
        .collect();
    assert_eq!(how, [Loss::Rebuilt]);
    assert!(analysis.is_one_transaction());
    let units = units(Dialect::Sqlite, text);
    assert_eq!(units.len(), 5, "{units:#?}");
    assert_eq!(units[0], "session: PRAGMA defer_foreign_keys=ON");
}

#[test]
fn a_script_that_can_is_one_transaction() {
    assert_eq!(
        units(Dialect::Postgres, "SET lock_timeout = '1s'; CREATE TABLE a (x int); CREATE TABLE b (x int);"),
        ["tx: SET lock_timeout = '1s'; CREATE TABLE a (x int); CREATE TABLE b (x int)"]
    );
    assert_eq!(units(Dialect::Postgres, "BEGIN; CREATE TABLE a (x int); COMMIT;"), ["tx: CREATE TABLE a (x int)"]);
    assert!(postgres("BEGIN; CREATE TABLE a (x int); COMMIT;").is_one_transaction());
    assert!(postgres("-- nothing\n;;").is_one_transaction());
    assert_eq!(units(Dialect::Postgres, ";;"), Vec::<String>::new());
}

#[test]
fn what_cannot_run_in_a_transaction_runs_alone() {
    let text = "SET lock_timeout = '1s'; CREATE TABLE a (x int); ALTER TABLE b ADD y int;
        CREATE INDEX CONCURRENTLY i ON b (y); ALTER TABLE b ADD z int;";
    assert_eq!(
        units(Dialect::Postgres, text),
        [
            "session: SET lock_timeout = '1s'",
            "tx: CREATE TABLE a (x int); ALTER TABLE b ADD y int",
            "alone: CREATE INDEX CONCURRENTLY i ON b (y)",
            "tx: ALTER TABLE b ADD z int",
        ]
    );
    assert!(!postgres(text).is_one_transaction());
    assert_eq!(
        units(
            Dialect::Postgres,
            "BEGIN; DELETE FROM a; COMMIT; BEGIN; SET x = 1; DELETE FROM b; COMMIT; DELETE FROM c"
        ),
        ["tx: DELETE FROM a", "tx: SET x = 1; DELETE FROM b", "tx: DELETE FROM c"]
    );
    assert_eq!(units(Dialect::Sqlite, "DELETE FROM a; VACUUM"), ["tx: DELETE FROM a", "alone: VACUUM"]);
}

#[test]
fn a_new_value_that_is_used_comes_first() {
    let alone = |text: &str| units(Dialect::Postgres, text).iter().any(|unit| unit.starts_with("alone"));
    assert!(alone("ALTER TYPE mood ADD VALUE 'happy'; UPDATE a SET m = 'happy'"));
    assert!(alone(
        "ALTER TYPE mood ADD VALUE 'happy'; CREATE FUNCTION f() RETURNS mood LANGUAGE sql AS $$ SELECT 'happy' $$"
    ));
    assert!(alone("ALTER TYPE mood ADD VALUE 'it''s'; UPDATE a SET m = 'it''s'"));
    assert!(!alone("ALTER TYPE mood ADD VALUE 'happy'; UPDATE a SET m = 'sad'"));
    assert!(!alone("ALTER TYPE mood ADD VALUE 'happy'; ALTER TYPE mood ADD VALUE 'glad' AFTER 'happy'"));
    assert!(!alone("UPDATE a SET m = 'happy'; ALTER TYPE mood ADD VALUE 'happy'"));
    assert!(!alone("CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'happy'; UPDATE a SET m = 'happy'"));
}

#[test]
fn what_cannot_be_run_is_refused_with_its_line() {
    let lines = |dialect, text| {
        let refusals = Analysis::of(dialect, text).units().expect_err(text);
        refusals.iter().map(|refusal| refusal.line).collect::<Vec<_>>()
    };
    assert_eq!(lines(Dialect::Postgres, "SELECT 1;\n\\connect x\nSELECT 2;\n  \\i y.sql"), [2, 4]);
    assert_eq!(lines(Dialect::Postgres, "SELECT 1;\n\nCOPY a FROM stdin;\n1\t'x\n2\t;y\n\\.\nSELECT 1;"), [3]);
    assert_eq!(lines(Dialect::Postgres, "\nBEGIN;\nSELECT 1;"), [2]);
    assert_eq!(lines(Dialect::Postgres, "BEGIN;\nSELECT 1;\nROLLBACK;"), [3]);
    assert_eq!(lines(Dialect::Postgres, "BEGIN;\nVACUUM;\nCOMMIT;"), [2]);
    assert_eq!(lines(Dialect::Sqlite, "SELECT 1;\n.read x\n"), [2]);
}

#[test]
fn data_after_copy_is_no_sql() {
    let analysis = postgres("COPY a FROM stdin;\n1\t'x\n2\t;y\n\\.\nSELECT 1;");
    assert_eq!(
        analysis.statements.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
        ["COPY a FROM stdin", "SELECT 1"]
    );
}

#[test]
fn an_index_that_may_be_invalid_is_named() {
    let concurrent = |text: &str| postgres(text).statements.remove(0).concurrent;
    let table = Name { schema: Some("s".to_owned()), name: "a".to_owned() };
    let index = Some(Name { schema: Some("s".to_owned()), name: "I".to_owned() });
    assert_eq!(
        concurrent("CREATE INDEX CONCURRENTLY \"I\" ON s.a (x)"),
        Some(Concurrent::CreatesIndex { index, table: table.clone(), if_not_exists: false })
    );
    assert_eq!(
        concurrent("CREATE INDEX CONCURRENTLY IF NOT EXISTS j ON a (x)"),
        Some(Concurrent::CreatesIndex { index: Some(Name::bare("j")), table: Name::bare("a"), if_not_exists: true })
    );
    assert_eq!(
        concurrent("CREATE INDEX CONCURRENTLY ON s.a (x)"),
        Some(Concurrent::CreatesIndex { index: None, table, if_not_exists: false })
    );
}

#[test]
fn places_and_words_for_people() {
    let analysis = postgres(
        "-- a\n\n/* b */ ALTER TABLE a\n  ADD COLUMN x int; -- c\n\nALTER TABLE a ALTER x TYPE bigint;\nSELEKT",
    );
    let lines: Vec<_> = analysis.statements.iter().map(|one| (one.line, one.folded(), one.cost())).collect();
    let told = |line, text: &str, cost: &str| (line, text.to_owned(), cost.to_owned());
    assert_eq!(
        lines,
        [
            told(3, "ALTER TABLE a ADD COLUMN x int", "lock: ACCESS EXCLUSIVE, no rewrite"),
            told(6, "ALTER TABLE a ALTER x TYPE bigint", "lock: ACCESS EXCLUSIVE, rewrites the table"),
            told(7, "SELEKT", "not understood"),
        ]
    );
    assert_eq!(analysis.statements[0].lock(), Some(Lock::AccessExclusive));
}

#[test]
fn a_statement_that_cannot_be_read_spoils_no_other() {
    let analysis = postgres("DROP TABLE a; CREATE TABEL b (x int); DROP TABLE c;");
    let read: Vec<_> = analysis.statements.iter().map(|one| one.is_understood).collect();
    assert_eq!(read, [true, false, true]);
    assert!(analysis.statements[1].hides());
}

#[test]
fn what_nests_too_deeply_is_not_read() {
    for (open, close) in [("(", ")"), ("NOT ", ""), ("CASE WHEN true THEN ", " END"), ("- ", ""), ("f(1, ", ")")] {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let text = format!("SELECT {}1{}; SELECT 1", open.repeat(100_000), close.repeat(100_000));
            let analysis = Analysis::of(dialect, &text);
            assert!(analysis.statements.last().is_some_and(|last| last.is_understood), "{open} {dialect}");
            let text = format!("SELECT {}1{}", open.repeat(20), close.repeat(20));
            assert!(Analysis::of(dialect, &text).statements[0].is_understood, "{text} {dialect}");
        }
    }
    let text = format!("SELECT 1{}", " = 1".repeat(100_000));
    assert!(!postgres(&text).statements[0].is_understood);
    let rows = format!("INSERT INTO a VALUES {}(1, 'x')", "(1, 'x'), ".repeat(10_000));
    assert!(postgres(&rows).statements[0].is_understood);
    assert!(Analysis::of(Dialect::Sqlite, &rows).statements[0].is_understood);
}

fn piece(path: &str, text: &str) -> Piece {
    Piece { path: path.to_owned(), line: 1, text: text.to_owned(), is_bare: false }
}

fn script(name: &str, up: &str, down: &str) -> Script {
    Script {
        name: name.to_owned(),
        version: name.to_owned(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: piece(&format!("{name}/up.sql"), up),
        down: (!down.is_empty()).then(|| piece(&format!("{name}/down.sql"), down)),
        verify: None,
    }
}

/// The findings of one way up, as `line code`.
fn found(dialect: Dialect, up: &str) -> Vec<String> {
    let found = lint(dialect, &[script("a", up, "SELECT 1")]);
    let word = |code: &str| code.rsplit("::").next().unwrap_or_default().to_owned();
    found.iter().map(|finding| format!("{} {}", finding.line, word(finding.code))).collect()
}

#[test]
fn every_rule_finds_its_case_and_lets_the_better_one_pass() {
    let cases: &[(&str, &str, &str)] = &[
        ("blocking_constraint", "ALTER TABLE a ADD CHECK (x > 0)", "ALTER TABLE a ADD CHECK (x > 0) NOT VALID"),
        ("blocking_index", "CREATE INDEX i ON a (x)", "CREATE INDEX CONCURRENTLY i ON a (x)"),
        ("blocks_reads", "ALTER TABLE a ALTER x SET NOT NULL", "ALTER TABLE a ALTER x DROP NOT NULL"),
        ("blocks_writes", "REINDEX TABLE a", "REINDEX TABLE CONCURRENTLY a"),
        ("cannot_run", "\\i x.sql", "SELECT 1"),
        (
            "concurrently_over_invalid",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (x)",
            "CREATE INDEX CONCURRENTLY i ON a (x)",
        ),
        ("destroys_data", "DELETE FROM a", "SELECT * FROM a"),
        ("drops_column", "ALTER TABLE a DROP COLUMN x", "ALTER TABLE a ADD COLUMN x int"),
        ("drops_table", "DROP TABLE a", "DROP VIEW a"),
        ("hidden_code", "DO $$ BEGIN END $$", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$"),
        ("mixed_concurrently", "CREATE TABLE b (x int); VACUUM a", "SET x = 1; VACUUM a"),
        ("new_value_used", "ALTER TYPE m ADD VALUE 'x'; SELECT 'x'", "ALTER TYPE m ADD VALUE 'x'; SELECT 'y'"),
        ("not_understood", "SELEKT 1", "SELECT 1"),
        ("own_transaction", "BEGIN; COMMIT", "SELECT 1"),
        ("renames", "ALTER TABLE a RENAME x TO y", "ALTER INDEX i RENAME TO j"),
        ("required_column", "ALTER TABLE a ADD x int NOT NULL", "ALTER TABLE a ADD x int NOT NULL DEFAULT 1"),
        ("rewrites_table", "ALTER TABLE a ALTER x TYPE bigint", "ALTER TABLE a ALTER x SET DEFAULT 1"),
        ("unnamed_concurrently", "CREATE INDEX CONCURRENTLY ON a (x)", "CREATE INDEX CONCURRENTLY i ON a (x)"),
    ];
    for (rule, bad, good) in cases {
        let line = format!("1 {rule}");
        assert!(found(Dialect::Postgres, bad).contains(&line), "{rule}: {:?}", found(Dialect::Postgres, bad));
        assert_eq!(found(Dialect::Postgres, good), Vec::<String>::new(), "{good}");
    }
    let explained = codes().iter().map(|(code, _)| code.trim_start_matches("omni::migration::"));
    let tried: Vec<_> = cases.iter().map(|(rule, ..)| *rule).chain(["no_down", "empty_down"]).collect();
    for code in explained {
        assert!(tried.contains(&code), "{code} is not tried");
    }
}

#[test]
fn ways_down_are_looked_at() {
    let found = |down: &str| {
        let found = lint(Dialect::Postgres, &[script("a", "CREATE TABLE a (x int)", down)]);
        found.iter().map(|finding| (finding.code, finding.path.clone(), finding.line)).collect::<Vec<_>>()
    };
    assert_eq!(found(""), [("omni::migration::no_down", "a/up.sql".to_owned(), 1)]);
    assert_eq!(found("-- nothing"), [("omni::migration::empty_down", "a/down.sql".to_owned(), 1)]);
    assert_eq!(found("DROP TABLE a"), []);
    assert_eq!(found("\nDORP TABLE a"), [("omni::migration::not_understood", "a/down.sql".to_owned(), 2)]);
}

#[test]
fn lines_are_those_of_the_file() {
    let mut one = script("a", "SELECT 1;\nDELETE FROM a;", "SELECT 1");
    one.up.line = 10;
    assert_eq!(lint(Dialect::Postgres, &[one])[0].line, 11);
}

#[test]
fn a_check_needs_no_transaction_of_its_own() {
    let told = |dialect, text: &str| {
        let analysis = Analysis::of_check(dialect, text);
        let lines: Vec<_> = analysis.refusals.iter().map(|refusal| refusal.line).collect();
        (analysis.statements.iter().map(|one| one.text.clone()).collect::<Vec<_>>(), lines)
    };
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        // As `sqitch add` writes it.
        let text = "-- Verify shop:notes on pg\n\nBEGIN;\n\nSELECT id FROM notes WHERE false;\n\nROLLBACK;\n";
        assert_eq!(told(dialect, text), (vec!["SELECT id FROM notes WHERE false".to_owned()], vec![]));
        assert_eq!(told(dialect, "SELECT 1;\nVACUUM;").1, [2]);
    }
    let found =
        |verify| lint(Dialect::Postgres, &[Script { verify: Some(verify), ..script("a", "SELECT 1", "SELECT 1") }]);
    assert_eq!(found(piece("verify.sql", "BEGIN; SELECT 1; ROLLBACK")), []);
    assert_eq!(found(piece("verify.sql", "VACUUM")).len(), 1);
}
