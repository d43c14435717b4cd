//! `FakeSession`: the calls of a session on the fake's databases. Each can go wrong as a call to the engine can.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;

use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::{Ledger, Row, Writing};
use crate::migration::{Dialect, Mark};
use crate::provider::database::{Connect, Facts, Session, Target};
use crate::provider::fake::database::{Connection, FakeDatabase, gone, refused};
use crate::provider::fake::server::{self, Whole};
use crate::provider::fake::world::World;
use crate::provider::fake::{Call, FakeEngine};
use crate::provider::{Fault, FaultKind};

/// How long the server goes on with a session whose client is gone.
const UNNOTICED: Duration = Duration::from_millis(300);
/// How long an index is being built: longer than it takes to try again, so that its session is ended meanwhile.
const BUILDS: Duration = Duration::from_millis(200);

/// One connection to a database of the fake.
struct FakeSession {
    engine: FakeEngine,
    facts: Facts,
    name: String,
    number: u64,
    /// How long it waits for a lock.
    patience: Duration,
    /// Whether an answer was lost: the connection is gone then.
    is_lost: bool,
}

impl FakeEngine {
    /// Makes an empty database of this name.
    pub fn add_database(&self, name: &str) {
        self.with(|world| world.databases.insert(name.to_owned(), FakeDatabase::default()));
    }

    /// Writes so many rows into a table by hand. Nothing where there is no such table.
    pub fn write_rows(&self, database: &str, table: &str, many: u64) {
        self.with(|world| {
            let found = world.databases.get_mut(database).and_then(|found| found.content.tables.get_mut(table));
            if let Some(rows) = found {
                *rows += many;
            }
        });
    }

    /// The tables of a database, with how many rows each has.
    #[must_use]
    pub fn rows(&self, database: &str) -> BTreeMap<String, u64> {
        self.with(|world| world.databases.get(database).map(|found| found.content.tables.clone()).unwrap_or_default())
    }

    /// The indexes of a database, and whether each is valid.
    #[must_use]
    pub fn indexes(&self, database: &str) -> BTreeMap<String, bool> {
        self.with(|world| world.databases.get(database).map(|found| found.content.indexes.clone()).unwrap_or_default())
    }

    /// What the ledger of a database has, in order.
    #[must_use]
    pub fn ledger(&self, database: &str) -> Vec<String> {
        self.with(|world| {
            world.databases.get(database).and_then(|found| found.content.ledger.clone()).unwrap_or_default()
        })
    }

    /// The names of all databases, sorted.
    #[must_use]
    pub fn databases(&self) -> Vec<String> {
        self.with(|world| world.databases.keys().cloned().collect())
    }

    /// What is in a database, for those who compare: its tables, its indexes, its ledger.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        self.with(|world| {
            let Some(found) = world.databases.get(name) else { return "none".to_owned() };
            let content = &found.content;
            format!("{:?} {:?} {:?}", content.tables, content.indexes, content.ledger)
        })
    }

    /// How many sessions and locks a database has: none, once everybody has gone.
    #[must_use]
    pub fn sessions(&self, name: &str) -> usize {
        self.with(|world| world.databases.get(name).map_or(0, |found| found.connections.len()))
    }
}

#[async_trait]
impl Connect for FakeEngine {
    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, Fault> {
        let (name, application) = (server::database(target), target.application.clone());
        self.wait_to_enter(&name, target.connect_timeout).await?;
        let (database, patience) = (name.clone(), target.lock_timeout);
        let heard = Arc::new(AtomicBool::new(false));
        let is_heard = Arc::clone(&heard);
        let number = self
            .act(Call::read("connect", &name.clone()), move |world| {
                let number = world.number();
                let Some(found) = world.databases.get_mut(&name) else {
                    return Err(Fault::new(FaultKind::NotFound, format!("database \"{name}\" does not exist")));
                };
                found.connections.insert(number, Connection { application, ..Connection::default() });
                // Nobody uses a connection of which its client has not heard.
                let when = world.now + UNNOTICED;
                world.later(when, move |world| {
                    if let Some(found) = world.databases.get_mut(&name).filter(|_| !is_heard.load(Relaxed)) {
                        found.end(number);
                    }
                });
                Ok(number)
            })
            .await
            .map_err(unreached)?;
        heard.store(true, Relaxed);
        let facts = Facts {
            dialect: Dialect::Postgres,
            version: "fake 1".to_owned(),
            major: 15,
            database: database.clone(),
            schema: "public".to_owned(),
            user: "omni".to_owned(),
        };
        let engine = self.clone();
        Ok(Box::new(FakeSession { engine, facts, name: database, number, patience, is_lost: false }))
    }
}

/// Whoever gets no connection has done nothing.
fn unreached(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Unknown => Fault { kind: FaultKind::Unreachable, ..fault },
        _ => fault,
    }
}

impl FakeSession {
    async fn act<T: Send + 'static>(
        &mut self,
        call: Call,
        effect: impl FnOnce(&mut FakeDatabase, u64) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let on =
            |world: &mut World, name: &str, number| effect(world.databases.get_mut(name).ok_or_else(gone)?, number);
        self.act_in(call, on).await
    }

    /// The same for what concerns the whole server.
    async fn act_in<T: Send + 'static>(
        &mut self,
        call: Call,
        effect: impl FnOnce(&mut World, &str, u64) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        if self.is_lost {
            return Err(gone());
        }
        let (name, number) = (self.name.clone(), self.number);
        let answer =
            self.engine.act(call, move |world| effect(world, &name, number)).await.map_err(|fault| match fault.kind {
                // A call that cannot be sent finds its connection broken.
                FaultKind::Unreachable => gone(),
                _ => fault,
            });
        if let Err(fault) = &answer {
            match fault.kind {
                FaultKind::Unknown => self.is_lost = true,
                // Whatever is refused in a transaction ends it.
                _ => self.fail(),
            }
        }
        answer
    }

    fn fail(&self) {
        self.engine.with(|world| {
            let found = world.databases.get_mut(&self.name).and_then(|found| found.connections.get_mut(&self.number));
            if let Some(connection) = found {
                connection.is_failed = connection.open.is_some();
            }
        });
    }

    fn read(&self, method: &'static str) -> Call {
        Call::read(method, &self.name)
    }

    fn change(&self, method: &'static str) -> Call {
        Call::change(method, &self.name)
    }
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        let (name, number) = (self.name.clone(), self.number);
        self.engine.with(|world| {
            let when = world.now + UNNOTICED;
            world.later(when, move |world| {
                if let Some(found) = world.databases.get_mut(&name) {
                    found.end(number);
                }
            });
        });
    }
}

#[async_trait]
impl Session for FakeSession {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn try_lock(&mut self, keys: &[i64]) -> Result<bool, Fault> {
        let keys = keys.to_vec();
        self.act(self.read("try_lock"), move |found, number| {
            let others = found.connections.iter().filter(|(other, _)| **other != number);
            if others.into_iter().any(|(_, one)| keys.iter().any(|key| one.locks.contains(key))) {
                return Ok(false);
            }
            found.connection(number)?.locks.extend(keys);
            Ok(true)
        })
        .await
    }

    async fn end_others(&mut self, application: &str) -> Result<usize, Fault> {
        let application = application.to_owned();
        self.act(self.change("end_others"), move |found, number| {
            let all =
                found.connections.iter().filter(|(other, one)| **other != number && one.application == application);
            let others: Vec<_> = all.map(|(other, _)| *other).collect();
            for other in &others {
                found.end(*other);
            }
            Ok(others.len())
        })
        .await
    }

    async fn begin(&mut self) -> Result<(), Fault> {
        self.act(self.read("begin"), |found, number| {
            let copy = found.content.clone();
            let connection = found.connection(number)?;
            (connection.open, connection.renames) = (Some(copy), Vec::new());
            Ok(())
        })
        .await
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.act_in(self.change("commit"), World::commit).await
    }

    async fn abort(&mut self) -> Result<(), Fault> {
        self.act(self.read("abort"), |found, number| {
            let connection = found.connection(number)?;
            (connection.open, connection.is_failed) = (None, false);
            connection.renames.clear();
            Ok(())
        })
        .await
    }

    async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        if let Some(whole) = Whole::of(statement) {
            if !self.is_lost {
                self.engine.wait_for(&whole, self.number, self.patience).await?;
            }
            let call = self.change("statement");
            return self.act_in(call, move |world, on, number| world.whole(on, number, &whole)).await;
        }
        let (text, name, number) = (statement.to_owned(), self.name.clone(), self.number);
        let (begun, settled) = (text.clone(), text);
        // What it makes first is there at once; the rest takes a while, and is not done once the session is ended.
        self.engine.with(|world| {
            let ends = world.now + BUILDS;
            world.later(ends, move |world| {
                if let Some(found) = world.databases.get_mut(&name) {
                    found.settle(number, &settled);
                }
            });
        });
        self.act(self.change("statement"), move |found, number| found.run(number, &begun)).await?;
        if statement.contains("CONCURRENTLY") {
            tokio::time::sleep(BUILDS).await;
        }
        Ok(())
    }

    async fn ledger(&mut self, _: &Ledger) -> Result<Option<Vec<Row>>, Fault> {
        self.act(self.read("ledger"), |found, number| Ok(FakeDatabase::rows(found.seen(number)))).await
    }

    async fn make_ledger(&mut self, _: &Ledger) -> Result<(), Fault> {
        let make = |found: &mut FakeDatabase, number| {
            found.change(number, |content| {
                content.ledger.get_or_insert_default();
                Ok(())
            })
        };
        self.act(self.change("make_ledger"), make).await
    }

    async fn record(&mut self, _: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        let version = writing.script.version.clone();
        self.act(self.change("record"), move |found, number| {
            found.change(number, |content| {
                let rows = content.ledger.get_or_insert_default();
                if rows.contains(&version) {
                    return Err(refused("23505", "duplicate key value"));
                }
                rows.push(version);
                Ok(())
            })
        })
        .await
    }

    async fn record_begun(&mut self, _: &Ledger, _: &Writing<'_>) -> Result<(), Fault> {
        self.act(self.change("record_begun"), |_, _| Ok(())).await
    }

    async fn unrecord(&mut self, _: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        let version = writing.script.version.clone();
        self.act(self.change("unrecord"), move |found, number| {
            found.change(number, |content| {
                content.ledger.get_or_insert_default().retain(|one| *one != version);
                Ok(())
            })
        })
        .await
    }

    async fn marks(&mut self) -> Result<Vec<Mark>, Fault> {
        self.act(self.read("marks"), |found, number| Ok(found.seen(number).marks.values().cloned().collect())).await
    }

    async fn mark_of(&mut self, migration: &str) -> Result<Option<Mark>, Fault> {
        let migration = migration.to_owned();
        self.act(self.read("marks"), move |found, number| Ok(found.seen(number).marks.get(&migration).cloned())).await
    }

    async fn mark(&mut self, mark: &Mark) -> Result<(), Fault> {
        let mark = mark.clone();
        self.act(self.change("mark"), move |found, number| {
            found.change(number, |content| {
                content.marks.insert(mark.migration.clone(), mark);
                Ok(())
            })
        })
        .await
    }

    async fn unmark(&mut self, migration: &str) -> Result<(), Fault> {
        let migration = migration.to_owned();
        self.act(self.change("unmark"), move |found, number| {
            found.change(number, |content| {
                content.marks.remove(&migration);
                Ok(())
            })
        })
        .await
    }

    async fn catalogue(&mut self, _: &[String]) -> Result<Catalogue, Fault> {
        self.act(self.read("catalogue"), |found, number| Ok(FakeDatabase::catalogue(found.seen(number)))).await
    }

    async fn value(&mut self, query: &str) -> Result<Option<String>, Fault> {
        let query = query.to_owned();
        self.act_in(self.read("value"), move |world, on, number| world.value(on, number, &query)).await
    }
}
