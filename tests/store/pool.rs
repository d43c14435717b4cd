//! `Pool`: a pool before a server, and what tests of the store alone do with a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::postgres::{PASSWORD, Server, TOOLS, USER, free_port, owned, run_as_nobody, signal};

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

    /// A pool before it, in this mode; returns it with its port.
    pub(crate) async fn pool(&self, mode: &str, size: u32) -> Pool {
        let port = free_port();
        let folder = self.folder.path().join(format!("pool-{port}"));
        fs::create_dir(&folder).expect("a folder");
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n\
             logfile = {}\npidfile =\n[users]\n",
            self.folder.path().display(),
            self.port,
            folder.join("log").display(),
        );
        // With `any` every client is this user of the server, who needs no password over the socket.
        let settings = settings.replace("* = ", &format!("* = user={USER} "));
        fs::write(folder.join("pgbouncer.ini"), settings).expect("settings");
        owned(&folder);
        owned(&folder.join("pgbouncer.ini"));
        let mut process = run_as_nobody(&pgbouncer(), &folder)
            .arg(folder.join("pgbouncer.ini"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`pgbouncer` runs");
        let until = Instant::now() + Duration::from_secs(30);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let ended = process.try_wait().expect("a process");
            let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < until, "the pool does not start: {}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Pool { port, process }
    }
}

/// A pool before a server.
pub(crate) struct Pool {
    port: u16,
    process: Child,
}

impl Pool {
    /// A database through the pool.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn pgbouncer() -> PathBuf {
    let places = [PathBuf::from("/usr/sbin/pgbouncer"), Path::new(TOOLS).join("usr/sbin/pgbouncer")];
    let found = places.into_iter().find(|program| program.is_file());
    found.expect("`pgbouncer` is missing: `scripts/test` fetches it")
}
