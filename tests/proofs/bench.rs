//! `Bench`: a server or a folder with a base schema, from which each case gets a scratch database of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use omni::clock::Clock;
use omni::migration::proof::{Copied, Proof};
use omni::migration::{Piece, Script};
use omni::provider::Fault;
use omni::provider::database::postgres::Postgres;
use omni::provider::database::prove::{Options, prove};
use omni::provider::database::scratch::Scratch;
use omni::provider::database::scratch::postgres::PostgresScratch;
use omni::provider::database::scratch::sqlite::SqliteScratch;
use omni::provider::database::sqlite::Sqlite;
use omni::provider::database::{Connect, Session, Target};
use tempfile::TempDir;

use crate::postgres::Server;

/// Where scratch databases are made.
pub(crate) enum Bench {
    Server(Box<Server>, Arc<dyn Connect>),
    Folder(TempDir, Arc<dyn Connect>),
}

impl Bench {
    /// A server that may lose what it holds.
    pub(crate) async fn server() -> Self {
        let mut server = Server::start().await;
        server.kill();
        server.start_again(&["fsync=off", "full_page_writes=off", "autovacuum=off"]).await;
        Self::Server(Box::new(server), Arc::new(Postgres::default()))
    }

    pub(crate) fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap(), Arc::new(Sqlite))
    }

    pub(crate) fn connect(&self) -> &Arc<dyn Connect> {
        match self {
            Self::Server(_, connect) | Self::Folder(_, connect) => connect,
        }
    }

    /// The way to a database of this name; it is made where it is a file.
    pub(crate) fn target(&self, name: &str) -> Target {
        target(&match self {
            Self::Server(server, _) => server.url(name),
            Self::Folder(..) => format!("sqlite:{}?mode=rwc", self.path(name).display()),
        })
    }

    /// A path that no two calls have.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let Self::Folder(folder, _) = self else { panic!("a server has no files") };
        folder.path().join(name)
    }

    pub(crate) async fn session(&self, name: &str) -> Box<dyn Session> {
        self.connect().connect(&self.target(name)).await.unwrap_or_else(|fault| panic!("{fault:?}"))
    }

    /// A scratch database with this schema in it.
    pub(crate) async fn scratch(&self, schema: &str) -> Box<dyn Scratch> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let run = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let scratch: Box<dyn Scratch> = match self {
            Self::Server(..) => {
                let (server, mut like) = (self.target("postgres"), self.session("postgres").await);
                let connect = Arc::clone(self.connect());
                Box::new(PostgresScratch::make(connect, &server, like.as_mut(), 1_795_427_112, &run).await.unwrap())
            }
            Self::Folder(..) => {
                let (target, mut empty) = (self.target("empty"), self.session("empty").await);
                let connect = Arc::clone(self.connect());
                let path = self.path(&run);
                Box::new(SqliteScratch::of_schema(connect, &target, empty.as_mut(), &path).await.unwrap())
            }
        };
        if !schema.trim().is_empty() {
            scratch.open().await.unwrap().run(schema).await.unwrap_or_else(|fault| panic!("{fault:?}"));
        }
        scratch
    }
}

/// The way to a database.
pub(crate) fn target(url: &str) -> Target {
    Target {
        url: url.to_owned(),
        name: "shop".to_owned(),
        application: "omni/5e551075".to_owned(),
        connect_timeout: Duration::from_secs(30),
        lock_timeout: Duration::from_secs(20),
        statement_timeout: None,
        is_look: false,
    }
}

/// A clock that begins in 1970.
pub(crate) struct Watch(Instant);

impl Watch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }
}

/// Proves scripts on a scratch database without rows.
pub(crate) async fn proof(scratch: &dyn Scratch, scripts: &[Script]) -> Result<Proof, Fault> {
    proof_on(scratch, scripts, Copied::Schema).await
}

/// Proves scripts on a scratch database.
pub(crate) async fn proof_on(scratch: &dyn Scratch, scripts: &[Script], copied: Copied) -> Result<Proof, Fault> {
    let without = ["public.ledger".to_owned()];
    let (clock, progress) = (Watch::start(), |_: omni::provider::database::prove::Progress<'_>| {});
    let options = Options {
        without: &without,
        copied,
        base: None,
        is_alone: false,
        place: "a test",
        clock: &clock,
        progress: &progress,
    };
    prove(scratch, scripts, &options).await
}

/// A script of this name; `-- bare` in a text stands for its tool's own marker.
pub(crate) fn script(name: &str, up: &str, down: Option<&str>) -> Script {
    let piece = |file: &str, text: &str| Piece {
        path: format!("{name}/{file}"),
        line: 1,
        text: text.to_owned(),
        is_bare: text.contains("-- bare"),
    };
    Script {
        name: name.to_owned(),
        version: name.to_owned(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: piece("up.sql", up),
        down: down.map(|down| piece("down.sql", down)),
        verify: None,
    }
}
