//! Whole applies on the fake engine, under its own clock: random deployments × random changes × faults and deaths.
//!
//! What is held here: planning after an apply changes nothing; after any single trouble, and after the death of omni at any
//! moment, the world is before or after; nothing leaks; an apply and its way back end where they began.

mod apply {
    pub(crate) mod deployment;
    mod fences;
    mod matrix;
    mod properties;
    mod scenes;
    mod simulation;
    pub(crate) mod theatre;
}
