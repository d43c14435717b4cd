//! Commands inside a container, and what it wrote.

use std::time::Duration;

use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;

use crate::provider::docker::create::in_path;
use crate::provider::docker::{Docker, error};
use crate::provider::engine::Ran;
use crate::provider::{Fault, FaultKind};

/// How much of a command's output is kept.
const OUTPUT: usize = 4096;

pub(super) async fn run(docker: &Docker, id: &str, command: &[String], deadline: Duration) -> Result<Ran, Fault> {
    let running = run_to_end(docker, id, command);
    // The engine lets the command go on, whatever becomes of its caller.
    tokio::time::timeout(deadline, running).await.unwrap_or_else(|_| {
        Err(Fault::new(FaultKind::Unknown, format!("cannot see the command end within {deadline:?}: it may go on")))
    })
}

async fn run_to_end(docker: &Docker, id: &str, command: &[String]) -> Result<Ran, Fault> {
    let config = ExecConfig {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let exec = docker.call(docker.api.create_exec(in_path(id)?, config)).await?.id;
    let mut kept = Vec::new();
    // How long the command runs is the caller's deadline to know, so none is kept here.
    let started = docker.api.start_exec(&exec, None).await.map_err(|error| error::fault(&error, &docker.host))?;
    if let StartExecResults::Attached { mut output, .. } = started {
        while let Some(chunk) = output.next().await {
            let chunk = chunk.map_err(|error| error::fault(&error, &docker.host))?;
            kept.extend_from_slice(chunk.as_ref());
            kept.drain(..kept.len().saturating_sub(OUTPUT));
        }
    }
    let code = exit_code(docker, &exec).await?;
    Ok(Ran { code, output: String::from_utf8_lossy(&kept).into_owned() })
}

/// The exit code, which the engine may know a little later than the end of the output.
pub(super) async fn exit_code(docker: &Docker, exec: &str) -> Result<i64, Fault> {
    loop {
        let seen = docker.call(docker.api.inspect_exec(exec)).await?;
        match seen.exit_code {
            Some(code) if !seen.running.unwrap_or(false) => return Ok(code),
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

pub(super) async fn tail(docker: &Docker, id: &str, lines: usize) -> Result<Vec<String>, Fault> {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&lines.to_string()).build();
    let mut log = docker.api.logs(in_path(id)?, Some(options));
    let read = async {
        let mut all = Vec::new();
        while let Some(chunk) = log.next().await {
            all.push(chunk?);
        }
        Ok(all)
    };
    let chunks = match docker.call(read).await {
        // Where the output goes elsewhere there are no lines to tell.
        Err(fault) if fault.message.contains("does not support reading") => return Ok(Vec::new()),
        chunks => chunks?,
    };
    // A long line comes in several chunks, and those of the two streams may be mixed.
    let (mut text, mut other) = (Vec::new(), Vec::new());
    let mut found: Vec<String> = Vec::new();
    for chunk in chunks {
        let is_error = matches!(chunk, bollard::container::LogOutput::StdErr { .. });
        let open = if is_error { &mut other } else { &mut text };
        open.extend_from_slice(chunk.as_ref());
        while let Some(end) = open.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = open.drain(..=end).collect();
            found.push(line_of(&line));
        }
    }
    found.extend([text, other].iter().filter(|open| !open.is_empty()).map(|open| line_of(open)));
    let more = found.len().saturating_sub(lines);
    Ok(found.split_off(more))
}

fn line_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned()
}
