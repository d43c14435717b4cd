//! The same on a file of `SQLite`: killed at every statement, every write of the journal and every stage of a backup.

use std::fs;
use std::path::PathBuf;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

use crate::share::{every, set, word};
use crate::shop::{copy, empty};
use crate::tally::Tally;
use crate::world::{Ran, World};

const APPLY: [&str; 4] = ["apply", "--yes", "--allow-loss", "migration.shop.0003_legacy"];
const RECOVER: [&[&str]; 3] = [&["recover"], &["recover", "--back"], &["recover", "--forward"]];

const NOTES: (&str, &str, &str) =
    ("0001_notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, legacy TEXT);", "DROP TABLE notes;");
const TAGS: (&str, &str, &str) = (
    "0002_tags",
    "CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO tags (name) VALUES ('a'), ('b');\n\
     CREATE INDEX notes_text ON notes (text);",
    "DROP INDEX notes_text;\nDROP TABLE tags;",
);
const LEGACY: (&str, &str, &str) = (
    "0003_legacy",
    "CREATE TABLE archive (id INTEGER PRIMARY KEY);\nALTER TABLE notes DROP COLUMN legacy;",
    "ALTER TABLE notes ADD COLUMN legacy TEXT;\nDROP TABLE archive;",
);
const FAILS: (&str, &str, &str) =
    ("0004_fails", "CREATE TABLE never (id INTEGER);\nINSERT INTO nowhere VALUES (1);", "DROP TABLE never;");

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    schema: Vec<String>,
    rows: Vec<String>,
    ledger: Vec<i64>,
    log: String,
}

struct Row {
    name: &'static str,
    world: World,
    saved: TempDir,
    before: Facts,
    after: Facts,
    code: i32,
    tally: Tally,
    missed: usize,
}

impl Row {
    async fn new(name: &'static str, scripts: &[(&str, &str, &str)], code: i32) -> (Self, Vec<String>) {
        let world = World::new(name);
        fs::create_dir(world.path("migrations")).unwrap();
        fs::create_dir(world.path("data")).unwrap();
        let spec = "[databases.shop]\nurl = \"sqlite:data/shop.db?mode=rwc\"\n\n[migrations.shop]\n\
                    dir = \"migrations\"\nlayout = \"sqlx\"\n\n[backups.shop]\nkeep = { last = 2 }\n";
        let write = |scripts: &[(&str, &str, &str)]| {
            for (name, up, down) in scripts {
                fs::write(world.path(&format!("migrations/{name}.up.sql")), up).unwrap();
                fs::write(world.path(&format!("migrations/{name}.down.sql")), down).unwrap();
            }
        };
        world.write("v1", 3, spec);
        write(&[NOTES]);
        world.ends(&APPLY[..2], 0);
        let mut file = opened(&world.path("data/shop.db")).await;
        let rows = "INSERT INTO notes (text, legacy) VALUES ('one', 'old 1'), ('two', 'old 2')";
        sqlx::raw_sql(rows).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
        world.write("v2", 3, spec);
        write(scripts);
        let saved = tempfile::tempdir().unwrap();
        copy(&world.path("."), saved.path());
        let before = facts(&world.path("data/shop.db")).await;
        let log = saved.path().with_extension("places");
        let ran = Ran::of(&world.command(&APPLY).env("OMNI_FAILPOINT_LOG", &log).output().unwrap());
        assert_eq!(ran.code, Some(code), "{}", ran.text);
        let text = fs::read_to_string(&log).expect("failpoints have to be compiled in: use --all-features");
        fs::remove_file(log).unwrap();
        let places = text.lines().filter(|place| !place.starts_with("call.")).map(str::to_owned).collect();
        let after = facts(&world.path("data/shop.db")).await;
        assert_eq!(before == after, code == 1, "{before:?} {after:?}");
        (Self { name, world, saved, before, after, code, tally: Tally::default(), missed: 0 }, places)
    }

    async fn go(mut self, places: &[String], otherwise: usize) {
        let every = every(otherwise);
        let first = set("OMNI_FAULTS_SEED").unwrap_or(0) % every;
        let one = word("OMNI_FAULTS_PLACE");
        for (at, place) in places.iter().enumerate() {
            if one.as_ref().map_or(at % every != first, |one| one != place) {
                continue;
            }
            self.tally.cells += 1;
            if let Err(why) = self.cell(at / every % 4, place).await {
                let again = format!("OMNI_FAULTS_PLACE={place} scripts/faults-databases filed::{}", self.name);
                self.tally.violations.push(format!("{place}: {why}\nagain: {again}"));
            }
        }
        self.tally.tell(&format!("killed on a file, {} ({} places, {} missed)", self.name, places.len(), self.missed));
        self.tally.ends_well();
        assert!(self.missed * 10 <= self.tally.cells, "{} places were not reached again", self.missed);
    }

    async fn cell(&mut self, kind: usize, place: &str) -> Result<(), String> {
        empty(&self.world.path("."));
        copy(self.saved.path(), &self.world.path("."));
        let killed = self.world.omni_dying_at(&APPLY, place);
        if killed.signal != Some(9) {
            self.missed += 1;
            return self.judge(true, &killed.text).await;
        }
        // Each script runs in one transaction with its row: without any help the two go together.
        let found = facts(&self.world.path("data/shop.db")).await;
        let has = |name: &str| found.schema.iter().any(|sql| sql.contains(name));
        for (version, name) in [(2, "TABLE tags"), (2, "INDEX notes_text"), (3, "TABLE archive"), (4, "never")] {
            if has(name) != found.ledger.contains(&version) {
                return Err(format!("after the kill {name} is {}, but {:?}", has(name), found.ledger));
            }
        }
        if let Some(words) = RECOVER.get(kind) {
            let mut ran = self.world.omni(words);
            if ran.code == Some(4) {
                ran = self.world.omni(&["recover"]);
            }
            let fails_again = self.code == 1 && words.contains(&"--forward");
            if ran.code != Some(0) && !(fails_again && ran.code == Some(1)) {
                return Err(format!("omni {words:?} ended with {:?}:\n{}", ran.code, ran.text));
            }
            return self.judge(false, &ran.text).await;
        }
        let ran = self.world.omni(&APPLY);
        if ran.code != Some(self.code) {
            return Err(format!("the next one ended with {:?}:\n{}", ran.code, ran.text));
        }
        self.judge(true, &ran.text).await
    }

    async fn judge(&mut self, only_after: bool, said: &str) -> Result<(), String> {
        let found = facts(&self.world.path("data/shop.db")).await;
        if found != self.after && (only_after || found != self.before) {
            let (before, after) = (&self.before, &self.after);
            return Err(format!("neither before nor after: {found:#?}\nbut {before:#?}\n{after:#?}\nit said:\n{said}"));
        }
        if found == self.before {
            self.tally.before += 1;
        } else {
            self.tally.after += 1;
        }
        let left = fs::read_dir(self.world.path("data")).unwrap().flatten().map(|entry| entry.file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("omni")).collect();
        if !left.is_empty() {
            return Err(format!("left beside the file: {left:?}\n{said}"));
        }
        let plan = self.world.omni(&["plan"]);
        if plan.code == Some(0) { Ok(()) } else { Err(format!("the next plan: {:?}\n{}", plan.code, plan.text)) }
    }
}

async fn opened(path: &PathBuf) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal);
    options.connect().await.unwrap()
}

async fn facts(path: &PathBuf) -> Facts {
    let mut file = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let ask =
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name";
    let schema: Vec<String> = sqlx::query_scalar(ask).fetch_all(&mut file).await.unwrap();
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut file).await.unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let columns: String =
            sqlx::query_scalar("SELECT group_concat(name, ' || ''|'' || ') FROM pragma_table_info(?1)")
                .bind(&table)
                .fetch_one(&mut file)
                .await
                .unwrap();
        let ask = format!("SELECT '{table} ' || coalesce(group_concat({columns}, ';'), '') FROM {table}");
        rows.push(sqlx::query_scalar(AssertSqlSafe(ask)).fetch_one(&mut file).await.unwrap());
    }
    let ask = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
    let ledger = sqlx::query_scalar(ask).fetch_all(&mut file).await.unwrap();
    let log = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut file).await.unwrap();
    file.close().await.unwrap();
    Facts { schema, rows, ledger, log }
}

#[tokio::test]
async fn forward() {
    let (row, places) = Row::new("forward", &[TAGS, LEGACY], 0).await;
    row.go(&places, 24).await;
}

#[tokio::test]
async fn undone() {
    let (row, places) = Row::new("undone", &[TAGS, LEGACY, FAILS], 1).await;
    row.go(&places, 36).await;
}
