//! A database of a server replaced by another one, restored beside it: both renames are one transaction.
//!
//! The rename is done from a third database, made for that: an account that may make databases need not be able to
//! reach any other. The lock of the first rename keeps new sessions out until the second is committed, and those that
//! come then are in the new one. What was there is dropped afterwards, unless somebody has written to it since it was
//! backed up: its name says how much was written then, so that whoever finds it after a crash can tell, too.

use std::time::Duration;

use tokio::time::sleep;

use crate::failpoint::{Place, reach};
use crate::provider::backup::restore::{Others, Stage};
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

/// What the name of a database begins with that was put aside: then come the seconds, the word and the writes.
const ASIDE: &str = "omni_before";
const ALL_ASIDE: &str = "SELECT string_agg(d.datname::text, ',' ORDER BY d.datname) FROM pg_catalog.pg_database d \
     WHERE d.datname LIKE 'omni\\_before\\_%' AND pg_catalog.pg_has_role(d.datdba, 'USAGE')";

/// How often it is tried to drop what was put aside.
const TRIES: u32 = 10;
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
        (written, stage): (&str, &mut Stage),
    ) -> Result<Option<String>, Fault> {
        let rights = roles::rights(&mut *session).await?;
        let fresh = self.scratch(manifest, &mut *session, "r").await?;
        let done = async {
            self.filled(manifest, &fresh).await?;
            let door = self.scratch(manifest, &mut *session, "d").await?;
            let swapped = self.swapped(&fresh, &door, session, &rights, others, (written, stage)).await;
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
    pub(super) async fn database_beside(
        &self,
        manifest: &Manifest,
        mut session: Box<dyn Session>,
    ) -> Result<String, Fault> {
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
        (written, stage): (&str, &mut Stage),
    ) -> Result<Option<String>, Fault> {
        let name = session.facts().database.clone();
        let new = fresh.open().await?.facts().database.clone();
        let aside = format!("{}_{written}", new.replacen("omni_scratch", ASIDE, 1));
        self.alone(&mut *session, others).await?;
        drop(session);
        let mut outside = door.open().await?;
        for statement in rights {
            outside.run(&statement.replace("%1$I", &quoted(&new))).await?;
        }
        let names = [(name.as_str(), aside.as_str()), (new.as_str(), name.as_str())];
        *stage = Stage::Replacing;
        let renamed = match others {
            Others::Refuse => renamed(&mut *outside, &names).await,
            Others::End => {
                let mut ender = door.open().await?;
                tokio::select! {
                    biased;
                    renamed = renamed(&mut *outside, &names) => renamed,
                    fault = ended(&mut *ender, &name) => Err(fault),
                }
            }
        };
        if let Err(fault) = renamed
            && !(fault.kind == FaultKind::Unknown && is_there(door, &aside).await?)
        {
            if fault.kind != FaultKind::Unknown {
                *stage = Stage::Before;
            }
            let is_in_use = fault.message.contains("55006");
            return Err(if is_in_use { self.busy("other sessions") } else { fault });
        }
        reach(Place::DatabaseReplaced);
        self.dropped(&aside).await
    }

    /// Drops what a restore of this backup has put aside, and was cut off before it had dropped. Answers what stays.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) async fn cleared(&self, manifest: &Manifest) -> Result<Option<String>, Fault> {
        let found = self.connect.connect(&self.patient()).await?.value(ALL_ASIDE).await?.unwrap_or_default();
        let word = format!("x{}", manifest.sha256.short());
        let is_own =
            |name: &&str| name.split('_').nth(3).is_some_and(|run| run.starts_with('r') && run.ends_with(&word));
        let mut kept = None;
        for name in found.split(',').filter(is_own) {
            kept = self.dropped(name).await?.or(kept);
        }
        Ok(kept)
    }

    /// Drops what was put aside, unless somebody has written to it since. Answers its name where it stays: it is
    /// replaced, so that it cannot be dropped is no reason to say that it was not.
    async fn dropped(&self, aside: &str) -> Result<Option<String>, Fault> {
        let mut failed = None;
        for _ in 0..TRIES {
            match self.tried_to_drop(aside).await {
                Ok(true) => return Ok(None),
                Ok(false) => return Ok(Some(aside.to_owned())),
                Err(fault) => failed = Some(fault),
            }
            sleep(PAUSE).await;
        }
        match failed.filter(|fault| fault.kind.is_passing()) {
            Some(fault) => {
                let message = format!("it is restored, but `{aside}` could not be dropped: {}", fault.message);
                Err(Fault { message, ..fault })
            }
            None => Ok(Some(aside.to_owned())),
        }
    }

    /// Whether it is gone; not where somebody has written to it.
    async fn tried_to_drop(&self, aside: &str) -> Result<bool, Fault> {
        let target = Target { url: with_database(&self.target.url, aside), ..self.patient() };
        let written = match self.connect.connect(&target).await {
            Ok(mut session) => session.value(WRITTEN).await?.unwrap_or_default(),
            // It was dropped, and that was not heard of.
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(true),
            Err(fault) => return Err(fault),
        };
        if aside.rsplit('_').next() != Some(written.as_str()) {
            return Ok(false);
        }
        let mut session = self.connect.connect(&self.patient()).await?;
        let force = if session.facts().major >= 13 { " WITH (FORCE)" } else { "" };
        session.run(&format!("DROP DATABASE IF EXISTS {}{force}", quoted(aside))).await?;
        Ok(true)
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
