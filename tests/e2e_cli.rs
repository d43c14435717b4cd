//! The command line as a user meets it: the real binary on the real engine, with its whole output and its exit code.
//!
//! These tests need a running engine, the `docker` command and `rustc`.

#![cfg(unix)] // The fixture is a Linux program; sockets with rights and `setpriv` are of this world too.

#[path = "e2e_cli/consent.rs"]
mod consent;
#[path = "e2e_cli/earlier.rs"]
mod earlier;
#[path = "e2e_cli/engine.rs"]
mod engine;
#[path = "e2e_cli/leaving.rs"]
mod leaving;
#[path = "e2e_cli/phantom.rs"]
mod phantom;
#[path = "e2e_cli/place.rs"]
mod place;
#[path = "e2e_cli/programs.rs"]
mod programs;
#[path = "e2e_cli/proving.rs"]
mod proving;
#[path = "e2e_cli/said.rs"]
mod said;
#[path = "e2e_cli/screens.rs"]
mod screens;
#[path = "e2e_cli/secrets.rs"]
mod secrets;
#[path = "e2e_cli/specs.rs"]
mod specs;
#[path = "e2e_cli/stale.rs"]
mod stale;
#[path = "e2e_cli/store.rs"]
mod store;
mod support;
#[path = "e2e_cli/unheard.rs"]
mod unheard;
#[path = "e2e_cli/world.rs"]
mod world;
