//! `Layout`: how a tool lays its migrations out in files, in which order it runs them, and what it calls them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

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
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The files of a folder of migrations: their content by their path below it, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder(pub BTreeMap<String, Vec<u8>>);
