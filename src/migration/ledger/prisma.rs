//! `_prisma_migrations`: one row for each attempt, written before the script runs and finished after it.

use std::collections::BTreeSet;

use super::table::{Table, filled, plain};
use super::tool::{Tool, column, whole};
use crate::fingerprint::Fingerprint;
use crate::migration::ledger::{Entry, Row, Sql, Writing};
use crate::migration::{Dialect, Script};

pub(super) struct Prisma;

const LIVE: &str = "rolled_back_at IS NULL";

impl Tool for Prisma {
    fn name(&self, _dialect: Dialect) -> &'static str {
        "_prisma_migrations"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["id", "checksum", "finished_at", "migration_name", "rolled_back_at", "started_at", "applied_steps_count"]
    }

    fn create(&self, table: &Table) -> Vec<Sql> {
        let columns = if table.is_postgres() {
            "\"id\" VARCHAR(36) PRIMARY KEY NOT NULL, \"checksum\" VARCHAR(64) NOT NULL, \"finished_at\" TIMESTAMPTZ, \
             \"migration_name\" VARCHAR(255) NOT NULL, \"logs\" TEXT, \"rolled_back_at\" TIMESTAMPTZ, \
             \"started_at\" TIMESTAMPTZ NOT NULL DEFAULT now(), \"applied_steps_count\" INTEGER NOT NULL DEFAULT 0"
        } else {
            "\"id\" TEXT PRIMARY KEY NOT NULL, \"checksum\" TEXT NOT NULL, \"finished_at\" DATETIME, \
             \"migration_name\" TEXT NOT NULL, \"logs\" TEXT, \"rolled_back_at\" DATETIME, \
             \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp, \
             \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0"
        };
        vec![plain(format!("CREATE TABLE IF NOT EXISTS {} ({columns})", table.quoted()))]
    }

    fn read(&self, table: &Table) -> Sql {
        // SQLite has numbers of Prisma's beside texts of others, so only the order of the rows themselves counts.
        let order = if table.is_postgres() { "started_at, id" } else { "rowid" };
        table.rows(&["migration_name", "checksum", "started_at", "finished_at", "rolled_back_at"], order)
    }

    fn said(&self, rows: &[Row], _scripts: &[Script]) -> Vec<Entry> {
        let live = || rows.iter().filter(|row| column(row, "rolled_back_at").is_none());
        let unfinished: BTreeSet<_> = live()
            .filter(|row| column(row, "finished_at").is_none())
            .filter_map(|row| column(row, "migration_name"))
            .collect();
        let mut seen = BTreeSet::new();
        let mut said = Vec::new();
        for row in live() {
            // Of several rows of one name Prisma compares the checksum of the first.
            let Some(name) = column(row, "migration_name").filter(|name| seen.insert(*name)) else { continue };
            let mut entry = whole(name, column(row, "checksum"));
            if unfinished.contains(name) {
                entry.half = Some("its row in the ledger has no `finished_at`".to_owned());
            }
            said.push(entry);
        }
        said
    }

    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let (quoted, name, took) = (table.quoted(), &writing.script.name, writing.took.to_string());
        let (first, second, third) = (table.text(1), table.text(2), table.text(3));
        let now = now(table);
        let later = later(table, "started_at");
        let finish = format!(
            "UPDATE {quoted} SET finished_at = {later}, applied_steps_count = 1, checksum = {second}, logs = NULL \
             WHERE migration_name = {first} AND finished_at IS NULL AND {LIVE}"
        );
        let start = if table.is_postgres() {
            format!("{now} - {} * interval '1 millisecond'", table.number(4))
        } else {
            format!("{now} - {}", table.number(4))
        };
        let insert = format!(
            "INSERT INTO {quoted} (id, checksum, migration_name, started_at, finished_at, applied_steps_count) \
             SELECT {first}, {second}, {third}, begun.started_at, {later}, 1 \
             FROM (SELECT {} AS started_at) AS begun WHERE NOT EXISTS \
             (SELECT 1 FROM {quoted} WHERE migration_name = {third} AND finished_at IS NOT NULL AND {LIVE})",
            rising(table, &start)
        );
        let (id, checksum) = (id(writing), checksum(writing));
        vec![forgotten(table, &id), filled(finish, [name, checksum]), filled(insert, [&id, checksum, name, &took])]
    }

    fn begin(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let (quoted, name) = (table.quoted(), &writing.script.name);
        let (first, second, third) = (table.text(1), table.text(2), table.text(3));
        let insert = format!(
            "INSERT INTO {quoted} (id, checksum, migration_name, started_at) SELECT {first}, {second}, {third}, {} \
             WHERE NOT EXISTS \
             (SELECT 1 FROM {quoted} WHERE migration_name = {third} AND finished_at IS NULL AND {LIVE})",
            rising(table, now(table))
        );
        let id = id(writing);
        vec![forgotten(table, &id), filled(insert, [&id, checksum(writing), name])]
    }

    /// `rolled_back_at` alone would make Prisma's `status` and `deploy` say different things.
    fn remove(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        vec![table.without("migration_name", &writing.script.name)]
    }

    fn locks(&self, _table: &Table, _database: &str, _schema: &str) -> Vec<i64> {
        vec![72_707_369]
    }
}

/// How Prisma behind a driver adapter writes a time on `SQLite`.
const ISO: &str = "'%Y-%m-%dT%H:%M:%f+00:00'";

/// The present: on `SQLite` Prisma's own engine keeps milliseconds.
const fn now(table: &Table) -> &'static str {
    if table.is_postgres() { "clock_timestamp()" } else { "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)" }
}

/// The present, or a column of the row where that is later.
fn later(table: &Table, column: &str) -> String {
    let now = now(table);
    if table.is_postgres() {
        format!("GREATEST({now}, {column})")
    } else {
        let text = format!("max(strftime({ISO}, 'now'), {column})");
        format!("CASE typeof({column}) WHEN 'integer' THEN max({now}, {column}) ELSE {text} END")
    }
}

/// A time, or the first one after every row where that is later. On `SQLite` every number comes before every text:
/// where there is a text, it is one too.
fn rising(table: &Table, time: &str) -> String {
    let quoted = table.quoted();
    if table.is_postgres() {
        format!("GREATEST({time}, (SELECT max(started_at) + interval '1 microsecond' FROM {quoted}))")
    } else {
        let last = format!("SELECT max(started_at) + 1 FROM {quoted} WHERE typeof(started_at) = 'integer'");
        let texts = format!("FROM {quoted} WHERE typeof(started_at) = 'text'");
        let after = format!("SELECT strftime({ISO}, max(started_at), '+0.001 seconds') {texts}");
        let text = format!("max(strftime({ISO}, ({time}) / 1000.0, 'unixepoch'), coalesce(({after}), ''))");
        format!("CASE WHEN EXISTS (SELECT 1 {texts}) THEN {text} ELSE max({time}, coalesce(({last}), 0)) END")
    }
}

/// What takes out the row of the same attempt that somebody has told Prisma to be rolled back since.
fn forgotten(table: &Table, id: &str) -> Sql {
    let text = format!("DELETE FROM {} WHERE id = {} AND NOT ({LIVE})", table.quoted(), table.text(1));
    filled(text, [id])
}

fn checksum<'a>(writing: &Writing<'a>) -> &'a str {
    writing.script.checksum.as_deref().unwrap_or_default()
}

/// A UUID as of version 4, the same for the same apply and script.
fn id(writing: &Writing<'_>) -> String {
    let digits = Fingerprint::of(&(writing.op, &writing.script.name)).to_string();
    let variant = match digits.as_bytes()[16] % 4 {
        0 => '8',
        1 => '9',
        2 => 'a',
        _ => 'b',
    };
    format!("{}-{}-4{}-{variant}{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..32])
}
