//! `Trouble`: what went wrong on the way to the server or there, before a reader knows it as a `StoreError`.

use std::io::ErrorKind;

use crate::store::StoreError;
use crate::store::postgres::place::Place;

/// What went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server said no, or cannot be heard.
    Sql(sqlx::Error),
    /// The server did not answer in time.
    Silent,
    /// A rule of the store says no.
    Store(StoreError),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Trouble {
    /// A row is not what was written.
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Damaged(what.into()))
    }

    /// Whether the session is gone, and a new one may do better.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Silent | Self::Sql(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed) => {
                true
            }
            // Shut down, crashed, starting; the connection; ended for being idle.
            Self::Sql(_) => self.code().is_some_and(|code| {
                code.starts_with("08") || matches!(code.as_str(), "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
            }),
            Self::Store(_) => false,
        }
    }

    /// The server's code for it.
    fn code(&self) -> Option<String> {
        let Self::Sql(error) = self else { return None };
        Some(error.as_database_error()?.code()?.into_owned())
    }

    /// The error for the reader, of the store at `place`.
    pub(super) fn at(self, place: &Place) -> StoreError {
        let code = self.code().unwrap_or_default();
        let error = match self {
            Self::Store(error) => return error,
            Self::Silent => return server(place, "the server does not answer in time", REACH),
            Self::Sql(error) => error,
        };
        match &error {
            // So a certificate is told of that nobody vouches for.
            sqlx::Error::Io(io) if io.kind() == ErrorKind::InvalidData => server(place, io.to_string(), TLS),
            sqlx::Error::Io(io) => server(place, told_io(io), REACH),
            sqlx::Error::Tls(_) => server(place, error.to_string(), TLS),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::RowNotFound => StoreError::Damaged(error.to_string()),
            sqlx::Error::Database(_) => by_code(place, &code, told(&error)),
            _ => server(place, error.to_string(), REACH),
        }
    }
}

const REACH: &str = "check that the server runs there and that this machine may reach it, then run it again";
const TLS: &str = "give the server a certificate that this machine trusts (`?sslrootcert=FILE` names an authority); \
                   on a private way without TLS add `?sslmode=disable` to the URL";
const ACCOUNT: &str = "check the user and the password: in the URL, in `PGPASSWORD` or in `~/.pgpass`";
const WRITABLE: &str = "name the primary server in the URL, and a user that may write";
const LATER: &str = "run it again in a moment";
const ROOM: &str = "make room on the server, then run it again";
pub(super) const DIRECT: &str = "connect to the server itself, or to a pool in session mode";

/// What the server's code means for the reader.
fn by_code(place: &Place, code: &str, why: String) -> StoreError {
    match code {
        "28P01" | "28000" => server(place, why, ACCOUNT),
        "3D000" => server(place, why, "make it with `createdb`, or name another one at the end of the URL"),
        "42501" => server(place, why, &rights(place)),
        "25006" => server(place, why, WRITABLE),
        "53100" => server(place, why, ROOM),
        "53200" | "53300" | "57P03" | "57P01" | "57P02" | "55P03" | "57014" | "40001" | "40P01" => {
            server(place, why, LATER)
        }
        // A prepared statement is unknown, or another client's: somebody between here and there mixes sessions.
        "26000" | "42P05" => server(place, format!("a transaction pooler is in between: {why}"), DIRECT),
        "08P01" => server(place, why, DIRECT),
        // A table or column is missing, a constraint does not hold, data or an index is corrupt.
        "42P01" | "42703" | "3F000" | "XX001" | "XX002" => StoreError::Damaged(why),
        code if code.starts_with("23") || code.starts_with("22") => StoreError::Damaged(why),
        _ => server(place, why, REACH),
    }
}

/// What an administrator has to do for a user that may not make a schema.
fn rights(place: &Place) -> String {
    format!(
        "let an administrator run `CREATE SCHEMA {} AUTHORIZATION \"{}\"`, or grant this user CREATE on the database",
        place.quoted(),
        place.user()
    )
}

/// The server at `place` cannot be used.
pub(super) fn server(place: &Place, why: impl Into<Box<str>>, help: &str) -> StoreError {
    StoreError::Server { place: place.shown.as_str().into(), why: why.into(), help: help.into() }
}

/// The server's own words, without the wrapping.
fn told(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

fn told_io(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::NotFound => format!("no server answers there: {error}"),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            format!("the connection to the server was lost: {error}")
        }
        _ => error.to_string(),
    }
}
