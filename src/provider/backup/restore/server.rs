//! A database of a server replaced by another one, restored beside it: both renames are one transaction.
//!
//! The rename is done from a third database, made for that: an account that may make databases need not be able to
//! reach any other. The lock of the first rename keeps new sessions out until the second is committed, and those that
//! come then are in the new one. What was there is dropped afterwards, unless somebody has written to it since it was
//! backed up.

use std::time::Duration;

use tokio::time::sleep;

use crate::provider::backup::restore::{Others, busy};
use crate::provider::backup::{Backups, Manifest};
use crate::provider::database::Session;
use crate::provider::database::Target;
use crate::provider::database::scratch::Scratch;
use crate::provider::database::scratch::postgres::{PostgresScratch, with_database};
use crate::provider::database::scratch::roles;
use crate::provider::{Fault, FaultKind};

/// How many rows were ever written: it differs once somebody has written one more.
pub(super) const WRITTEN: &str = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::text \
     FROM pg_catalog.pg_stat_user_tables";

/// How often sessions are ended that come again.
const PAUSE: Duration = Duration::from_millis(50);

/// How many others are connected to the database of a session. omni's own of the same work are none.
pub(super) async fn others(session: &mut dyn Session, application: &str) -> Result<u64, Fault> {
    let count = format!(
        "SELECT count(*)::text FROM pg_catalog.pg_stat_activity WHERE datname = current_database() \
           AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend' \
           AND application_name NOT IN (left({}, 63), 'omni/probe')",
        literal(application)
    );
    Ok(session.value(&count).await?.and_then(|count| count.parse().ok()).unwrap_or_default())
}

impl Backups<'_> {
    /// Puts what is in a backup in the place of the database of a session. Answers under which name the old one is
    /// kept, where somebody wrote to it.
    pub(super) async fn replace_database(
        &self,
        manifest: &Manifest,
        mut session: Box<dyn Session>,
        others: Others,
        written: String,
    ) -> Result<Option<String>, Fault> {
        let rights = roles::rights(&mut *session).await?;
        let fresh = self.scratch(manifest, &mut *session, "r").await?;
        let done = async {
            self.filled(manifest, &fresh).await?;
            let door = self.scratch(manifest, &mut *session, "d").await?;
            let swapped = self.swapped(&fresh, &door, session, &rights, others, &written).await;
            // One that stays is swept later.
            let _ = door.remove().await;
            swapped
        };
        let done = done.await;
        // Its name is gone where it took the place of the other.
        let _ = fresh.remove().await;
        done
    }

    /// Restores into a new database of the server, which no sweep takes for a scratch one. Answers its name.
    pub(super) async fn database_beside(&self, manifest: &Manifest) -> Result<String, Fault> {
        let mut session = self.connect.connect(&self.patient()).await?;
        let fresh = self.scratch(manifest, &mut *session, "s").await?;
        let done = async {
            self.filled(manifest, &fresh).await?;
            let new = fresh.open().await?.facts().database.clone();
            let name = new.replacen("omni_scratch", "omni_restored", 1);
            session.run(&format!("ALTER DATABASE {} RENAME TO {}", quoted(&new), quoted(&name))).await?;
            Ok(name)
        };
        let done = done.await;
        // Its name is gone where it was given another.
        let _ = fresh.remove().await;
        done
    }

    async fn swapped(
        &self,
        fresh: &PostgresScratch,
        door: &PostgresScratch,
        mut session: Box<dyn Session>,
        rights: &[String],
        others: Others,
        written: &str,
    ) -> Result<Option<String>, Fault> {
        let name = session.facts().database.clone();
        let new = fresh.open().await?.facts().database.clone();
        let aside = new.replacen("omni_scratch", "omni_before", 1);
        if others == Others::Refuse {
            self.alone(&mut *session).await?;
        }
        drop(session);
        let mut outside = door.open().await?;
        for statement in rights {
            outside.run(&statement.replace("%1$I", &quoted(&new))).await?;
        }
        let names = [(name.as_str(), aside.as_str()), (new.as_str(), name.as_str())];
        let renamed = match others {
            Others::Refuse => renamed(&mut *outside, &names).await,
            Others::End => {
                let mut ender = door.open().await?;
                tokio::select! {
                    renamed = renamed(&mut *outside, &names) => renamed,
                    fault = ended(&mut *ender, &name) => Err(fault),
                }
            }
        };
        if let Err(fault) = renamed
            && !(fault.kind == FaultKind::Unknown && is_there(door, &aside).await?)
        {
            let is_in_use = fault.message.contains("55006");
            return Err(if is_in_use { busy(&self.target.name, "other sessions") } else { fault });
        }
        self.dropped(&aside, door, written).await
    }

    /// Drops what was there, unless it was written to.
    async fn dropped(&self, aside: &str, door: &PostgresScratch, written: &str) -> Result<Option<String>, Fault> {
        let target = Target { url: with_database(&self.target.url, aside), ..self.patient() };
        let now = self.connect.connect(&target).await?.value(WRITTEN).await?.unwrap_or_default();
        if now != written {
            return Ok(Some(aside.to_owned()));
        }
        let mut outside = door.open().await?;
        let force = if outside.facts().major >= 13 { " WITH (FORCE)" } else { "" };
        // It is replaced: that it still lies there is no reason to say it was not.
        let dropped = outside.run(&format!("DROP DATABASE {}{force}", quoted(aside))).await;
        Ok(dropped.err().map(|_| aside.to_owned()))
    }
}

/// Renames databases, all or none.
async fn renamed(session: &mut dyn Session, names: &[(&str, &str)]) -> Result<(), Fault> {
    session.begin().await?;
    for (from, to) in names {
        let done = session.run(&format!("ALTER DATABASE {} RENAME TO {}", quoted(from), quoted(to))).await;
        if let Err(fault) = done {
            // Where it cannot be taken back the connection is lost, and it is taken back with it.
            let _ = session.abort().await;
            return Err(fault);
        }
    }
    session.commit().await
}

/// Ends whoever is connected to a database, again and again; ends only where it may not.
async fn ended(session: &mut dyn Session, database: &str) -> Fault {
    let end = format!(
        "SELECT count(pg_catalog.pg_terminate_backend(pid))::text FROM pg_catalog.pg_stat_activity \
         WHERE datname = {} AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'",
        literal(database)
    );
    loop {
        if let Err(fault) = session.value(&end).await {
            return fault;
        }
        sleep(PAUSE).await;
    }
}

async fn is_there(door: &PostgresScratch, name: &str) -> Result<bool, Fault> {
    let query = format!("SELECT 'yes' FROM pg_catalog.pg_database WHERE datname = {}", literal(name));
    Ok(door.open().await?.value(&query).await?.is_some())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    let escape = if text.contains('\\') { "E" } else { "" };
    format!("{escape}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
