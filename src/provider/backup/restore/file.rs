//! A file of `SQLite` replaced by another one: restored beside it, then renamed while nobody else has it open.
//!
//! In the mode WAL every connection keeps a lock, so leaving that mode fails while there is another one, and folds the
//! log back where there is none. In the other mode an idle connection has no lock at all: there the kernel tells which
//! processes have the file open, as far as this account may ask.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use crate::provider::backup::failing::unusable;
use crate::provider::backup::make::at;
use crate::provider::backup::restore::busy;
use crate::provider::backup::shelf::private;
use crate::provider::backup::stream::on_thread;
use crate::provider::backup::trying::compared;
use crate::provider::backup::{Backups, Manifest};
use crate::provider::database::Session;
use crate::provider::{Fault, FaultKind};

/// How often the file is tried to be had alone, and the wait between two tries.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// Where the file of a session really lies.
const PATH: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";

impl Backups<'_> {
    /// Makes the file of a database that was lost, empty.
    pub(super) async fn make_file(&self) -> Result<(), Fault> {
        let path = self.file();
        let to = path.clone();
        let made = on_thread(move || {
            fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
            File::create_new(to).map(drop)
        });
        made.await.map_err(|error| unusable(&path, "made", &error))
    }

    /// Removes it again. One that stays is empty.
    pub(super) async fn remove_file(&self) {
        let _ = tokio::fs::remove_file(self.file()).await;
    }

    fn file(&self) -> PathBuf {
        let path = self.target.url.strip_prefix("sqlite:").unwrap_or(&self.target.url);
        PathBuf::from(path.split('?').next().unwrap_or_default())
    }

    /// Puts what is in a backup in the place of the file of a session.
    pub(super) async fn replace_file(&self, manifest: &Manifest, mut session: Box<dyn Session>) -> Result<(), Fault> {
        let path = PathBuf::from(session.value(PATH).await?.unwrap_or_default());
        let mut beside = path.clone().into_os_string();
        beside.push(".omni-restore");
        let beside = PathBuf::from(beside);
        let done = async {
            self.written_beside(manifest, &path, &beside).await?;
            self.exchanged(&mut *session, &path, &beside).await
        };
        let done = done.await;
        if done.is_err() {
            // What cannot be removed now is overwritten by the next one.
            let _ = tokio::fs::remove_file(&beside).await;
        }
        done
    }

    /// Restores into a new file with the owner and the rights of the old one, and compares it.
    async fn written_beside(&self, manifest: &Manifest, path: &Path, beside: &Path) -> Result<(), Fault> {
        let failed = |error| unusable(beside, "written", &error);
        let (from, to) = (path.to_owned(), beside.to_owned());
        let file = on_thread(move || alike(&from, &to)).await.map_err(failed)?;
        self.unpacked(manifest, file, beside).await?;
        let mut session = self.connect.connect(&at(&self.patient(), beside)).await?;
        compared(manifest, &mut *session).await
    }

    /// Restores into a new file, in whose place there is nothing, and compares it.
    pub(super) async fn write_new(&self, manifest: &Manifest, path: &Path) -> Result<(), Fault> {
        let to = path.to_owned();
        let file = on_thread(move || private(&to, false)).await.map_err(|error| unusable(path, "written", &error))?;
        let done = async {
            self.unpacked(manifest, file, path).await?;
            let mut session = self.connect.connect(&at(&self.patient(), path)).await?;
            compared(manifest, &mut *session).await
        };
        let done = done.await;
        if done.is_err() {
            let _ = tokio::fs::remove_file(path).await;
        }
        done
    }

    /// Leaves the mode WAL. A connection that was just given up is closed a moment later.
    async fn left_wal(&self, session: &mut dyn Session) -> Result<(), Fault> {
        for _ in 0..TRIES {
            let mode = session.value("PRAGMA journal_mode = DELETE").await;
            if mode.is_ok_and(|mode| mode.as_deref() == Some("delete")) {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
        Err(busy(&self.target.name, "another connection"))
    }

    /// Renames the new file over the old one, to which nobody else may be connected.
    async fn exchanged(&self, session: &mut dyn Session, path: &Path, beside: &Path) -> Result<(), Fault> {
        let was_wal = session.value("PRAGMA journal_mode").await?.as_deref() == Some("wal");
        if was_wal {
            self.left_wal(session).await?;
        }
        let exchanged = async {
            session.run("BEGIN EXCLUSIVE").await.map_err(|fault| match fault.kind {
                FaultKind::Conflict => busy(&self.target.name, "another connection"),
                _ => fault,
            })?;
            let (from, to) = (beside.to_owned(), path.to_owned());
            let holders = on_thread(move || {
                let holders = holders(&to)?;
                if holders == 0 {
                    fs::rename(&from, &to)?;
                    File::open(to.parent().unwrap_or(Path::new(".")))?.sync_all()?;
                }
                Ok(holders)
            });
            match holders.await {
                Ok(0) => Ok(()),
                Ok(1) => Err(busy(&self.target.name, "another process")),
                Ok(count) => Err(busy(&self.target.name, &format!("{count} other processes"))),
                Err(error) => Err(unusable(path, "replaced", &error)),
            }
        };
        let exchanged = exchanged.await;
        // Nothing was written in it.
        let _ = session.abort().await;
        if was_wal {
            let mut now = match exchanged {
                Ok(()) => self.connect.connect(&self.patient()).await?,
                Err(fault) => {
                    let _ = session.value("PRAGMA journal_mode = WAL").await;
                    return Err(fault);
                }
            };
            now.value("PRAGMA journal_mode = WAL").await?;
            return Ok(());
        }
        exchanged
    }
}

/// Makes an empty file with the owner and the rights of another one.
fn alike(like: &Path, path: &Path) -> io::Result<File> {
    let known = fs::metadata(like)?;
    let file = private(path, true)?;
    file.set_len(0)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (known.uid(), known.gid()) {
        chown(path, Some(known.uid()), Some(known.gid()))?;
    }
    fs::set_permissions(path, known.permissions())?;
    Ok(file)
}

/// How many other processes have a file open, as far as the kernel tells: those of other accounts it may not.
fn holders(path: &Path) -> io::Result<usize> {
    let known = fs::metadata(path)?;
    let is_it = |entry: fs::DirEntry| {
        fs::metadata(entry.path()).is_ok_and(|open| (open.dev(), open.ino()) == (known.dev(), known.ino()))
    };
    let me = std::process::id().to_string();
    let Ok(processes) = fs::read_dir("/proc") else { return Ok(0) };
    let others = processes.flatten().filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name != me && name.bytes().all(|byte| byte.is_ascii_digit())
    });
    let holds = |process: &fs::DirEntry| {
        fs::read_dir(process.path().join("fd")).is_ok_and(|entries| entries.flatten().any(is_it))
    };
    Ok(others.filter(holds).count())
}
