//! The backup of a database as a step: made and tried before a migration, restored where one is taken back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::address::{Address, Kind};
use crate::journal::Effect;
use crate::migration::Dialect;
use crate::provider::backup::{Backups, Consent, Manifest, Others, Shelf, Tools, size};
use crate::provider::database::Session;
use crate::provider::engine::Engine;
use crate::provider::site::Site;
use crate::provider::site::reach::target;
use crate::provider::site::steps::odd;
use crate::provider::{Fault, FaultKind, Order};
use crate::resource::{Backup, Database, Resource, Verify};

/// How often a server is asked to remove what was left, and the wait between two tries.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

impl<E: Engine> Site<E> {
    /// Makes the backup of an apply, unless it has made it, and tries it.
    pub(super) async fn backed_up(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        let Some(Resource::Backup(backup)) = order.change.resource() else { return Err(odd(order)) };
        let database = database(order, backup)?;
        let folder = shelf(order, backup);
        // It has to answer before its time is asked.
        let session = self.reached(order, &backup.database, database).await?;
        drop(session);
        let tools = self.tools_of(order, database).await?;
        let backups = self.backups(order, backup, database, &folder, &*tools).await?;
        let made = match folder.made_by(order.op.as_str()).await? {
            Some(made) => {
                tidied(&backups).await?;
                made
            }
            None => backups.make(order.op.as_str(), &backup.encrypt_to).await?,
        };
        let how = self.how(backup);
        let tried = match made.verified {
            Some(verified) if verified.how == how => made,
            _ => {
                (order.progress)("trying it".to_owned());
                backups.verify(&made, how).await?
            }
        };
        let removed = folder.prune(backup, &tried, |_| false).await?;
        Ok(Effect { note: note(&tried, backup, &removed), objects: vec![tried.name] })
    }

    /// Keeps the backup that an apply made, though it is taken back: it costs room, and nothing else. What the backup
    /// was tried in is removed; where the server refuses that, it stays until a later backup finds it.
    pub(super) async fn kept_backup(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        let Some(Resource::Backup(backup)) = order.change.resource() else { return Err(odd(order)) };
        let (database, folder) = (database(order, backup)?, shelf(order, backup));
        if database.dialect == Dialect::Postgres
            && let Ok(Some(_)) = folder.made_by(order.op.as_str()).await
            // One that is about to answer is waited for, and one that is away leaves the apply open in any case.
            && answers(self.reached(order, &backup.database, database).await)?
            && let Ok(backups) = self.backups(order, backup, database, &folder, &*self.tools).await
        {
            tidied(&backups).await?;
        }
        Ok(Effect::default())
    }

    /// Restores the backup that this apply made before its migrations. Whoever is connected is ended: what it writes
    /// would be lost, which was agreed to.
    pub(super) async fn put_back(&self, order: &Order<'_>, database: &str) -> Result<Effect, Fault> {
        let (backup, folder) = kept(order, database)?;
        let Some(made) = folder.made_by(order.op.as_str()).await? else {
            let text = format!("there is no backup of database.{database} that this apply made");
            let help = format!("restore another one: `omni backup list` shows those in `{}`", backup.dir);
            return Err(Fault::new(FaultKind::NotFound, text).help(help));
        };
        let database = self::database(order, backup)?;
        let tools = self.tools_of(order, database).await?;
        let backups = self.backups(order, backup, database, &folder, &*tools).await?;
        let restored = backups.restore(&made, Consent::Replace, Others::End).await?;
        Ok(put_back(&made, restored.kept))
    }

    /// What is to be done where this apply has left no mark: it has done nothing, or has restored its backup already
    /// and was cut off before it had cleared away.
    pub(super) async fn is_back(&self, order: &Order<'_>, database: &str) -> Result<Effect, Fault> {
        let (backup, folder) = kept(order, database)?;
        let Some(made) = folder.made_by(order.op.as_str()).await? else { return Ok(Effect::default()) };
        let database = self::database(order, backup)?;
        let tools = self.tools_of(order, database).await?;
        let backups = self.backups(order, backup, database, &folder, &*tools).await?;
        let kept = backups.clear(&made).await?;
        Ok(kept.map(|kept| put_back(&made, Some(kept))).unwrap_or_default())
    }

    /// Whether this very apply has begun a migration.
    pub(super) async fn has_begun(order: &Order<'_>, name: &str, session: &mut dyn Session) -> Result<bool, Fault> {
        Ok(session.mark_of(name).await?.is_some_and(|mark| mark.op == order.op.as_str()))
    }

    /// The programs for the database of an order.
    async fn tools_of(&self, order: &Order<'_>, database: &Database) -> Result<Arc<dyn Tools + '_>, Fault> {
        let url = database.url.fill(order.vault).unwrap_or_default();
        self.tools(order.scope, database, &url).await
    }

    async fn backups<'a>(
        &'a self,
        order: &Order<'a>,
        backup: &Backup,
        database: &Database,
        folder: &'a Shelf,
        tools: &'a dyn Tools,
    ) -> Result<Backups<'a>, Fault> {
        let url = self.url(order, database).await?;
        let known = self.known.iter().find(|known| known.name == backup.database);
        Ok(Backups {
            connect: self.connect.clone(),
            tools,
            target: target(&backup.database, database, url, &format!("omni/{}", order.op)),
            ledger: known.and_then(|known| Some((known.database.ledger.as_ref()?, known.scripts.as_slice()))),
            shelf: folder,
            safety: None,
            keys: &self.keys,
            op: Some(order.op.as_str()),
            progress: order.progress,
        })
    }

    /// How a new backup is tried. One that is encrypted cannot be restored by those that have no key to it.
    fn how(&self, backup: &Backup) -> Verify {
        if self.keys.is_empty() && !backup.encrypt_to.is_empty() { Verify::Checksum } else { backup.verify }
    }
}

/// Whether a server has answered; a refusal is no fault of the step.
fn answers<T>(answer: Result<T, Fault>) -> Result<bool, Fault> {
    match answer {
        Err(fault) if fault.kind.is_passing() => Err(fault),
        answer => Ok(answer.is_ok()),
    }
}

/// Removes what earlier tries of the same apply have left of scratch databases, unless the server refuses that.
async fn tidied(backups: &Backups<'_>) -> Result<(), Fault> {
    let mut tidied = backups.given_up().await;
    for _ in 1..TRIES {
        match &tidied {
            Err(fault) if fault.kind != FaultKind::Denied => sleep(PAUSE).await,
            _ => break,
        }
        tidied = backups.given_up().await;
    }
    answers(tidied).map(drop)
}

/// The backups of a database that an order may need.
fn kept<'a>(order: &Order<'a>, database: &str) -> Result<(&'a Backup, Shelf), Fault> {
    let at = Address::new(Kind::Backup, database);
    let Some(Resource::Backup(backup)) = order.requirement(&at) else { return Err(odd(order)) };
    Ok((backup, shelf(order, backup)))
}

fn put_back(made: &Manifest, kept: Option<String>) -> Effect {
    let kept = kept.map(|name| format!(", the database of before is kept as `{name}`"));
    Effect { objects: Vec::new(), note: format!("{} restored{}", made.name, kept.unwrap_or_default()) }
}

fn shelf(order: &Order<'_>, backup: &Backup) -> Shelf {
    Shelf::new(&order.root.join(&backup.dir), &backup.database)
}

fn database<'a>(order: &Order<'a>, backup: &Backup) -> Result<&'a Database, Fault> {
    let at = Address::new(Kind::Database, &backup.database);
    order.requirement(&at).and_then(Resource::database).ok_or_else(|| odd(order))
}

fn note(tried: &Manifest, backup: &Backup, removed: &[Manifest]) -> String {
    let how = match (tried.is_restorable(), backup.verify) {
        (true, _) => "restored and compared",
        (false, Verify::Checksum) => "read back",
        (false, Verify::Restore) => "read back, not restored: OMNI_AGE_KEYS names no key to it",
    };
    let tools = tried.tools.as_ref().map(|whose| format!(", with `pg_dump` {whose}"));
    let empty = if tried.is_empty { ", no row in it" } else { "" };
    let removed = match removed {
        [] => String::new(),
        [one] => format!(", {} removed by `keep`", one.name),
        several => format!(", {} older ones removed by `keep`", several.len()),
    };
    format!("{}, {how}{}{empty}{removed}", size(tried.size), tools.unwrap_or_default())
}
