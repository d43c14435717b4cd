//! `House`: databases of one kind, a fresh one for each case of the contract.

use std::time::Duration;

use omni::fingerprint::Fingerprint;
use omni::migration::catalogue::Catalogue;
use omni::migration::{Dialect, Mark, Way};
use omni::provider::database::postgres::Postgres;
use omni::provider::database::sqlite::Sqlite;
use omni::provider::database::{Connect, Session, Target};
use omni::provider::{Fault, FaultKind};
use tempfile::TempDir;

use crate::postgres::{PASSWORD, Server, USER};

/// What the sessions of the tests are called.
pub(crate) const APPLICATION: &str = "omni/5e551075";

/// Where databases are.
pub(crate) enum House {
    Server(Server, Postgres),
    Folder(TempDir),
}

impl House {
    pub(crate) async fn server() -> Self {
        Self::Server(Server::start().await, Postgres::default())
    }

    pub(crate) fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Server(..) => Dialect::Postgres,
            Self::Folder(_) => Dialect::Sqlite,
        }
    }

    /// A fresh database of this name.
    pub(crate) async fn database(&self, name: &str) -> Target {
        target(&match self {
            Self::Server(server, _) => server.database(name).await,
            Self::Folder(folder) => format!("sqlite:{}?mode=rwc", folder.path().join(name).display()),
        })
    }

    /// The same database of a server, as an account without any rights.
    pub(crate) async fn plain(&self, name: &str) -> Target {
        let Self::Server(server, _) = self else { panic!("a file knows no accounts") };
        server.sql(name, "CREATE ROLE plain LOGIN PASSWORD 'plain'").await;
        target(&server.url(name).replace(&format!("{USER}:{PASSWORD}"), "plain:plain"))
    }

    pub(crate) async fn session(&self, target: &Target) -> Box<dyn Session> {
        let session = match self {
            Self::Server(_, postgres) => postgres.connect(target).await,
            Self::Folder(_) => Sqlite.connect(target).await,
        };
        session.unwrap_or_else(|fault| panic!("{fault:?}"))
    }
}

/// The way to a database.
pub(crate) fn target(url: &str) -> Target {
    Target {
        url: url.to_owned(),
        name: "shop".to_owned(),
        application: APPLICATION.to_owned(),
        connect_timeout: Duration::from_secs(30),
        lock_timeout: Duration::from_secs(20),
        statement_timeout: None,
        is_look: false,
    }
}

/// A mark of a migration.
pub(crate) fn mark(migration: &str, done: u32) -> Mark {
    Mark {
        migration: migration.to_owned(),
        op: "5e551075".to_owned(),
        way: if done == 0 { Way::Down } else { Way::Up },
        done,
        begun: done.is_multiple_of(2),
        whole: done == 1,
        before: Fingerprint::of_bytes(migration.as_bytes()),
    }
}

/// The fault of a call that has to fail.
pub(crate) fn failed<T>(done: Result<T, Fault>) -> Fault {
    done.err().expect("it fails")
}

/// Whether a call failed so, with these words in its message and its help.
#[track_caller]
pub(crate) fn assert_fault<T>(done: Result<T, Fault>, kind: FaultKind, words: &[&str]) {
    let fault = failed(done);
    let said = format!("{} | {}", fault.message, fault.help.clone().unwrap_or_default());
    assert_eq!(fault.kind, kind, "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
}

/// The facts in which two catalogues differ, as lines: `-table | app.users | exists | yes`.
pub(crate) fn difference(before: &Catalogue, after: &Catalogue) -> Vec<String> {
    let lines = |sign: char, these: &Catalogue, those: &Catalogue| -> Vec<String> {
        let only = these.0.iter().filter(|(fact, value)| those.0.get(fact) != Some(value));
        let line = |words: [&str; 4]| format!("{sign}{}", words.join(" | "));
        only.map(|(fact, value)| line([&fact.kind, &fact.name, &fact.attribute, value])).collect()
    };
    [lines('-', before, after), lines('+', after, before)].concat()
}
