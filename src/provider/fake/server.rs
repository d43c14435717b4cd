//! The databases of the fake as those of one server: statements on any of them make, drop and rename others, and ask.
//!
//! A rename holds both names until its transaction ends, and whoever needs one of them waits; a database in which
//! somebody is connected is neither renamed nor copied. What is in one is left to `database`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::provider::database::Target;
use crate::provider::fake::FakeEngine;
use crate::provider::fake::database::{Connection, FakeDatabase, gone, refused};
use crate::provider::fake::world::World;
use crate::provider::{Fault, FaultKind};

/// How often it is looked whether a wait is over.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a rename or a copy waits for those who are connected.
const PATIENCE: Duration = Duration::from_secs(5);

/// A statement about a whole database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whole {
    Create { name: String, template: String },
    Drop { name: String, is_forced: bool },
    Rename { from: String, to: String },
}

impl Whole {
    /// The statement of a text; none where it is of another kind.
    pub(super) fn of(statement: &str) -> Option<Self> {
        let words: Vec<_> = statement.split_whitespace().map(|word| word.trim_matches('"')).collect();
        match words.as_slice() {
            ["CREATE", "DATABASE", name, "TEMPLATE", template, ..] => {
                Some(Self::Create { name: (*name).to_owned(), template: (*template).to_owned() })
            }
            ["DROP", "DATABASE", "IF", "EXISTS", name, rest @ ..] | ["DROP", "DATABASE", name, rest @ ..] => {
                Some(Self::Drop { name: (*name).to_owned(), is_forced: rest.contains(&"(FORCE)") })
            }
            ["ALTER", "DATABASE", from, "RENAME", "TO", to] => {
                Some(Self::Rename { from: (*from).to_owned(), to: (*to).to_owned() })
            }
            _ => None,
        }
    }

    fn needs(&self, name: &str) -> bool {
        match self {
            Self::Create { name: own, .. } | Self::Drop { name: own, .. } => own == name,
            Self::Rename { from, to } => from == name || to == name,
        }
    }
}

/// The database of a URL: `shop` of `postgres://omni@db/shop?sslmode=require`.
pub(super) fn database(target: &Target) -> String {
    let place = target.url.split('?').next().unwrap_or_default();
    let path = place.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    path.map_or_else(|| target.name.clone(), |(_, name)| name.to_owned())
}

impl FakeEngine {
    /// Waits, as a server does, until no other transaction holds a name that a statement needs, and until nobody is
    /// connected to what it renames or copies.
    pub(super) async fn wait_for(&self, whole: &Whole, number: u64, longest: Duration) -> Result<(), Fault> {
        let is_held = |world: &mut World| world.is_held(number, &|name| whole.needs(name));
        self.until(longest, |world| !is_held(world))
            .await
            .map_err(|()| Fault::new(FaultKind::Conflict, "canceling statement due to lock timeout (55P03)"))?;
        if let Whole::Rename { from: whole, .. } | Whole::Create { template: whole, .. } = whole {
            // Whether they have gone is looked at once more when it is done.
            let has_gone = |world: &mut World| world.databases.get(whole).is_none_or(|one| one.connections.is_empty());
            let _ = self.until(PATIENCE, has_gone).await;
        }
        Ok(())
    }

    /// The same for whoever connects to a database.
    pub(super) async fn wait_to_enter(&self, name: &str, longest: Duration) -> Result<(), Fault> {
        let is_free = |world: &mut World| !world.is_held(0, &|held| held == name);
        self.until(longest, is_free)
            .await
            .map_err(|()| Fault::new(FaultKind::Unreachable, "nobody answers at the database's address"))
    }

    async fn until(&self, longest: Duration, is_so: impl Fn(&mut World) -> bool) -> Result<(), ()> {
        let until = Instant::now() + longest;
        while !self.with(|world| is_so(world)) {
            if Instant::now() >= until {
                return Err(());
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

impl World {
    /// Whether the open transaction of another connection holds such a name.
    fn is_held(&self, number: u64, is_it: &dyn Fn(&str) -> bool) -> bool {
        let connections = self.databases.values().flat_map(|database| &database.connections);
        let mut others = connections.filter(|(other, _)| **other != number);
        others.any(|(_, one)| one.renames.iter().any(|(from, to)| is_it(from) || is_it(to)))
    }

    /// A statement about a whole database, on a connection to this one.
    pub(super) fn whole(&mut self, on: &str, number: u64, whole: &Whole) -> Result<(), Fault> {
        if self.is_held(number, &|name| whole.needs(name)) {
            return Err(Fault::new(FaultKind::Conflict, "canceling statement due to lock timeout (55P03)"));
        }
        let is_open = self.connection(on, number)?.open.is_some();
        let exists = |name: &str| refused("42P04", &format!("database \"{name}\" already exists"));
        let missing = |name: &str| refused("3D000", &format!("database \"{name}\" does not exist"));
        let in_use = |name: &str| refused("55006", &format!("database \"{name}\" is being accessed by other users"));
        let is_used =
            |world: &Self, name: &str| world.databases.get(name).is_some_and(|one| !one.connections.is_empty());
        match whole {
            Whole::Create { .. } | Whole::Drop { .. } if is_open => {
                return Err(refused("25001", "it cannot run inside a transaction block"));
            }
            Whole::Create { name, .. } if self.databases.contains_key(name) => return Err(exists(name)),
            Whole::Create { template, .. } if is_used(self, template) => return Err(in_use(template)),
            Whole::Create { name, template } => {
                // What is there from the start is empty.
                let content = self.databases.get(template).map(|copied| copied.content.clone()).unwrap_or_default();
                self.databases.insert(name.clone(), FakeDatabase { content, ..FakeDatabase::default() });
            }
            Whole::Drop { name, is_forced } if !is_forced && is_used(self, name) => return Err(in_use(name)),
            Whole::Drop { name, .. } => {
                self.databases.remove(name);
            }
            Whole::Rename { from, to } => {
                let renames = self.connection(on, number)?.renames.clone();
                let is_freed = |name: &str| renames.iter().any(|(old, _)| old == name);
                if !self.databases.contains_key(from) {
                    return Err(missing(from));
                }
                if self.databases.contains_key(to) && !is_freed(to) {
                    return Err(exists(to));
                }
                if is_used(self, from) {
                    return Err(in_use(from));
                }
                self.connection(on, number)?.renames.push((from.clone(), to.clone()));
            }
        }
        Ok(())
    }

    /// Commits what a connection has open.
    pub(super) fn commit(&mut self, on: &str, number: u64) -> Result<(), Fault> {
        let found = self.databases.get_mut(on).ok_or_else(gone)?;
        let connection = found.connection(number)?;
        let open = connection.open.take();
        let is_failed = std::mem::take(&mut connection.is_failed);
        let renames = std::mem::take(&mut connection.renames);
        match open {
            Some(open) if !is_failed => found.content = open,
            Some(_) => return Err(refused("25P02", "the transaction has failed, and was taken back")),
            None => return Err(refused("25P01", "there is no transaction")),
        }
        for (from, to) in renames {
            if let Some(renamed) = self.databases.remove(&from) {
                self.databases.insert(to, renamed);
            }
        }
        Ok(())
    }

    fn connection(&mut self, on: &str, number: u64) -> Result<&mut Connection, Fault> {
        self.databases.get_mut(on).ok_or_else(gone)?.connection(number)
    }

    /// The one value of a query on a connection to this database.
    pub(super) fn value(&mut self, on: &str, number: u64, query: &str) -> Result<Option<String>, Fault> {
        let now = self.clock().as_millisecond();
        let is_open = self.connection(on, number)?.open.is_some();
        let asks = |words: &str| query.contains(words);
        if asks("pg_terminate_backend") {
            let name = literal(query);
            let others = self.databases.get_mut(name).map(|database| &mut database.connections);
            let others = others.map(|connections| {
                let many = connections.len();
                connections.retain(|other, _| *other == number);
                many - connections.len()
            });
            return Ok(Some(others.unwrap_or_default().to_string()));
        }
        if asks("clock_timestamp") {
            return Ok(Some(now.to_string()));
        }
        if asks("pg_export_snapshot") {
            let none = || refused("25P01", "there is no transaction");
            return is_open.then(|| Some(number.to_string())).ok_or_else(none);
        }
        if let Some((_, rest)) = query.split_once("datname LIKE '") {
            let prefix = rest.split('%').next().unwrap_or_default().replace('\\', "");
            let is_idle = |one: &FakeDatabase| one.connections.is_empty() || !asks("pg_stat_activity");
            let found = self.databases.iter().filter(|(name, one)| name.starts_with(&prefix) && is_idle(one));
            let names: Vec<_> = found.map(|(name, _)| name.as_str()).collect();
            return Ok((!names.is_empty()).then(|| names.join(",")));
        }
        if asks("SELECT 'yes' FROM pg_catalog.pg_database") {
            return Ok(self.databases.contains_key(literal(query)).then(|| "yes".to_owned()));
        }
        if asks("ENCODING %L") {
            return Ok(Some("ENCODING 'UTF8'".to_owned()));
        }
        // What is built here has no length.
        if asks("pg_stat_progress") {
            return Ok(None);
        }
        // No database of the fake has settings or rights of its own.
        if asks("string_agg(statement, chr(31)") {
            return Ok(None);
        }
        Ok(self.databases.get(on).and_then(|database| database.value(number, query)))
    }
}

/// The first text in quotes that a query names.
fn literal(query: &str) -> &str {
    let named = query.split_once("datname = ").map_or(query, |(_, rest)| rest);
    named.split('\'').nth(1).unwrap_or_default()
}
