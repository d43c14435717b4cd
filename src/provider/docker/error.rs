//! What an error of the client says about the call: was it sent, was it answered, and with what.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use bollard::errors::Error;

use crate::plain::plain;
use crate::provider::docker::address;
use crate::provider::{Fault, FaultKind};

/// The fault behind an error of the client.
pub(super) fn fault(error: &Error, host: &str) -> Fault {
    match error {
        Error::DockerResponseServerError { status_code, message } => answered(*status_code, message),
        Error::DockerStreamError { error } => said(error),
        Error::SocketNotFoundError(_) => address::absent(host),
        Error::HyperLegacyError { err } if err.is_connect() => refused(io_kind(err), host),
        Error::RequestTimeoutError
        | Error::HyperLegacyError { .. }
        | Error::HyperResponseError { .. }
        | Error::IOError { .. } => lost(error),
        other => Fault::new(FaultKind::Failed, format!("understand the engine: {}", plain(&other.to_string()))),
    }
}

/// The fault of a call that was not answered in time.
pub(super) fn silent(deadline: Duration) -> Fault {
    Fault::new(FaultKind::Unknown, format!("hear from the engine within {deadline:?}"))
        .help("see whether the engine hangs: `docker info`")
}

/// The fault behind a text that the engine or a registry says inside a stream.
pub(super) fn said(text: &str) -> Fault {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let kind = if has(&[
        "unauthorized",
        "authentication required",
        "no basic auth credentials",
        "access to the resource is denied",
    ]) {
        FaultKind::Denied
    } else if has(&["manifest unknown", "not found", "does not exist", "name unknown"]) {
        FaultKind::NotFound
    } else {
        FaultKind::Failed
    };
    Fault::new(kind, plain(text))
}

fn answered(status: u16, message: &str) -> Fault {
    let message =
        if message.trim().is_empty() { format!("get an answer other than status {status}") } else { plain(message) };
    let kind = match status {
        401 | 403 => FaultKind::Denied,
        404 => FaultKind::NotFound,
        409 => FaultKind::Conflict,
        // A proxy before the engine gave up waiting: the engine may go on.
        502 | 504 => FaultKind::Unknown,
        _ => FaultKind::Failed,
    };
    Fault::new(kind, message)
}

fn refused(kind: Option<ErrorKind>, host: &str) -> Fault {
    match kind {
        Some(ErrorKind::PermissionDenied) => {
            Fault::new(FaultKind::Denied, format!("use the engine at `{}`: permission denied", plain(host)))
                .help("add yourself to the `docker` group and log in again, use `sudo`, or use a rootless engine")
        }
        Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused) | None => address::absent(host),
        Some(other) => Fault::new(FaultKind::Unreachable, format!("reach the engine at `{}`: {other}", plain(host))),
    }
}

fn lost(error: &Error) -> Fault {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = inner.source();
    }
    Fault::new(FaultKind::Unknown, format!("hear the engine's answer: {}", plain(&text)))
}

/// The operating system's reason somewhere below an error.
fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    let mut source = Some(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        source = inner.source();
    }
    None
}

/// The same fault as a conflict, where its message says that something is taken.
pub(super) fn taken(mut fault: Fault, words: &[&str]) -> Fault {
    if words.iter().any(|word| fault.message.contains(word)) {
        fault.kind = FaultKind::Conflict;
    }
    fault
}

/// None where the thing is absent.
pub(super) fn found<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Ok(thing) => Ok(Some(thing)),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}
