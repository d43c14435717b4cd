//! `House`: one memory of a deployment, of which several views can be had, on a machine whose clock and deaths the test
//! decides.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use omni::fingerprint::Key;
use omni::store::{Machine, Memory, Postgres, Sqlite, Store};
use tempfile::TempDir;

use crate::postgres::Server;
use crate::sample;

/// The clock and the deaths of a machine.
#[derive(Clone)]
pub(crate) struct Hands {
    now: Arc<Mutex<Timestamp>>,
    dead: Arc<Mutex<Vec<u32>>>,
}

impl Hands {
    pub(crate) fn new() -> Self {
        Self { now: Arc::new(Mutex::new(sample::at(0))), dead: Arc::default() }
    }

    pub(crate) fn wait(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn kill(&self, pid: u32) {
        self.dead.lock().unwrap().push(pid);
    }

    pub(crate) fn machine(&self) -> Machine {
        let (clock, deaths) = (Arc::clone(&self.now), Arc::clone(&self.dead));
        Machine::new(
            move || *clock.lock().unwrap(),
            move |holder| (holder.boot == sample::BOOT).then(|| !deaths.lock().unwrap().contains(&holder.pid)),
        )
    }
}

/// One memory of a deployment.
#[async_trait]
pub(crate) trait House: Send + Sync {
    /// Another view of it, as another process would have.
    async fn view(&self) -> Box<dyn Store>;

    fn hands(&self) -> &Hands;

    /// Whether a lock is free once the session of its holder is gone, on whatever machine that ran.
    fn is_freed_with_its_session(&self) -> bool {
        false
    }

    /// Waits until a view that was dropped is gone.
    async fn until_gone(&self) {}
}

pub(crate) struct InMemory {
    hands: Hands,
    first: Memory,
}

impl InMemory {
    pub(crate) fn new() -> Self {
        let hands = Hands::new();
        let first = Memory::new(sample::scope(), "lineage-1", Key::new([7; 32]), hands.machine());
        Self { hands, first }
    }
}

#[async_trait]
impl House for InMemory {
    async fn view(&self) -> Box<dyn Store> {
        Box::new(self.first.again())
    }

    fn hands(&self) -> &Hands {
        &self.hands
    }
}

pub(crate) struct OnDisk {
    hands: Hands,
    folder: TempDir,
}

impl OnDisk {
    pub(crate) fn new() -> Self {
        Self { hands: Hands::new(), folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        store_in(self.folder.path())
    }

    /// The path of the store, in a folder that is there and empty.
    pub(crate) fn folder_made(&self) -> PathBuf {
        std::fs::create_dir(self.path().parent().unwrap()).unwrap();
        self.path()
    }

    pub(crate) async fn open(&self) -> Sqlite {
        Sqlite::create(&self.path(), &sample::scope(), self.hands.machine()).await.unwrap()
    }
}

/// Where the tests keep a store in a folder.
pub(crate) fn store_in(folder: &Path) -> PathBuf {
    folder.join(".omni").join("shop-prod.sqlite")
}

#[async_trait]
impl House for OnDisk {
    async fn view(&self) -> Box<dyn Store> {
        Box::new(self.open().await)
    }

    fn hands(&self) -> &Hands {
        &self.hands
    }
}

/// A database on a server.
pub(crate) struct Served<'s> {
    hands: Hands,
    server: &'s Server,
    name: String,
    pub(crate) url: String,
}

impl<'s> Served<'s> {
    pub(crate) async fn new(server: &'s Server, name: &str) -> Self {
        Self {
            hands: Hands::new(),
            server,
            name: name.to_owned(),
            url: {
                server.database(name).await;
                server.socket_url(name)
            },
        }
    }

    pub(crate) async fn open(&self) -> Postgres {
        Postgres::create(&self.url, &sample::scope(), self.hands.machine()).await.unwrap()
    }
}

#[async_trait]
impl House for Served<'_> {
    async fn view(&self) -> Box<dyn Store> {
        Box::new(self.open().await)
    }

    fn hands(&self) -> &Hands {
        &self.hands
    }

    fn is_freed_with_its_session(&self) -> bool {
        true
    }

    async fn until_gone(&self) {
        self.server.until_unlocked(&self.name).await;
    }
}
