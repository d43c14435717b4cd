//! A database that is not there, or cannot be read: how it is told from others, and from where it is made anew.
//!
//! A server answers through the database that every server has, though the one that was backed up is gone; of `SQLite`
//! a database in memory does for what needs no file. What is made of a backup then is left to `restore`.

use std::path::PathBuf;

use crate::migration::Dialect;
use crate::provider::backup::Backups;
use crate::provider::database::scratch::postgres::with_database;
use crate::provider::database::sqlite::UNREADABLE;
use crate::provider::database::{Session, Target, postgres, sqlite};
use crate::provider::{Fault, FaultKind};

/// The databases that a server has from the start.
const ALWAYS: [&str; 2] = ["postgres", "template1"];

impl Backups<'_> {
    /// The file of a database of `SQLite`; none of another kind.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let is_file = Dialect::of_url(&self.target.url) == Some(Dialect::Sqlite);
        is_file.then(|| sqlite::file(&self.target.url)).flatten()
    }

    /// A session on which there is a clock, and of a server also the right to make databases, and these backups of the
    /// database that it is on: the one that is backed up, or another where that is gone.
    pub(super) async fn ground(&self, dialect: Dialect) -> Result<(Self, Box<dyn Session>), Fault> {
        let target = self.patient();
        if dialect == Dialect::Sqlite {
            let memory = Target { url: "sqlite::memory:".to_owned(), ..target.clone() };
            return Ok((self.through(target), self.connect.connect(&memory).await?));
        }
        match self.connect.connect(&target).await {
            Err(fault) if fault.kind == FaultKind::NotFound => {
                for name in ALWAYS {
                    let other = Target { url: with_database(&target.url, name), ..target.clone() };
                    if let Ok(session) = self.connect.connect(&other).await {
                        return Ok((self.through(other), session));
                    }
                }
                Err(fault)
            }
            session => Ok((self.through(target), session?)),
        }
    }

    /// Makes the database of a server that was lost, empty, with the owner that the URL names.
    pub(super) async fn make_database(&self) -> Result<(), Fault> {
        let (_, mut session) = self.ground(Dialect::Postgres).await?;
        let name = postgres::database(&self.target)?.replace('"', "\"\"");
        session.run(&format!("CREATE DATABASE \"{name}\" TEMPLATE template0")).await
    }

    /// Removes it again. One that stays is empty, and one in which there is something stays.
    pub(super) async fn remove_database(&self) {
        let Ok(mut own) = self.connect.connect(&self.patient()).await else { return };
        let is_empty = own.catalogue(&[]).await.is_ok_and(|catalogue| !catalogue.has_tables());
        drop(own);
        if !is_empty {
            return;
        }
        let Ok(name) = postgres::database(&self.target) else { return };
        let drop = format!("DROP DATABASE \"{}\"", name.replace('"', "\"\""));
        for other in ALWAYS {
            let other = Target { url: with_database(&self.target.url, other), ..self.patient() };
            if let Ok(mut session) = self.connect.connect(&other).await {
                let _ = session.run(&drop).await;
                return;
            }
        }
    }

    /// The same backups, whose server is spoken to in this way.
    fn through(&self, target: Target) -> Self {
        Self { connect: self.connect.clone(), target, ..*self }
    }
}

/// Whether a fault says that what is there cannot be read as a database at all.
#[must_use]
pub fn is_unreadable(fault: &Fault) -> bool {
    fault.code == Some(UNREADABLE)
}
