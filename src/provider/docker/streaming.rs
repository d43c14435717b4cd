//! Commands inside a container whose streams are carried piece by piece.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bytes::Bytes;
use futures_util::Stream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::oneshot;

use crate::provider::docker::create::in_path;
use crate::provider::docker::{Docker, exec};
use crate::provider::engine::{Ran, Running};
use crate::provider::{Fault, FaultKind};

/// How much of what a command writes to standard error is kept.
const KEPT: usize = 4096;
/// The longest piece that is read at once.
const PIECE: usize = 64 << 10;

pub(super) async fn stream(docker: &Docker, id: &str, command: &[String]) -> Result<Running, Fault> {
    let config = ExecConfig {
        cmd: Some(command.to_vec()),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let id = docker.call(docker.api.create_exec(in_path(id)?, config)).await?.id;
    let options = StartExecOptions { output_capacity: Some(PIECE), ..StartExecOptions::default() };
    let started = docker.call(docker.api.start_exec(&id, Some(options))).await?;
    let StartExecResults::Attached { output, input } = started else {
        return Err(Fault::new(FaultKind::Failed, "the engine does not carry the streams of a command"));
    };
    let said = Arc::new(Mutex::new(Vec::new()));
    let (end, ends) = oneshot::channel();
    let output = Output { pieces: output, rest: Bytes::new(), said: Arc::clone(&said), end: Some(end) };
    let docker = docker.clone();
    let ended = async move {
        if ends.await.is_err() {
            return Err(Fault::new(FaultKind::Unknown, "what the command writes was not read to its end"));
        }
        let code = exec::exit_code(&docker, &id).await?;
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Ran { code, output: String::from_utf8_lossy(&said).into_owned() })
    };
    Ok(Running { input, output: Box::pin(output), ended: Box::pin(ended) })
}

/// Standard output of a command. What comes between of standard error is kept beside.
struct Output {
    pieces: Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>,
    rest: Bytes,
    said: Arc<Mutex<Vec<u8>>>,
    /// Told once all was read.
    end: Option<oneshot::Sender<()>>,
}

impl AsyncRead for Output {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.pieces.as_mut().poll_next(context)) {
                Some(Ok(LogOutput::StdErr { message })) => {
                    let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.extend_from_slice(&message);
                    let more = said.len().saturating_sub(KEPT);
                    said.drain(..more);
                }
                Some(Ok(piece)) => self.rest = piece.into_bytes(),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error.to_string()))),
                None => {
                    if let Some(end) = self.end.take() {
                        // Nobody may wait for it.
                        let _ = end.send(());
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
        let length = self.rest.len().min(into.remaining());
        into.put_slice(&self.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}
