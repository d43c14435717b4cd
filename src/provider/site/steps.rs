//! The steps of databases: done, and taken back.

use std::collections::BTreeMap;

use crate::address::{Address, Kind};
use crate::journal::Effect;
use crate::migration::{Piece, Script, Way};
use crate::plan::{Action, Inverse};
use crate::provider::database::{Became, Migrating, Session};
use crate::provider::engine::Engine;
use crate::provider::site::reach::{alone, target};
use crate::provider::site::{Site, watching};
use crate::provider::{Fault, FaultKind, Order};
use crate::resource::{Database, Migration, Resource, Sheet};
use crate::template::Vault;

impl<E: Engine> Site<E> {
    pub(super) async fn done(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        match (order.change.action, order.address().kind()) {
            // What is in a database stays: it is only looked after no more.
            (Action::Keep, _) | (Action::Delete, Kind::Database) => Ok(Effect::default()),
            (_, Kind::Database) => self.answers(order).await,
            (Action::Run, Kind::Backup) => self.backed_up(order).await,
            (Action::Run, Kind::Proof) => self.proven(order).await,
            (Action::Run, Kind::Migration) => self.migrated(order, Way::Up).await,
            (Action::Delete, Kind::Migration) => self.migrated(order, Way::Down).await,
            _ => Err(odd(order)),
        }
    }

    pub(super) async fn undone(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        match (order.change.action, order.address().kind()) {
            (Action::Keep, _) | (_, Kind::Database) => Ok(Effect::default()),
            (_, Kind::Backup) => self.kept_backup(order).await,
            (Action::Run, Kind::Proof) => self.unproven(order).await,
            (Action::Run, Kind::Migration) => self.unmigrated(order, Way::Up).await,
            (Action::Delete, Kind::Migration) => self.unmigrated(order, Way::Down).await,
            _ => Err(odd(order)),
        }
    }

    /// Waits until the database answers a query.
    async fn answers(&self, order: &Order<'_>) -> Result<Effect, Fault> {
        let database = order.change.after.as_ref().and_then(Resource::database).ok_or_else(|| odd(order))?;
        let mut session = self.reached(order, order.address().name(), database).await?;
        session.value("SELECT 1").await?;
        Ok(Effect { objects: Vec::new(), note: session.facts().version.clone() })
    }

    async fn migrated(&self, order: &Order<'_>, way: Way) -> Result<Effect, Fault> {
        let work = Work::of(order)?;
        let mut session = self.session(order, &work).await?;
        let mut migrating = work.on(&mut *session, order)?;
        let became = self.heard(order, &work, way, async {
            match way {
                Way::Up => migrating.up().await,
                Way::Down => migrating.down().await,
            }
        });
        let became = became.await?;
        let note = match (became, way) {
            (Became::Already, Way::Up) => "was applied already",
            (Became::Already, Way::Down) => "was taken back already",
            (Became::Ours, Way::Up) => "applied",
            (Became::Ours, Way::Down) => "taken back",
        };
        let objects = if way == Way::Up { vec![work.script.version.clone()] } else { Vec::new() };
        Ok(Effect { objects, note: note.to_owned() })
    }

    async fn unmigrated(&self, order: &Order<'_>, way: Way) -> Result<Effect, Fault> {
        let work = Work::of(order)?;
        let mut session = self.session(order, &work).await?;
        if order.change.inverse == Inverse::Restore {
            let has_begun = Self::has_begun(order, &work.script.name, &mut *session).await?;
            drop(session);
            let database = &work.migration.database;
            let effect =
                if has_begun { self.put_back(order, database).await? } else { self.is_back(order, database).await? };
            let objects = if way == Way::Down { vec![work.script.version.clone()] } else { Vec::new() };
            return Ok(Effect { objects, ..effect });
        }
        work.on(&mut *session, order)?.undo(way).await?;
        let objects = if way == Way::Down { vec![work.script.version.clone()] } else { Vec::new() };
        Ok(Effect { objects, note: String::new() })
    }

    /// Goes a way of a migration, and tells what the server says of one that takes long.
    async fn heard<T>(
        &self,
        order: &Order<'_>,
        work: &Work<'_>,
        way: Way,
        going: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let text = match way {
            Way::Up => Some(&work.script.up.text),
            Way::Down => work.script.down.as_ref().map(|down| &down.text),
        };
        if !text.is_some_and(|text| watching::is_worth_it(work.database.dialect, text)) {
            return going.await;
        }
        let url = self.url(order, work.database).await?;
        let target = target(&work.migration.database, work.database, url, &format!("omni/{}", order.op));
        watching::watched(going, &*self.connect, &target, order.progress).await
    }

    /// A session that has the database of a migration to itself.
    async fn session(&self, order: &Order<'_>, work: &Work<'_>) -> Result<Box<dyn Session>, Fault> {
        let mut session = self.reached(order, &work.migration.database, work.database).await?;
        alone(&mut *session, order, work.database.ledger.as_ref()).await?;
        Ok(session)
    }
}

/// A migration of an order, with its texts.
struct Work<'a> {
    migration: &'a Migration,
    database: &'a Database,
    script: Script,
    previous: Option<Script>,
}

impl<'a> Work<'a> {
    fn of(order: &Order<'a>) -> Result<Self, Fault> {
        let migration = order.change.resource().and_then(Resource::migration).ok_or_else(|| odd(order))?;
        let at = Address::new(Kind::Database, &migration.database);
        let database = order.requirement(&at).and_then(Resource::database).ok_or_else(|| odd(order))?;
        let name = migration.name_in(order.address());
        let script = script(order.vault, name, migration)?;
        let previous = migration.previous.as_ref().map(|one| bare(&one.name, &one.version));
        Ok(Self { migration, database, script, previous })
    }

    fn on<'w>(&'w self, session: &'w mut dyn Session, order: &Order<'w>) -> Result<Migrating<'w>, Fault> {
        Ok(Migrating {
            session,
            ledger: self.database.ledger.as_ref().ok_or_else(|| odd(order))?,
            script: &self.script,
            previous: self.previous.as_ref(),
            op: order.op.as_str(),
            progress: order.progress,
        })
    }
}

/// A migration with its texts.
///
/// # Errors
/// When one of them is not in the vault.
pub fn script(vault: &Vault, name: &str, migration: &Migration) -> Result<Script, Fault> {
    let piece = |sheet: &Sheet| {
        let content = vault.file(&sheet.content).map_err(|missing| {
            Fault::new(FaultKind::Failed, format!("the text of `{}` is not at hand: {missing}", sheet.path))
        })?;
        let text = String::from_utf8_lossy(content).into_owned();
        Ok::<_, Fault>(Piece { path: sheet.path.clone(), line: sheet.line, text, is_bare: sheet.is_bare })
    };
    Ok(Script {
        name: name.to_owned(),
        version: migration.version.clone(),
        description: migration.description.clone(),
        checksum: migration.checksum.clone(),
        equal: migration.equal.clone(),
        up: piece(&migration.up)?,
        down: migration.down.as_ref().map(piece).transpose()?,
        verify: migration.verify.as_ref().map(piece).transpose()?,
    })
}

/// The migrations of a database in order, without their texts.
pub(super) fn chain(resources: &BTreeMap<Address, Resource>, database: &str) -> Vec<Script> {
    let all = Migration::ordered(resources.iter(), database).into_iter();
    all.map(|(address, migration)| bare(migration.name_in(address), &migration.version)).collect()
}

/// A script of which nothing but its name is needed.
fn bare(name: &str, version: &str) -> Script {
    let up = Piece { path: String::new(), line: 1, text: String::new(), is_bare: false };
    Script {
        name: name.to_owned(),
        version: version.to_owned(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up,
        down: None,
        verify: None,
    }
}

pub(super) fn odd(order: &Order<'_>) -> Fault {
    Fault::new(FaultKind::Failed, format!("the plan does not say how {} is done", order.address()))
}
