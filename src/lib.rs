//! omni: declarative deployments that end wholly before or wholly after.
//!
//! Data flows one way: text → `spec::Spec` → `graph::Graph` → `plan::Plan` → `apply` → journal → `release::Release`.
//! A room may import only rooms above it in this list; `tests/rooms.rs` holds the table.
//!
//! | room | what it is |
//! |---|---|
//! | [`address`], [`fingerprint`], [`units`] | names of things, content hashes, amounts |
//! | [`template`], [`plain`] | texts with secrets, texts that others wrote |
//! | [`migration`] | scripts, their layouts and ledgers, what they do and what their way back is worth |
//! | [`resource`] | what should exist; how two differ; what each requires |
//! | [`observed`], [`lock`], [`clock`] | what a provider saw; who may apply; the time |
//! | [`spec`] | deploy.toml: as written, checked, resolved |
//! | [`graph`] | who requires whom |
//! | [`release`] | what was applied |
//! | [`plan`] | changes, reasons, order, inverse |
//! | [`journal`] | records, events, outcomes |
//! | [`failpoint`] | where a test makes the process die |
//! | [`provider`] | the outside world: Docker, probes, a fake |
//! | [`store`] | releases, journal, lock on disk |
//! | [`report`] | drawing |
//! | [`apply`] | doing a plan, and taking it back |
//! | [`cli`] | words from the user |
//!
//! Files on disk: `deploy.toml` is read by `spec`; `.omni/` is written by `store` alone; a plan file is written and
//! read through `plan::PlanFile`; `schemas/deploy.schema.json` is written by `spec::schema`.

pub mod address;
pub mod apply;
pub mod cli;
pub mod clock;
pub mod failpoint;
pub mod fingerprint;
pub mod graph;
pub mod journal;
pub mod lock;
pub mod migration;
pub mod observed;
pub mod plain;
pub mod plan;
pub mod provider;
pub mod release;
pub mod report;
pub mod resource;
pub mod spec;
pub mod store;
pub mod template;
pub mod units;
