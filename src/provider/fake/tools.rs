//! The programs that dump a database of the fake's server, and restore one. A dump is its content as JSON.
//!
//! Each is two calls, so that it can fail before it did anything and half way. What it did itself ends with it: whoever
//! starts a program hears of its end.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::provider::backup::Tools;
use crate::provider::backup::tools::Dumping;
use crate::provider::database::Target;
use crate::provider::fake::database::{Content, FakeDatabase, gone, refused};
use crate::provider::fake::server::database;
use crate::provider::fake::world::World;
use crate::provider::fake::{Call, FakeEngine};
use crate::provider::{Fault, FaultKind};

#[async_trait]
impl Tools for FakeEngine {
    fn whose(&self) -> String {
        "of the fake".to_owned()
    }

    async fn dump(&self, target: &Target, _major: u32, snapshot: &str) -> Result<Dumping, Fault> {
        let (name, snapshot) = (database(target), snapshot.to_owned());
        let from = name.clone();
        let read = self.act(Call::read("dump", &name), move |world| {
            let found = world.databases.get(&from).ok_or_else(gone)?;
            let exported = snapshot.parse().ok().and_then(|number: u64| found.connections.get(&number));
            let content = exported.and_then(|connection| connection.open.clone());
            content.ok_or_else(|| refused("22023", "invalid snapshot identifier"))
        });
        let (bytes, ended) = match read.await {
            Err(fault) => (Vec::new(), Err(fault)),
            Ok(content) => {
                let bytes = serde_json::to_vec(&content).unwrap_or_default();
                let ended = self.act(Call::read("dumped", &name), |_| Ok(())).await;
                let written = if ended.is_ok() { bytes.len() } else { bytes.len() / 2 };
                (bytes[..written].to_vec(), ended)
            }
        };
        let ended = ended.map_err(|fault| failed("pg_dump", &fault));
        Ok(Dumping { output: Box::pin(Cursor::new(bytes)), ended: Box::pin(async { ended }) })
    }

    async fn schema(&self, target: &Target, _major: u32) -> Result<String, Fault> {
        let name = database(target);
        let from = name.clone();
        let written = self.act(Call::read("schema", &name), move |world| {
            let found = world.databases.get(&from).ok_or_else(gone)?;
            Ok(found.content.schema())
        });
        written.await.map_err(|fault| failed("pg_dump", &fault))
    }

    async fn restore(
        &self,
        target: &Target,
        _major: u32,
        dump: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<(), Fault> {
        let name = database(target);
        let mut bytes = Vec::new();
        let early = |error| Fault::new(FaultKind::Failed, format!("the backup ends early: {error}"));
        dump.read_to_end(&mut bytes).await.map_err(early)?;
        let content: Content = serde_json::from_slice(&bytes)
            .map_err(|error| Fault::new(FaultKind::Failed, format!("`pg_restore` failed: {error}")))?;
        let half = content.tables.iter().take(content.tables.len() / 2);
        let half = Content { tables: half.map(|(name, _)| (name.clone(), 0)).collect(), ..Content::default() };
        self.fill("restore", &name, half).await?;
        self.fill("restored", &name, content).await
    }
}

impl FakeEngine {
    /// Puts something into a database, unless the program has ended by then.
    async fn fill(&self, method: &'static str, name: &str, content: Content) -> Result<(), Fault> {
        let runs = Arc::new(AtomicBool::new(true));
        let (still, into) = (Arc::clone(&runs), name.to_owned());
        let fill = move |world: &mut World| {
            let found: &mut FakeDatabase = world.databases.get_mut(&into).ok_or_else(gone)?;
            if still.load(Relaxed) {
                found.content = content;
            }
            Ok(())
        };
        let filled = self.act(Call::change(method, name), fill).await;
        runs.store(false, Relaxed);
        filled.map_err(|fault| failed("pg_restore", &fault))
    }
}

/// What is heard of a program that ended badly, whatever that was.
fn failed(program: &str, fault: &Fault) -> Fault {
    Fault::new(FaultKind::Failed, format!("`{program}` failed: {}", fault.message))
}
