//! Drift of schemas, as people see it: a database that was changed by hand since the last release, on a real server and
//! in a file, through the program. And what is said while a migration takes long.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "what befalls a server is tried elsewhere")]
mod postgres;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::postgres::Server;

/// A deployment of one database and nothing else.
struct Place {
    folder: TempDir,
    server: Option<Server>,
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
    fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(format!("{}{}", self.out, self.err).contains(word), "`{word}` in {}{}", self.out, self.err);
        }
        self
    }
}

impl Place {
    fn new(project: &str, url: &str, server: Option<Server>) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), server };
        fs::create_dir(place.path("migrations")).unwrap();
        let spec = format!(
            "[project]\nname = \"omni-drift-{project}-{}\"\n[databases.shop]\nurl = \"{url}\"\nconnect_timeout = \"2s\"\n\
             [migrations.shop]\ndir = \"migrations\"\nlayout = \"dbmate\"\n",
            std::process::id()
        );
        fs::write(place.path("deploy.toml"), spec).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn script(&self, name: &str, up: &str, down: &str) {
        let text = format!("-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n");
        fs::write(self.path("migrations").join(name), text).unwrap();
    }

    #[track_caller]
    fn ends(&self, words: &[&str], code: i32) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        #[expect(clippy::disallowed_methods, reason = "where the machine's own engine is, the environment says")]
        let engine = std::env::var("DOCKER_HOST").ok();
        command.envs(engine.map(|host| ("DOCKER_HOST", host)));
        let output = command.current_dir(self.folder.path()).args(words).output().unwrap();
        let said = Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert_eq!(said.code, code, "{words:?}: {}{}", said.out, said.err);
        said
    }

    /// Runs SQL in the database, past omni.
    async fn sql(&self, text: &str) {
        if let Some(server) = &self.server {
            server.sql("shop", text).await;
            return;
        }
        let path = SqliteConnectOptions::new().filename(self.path("shop.db"));
        let mut file: SqliteConnection = path.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut file).await.unwrap();
        sqlx::Connection::close(file).await.unwrap();
    }

    /// Each change by hand is told in these words, and nothing once it is taken back.
    async fn each(&self, changes: &[(&str, &str, &str)]) {
        for (change, back, said) in changes {
            self.sql(change).await;
            self.ends(&["drift"], 20).says(&["database.shop   changed outside the migrations", said]);
            self.sql(back).await;
            self.ends(&["drift"], 0).says(&["No drift"]);
        }
    }
}

const USERS: (&str, &str, &str) = (
    "20260101000001_users.sql",
    "CREATE TABLE users (id int PRIMARY KEY, email text);\nCREATE INDEX users_email_idx ON users (email);",
    "DROP TABLE users;",
);
const TAGS: (&str, &str, &str) =
    ("20260101000002_tags.sql", "CREATE TABLE tags (id int PRIMARY KEY);", "DROP TABLE tags;");

#[tokio::test]
async fn what_was_changed_by_hand_on_a_server_is_told_with_its_values() {
    let server = Server::start().await;
    let url = server.database("shop").await;
    server.sql("shop", "CREATE ROLE app").await;
    let place = Place::new("server", &url, Some(server));
    let function = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';";
    place.script(USERS.0, &format!("{}\n{function}", USERS.1), "DROP FUNCTION one();\nDROP TABLE users;");
    place.ends(&["apply", "--yes", "--tag", "v1"], 0);
    place.ends(&["drift"], 0).says(&["No drift"]);
    place
        .each(&[
            (
                "ALTER TABLE users ADD COLUMN nick text",
                "ALTER TABLE users DROP COLUMN nick",
                "+ column users.nick is new",
            ),
            (
                "DROP INDEX users_email_idx",
                "CREATE INDEX users_email_idx ON users (email)",
                "- index users_email_idx is gone",
            ),
            (
                "ALTER TABLE users ALTER email TYPE varchar(80)",
                "ALTER TABLE users ALTER email TYPE text",
                "~ column users.email: type text → character varying(80)",
            ),
            (
                "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'",
                "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "~ function one()",
            ),
            ("GRANT SELECT ON users TO app", "REVOKE SELECT ON users FROM app", "grant SELECT on users to app is new"),
            ("CREATE TABLE strays (id int)", "DROP TABLE strays", "+ table strays is new"),
            (
                "DELETE FROM schema_migrations",
                "INSERT INTO schema_migrations VALUES ('20260101000001')",
                "- migration 20260101000001_users is gone from the ledger",
            ),
            (
                "INSERT INTO schema_migrations VALUES ('20260101000009'); CREATE TABLE late (id int)",
                "DELETE FROM schema_migrations WHERE version = '20260101000009'; DROP TABLE late",
                "+ migration 20260101000009 was applied, not by omni\n    + table late is new",
            ),
        ])
        .await;
    told_as_data(&place).await;
    goes_on(&place).await;
    let Some(mut server) = { place }.server.take() else { unreachable!("it has a server") };
    server.kill();
}

/// The document, the status and the plan say the same.
async fn told_as_data(place: &Place) {
    place.sql("DROP INDEX users_email_idx").await;
    let document = place.ends(&["drift", "--json"], 20).json();
    let wanted = json!([{ "kind": "index", "name": "public.users.users_email_idx", "change": { "what": "missing" },
                          "text": "index users_email_idx is gone" }]);
    assert_eq!((&document["drift"][0]["address"], &document["drift"][0]["schema"]), (&json!("database.shop"), &wanted));
    assert_eq!(document["uncompared"], json!([]));
    place.ends(&["status"], 0).says(&["drift", "database.shop index users_email_idx is gone"]);
    place.ends(&["plan"], 0).says(&["No changes", "- index users_email_idx is gone", "omni does not take that back"]);
    let plan = place.ends(&["plan", "--json"], 0).json();
    assert_eq!(plan["drift"][0]["schema"], wanted);
    // To do nothing does not make it right.
    place.ends(&["apply", "--yes"], 0);
    place.ends(&["drift"], 20);
    place.sql("CREATE INDEX users_email_idx ON users (email)").await;
}

/// A release, a rollback and an undone apply leave no drift; a plan that was made on another schema is not done.
async fn goes_on(place: &Place) {
    place.script(TAGS.0, TAGS.1, TAGS.2);
    let file = place.path("plan.json").display().to_string();
    place.ends(&["plan", "-o", &file, "--tag", "v2"], 0);
    place.sql("CREATE TABLE strays (id int)").await;
    place.ends(&["apply", &file, "--yes"], 4).says(&["database.shop is no longer as it was planned"]);
    place.ends(&["plan", "--tag", "v2"], 0).says(&["this plan leaves that as it is"]);
    place.ends(&["apply", "--yes", "--tag", "v2"], 0).says(&["+ table strays is new"]);
    place.ends(&["drift"], 0).says(&["No drift"]);
    place.sql("DROP TABLE strays").await;
    place.ends(&["drift"], 20).says(&["- table strays is gone"]);
    place.sql("CREATE TABLE strays (id int)").await;

    place.script("20260101000003_more.sql", "CREATE TABLE more (id int);", "DROP TABLE more;");
    place.script("20260101000004_bad.sql", "SELECT nothing FROM nowhere;", "SELECT 1;");
    place.ends(&["apply", "--yes", "--tag", "v3"], 1);
    place.ends(&["drift"], 0).says(&["No drift"]);
    fs::remove_file(place.path("migrations/20260101000003_more.sql")).unwrap();
    fs::remove_file(place.path("migrations/20260101000004_bad.sql")).unwrap();

    let tags = "migration.shop.20260101000002_tags";
    let back = place.ends(&["rollback", "--to", "v1", "--yes", "--allow-loss", tags], 0);
    assert!(!format!("{}{}", back.out, back.err).contains("has no script here"), "{}{}", back.out, back.err);
    place.ends(&["drift"], 0).says(&["No drift"]);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_called_unchanged() {
    let mut server = Server::start().await;
    let url = server.database("shop").await;
    let place = Place::new("silent", &url, None);
    place.script(USERS.0, USERS.1, USERS.2);
    place.ends(&["apply", "--yes", "--tag", "v1"], 0);
    server.kill();
    let said = place.ends(&["drift"], 7).says(&["omni::database::unreachable", "database.shop cannot be asked"]);
    assert!(!said.out.contains("No drift"), "{}", said.out);
    let document = place.ends(&["drift", "--json"], 7).json();
    assert_eq!(
        (&document["uncompared"][0]["address"], &document["uncompared"][0]["is_silent"]),
        (&json!("database.shop"), &json!(true))
    );
    place.ends(&["status"], 0).says(&["not told  database.shop cannot be asked"]);
    // A database that deploy.toml no longer leads to cannot be asked either.
    fs::write(
        place.path("deploy.toml"),
        fs::read_to_string(place.path("deploy.toml")).unwrap().split("[databases").next().unwrap(),
    )
    .unwrap();
    place.ends(&["drift"], 7).says(&["deploy.toml does not lead to it"]);
}

#[tokio::test]
async fn what_was_changed_by_hand_in_a_file_is_told() {
    let place = Place::new("file", "sqlite:shop.db?mode=rwc", None);
    place.script(USERS.0, USERS.1, USERS.2);
    place.ends(&["apply", "--yes", "--tag", "v1"], 0);
    place.ends(&["drift"], 0).says(&["No drift"]);
    place
        .each(&[
            (
                "ALTER TABLE users ADD COLUMN nick text",
                "ALTER TABLE users DROP COLUMN nick",
                "+ column users.nick is new",
            ),
            (
                "DROP INDEX users_email_idx",
                "CREATE INDEX users_email_idx ON users (email)",
                "- index users_email_idx is gone",
            ),
            ("CREATE TABLE strays (id int)", "DROP TABLE strays", "+ table strays is new"),
            (
                "DELETE FROM schema_migrations",
                "INSERT INTO schema_migrations VALUES ('20260101000001')",
                "- migration 20260101000001_users is gone from the ledger",
            ),
        ])
        .await;
    goes_on(&place).await;
}

/// Each row of the index takes a moment, so that the build is asked about however fast the machine is.
#[tokio::test]
async fn a_migration_that_takes_long_says_how_far_it_is() {
    let server = Server::start().await;
    let url = server.database("shop").await;
    let place = Place::new("slow", &url, Some(server));
    let rows = "CREATE TABLE wide (id int, text text);\n\
         INSERT INTO wide SELECT id, repeat('x', 1000) FROM generate_series(1, 600) id;\n\
         CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.02); RETURN $1; END';";
    place.script("20260101000001_wide.sql", rows, "DROP TABLE wide;\nDROP FUNCTION slow(int);");
    let index = "CREATE INDEX wide_slow ON wide (slow(id));\nCREATE INDEX wide_id ON wide (id);";
    place.script("20260101000002_index.sql", index, "DROP INDEX wide_slow;\nDROP INDEX wide_id;");
    let said = place.ends(&["apply", "--yes", "--tag", "v1", "--plain"], 0);
    said.says(&["statement 1 of 2", "index: building index: scanning table, ", "KiB of 688.00 KiB, ", "B/s, "]);
}
