//! `SqliteScratch`: a file of its own, with the schema of the real one or with all of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;

use crate::provider::database::scratch::Scratch;
use crate::provider::database::{Connect, Session, Target};
use crate::provider::{Fault, FaultKind};

/// The statements that make the schema, in an order in which each finds what it needs. What `SQLite` makes by itself is
/// left out: indexes of constraints, the tables behind a virtual one. A statement may end in a comment.
const SCHEMA: &str = "SELECT group_concat(sql, char(10) || ';' || char(10)) FROM ( \
     SELECT m.sql FROM main.sqlite_schema AS m WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
       AND NOT EXISTS (SELECT 1 FROM pragma_table_list AS l \
                       WHERE l.schema = 'main' AND l.name = m.tbl_name AND l.type = 'shadow') \
     ORDER BY CASE m.type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, m.rowid)";

/// What is a number in the file's head.
const PRAGMAS: [&str; 2] = ["user_version", "application_id"];

/// A file that may be ruined.
pub struct SqliteScratch {
    connect: Arc<dyn Connect>,
    target: Target,
    path: PathBuf,
    copies: AtomicU32,
}

impl SqliteScratch {
    /// Makes one with the schema of the database that `real` is a session of, and no rows. `path` is where; nothing may
    /// be there. `target` says how to speak to it but for the URL.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn of_schema(
        connect: Arc<dyn Connect>,
        target: &Target,
        real: &mut dyn Session,
        path: &Path,
    ) -> Result<Self, Fault> {
        let made = Self::at(connect, target, path);
        let schema = real.value(SCHEMA).await?;
        made.create().await?;
        let mut session = made.open().await?;
        if let Some(schema) = schema {
            session.run(&schema).await?;
        }
        for pragma in PRAGMAS {
            let value = real.value(&format!("SELECT {pragma} FROM pragma_{pragma}")).await?.unwrap_or_default();
            session.run(&format!("PRAGMA {pragma} = {value}")).await?;
        }
        Ok(made)
    }

    /// Makes one that is a copy of the database that `real` is a session of.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn of_data(
        connect: Arc<dyn Connect>,
        target: &Target,
        real: &mut dyn Session,
        path: &Path,
    ) -> Result<Self, Fault> {
        let made = Self::at(connect, target, path);
        made.create().await?;
        real.run(&format!("VACUUM INTO {}", literal(path))).await?;
        Ok(made)
    }

    /// The one that is a file which is there, or will be.
    pub(in crate::provider) fn at(connect: Arc<dyn Connect>, target: &Target, path: &Path) -> Self {
        let target = Target { url: url(path), ..target.clone() };
        Self { connect, target, path: path.to_owned(), copies: AtomicU32::new(0) }
    }

    /// Makes the file, empty, so that nobody else can read it.
    async fn create(&self) -> Result<(), Fault> {
        let mut options = tokio::fs::OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(&self.path).await;
        made.map(drop).map_err(|error| self.failed("made", &error))
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Fault {
        Fault::new(FaultKind::Failed, format!("scratch file `{}` cannot be {what}: {error}", self.path.display()))
    }
}

/// The URL of a file, with what would mean something in one encoded.
fn url(path: &Path) -> String {
    let path = path.display().to_string();
    format!("sqlite:{}", path.replace('%', "%25").replace('?', "%3F").replace('#', "%23"))
}

fn literal(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "''"))
}

#[async_trait]
impl Scratch for SqliteScratch {
    async fn open(&self) -> Result<Box<dyn Session>, Fault> {
        self.connect.connect(&self.target).await
    }

    async fn copy(&self) -> Result<Box<dyn Scratch>, Fault> {
        let number = self.copies.fetch_add(1, Ordering::Relaxed) + 1;
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        let copy = Self::at(Arc::clone(&self.connect), &self.target, Path::new(&name));
        let mut session = self.open().await?;
        copy.create().await?;
        session.run(&format!("VACUUM INTO {}", literal(&copy.path))).await?;
        Ok(Box::new(copy))
    }

    async fn remove(&self) -> Result<(), Fault> {
        for tail in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.path.clone().into_os_string();
            name.push(tail);
            match tokio::fs::remove_file(&name).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(self.failed("removed", &error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
