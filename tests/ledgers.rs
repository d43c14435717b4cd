//! The statements of every ledger on real databases: what omni writes reads back as its tool would have it.
//!
//! Every case runs on `PostgreSQL` and on `SQLite`, in the usual table and in one of a schema with letters of both sizes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "a ledger needs a server, and nothing of what befalls it")]
mod postgres;

use omni::migration::layout::Folder;
use omni::migration::ledger::{Ledger, Row, Sql, Writing};
use omni::migration::{Dialect, Layout, Script};
use sqlx::{AssertSqlSafe, Column, Connection, Database, Executor, IntoArguments, PgConnection, SqliteConnection};

/// A connection to either database.
enum Base {
    Postgres(Box<PgConnection>, #[expect(dead_code, reason = "it ends with its connection")] postgres::Server),
    Sqlite(Box<SqliteConnection>),
}

impl Base {
    async fn all() -> [Self; 2] {
        let server = postgres::Server::start().await;
        let connection = PgConnection::connect(&server.database("ledgers").await).await.unwrap();
        let file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        [Self::Postgres(Box::new(connection), server), Self::Sqlite(Box::new(file))]
    }

    const fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(..) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    async fn run(&mut self, statements: &[Sql]) -> Vec<Row> {
        let mut rows = Vec::new();
        for sql in statements {
            rows = match self {
                Self::Postgres(connection, _) => asked(&mut **connection, sql).await,
                Self::Sqlite(connection) => asked(&mut **connection, sql).await,
            };
        }
        rows
    }

    async fn text(&mut self, text: &str) -> Vec<Row> {
        self.run(&[Sql { text: text.to_owned(), values: Vec::new() }]).await
    }
}

async fn asked<'c, D, C>(connection: C, sql: &Sql) -> Vec<Row>
where
    D: Database,
    C: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    for<'q> Option<String>: sqlx::Encode<'q, D> + sqlx::Decode<'q, D> + sqlx::Type<D>,
    usize: sqlx::ColumnIndex<D::Row>,
{
    let mut query = sqlx::query::<D>(AssertSqlSafe(sql.text.clone()));
    for value in &sql.values {
        query = query.bind(value.clone());
    }
    let rows = query.fetch_all(connection).await.unwrap_or_else(|error| panic!("{}: {error}", sql.text));
    let shown = |row: &D::Row| {
        let columns = sqlx::Row::columns(row).iter();
        columns.map(|column| (column.name().to_owned(), sqlx::Row::get(row, column.ordinal()))).collect()
    };
    rows.iter().map(shown).collect()
}

/// Three scripts in the layout of a tool.
fn scripts(layout: Layout) -> Vec<Script> {
    let mut files = Vec::new();
    for number in 1..=3 {
        let (name, text) = (format!("{number}_step_{number}"), format!("SELECT {number};\n"));
        files.extend(match layout {
            Layout::Prisma => vec![(format!("{name}/migration.sql"), text)],
            Layout::Sqlx => vec![(format!("{name}.sql"), text)],
            Layout::GolangMigrate => vec![(format!("{name}.up.sql"), text)],
            Layout::Dbmate => vec![(format!("{name}.sql"), format!("-- migrate:up\n{text}-- migrate:down\n"))],
            Layout::Diesel => vec![(format!("{name}/up.sql"), text)],
            Layout::Goose => vec![(format!("{name}.sql"), format!("-- +goose Up\n{text}"))],
            Layout::Flyway => vec![(format!("V{number}__step_{number}.sql"), text)],
            Layout::Sqitch => vec![(format!("deploy/{name}.sql"), text)],
        });
    }
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    layout.scripts(&Folder(files)).unwrap()
}

/// Every ledger in its usual table; in `PostgreSQL` also in a schema that is missing.
fn ledgers(dialect: Dialect) -> Vec<Ledger> {
    let usual = Layout::ALL.map(|layout| Ledger { layout, dialect, table: None });
    let named = Layout::ALL.map(|layout| {
        let schema = if dialect == Dialect::Postgres { "My \"own\"'s" } else { "main" };
        Ledger { layout, dialect, table: Some(format!("{schema}.Steps of {layout}")) }
    });
    usual.into_iter().chain(named).collect()
}

struct Case<'a> {
    base: &'a mut Base,
    ledger: Ledger,
    scripts: Vec<Script>,
}

impl Case<'_> {
    fn writing(&self, at: usize) -> Writing<'_> {
        let previous = at.checked_sub(1).map(|before| &self.scripts[before]);
        Writing { script: &self.scripts[at], previous, op: "op-1", took: 1500 }
    }

    async fn add(&mut self, at: usize) {
        let statements = self.ledger.add(&self.writing(at));
        self.base.run(&statements).await;
    }

    async fn begin(&mut self, at: usize) {
        let statements = self.ledger.begin(&self.writing(at));
        self.base.run(&statements).await;
    }

    async fn remove(&mut self, at: usize) {
        let statements = self.ledger.remove(&self.writing(at));
        self.base.run(&statements).await;
    }

    /// What is applied, by its number; with `~` where it is half applied. Each has the checksum of its script.
    async fn said(&mut self) -> String {
        let rows = self.base.run(&[self.ledger.read()]).await;
        let mut said = String::new();
        for entry in self.ledger.entries(&rows, &self.scripts) {
            let at = self.scripts.iter().position(|script| script.version == entry.version).unwrap();
            let kept = self.ledger.layout != Layout::GolangMigrate;
            assert!(!kept || entry.checksum == self.scripts[at].checksum, "{entry:?}");
            said.push_str(&(at + 1).to_string());
            said.push_str(if entry.half.is_some() { "~" } else { "" });
        }
        said
    }
}

/// Makes a table, fills and empties it as an apply, its undo and a second apply do.
async fn lived_through(mut case: Case<'_>) {
    let ledger = case.ledger.clone();
    assert!(case.base.run(&[ledger.is_there()]).await.is_empty(), "{ledger:?}");
    for _ in 0..2 {
        case.base.run(&ledger.create()).await;
    }
    assert_eq!(case.base.run(&[ledger.is_there()]).await.len(), 1, "{ledger:?}");
    let columns = case.base.run(&[ledger.columns()]).await;
    let columns: Vec<_> = columns.iter().map(|row| row["name"].clone().unwrap()).collect();
    assert!(ledger.is_own(&columns), "{ledger:?}: {columns:?}");

    let tells_begun = !ledger.begin(&case.writing(0)).is_empty();
    assert_eq!(case.said().await, "", "{ledger:?}");
    case.add(0).await;
    // Begun twice, as an apply does that was cut off.
    case.begin(1).await;
    case.begin(1).await;
    assert_eq!(case.said().await, if tells_begun { "12~" } else { "1" }, "{ledger:?}");
    case.remove(1).await;
    assert_eq!(case.said().await, "1", "{ledger:?}");
    case.begin(1).await;
    case.add(1).await;
    case.add(2).await;
    assert_eq!(case.said().await, "123", "{ledger:?}");
    case.remove(2).await;
    case.remove(1).await;
    case.add(1).await;
    assert_eq!(case.said().await, "12", "{ledger:?}");
    case.remove(1).await;
    case.remove(0).await;
    assert_eq!(case.said().await, "", "{ledger:?}");
    case.add(0).await;
    case.base.run(&ledger.create()).await;
    assert_eq!(case.said().await, "1", "{ledger:?}");
}

#[tokio::test]
async fn every_ledger_reads_what_it_wrote() {
    for mut base in Base::all().await {
        for ledger in ledgers(base.dialect()) {
            // Both call theirs `schema_migrations`.
            if ledger.layout == Layout::Dbmate && ledger.table.is_none() {
                base.text("DROP TABLE schema_migrations").await;
            }
            let scripts = scripts(ledger.layout);
            lived_through(Case { base: &mut base, ledger, scripts }).await;
        }
    }
}

#[tokio::test]
async fn the_rows_are_what_the_tools_expect() {
    for mut base in Base::all().await {
        for layout in Layout::ALL {
            let ledger = Ledger { layout, dialect: base.dialect(), table: Some(format!("of_{}", layout.word().len())) };
            base.run(&ledger.create()).await;
            let mut case = Case { base: &mut base, ledger, scripts: scripts(layout) };
            for at in 0..3 {
                case.begin(at).await;
                case.add(at).await;
            }
            let table = case.ledger.table.clone().unwrap();
            let is_postgres = case.ledger.dialect == Dialect::Postgres;
            // What has to hold of the rows, as a question for the number of those of which it does.
            let (question, number) = match layout {
                Layout::Prisma if is_postgres => {
                    let rising = "started_at > coalesce(lag(started_at) OVER (ORDER BY migration_name), '-infinity')";
                    let whole = "finished_at >= started_at AND applied_steps_count = 1 AND logs IS NULL \
                                 AND rolled_back_at IS NULL AND length(id) = 36 AND length(checksum) = 64";
                    (format!("SELECT count(*) FROM (SELECT {rising} AND {whole} AS y FROM {table}) q WHERE y"), 3)
                }
                Layout::Prisma => {
                    let rising = "started_at > coalesce(lag(started_at) OVER (ORDER BY migration_name), 0)";
                    let whole = "finished_at >= started_at AND typeof(finished_at) = 'integer' \
                                 AND started_at > 1700000000000 AND applied_steps_count = 1";
                    (format!("SELECT count(*) FROM (SELECT {rising} AND {whole} AS y FROM {table}) q WHERE y"), 3)
                }
                Layout::Sqlx => {
                    let length = if is_postgres { "octet_length(checksum)" } else { "length(checksum)" };
                    let kind = if is_postgres { "success" } else { "success = 1 AND typeof(checksum) = 'blob'" };
                    let whole = format!("execution_time = 1500000000 AND {length} = 48 AND {kind}");
                    (format!("SELECT count(*) FROM {table} WHERE {whole} AND description = 'step ' || version"), 3)
                }
                Layout::GolangMigrate => (format!("SELECT count(*) FROM {table} WHERE version = 3 AND NOT dirty"), 1),
                Layout::Goose => {
                    let steps = "id = version_id + 1 AND tstamp IS NOT NULL AND is_applied";
                    let steps = if is_postgres { steps } else { "id = version_id + 1 AND is_applied = 1" };
                    (format!("SELECT count(*) FROM {table} WHERE {steps}"), 4)
                }
                Layout::Flyway => {
                    let by = if is_postgres { "current_user" } else { "''" };
                    let whole = "success AND type = 'SQL' AND execution_time = 1500 AND checksum IS NOT NULL";
                    let names = "script = 'V' || version || '__step_' || version || '.sql'";
                    let text = format!("{whole} AND {names} AND version = cast(installed_rank AS text)");
                    (format!("SELECT count(*) FROM {table} WHERE {text} AND installed_by = {by}"), 3)
                }
                Layout::Dbmate | Layout::Diesel => {
                    (format!("SELECT count(*) FROM {table} WHERE version IN ('1', '2', '3')"), 3)
                }
                Layout::Sqitch => (format!("SELECT count(*) FROM {table} WHERE length(checksum) = 64"), 3),
            };
            let question = question.replacen("count(*)", "cast(count(*) AS text) AS number", 1);
            let answer = case.base.text(&question).await;
            assert_eq!(answer[0]["number"], Some(number.to_string()), "{layout}: {question}");
            case.base.text(&format!("DROP TABLE {table}")).await;
        }
    }
}

#[tokio::test]
async fn the_tables_are_made_as_their_tools_make_them() {
    for mut base in Base::all().await {
        let of = |layout, dialect| Ledger { layout, dialect, table: None };
        let dialect = base.dialect();
        base.run(&of(Layout::GolangMigrate, dialect).create()).await;
        let columns = base.run(&[of(Layout::Dbmate, dialect).columns()]).await;
        let columns: Vec<_> = columns.iter().map(|row| row["name"].clone().unwrap()).collect();
        assert_eq!(columns, ["version", "dirty"]);
        assert!(!of(Layout::Dbmate, dialect).is_own(&columns));
        assert!(of(Layout::GolangMigrate, dialect).is_own(&columns));

        // What the tools leave to a default is there.
        base.run(&of(Layout::Flyway, dialect).create()).await;
        let index = match dialect {
            Dialect::Postgres => {
                "SELECT indexname::text AS name FROM pg_indexes WHERE tablename = 'flyway_schema_history'"
            }
            Dialect::Sqlite => {
                "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'flyway_schema_history'"
            }
        };
        let names: Vec<_> =
            base.text(&format!("{index} ORDER BY 1")).await.iter().map(|row| row["name"].clone()).collect();
        assert!(names.contains(&Some("flyway_schema_history_s_idx".to_owned())), "{names:?}");
        let key = Some("flyway_schema_history_pk".to_owned());
        assert_eq!(names.contains(&key), dialect == Dialect::Postgres, "{names:?}");
    }
}

#[tokio::test]
async fn prisma_finishes_no_row_that_was_rolled_back() {
    for mut base in Base::all().await {
        let ledger = Ledger { layout: Layout::Prisma, dialect: base.dialect(), table: None };
        base.run(&ledger.create()).await;
        let mut case = Case { base: &mut base, ledger, scripts: scripts(Layout::Prisma) };
        case.begin(0).await;
        // As `prisma migrate resolve --rolled-back` does.
        case.base.text("UPDATE _prisma_migrations SET rolled_back_at = started_at").await;
        assert_eq!(case.said().await, "");
        case.begin(0).await;
        assert_eq!(case.said().await, "1~");
        case.add(0).await;
        case.add(0).await;
        assert_eq!(case.said().await, "1");
        let rows = case.base.text("SELECT CAST(count(*) AS TEXT) AS number FROM _prisma_migrations").await;
        assert_eq!(rows[0]["number"].as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn prisma_s_times_are_written_as_it_wrote_them() {
    let mut base = Base::Sqlite(Box::new(SqliteConnection::connect("sqlite::memory:").await.unwrap()));
    let ledger = Ledger { layout: Layout::Prisma, dialect: Dialect::Sqlite, table: None };
    base.run(&ledger.create()).await;
    // As it writes behind a driver adapter; the clock was wrong meanwhile.
    let theirs = "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at) \
                  SELECT 'theirs', checksum, '0_theirs', '2999-11-23T13:23:45.345+00:00', '2999-11-23T13:23:45.473+00:00' \
                  FROM (SELECT 'c' AS checksum)";
    base.text(theirs).await;
    let mut case = Case { base: &mut base, ledger, scripts: scripts(Layout::Prisma) };
    case.add(0).await;
    case.begin(1).await;
    case.add(1).await;
    let rows =
        case.base.text("SELECT migration_name || ' ' || started_at AS row FROM _prisma_migrations ORDER BY started_at");
    let rows: Vec<_> = rows.await.iter().map(|row| row["row"].clone().unwrap()).collect();
    let wanted = ["0_theirs 345", "1_step_1 346", "2_step_2 347"]
        .map(|row| row.replace(' ', " 2999-11-23T13:23:45.") + "+00:00");
    assert_eq!(rows, wanted);
    let question = "SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at < started_at";
    assert!(case.base.text(question).await.is_empty());
}
