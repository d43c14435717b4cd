//! Restoring a backup in the place of what is there: wholly, or not at all.
//!
//! It is restored beside, compared with what it was made of, and only then put in the place of the other by a rename:
//! `server` and `file` have what that takes. What is there is backed up before, unless it is empty, or broken: then it
//! is moved aside. Whoever uses the database meanwhile would write into what is going away, so it is refused while
//! somebody does, or they are ended. What can be refused is before anything is made.

mod file;
mod server;

use tokio::time::Instant;

use crate::migration::Dialect;
use crate::provider::backup::failing::damaged;
use crate::provider::backup::make::millis;
use crate::provider::backup::{Backups, Listed, Manifest, is_unreadable, trying};
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
    /// The backup of what was there; none where it was empty, or could not be read.
    pub safety: Option<Manifest>,
    /// What was there, under this name, where somebody wrote to it after the safety backup was made, or where it could
    /// not be read, so that there is none: it is not removed.
    pub kept: Option<String>,
    /// How long it took, in milliseconds.
    pub took: u64,
}

/// Where a restore is: what failed before anything was replaced leaves everything as it was.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Before,
    /// It is being replaced, or was.
    Replacing,
}

impl Backups<'_> {
    /// Restores a backup. The safety backup is encrypted to whom this one is. A database that was lost is made anew,
    /// and a file that cannot be read is moved aside.
    ///
    /// # Errors
    /// `Conflict` where the database is not empty, or others are connected, and that is not agreed to; what is wrong
    /// with the backup otherwise. The database is as it was then, and there is no safety backup.
    pub async fn restore(&self, manifest: &Manifest, consent: Consent, others: Others) -> Result<Restored, Fault> {
        let begun = Instant::now();
        self.readable(manifest).await?;
        let done = match self.connect.connect(&self.patient()).await {
            Err(fault) if fault.kind == FaultKind::NotFound => self.made_anew(manifest, consent, others, fault).await,
            Err(fault) => Err(fault),
            Ok(session) => self.replaced(manifest, consent, others, session, &mut Stage::Before).await,
        };
        let done = match done {
            Err(fault) if is_unreadable(&fault) && consent == Consent::Replace => self.replace_broken(manifest).await,
            Err(fault) if is_unreadable(&fault) => Err(self.not_empty()),
            done => done,
        };
        done.map(|restored| Restored { took: millis(begun), ..restored })
    }

    /// Restores into a database that is made for that, since there is none; `fault` says so.
    async fn made_anew(
        &self,
        manifest: &Manifest,
        consent: Consent,
        others: Others,
        fault: Fault,
    ) -> Result<Restored, Fault> {
        match manifest.dialect {
            Dialect::Sqlite => self.make_file().await?,
            // Where nothing can be made, the reader is to know what is missing.
            Dialect::Postgres => self.make_database().await.map_err(|why| {
                let message = format!("{}, and it cannot be made: {}", fault.message, why.message);
                Fault { message, ..fault }
            })?,
        }
        let mut stage = Stage::Before;
        let done = match self.connect.connect(&self.patient()).await {
            Ok(session) => self.replaced(manifest, consent, others, session, &mut stage).await,
            Err(fault) => Err(fault),
        };
        if done.is_err() && stage == Stage::Before {
            match manifest.dialect {
                Dialect::Sqlite => self.remove_file().await,
                Dialect::Postgres => self.remove_database().await,
            }
        }
        done
    }

    async fn replaced(
        &self,
        manifest: &Manifest,
        consent: Consent,
        others: Others,
        mut session: Box<dyn Session>,
        stage: &mut Stage,
    ) -> Result<Restored, Fault> {
        if session.facts().dialect != manifest.dialect {
            let why = format!("it is of {}, and the database of {}", manifest.dialect, session.facts().dialect);
            return Err(damaged(&manifest.name, &why).help("name a backup of this database"));
        }
        let is_empty = !session.catalogue(&[]).await?.has_tables();
        if !is_empty && consent == Consent::Empty {
            return Err(self.not_empty());
        }
        self.alone(&mut *session, others).await?;
        let written = self.written(&mut *session).await?;
        let safety = if is_empty { None } else { Some(self.of_safety().make(SAFETY, &manifest.recipients).await?) };
        let kept = match manifest.dialect {
            Dialect::Postgres => self.replace_database(manifest, session, others, (&written, &mut *stage)).await,
            Dialect::Sqlite => self.replace_file(manifest, session, stage).await.map(|()| None),
        };
        if let (Err(_), Some(safety), Stage::Before) = (&kept, &safety, *stage) {
            // What it holds is in the database yet. One that stays pushes out no other.
            let _ = self.of_safety().shelf.remove(safety).await;
        }
        Ok(Restored { safety, kept: kept?, took: 0 })
    }

    fn not_empty(&self) -> Fault {
        let text = format!("database.{} is not empty", self.target.name);
        let help = format!("agree to its being replaced with `--allow-loss database.{}`", self.target.name);
        Fault::new(FaultKind::Conflict, text).help(help).code("omni::backup::not_empty")
    }

    /// Restores a backup into a new database beside the real one, which stays until somebody removes it. Answers what
    /// it is called, and how long it took, in milliseconds.
    ///
    /// # Errors
    /// What is wrong with the backup; nothing stays then.
    pub async fn restore_beside(&self, manifest: &Manifest) -> Result<(String, u64), Fault> {
        let begun = Instant::now();
        self.readable(manifest).await?;
        let called = match manifest.dialect {
            Dialect::Postgres => {
                let (ground, session) = self.ground(Dialect::Postgres).await?;
                ground.database_beside(manifest, session).await?
            }
            Dialect::Sqlite => {
                let path = self.restored(manifest);
                self.write_new(manifest, &path).await?;
                path.display().to_string()
            }
        };
        Ok((called, millis(begun)))
    }

    /// Removes what this process left where it was given up while it made, tried or restored a backup; of an apply also
    /// what an earlier process left. Nobody else may be at work in the database for the same apply.
    ///
    /// # Errors
    /// When the folder or the server does not answer.
    pub async fn given_up(&self) -> Result<(), Fault> {
        self.shelf.sweep().await?;
        let Listed { whole, spoilt, .. } = self.shelf.list().await?;
        let mut runs = Vec::new();
        for made in whole.iter().chain(&spoilt).filter(|made| made.dialect == Dialect::Postgres) {
            runs.extend(trying::WORDS.map(|word| self.run(word, made)));
        }
        if !runs.is_empty() {
            let (_, mut session) = self.ground(Dialect::Postgres).await?;
            if self.op.is_some() {
                // One of them may yet be made.
                session.end_others(&self.target.application).await?;
            }
            PostgresScratch::sweep_runs(&mut *session, &runs).await?;
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

    /// Refuses a database to which others are connected, unless they may be ended.
    async fn alone(&self, session: &mut dyn Session, others: Others) -> Result<(), Fault> {
        match (session.facts().dialect, others) {
            (Dialect::Postgres, Others::End) => Ok(()),
            (Dialect::Postgres, Others::Refuse) => match server::others(session, &self.target.application).await? {
                0 => Ok(()),
                others => Err(self.busy(&format!("{others} other sessions"))),
            },
            (Dialect::Sqlite, _) => self.alone_in_file(session).await,
        }
    }

    /// How much was ever written to a database, as far as that is counted.
    async fn written(&self, session: &mut dyn Session) -> Result<String, Fault> {
        match session.facts().dialect {
            Dialect::Postgres => Ok(session.value(server::WRITTEN).await?.unwrap_or_default()),
            Dialect::Sqlite => Ok(String::new()),
        }
    }

    fn busy(&self, who: &str) -> Fault {
        let text = format!("database.{} is in use by {who}, whose writes would be lost", self.target.name);
        let help = match Dialect::of_url(&self.target.url) {
            Some(Dialect::Sqlite) => "stop what uses the file, then run it again",
            _ => "stop what uses it, then run it again; `omni backup restore --disconnect` ends its sessions",
        };
        Fault::new(FaultKind::Conflict, text).help(help).code("omni::backup::busy")
    }
}
