//! `Shop`: a deployment whose database is on a server of its own, that is put back to where it began as often as one
//! likes; and what the server itself says of its schema, its ledger and its sessions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use omni::provider::site::OWN;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tempfile::TempDir;

use crate::postgres::{self, Server};
use crate::scripts::{NOTES, Script};
use crate::world::{Ran, World};

pub(crate) const DATABASE: &str = "shop";

/// The schema as a list of lines, the order of columns left out; and the rows.
pub(crate) const SCHEMA: &str = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM ( \
    SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
        (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum) \
        ) AS line \
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> '_sqlx_migrations' \
    UNION ALL SELECT format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid AND i.indisready) \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace \
        AND i.indrelid IS DISTINCT FROM to_regclass('_sqlx_migrations') \
    UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint \
    WHERE connamespace = 'public'::regnamespace AND conrelid IS DISTINCT FROM to_regclass('_sqlx_migrations')) AS s";

/// A deployment with a database.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) server: Server,
    /// How its backups are made, as deploy.toml says it.
    pub(crate) backups: &'static str,
    /// What else deploy.toml says of its migrations.
    pub(crate) migrations: &'static str,
    /// The folder of the deployment as it was at the start.
    saved: TempDir,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The schema, and the rows of every table.
    pub(crate) schema: String,
    /// Which versions are applied, by the ledger.
    pub(crate) ledger: Vec<i64>,
}

/// omni's own mark of a migration.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) migration: String,
    pub(crate) way: String,
    pub(crate) is_whole: bool,
}

impl Shop {
    /// A shop with its first release and fifty notes.
    pub(crate) async fn new(name: &str) -> Self {
        let server = Server::start().await;
        // What is on its disk may be lost with the machine.
        server.sql("postgres", "ALTER SYSTEM SET fsync = off").await;
        server.sql("postgres", "SELECT pg_reload_conf()").await;
        server.database(DATABASE).await;
        let saved = tempfile::tempdir().unwrap();
        let shop = Self { world: World::new(name), server, backups: "keep = { last = 2 }", migrations: "", saved };
        fs::create_dir(shop.world.path("migrations")).unwrap();
        shop.write("v1", &[NOTES]);
        shop.ends(&["apply", "--yes"], 0);
        let rows = "INSERT INTO notes (text, legacy) SELECT 'note ' || g, 'old ' || g FROM generate_series(1, 50) AS g";
        shop.server.sql(DATABASE, rows).await;
        shop
    }

    /// Writes the spec of a version with these migrations.
    pub(crate) fn write(&self, version: &str, scripts: &[Script]) {
        self.write_at(version, &self.server.url(DATABASE), scripts);
    }

    /// The same, for a database that is reached under another URL.
    pub(crate) fn write_at(&self, version: &str, url: &str, scripts: &[Script]) {
        let folder = self.world.path("migrations");
        for entry in fs::read_dir(&folder).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for script in scripts {
            fs::write(folder.join(format!("{}.up.sql", script.name)), script.up).unwrap();
            fs::write(folder.join(format!("{}.down.sql", script.name)), script.down).unwrap();
        }
        let rest = format!(
            "[databases.shop]\nurl = \"{url}\"\nconnect_timeout = \"20s\"\n\n[migrations.shop]\ndir = \"migrations\"\n\
             layout = \"sqlx\"\n{}\n[backups.shop]\n{}\n",
            self.migrations, self.backups
        );
        self.world.write(version, 5, &rest);
    }

    /// From here on `reset` leads back to how it is now.
    pub(crate) async fn save(&self) {
        copy(&self.world.path("."), self.saved.path());
        self.server.sql("postgres", "DROP DATABASE IF EXISTS saved").await;
        self.server.sql("postgres", "CREATE DATABASE saved TEMPLATE shop").await;
    }

    /// Gives back the lock of an apply that was left open.
    pub(crate) fn unlock(&self) {
        for anchor in self.world.anchors() {
            self.world.docker(&["rm", "-f", &anchor]);
        }
    }

    /// Puts everything back to how it was saved.
    pub(crate) async fn reset(&self) {
        let mut connection = self.server.connection("postgres").await;
        let others = "SELECT datname::text FROM pg_database WHERE datname = 'shop' OR datname LIKE 'omni\\_%'";
        let names: Vec<String> = sqlx::query_scalar(others).fetch_all(&mut connection).await.unwrap();
        for name in names {
            run(&mut connection, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
        }
        run(&mut connection, "CREATE DATABASE shop TEMPLATE saved").await;
        connection.close().await.unwrap();
        empty(&self.world.path("."));
        copy(self.saved.path(), &self.world.path("."));
    }

    /// omni, which finds the programs of the server.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.world.command(words);
        let programs = postgres::programs();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(programs.clone()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(path).unwrap());
        if let Some(libraries) = libraries(&programs) {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    pub(crate) fn omni(&self, words: &[&str]) -> Ran {
        Ran::of(&self.command(words).output().unwrap())
    }

    #[track_caller]
    pub(crate) fn ends(&self, words: &[&str], code: i32) -> Ran {
        let ran = self.omni(words);
        assert_eq!(ran.code, Some(code), "omni {words:?} ended otherwise ({:?}):\n{}", ran.signal, ran.text);
        ran
    }

    /// What the server says of the shop.
    pub(crate) async fn facts(&self) -> Facts {
        let mut connection = self.server.connection(DATABASE).await;
        let schema: Option<String> = sqlx::query_scalar(SCHEMA).fetch_one(&mut connection).await.unwrap();
        let mut schema = schema.unwrap_or_default();
        let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace \
                      AND relkind = 'r' AND relname <> '_sqlx_migrations' ORDER BY relname";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
        for table in tables {
            let ask = format!(
                "SELECT count(*) || ' rows ' || coalesce(md5(string_agg(line, ',' ORDER BY line)), '') \
                 FROM (SELECT to_jsonb(t)::text AS line FROM \"{table}\" AS t) AS rows"
            );
            let rows: String = sqlx::query_scalar(AssertSqlSafe(ask)).fetch_one(&mut connection).await.unwrap();
            schema = format!("{schema}\n{table}: {rows}");
        }
        let ask = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
        let ledger = sqlx::query_scalar(ask).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Facts { schema, ledger }
    }

    /// The marks in the shop.
    pub(crate) async fn marks(&self) -> Vec<Mark> {
        let mut connection = self.server.connection(DATABASE).await;
        let is_there: bool = sqlx::query_scalar("SELECT to_regclass('omni.marks') IS NOT NULL")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let mut marks = Vec::new();
        if is_there {
            let ask = "SELECT migration, way, whole FROM omni.marks ORDER BY migration";
            for row in sqlx::query(ask).fetch_all(&mut connection).await.unwrap() {
                let is_whole = row.get::<String, _>("whole") == "true";
                marks.push(Mark { migration: row.get("migration"), way: row.get("way"), is_whole });
            }
        }
        connection.close().await.unwrap();
        marks
    }

    /// What is wrong between the ledger and the schema: each row has all its things, and what has none has nothing,
    /// unless a mark says that it is half done.
    pub(crate) async fn inconsistent(&self, scripts: &[Script]) -> Vec<String> {
        let (facts, marks) = (self.facts().await, self.marks().await);
        let half: Vec<_> = marks.iter().filter(|mark| !mark.is_whole).map(|mark| mark.migration.as_str()).collect();
        let mut connection = self.server.connection(DATABASE).await;
        let mut wrong = Vec::new();
        for script in scripts.iter().filter(|script| !half.contains(&script.name)) {
            let is_applied = facts.ledger.contains(&script.version());
            for part in script.parts {
                let ask = format!("SELECT coalesce({part}, false)");
                let is_there: bool = sqlx::query_scalar(AssertSqlSafe(ask)).fetch_one(&mut connection).await.unwrap();
                if is_there != is_applied {
                    wrong.push(format!("{}: applied {is_applied}, but {part} is {is_there}", script.name));
                }
            }
        }
        connection.close().await.unwrap();
        wrong
    }

    /// Whether it is as before, where it is wholly before or wholly after, or after alone; what is wrong otherwise.
    pub(crate) async fn judged(
        &self,
        scripts: &[Script],
        before: &Facts,
        after: &Facts,
        only_after: bool,
        said: &str,
    ) -> Result<bool, String> {
        let found = self.facts().await;
        let mut wrong = self.inconsistent(scripts).await;
        if found != *after && (only_after || found != *before) {
            wrong.push(format!("neither before nor after:\n{found:#?}\nbut {before:#?}\n{after:#?}"));
        }
        for mark in self.marks().await {
            let version = mark.migration.split('_').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
            let is_up = mark.way == "up";
            if !mark.is_whole || found.ledger.contains(&version) != is_up {
                wrong.push(format!("a mark is left: {mark:?}"));
            }
        }
        self.until_alone().await?;
        let plan = self.omni(&["plan"]);
        if plan.code != Some(0) {
            wrong.push(format!("the next plan ends with {:?}:\n{}", plan.code, plan.text));
        }
        if wrong.is_empty() { Ok(found == *before) } else { Err(format!("{}\nit said:\n{said}", wrong.join("; "))) }
    }

    /// Waits until no session of omni is left and nobody holds its lock; how long the lock and the sessions stayed.
    pub(crate) async fn until_alone(&self) -> Result<(Duration, Duration), String> {
        let begun = Instant::now();
        let mut connection = self.server.connection("postgres").await;
        let ask = format!(
            "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
             AND (classid::bigint << 32) + objid::bigint = {OWN}) AS locks, \
             (SELECT string_agg(application_name || ': ' || coalesce(state, '') || ' ' || query, '; ') \
             FROM pg_stat_activity WHERE application_name LIKE 'omni/%') AS sessions"
        );
        let mut locked = Duration::ZERO;
        loop {
            let row = sqlx::query(AssertSqlSafe(ask.clone())).fetch_one(&mut connection).await.unwrap();
            let (locks, sessions): (i64, Option<String>) = (row.get("locks"), row.get("sessions"));
            let now = begun.elapsed();
            if locks > 0 {
                locked = now;
            }
            if locks == 0 && sessions.is_none() {
                connection.close().await.unwrap();
                return Ok((locked, now));
            }
            if now > Duration::from_mins(1) {
                return Err(format!("after {now:?} there are still {locks} locks, and {sessions:?}"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The databases that omni has made beside.
    pub(crate) async fn beside(&self) -> Vec<String> {
        let mut connection = self.server.connection("postgres").await;
        let ask = "SELECT datname::text FROM pg_database WHERE datname LIKE 'omni\\_%' ORDER BY datname";
        let names = sqlx::query_scalar(ask).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        names
    }

    /// Every place that a run reaches, but those around the calls of the engine; and how it ended.
    pub(crate) fn places(&self, words: &[&str]) -> (Vec<String>, Ran) {
        let log = self.saved.path().with_extension("places");
        let ran = Ran::of(&self.command(words).env("OMNI_FAILPOINT_LOG", &log).output().unwrap());
        let text = fs::read_to_string(&log).expect("failpoints have to be compiled in: use --all-features");
        fs::remove_file(log).unwrap();
        let all: Vec<_> = text.lines().filter(|place| !place.starts_with("call.")).map(str::to_owned).collect();
        // After an answer and before the next statement nothing is done: these are one place.
        let is_twin = |at: usize| {
            all[at].starts_with("sql.answered") && all.get(at + 1).is_some_and(|next| next.starts_with("sql.unsent"))
        };
        ((0..all.len()).filter(|at| !is_twin(*at)).map(|at| all[at].clone()).collect(), ran)
    }

    /// Runs omni to its death at a place.
    pub(crate) fn dying_at(&self, words: &[&str], place: &str) -> Ran {
        Ran::of(&self.command(words).env("OMNI_FAILPOINT", place).output().unwrap())
    }
}

/// How many by what they say: for what is only told.
pub(crate) fn counted(words: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for word in words {
        *counted.entry(word).or_default() += 1;
    }
    counted
}

/// Prints what was found, as soon as it is.
#[expect(clippy::print_stdout, reason = "a matrix takes long")]
pub(crate) fn tell(line: &str) {
    println!("{line}");
}

pub(crate) async fn run(connection: &mut PgConnection, statement: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await;
    done.unwrap_or_else(|error| panic!("`{statement}`: {error}"));
}

/// The libraries of programs that were unpacked beside the build.
fn libraries(programs: &Path) -> Option<std::ffi::OsString> {
    let folder = programs.strip_prefix(postgres::TOOLS).is_ok().then(|| Path::new(postgres::TOOLS).join("usr/lib"))?;
    let folders = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    std::env::join_paths(folders).ok()
}

pub(crate) fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    empty(to);
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}
