//! The copy itself: an empty scratch database, and what of the real one is brought into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::migration::Dialect;
use crate::migration::catalogue::Catalogue;
use crate::plain::plain;
use crate::provider::backup::moment;
use crate::provider::backup::tools::host::HostTools;
use crate::provider::database::scratch::Scratch;
use crate::provider::database::scratch::dump::{Dump, PgDump};
use crate::provider::database::scratch::loading::load;
use crate::provider::database::scratch::postgres::PostgresScratch;
use crate::provider::database::scratch::sqlite::SqliteScratch;
use crate::provider::database::{Session, Target};
use crate::provider::engine::Engine;
use crate::provider::site::proving::{Prover, Proving, Stage};
use crate::provider::site::reach::inside;
use crate::provider::{Fault, FaultKind};

/// How long the host's `pg_dump` may take for a schema.
const DUMP: Duration = Duration::from_mins(5);
/// After how many seconds a scratch database that nobody uses was left behind by a crash.
const ABANDONED: i64 = 3600;

/// A copy, and the same with the sessions of an administrator where it needs those to be loaded.
type Made = (Box<dyn Scratch>, Option<Box<dyn Scratch>>);

impl<E: Engine> Prover<'_, E> {
    /// Makes the copy: empty, but for a file, which has the schema already.
    pub(super) async fn copied(
        &self,
        proving: &Proving<'_>,
        stage: &Stage,
        real: &mut dyn Session,
    ) -> Result<Made, Fault> {
        let run = format!("p{}", std::process::id());
        let (connect, path) = (self.connect.clone(), proving.folder.join("scratch.db"));
        match stage {
            Stage::Folder(folder) => {
                tokio::fs::create_dir(folder).await.map_err(|error| unwritable(folder, &error))?;
                let Some(empty) = proving.from_nothing.then(|| folder.join("empty.db")) else {
                    return Ok((Box::new(SqliteScratch::of_schema(connect, &proving.real, real, &path).await?), None));
                };
                let target = Target { url: format!("sqlite:{}?mode=rwc", empty.display()), ..proving.real.clone() };
                let mut empty = connect.connect(&target).await?;
                Ok((Box::new(SqliteScratch::of_schema(connect, &proving.real, &mut *empty, &path).await?), None))
            }
            Stage::Server(target) => {
                let seconds = moment(real).await?.as_second();
                Ok((Box::new(PostgresScratch::make(connect, target, real, seconds, &run).await?), None))
            }
            Stage::Throwaway(server) => {
                let seconds = moment(real).await?.as_second();
                let mut made = PostgresScratch::make(connect, &server.owner, real, seconds, &run).await?;
                made.furnish(server.rights.clone()).await?;
                Ok((Box::new(made.opened_by(server.user.clone())), Some(Box::new(made))))
            }
        }
    }

    /// Brings the schema of the real database in. Answers what could not be copied.
    pub(super) async fn loaded(
        &self,
        proving: &Proving<'_>,
        copy: &dyn Scratch,
        real: &Catalogue,
        (without, major): (&[String], u32),
    ) -> Result<Vec<String>, Fault> {
        if proving.database.dialect == Dialect::Sqlite || proving.from_nothing {
            return Ok(Vec::new());
        }
        (proving.hear)("copying the schema".to_owned());
        let text = self.dumped(proving, major).await?;
        let loaded = load(copy, &text, real, without).await?;
        Ok(loaded.differences.iter().map(|one| format!("the scratch copy differs: {one}")).collect())
    }

    /// The schema, written by the program of the server's own container where it has one.
    async fn dumped(&self, proving: &Proving<'_>, major: u32) -> Result<String, Fault> {
        let own = Arc::new(HostTools::default());
        let found = match self.host {
            Some(host) => inside(host, proving.scope, proving.database, &proving.real.url, own).await?,
            None => None,
        };
        if let Some(found) = found {
            return found.schema(&proving.real).await;
        }
        let program = HostTools::default().program("pg_dump", major).await?;
        PgDump { program, deadline: DUMP }.schema(&proving.real).await
    }

    /// Removes the scratch databases that crashed runs left behind on a server.
    pub(super) async fn sweep(&self, server: &Target) {
        // Nothing of a proof depends on it, and the next run does it again.
        if let Ok(mut session) = self.connect.connect(server).await
            && let Ok(now) = moment(&mut *session).await
        {
            let _ = PostgresScratch::sweep(&mut *session, now.as_second(), ABANDONED).await;
        }
    }
}

fn unwritable(folder: &Path, error: &std::io::Error) -> Fault {
    let folder: PathBuf = folder.into();
    let text = format!("cannot make `{}`: {error}", plain(&folder.display().to_string()));
    Fault::new(FaultKind::Failed, text).help("make room, or set TMPDIR")
}
