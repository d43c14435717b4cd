//! Sending a piece of a script, and what became of it: what the database refuses is told of a line of the file.

use crate::migration::proof::Failure;
use crate::migration::{Dialect, Piece};
use crate::provider::database::Session;
use crate::provider::database::prove::steps::{Step, Steps};
use crate::provider::{Fault, FaultKind};

/// What became of a piece.
pub(super) enum Went {
    /// The database did all of it.
    Through,
    /// The database refused a part of it.
    Refused(Failure),
}

/// Runs a piece in earnest, in one transaction where it may run in one.
pub(super) async fn apply(session: &mut dyn Session, dialect: Dialect, piece: &Piece) -> Result<Went, Fault> {
    let steps = match Steps::of(dialect, piece) {
        Ok(steps) => steps,
        Err(failure) => return Ok(Went::Refused(failure)),
    };
    if !steps.is_whole {
        return send(session, piece, &steps.all, true).await;
    }
    if let Went::Refused(failure) = send(session, piece, &steps.before, false).await? {
        return Ok(Went::Refused(failure));
    }
    session.begin().await?;
    if let Went::Refused(failure) = send(session, piece, &steps.all, false).await? {
        session.abort().await?;
        return Ok(Went::Refused(failure));
    }
    let line = steps.last_line().unwrap_or(piece.line);
    match went(session.commit().await, piece, line)? {
        Went::Through => send(session, piece, &steps.after, false).await,
        refused @ Went::Refused(_) => Ok(refused),
    }
}

/// Sends steps of a piece; their own `Begin` and `Commit` only where they are alone.
pub(super) async fn send(
    session: &mut dyn Session,
    piece: &Piece,
    steps: &[Step],
    is_alone: bool,
) -> Result<Went, Fault> {
    let (mut is_open, mut at) = (false, piece.line);
    for step in steps {
        let answer = match step {
            Step::Begin if is_alone => {
                is_open = true;
                session.begin().await
            }
            Step::Commit if is_alone => {
                is_open = false;
                session.commit().await
            }
            Step::Begin | Step::Commit => Ok(()),
            Step::Run(line, text) => {
                at = *line;
                session.run(text).await
            }
        };
        if let Went::Refused(failure) = went(answer, piece, at)? {
            if is_open {
                session.abort().await?;
            }
            return Ok(Went::Refused(failure));
        }
    }
    Ok(Went::Through)
}

/// What became of a call: what the database refused is a matter of the script. That it was not heard, had no room or
/// was in somebody's way is not: the next time it may be otherwise, and no proof is made of it.
pub(super) fn went(answer: Result<(), Fault>, piece: &Piece, line: usize) -> Result<Went, Fault> {
    match answer {
        Ok(()) => Ok(Went::Through),
        Err(fault) if is_of_the_script(fault.kind) => Ok(Went::Refused(failure(&fault, piece, line))),
        Err(fault) => Err(fault),
    }
}

const fn is_of_the_script(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Failed | FaultKind::Denied | FaultKind::NotFound => true,
        FaultKind::Unknown | FaultKind::Unreachable | FaultKind::Conflict | FaultKind::Exhausted => false,
    }
}

/// What the database refused of a statement that begins on a line of the file. The place that it tells within the
/// statement becomes one in the file.
fn failure(fault: &Fault, piece: &Piece, line: usize) -> Failure {
    let message =
        fault.message.strip_prefix("database `").and_then(|rest| rest.split_once("`: ")).map(|(_, said)| said);
    let message = message.unwrap_or(&fault.message);
    let placed = message.rsplit_once(" at line ").and_then(|(said, place)| {
        let (within, _) = place.split_once(", column ")?;
        Some((said, within.parse::<usize>().ok()?))
    });
    match placed {
        Some((said, within)) => Failure::new(&piece.path, line + within.saturating_sub(1), said),
        None => Failure::new(&piece.path, line, message),
    }
}
