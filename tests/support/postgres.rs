//! `Server`: a `PostgreSQL` server of one test. It ends with the test, also when it fails.
//!
//! `PostgreSQL` refuses to run as root, so it runs as nobody, in a folder of its own, on a port of the loopback and a
//! socket. The programs are the machine's, or those that `scripts/test` unpacked beside the build.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

pub(crate) const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools");
const NOBODY: u32 = 65534;

/// The user of the tests, and its password over TCP.
pub(crate) const USER: &str = "ci";
pub(crate) const PASSWORD: &str = "canary-1c0ffee";

/// A server of one test.
pub(crate) struct Server {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) process: Child,
}

impl Server {
    /// A server that takes connections.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("omni-pg-").tempdir().expect("a folder");
        owned(folder.path());
        fs::write(folder.path().join("password"), PASSWORD).expect("a file");
        let made = run_as_nobody(&program("initdb"), folder.path())
            .args(["--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256", "--locale=C", "--encoding=UTF8"])
            .args(["--username", USER, "--pwfile"])
            .arg(folder.path().join("password"))
            .arg(folder.path().join("data"))
            .output()
            .expect("`initdb` runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let process = spawn(folder.path(), port, &[]);
        let mut server = Self { folder, port, process };
        server.until_ready(&[]).await;
        server
    }

    /// Waits until it takes connections. One that ends meanwhile, because what is left of the last one is still in its
    /// way, is started again.
    async fn until_ready(&mut self, settings: &[&str]) {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            if let Ok(connection) = PgConnection::connect(&self.socket_url("postgres")).await {
                return connection.close().await.expect("it closes");
            }
            assert!(Instant::now() < until, "the server does not start: {}", self.log());
            if self.process.try_wait().expect("a process").is_some() {
                self.process = spawn(self.folder.path(), self.port, settings);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The server dies as of `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }

    /// The server that was killed starts again, with these settings.
    pub(crate) async fn start_again(&mut self, settings: &[&str]) {
        self.process = spawn(self.folder.path(), self.port, settings);
        self.until_ready(settings).await;
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A database over the socket, where no password is asked for.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!("postgres://{USER}@localhost:{}/{database}?host={folder}", self.port)
    }

    /// A database over TCP, with the password.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database; returns its URL.
    pub(crate) async fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\"")).await;
        self.url(name)
    }

    /// A connection as an administrator.
    pub(crate) async fn connection(&self, database: &str) -> PgConnection {
        PgConnection::connect(&self.socket_url(database)).await.expect("a connection")
    }

    /// Runs SQL as an administrator; returns how many rows it changed.
    pub(crate) async fn sql(&self, database: &str, statement: &str) -> u64 {
        let mut connection = self.connection(database).await;
        let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
        let done = done.unwrap_or_else(|error| panic!("`{statement}`: {error}"));
        connection.close().await.expect("it closes");
        done.rows_affected()
    }

    /// Ends every session of omni in a database; returns how many there were.
    pub(crate) async fn cut(&self, database: &str) -> i64 {
        let mut connection = self.connection(database).await;
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE application_name LIKE 'omni/%' AND datname = current_database()";
        sqlx::query_scalar(cut).fetch_one(&mut connection).await.expect("an administrator may")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        signal(&self.process, "-QUIT");
        let _ = self.process.wait();
    }
}

fn spawn(folder: &Path, port: u16, settings: &[&str]) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).expect("a log");
    let mut command = run_as_nobody(&program("postgres"), folder);
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-p", &port.to_string()]);
    for setting in ["listen_addresses=127.0.0.1", "shared_buffers=16MB", "max_connections=80"].iter().chain(settings) {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(log).spawn().expect("`postgres` runs")
}

/// A program that runs as nobody where we are root. It may read what we can, because the build may lie where nobody else
/// can go; and it ends with the thread that started it, so that no test leaves a server behind.
pub(crate) fn run_as_nobody(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if is_root() {
        let nobody = NOBODY.to_string();
        command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]);
        command.args(["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]);
    }
    command.arg(program).current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C");
    let libraries = fs::read_dir(Path::new(TOOLS).join("usr/lib")).into_iter().flatten().flatten();
    let libraries: Vec<_> = libraries.map(|entry| entry.path().display().to_string()).collect();
    command.env("LD_LIBRARY_PATH", libraries.join(":"));
    command
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("/proc")) == 0
}

pub(crate) fn owned(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
    }
}

/// The folder of the server's programs.
pub(crate) fn programs() -> PathBuf {
    program("pg_dump").parent().expect("a program lies in a folder").to_owned()
}

/// One of the server's programs, of the newest version that is there.
pub(crate) fn program(name: &str) -> PathBuf {
    let places = [PathBuf::from("/usr/lib/postgresql"), Path::new(TOOLS).join("usr/lib/postgresql")];
    let versions = places.iter().flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten());
    let found = versions.map(|version| version.path().join("bin").join(name)).filter(|program| program.is_file());
    found.max().unwrap_or_else(|| panic!("`{name}` is missing: `scripts/test` fetches PostgreSQL"))
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

pub(crate) fn signal(process: &Child, name: &str) {
    let _ = Command::new("kill").args([name, &process.id().to_string()]).status();
}
