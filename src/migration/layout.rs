//! `Layout`: how a tool lays its migrations out in files, in which order it runs them, and what it calls them.
//!
//! Each tool has its file. What the table of the tool says is left to `ledger`.

mod dbmate;
mod detect;
mod diesel;
mod flyway;
mod fresh;
mod golang_migrate;
mod goose;
mod pairs;
mod prisma;
mod reading;
mod sqitch;
mod sqlx_cli;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::migration::Script;
use crate::plain::plain;

pub use fresh::Fresh;

/// The tool whose layout and ledger a folder of migrations has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `NAME/migration.sql`; `down.sql` or `rollback.sql` beside it.
    Prisma,
    /// `VERSION_NAME.sql`, or `VERSION_NAME.up.sql` and `.down.sql`.
    Sqlx,
    /// `VERSION_NAME.up.sql` and `.down.sql`; the ledger holds the newest version only.
    GolangMigrate,
    /// `VERSION_NAME.sql` with `-- migrate:up` and `-- migrate:down`.
    Dbmate,
    /// `VERSION_NAME/up.sql` and `down.sql`.
    Diesel,
    /// `VERSION_NAME.sql` with `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// `V1__name.sql`, `U1__name.sql`, `R__name.sql`.
    Flyway,
    /// `deploy/NAME.sql`, `revert/NAME.sql`, `verify/NAME.sql`, with a `sqitch.plan` where there is one.
    Sqitch,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 8] = [
        Self::Prisma,
        Self::Sqlx,
        Self::GolangMigrate,
        Self::Dbmate,
        Self::Diesel,
        Self::Goose,
        Self::Flyway,
        Self::Sqitch,
    ];

    /// Its word in deploy.toml: `golang-migrate`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prisma => "prisma",
            Self::Sqlx => "sqlx",
            Self::GolangMigrate => "golang-migrate",
            Self::Dbmate => "dbmate",
            Self::Diesel => "diesel",
            Self::Goose => "goose",
            Self::Flyway => "flyway",
            Self::Sqitch => "sqitch",
        }
    }

    /// The layout of a folder, by how its files are called and what they are marked with.
    ///
    /// # Errors
    /// Where none fits, or more than one.
    pub fn detect(folder: &Folder) -> Result<Self, Undetected> {
        let fitting = detect::fitting(folder);
        match fitting.as_slice() {
            [] => Err(Undetected::Nothing),
            [layout] => Ok(*layout),
            _ => Err(Undetected::Several(fitting)),
        }
    }

    /// The scripts of a folder, in the order in which the tool runs them.
    ///
    /// # Errors
    /// Everything in the folder that the tool would refuse, or omni cannot run as the tool does: all of it at once.
    pub fn scripts(self, folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
        match self {
            Self::Prisma => prisma::scripts(folder),
            Self::Sqlx => sqlx_cli::scripts(folder),
            Self::GolangMigrate => golang_migrate::scripts(folder),
            Self::Dbmate => dbmate::scripts(folder),
            Self::Diesel => diesel::scripts(folder),
            Self::Goose => goose::scripts(folder),
            Self::Flyway => flyway::scripts(folder),
            Self::Sqitch => sqitch::scripts(folder),
        }
    }

    /// How the tool orders two versions; equal where it calls them the same, or where versions have no order.
    #[must_use]
    pub(in crate::migration) fn order(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Prisma | Self::Dbmate | Self::Diesel => a.cmp(b),
            Self::Sqlx | Self::GolangMigrate | Self::Goose => {
                a.parse::<i128>().ok().zip(b.parse().ok()).map_or_else(|| a.cmp(b), |(a, b)| a.cmp(&b))
            }
            Self::Flyway => {
                flyway::Version::read(a).zip(flyway::Version::read(b)).map_or_else(|| a.cmp(b), |(a, b)| a.cmp(&b))
            }
            Self::Sqitch => Ordering::Equal,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The files of a folder of migrations: their content by their path below it, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder(pub BTreeMap<String, Vec<u8>>);

/// A file that cannot be taken as a migration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {message}", place(path, *line))]
pub struct Unreadable {
    /// Its path below the folder; that of a directory, where a file is missing in it.
    pub path: String,
    /// The line to blame, from 1; none where the whole file is.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub message: String,
    /// What the reader can do about it.
    pub help: String,
}

fn place(path: &str, line: Option<usize>) -> String {
    let path = plain(path);
    line.map_or_else(|| format!("`{path}`"), |line| format!("`{path}`, line {line}"))
}

/// Why the layout of a folder is not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Undetected {
    /// Nothing in it looks like a migration of any tool.
    #[error("no file in it is laid out as a migration of a tool that omni knows")]
    Nothing,
    /// More than one tool takes it for its own.
    #[error("it may be laid out for {}", listed(_0))]
    Several(Vec<Layout>),
}

impl Undetected {
    /// What the reader can do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Nothing => format!("set `layout` to one of {}", listed(&Layout::ALL)),
            Self::Several(layouts) => {
                let choices: Vec<_> = layouts.iter().map(|layout| format!("`layout = \"{layout}\"`")).collect();
                format!("set {}", choices.join(" or "))
            }
        }
    }
}

fn listed(layouts: &[Layout]) -> String {
    let words: Vec<_> = layouts.iter().map(|layout| format!("`{layout}`")).collect();
    match words.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}
