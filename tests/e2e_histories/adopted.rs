//! Databases with a history of their own: written by the tool itself, or by nobody.

use omni::migration::Layout;

use crate::base::{Base, House};
use crate::case::{Case, each, server};
use crate::files::{STEPS, Step};
use crate::rows;

#[test]
fn a_server_is_taken_over_from_each_tool() {
    each(&server(), goes_on);
}

#[test]
fn a_file_is_taken_over_from_each_tool() {
    each(&House::Files, goes_on);
}

#[test]
fn a_server_without_a_ledger_gets_one() {
    each(&server(), begins);
}

#[test]
fn a_file_without_a_ledger_gets_one() {
    each(&House::Files, begins);
}

/// The tool has applied two; omni goes on from there, and comes back.
async fn goes_on(case: Case<'_>) {
    // What Sqitch keeps has dependencies and tags that omni does not write: its databases are taken over as those
    // without a ledger.
    if case.layout == Layout::Sqitch {
        return;
    }
    for step in &STEPS[..2] {
        case.base.run(step.up).await;
    }
    case.base.run(&written(&case.base, case.layout)).await;
    case.write(&STEPS, false);
    let theirs = case.has(&STEPS[..2], "as its tool left it").await;
    assert_eq!(case.pending(), case.names(&STEPS[2..]), "{case}");
    case.is_as(&theirs, "after a plan").await;

    // A release that changes nothing, to come back to.
    case.write(&STEPS[..2], false);
    case.apply("theirs");
    case.is_as(&theirs, "after a release of what is there").await;
    case.write(&STEPS, false);
    case.apply("ours");
    case.has(&STEPS, "after the rest").await;
    case.goes_back("theirs");
    case.is_as(&theirs, "after a rollback").await;
}

/// There is a schema and no ledger.
async fn begins(case: Case<'_>) {
    for step in &STEPS[..2] {
        case.base.run(step.up).await;
    }
    case.write(&STEPS, false);
    let bare = case.base.schema().await;
    let refused = case.ends(&["plan"], 4);
    assert!(refused.text.contains("error[omni::plan::no_ledger]"), "{case}: {}", refused.text);
    assert!(refused.text.contains("`omni migrate baseline NAME`"), "{case}: {}", refused.text);
    case.ends(&["apply", "--yes"], 4);
    assert_eq!(case.base.schema().await, bare, "{case}");

    let name = STEPS[1].name(case.layout);
    let preview = case.ends(&["migrate", "baseline", &name, "--dry-run"], 0);
    for (at, step) in STEPS.iter().enumerate() {
        let line = format!("  {}  {}\n", if at < 2 { "applied" } else { "pending" }, step.name(case.layout));
        assert!(preview.text.contains(&line), "{case}: {}", preview.text);
    }
    assert_eq!(case.base.schema().await, bare, "{case}: a dry run");
    case.ends(&["migrate", "baseline", &name, "--yes"], 0);
    case.has(&STEPS[..2], "after the baseline").await;
    assert_eq!(case.pending(), case.names(&STEPS[2..]), "{case}");
    case.apply("rest");
    case.has(&STEPS, "after the rest").await;
}

/// The table of a tool with the first two in it, as that tool makes and fills it.
fn written(base: &Base<'_>, layout: Layout) -> String {
    let rows = |row: &dyn Fn(&Step, &str) -> String| -> String {
        STEPS[..2].iter().map(|step| row(step, &rows::checksum(layout, *step)) + ";\n").collect()
    };
    let version = |step: &Step| step.version(layout);
    let time = base.either("now()", "1767225600000");
    match layout {
        Layout::Prisma => {
            let moment = base.either("TIMESTAMPTZ", "DATETIME");
            let create = format!(
                "CREATE TABLE \"_prisma_migrations\" (\"id\" VARCHAR(36) PRIMARY KEY NOT NULL, \"checksum\" VARCHAR(64) \
                 NOT NULL, \"finished_at\" {moment}, \"migration_name\" VARCHAR(255) NOT NULL, \"logs\" TEXT, \
                 \"rolled_back_at\" {moment}, \"started_at\" {moment} NOT NULL DEFAULT CURRENT_TIMESTAMP, \
                 \"applied_steps_count\" INTEGER NOT NULL DEFAULT 0);\n"
            );
            let row = |step: &Step, checksum: &str| {
                let (id, name) = (format!("01234567-89ab-4def-8123-{:012}", step.number), step.name(layout));
                let started = format!(
                    "{time} + {}",
                    base.either("interval '1 second' * ", "").to_owned() + &step.number.to_string()
                );
                format!(
                    "INSERT INTO _prisma_migrations VALUES ('{id}', '{checksum}', {started}, '{name}', NULL, NULL, {started}, 1)"
                )
            };
            create + &rows(&row)
        }
        Layout::Sqlx => {
            let (moment, bytes) = base.either(("TIMESTAMPTZ", "BYTEA"), ("TIMESTAMP", "BLOB"));
            let create = format!(
                "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                 installed_on {moment} NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum {bytes} \
                 NOT NULL, execution_time BIGINT NOT NULL);\n"
            );
            let row = |step: &Step, checksum: &str| {
                let (version, description) = (version(step), step.word.replace('_', " "));
                let checksum = base.either(format!("'\\x{checksum}'"), format!("x'{checksum}'"));
                format!(
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES ({version}, '{description}', TRUE, {checksum}, 1234567)"
                )
            };
            create + &rows(&row)
        }
        Layout::GolangMigrate => {
            base.either(
                "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null);",
                "CREATE TABLE schema_migrations (version uint64,dirty bool);\
                 CREATE UNIQUE INDEX version_unique ON schema_migrations (version);",
            )
            .to_owned()
                + "INSERT INTO schema_migrations (version, dirty) VALUES (2, false);"
        }
        Layout::Dbmate => {
            let create = base.either("varchar", "varchar(128)");
            let row =
                |step: &Step, _: &str| format!("INSERT INTO schema_migrations (version) VALUES ('{}')", version(step));
            format!("CREATE TABLE schema_migrations (version {create} primary key);\n") + &rows(&row)
        }
        Layout::Diesel => {
            let row = |step: &Step, _: &str| {
                let version = version(step).replace('-', "");
                format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')")
            };
            "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n"
                .to_owned()
                + &rows(&row)
        }
        Layout::Goose => {
            // As goose made it before 3.18.
            let create = base.either(
                "id serial NOT NULL, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NULL \
                 default now(), PRIMARY KEY(id)",
                "id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, \
                 tstamp TIMESTAMP DEFAULT (datetime('now'))",
            );
            let row = |number: u32| {
                format!("INSERT INTO goose_db_version (version_id, is_applied) VALUES ({number}, TRUE);\n")
            };
            format!("CREATE TABLE goose_db_version ({create});\n{}", (0..=2).map(row).collect::<String>())
        }
        Layout::Flyway => flyway(base),
        Layout::Sqitch => unreachable!("its own tables are not omni's ledger"),
    }
}

fn flyway(base: &Base<'_>) -> String {
    let (moment, key) = base.either(("TIMESTAMP", ", PRIMARY KEY (\"installed_rank\")"), ("TEXT", ""));
    let create = format!(
        "CREATE TABLE \"flyway_schema_history\" (\"installed_rank\" INT NOT NULL{}, \"version\" VARCHAR(50), \
         \"description\" VARCHAR(200) NOT NULL, \"type\" VARCHAR(20) NOT NULL, \"script\" VARCHAR(1000) NOT NULL, \
         \"checksum\" INTEGER, \"installed_by\" VARCHAR(100) NOT NULL, \"installed_on\" {moment} NOT NULL DEFAULT \
         CURRENT_TIMESTAMP, \"execution_time\" INTEGER NOT NULL, \"success\" BOOLEAN NOT NULL{key});\n\
         CREATE INDEX \"flyway_schema_history_s_idx\" ON \"flyway_schema_history\" (\"success\");\n",
        base.either("", " PRIMARY KEY")
    );
    let row = |step: &Step| {
        let (number, word) = (step.number, step.word.replace('_', " "));
        let checksum = rows::checksum(Layout::Flyway, *step);
        format!(
            "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, \
             installed_by, execution_time, success) VALUES ({number}, '{number}', '{word}', 'SQL', '{}.sql', \
             {checksum}, 'ci', 12, TRUE);",
            step.name(Layout::Flyway)
        )
    };
    STEPS[..2].iter().map(row).fold(create, |sql, row| sql + &row)
}
