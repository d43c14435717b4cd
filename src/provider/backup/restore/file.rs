//! A file of `SQLite` replaced by another one: restored beside it, then renamed while nobody else has it open.
//!
//! In the mode WAL every connection keeps a lock, so leaving that mode fails while there is another one, and folds the
//! log back where there is none. In the other mode an idle connection has no lock at all: there the kernel tells which
//! processes have the file open, as far as this account may ask.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use crate::provider::backup::failing::unusable;
use crate::provider::backup::make::{at, moment};
use crate::provider::backup::restore::{Restored, Stage};
use crate::provider::backup::shelf::private;
use crate::provider::backup::stream::on_thread;
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
        let path = self.path();
        let to = path.clone();
        let made = on_thread(move || {
            fs::create_dir_all(folder(&to))?;
            File::create_new(to).map(drop)
        });
        made.await.map_err(|error| unusable(&path, "made", &error))
    }

    /// Removes it again, where it is empty yet.
    pub(super) async fn remove_file(&self) {
        let path = self.path();
        if tokio::fs::metadata(&path).await.is_ok_and(|found| found.len() == 0) {
            // One that stays is empty.
            let _ = tokio::fs::remove_file(path).await;
        }
    }

    fn path(&self) -> PathBuf {
        self.file().unwrap_or_default()
    }

    /// Where a backup is put that somebody wants to look into: beside the database, which is as open to others, and not
    /// among the backups, which may be encrypted and carried elsewhere.
    pub(super) fn restored(&self, manifest: &Manifest) -> PathBuf {
        self.path().with_file_name(format!("restored-{}.db", manifest.name))
    }

    /// Puts what is in a backup in the place of a file that cannot be read, which is moved aside.
    pub(super) async fn replace_broken(&self, manifest: &Manifest) -> Result<Restored, Fault> {
        let path = self.path();
        let path = tokio::fs::canonicalize(&path).await.map_err(|error| unusable(&path, "read", &error))?;
        let held = path.clone();
        self.unheld(on_thread(move || holders(&held)).await, &path)?;
        let (_, mut clock) = self.ground(manifest.dialect).await?;
        let word = format!(".omni-broken-{}", moment(&mut *clock).await?.strftime("%Y%m%dT%H%M%SZ"));
        let (beside, aside) = (with(&path, ".omni-restore"), with(&path, &word));
        let done = async {
            self.written_beside(manifest, &path, &beside).await?;
            let (from, to, kept) = (beside.clone(), path.clone(), word.clone());
            let exchanged = on_thread(move || {
                let holders = holders(&to)?;
                if holders == 0 {
                    moved_aside(&to, &kept)?;
                    fs::rename(&from, &to)?;
                    File::open(folder(&to))?.sync_all()?;
                }
                Ok(holders)
            });
            self.unheld(exchanged.await, &path)
        };
        let done = done.await;
        if done.is_err() {
            // What cannot be removed now is overwritten by the next one.
            let _ = tokio::fs::remove_file(&beside).await;
        }
        done.map(|()| Restored { safety: None, kept: Some(aside.display().to_string()), took: 0 })
    }

    /// Puts what is in a backup in the place of the file of a session.
    pub(super) async fn replace_file(
        &self,
        manifest: &Manifest,
        mut session: Box<dyn Session>,
        stage: &mut Stage,
    ) -> Result<(), Fault> {
        let path = PathBuf::from(session.value(PATH).await?.unwrap_or_default());
        let beside = with(&path, ".omni-restore");
        // Where one that was to take its place is left, the one before us may have died after it had left that mode.
        let is_wal = session.value("PRAGMA journal_mode").await?.as_deref() == Some("wal");
        let was_wal = is_wal || is_wal_file(&beside).await;
        let done = async {
            self.written_beside(manifest, &path, &beside).await?;
            if was_wal {
                self.in_wal(&beside).await?;
            }
            self.exchanged(&mut *session, &path, &beside, (is_wal, was_wal), stage).await
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
        self.compared_file(manifest, beside).await
    }

    /// Restores into a new file, in whose place there is nothing, and compares it.
    pub(super) async fn write_new(&self, manifest: &Manifest, path: &Path) -> Result<(), Fault> {
        let to = path.to_owned();
        let made = on_thread(move || {
            fs::create_dir_all(folder(&to))?;
            private(&to, false)
        });
        let file = made.await.map_err(|error| unusable(path, "written", &error))?;
        let done = async {
            self.unpacked(manifest, file, path).await?;
            self.compared_file(manifest, path).await
        };
        let done = done.await;
        if done.is_err() {
            let _ = tokio::fs::remove_file(path).await;
        }
        done
    }

    /// Takes a file that nobody else has open into the mode WAL.
    async fn in_wal(&self, path: &Path) -> Result<(), Fault> {
        let mut session = self.connect.connect(&at(&self.patient(), path)).await?;
        session.value("PRAGMA journal_mode = WAL").await.map(drop)
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
        Err(self.busy("another connection"))
    }

    /// Refuses a file that somebody else writes to, or has open, as far as that can be told without a change.
    pub(super) async fn alone_in_file(&self, session: &mut dyn Session) -> Result<(), Fault> {
        let path = PathBuf::from(session.value(PATH).await?.unwrap_or_default());
        self.begin_alone(session).await?;
        session.abort().await?;
        let held = path.clone();
        self.unheld(on_thread(move || holders(&held)).await, &path)
    }

    async fn begin_alone(&self, session: &mut dyn Session) -> Result<(), Fault> {
        session.run("BEGIN EXCLUSIVE").await.map_err(|fault| match fault.kind {
            FaultKind::Conflict => self.busy("another connection"),
            _ => fault,
        })
    }

    /// Refuses a file that so many other processes have open.
    fn unheld(&self, holders: io::Result<usize>, path: &Path) -> Result<(), Fault> {
        match holders {
            Ok(0) => Ok(()),
            Ok(1) => Err(self.busy("another process")),
            Ok(count) => Err(self.busy(&format!("{count} other processes"))),
            Err(error) => Err(unusable(path, "replaced", &error)),
        }
    }

    /// Renames the new file over the old one, to which nobody else may be connected.
    async fn exchanged(
        &self,
        session: &mut dyn Session,
        path: &Path,
        beside: &Path,
        (is_wal, was_wal): (bool, bool),
        stage: &mut Stage,
    ) -> Result<(), Fault> {
        if is_wal {
            self.left_wal(session).await?;
        }
        let exchanged = async {
            self.begin_alone(session).await?;
            let (from, to) = (beside.to_owned(), path.to_owned());
            let holders = on_thread(move || {
                let holders = holders(&to)?;
                if holders == 0 {
                    fs::rename(&from, &to)?;
                    File::open(folder(&to))?.sync_all()?;
                }
                Ok(holders)
            });
            *stage = Stage::Replacing;
            let holders = holders.await;
            if holders.as_ref().is_ok_and(|count| *count > 0) {
                *stage = Stage::Before;
            }
            self.unheld(holders, path)
        };
        let exchanged = exchanged.await;
        // Nothing was written in it.
        let _ = session.abort().await;
        if was_wal && exchanged.is_err() {
            let _ = session.value("PRAGMA journal_mode = WAL").await;
        }
        exchanged
    }
}

/// Moves a file aside, and what `SQLite` has beside it, which would be taken for that of the new one. The file itself
/// keeps its own name until another takes that, where the disk can have it under two.
fn moved_aside(path: &Path, word: &str) -> io::Result<()> {
    for ending in ["-wal", "-shm", "-journal"] {
        match fs::rename(with(path, ending), with(&with(path, word), ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let aside = with(path, word);
    fs::hard_link(path, &aside).or_else(|_| if aside.exists() { Err(taken(&aside)) } else { fs::rename(path, &aside) })
}

fn taken(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("there is `{}` already", path.display()))
}

/// The path with this at the end of its name.
fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(ending);
    PathBuf::from(name)
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

/// Whether a file of `SQLite` is in the mode WAL, by its header.
async fn is_wal_file(path: &Path) -> bool {
    const WRITTEN_BY: usize = 18;
    const WAL: u8 = 2;
    let path = path.to_owned();
    let read = on_thread(move || {
        let mut header = [0; WRITTEN_BY + 1];
        File::open(path)?.read_exact(&mut header)?;
        Ok(header)
    });
    read.await.is_ok_and(|header| header[WRITTEN_BY] == WAL)
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
