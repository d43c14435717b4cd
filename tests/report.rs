//! Every screen as a snapshot, and the properties that hold for whatever is drawn.

#[path = "report/backups.rs"]
mod backups;
#[path = "support/change.rs"]
mod change;
#[path = "report/comments.rs"]
mod comments;
#[path = "report/drifts.rs"]
mod drifts;
#[path = "report/escapes.rs"]
mod escapes;
#[path = "report/findings.rs"]
mod findings;
#[path = "report/graphs.rs"]
mod graphs;
#[path = "report/migrations.rs"]
mod migrations;
#[path = "support/plan.rs"]
mod plan;
#[path = "report/plans.rs"]
mod plans;
#[path = "report/reporters.rs"]
mod reporters;
#[path = "report/screens.rs"]
mod screens;
#[path = "report/support.rs"]
mod support;
#[path = "support/things.rs"]
mod things;
