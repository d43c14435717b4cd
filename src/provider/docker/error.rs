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
        Error::HyperLegacyError { err } if err.is_connect() => refused(io_kind(err), &root(err), host),
        Error::RequestTimeoutError
        | Error::HyperLegacyError { .. }
        | Error::HyperResponseError { .. }
        | Error::IOError { .. } => lost(error),
        other => Fault::new(FaultKind::Failed, format!("cannot understand the engine: {}", plain(&other.to_string()))),
    }
}

/// The fault of a call that was not answered in time.
pub(super) fn silent(deadline: Duration) -> Fault {
    Fault::new(FaultKind::Unknown, format!("cannot hear from the engine within {deadline:?}"))
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
    Fault::new(kind, with_short_ids(&plain(text)))
}

/// A text of the engine with 12 digits of each id of 64: as many as its own commands show and take.
fn with_short_ids(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let end = rest[start..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(rest.len(), |at| start + at);
        let word = &rest[start..end];
        let is_id = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        short.push_str(&rest[..start]);
        short.push_str(if is_id { &word[..12] } else { word });
        rest = &rest[end..];
    }
    short + rest
}

fn answered(status: u16, message: &str) -> Fault {
    let message = if message.trim().is_empty() {
        format!("the engine answered with nothing but the status {status}")
    } else {
        with_short_ids(&plain(message))
    };
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

fn refused(kind: Option<ErrorKind>, why: &str, host: &str) -> Fault {
    match kind {
        Some(ErrorKind::PermissionDenied) => {
            Fault::new(FaultKind::Denied, format!("cannot use the engine at `{}`: permission denied", plain(host)))
                .help("add yourself to the `docker` group and log in again, use `sudo`, or use a rootless engine")
        }
        Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused) | None => address::absent(host),
        Some(_) => {
            Fault::new(FaultKind::Unreachable, format!("cannot reach the engine at `{}`: {}", plain(host), plain(why)))
                .help("check the address; it comes from `--engine`, `[engine] host`, `DOCKER_HOST` or Docker's context")
        }
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
    Fault::new(FaultKind::Unknown, format!("cannot hear the engine's answer: {}", plain(&text)))
}

/// What an error says that has no other below it.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
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

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use bollard::errors::Error;

    use super::{fault, refused, said, taken, with_short_ids};
    use crate::provider::{Fault, FaultKind};

    const HOST: &str = "unix:///run/docker.sock";

    #[test]
    fn reads_what_the_engine_answers() {
        for (status_code, kind) in [
            (400, FaultKind::Failed),
            (401, FaultKind::Denied),
            (403, FaultKind::Denied),
            (404, FaultKind::NotFound),
            (409, FaultKind::Conflict),
            (500, FaultKind::Failed),
            (502, FaultKind::Unknown),
            (504, FaultKind::Unknown),
        ] {
            let error = Error::DockerResponseServerError { status_code, message: "\u{1b}[31mno\u{1b}[0m\n".to_owned() };
            let fault = fault(&error, HOST);
            assert_eq!((fault.kind, fault.message.as_str()), (kind, "no"), "{status_code}");
        }
    }

    #[test]
    fn tells_a_refusal_from_absence_and_from_a_lost_answer() {
        for (io, kind, help) in [
            (Some(ErrorKind::PermissionDenied), FaultKind::Denied, "`docker` group"),
            (Some(ErrorKind::NotFound), FaultKind::Unreachable, "start Docker"),
            (Some(ErrorKind::ConnectionRefused), FaultKind::Unreachable, "start Docker"),
            (Some(ErrorKind::HostUnreachable), FaultKind::Unreachable, "check the address"),
            (Some(ErrorKind::Other), FaultKind::Unreachable, "`DOCKER_HOST`"),
        ] {
            let fault = refused(io, "no such host", HOST);
            assert_eq!(fault.kind, kind, "{io:?}");
            assert!(fault.help.expect("help").contains(help), "{io:?}");
        }
        assert_eq!(fault(&Error::RequestTimeoutError, HOST).kind, FaultKind::Unknown);
        let reset = Error::IOError { err: ErrorKind::ConnectionReset.into() };
        assert_eq!(fault(&reset, HOST).kind, FaultKind::Unknown);
    }

    #[test]
    fn reads_what_registries_say_inside_a_stream() {
        for (text, kind) in [
            ("manifest for a:1 not found: manifest unknown: manifest unknown", FaultKind::NotFound),
            ("Head \"https://x/v2/a\": no basic auth credentials", FaultKind::Denied),
            (
                "pull access denied for a, repository does not exist: denied: requested access to the \
                 resource is denied",
                FaultKind::Denied,
            ),
            ("unauthorized: authentication required", FaultKind::Denied),
            ("toomanyrequests: slow down", FaultKind::Failed),
        ] {
            assert_eq!(said(text).kind, kind, "{text}");
        }
    }

    #[test]
    fn an_id_is_as_long_as_the_engines_own_commands_show_it() {
        let (id, more) = ("0123456789abcdef".repeat(4), "f".repeat(65));
        let text = format!("endpoint web ({id}) of sha256:{id}, not {more}");
        assert_eq!(with_short_ids(&text), format!("endpoint web (0123456789ab) of sha256:0123456789ab, not {more}"));
        let error = Error::DockerResponseServerError { status_code: 500, message: id };
        assert_eq!(fault(&error, HOST).message, "0123456789ab");
    }

    #[test]
    fn a_taken_thing_is_a_conflict_whatever_the_status() {
        let fault = |message: &str| taken(Fault::new(FaultKind::Failed, message), &["already allocated"]).kind;
        assert_eq!(fault("Bind for 0.0.0.0:80 failed: port is already allocated"), FaultKind::Conflict);
        assert_eq!(fault("no space left on device"), FaultKind::Failed);
    }
}
