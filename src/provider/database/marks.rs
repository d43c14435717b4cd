//! The table of marks: `omni.marks` in `PostgreSQL`, `_omni_marks` in `SQLite`, with a row for each migration.

use crate::migration::ledger::{Row, Sql};
use crate::migration::{Dialect, Mark, Way};

/// The schema of `PostgreSQL` that holds it.
pub(super) const SCHEMA: &str = "omni";

/// Its name.
pub(super) const fn table(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "omni.marks",
        Dialect::Sqlite => "_omni_marks",
    }
}

/// The question whether it is there: one row where it is.
pub(super) fn is_there(dialect: Dialect) -> Sql {
    // A name that is looked up has to be one that the account may see; a row of the catalogue can be seen by all.
    bare(match dialect {
        Dialect::Postgres => {
            "SELECT c.relname::text AS found FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'omni' AND c.relname = 'marks'"
        }
        Dialect::Sqlite => "SELECT name AS found FROM main.sqlite_schema WHERE name = '_omni_marks'",
    })
}

/// What makes it.
pub(super) fn create(dialect: Dialect) -> Vec<Sql> {
    let columns = "(migration TEXT NOT NULL PRIMARY KEY, op TEXT NOT NULL, way TEXT NOT NULL, done TEXT NOT NULL, \
                   begun TEXT NOT NULL, whole TEXT NOT NULL, before TEXT NOT NULL)";
    let create = bare(&format!("CREATE TABLE {} {columns}", table(dialect)));
    match dialect {
        Dialect::Postgres => vec![bare(SCHEMA_IF_MISSING), create],
        Dialect::Sqlite => vec![create],
    }
}

/// `CREATE SCHEMA IF NOT EXISTS` asks for the right to make one even where there is one.
const SCHEMA_IF_MISSING: &str = "DO $$ BEGIN \
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'omni') THEN CREATE SCHEMA omni; END IF; END $$";

/// The question for all of them, or for that of one migration.
pub(super) fn read(dialect: Dialect, of: Option<&str>) -> Sql {
    let only = of.map(|_| format!(" WHERE migration = {}1", sign(dialect))).unwrap_or_default();
    let columns = "migration, op, way, done, begun, whole, before";
    let text = format!("SELECT {columns} FROM {}{only} ORDER BY migration", table(dialect));
    Sql { text, values: of.map(|name| Some(name.to_owned())).into_iter().collect() }
}

/// What sets one, in the place of one of the same migration.
pub(super) fn set(dialect: Dialect, mark: &Mark) -> Sql {
    let values = [
        mark.migration.clone(),
        mark.op.clone(),
        word(mark.way).to_owned(),
        mark.done.to_string(),
        mark.begun.to_string(),
        mark.whole.to_string(),
        mark.before.to_string(),
    ];
    let sign = sign(dialect);
    let places: Vec<_> = (1..=values.len()).map(|place| format!("{sign}{place}")).collect();
    let text = format!(
        "INSERT INTO {} (migration, op, way, done, begun, whole, before) VALUES ({}) ON CONFLICT (migration) DO UPDATE \
         SET op = excluded.op, way = excluded.way, done = excluded.done, begun = excluded.begun, \
         whole = excluded.whole, before = excluded.before",
        table(dialect),
        places.join(", ")
    );
    Sql { text, values: values.map(Some).into() }
}

/// What removes the one of a migration.
pub(super) fn unset(dialect: Dialect, migration: &str) -> Sql {
    let text = format!("DELETE FROM {} WHERE migration = {}1", table(dialect), sign(dialect));
    Sql { text, values: vec![Some(migration.to_owned())] }
}

/// The mark that a row holds; none where it is not as omni wrote it.
pub(super) fn of_row(row: &Row) -> Option<Mark> {
    let column = |name: &str| row.get(name)?.as_deref();
    let way = match column("way")? {
        "up" => Way::Up,
        "down" => Way::Down,
        _ => return None,
    };
    Some(Mark {
        migration: column("migration")?.to_owned(),
        op: column("op")?.to_owned(),
        way,
        done: column("done")?.parse().ok()?,
        begun: column("begun")?.parse().ok()?,
        whole: column("whole")?.parse().ok()?,
        before: column("before")?.parse().ok()?,
    })
}

const fn word(way: Way) -> &'static str {
    match way {
        Way::Up => "up",
        Way::Down => "down",
    }
}

const fn sign(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "$",
        Dialect::Sqlite => "?",
    }
}

fn bare(text: &str) -> Sql {
    Sql { text: text.to_owned(), values: Vec::new() }
}
