//! Restoring a backup in the place of what is there: wholly, or not at all.
//!
//! It is restored beside, compared with what it was made of, and only then put in the place of the other by a rename:
//! `server` and `file` have what that takes. What is there is backed up before, unless it is empty. Whoever uses the
//! database meanwhile would write into what is going away, so it is refused while somebody does, or they are ended.

mod file;
mod server;

use tokio::time::Instant;

use crate::migration::Dialect;
use crate::provider::backup::failing::damaged;
use crate::provider::backup::make::millis;
use crate::provider::backup::{Backups, Manifest};
use crate::provider::database::Session;
use crate::provider::{Fault, FaultKind};

/// Whom a safety backup is made by.
const SAFETY: &str = "before-restore";

/// What may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// A database without tables.
    Empty,
    /// Any.
    Replace,
}

/// What is done about others that are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Nothing is restored while there are any.
    Refuse,
    /// Their sessions are ended when the database is replaced. A file of `SQLite` has no such means.
    End,
}

/// What came of restoring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup of what was there; none where it was empty.
    pub safety: Option<Manifest>,
    /// What was there, under this name, where somebody wrote to it after the safety backup was made: it is not removed.
    pub kept: Option<String>,
    /// How long it took, in milliseconds.
    pub took: u64,
}

impl Backups<'_> {
    /// Restores a backup. The safety backup is encrypted to whom this one is.
    ///
    /// # Errors
    /// `Conflict` where the database is not empty, or others are connected, and that is not agreed to; what is wrong
    /// with the backup otherwise. The database is as it was then.
    pub async fn restore(&self, manifest: &Manifest, consent: Consent, others: Others) -> Result<Restored, Fault> {
        let begun = Instant::now();
        let mut session = self.connect.connect(&self.patient()).await?;
        if session.facts().dialect != manifest.dialect {
            let why = format!("it is of {}, and the database of {}", manifest.dialect, session.facts().dialect);
            return Err(damaged(&manifest.name, &why).help("name a backup of this database"));
        }
        self.check(manifest).await?;
        let is_empty = !session.catalogue(&[]).await?.has_tables();
        if !is_empty && consent == Consent::Empty {
            let text = format!("database.{} is not empty", self.shelf.database());
            return Err(Fault::new(FaultKind::Conflict, text).help("agree to its being replaced with `--yes`"));
        }
        if others == Others::Refuse {
            self.alone(&mut *session).await?;
        }
        let written = self.written(&mut *session).await?;
        let safety = if is_empty { None } else { Some(self.make(SAFETY, &manifest.recipients).await?) };
        let kept = match manifest.dialect {
            Dialect::Postgres => self.replace_database(manifest, session, others, written).await?,
            Dialect::Sqlite => {
                self.replace_file(manifest, session).await?;
                None
            }
        };
        Ok(Restored { safety, kept, took: millis(begun) })
    }

    /// Clears away what a restore of a backup has left that was cut off once it was done. Answers under which name the
    /// old database is kept, where somebody wrote to it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clear(&self, manifest: &Manifest) -> Result<Option<String>, Fault> {
        match manifest.dialect {
            Dialect::Postgres => self.cleared(manifest).await,
            // What lies beside the file is overwritten by the next one.
            Dialect::Sqlite => Ok(None),
        }
    }

    /// Refuses a database to which others are connected.
    async fn alone(&self, session: &mut dyn Session) -> Result<(), Fault> {
        let others = match session.facts().dialect {
            Dialect::Postgres => server::others(session, &self.target.application).await?,
            // They are found when the file is replaced.
            Dialect::Sqlite => 0,
        };
        if others == 0 { Ok(()) } else { Err(busy(self.shelf.database(), &format!("{others} other sessions"))) }
    }

    /// How much was ever written to a database, as far as that is counted.
    async fn written(&self, session: &mut dyn Session) -> Result<String, Fault> {
        match session.facts().dialect {
            Dialect::Postgres => Ok(session.value(server::WRITTEN).await?.unwrap_or_default()),
            Dialect::Sqlite => Ok(String::new()),
        }
    }
}

fn busy(database: &str, who: &str) -> Fault {
    let text = format!("database.{database} is in use by {who}, whose writes would be lost");
    Fault::new(FaultKind::Conflict, text).help("stop what uses it, then run it again")
}
