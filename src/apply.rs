//! Doing a plan, and taking it back: `Frontier`, `Session` and the worker.
//!
//! The truth of an apply is the fold of its journal (`Frontier`, pure). `Session` alone writes the journal, hears
//! signals and tells the reporter; a worker does one step and knows neither graph nor journal. Nothing here knows the
//! spec: it cannot do what was not planned. Which commands lead here, and with which lock, is left to `cli`.

mod aborted;
mod closing;
mod direction;
mod frontier;
mod lease;
mod limits;
mod outdated;
mod session;
mod worker;

pub use aborted::Aborted;
pub use closing::{left, lost_for_good, release};
pub use direction::best_way;
pub use frontier::{Frontier, Step};
pub(crate) use lease::{Lost, renew_both};
pub use limits::{Limits, OnInterrupt, Stop};
pub use outdated::outdated;
pub use session::{Ended, Session};
