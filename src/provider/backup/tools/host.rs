//! `HostTools`: `pg_dump` and `pg_restore` of this machine.
//!
//! The ones of the server's own major are taken where they are installed side by side, since what a newer one writes an
//! older server may not take; else those on the path, if they are not older than the server.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};

use crate::failpoint::{self, Place};
use crate::provider::backup::tools::{Dumping, Tools, refused};
use crate::provider::database::Target;
use crate::provider::database::scratch::dump::{Dump, PgDump, without_password};
use crate::provider::{Fault, FaultKind};

/// Where packages put the programs of each major.
const PLACES: [(&str, &str); 2] = [("/usr/lib/postgresql/", "/bin"), ("/usr/pgsql-", "/bin")];
/// How long a schema may take.
const SCHEMA: Duration = Duration::from_mins(5);
/// How much of what a program says is kept.
const KEPT: usize = 4096;

/// The programs of this machine.
#[derive(Debug, Clone, Default)]
pub struct HostTools {
    /// The only folder they are taken from; where they usually lie, and the path, where none.
    pub folder: Option<PathBuf>,
}

impl HostTools {
    /// A program that is not older than the server.
    pub(in crate::provider) async fn program(&self, name: &str, major: u32) -> Result<PathBuf, Fault> {
        let place = |(before, after): &(&str, &str)| PathBuf::from(format!("{before}{major}{after}")).join(name);
        let usual = || PLACES.iter().map(place).chain([PathBuf::from(name)]).collect();
        let programs: Vec<_> = self.folder.as_ref().map_or_else(usual, |folder| vec![folder.join(name)]);
        let mut older = None;
        for program in programs {
            match version(&program).await {
                Some(found) if found >= major => return Ok(program),
                found => older = older.or(found),
            }
        }
        if let Some(found) = older {
            return Err(too_old(name, found, major));
        }
        let message = format!("there is no `{name}` on this machine");
        Err(missing(message, format!("install the client programs of PostgreSQL {major}")))
    }

    async fn command(&self, name: &str, target: &Target, major: u32) -> Result<Command, Fault> {
        let mut command = Command::new(self.program(name, major).await?);
        let (url, password) = without_password(&target.url);
        command.arg("--no-password").arg(format!("--dbname={url}")).env("PGAPPNAME", &target.application);
        if let Some(password) = password {
            // Arguments can be read by every user of the machine.
            command.env("PGPASSWORD", password);
        }
        // A signal from the keyboard is omni's to hear: it ends the program once it does.
        command.env("LC_ALL", "C").process_group(0).kill_on_drop(true).stderr(Stdio::piped());
        Ok(command)
    }
}

fn missing(message: String, help: String) -> Fault {
    Fault::new(FaultKind::NotFound, message).help(help).code("omni::backup::no_tool")
}

fn too_old(name: &str, found: u32, major: u32) -> Fault {
    let message = format!("`{name}` is of PostgreSQL {found}, and the server of {major}");
    missing(message, format!("install the client programs of PostgreSQL {major} or newer"))
}

/// The major of a program; none where it cannot be run.
async fn version(program: &PathBuf) -> Option<u32> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[async_trait]
impl Tools for HostTools {
    fn whose(&self) -> String {
        "of this machine".to_owned()
    }

    async fn schema(&self, target: &Target, major: u32) -> Result<String, Fault> {
        let program = self.program("pg_dump", major).await?;
        PgDump { program, deadline: SCHEMA }.schema(target).await
    }

    async fn dump(&self, target: &Target, major: u32, snapshot: &str) -> Result<Dumping, Fault> {
        let mut command = self.command("pg_dump", target, major).await?;
        let wait = target.lock_timeout.as_millis().max(1);
        command.args(["--format=custom", "--compress=6", "--encoding=UTF8"]);
        command.arg(format!("--snapshot={snapshot}")).arg(format!("--lock-wait-timeout={wait}"));
        let mut child = spawned(command.stdin(Stdio::null()).stdout(Stdio::piped()), "pg_dump")?;
        let output = child.stdout.take().ok_or_else(|| unheard("pg_dump"))?;
        let stderr = child.stderr.take();
        let ended = async move {
            let said = said(stderr).await;
            ended(&mut child, "pg_dump", &said).await
        };
        Ok(Dumping { output: Box::pin(output), ended: Box::pin(ended) })
    }

    async fn restore(
        &self,
        target: &Target,
        major: u32,
        dump: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<(), Fault> {
        let mut command = self.command("pg_restore", target, major).await?;
        command.args(["--format=custom", "--exit-on-error"]);
        let mut child = spawned(command.stdin(Stdio::piped()).stdout(Stdio::null()), "pg_restore")?;
        let mut input = child.stdin.take().ok_or_else(|| unheard("pg_restore"))?;
        let stderr = child.stderr.take();
        let fed = async move {
            let mut buffer = vec![0; 256 << 10];
            loop {
                match dump.read(&mut buffer).await {
                    Ok(0) => {
                        drop(input);
                        return Ok(());
                    }
                    // Where it takes no more it has ended, and said why.
                    Ok(read) if input.write_all(&buffer[..read]).await.is_err() => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(Fault::new(FaultKind::Failed, format!("the backup ends early: {error}"))),
                }
            }
        };
        let went = async {
            let said = said(stderr).await;
            ended(&mut child, "pg_restore", &said).await
        };
        // A dump that cannot be read to its end ends the program, whatever it made of the rest.
        tokio::try_join!(fed, went).map(|_| ())
    }
}

fn spawned(command: &mut Command, name: &str) -> Result<Child, Fault> {
    let spawned = command.spawn();
    failpoint::reach(Place::ToolStarted);
    spawned.map_err(|error| Fault::new(FaultKind::Failed, format!("`{name}` cannot be run: {error}")))
}

fn unheard(name: &str) -> Fault {
    Fault::new(FaultKind::Failed, format!("`{name}` cannot be heard"))
}

/// The end of what a program says.
async fn said(from: Option<ChildStderr>) -> String {
    let (mut kept, mut buffer) = (Vec::new(), vec![0; KEPT]);
    if let Some(mut from) = from {
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            kept.extend_from_slice(&buffer[..read]);
            kept.drain(..kept.len().saturating_sub(KEPT));
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

async fn ended(child: &mut Child, name: &str, said: &str) -> Result<(), Fault> {
    let status = child.wait().await;
    failpoint::reach(Place::ToolEnded);
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(refused(name, said))
}
