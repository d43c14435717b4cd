//! `Pool`: a pool before a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::postgres::{PASSWORD, Server, TOOLS, USER, free_port, owned, run_as_nobody};

impl Server {
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
