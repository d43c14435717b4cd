//! What the codes of `SQLite` mean: the `Fault` for the reader.

use crate::plain::plain;
use crate::provider::database::sqlite::UNREADABLE;
use crate::provider::database::trouble::Trouble;
use crate::provider::{Fault, FaultKind};

const LATER: &str = "somebody else is writing to it: run it again in a moment, or raise `lock_timeout`";

/// Where there is no backup, the tools of `SQLite` may save what is left of it.
const MOVED_ASIDE: &str = "check that the URL names a database of SQLite; where it is damaged, `omni backup restore` \
                           moves it aside and puts a backup in its place";

/// Whether the session is of no use any more, and its connection has to be dropped.
pub(super) fn ends_session(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Silent => true,
        Trouble::Damaged(_) => false,
        Trouble::Sql(error) => matches!(error, sqlx::Error::WorkerCrashed) || primary(trouble) == IO_ERROR,
    }
}

/// What is in the file after it nobody knows but who opens it anew.
const IO_ERROR: i32 = 10;
pub(super) const CANNOT_OPEN: i32 = 14;

/// The fault of a call on the database of this name.
pub(super) fn fault(trouble: Trouble, name: &str) -> Fault {
    let (lost, primary, code) = (ends_session(&trouble), primary(&trouble), trouble.code());
    let error = match trouble {
        Trouble::Silent => {
            return Fault::new(FaultKind::Unknown, format!("database `{name}`: SQLite does not answer in time"));
        }
        Trouble::Damaged(why) => return Fault::new(FaultKind::Failed, why),
        Trouble::Sql(error) => error,
    };
    let said = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let code = if code.is_empty() { code } else { format!(" ({code})") };
    let (kind, help) = match primary {
        _ if lost => (FaultKind::Unknown, ""),
        5 | 6 => (FaultKind::Conflict, LATER),
        3 | 8 | CANNOT_OPEN | 23 => (FaultKind::Denied, "let this account read and write the file and its folder"),
        9 => (FaultKind::Failed, "raise `statement_timeout` where the statement needs that long"),
        7 => (FaultKind::Exhausted, "there is not enough memory: run it again"),
        13 => (FaultKind::Exhausted, "make room on the disk, then run it again"),
        11 | 26 => (FaultKind::Failed, MOVED_ASIDE),
        _ => (FaultKind::Failed, ""),
    };
    let fault = Fault::new(kind, format!("database `{name}`: {}{code}", plain(&said)));
    let fault = if matches!(primary, 11 | 26) { fault.code(UNREADABLE) } else { fault };
    if help.is_empty() { fault } else { fault.help(help) }
}

/// The code without what it says more; 0 where there is none.
pub(super) fn primary(trouble: &Trouble) -> i32 {
    trouble.code().parse::<i32>().map_or(0, |code| code & 0xff)
}
