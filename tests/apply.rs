//! Whole applies on the fake engine, under its own clock: random deployments × random changes × faults and deaths.
//!
//! What is held here: planning after an apply changes nothing; after any single trouble, and after the death of omni at any
//! moment, the world is before or after; nothing leaks; an apply and its way back end where they began.

#[cfg(not(feature = "failpoints"))]
compile_error!("a fault test without failpoints proves nothing: run the tests with `--all-features`");

#[path = "support/share.rs"]
#[expect(dead_code, reason = "only how many is asked here")]
mod share;

mod apply {
    mod clocks;
    pub(crate) mod deployment;
    pub(crate) mod disk;
    mod fences;
    mod journal_matrix;
    mod matrix;
    mod old_copies;
    mod properties;
    mod proving;
    mod scenes;
    pub(crate) mod simulation;
    mod standing;
    pub(crate) mod steady;
    pub(crate) mod theatre;
}
