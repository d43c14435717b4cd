//! Trying a backup: read back, or restored into a scratch database and compared with what it was made of.

use std::fs::File;
use std::io::ErrorKind;

use tokio::time::Instant;

use crate::fingerprint::Fingerprint;
use crate::migration::Dialect;
use crate::provider::backup::failing::{DAMAGED, damaged, unusable};
use crate::provider::backup::folding::Unfolding;
use crate::provider::backup::make::{at, millis, moment};
use crate::provider::backup::shelf::private;
use crate::provider::backup::stream::{Content, Heard, fetch, on_thread, write_out};
use crate::provider::backup::{Backups, Compression, Inventory, Manifest, Verified, is_unreadable};
use crate::provider::database::Session;
use crate::provider::database::scratch::Scratch;
use crate::provider::database::scratch::postgres::PostgresScratch;
use crate::provider::pace::Total;
use crate::provider::{Fault, FaultKind};
use crate::resource::Verify;

/// After how many seconds a scratch database is one that was left behind.
const LEFT_BEHIND: i64 = 24 * 60 * 60;

/// The words of scratch databases: one to try a backup, one to take another's place, one to do that from, one to stay.
pub(super) const WORDS: [&str; 4] = ["t", "r", "d", "s"];

impl Backups<'_> {
    /// What the scratch databases of a backup are known by to this process; those of an apply to whoever goes on with
    /// it, too.
    pub(super) fn run(&self, word: &str, manifest: &Manifest) -> String {
        let own = self.op.map_or_else(|| std::process::id().to_string(), |op| Fingerprint::of(&op).short());
        format!("{word}{own}x{}", manifest.sha256.short())
    }

    /// Tries a backup, and notes that in its manifest, which is returned. The database itself may be gone.
    ///
    /// # Errors
    /// What is wrong with it. That it is damaged is noted, so that nobody relies on it; else nothing is.
    pub async fn verify(&self, manifest: &Manifest, how: Verify) -> Result<Manifest, Fault> {
        let (ground, mut session) = self.ground(manifest.dialect).await?;
        let begun = Instant::now();
        if let Err(fault) = ground.tried(manifest, how, &mut *session).await {
            if fault.code == Some(DAMAGED) {
                self.shelf.note_damage(manifest, &fault, moment(&mut *session).await?).await?;
            }
            return Err(fault);
        }
        let verified = Verified { at: moment(&mut *session).await?, took: millis(begun), how };
        // What was restored once stays known as that: reading it back proves no less.
        let keeps = manifest.is_restorable() && how == Verify::Checksum;
        let verified = if keeps { manifest.verified } else { Some(verified) };
        let manifest = Manifest { verified, damage: None, ..manifest.clone() };
        self.shelf.note(&manifest).await?;
        Ok(manifest)
    }

    async fn tried(&self, manifest: &Manifest, how: Verify, session: &mut dyn Session) -> Result<(), Fault> {
        self.shelf.check(manifest).await?;
        match (how, manifest.dialect) {
            (Verify::Checksum, _) => Ok(()),
            (Verify::Restore, Dialect::Postgres) => self.try_on_server(manifest, session).await,
            (Verify::Restore, Dialect::Sqlite) => self.try_in_file(manifest).await,
        }
    }

    /// Whether a backup can be restored, as far as that is known without restoring it: it is whole, and one of the keys
    /// opens it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn readable(&self, manifest: &Manifest) -> Result<(), Fault> {
        self.shelf.check(manifest).await?;
        self.opened(manifest).await.map(drop)
    }

    /// The way out of the file of a backup.
    async fn opened(&self, manifest: &Manifest) -> Result<Unfolding, Fault> {
        let path = self.shelf.path(manifest);
        let (from, keys, known) = (path.clone(), self.keys.clone(), manifest.clone());
        let opened = on_thread(move || Ok(Unfolding::new(File::open(from)?, &known, &keys))).await;
        opened.map_err(|error| unusable(&path, "read", &error))?.map_err(|why| {
            let text = format!("backup `{}` cannot be opened: {why}", manifest.name);
            let help = "name the file with the age identity of one of its recipients in `OMNI_AGE_KEYS`";
            Fault::new(FaultKind::Denied, text).help(help).code("omni::backup::no_key")
        })
    }

    /// What is in a backup, as it comes out of the file.
    pub(super) async fn content(&self, manifest: &Manifest) -> Result<Heard<'_, Content>, Fault> {
        let unfolding = self.opened(manifest).await?;
        // What comes out of a file that is packed inside is as much as is in it, but for what encryption adds.
        let total = match manifest.compression {
            Compression::Inside => Total::Bytes(manifest.size),
            Compression::Gzip => Total::Unknown,
        };
        Ok(Heard::new(fetch(unfolding), self.progress, total))
    }

    async fn try_on_server(&self, manifest: &Manifest, session: &mut dyn Session) -> Result<(), Fault> {
        let scratch = self.scratch(manifest, session, "t").await?;
        let tried = self.filled(manifest, &scratch).await;
        let removed = scratch.remove().await;
        tried.and(removed)
    }

    /// Makes an empty scratch database that is like the real one, after those are removed that were left behind.
    pub(super) async fn scratch(
        &self,
        manifest: &Manifest,
        session: &mut dyn Session,
        word: &str,
    ) -> Result<PostgresScratch, Fault> {
        let seconds = moment(session).await?.as_second();
        PostgresScratch::sweep(session, seconds, LEFT_BEHIND).await?;
        let run = self.run(word, manifest);
        PostgresScratch::make(self.connect.clone(), &self.patient(), session, seconds, &run).await
    }

    /// Restores a backup into an empty scratch database, and compares it with what the backup was made of.
    pub(in crate::provider) async fn filled(
        &self,
        manifest: &Manifest,
        scratch: &PostgresScratch,
    ) -> Result<(), Fault> {
        let mut content = self.content(manifest).await?;
        let mut session = scratch.open().await?;
        let major = session.facts().major;
        self.tools.restore(&scratch.target(), major, &mut content).await?;
        compared(manifest, &mut *session).await
    }

    async fn try_in_file(&self, manifest: &Manifest) -> Result<(), Fault> {
        let path = self.shelf.beside(&manifest.name, &format!("try{}", std::process::id()));
        let written = path.clone();
        let failed = |error| unusable(&path, "written", &error);
        let file = on_thread(move || {
            let file = private(&written, false)?;
            file.lock()?;
            Ok(file)
        });
        let file = file.await.map_err(failed)?;
        let tried = async {
            let into = file.try_clone().map_err(failed)?;
            self.unpacked(manifest, into, &path).await?;
            self.compared_file(manifest, &path).await
        };
        let tried = tried.await;
        let removed = tokio::fs::remove_file(&path).await.map_err(|error| unusable(&path, "removed", &error));
        tried.and(removed)
    }

    /// Whether a file of `SQLite` that was restored is what a backup was made of.
    pub(super) async fn compared_file(&self, manifest: &Manifest, path: &std::path::Path) -> Result<(), Fault> {
        let compared = async {
            let mut session = self.connect.connect(&at(&self.patient(), path)).await?;
            compared(manifest, &mut *session).await
        };
        compared.await.map_err(|fault| {
            let why = || format!("what was restored is no database: {}", fault.message);
            if is_unreadable(&fault) { damaged(&manifest.name, &why()) } else { fault }
        })
    }

    /// Writes what is in a backup into a file.
    pub(in crate::provider) async fn unpacked(
        &self,
        manifest: &Manifest,
        into: File,
        path: &std::path::Path,
    ) -> Result<(), Fault> {
        let content = self.content(manifest).await?;
        let written = write_out(content, into).await;
        written.map_err(|error| match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                damaged(&manifest.name, &error.to_string())
            }
            _ => unusable(path, "written", &error),
        })
    }
}

/// Whether what a session sees is what a backup was made of.
pub(super) async fn compared(manifest: &Manifest, session: &mut dyn Session) -> Result<(), Fault> {
    let found = Inventory::of(session).await?;
    match manifest.content.difference(&found) {
        None => Ok(()),
        Some(why) => Err(damaged(&manifest.name, &format!("what was restored is not what was backed up: {why}"))),
    }
}
