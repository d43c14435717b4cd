//! What holds of every text: nothing is lost, nothing is changed, nothing panics.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::migration::Dialect;
use crate::migration::sql::{Analysis, Transactional, Unit};

/// Parts of scripts with everything in which a `;` can hide.
const PIECES: [&str; 34] = [
    "SELECT 1",
    "CREATE TABLE \"a;b\" (x int)",
    "SELECT ';', 'it''s; ', E'\\';', U&'\\0061;'",
    "DO $$ BEGIN DELETE FROM a; END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $b$ SELECT 1; SELECT '$$;' $b$",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c)",
    "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET n = CASE WHEN n > 0 THEN 1 END; DELETE FROM c; END",
    "ALTER TABLE a ALTER COLUMN b TYPE int USING b::int, DROP COLUMN \"ö;\"",
    "ALTER TYPE m ADD VALUE 'ü;x'",
    "UPDATE a SET (x, y) = (SELECT 1, 2), z = DEFAULT",
    "INSERT INTO a VALUES (1, 'x;'), (2, NULL) ON CONFLICT (x) DO UPDATE SET y = 1",
    "CREATE INDEX CONCURRENTLY i ON a (x)",
    "BEGIN",
    "COMMIT",
    "PRAGMA foreign_keys = OFF",
    "COPY a FROM stdin",
    "\\connect x",
    ".read x",
    "-- a; comment\n",
    "/* a; /* nested; */ comment */",
    "/* open",
    "'open",
    "$x$ open",
    "\"open",
    ";",
    "\n",
    " ",
    "(",
    ")",
    "\u{feff}",
    "日本語;",
    "\\.",
    "\0",
];

fn scripts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(PIECES.as_slice()).prop_map(str::to_owned),
        2 => Just(";\n".to_owned()),
        1 => "\\PC{0,12}",
        1 => prop::collection::vec(any::<char>(), 0..4).prop_map(|text| text.into_iter().collect()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// The text with one slice taken out, at the borders of characters.
fn without(text: &str, from: usize, length: usize) -> String {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (from, to) = (floor(from), floor(from.saturating_add(length)));
    format!("{}{}", &text[..from], &text[to..])
}

/// Whether a text between two statements says nothing: white space, `;`, comments, a mark of byte order.
fn is_empty(between: &str, dialect: Dialect) -> bool {
    Analysis::of(dialect, between).statements.is_empty()
}

fn holds(dialect: Dialect, text: &str) -> Result<(), proptest::test_runner::TestCaseError> {
    let analysis = Analysis::of(dialect, text);
    let mut end = 0;
    let mut is_data = false;
    for statement in &analysis.statements {
        prop_assert!(statement.span.start >= end && !statement.span.is_empty(), "{:?}", statement.span);
        prop_assert_eq!(&text[statement.span.clone()], statement.text.as_str());
        if statement.is_understood {
            prop_assert_eq!(statement.text.trim_ascii(), statement.text.as_str());
        }
        prop_assert_eq!(statement.line, text[..statement.span.start].matches('\n').count() + 1);
        if !is_data {
            prop_assert!(is_empty(&text[end..statement.span.start], dialect), "{:?}", &text[end..statement.span.start]);
        }
        is_data = statement.text.to_ascii_lowercase().contains("stdin");
        end = statement.span.end;
    }
    prop_assert!(is_data || is_empty(&text[end..], dialect), "{:?}", &text[end..]);
    if let Ok(units) = analysis.units() {
        let run = units.iter().map(|unit| match unit {
            Unit::Transaction(statements) => statements.len(),
            Unit::Alone(_) | Unit::Session(_) => 1,
        });
        let is_own = |one: &&_| !matches!(one, Transactional::Boundary(_));
        let said = analysis.statements.iter().map(|one| one.transactional);
        prop_assert_eq!(run.sum::<usize>(), said.filter(|one| is_own(&one)).count());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_byte_is_lost_or_changed(text in scripts(), from in 0_usize..200, length in 0_usize..20) {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            holds(dialect, &text)?;
            holds(dialect, &without(&text, from, length))?;
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            holds(dialect, &text)?;
        }
    }
}
