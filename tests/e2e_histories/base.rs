//! `Base`: one database, and what SQL of the tests' own says of it.

use std::path::PathBuf;

use omni::migration::Dialect;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};

use crate::postgres::{Server, program, run_as_nobody};

/// Where databases are made.
pub(crate) enum House {
    Server(Server),
    Files,
}

/// One database.
pub(crate) enum Base<'h> {
    Served(&'h Server, String),
    /// A file, which omni makes.
    Filed(PathBuf),
}

impl House {
    /// A server that does not wait for its disk: none of these tests pulls its plug.
    pub(crate) async fn server() -> Self {
        let server = Server::start().await;
        server.sql("postgres", "ALTER SYSTEM SET fsync = off").await;
        server.sql("postgres", "SELECT pg_reload_conf()").await;
        Self::Server(server)
    }

    /// A database of this name; that of a file lies at this path.
    pub(crate) async fn base(&self, name: &str, path: PathBuf) -> Base<'_> {
        match self {
            Self::Server(server) => {
                server.database(name).await;
                Base::Served(server, name.to_owned())
            }
            Self::Files => Base::Filed(path),
        }
    }
}

impl Base<'_> {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Served(..) => Dialect::Postgres,
            Self::Filed(_) => Dialect::Sqlite,
        }
    }

    /// Its URL in deploy.toml; a file lies beside it.
    pub(crate) fn url(&self) -> String {
        match self {
            // No password is asked for there: what proving one costs is not what is tried here.
            Self::Served(server, name) => server.socket_url(name),
            Self::Filed(path) => format!("sqlite:{}?mode=rwc", path.file_name().unwrap().display()),
        }
    }

    /// One of two texts, by its kind.
    pub(crate) fn either<T>(&self, postgres: T, sqlite: T) -> T {
        match self {
            Self::Served(..) => postgres,
            Self::Filed(_) => sqlite,
        }
    }

    /// Runs statements.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Served(..) => drop(sqlx::raw_sql(sql).execute(&mut self.served().await).await.unwrap()),
            Self::Filed(_) => drop(sqlx::raw_sql(sql).execute(&mut self.filed().await).await.unwrap()),
        }
    }

    /// The rows of a question with one column of texts.
    pub(crate) async fn texts(&self, question: &str) -> Vec<String> {
        let query = AssertSqlSafe(question.to_owned());
        let found = match self {
            Self::Served(..) => sqlx::query_scalar(query).fetch_all(&mut self.served().await).await,
            Self::Filed(_) => sqlx::query_scalar(query).fetch_all(&mut self.filed().await).await,
        };
        found.unwrap_or_else(|error| panic!("`{question}`: {error}"))
    }

    /// The whole schema as the database's own program shows it, the table of a tool too; without what is omni's alone.
    pub(crate) async fn schema(&self) -> String {
        match self {
            Self::Served(server, name) => {
                let mut dump = run_as_nobody(&program("pg_dump"), server.folder.path());
                dump.args(["--schema-only", "--exclude-schema=omni", "--dbname"]).arg(server.socket_url(name));
                let output = dump.output().expect("`pg_dump` runs");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                let text = String::from_utf8(output.stdout).expect("a text");
                // Each dump has a word of its own there.
                let is_same = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
                text.lines().filter(is_same).collect::<Vec<_>>().join("\n")
            }
            Self::Filed(_) => {
                let question = "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema \
                                WHERE tbl_name != '_omni_marks' ORDER BY type, name";
                self.texts(question).await.join("\n")
            }
        }
    }

    /// What users made, as `table notes`, `column notes.text`, `index tags_note`, `view dues`, in order; without ledgers.
    pub(crate) async fn things(&self, ledger: &str) -> Vec<String> {
        let question = match self {
            Self::Served(..) => format!(
                "SELECT 'table ' || table_name FROM information_schema.tables WHERE table_schema = 'public' \
                 AND table_type = 'BASE TABLE' AND table_name != '{ledger}' \
                 UNION SELECT 'view ' || table_name FROM information_schema.views WHERE table_schema = 'public' \
                 UNION SELECT 'column ' || table_name || '.' || column_name FROM information_schema.columns \
                 JOIN information_schema.tables USING (table_schema, table_name) WHERE table_schema = 'public' \
                 AND table_type = 'BASE TABLE' AND table_name != '{ledger}' \
                 UNION SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = 'public' \
                 AND tablename != '{ledger}' AND indexname NOT LIKE '%_pkey' ORDER BY 1"
            ),
            Self::Filed(_) => format!(
                "SELECT type || ' ' || name AS thing FROM sqlite_schema WHERE tbl_name NOT IN ('_omni_marks', '{ledger}') \
                 AND name NOT LIKE 'sqlite_%' UNION SELECT 'column ' || m.name || '.' || c.name FROM sqlite_schema m \
                 JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT IN ('_omni_marks', '{ledger}') \
                 AND m.name NOT LIKE 'sqlite_%' ORDER BY 1"
            ),
        };
        let mut found = self.texts(&question).await;
        found.sort();
        found
    }

    async fn served(&self) -> PgConnection {
        let Self::Served(server, name) = self else { unreachable!("it is asked of a server") };
        PgConnection::connect(&server.socket_url(name)).await.unwrap()
    }

    async fn filed(&self) -> SqliteConnection {
        let Self::Filed(path) = self else { unreachable!("it is asked of a file") };
        SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
    }
}
