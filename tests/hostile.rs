//! What strangers write: specs, plan files, paths and texts that were made to harm.

#[path = "support/change.rs"]
mod change;
#[path = "hostile/drawn.rs"]
mod drawn;
#[path = "hostile/judge.rs"]
mod judge;
#[path = "hostile/malformed.rs"]
mod malformed;
#[path = "hostile/mutator.rs"]
mod mutator;
#[path = "hostile/paths.rs"]
mod paths;
#[path = "support/plan.rs"]
mod plan;
#[path = "hostile/plan_files.rs"]
mod plan_files;
#[path = "hostile/seeds.rs"]
mod seeds;
#[path = "report/support.rs"]
#[expect(dead_code, unused_imports, reason = "the builders are those of the drawings, which need all of them")]
mod support;
#[path = "hostile/targets.rs"]
mod targets;
#[path = "support/things.rs"]
mod things;
#[path = "hostile/values.rs"]
mod values;
