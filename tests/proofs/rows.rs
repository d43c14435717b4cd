//! Ways back on the rows of a backup: what comes back and what does not, told by table and column.

use omni::migration::proof::{Copied, Proof};

use crate::bench::{Bench, proof_on, script};

const BASE: &str = "CREATE TABLE users (id int PRIMARY KEY, name text, email text);
    INSERT INTO users VALUES (1, 'a', 'a@x'), (2, 'b', 'b@x'), (3, 'c', NULL);
    CREATE TABLE logs (id int PRIMARY KEY, line text); INSERT INTO logs VALUES (1, 'one'), (2, 'two');";

/// A way up, a way back, and what is said of it; `USERS` and `LOGS` stand for the tables as they are told.
const CASES: [(&str, &str, &str); 10] = [
    ("ALTER TABLE users ADD COLUMN age int", "ALTER TABLE users DROP COLUMN age", "down proven"),
    (
        "ALTER TABLE users DROP COLUMN email",
        "ALTER TABLE users ADD COLUMN email text",
        "down does NOT bring back 2 of 2 values of USERS.email",
    ),
    (
        "DROP TABLE logs",
        "CREATE TABLE logs (id int PRIMARY KEY, line text)",
        "down does NOT bring back 2 of 2 rows of LOGS",
    ),
    ("DELETE FROM logs WHERE id = 1", "SELECT 1", "down does NOT bring back 1 of 2 rows of LOGS"),
    ("UPDATE users SET name = upper(name)", "SELECT 1", "down does NOT bring back the values of USERS.name"),
    ("UPDATE users SET name = upper(name)", "UPDATE users SET name = lower(name)", "down proven, the rows came back"),
    ("INSERT INTO logs VALUES (3, 'three')", "SELECT 1", "down does NOT bring back LOGS without 1 new rows"),
    ("INSERT INTO logs VALUES (3, 'three')", "DELETE FROM logs WHERE id = 3", "down proven, the rows came back"),
    (
        "CREATE TABLE old (id int, line text); INSERT INTO old SELECT * FROM logs; DELETE FROM logs",
        "INSERT INTO logs SELECT * FROM old; DROP TABLE old",
        "down proven, the rows came back",
    ),
    // No row of the backup was there to be deleted: nothing was shown.
    ("DELETE FROM logs WHERE id = 9", "SELECT 1", "unproven: it changes no schema"),
];

async fn proven(bench: &Bench, scripts: &[(&str, &str)]) -> Proof {
    let scratch = bench.scratch(BASE).await;
    let name = |at: usize| format!("{}_step", at + 1);
    let scripts = scripts.iter().enumerate().map(|(at, (up, down))| script(&name(at), up, Some(down)));
    let proof = proof_on(scratch.as_ref(), &scripts.collect::<Vec<_>>(), Copied::Data).await.unwrap();
    scratch.remove().await.unwrap();
    proof
}

async fn each_is_told_as_it_is(bench: &Bench, schema: &str) {
    let mut wrong = Vec::new();
    for (up, down, said) in CASES {
        let proof = proven(bench, &[(up, down)]).await;
        let said = said.replace("USERS", &format!("{schema}users")).replace("LOGS", &format!("{schema}logs"));
        let found = proof.words("1_step", false);
        if found != said {
            wrong.push(format!("{up}: {found}, not {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn a_batch_is_told_with_its_rows(bench: &Bench, schema: &str) {
    let proof = proven(bench, &[(CASES[0].0, CASES[0].1), (CASES[8].0, CASES[8].1)]).await;
    assert_eq!(proof.batch_words(), "proven, and all rows are back");
    assert!(proof.migrations.iter().all(|one| one.is_proven(false) && one.worth().keeps_rows()));
    let proof = proven(bench, &[(CASES[1].0, CASES[1].1), (CASES[3].0, CASES[3].1)]).await;
    let lost = format!("1 of 2 rows of {schema}logs, and 1 more");
    assert_eq!(proof.batch_words(), format!("proven, but it does NOT bring back {lost}"));
    assert!(proof.migrations.iter().all(|one| !one.is_proven(false) && !one.worth().keeps_rows()));
    let again: Proof = serde_json::from_str(&serde_json::to_string(&proof).unwrap()).unwrap();
    assert_eq!(again, proof);
}

#[tokio::test]
async fn on_a_server() {
    let bench = Bench::server().await;
    each_is_told_as_it_is(&bench, "public.").await;
    a_batch_is_told_with_its_rows(&bench, "public.").await;
    // How a script has values written is not taken for other values.
    let settings = "SET datestyle = 'German'; SET search_path = ''; SET extra_float_digits = 0";
    let (up, down) = (CASES[0].0.replace("users", "public.users"), CASES[0].1.replace("users", "public.users"));
    assert_eq!(proven(&bench, &[(&format!("{settings}; {up}"), &down)]).await.words("1_step", false), "down proven");
}

#[tokio::test]
async fn in_a_file() {
    let bench = Bench::folder();
    each_is_told_as_it_is(&bench, "").await;
    a_batch_is_told_with_its_rows(&bench, "").await;
}
