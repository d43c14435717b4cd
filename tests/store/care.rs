//! What tests of the store alone do with a server.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::postgres::{Server, owned, signal};

impl Server {
    /// Stops the server in order.
    pub(crate) fn stop(&mut self) {
        signal(&self.process, "-INT");
        self.process.wait().expect("it ends");
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives files of its folder to it alone.
    pub(crate) fn own(&self, names: &[&str]) {
        for name in names {
            let path = self.folder.path().join(name);
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(&path, private).expect("a file");
            owned(&path);
        }
    }

    /// Waits until no session of a database has a session lock.
    pub(crate) async fn until_unlocked(&self, database: &str) {
        let mut connection = self.connection(database).await;
        let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                     WHERE locktype = 'advisory' AND datname = $1";
        let until = Instant::now() + Duration::from_secs(30);
        while sqlx::query_scalar::<_, i64>(locks).bind(database).fetch_one(&mut connection).await.expect("locks") > 0 {
            assert!(Instant::now() < until, "the session lock stays");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until nobody is connected to a database.
    pub(crate) async fn until_alone(&self, database: &str) {
        let mut connection = self.connection("postgres").await;
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
        let until = Instant::now() + Duration::from_secs(30);
        while sqlx::query_scalar::<_, i64>(sessions).bind(database).fetch_one(&mut connection).await.expect("n") > 0 {
            assert!(Instant::now() < until, "somebody stays connected");
            tokio::task::yield_now().await;
        }
    }
}
