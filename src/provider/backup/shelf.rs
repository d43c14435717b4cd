//! `Shelf`: the folder where the backups of one database lie, and what makes one there wholly or not at all.
//!
//! A backup comes to be by four steps: its file is written under a name that begins with a dot, gets its own name, the
//! manifest is written beside, and that gets its own name. Whoever makes one has its file locked all the while; what
//! lies there half made and is locked by nobody is of a process that is dead. Shelves may share a folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::failpoint::{Place, reach};
use crate::provider::backup::failing::{DAMAGED, damaged, unusable};
use crate::provider::backup::folding::stored;
use crate::provider::backup::stream::{on_disk, on_thread};
use crate::provider::backup::{Damage, Manifest, keep};
use crate::provider::{Fault, FaultKind};
use crate::resource::Backup;

/// What the name of a manifest ends in.
const MANIFEST: &str = ".json";
/// What the file of a backup may end in, before it is known whether it is encrypted.
const CONTENT: [&str; 2] = [".dump", ".sqlite.gz"];

/// The folder where the backups of one database lie.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    database: String,
}

/// What lies on a shelf.
#[derive(Debug, Default)]
pub struct Listed {
    /// The backups, oldest first.
    pub whole: Vec<Manifest>,
    /// Those that were found to be damaged when they were tried, oldest first: each has its `damage`.
    pub spoilt: Vec<Manifest>,
    /// Those whose manifest or file is not as it was written.
    pub damaged: Vec<Fault>,
}

/// A backup that is being made. Its file is locked as long as this lives.
pub(super) struct Draft {
    pub(super) name: String,
    part: PathBuf,
    pub(super) file: File,
}

impl Shelf {
    /// The shelf of this database in this folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: &Path, database: &str) -> Self {
        Self { folder: folder.to_owned(), database: database.to_owned() }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the file of a backup lies.
    #[must_use]
    pub fn path(&self, manifest: &Manifest) -> PathBuf {
        self.folder.join(&manifest.file)
    }

    /// What lies there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn list(&self) -> Result<Listed, Fault> {
        let own = self.clone();
        on_thread(move || own.listed()).await.map_err(|error| unusable(&self.folder, "read", &error))
    }

    /// The backup of this name.
    ///
    /// # Errors
    /// `NotFound` where there is none; `Failed` where it is damaged.
    pub async fn find(&self, name: &str) -> Result<Manifest, Fault> {
        let path = self.folder.join(format!("{name}{MANIFEST}"));
        let text = match tokio::fs::read_to_string(&path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let text = format!("there is no backup `{name}` of database.{}", self.database);
                let fault = Fault::new(FaultKind::NotFound, text).help("run `omni backup list`");
                return Err(fault.code("omni::backup::no_such_backup"));
            }
            text => text.map_err(|error| unusable(&path, "read", &error))?,
        };
        self.read(name, &text).map_err(|why| damaged(name, &why))
    }

    /// The newest backup that an apply made; none where it made none, or none that is whole as far as that is known.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn made_by(&self, who: &str) -> Result<Option<Manifest>, Fault> {
        Ok(self.list().await?.whole.into_iter().rfind(|manifest| manifest.made_by == who))
    }

    /// Removes a backup: its manifest first, so that there is never one without its file.
    ///
    /// # Errors
    /// When a file stays.
    pub async fn remove(&self, manifest: &Manifest) -> Result<(), Fault> {
        for path in [self.folder.join(format!("{}{MANIFEST}", manifest.name)), self.path(manifest)] {
            let file = path.clone();
            match on_disk(move || fs::remove_file(file)).await {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(&path, "removed", &error)),
                _ => self.settle().await?,
            }
        }
        Ok(())
    }

    /// The backups that `keep` of the spec asks for no longer at this time, oldest first. Where there are any, the best
    /// of those that stay is read back, unless it was tried since: they would be missed if a bit had flipped in it.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn superfluous(
        &self,
        rule: &Backup,
        now: Timestamp,
        is_needed: impl Fn(&Manifest) -> bool,
    ) -> Result<Vec<Manifest>, Fault> {
        loop {
            let listed = self.list().await?.whole;
            let old: Vec<_> = keep::superfluous(&listed, rule, now, &is_needed).into_iter().cloned().collect();
            let is_old = |manifest: &Manifest| manifest.verified.is_none_or(|verified| verified.at < now);
            let Some(best) = keep::best(&listed).filter(|best| !old.is_empty() && is_old(best)) else { return Ok(old) };
            match self.check(best).await {
                Err(fault) if fault.code == Some(DAMAGED) => self.note_damage(best, &fault, now).await?,
                checked => return checked.map(|()| old),
            }
        }
    }

    /// Removes the backups that `keep` of the spec asks for no longer, judged by the time of the newest: a clock that
    /// jumped would take too much. Answers them, oldest first.
    ///
    /// # Errors
    /// When one of them stays.
    pub async fn prune(
        &self,
        rule: &Backup,
        newest: &Manifest,
        is_needed: impl Fn(&Manifest) -> bool,
    ) -> Result<Vec<Manifest>, Fault> {
        let old = self.superfluous(rule, newest.at, is_needed).await?;
        for one in &old {
            self.remove(one).await?;
        }
        Ok(old)
    }

    /// Whether a file is, to the last bit, as it was written.
    pub(super) async fn check(&self, manifest: &Manifest) -> Result<(), Fault> {
        let path = self.path(manifest);
        let from = path.clone();
        let found = match on_thread(move || stored(File::open(from)?)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(damaged(&manifest.name, "its file is missing"));
            }
            found => found.map_err(|error| unusable(&path, "read", &error))?,
        };
        if found.size != manifest.size {
            return Err(damaged(&manifest.name, &wrong_size(found.size, manifest.size)));
        }
        if found.sha256 != manifest.sha256 {
            return Err(damaged(&manifest.name, "its file is not the one that was written: its hash is another"));
        }
        Ok(())
    }

    /// Notes that a backup was found to be damaged.
    pub(super) async fn note_damage(&self, manifest: &Manifest, fault: &Fault, at: Timestamp) -> Result<(), Fault> {
        let why = fault.message.split_once(" is damaged: ").map_or(fault.message.as_str(), |(_, why)| why).to_owned();
        self.note(&Manifest { damage: Some(Damage { at, why }), ..manifest.clone() }).await
    }

    /// Removes what dead processes left half made. Answers the names of the files.
    ///
    /// # Errors
    /// When a file stays.
    pub async fn sweep(&self) -> Result<Vec<String>, Fault> {
        let own = self.clone();
        on_disk(move || own.swept()).await.map_err(|error| unusable(&self.folder, "tidied", &error))
    }

    /// Begins a backup, made at this time by this one: `NAME-2` is its name where `NAME` is taken.
    pub(super) async fn begin(&self, at: Timestamp, made_by: &str) -> Result<Draft, Fault> {
        let word: String = made_by.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let name = format!("{}-{}-{word}", self.database, at.strftime("%Y%m%dT%H%M%SZ"));
        let own = self.clone();
        let begun = on_disk(move || own.begun(&name)).await;
        reach(Place::BackupBegun);
        begun.map_err(|error| unusable(&self.folder, "written", &error))
    }

    /// Removes what there is of a backup that will never be one. A thread may be at work on it yet.
    pub(super) async fn give_up(&self, draft: Draft) -> std::io::Result<()> {
        let raw = self.beside(&draft.name, "raw");
        let _ = on_disk(move || fs::remove_file(raw)).await;
        on_disk(move || fs::remove_file(draft.part)).await
    }

    /// A file beside the backups that is removed by `sweep` once nobody has it locked. Nothing may be in its place.
    pub(super) fn beside(&self, name: &str, what: &str) -> PathBuf {
        self.folder.join(format!(".{name}.{what}"))
    }

    /// Gives a file that is written and on disk its own name, and then a manifest.
    pub(super) async fn publish(&self, draft: Draft, manifest: &Manifest) -> Result<(), Fault> {
        let path = self.path(manifest);
        reach(Place::BackupWritten);
        let (from, to) = (draft.part.clone(), path.clone());
        on_disk(move || fs::rename(from, to)).await.map_err(|error| unusable(&path, "written", &error))?;
        self.settle().await?;
        reach(Place::BackupUnlisted);
        self.write(manifest).await
    }

    /// Writes what is known now of a backup that is there. One that was removed meanwhile stays removed.
    pub(super) async fn note(&self, manifest: &Manifest) -> Result<(), Fault> {
        self.find(&manifest.name).await?;
        self.write(manifest).await
    }

    /// Writes a manifest, in the place of an older one of the same name.
    async fn write(&self, manifest: &Manifest) -> Result<(), Fault> {
        // Two processes may try the same backup.
        let part = self.beside(&manifest.name, &format!("manifest{}", std::process::id()));
        let path = self.folder.join(format!("{}{MANIFEST}", manifest.name));
        let (text, to) = (manifest.text(), path.clone());
        let write = move || {
            let mut file = private(&part, true)?;
            file.lock()?;
            file.set_len(0)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&part, &to)
        };
        on_disk(write).await.map_err(|error| unusable(&path, "written", &error))?;
        reach(Place::BackupListed);
        self.settle().await
    }

    /// Waits until the names in the folder are on disk.
    async fn settle(&self) -> Result<(), Fault> {
        let folder = self.folder.clone();
        let synced = on_disk(move || File::open(folder)?.sync_all()).await;
        synced.map_err(|error| unusable(&self.folder, "written", &error))
    }

    fn listed(&self) -> io::Result<Listed> {
        let mut listed = Listed::default();
        for name in names(&self.folder)? {
            let Some(name) = name.strip_suffix(MANIFEST).filter(|name| self.is_ours(name)) else { continue };
            let text = fs::read_to_string(self.folder.join(format!("{name}{MANIFEST}")))?;
            match self.read(name, &text) {
                Ok(manifest) => match fs::metadata(self.path(&manifest)) {
                    Ok(data) if data.len() == manifest.size && manifest.damage.is_some() => {
                        listed.spoilt.push(manifest);
                    }
                    Ok(data) if data.len() == manifest.size => listed.whole.push(manifest),
                    Ok(data) => listed.damaged.push(damaged(name, &wrong_size(data.len(), manifest.size))),
                    Err(_) => listed.damaged.push(damaged(name, "its file is missing")),
                },
                Err(why) => listed.damaged.push(damaged(name, &why)),
            }
        }
        for list in [&mut listed.whole, &mut listed.spoilt] {
            list.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        }
        Ok(listed)
    }

    fn read(&self, name: &str, text: &str) -> Result<Manifest, String> {
        let manifest = Manifest::of_text(text)?;
        let is_own = manifest.name == name && manifest.database == self.database;
        let is_beside = !manifest.file.contains('/') && is_content(&manifest.file, name);
        if is_own && is_beside { Ok(manifest) } else { Err("the manifest is that of another backup".to_owned()) }
    }

    /// Whether a name is one that this shelf gives: another database's may begin alike.
    fn is_ours(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&self.database).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
        let (digits, rest) = rest.split_at_checked(16).unwrap_or_default();
        rest.starts_with('-') && digits.ends_with('Z') && digits.bytes().filter(u8::is_ascii_digit).count() == 14
    }

    fn begun(&self, name: &str) -> io::Result<Draft> {
        fs::create_dir_all(&self.folder)?;
        let taken = |name: &str| {
            let known = names(&self.folder)?;
            Ok::<_, io::Error>(known.iter().any(|known| stem(known) == name))
        };
        for number in 1..1000 {
            let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
            let part = self.beside(&name, "part");
            if taken(&name)? {
                continue;
            }
            match private(&part, false) {
                Ok(file) => {
                    file.lock()?;
                    return Ok(Draft { name, part, file });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many backups are made at once"))
    }

    fn swept(&self) -> io::Result<Vec<String>> {
        let mut removed = Vec::new();
        let known = names(&self.folder)?;
        for file in known.iter().filter(|file| self.is_ours(stem(file)) && !file.ends_with(MANIFEST)) {
            let name = stem(file);
            let is_whole = known.contains(&format!("{name}{MANIFEST}")) && !file.starts_with('.');
            let mut twins = known.iter().filter(|other| stem(other) == name && !other.ends_with(MANIFEST));
            if is_whole || twins.any(|twin| self.is_locked(twin)) {
                continue;
            }
            fs::remove_file(self.folder.join(file))?;
            removed.push(file.clone());
        }
        Ok(removed)
    }

    fn is_locked(&self, file: &str) -> bool {
        let Ok(file) = File::open(self.folder.join(file)) else { return false };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }
}

fn wrong_size(found: u64, size: u64) -> String {
    format!("its file has {found} bytes, not {size}")
}

/// Makes a file that nobody else can read: what is in a database is not for all.
pub(in crate::provider) fn private(path: &Path, may_be_there: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let _ = if may_be_there { options.create(true) } else { options.create_new(true) };
    options.read(true).write(true).mode(0o600).open(path)
}

/// The name of the backup that a file belongs to.
fn stem(file: &str) -> &str {
    let bare = file.strip_prefix('.').unwrap_or(file);
    bare.split_once('.').map_or(bare, |(stem, _)| stem)
}

fn is_content(file: &str, name: &str) -> bool {
    let ending = file.strip_prefix(name).map(|ending| ending.strip_suffix(".age").unwrap_or(ending));
    ending.is_some_and(|ending| CONTENT.contains(&ending))
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
