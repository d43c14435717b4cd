//! `Record`, `Event` and `Outcome`: what must survive an apply, what is told of it, and how it ends.
//!
//! The journal of an apply is the list of its records, in order, keyed by address. It holds facts and never positions
//! in code: any version of omni that knows the records can take an apply up where another left it. `NodeStatus` is the
//! algebra: which record may follow which. Where records are kept is left to `store`; who may write them, to `apply`.

mod apply;
mod event;
mod node_status;
mod outcome;
mod past;
mod record;

pub use apply::Apply;
pub use event::{Event, Progress};
pub use node_status::{IllegalRecord, NodeStatus};
pub use outcome::{LeftBehind, Outcome};
pub use past::Past;
pub use record::{Cause, Direction, Effect, FaultReport, Record};
