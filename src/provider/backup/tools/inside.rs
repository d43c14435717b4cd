//! `Inside`: `pg_dump` and `pg_restore` in the container of the service that runs a database.
//!
//! They are of the server's own major, so the machine needs none. They are run as a command of the engine, whose
//! streams carry the dump. A password goes in as the first line of the input: it stands in no argument, and in nothing
//! that the engine tells of the command. Where whoever reads a dump is gone, the input ends, and with it the program.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use url::Url;

use crate::failpoint::{self, Place};
use crate::provider::backup::tools::{Dumping, Tools, refused};
use crate::provider::database::scratch::dump::{runnable, without_password};
use crate::provider::database::{Target, postgres};
use crate::provider::engine::{Engine, LiveContainer, Ran, Running};
use crate::provider::{Fault, FaultKind};

/// How long the programs may take to tell their version.
const LOOK: Duration = Duration::from_secs(20);
/// The port where the URL names none.
const PORT: u16 = 5432;

/// Whether the programs are there, and reach the server. The first argument is the port.
const THERE: &str = "pg_dump --version && pg_restore --version && pg_isready --quiet --host=localhost --port=\"$1\"";

/// A program that reads nothing: it is ended once the input does. Every process is waited for by the one that began it:
/// a server that is the container's first process would take one that died as an orphan for a crash of its own.
const WRITES: &str = "IFS= read -r PGPASSWORD || exit 1
if [ -n \"$PGPASSWORD\" ]; then export PGPASSWORD; else unset PGPASSWORD; fi
export PGAPPNAME=\"$1\" LC_ALL=C
shift
exec 3<&0
\"$@\" </dev/null 3<&- &
program=$!
{ while IFS= read -r line <&3; do :; done; kill \"$program\"; } >/dev/null 2>&1 &
watch=$!
wait \"$program\"
code=$?
kill \"$watch\" 2>/dev/null
wait \"$watch\" 2>/dev/null
exit \"$code\"";

/// A program that reads the rest of the input.
const READS: &str = "IFS= read -r PGPASSWORD || exit 1
if [ -n \"$PGPASSWORD\" ]; then export PGPASSWORD; else unset PGPASSWORD; fi
export PGAPPNAME=\"$1\" LC_ALL=C
shift
exec \"$@\"";

/// The programs in the container of a service.
pub struct Inside<'a> {
    engine: &'a dyn Engine,
    /// The container.
    id: String,
    service: String,
    /// The server's port inside.
    port: u16,
    /// The programs' major.
    major: u32,
    /// What is used for a server that is newer than these.
    other: Arc<dyn Tools>,
}

impl<'a> Inside<'a> {
    /// The programs in this container of a service, which runs the database at this URL; none where it has none, or
    /// they do not reach the server.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn of(
        engine: &'a dyn Engine,
        live: &LiveContainer,
        service: &str,
        url: &str,
        other: Arc<dyn Tools>,
    ) -> Result<Option<Self>, Fault> {
        let port = port(live, service, url);
        let command = script(THERE, &[&port.to_string()]);
        let told = match engine.run(&live.id, &command, LOOK).await {
            // A container without a shell says so.
            Err(fault) if matches!(fault.kind, FaultKind::Failed | FaultKind::NotFound | FaultKind::Conflict) => None,
            Err(fault) if fault.kind == FaultKind::Unknown => None,
            told => Some(told?),
        };
        let major = told.filter(|ran| ran.code == 0).and_then(|ran| major(&ran.output));
        let (id, service) = (live.id.clone(), service.to_owned());
        Ok(major.map(|major| Self { engine, id, service, port, major, other }))
    }

    /// Begins a program, with the password given to it.
    async fn begun(
        &self,
        way: &str,
        target: &Target,
        (url, password): (&str, &str),
        words: &[&str],
    ) -> Result<Running, Fault> {
        let database = format!("--dbname={url}");
        let command = script(way, &[&[target.application.as_str()], words, &["--no-password", &database]].concat());
        let running = self.engine.stream(&self.id, &command).await;
        failpoint::reach(Place::ToolStarted);
        let mut running = running?;
        let line = format!("{password}\n");
        // Where it takes none it has ended, and says why.
        let _ = running.input.write_all(line.as_bytes()).await;
        let _ = running.input.flush().await;
        Ok(running)
    }
}

#[async_trait]
impl Tools for Inside<'_> {
    fn whose(&self) -> String {
        format!("of service.{}", self.service)
    }

    async fn dump(&self, target: &Target, major: u32, snapshot: &str) -> Result<Dumping, Fault> {
        let Some((url, password)) = there(target, self.port).filter(|_| self.major >= major) else {
            return self.other.dump(target, major, snapshot).await;
        };
        let wait = format!("--lock-wait-timeout={}", target.lock_timeout.as_millis().max(1));
        let snapshot = format!("--snapshot={snapshot}");
        let words = ["pg_dump", "--format=custom", "--compress=6", "--encoding=UTF8", &snapshot, &wait];
        let Running { input, output, ended } = self.begun(WRITES, target, (&url, &password), &words).await?;
        let ended = async move {
            let ran = ended.await;
            // Until here it is open: its end would be that of the program.
            drop(input);
            went("pg_dump", &ran?)
        };
        Ok(Dumping { output, ended: Box::pin(ended) })
    }

    async fn schema(&self, target: &Target, major: u32) -> Result<String, Fault> {
        let failed = |why: &str| Fault::new(FaultKind::Failed, format!("database `{}`: {why}", target.name));
        let Some((url, password)) = there(target, self.port).filter(|_| self.major >= major) else {
            return self.other.schema(target, major).await;
        };
        let words = ["pg_dump", "--schema-only", "--encoding=UTF8"];
        let Running { input, mut output, ended } = self.begun(WRITES, target, (&url, &password), &words).await?;
        let mut text = Vec::new();
        let read = async { output.read_to_end(&mut text).await.map_err(|error| lost(&error)) };
        let (_, ran) = tokio::try_join!(read, ended)?;
        drop(input);
        went("pg_dump", &ran)?;
        let text = String::from_utf8(text).map_err(|_| failed("`pg_dump` wrote no UTF-8"))?;
        Ok(runnable(&text))
    }

    async fn restore(
        &self,
        target: &Target,
        major: u32,
        dump: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<(), Fault> {
        let Some((url, password)) = there(target, self.port).filter(|_| self.major >= major) else {
            return self.other.restore(target, major, dump).await;
        };
        let words = ["pg_restore", "--format=custom", "--exit-on-error"];
        let Running { mut input, mut output, ended } = self.begun(READS, target, (&url, &password), &words).await?;
        let fed = async move {
            let mut buffer = vec![0; 256 << 10];
            loop {
                match dump.read(&mut buffer).await {
                    Ok(0) => {
                        let _ = input.shutdown().await;
                        return Ok(());
                    }
                    // Where it takes no more it has ended, and said why.
                    Ok(read) if input.write_all(&buffer[..read]).await.is_err() => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(Fault::new(FaultKind::Failed, format!("the backup ends early: {error}"))),
                }
            }
        };
        let heard = async { tokio::io::copy(&mut output, &mut tokio::io::sink()).await.map_err(|error| lost(&error)) };
        let went = async { went("pg_restore", &ended.await?) };
        // A dump that cannot be read to its end ends the program, whatever it made of the rest.
        tokio::try_join!(fed, heard, went).map(|_| ())
    }
}

/// The URL as the programs use it, where the server has this port, and the password; none where it cannot be one line.
fn there(target: &Target, port: u16) -> Option<(String, String)> {
    let (_, password) = without_password(&target.url);
    let password = password.unwrap_or_default();
    let mut parsed = Url::parse(&target.url).ok()?;
    if let Some((_, user)) = parsed.clone().query_pairs().find(|(name, _)| name == "user") {
        parsed.set_username(&user).ok()?;
    }
    parsed.set_query(None);
    parsed.set_host(Some("localhost")).ok()?;
    parsed.set_port(Some(port)).ok()?;
    parsed.set_password(None).ok()?;
    // The settings may name it, too; it is the one that the driver connects to.
    parsed.path_segments_mut().ok()?.clear().push(&postgres::database(target).ok()?);
    (!password.contains(['\n', '\0'])).then(|| (parsed.into(), password))
}

/// A script of the shell with its arguments.
fn script(text: &str, words: &[&str]) -> Vec<String> {
    ["sh", "-c", text, "omni"].iter().chain(words).map(|word| (*word).to_owned()).collect()
}

/// The server's port inside: that of a URL which names the service, else the one that the published port leads to.
fn port(live: &LiveContainer, service: &str, url: &str) -> u16 {
    let parsed = Url::parse(url).ok();
    let outside = parsed.as_ref().and_then(Url::port).unwrap_or(PORT);
    let is_name = parsed.as_ref().and_then(Url::host_str) == Some(service);
    let published = live.published.iter().find(|port| port.host == Some(outside) && !is_name);
    published.map_or(outside, |port| port.container)
}

/// The lower major of the versions that programs tell.
fn major(told: &str) -> Option<u32> {
    let number = |line: &str| line.rsplit_once(") ")?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    told.lines().filter_map(number).min()
}

fn went(name: &str, ran: &Ran) -> Result<(), Fault> {
    failpoint::reach(Place::ToolEnded);
    if ran.code == 0 { Ok(()) } else { Err(refused(name, &ran.output)) }
}

fn lost(error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::Unknown, format!("the engine does not carry what a command writes any more: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::there;
    use crate::provider::database::Target;

    #[test]
    fn the_programs_use_the_database_that_the_driver_connects_to() {
        let there = |url: &str| {
            let (name, application, time) = ("shop".to_owned(), "omni".to_owned(), Duration::from_secs(1));
            let (connect_timeout, lock_timeout) = (time, time);
            let (statement_timeout, is_look, url) = (None, false, url.to_owned());
            let target = Target { url, name, application, connect_timeout, lock_timeout, statement_timeout, is_look };
            there(&target, 5432)
        };
        for (url, found) in [
            ("postgres://app:a%40b@pg/shop", "postgres://app@localhost:5432/shop"),
            ("postgres://app@pg/?dbname=shop", "postgres://app@localhost:5432/shop"),
            ("postgres://app@pg:6000?sslmode=disable&dbname=shop", "postgres://app@localhost:5432/shop"),
            ("postgres://app@pg/other?dbname=the%20shop", "postgres://app@localhost:5432/the%20shop"),
            ("postgres://app@pg", "postgres://app@localhost:5432/app"),
        ] {
            assert_eq!(there(url).map(|(url, _)| url).as_deref(), Some(found));
        }
    }
}
