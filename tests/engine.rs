//! The contract of `Engine`, held by a real Docker engine.
//!
//! These tests need a running engine, the `docker` command, `rustc`, and Debian's `docker-registry`.

#![cfg(unix)] // The fixture is a Linux program; on other systems the same engine is reached over another pipe.

#[path = "engine/calls.rs"]
mod calls;
#[path = "engine/images.rs"]
mod images;
#[path = "engine/reading.rs"]
mod reading;
#[path = "engine/registry.rs"]
mod registry;
mod support;
