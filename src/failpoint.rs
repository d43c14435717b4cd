//! Failpoints: places at which a test makes the process die, and periods that a test makes short.
//!
//! `reach` does nothing, and is compiled to nothing, unless the feature `failpoints` is on, which only tests switch on.
//! There the variable `OMNI_FAILPOINT` says where to die: `record.written:7` is the seventh time that place is reached.
//! With `OMNI_FAILPOINT_LOG` every place is written to that file as it is reached, so that a test can count them.
//! A test that plays omni inside its own process arms its thread instead (`die_at`): there the death is an unwind that
//! the test catches, and what was in memory only is lost with it.
//! The same thread may be given a disk that refuses (`refuse_disk`), where a folder of backups is changed.
//! `OMNI_HASTE=10` makes every deadline of a call and every period of the lock a tenth of what it is, so that a test
//! of an engine that hangs, or of a lease that runs out, need not wait for a minute.

use std::time::Duration;

/// Whether failpoints are compiled in. A fault test that runs without them proves nothing, and has to say so.
pub const ARE_COMPILED_IN: bool = cfg!(feature = "failpoints");

/// A place that a test can make deadly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before a record is written to the journal.
    RecordUnwritten,
    /// After a record is on disk, before anything follows from it.
    RecordWritten,
    /// Before an apply is closed.
    ApplyUnclosed,
    /// After an apply is closed, before the locks are given back.
    ApplyClosed,
    /// After an apply is opened, before its first step.
    ApplyOpened,
    /// After the locks are taken, before anything is written.
    Locked,
    /// Before a call is sent to the engine.
    CallUnsent,
    /// After a call to the engine was answered, before anything follows from it.
    CallAnswered,
    /// Before a statement is sent to a database, or a connection made.
    SqlUnsent,
    /// After a database has answered, before anything follows from it.
    SqlAnswered,
    /// After the draft of a backup is begun, before anything is in it.
    BackupBegun,
    /// After a backup is written wholly, before its file has its name.
    BackupWritten,
    /// After the file of a backup has its name, before its manifest is written.
    BackupUnlisted,
    /// After the manifest of a backup has its name.
    BackupListed,
    /// After a restored database has the name of the other, which is still there.
    DatabaseReplaced,
    /// After a program that dumps or restores was started.
    ToolStarted,
    /// After a program that dumps or restores has ended.
    ToolEnded,
    /// Before something in a folder of backups is changed on disk.
    DiskUntouched,
    /// After something in a folder of backups was changed on disk, before anything follows from it.
    DiskTouched,
}

impl Place {
    /// The word in `OMNI_FAILPOINT`: `record.written`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RecordUnwritten => "record.unwritten",
            Self::RecordWritten => "record.written",
            Self::ApplyUnclosed => "apply.unclosed",
            Self::ApplyClosed => "apply.closed",
            Self::ApplyOpened => "apply.opened",
            Self::Locked => "locked",
            Self::CallUnsent => "call.unsent",
            Self::CallAnswered => "call.answered",
            Self::SqlUnsent => "sql.unsent",
            Self::SqlAnswered => "sql.answered",
            Self::BackupBegun => "backup.begun",
            Self::BackupWritten => "backup.written",
            Self::BackupUnlisted => "backup.unlisted",
            Self::BackupListed => "backup.listed",
            Self::DatabaseReplaced => "database.replaced",
            Self::ToolStarted => "tool.started",
            Self::ToolEnded => "tool.ended",
            Self::DiskUntouched => "disk.untouched",
            Self::DiskTouched => "disk.touched",
        }
    }
}

/// Reaches a place; dies there by SIGKILL where a test asks for it.
#[cfg(not(feature = "failpoints"))]
pub const fn reach(_place: Place) {}

/// Reaches a place; dies there by SIGKILL where a test asks for it.
#[cfg(feature = "failpoints")]
pub fn reach(place: Place) {
    armed::reach(place.word());
}

/// The death of an omni that a test plays inside its own process; what the unwind carries.
#[cfg(feature = "failpoints")]
#[derive(Debug)]
pub struct Death;

/// Lets this thread die, by an unwind with a [`Death`], when it reaches a place so often from now on.
#[cfg(feature = "failpoints")]
pub fn die_at(place: Place, times: u64) {
    armed::NEXT.set(Some((place.word(), times)));
}

/// Lets this thread live.
#[cfg(feature = "failpoints")]
pub fn disarm() {
    armed::NEXT.set(None);
}

/// Fails as a full disk does, where a test asks for it.
///
/// # Errors
/// Only in tests.
#[cfg(not(feature = "failpoints"))]
pub const fn touch() -> std::io::Result<()> {
    Ok(())
}

/// Fails as a full disk does, where a test asks for it.
///
/// # Errors
/// Only in tests.
#[cfg(feature = "failpoints")]
pub fn touch() -> std::io::Result<()> {
    let (from, many, touched) = armed::DISK.get();
    armed::DISK.set((from, many, touched + 1));
    let refuses = from > 0 && touched + 1 >= from && touched + 1 < from.saturating_add(many);
    if refuses { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// Lets the disk refuse so many of the changes that this thread makes of a folder of backups, from this one on, counted
/// from 1.
#[cfg(feature = "failpoints")]
pub fn refuse_disk(from: u64, many: u64) {
    armed::DISK.set((from, many, 0));
}

/// Lets the disk take everything again. Answers how many changes this thread has made of a folder of backups, or tried
/// to make, since it last refused.
#[cfg(feature = "failpoints")]
#[must_use]
pub fn mend_disk() -> u64 {
    armed::DISK.replace((0, 0, 0)).2
}

/// A period as it is, or the part of it that a test in haste asks for.
#[cfg(not(feature = "failpoints"))]
#[must_use]
pub const fn hastened(period: Duration) -> Duration {
    period
}

/// A period as it is, or the part of it that a test in haste asks for.
#[cfg(feature = "failpoints")]
#[must_use]
pub fn hastened(period: Duration) -> Duration {
    period / armed::haste()
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::num::NonZeroU32;
    use std::sync::{LazyLock, Mutex};

    thread_local! {
        /// Where this thread dies, and how often it has still to get there.
        pub(super) static NEXT: Cell<Option<(&'static str, u64)>> = const { Cell::new(None) };
        /// From which change on the disk refuses, how many of them, and how many there were.
        pub(super) static DISK: Cell<(u64, u64, u64)> = const { Cell::new((0, 0, 0)) };
    }

    static REACHED: LazyLock<Mutex<BTreeMap<&'static str, u64>>> = LazyLock::new(Mutex::default);

    #[expect(clippy::disallowed_methods, reason = "a failpoint is switched by the test that started the process")]
    fn set(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// How many times shorter periods are.
    pub(super) fn haste() -> u32 {
        static HASTE: LazyLock<u32> =
            LazyLock::new(|| set("OMNI_HASTE").and_then(|text| text.parse().ok()).map_or(1, NonZeroU32::get));
        *HASTE
    }

    pub(super) fn reach(word: &'static str) {
        match NEXT.get() {
            Some((place, 1)) if place == word => {
                NEXT.set(None);
                // No message: a death that was asked for is no failure of the test.
                std::panic::resume_unwind(Box::new(super::Death));
            }
            Some((place, times)) if place == word => NEXT.set(Some((place, times - 1))),
            _ => {}
        }
        let Ok(mut reached) = REACHED.lock() else { return };
        let times = reached.entry(word).or_default();
        *times += 1;
        let here = format!("{word}:{times}");
        if let Some(log) = set("OMNI_FAILPOINT_LOG")
            && let Ok(mut log) = OpenOptions::new().create(true).append(true).open(log)
        {
            // A log that cannot be written shows as a test that counts too few places.
            let _ = writeln!(log, "{here}");
        }
        if set("OMNI_FAILPOINT").is_some_and(|wanted| wanted == here) {
            die();
        }
    }

    /// Dies by SIGKILL: no destructor runs, nothing is flushed.
    fn die() -> ! {
        let me = std::process::id().to_string();
        let _ = std::process::Command::new("kill").args(["-KILL", &me]).status();
        // Where there is no `kill`, an abort comes closest.
        std::process::abort()
    }
}
