//! Drawing: what people and programs read of plans, applies, releases and figures.
//!
//! Everything here is made from plain data and handed back as text, or written to a writer that was passed in. Nothing
//! is asked of the outside world, no clock is read, and every text that others wrote goes through `plain`. Meaning
//! never rests on colour. Drawing the errors of a spec in their source is left to miette; what is drawn when, to `cli`.

mod backups;
mod board;
pub mod diagnostics;
mod difference_text;
mod drift_text;
mod ending;
mod figures;
mod fitted;
mod graph_text;
mod history;
mod how_far;
mod lock_text;
mod migrate_proof;
mod migrate_status;
mod next_act;
mod open_apply;
mod opening;
mod plan_json;
mod plan_markdown;
mod plan_text;
mod release_differences;
mod release_text;
mod reporter;
mod statements;
mod status;
mod style;
mod table;
mod time;
mod words;
mod world;

pub use backups::{BackupDamage, BackupFacts, BackupTrial, backup_list, backups_json};
pub use drift_text::drift_text;
pub use ending::{Facts, ending, failure_of};
pub use figures::{Figures, Spread};
pub use fitted::fitted;
pub use graph_text::{Format, graph_text};
pub use history::{history, history_csv, history_json};
pub use lock_text::lock;
pub use migrate_proof::{HistoryProof, migrate_proof, migrate_proof_json};
pub use migrate_status::{HistoryStatus, MigrationStatus, Progress, migrate_status, migrate_status_json};
pub use next_act::next_act;
pub use open_apply::{open_apply, running, what_is_open};
pub use opening::opening;
pub use plan_json::plan_json;
pub use plan_markdown::{BUDGET, PullRequest, plan_markdown};
pub use plan_text::{plan_at_work, plan_steps, plan_text};
pub use release_differences::{release_differences, release_differences_json};
pub use release_text::{release, release_json, releases, releases_json};
pub use reporter::{JsonLines, Lines, Live, Reporter, Silent};
pub use status::{Now, status};
pub use style::Style;
pub use time::{age, moment, took};
pub use world::{world, world_json};
