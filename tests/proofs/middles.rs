//! Migrations that run unit by unit, cut off between two of them: what an apply would take them back to.

use omni::migration::proof::{Copied, MigrationProof};

use crate::bench::{Bench, proof_on, script};

const BASE: &str = "CREATE TABLE users (id int PRIMARY KEY, name text);
    INSERT INTO users VALUES (1, 'ann'), (2, 'bob');
    CREATE TABLE logs (id int, line text); CREATE VIEW names AS SELECT name FROM users;";

/// A name, a way up, a way back, and what is said of it.
type Case = (&'static str, &'static str, &'static str, &'static str);

const EVERYWHERE: [Case; 8] = [
    ("whole", "CREATE TABLE a (id int); CREATE TABLE b (id int);", "DROP TABLE b; DROP TABLE a;", "down proven"),
    (
        "what is not there yet is no fault",
        "BEGIN; CREATE TABLE a (id int); COMMIT; BEGIN; CREATE TABLE b (id int); COMMIT; CREATE TABLE c (id int);",
        "DROP TABLE c; DROP TABLE b; DROP TABLE a;",
        "down proven, from the middle too",
    ),
    (
        "what is still there is no fault",
        "BEGIN; CREATE TABLE a (id int); COMMIT; DROP VIEW names;",
        "CREATE VIEW names AS SELECT name FROM users; DROP TABLE a;",
        "down proven, from the middle too",
    ),
    (
        "a way back in parts",
        "BEGIN; CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int);",
        "BEGIN; DROP TABLE b; COMMIT; DROP TABLE a;",
        "down proven, from the middle too",
    ),
    (
        "rows that a unit has written, and no schema tells of",
        "BEGIN; INSERT INTO logs VALUES (1, 'one'); COMMIT; CREATE TABLE a (id int);",
        "DROP TABLE a; DELETE FROM logs WHERE id = 1;",
        "down proven, the rows came back, from the middle too",
    ),
    (
        "rows that a unit has written, and a way back in parts",
        "BEGIN; UPDATE users SET name = name || '!'; COMMIT; CREATE TABLE a (id int);",
        "BEGIN; DROP TABLE a; COMMIT; UPDATE users SET name = substr(name, 1, length(name) - 1);",
        "down proven, the rows came back, from the middle too",
    ),
    (
        "values that were changed once, and are changed back twice",
        "BEGIN; UPDATE users SET name = name || '!'; COMMIT; UPDATE users SET name = name || '?';",
        "UPDATE users SET name = substr(name, 1, length(name) - 2);",
        "down proven, the rows came back; NOT from the middle: after 1 of 2 units, down does NOT bring back the values of \
         SCHEMA.users.name",
    ),
    (
        "no way back as a whole",
        "BEGIN; CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int);",
        "DROP TABLE b;",
        "down LEAVES table a behind",
    ),
];

const SERVER: [Case; 5] = [
    (
        "an index in the middle",
        "ALTER TABLE users ADD COLUMN a int; CREATE INDEX CONCURRENTLY users_a ON users (a);
         ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0);",
        "ALTER TABLE users DROP CONSTRAINT c; DROP INDEX users_a; ALTER TABLE users DROP COLUMN a;",
        "down proven, from the middle too",
    ),
    (
        "rows before an index that is dropped as it was made",
        "UPDATE users SET name = name || '!'; CREATE INDEX CONCURRENTLY users_name ON users (name);",
        "DROP INDEX CONCURRENTLY users_name; UPDATE users SET name = substr(name, 1, length(name) - 1);",
        "down proven, the rows came back, from the middle too",
    ),
    (
        "one statement for what two units made",
        "ALTER TABLE users ADD COLUMN a int; CREATE INDEX CONCURRENTLY users_name ON users (name);
         ALTER TABLE users ADD COLUMN b int;",
        "DROP INDEX users_name; ALTER TABLE users DROP COLUMN a, DROP COLUMN b;",
        "down proven; NOT from the middle: after 1 of 3 units, down LEAVES column users.a behind",
    ),
    (
        "a way back that insists",
        "CREATE INDEX CONCURRENTLY users_name ON users (name); CREATE TABLE a (id int);",
        "DO $$ BEGIN IF to_regclass('a') IS NULL THEN RAISE EXCEPTION 'a is gone'; END IF; END $$;\n\
         DROP TABLE a; DROP INDEX users_name;",
        "down proven; NOT from the middle: after 1 of 2 units, down fails: a is gone (P0001)",
    ),
    (
        "settings are no units",
        "SET lock_timeout = '1s'; CREATE INDEX CONCURRENTLY users_name ON users (name); RESET lock_timeout;",
        "DROP INDEX CONCURRENTLY users_name;",
        "down proven",
    ),
];

const FILE: [Case; 1] = [(
    "an index in the way",
    "BEGIN; ALTER TABLE logs ADD COLUMN a int; CREATE INDEX logs_a ON logs (a); COMMIT; DROP INDEX logs_a;",
    "ALTER TABLE logs DROP COLUMN a;",
    "down proven; NOT from the middle: after 1 of 2 units, down LEAVES column logs.a behind, and 1 more",
)];

async fn proven(bench: &Bench, up: &str, down: Option<&str>) -> (MigrationProof, String) {
    let scratch = bench.scratch(BASE).await;
    let scripts = [script("1_step", up, down)];
    let mut proof = proof_on(scratch.as_ref(), &scripts, Copied::Data).await.unwrap();
    scratch.remove().await.unwrap();
    let words = proof.words("1_step", false);
    (proof.migrations.remove(0), words)
}

async fn each_is_told_as_it_is(bench: &Bench, schema: &str, cases: &[Case]) {
    let mut wrong = Vec::new();
    for (name, up, down, said) in cases {
        let (one, words) = proven(bench, up, Some(down)).await;
        let said = said.replace("SCHEMA.", schema);
        let is_trusted = !words.contains("NOT") && !words.contains("LEAVES");
        if words != said || one.worth().is_trusted() != is_trusted {
            wrong.push(format!("{name}\n  is     {words}\n  should {said}\n  {:?}", one.worth()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn every_place_has_its_verdict(bench: &Bench) {
    let up =
        "BEGIN; CREATE TABLE a (id int); COMMIT;\nCREATE TABLE b (id int); BEGIN;\nCREATE TABLE c (id int); COMMIT;";
    let (one, _) = proven(bench, up, Some("DROP TABLE c; DROP TABLE b; DROP TABLE a;")).await;
    let places: Vec<_> = one.prefixes.unwrap().iter().map(|one| (one.done, one.of, one.line, one.is_exact())).collect();
    assert_eq!(places, [(1, 3, 1, true), (2, 3, 2, true)]);
    // Where there is no way back, or no middle, there is nothing to cut off.
    assert_eq!(proven(bench, up, None).await.0.prefixes, None);
    assert_eq!(proven(bench, "CREATE TABLE a (id int); -- bare", Some("DROP TABLE a")).await.0.prefixes, None);
}

#[tokio::test]
async fn middles_on_a_server() {
    let bench = Bench::server().await;
    each_is_told_as_it_is(&bench, "public.", &EVERYWHERE).await;
    each_is_told_as_it_is(&bench, "public.", &SERVER).await;
    every_place_has_its_verdict(&bench).await;
}

#[tokio::test]
async fn middles_on_files() {
    let bench = Bench::folder();
    each_is_told_as_it_is(&bench, "", &EVERYWHERE).await;
    each_is_told_as_it_is(&bench, "", &FILE).await;
    every_place_has_its_verdict(&bench).await;
}
