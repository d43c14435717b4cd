//! `omni migrate`, as people call it: on a file of SQLite with no engine at all, and on a real server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

#[path = "migrate_cli/losing.rs"]
mod losing;
#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "what befalls a server is tried elsewhere")]
mod postgres;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::postgres::Server;

/// A folder with a deploy.toml, where no engine is.
struct Place {
    folder: TempDir,
}

/// What omni said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

impl Place {
    fn new(url: &str, scripts: &[(&str, &str)]) -> Self {
        Self::called("omni-migrate-cli", url, scripts)
    }

    /// A project of its own: one that is applied has a lock on the engine.
    fn called(project: &str, url: &str, scripts: &[(&str, &str)]) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.path("migrations")).unwrap();
        let spec = format!(
            "[project]\nname = \"{project}\"\n[databases.shop]\nurl = \"{url}\"\n\
             [migrations.shop]\ndir = \"migrations\"\nlayout = \"golang-migrate\"\n"
        );
        fs::write(place.path("deploy.toml"), spec).unwrap();
        for (path, text) in scripts {
            fs::write(place.path("migrations").join(path), text).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// omni, with an engine that cannot be reached.
    fn omni(&self, words: &[&str]) -> Said {
        self.omni_at(Some("unix:///nowhere/docker.sock"), words)
    }

    /// omni, with this engine; the machine's own where none.
    fn omni_at(&self, engine: Option<&str>, words: &[&str]) -> Said {
        let output = self.command(engine, words).output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn command(&self, engine: Option<&str>, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        #[expect(clippy::disallowed_methods, reason = "where the machine's own engine is, the environment says")]
        let own = std::env::var("DOCKER_HOST").ok();
        command.envs(engine.map(str::to_owned).or(own).map(|host| ("DOCKER_HOST", host)));
        command.current_dir(self.folder.path()).args(words);
        command
    }

    /// Runs SQL in the file of the database.
    async fn sql(&self, text: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.path("notes.db")).create_if_missing(true);
        let mut file: SqliteConnection = options.connect().await.unwrap();
        sqlx::raw_sql(text).execute(&mut file).await.unwrap();
    }
}

const SCRIPTS: [(&str, &str); 6] = [
    ("000001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
    ("000001_notes.down.sql", "DROP TABLE notes;"),
    ("000002_tags.up.sql", "CREATE TABLE tags (id INTEGER PRIMARY KEY);\nCREATE INDEX tags_id ON tags (id);"),
    ("000002_tags.down.sql", "DROP TABLE tags;"),
    ("000003_by_text.up.sql", "CREATE INDEX notes_text ON notes (text);"),
    ("000003_by_text.down.sql", "SELECT 1;"),
];

#[tokio::test]
async fn nobody_else_can_read_a_copy_and_one_of_the_dead_goes() {
    const SLOW: &str = "CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                        WHERE i < 1000000000) SELECT max(i) AS i FROM n;";
    let slow = [("000002_slow.up.sql", SLOW), ("000002_slow.down.sql", "DROP TABLE slow;")];
    let place = Place::new("sqlite:notes.db", &[&SCRIPTS[..2], &slow].concat());
    place.sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").await;
    place.omni(&["migrate", "baseline", "000001_notes", "--yes"]).ends(0);
    let folder = place.path("copies");
    fs::create_dir(&folder).unwrap();
    let proving = || {
        let mut command = place.command(Some("unix:///nowhere/docker.sock"), &["migrate", "prove"]);
        command.env("TMPDIR", &folder);
        command
    };
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let copy = || entries(&folder).pop().filter(|own| own.join("scratch.db").exists() && own.join("lock").exists());

    let mut killed = proving().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_mins(1);
    let own = loop {
        if let Some(own) = copy() {
            break own;
        }
        assert!(Instant::now() < until && killed.try_wait().unwrap().is_none(), "no copy is made");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(mode(&own), 0o700);
    assert!(entries(&own).iter().all(|file| mode(file) == 0o600), "{:?}", entries(&own));
    // One whose process lives stays.
    fs::write(place.path("migrations/000002_slow.up.sql"), "CREATE TABLE slow (i INTEGER);").unwrap();
    let proven = proving().output().unwrap();
    assert!(proven.status.success(), "{}", String::from_utf8_lossy(&proven.stderr));
    assert_eq!(entries(&folder), [own]);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(entries(&folder).len(), 1, "nobody could remove it");
    assert!(proving().output().unwrap().status.success());
    assert_eq!(entries(&folder), Vec::<PathBuf>::new());
}

fn words<'v>(document: &'v Value, key: &str) -> Vec<&'v Value> {
    document["databases"][0]["migrations"].as_array().unwrap().iter().map(|one| &one[key]).collect()
}

#[tokio::test]
async fn a_history_is_adopted_and_proven_without_an_engine() {
    let place = Place::new("sqlite:notes.db", &SCRIPTS);
    let silent = place.omni(&["migrate", "status"]).ends(7);
    assert!(silent.out.contains("cannot be asked"), "{}", silent.out);

    place.sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").await;
    let status = place.omni(&["migrate", "status"]).ends(0);
    assert!(status.out.contains("NO ledger") && status.out.contains("3 pending"), "{}", status.out);

    let dry = place.omni(&["migrate", "baseline", "000001_notes", "--dry-run"]).ends(0);
    assert!(dry.out.contains("applied  000001_notes\n  pending  000002_tags"), "{}", dry.out);
    place.omni(&["migrate", "baseline", "000001_notes"]).ends(8);
    place.omni(&["migrate", "baseline", "nothing", "--yes"]).ends(2);
    assert_eq!(words(&place.omni(&["migrate", "status", "--json"]).json(), "is"), ["pending", "pending", "pending"]);
    place.omni(&["migrate", "baseline", "000001_notes", "--yes"]).ends(0);
    place.omni(&["migrate", "baseline", "000002_tags", "--yes"]).ends(4);
    let status = place.omni(&["migrate", "status", "--json"]).ends(0).json();
    assert_eq!(status["format"], "omni.migrate-status/1");
    assert_eq!(words(&status, "is"), ["applied", "pending", "pending"]);

    let proof = place.omni(&["migrate", "prove", "--json"]).ends(1).json();
    assert_eq!(proof["format"], "omni.migrate-prove/1");
    assert_eq!(words(&proof, "migration"), ["000002_tags", "000003_by_text"]);
    assert_eq!(words(&proof, "text"), ["down proven", "down does nothing"]);
    let all = place.omni(&["migrate", "prove", "--all"]).ends(1);
    assert!(all.out.contains("000001_notes") && all.out.contains("down does nothing"), "{}", all.out);
    fs::write(place.path("migrations/000003_by_text.down.sql"), "DROP INDEX notes_text;").unwrap();
    place.omni(&["migrate", "prove"]).ends(0);
    assert_eq!(fs::read_dir(place.path(".omni/proofs")).unwrap().count(), 3);
    // The real file was only read.
    assert_eq!(words(&place.omni(&["migrate", "status", "--json"]).json(), "is"), ["applied", "pending", "pending"]);
}

#[tokio::test]
async fn a_plan_knows_what_was_proven() {
    let place = Place::new("sqlite:notes.db?mode=rwc", &SCRIPTS);
    let steps = |place: &Place| {
        let plan = place.omni_at(None, &["plan", "--json"]).ends(0).json();
        let steps = plan["steps"].as_array().unwrap().iter().filter(|step| step.get("worth").is_some());
        let told = |step: &Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&step["worth"]["text"]), text(&step["class"]), text(&step["statements"][0]["text"]))
        };
        steps.map(told).collect::<Vec<_>>()
    };
    let before = steps(&place);
    assert_eq!(before.len(), 3);
    assert!(before.iter().all(|(worth, class, _)| worth == "down unproven" && class == "reversible"), "{before:?}");
    assert_eq!(before[2].2, "CREATE INDEX notes_text ON notes (text)");
    place.omni(&["migrate", "prove"]).ends(1);
    let told: Vec<_> = steps(&place).into_iter().map(|(worth, class, _)| (worth, class)).collect();
    let wanted = [("down proven", "reversible"), ("down proven", "reversible"), ("down does nothing", "one_way")];
    assert_eq!(told, wanted.map(|(worth, class)| (worth.to_owned(), class.to_owned())));
    // Another text is another migration, and so is every one after it.
    fs::write(place.path("migrations/000002_tags.down.sql"), "DROP TABLE IF EXISTS tags;").unwrap();
    let worths: Vec<_> = steps(&place).into_iter().map(|(worth, ..)| worth).collect();
    assert_eq!(worths, ["down proven", "down unproven", "down unproven"]);
    fs::write(place.path("migrations/000002_tags.up.sql"), "CREATE INDEX tags_id ON tags (id);").unwrap();
    place.omni(&["migrate", "prove"]).ends(1);
    let plan = place.omni_at(None, &["plan"]).ends(0);
    assert!(plan.out.contains("migration.shop.000002_tags fails on a scratch copy of this schema"), "{}", plan.out);
}

#[test]
fn a_view_that_goes_is_no_loss_of_data() {
    let place = Place::called("omni-migrate-view", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.omni_at(None, &["apply", "--yes", "--tag", "v1"]).ends(0);
    let view = "CREATE VIEW texts AS SELECT text FROM notes;";
    let scripts = [
        ("2_view.up", view),
        ("2_view.down", "DROP VIEW texts;"),
        ("3_none.up", "DROP VIEW texts;"),
        ("3_none.down", view),
    ];
    let write = |(name, text): (&str, &str)| {
        fs::write(place.path(&format!("migrations/00000{name}.sql")), text).unwrap();
    };
    scripts[..2].iter().copied().for_each(write);
    place.omni_at(None, &["apply", "--yes", "--tag", "v2"]).ends(0);
    scripts[2..].iter().copied().for_each(write);
    let plan = place.omni_at(None, &["plan", "--json"]).ends(0).json();
    let steps = plan["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["address"] == "migration.shop.000003_none").unwrap();
    assert_eq!(step["class"], "reversible", "{step:#}");
    place.omni_at(None, &["rollback", "--to", "v1", "--yes"]).ends(0);
}

#[test]
fn a_way_back_that_does_not_hold_from_the_middle_is_not_relied_on() {
    let place = Place::called("omni-migrate-middle", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.omni_at(None, &["apply", "--yes", "--tag", "v1"]).ends(0);
    let up = "BEGIN;\nALTER TABLE notes ADD COLUMN a INT;\nCREATE INDEX by_a ON notes (a);\nCOMMIT;\nDROP INDEX by_a;";
    fs::write(place.path("migrations/000002_a.up.sql"), up).unwrap();
    fs::write(place.path("migrations/000002_a.down.sql"), "ALTER TABLE notes DROP COLUMN a;").unwrap();

    let proof = place.omni(&["migrate", "prove", "--json"]).ends(1).json();
    let one = &proof["databases"][0]["migrations"][0];
    assert_eq!(one["verdict"]["verdict"], "exact", "{proof:#}");
    let prefix = &one["prefixes"][0];
    assert_eq!((&prefix["done"], &prefix["of"], &prefix["line"]), (&1.into(), &2.into(), &2.into()), "{proof:#}");
    assert_eq!(prefix["verdict"]["verdict"], "lossy", "{proof:#}");
    let why = "after 1 of 2 units, down LEAVES column notes.a behind, and 1 more";
    let said = place.omni(&["migrate", "prove"]).ends(1);
    assert!(said.out.contains(&format!("down proven; NOT from the middle: {why}")), "{}", said.out);

    let plan = place.omni_at(None, &["plan", "--json"]).ends(0).json();
    let step = plan["steps"].as_array().unwrap().iter().find(|step| step.get("worth").is_some()).unwrap();
    assert_eq!((&step["class"], &step["worth"]["trusted"]), (&"one_way".into(), &false.into()), "{plan:#}");
    assert_eq!(step["worth"]["text"], format!("down NOT proven from the middle: {why}"));
    place.omni_at(None, &["apply", "--yes"]).ends(8);
    let loss = ["--allow-loss", "migration.shop.000002_a"];
    place.omni_at(None, &[&["apply", "--yes"], &loss[..]].concat()).ends(0);
    // What is applied as a whole can be taken back.
    place.omni_at(None, &[&["rollback", "--to", "v1", "--yes"], &loss[..]].concat()).ends(0);
}

#[tokio::test]
async fn ways_back_are_proven_on_the_newest_backup() {
    let place = Place::new("sqlite:notes.db", &SCRIPTS[..2]);
    let spec = fs::read_to_string(place.path("deploy.toml")).unwrap();
    fs::write(place.path("deploy.toml"), format!("{spec}prove = \"data\"\n[backups.shop]\ndir = \"kept\"\n")).unwrap();
    place.sql("CREATE TABLE IF NOT EXISTS other (id INTEGER)").await;
    place.omni(&["migrate", "baseline", "000001_notes", "--yes"]).ends(0);
    place
        .sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL); INSERT INTO notes VALUES (1, 'x')")
        .await;
    for (path, text) in &SCRIPTS[2..4] {
        fs::write(place.path("migrations").join(path), text).unwrap();
    }
    let said = place.omni(&["migrate", "prove"]).ends(7);
    assert!(said.err.contains("omni::migrate::no_backup"), "{}", said.err);

    // The apply makes one before it migrates: the backup has one migration less than the database.
    place.omni_at(None, &["apply", "--yes"]).ends(0);
    let scripts = [
        ("000003_loses.up.sql", "DELETE FROM notes; CREATE TABLE more (id INTEGER);"),
        ("000003_loses.down.sql", "DROP TABLE more;"),
        ("000004_moves.up.sql", "UPDATE notes SET text = upper(text);"),
    ];
    for (path, text) in scripts {
        fs::write(place.path("migrations").join(path), text).unwrap();
    }
    let proof = place.omni(&["migrate", "prove", "--json"]).ends(1).json();
    let wanted = ["down proven", "down does NOT bring back 1 of 1 rows of notes", "no down"];
    assert_eq!(words(&proof, "text"), wanted, "{proof:#}");
    assert_eq!(words(&proof, "migration")[0], "000002_tags", "{proof:#}");
    let database = &proof["databases"][0];
    assert_eq!(database["ground"]["copied"], "data", "{proof:#}");
    let notes = database["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains("are run first")), "{proof:#}");
    assert_eq!(notes.len(), 2, "the migrations since lead to the schema of the database: {proof:#}");
    let plan = place.omni_at(None, &["plan"]).ends(0);
    assert!(plan.out.contains("down does NOT bring back 1 of 1 rows of notes"), "{}", plan.out);
}

#[test]
fn what_is_dangerous_is_told_with_its_place() {
    let place = Place::new("postgres://nobody@127.0.0.1:1/shop", &SCRIPTS);
    fs::write(place.path("migrations/000004_late.up.sql"), "SELECT 1;\nALTER TABLE notes DROP COLUMN text;").unwrap();
    let text = place.omni(&["migrate", "lint"]).ends(0);
    let wanted = "migrations/000004_late.up.sql:2: warning[omni::migration::drops_column]";
    assert!(text.out.contains(wanted), "{}", text.out);
    let sarif = place.omni(&["migrate", "lint", "--format", "sarif"]).ends(0).json();
    assert_eq!(sarif["version"], "2.1.0");
    fs::write(place.path("migrations/000005_bad.up.sql"), "ALTER TABLE notes ADD COLUMN x int NOT NULL;").unwrap();
    let json = place.omni(&["migrate", "lint", "--json"]).ends(2).json();
    assert_eq!((&json["format"], &json["errors"]), (&"omni.findings/1".into(), &1.into()));
    let explained = place.omni(&["explain", "omni::migration::drops_column"]).ends(0);
    assert!(explained.out.contains("Mend: "), "{}", explained.out);
}

#[test]
fn a_new_migration_is_called_like_those_that_are_there() {
    let place = Place::new("sqlite:notes.db", &SCRIPTS);
    let made = place.omni(&["migrate", "new", "add_tax"]).ends(0);
    assert!(made.out.contains("made migrations/000004_add_tax.up.sql\n"), "{}", made.out);
    assert!(place.path("migrations/000004_add_tax.down.sql").exists());
    place.omni(&["migrate", "new", "Add tax"]).ends(2);
}

#[tokio::test]
async fn a_server_has_its_migrations_proven_and_keeps_no_scratch_database() {
    let server = Server::start().await;
    server.database("shop").await;
    let scripts = [
        ("000001_notes.up.sql", "CREATE TABLE notes (id int PRIMARY KEY, text text DEFAULT 'x');"),
        ("000001_notes.down.sql", "DROP TABLE notes;"),
        ("000002_bare.up.sql", "ALTER TABLE notes DROP COLUMN text;"),
        ("000002_bare.down.sql", "ALTER TABLE notes ADD COLUMN text text;"),
    ];
    let place = Place::new(&server.url("shop"), &scripts);
    place.omni(&["migrate", "baseline", "000001_notes", "--yes"]).ends(4);
    server.sql("shop", scripts[0].1).await;
    place.omni(&["migrate", "baseline", "000001_notes", "--yes"]).ends(0);
    let proof = place.omni(&["migrate", "prove", "--json"]).ends(1).json();
    assert_eq!(words(&proof, "text"), ["down LOSES default 'x'::text of column notes.text"], "{proof:#}");
    assert_eq!(proof["databases"][0]["notes"], Value::Array(Vec::new()), "{proof:#}");
    fs::write(place.path("migrations/000002_bare.down.sql"), "ALTER TABLE notes ADD COLUMN text text DEFAULT 'x'")
        .unwrap();
    let proof = place.omni(&["migrate", "prove"]).ends(0);
    assert!(proof.out.contains("down restores the schema, NOT the rows"), "{}", proof.out);
    let is_known = |place: &Place| !place.omni_at(None, &["plan"]).ends(0).out.contains("down unproven");
    assert!(is_known(&place));
    // A dump carries no older version of an extension: what was tried is not what is there.
    server.sql("shop", "CREATE EXTENSION hstore VERSION '1.4'").await;
    let proof = place.omni(&["migrate", "prove", "--json"]).ends(0).json();
    let notes = proof["databases"][0]["notes"].to_string();
    assert!(notes.contains("nothing is proven for the database itself: extension hstore"), "{notes}");
    assert!(!is_known(&place));
    let left = server.sql("postgres", "SELECT FROM pg_database WHERE datname LIKE 'omni\\_scratch%'").await;
    assert_eq!(left, 0, "a scratch database is left");
}
