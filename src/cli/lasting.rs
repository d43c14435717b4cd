//! Lasting: work that may take longer than a lease, done while both locks are held.
//!
//! The leases are renewed meanwhile, and the work is given up when they are lost or somebody asks for an end. What it
//! leaves behind then is its own to be found and removed.

use std::pin::pin;

use tokio::time::{Instant, interval_at};

use crate::apply::{Lost, Stop, renew_both};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::undertaking::Under;
use crate::failpoint::hastened;
use crate::lock::{LEASE, LEASE_MARGIN, RENEWAL};
use crate::provider::Anchor;

/// Does something that may take long while both locks are held.
///
/// # Errors
/// `Locked` when they are lost, `Interrupted` when somebody asks for an end; what the work says otherwise.
pub(crate) async fn lasting<T>(
    under: &mut Under<'_>,
    anchor: &dyn Anchor,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    let (mut renewed, pause) = (under.locked.taken, hastened(RENEWAL));
    let mut ticks = interval_at(renewed + pause, pause);
    loop {
        tokio::select! {
            done = &mut work => return done,
            stop = under.signals.stops.recv() => return Err(interrupted(stop)),
            _ = ticks.tick() => {
                let now = Instant::now();
                match renew_both(&mut *under.store, under.locked.fence, anchor, &under.locked.anchor).await {
                    Ok(()) => renewed = now,
                    Err(Lost::ToSomebody(why)) => return Err(Failure::lock_lost(&why, None)),
                    Err(Lost::Perhaps(why)) if renewed.elapsed() + hastened(LEASE_MARGIN) > hastened(LEASE) => {
                        return Err(Failure::lock_lost(&why, None));
                    }
                    Err(Lost::Perhaps(_)) => {}
                }
            }
        }
    }
}

/// The failure of work that was given up because somebody asked for an end.
#[must_use]
pub(crate) fn interrupted(stop: Option<Stop>) -> Failure {
    let (exit, name) = match stop {
        Some(Stop::Asked(name)) if name == "SIGTERM" => (Exit::Terminated, name),
        Some(Stop::Asked(name)) => (Exit::Interrupted, name),
        _ => (Exit::Interrupted, "SIGINT".to_owned()),
    };
    Failure::new(exit, "omni::backup::interrupted", format!("{name}: it was given up"))
        .help("what is there is whole: run it again")
}
