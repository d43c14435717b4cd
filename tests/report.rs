//! Every screen as a snapshot, and the properties that hold for whatever is drawn.

#[path = "report/plans.rs"]
mod plans;
#[path = "report/support.rs"]
mod support;
