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
use crate::provider::backup::{Backups, Manifest, trying};
use crate::provider::database::Session;
use crate::provider::database::scratch::postgres::PostgresScratch;
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
        let (session, is_new) = match self.connect.connect(&self.patient()).await {
            // A file that was lost is made anew.
            Err(fault) if fault.kind == FaultKind::NotFound && manifest.dialect == Dialect::Sqlite => {
                self.make_file().await?;
                (self.connect.connect(&self.patient()).await?, true)
            }
            session => (session?, false),
        };
        let done = self.replaced(manifest, consent, others, session).await;
        if done.is_err() && is_new {
            self.remove_file().await;
        }
        done.map(|restored| Restored { took: millis(begun), ..restored })
    }

    async fn replaced(
        &self,
        manifest: &Manifest,
        consent: Consent,
        others: Others,
        mut session: Box<dyn Session>,
    ) -> Result<Restored, Fault> {
        if session.facts().dialect != manifest.dialect {
            let why = format!("it is of {}, and the database of {}", manifest.dialect, session.facts().dialect);
            return Err(damaged(&manifest.name, &why).help("name a backup of this database"));
        }
        self.check(manifest).await?;
        let is_empty = !session.catalogue(&[]).await?.has_tables();
        if !is_empty && consent == Consent::Empty {
            let text = format!("database.{} is not empty", self.target.name);
            let help = format!("agree to its being replaced with `--allow-loss database.{}`", self.target.name);
            return Err(Fault::new(FaultKind::Conflict, text).help(help).code("omni::backup::not_empty"));
        }
        if others == Others::Refuse {
            self.alone(&mut *session).await?;
        }
        let written = self.written(&mut *session).await?;
        let safety = if is_empty { None } else { Some(self.of_safety().make(SAFETY, &manifest.recipients).await?) };
        let kept = match manifest.dialect {
            Dialect::Postgres => self.replace_database(manifest, session, others, written).await?,
            Dialect::Sqlite => {
                self.replace_file(manifest, session).await?;
                None
            }
        };
        Ok(Restored { safety, kept, took: 0 })
    }

    /// Restores a backup into a new database beside the real one, which stays until somebody removes it. Answers what
    /// it is called, and how long it took, in milliseconds.
    ///
    /// # Errors
    /// What is wrong with the backup; nothing stays then.
    pub async fn restore_beside(&self, manifest: &Manifest) -> Result<(String, u64), Fault> {
        let begun = Instant::now();
        self.check(manifest).await?;
        let called = match manifest.dialect {
            Dialect::Postgres => self.database_beside(manifest).await?,
            Dialect::Sqlite => {
                let path = self.shelf.aside(&manifest.name);
                self.write_new(manifest, &path).await?;
                path.display().to_string()
            }
        };
        Ok((called, millis(begun)))
    }

    /// Removes what this process left where it was given up while it made, tried or restored a backup.
    ///
    /// # Errors
    /// When the folder or the server does not answer.
    pub async fn given_up(&self) -> Result<(), Fault> {
        self.shelf.sweep().await?;
        let known = self.shelf.list().await?.whole;
        let known: Vec<_> = known.iter().filter(|made| made.dialect == Dialect::Postgres).collect();
        if !known.is_empty() {
            let runs = trying::WORDS.iter().flat_map(|word| known.iter().map(|made| trying::run(word, made)));
            let mut session = self.connect.connect(&self.patient()).await?;
            PostgresScratch::sweep_runs(&mut *session, &runs.collect::<Vec<_>>()).await?;
        }
        Ok(())
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
        if others == 0 { Ok(()) } else { Err(busy(&self.target.name, &format!("{others} other sessions"))) }
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
    let help = "stop what uses it, then run it again; `omni backup restore --disconnect` ends sessions of PostgreSQL";
    Fault::new(FaultKind::Conflict, text).help(help).code("omni::backup::busy")
}
