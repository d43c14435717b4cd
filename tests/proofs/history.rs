//! A history of many migrations: every verdict is right, and what it costs is measured.

use std::time::Instant;

use omni::migration::Script;
use omni::migration::proof::Proof;

use crate::bench::{Bench, proof, script};

/// A migration of a history of this number, and what its way back is worth. Tables are added all along, so that the
/// schema grows as that of a real project.
fn migration(at: usize) -> (Script, &'static str) {
    let table = at / 3;
    let (up, down, verdict) = match at % 15 {
        0 | 3 | 6 | 9 | 12 => (
            format!(
                "CREATE TABLE t{table} (id serial PRIMARY KEY, a int NOT NULL DEFAULT 1, b text, c varchar(40),\n\
                 d timestamptz DEFAULT now(), e jsonb, f numeric(10, 2), g boolean NOT NULL DEFAULT false);\n\
                 CREATE INDEX t{table}_b ON t{table} (b);\nALTER TABLE t{table} ADD CHECK (a > 0);"
            ),
            format!("DROP TABLE t{table};"),
            "exact",
        ),
        1 | 4 | 7 | 10 => (
            format!("ALTER TABLE t{table} ADD COLUMN h int;\nCREATE INDEX t{table}_h ON t{table} (h);"),
            format!("ALTER TABLE t{table} DROP COLUMN h;"),
            "exact",
        ),
        2 | 5 => {
            (format!("CREATE VIEW v{table} AS SELECT id, b FROM t{table};"), format!("DROP VIEW v{table};"), "exact")
        }
        8 => (
            format!("ALTER TABLE t{table} ALTER a DROP DEFAULT;"),
            format!("ALTER TABLE t{table} ALTER a SET DEFAULT 2;"),
            "lossy",
        ),
        11 => (format!("ALTER TABLE t{table} ALTER c TYPE text;"), "-- nothing".to_owned(), "empty"),
        13 => (
            format!("CREATE INDEX CONCURRENTLY t{table}_f ON t{table} (f);"),
            format!("DROP INDEX CONCURRENTLY t{table}_f;"),
            "exact",
        ),
        _ => (
            format!("ALTER TABLE t{table} DROP COLUMN a;"),
            format!("ALTER TABLE t{table} ADD COLUMN a int NOT NULL DEFAULT 1 CHECK (a > 0);"),
            "column_order",
        ),
    };
    (script(&format!("{at:04}_step"), &up, Some(&down)), verdict)
}

#[expect(clippy::print_stderr, reason = "it is a measurement")]
async fn measured(bench: &Bench, length: usize) -> Proof {
    let (scripts, verdicts): (Vec<_>, Vec<_>) = (0..length).map(migration).unzip();
    let scratch = bench.scratch("").await;
    let begun = Instant::now();
    let proof = proof(scratch.as_ref(), &scripts).await.unwrap();
    eprintln!("{length} migrations: {:.1} s", begun.elapsed().as_secs_f64());
    for (one, verdict) in proof.migrations.iter().zip(verdicts) {
        assert_eq!(one.verdict.word(), verdict, "{}: {:?}", one.migration, one.verdict);
    }
    assert_eq!(proof.batch.word(), "exact");
    scratch.remove().await.unwrap();
    proof
}

#[tokio::test]
async fn a_history_is_proven_one_by_one() {
    let proof = measured(&Bench::server().await, 30).await;
    assert_eq!(proof.migrations.len(), 30);
    assert!(serde_json::to_string(&proof).unwrap().contains("\"column_order\""));
}

#[tokio::test]
#[ignore = "a measurement: 300 migrations"]
async fn a_history_of_300() {
    measured(&Bench::server().await, 300).await;
}
