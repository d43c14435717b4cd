//! What a server's codes mean: the `Fault` for the reader, with the place in the SQL where the server tells one.

use std::io::ErrorKind;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use crate::plain::plain;
use crate::provider::database::trouble::Trouble;
use crate::provider::{Fault, FaultKind};

const REACH: &str = "check that the server runs there and that this machine may reach it, then run it again";
const TLS: &str = "give the server a certificate that this machine trusts (`?sslrootcert=FILE` names an authority), \
                   or set another `sslmode` in the URL";
const ACCOUNT: &str = "check the user and the password in the URL, and what the server's `pg_hba.conf` lets in";
const LATER: &str = "somebody else is at work on it: run it again in a moment, or raise `lock_timeout`";
const ABSENT: &str = "make it with `createdb`, or of a backup with `omni backup restore`, or name another one at the \
                      end of the URL";
const RESOURCES: &str = "see to the server and its disk, then run it again";
const COPY: &str = "rows cannot be given to `COPY … FROM STDIN` or taken from `COPY … TO STDOUT` here: write `INSERT`";
pub(super) const DIRECT: &str = "connect to the server itself, or to a pool in session mode";

/// Whether the session is of no use any more, and its connection has to be dropped.
pub(super) fn ends_session(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Silent => true,
        Trouble::Damaged(_) => false,
        Trouble::Sql(error) => match said(error) {
            Some(said) => matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic) || is_cut(said.code()),
            None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed),
        },
    }
}

/// The connection; shut down, crashed, starting; ended for being idle; idle for too long in a transaction.
fn is_cut(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
}

/// The fault of a call on the database of this name; `statement` is what was sent, where that has a reader.
pub(super) fn fault(trouble: Trouble, name: &str, statement: &str) -> Fault {
    let lost = ends_session(&trouble);
    let error = match trouble {
        Trouble::Silent => return unknown(name, "the server does not answer in time"),
        Trouble::Damaged(why) => return Fault::new(FaultKind::Failed, why),
        Trouble::Sql(error) => error,
    };
    let of_copy = |why: &String| why.contains("CopyInResponse") || why.contains("CopyOutResponse");
    match &error {
        sqlx::Error::Protocol(why) if of_copy(why) => {
            let message = format!("database `{name}`: the statement copies from or to its client");
            Fault::new(FaultKind::Failed, message).help(COPY)
        }
        _ if lost => unknown(name, &format!("the connection was lost: {}", told(&error))),
        _ => match said(&error) {
            Some(said) => refused(said, name, statement),
            None => Fault::new(FaultKind::Failed, format!("database `{name}`: {}", told(&error))),
        },
    }
}

/// The fault of a session that was not opened: nothing was done, whatever it was.
pub(super) fn unopened(trouble: Trouble, name: &str) -> Fault {
    let of = |kind, why: &str, help: &str| Fault::new(kind, format!("database `{name}`: {why}")).help(help);
    let error = match trouble {
        Trouble::Silent => return of(FaultKind::Unreachable, "the server does not answer in time", REACH),
        Trouble::Damaged(why) => return of(FaultKind::Failed, &why, REACH),
        Trouble::Sql(error) => error,
    };
    let why = told(&error);
    match &error {
        // So a certificate is told of that nobody vouches for.
        sqlx::Error::Io(io) if io.kind() == ErrorKind::InvalidData => of(FaultKind::Failed, &why, TLS),
        sqlx::Error::Tls(_) => of(FaultKind::Failed, &why, TLS),
        sqlx::Error::Io(io) if matches!(io.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => {
            of(FaultKind::Unreachable, &format!("no server answers there: {why}"), REACH)
        }
        sqlx::Error::Database(_) => match said(&error) {
            Some(said) if is_cut(said.code()) || said.code() == "53300" => {
                of(FaultKind::Unreachable, &format!("{why} ({})", said.code()), "run it again in a moment")
            }
            Some(said) => refused(said, name, ""),
            None => of(FaultKind::Unreachable, &why, REACH),
        },
        _ => of(FaultKind::Unreachable, &why, REACH),
    }
}

/// The fault of what the server refused: known not to be done.
fn refused(said: &PgDatabaseError, name: &str, statement: &str) -> Fault {
    let code = said.code();
    let (kind, help) = match code {
        "42501" => (FaultKind::Denied, "use an account that may, or have an administrator grant it"),
        "3D000" => (FaultKind::NotFound, ABSENT),
        "55P03" | "40001" | "40P01" => (FaultKind::Conflict, LATER),
        "57014" => (FaultKind::Failed, "raise `statement_timeout` where the statement needs that long"),
        "25006" => (FaultKind::Failed, "name the primary server in the URL"),
        "53100" => (FaultKind::Exhausted, "make room on the server, then run it again"),
        "26000" | "42P05" | "08P01" => (FaultKind::Failed, DIRECT),
        // `58P01` is a file that a script needs.
        "58000" | "58030" => (FaultKind::Exhausted, RESOURCES),
        code if code.starts_with("53") => (FaultKind::Exhausted, RESOURCES),
        code if code.starts_with("28") => (FaultKind::Denied, ACCOUNT),
        _ => (FaultKind::Failed, ""),
    };
    let place = place(said, statement);
    let fault = Fault::new(kind, format!("database `{name}`: {} ({code}){place}", plain(said.message())));
    let words: Vec<_> = [said.detail(), said.hint(), Some(help)].into_iter().flatten().map(plain).collect();
    let words: Vec<_> =
        words.iter().map(|words| words.trim_end_matches('.')).filter(|words| !words.is_empty()).collect();
    if words.is_empty() { fault } else { fault.help(words.join("; ")) }
}

/// Where in a statement it is, as an end of a sentence.
fn place(said: &PgDatabaseError, statement: &str) -> String {
    match said.position() {
        Some(PgErrorPosition::Original(position)) if !statement.is_empty() => {
            let (line, column) = line_and_column(statement, position);
            format!(" at line {line}, column {column}")
        }
        Some(PgErrorPosition::Internal { .. }) => {
            let inner = said.r#where().and_then(|context| context.lines().last()).unwrap_or_default();
            if inner.is_empty() { String::new() } else { format!(" in {}", plain(inner)) }
        }
        _ => String::new(),
    }
}

/// The line and the column, each from 1, of a character of a text, of which the first is 1.
fn line_and_column(text: &str, position: usize) -> (usize, usize) {
    let before: Vec<char> = text.chars().take(position.saturating_sub(1)).collect();
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    (line, column)
}

fn unknown(name: &str, why: &str) -> Fault {
    Fault::new(FaultKind::Unknown, format!("database `{name}`: {why}"))
}

fn said(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// Its own words, without the wrapping.
fn told(error: &sqlx::Error) -> String {
    plain(&match error {
        sqlx::Error::Io(error) => error.to_string(),
        error => error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn a_position_is_a_line_and_a_column() {
        for (text, position, place) in
            [("SELECT x", 8, (1, 8)), ("a\nbc\n", 3, (2, 1)), ("ü\r\nüb", 5, (2, 2)), ("", 1, (1, 1)), ("a", 9, (1, 2))]
        {
            assert_eq!(line_and_column(text, position), place, "{text:?} {position}");
        }
    }
}
