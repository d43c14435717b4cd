//! `Bench`: a folder of backups, and what making them takes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use omni::provider::backup::tools::host::HostTools;
use omni::provider::backup::{Backups, Keys, Shelf};
use omni::provider::database::{Anywhere, Connect, Session, Target};
use tempfile::TempDir;

/// A folder of backups.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) shelf: Shelf,
    pub(crate) keys: Keys,
    pub(crate) tools: HostTools,
    pub(crate) connect: Arc<Anywhere>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(&folder.path().join("backups"), "shop");
        let bench = Self {
            folder,
            shelf,
            keys: Keys::default(),
            tools: HostTools { folder: Some(crate::postgres::programs()) },
            connect: Arc::new(Anywhere::default()),
        };
        std::fs::create_dir(bench.folder.path().join("data")).unwrap();
        bench
    }

    /// The backups of the database at a URL, under which progress is noted.
    pub(crate) fn on<'a>(&'a self, url: &str, hear: &'a (dyn Fn(String) + Send + Sync)) -> Backups<'a> {
        Backups {
            connect: self.connect.clone(),
            tools: &self.tools,
            target: target(url),
            ledger: None,
            shelf: &self.shelf,
            safety: None,
            keys: &self.keys,
            op: None,
            progress: hear,
        }
    }

    pub(crate) async fn session(&self, url: &str) -> Box<dyn Session> {
        self.connect.connect(&target(url)).await.unwrap()
    }

    /// The names of all files in the folder of the backups.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("backups")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A file of `SQLite` with a few things in it; its URL.
    pub(crate) async fn sqlite(&self, name: &str) -> String {
        let url = format!("sqlite:{}?mode=rwc", self.folder.path().join("data").join(name).display());
        let mut session = self.session(&url).await;
        session.run(SQLITE).await.unwrap();
        url
    }
}

/// How the tests speak to a database.
pub(crate) fn target(url: &str) -> Target {
    Target {
        url: url.to_owned(),
        name: "shop".to_owned(),
        application: "omni/test".to_owned(),
        connect_timeout: Duration::from_secs(10),
        lock_timeout: Duration::from_secs(1),
        statement_timeout: Some(Duration::from_secs(30)),
        is_look: false,
    }
}

/// Nobody.
pub(crate) fn nobody() -> BTreeSet<String> {
    BTreeSet::new()
}

const SQLITE: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, photo BLOB, weight REAL);
CREATE TABLE \"odd \"\"name'\" (a, b TEXT DEFAULT 'x;y', c INTEGER GENERATED ALWAYS AS (a + 1) STORED);
CREATE INDEX by_weight ON users (weight DESC) WHERE weight > 0;
CREATE VIEW heavy AS SELECT email FROM users WHERE weight > 100;
CREATE TRIGGER watch AFTER INSERT ON users BEGIN UPDATE users SET weight = 1 WHERE id = new.id AND weight IS NULL; END;
CREATE VIRTUAL TABLE words USING fts5(body);
INSERT INTO words VALUES ('what was said'), ('what was written');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO users (email, photo, weight) SELECT 'user' || i || '@example.org', randomblob(200), i / 3.0 FROM n;
DELETE FROM users WHERE id > 490;
INSERT INTO \"odd \"\"name'\" (a) VALUES (1), (NULL), (x'00ff');
PRAGMA user_version = 42;
PRAGMA application_id = 77";
