//! Making a backup.
//!
//! A server's is dumped in a snapshot that the session exports, and the rows are counted in the same one. A file of
//! `SQLite` is copied with `VACUUM INTO`: its own backup calls cannot be reached without unsafe code, and this is one
//! read transaction too. The rowids of tables without a primary key of that kind may be others in the copy.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::migration::Dialect;
use crate::provider::backup::failing::unusable;
use crate::provider::backup::folding::{Folding, Stored};
use crate::provider::backup::shelf::{Draft, private};
use crate::provider::backup::stream::{on_thread, store};
use crate::provider::backup::{Backups, Compression, Inventory, Manifest, size};
use crate::provider::database::{Session, Target};
use crate::provider::pace::Total;
use crate::provider::{Fault, FaultKind};

/// A snapshot that others may read in, for as long as the transaction is open. Nobody waits for it, so no limit on
/// transactions that idle may end it; and rows that a policy hides would be missing from the dump.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL row_security = off";

impl Backups<'_> {
    /// Makes a backup, after what dead processes left half made is removed.
    ///
    /// # Errors
    /// A fault; nothing is left then.
    pub async fn make(&self, made_by: &str, recipients: &BTreeSet<String>) -> Result<Manifest, Fault> {
        self.shelf.sweep().await?;
        let mut session = self.connect.connect(&self.patient()).await?;
        let (at, begun) = (moment(&mut *session).await?, Instant::now());
        let draft = self.shelf.begin(at, made_by).await?;
        let made = self.made(&mut *session, &draft, recipients).await;
        let (content, migrations, stored) = match made {
            Ok(made) => made,
            Err(fault) => {
                // What cannot be removed now is by the next one.
                let _ = self.shelf.give_up(draft).await;
                return Err(fault);
            }
        };
        let facts = session.facts();
        let (ending, compression) = form(facts.dialect);
        let age = if recipients.is_empty() { "" } else { ".age" };
        let manifest = Manifest {
            name: draft.name.clone(),
            is_empty: content.is_empty_beside(&self.ledger_tables(&facts.schema)),
            database: self.shelf.database().to_owned(),
            made_by: made_by.to_owned(),
            at,
            took: millis(begun),
            file: format!("{}{ending}{age}", draft.name),
            size: stored.size,
            sha256: stored.sha256,
            dialect: facts.dialect,
            server: facts.version.clone(),
            major: facts.major,
            tools: (facts.dialect == Dialect::Postgres).then(|| self.tools.whose()),
            content,
            migrations,
            compression,
            recipients: recipients.clone(),
            verified: None,
            damage: None,
        };
        self.shelf.publish(draft, &manifest).await?;
        (self.progress)(format!("{} written", size(manifest.size)));
        Ok(manifest)
    }

    async fn made(
        &self,
        session: &mut dyn Session,
        draft: &Draft,
        recipients: &BTreeSet<String>,
    ) -> Result<(Inventory, Vec<String>, Stored), Fault> {
        let dialect = session.facts().dialect;
        let file = draft.file.try_clone().map_err(|error| unusable(Path::new(&draft.name), "written", &error))?;
        let folding = Folding::new(file, form(dialect).1, recipients)?;
        match dialect {
            Dialect::Postgres => self.dumped(session, folding).await,
            Dialect::Sqlite => self.copied(session, draft, folding).await,
        }
    }

    async fn dumped(
        &self,
        session: &mut dyn Session,
        folding: Folding,
    ) -> Result<(Inventory, Vec<String>, Stored), Fault> {
        session.run(SNAPSHOT).await?;
        let snapshot = session.value("SELECT pg_catalog.pg_export_snapshot()").await?.unwrap_or_default();
        (self.progress)("counting rows".to_owned());
        let content = Inventory::of(session).await?;
        let migrations = self.migrations(session).await?;
        let whole = session.value("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())").await?;
        let total = whole.and_then(|bytes| bytes.parse().ok()).map_or(Total::Unknown, Total::Database);
        (self.progress)(format!("dumping with `pg_dump` {}", self.tools.whose()));
        let dumping = self.tools.dump(&self.patient(), session.facts().major, &snapshot).await?;
        let stored = async {
            let stored = store(dumping.output, folding, (self.progress, total)).await;
            stored.map_err(|error| unusable(Path::new(self.shelf.database()), "dumped", &error))
        };
        let (stored, ()) = tokio::try_join!(stored, dumping.ended)?;
        session.abort().await?;
        Ok((content, migrations, stored))
    }

    async fn copied(
        &self,
        session: &mut dyn Session,
        draft: &Draft,
        folding: Folding,
    ) -> Result<(Inventory, Vec<String>, Stored), Fault> {
        let raw = self.shelf.beside(&draft.name, "raw");
        let failed = |error| unusable(&raw, "written", &error);
        let path = raw.clone();
        on_thread(move || private(&path, false)).await.map_err(failed)?;
        (self.progress)("copying".to_owned());
        session.run(&format!("VACUUM INTO '{}'", raw.display().to_string().replace('\'', "''"))).await?;
        let mut copy = self.connect.connect(&at(&self.patient(), &raw)).await?;
        let content = Inventory::of(&mut *copy).await?;
        let migrations = self.migrations(&mut *copy).await?;
        drop(copy);
        let source = tokio::fs::File::open(&raw).await.map_err(failed)?;
        let whole = source.metadata().await.map_err(failed)?.len();
        let stored = store(source, folding, (self.progress, Total::Bytes(whole))).await.map_err(failed)?;
        tokio::fs::remove_file(&raw).await.map_err(failed)?;
        Ok((content, migrations, stored))
    }

    /// The tables of the ledger, where an unqualified name is made in this schema.
    fn ledger_tables(&self, schema: &str) -> Vec<String> {
        self.ledger.map(|(ledger, _)| ledger.tables(schema)).unwrap_or_default()
    }

    /// What is applied, by the ledger.
    async fn migrations(&self, session: &mut dyn Session) -> Result<Vec<String>, Fault> {
        let Some((ledger, scripts)) = self.ledger else { return Ok(Vec::new()) };
        let rows = session.ledger(ledger).await?.unwrap_or_default();
        Ok(ledger.entries(&rows, scripts).into_iter().map(|entry| entry.version).collect())
    }
}

/// The target for a file of `SQLite` at another place.
pub(super) fn at(target: &Target, path: &Path) -> Target {
    let path = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Target { url: format!("sqlite:{path}"), ..target.clone() }
}

/// What a file ends in, and how it is packed. `pg_dump` packs as well as one could after it, in a process of its own.
const fn form(dialect: Dialect) -> (&'static str, Compression) {
    match dialect {
        Dialect::Postgres => (".dump", Compression::Inside),
        Dialect::Sqlite => (".sqlite.gz", Compression::Gzip),
    }
}

/// Now, by the clock of a database.
pub(in crate::provider) async fn moment(session: &mut dyn Session) -> Result<Timestamp, Fault> {
    let query = match session.facts().dialect {
        Dialect::Postgres => "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint::text",
        Dialect::Sqlite => "SELECT CAST(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS TEXT)",
    };
    let told = session.value(query).await?;
    let millis = told.and_then(|text| text.parse().ok());
    let moment = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    moment.ok_or_else(|| Fault::new(FaultKind::Failed, "the database does not tell the time"))
}

pub(super) fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}
