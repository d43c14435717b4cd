//! The policy that asks for proofs: what nobody has tried is tried as a step, before anything is migrated.

use std::fs;
use std::process::Command;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::scripts::{INDEXES, NOTES, Script, TAGS};
use crate::shop::{Shop, copy, empty};
use crate::world::{Ran, World};

/// Backups as everywhere, and the policy.
pub(crate) const POLICY: &str =
    "keep = { last = 2 }\nverify = \"checksum\"\n\n[policy]\nrequire_proof = true\nallow_destructive = true";

/// What does not come back.
const BAD: Script = Script {
    name: "0003_bad",
    up: "CREATE TABLE kept (id int PRIMARY KEY);\nCREATE INDEX notes_text ON notes (text);",
    down: "DROP TABLE kept;",
    parts: &["to_regclass('kept') IS NOT NULL"],
};

/// What loses rows, and does not say so.
const SLY: Script = Script {
    name: "0003_sly",
    up: "ALTER TABLE notes ADD COLUMN extra int;\nDO $$ BEGIN EXECUTE 'DELETE FROM notes WHERE id < 10'; END $$;",
    down: "ALTER TABLE notes DROP COLUMN extra;",
    parts: &["EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'extra')"],
};

fn proofs(shop: &Shop) -> usize {
    fs::read_dir(shop.world.path(".omni/proofs")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn what_nobody_has_tried_is_proven_and_then_applied() {
    let mut shop = Shop::new("prgood").await;
    shop.backups = POLICY;
    shop.write("v2", &[NOTES, TAGS, INDEXES]);
    let plan = shop.ends(&["plan"], 0).text;
    assert!(plan.contains("proof.shop") && plan.contains("tries 2 ways back"), "{plan}");
    let ran = shop.ends(&["apply", "--yes"], 0);
    assert_eq!(shop.facts().await.ledger, [1, 2, 3], "{}", ran.text);
    assert!(ran.text.contains("2 of 2 proven"), "{}", ran.text);
    assert_eq!(proofs(&shop), 1, "it is kept");
    assert_eq!(shop.beside().await, [""; 0]);
    let plan = shop.ends(&["plan", "--exit-code"], 0).text;
    assert!(!plan.contains("proof.shop"), "{plan}");
}

#[tokio::test]
async fn a_way_back_that_does_not_lead_back_stops_it_before_anything_is_migrated() {
    let mut shop = Shop::new("prbad").await;
    shop.backups = POLICY;
    shop.write("v2", &[NOTES, TAGS, BAD]);
    let before = shop.facts().await;
    let ran = shop.ends(&["apply", "--yes"], 1);
    assert!(ran.text.contains("migration.shop.0003_bad: down LEAVES index notes_text behind"), "{}", ran.text);
    assert_eq!(shop.facts().await, before, "{}", ran.text);
    assert_eq!(shop.beside().await, [""; 0]);
    // Now it is known.
    let plan = shop.ends(&["plan"], 8).text;
    assert!(plan.contains("omni::policy::unproven") && plan.contains("down LEAVES index"), "{plan}");
    shop.write("v2", &[NOTES, TAGS]);
    let plan = shop.ends(&["plan"], 0).text;
    assert!(plan.contains("down proven") && !plan.contains("proof.shop"), "the first one is proven: {plan}");
}

#[tokio::test]
async fn what_turns_out_to_lose_rows_is_asked_about_first() {
    let mut shop = Shop::new("prsly").await;
    shop.backups = POLICY;
    shop.migrations = "prove = \"data\"\n";
    shop.write("v2", &[NOTES, TAGS, SLY]);
    let before = shop.facts().await;
    let plan = shop.ends(&["plan"], 0).text;
    assert!(plan.contains("tries 2 ways back on a backup"), "{plan}");
    let ran = shop.ends(&["apply", "--yes"], 1);
    assert!(ran.text.contains("migration.shop.0003_sly") && ran.text.contains("which nobody knew"), "{}", ran.text);
    assert_eq!(shop.facts().await, before);
    // The next plan knows, and asks.
    let ran = shop.ends(&["apply", "--yes"], 8);
    assert!(ran.text.contains("--allow-loss migration.shop.0003_sly"), "{}", ran.text);
    let ran = shop.ends(&["apply", "--yes", "--allow-loss", "migration.shop.0003_sly"], 0);
    assert_eq!(shop.facts().await.ledger, [1, 2, 3], "{}", ran.text);
    assert!(!ran.text.contains("proof.shop"), "{}", ran.text);
}

#[tokio::test]
async fn a_rollback_waits_for_no_proof() {
    let mut shop = Shop::new("prback").await;
    shop.backups = POLICY;
    shop.write("v2", &[NOTES, TAGS]);
    shop.ends(&["apply", "--yes"], 0);
    fs::remove_dir_all(shop.world.path(".omni/proofs")).unwrap();
    let ran = shop.ends(&["rollback", "--to", "v1", "--yes", "--allow-loss", "migration.shop.0002_tags"], 0);
    assert_eq!(shop.facts().await.ledger, [1], "{}", ran.text);
    assert!(!ran.text.contains("proof.shop"), "{}", ran.text);
}

/// A deployment of one file, whose proofs are made in a folder of their own.
struct Filed {
    world: World,
    scratch: TempDir,
}

impl Filed {
    fn new(name: &str) -> Self {
        let filed = Self { world: World::new(name), scratch: tempfile::tempdir().unwrap() };
        fs::create_dir(filed.world.path("migrations")).unwrap();
        fs::create_dir(filed.world.path("data")).unwrap();
        filed
    }

    fn write(&self, version: &str, scripts: &[(&str, &str, &str)]) {
        let spec = "[databases.shop]\nurl = \"sqlite:data/shop.db?mode=rwc\"\n\n[migrations.shop]\n\
                    dir = \"migrations\"\nlayout = \"sqlx\"\n\n[policy]\nrequire_proof = true\n";
        self.world.write(version, 3, spec);
        empty(&self.world.path("migrations"));
        for (name, up, down) in scripts {
            fs::write(self.world.path(&format!("migrations/{name}.up.sql")), up).unwrap();
            fs::write(self.world.path(&format!("migrations/{name}.down.sql")), down).unwrap();
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.world.command(words);
        command.env("TMPDIR", self.scratch.path());
        command
    }

    #[track_caller]
    fn ends(&self, words: &[&str], code: i32) -> String {
        let ran = Ran::of(&self.command(words).output().unwrap());
        assert_eq!(ran.code, Some(code), "omni {words:?}: {}", ran.text);
        ran.text
    }

    /// What lies where proofs are made.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.scratch.path()).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// The schema of the file, and its ledger.
    async fn facts(&self) -> (Vec<String>, Vec<i64>) {
        let path = self.world.path("data/shop.db");
        let mut file = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        let ask = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT LIKE '\\_%' ESCAPE '\\'";
        let schema = sqlx::query_scalar(ask).fetch_all(&mut file).await.unwrap();
        let ask = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
        let ledger = sqlx::query_scalar(ask).fetch_all(&mut file).await.unwrap();
        file.close().await.unwrap();
        (schema, ledger)
    }
}

const FIRST: (&str, &str, &str) =
    ("0001_notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);", "DROP TABLE notes;");
const SECOND: (&str, &str, &str) = (
    "0002_tags",
    "CREATE TABLE tags (id INTEGER PRIMARY KEY);\nCREATE INDEX notes_text ON notes (text);",
    "DROP INDEX notes_text;\nDROP TABLE tags;",
);
const WRONG: (&str, &str, &str) = ("0003_wrong", "CREATE TABLE more (id INTEGER);", "DROP TABLE moor;");

#[tokio::test]
async fn a_file_is_proven_and_then_migrated() {
    let filed = Filed::new("prfile");
    filed.write("v1", &[FIRST]);
    // The file is not there yet.
    let said = filed.ends(&["apply", "--yes"], 0);
    assert!(said.contains("1 of 1 proven"), "{said}");
    filed.write("v2", &[FIRST, SECOND, WRONG]);
    let before = filed.facts().await;
    assert_eq!(before.1, [1]);
    let said = filed.ends(&["apply", "--yes"], 1);
    assert!(said.contains("migration.shop.0003_wrong: down fails: no such table: moor"), "{said}");
    assert_eq!(filed.facts().await, before, "{said}");
    let said = filed.ends(&["plan"], 8);
    assert!(said.contains("omni::policy::unproven") && said.contains("0003_wrong: down fails"), "{said}");
    filed.write("v2", &[FIRST, SECOND]);
    let said = filed.ends(&["apply", "--yes"], 0);
    assert!(!said.contains("proof.shop"), "it is known already: {said}");
    assert_eq!(filed.facts().await.1, [1, 2]);
    assert_eq!(filed.left(), [""; 0]);
    filed.ends(&["plan", "--exit-code"], 0);
}

#[tokio::test]
async fn a_proof_of_a_file_that_is_killed_leaves_nothing_once_it_is_recovered() {
    let filed = Filed::new("prkill");
    filed.write("v1", &[FIRST]);
    filed.ends(&["apply", "--yes"], 0);
    filed.write("v2", &[FIRST, SECOND]);
    let saved = tempfile::tempdir().unwrap();
    copy(&filed.world.path("."), saved.path());
    let before = filed.facts().await;
    let log = saved.path().with_extension("places");
    let said = filed.command(&["apply", "--yes"]).env("OMNI_FAILPOINT_LOG", &log).output().unwrap();
    assert!(said.status.success());
    let after = filed.facts().await;
    let places = fs::read_to_string(&log).expect("failpoints have to be compiled in: use --all-features");
    fs::remove_file(log).unwrap();
    let places: Vec<_> = places.lines().filter(|place| place.starts_with("sql.unsent")).collect();
    let mut amid = 0;
    for (at, place) in places.iter().enumerate().step_by(places.len().div_ceil(9)) {
        empty(&filed.world.path("."));
        copy(saved.path(), &filed.world.path("."));
        let ran = Ran::of(&filed.command(&["apply", "--yes"]).env("OMNI_FAILPOINT", place).output().unwrap());
        assert_eq!(ran.signal, Some(9), "{place}: {}", ran.text);
        let is_amid = !filed.left().is_empty();
        amid += usize::from(is_amid);
        assert!(!is_amid || filed.facts().await == before, "{place}");
        let words: &[&str] = [&["recover"][..], &["recover", "--forward"], &["apply", "--yes"]][at % 3];
        let said = Ran::of(&filed.command(words).output().unwrap());
        assert_eq!(said.code, Some(0), "{place}, {words:?}: {}", said.text);
        let found = filed.facts().await;
        assert!(found == before || found == after, "{place}, {words:?}: {found:?}");
        assert_eq!(filed.left(), [""; 0], "{place}, {words:?}: {}", said.text);
    }
    assert!(amid >= 3, "only {amid} were killed amid the proof, of {} places", places.len());
}
