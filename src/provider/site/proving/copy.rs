//! The copy itself: an empty scratch database, and what of the real one is brought into it.

use std::path::{Path, PathBuf};

use crate::migration::Dialect;
use crate::migration::catalogue::Catalogue;
use crate::plain::plain;
use crate::provider::backup::tools::inside::Inside;
use crate::provider::backup::{Backups, Manifest, Shelf, Tools, moment, private};
use crate::provider::database::scratch::Scratch;
use crate::provider::database::scratch::loading::load;
use crate::provider::database::scratch::postgres::PostgresScratch;
use crate::provider::database::scratch::sqlite::SqliteScratch;
use crate::provider::database::{Session, Target};
use crate::provider::engine::Engine;
use crate::provider::site::proving::{Prover, Proving, Stage};
use crate::provider::site::reach::inside;
use crate::provider::{Fault, FaultKind};

/// The scratch file.
const FILE: &str = "scratch.db";
/// A time for people.
const MINUTE: &str = "%Y-%m-%d %H:%M UTC";

/// A copy; on a server also with the sessions of whoever loads it.
type Made = (Box<dyn Scratch>, Option<PostgresScratch>);

/// What was brought into a copy.
pub(super) struct Loaded {
    /// Whether its schema is that of the real one: what is proven here is proven for that.
    pub(super) is_same: bool,
    /// Whether migrations are missing in it that the real one has.
    pub(super) is_behind: bool,
    /// What could not be copied.
    pub(super) notes: Vec<String>,
}

impl<E: Engine> Prover<'_, E> {
    /// Makes the copy: empty, but for a file, which has the schema already.
    pub(super) async fn copied(
        &self,
        proving: &Proving<'_>,
        stage: &Stage,
        real: &mut dyn Session,
    ) -> Result<Made, Fault> {
        let run = &proving.run;
        let (connect, path) = (self.connect.clone(), proving.folder.join(FILE));
        match stage {
            Stage::Folder(folder) => {
                if proving.backup.is_some() {
                    return Ok((Box::new(SqliteScratch::at(connect, &proving.real, &path)), None));
                }
                let Some(empty) = proving.from_nothing.then(|| folder.path.join("empty.db")) else {
                    return Ok((Box::new(SqliteScratch::of_schema(connect, &proving.real, real, &path).await?), None));
                };
                let target = Target { url: format!("sqlite:{}?mode=rwc", empty.display()), ..proving.real.clone() };
                let mut empty = connect.connect(&target).await?;
                Ok((Box::new(SqliteScratch::of_schema(connect, &proving.real, &mut *empty, &path).await?), None))
            }
            Stage::Server(target) => {
                let seconds = moment(real).await?.as_second();
                let made = PostgresScratch::make(connect, target, real, seconds, run).await?;
                Ok((Box::new(made.opened_by(target.clone())), Some(made)))
            }
            Stage::Throwaway(server) => {
                let seconds = moment(real).await?.as_second();
                let mut made = PostgresScratch::make(connect, &server.owner, real, seconds, run).await?;
                made.furnish(server.rights.clone()).await?;
                Ok((Box::new(made.opened_by(server.user.clone())), Some(made)))
            }
        }
    }

    /// Brings the schema of the real database in, or the backup.
    pub(super) async fn loaded(
        &self,
        proving: &Proving<'_>,
        stage: &Stage,
        (copy, server): (&dyn Scratch, Option<&PostgresScratch>),
        real: &Catalogue,
        (without, major): (&[String], u32),
    ) -> Result<Loaded, Fault> {
        if let Some(backup) = proving.backup {
            return self.restored(proving, stage, backup, (copy, server), (real, without)).await;
        }
        if proving.database.dialect == Dialect::Sqlite || proving.from_nothing {
            return Ok(Loaded { is_same: true, is_behind: false, notes: Vec::new() });
        }
        (proving.hear)("copying the schema".to_owned());
        let text = self.dumped(proving, major).await?;
        let into = server.map_or(copy, |server| server as &dyn Scratch);
        let loaded = load(into, &text, real, without).await?;
        let differs = |one| format!("the scratch copy differs, and nothing is proven for the database itself: {one}");
        let notes: Vec<_> = loaded.differences.iter().map(differs).collect();
        Ok(Loaded { is_same: notes.is_empty(), is_behind: false, notes })
    }

    /// Restores a backup into the copy, and tells it from the database as it is.
    async fn restored(
        &self,
        proving: &Proving<'_>,
        stage: &Stage,
        (manifest, folder): (&Manifest, &Shelf),
        (copy, server): (&dyn Scratch, Option<&PostgresScratch>),
        (real, without): (&Catalogue, &[String]),
    ) -> Result<Loaded, Fault> {
        (proving.hear)(format!("restoring {}", manifest.name));
        let inside = self.inside_of(stage).await?;
        let backups = Backups {
            connect: self.connect.clone(),
            tools: inside.as_ref().map_or(&*self.tools, |inside| inside as &dyn Tools),
            target: proving.real.clone(),
            ledger: None,
            shelf: folder,
            keys: self.keys,
            safety: None,
            op: None,
            progress: proving.hear,
        };
        if let Some(server) = server {
            backups.filled(manifest, server).await?;
        } else {
            let path = proving.folder.join(FILE);
            let file = private(&path, false).map_err(|error| unwritable(&path, &error))?;
            backups.unpacked(manifest, file, &path).await?;
        }
        let copied = copy.open().await?.catalogue(without).await?;
        let is_same = real.differences(&copied).iter().all(|one| one.kind == "database");
        let mut notes = vec![format!("with the rows of backup {} of {}", manifest.name, manifest.at.strftime(MINUTE))];
        if !is_same {
            notes.push("the backup has another schema: the migrations that it does not have are run first".to_owned());
        }
        Ok(Loaded { is_same, is_behind: !is_same, notes })
    }

    /// The programs in the container of a server that was made for it; none where it has none, or there is none.
    async fn inside_of(&self, stage: &Stage) -> Result<Option<Inside<'_>>, Fault> {
        let (Stage::Throwaway(server), Some(host)) = (stage, self.host) else { return Ok(None) };
        let live = host.scratch(&server.name).await?;
        Inside::of(host.engine(), &live, &server.name, &server.owner.url, self.tools.clone()).await
    }

    /// The schema, written by the program of the server's own container where it has one.
    async fn dumped(&self, proving: &Proving<'_>, major: u32) -> Result<String, Fault> {
        let found = match self.host {
            Some(host) => inside(host, proving.scope, proving.database, &proving.real.url, self.tools.clone()).await?,
            None => None,
        };
        if let Some(found) = found {
            return found.schema(&proving.real, major).await;
        }
        self.tools.schema(&proving.real, major).await
    }
}

pub(super) fn unwritable(folder: &Path, error: &std::io::Error) -> Fault {
    let folder: PathBuf = folder.into();
    let text = format!("cannot make `{}`: {error}", plain(&folder.display().to_string()));
    Fault::new(FaultKind::Failed, text).help("make room, or set TMPDIR")
}
