//! Short forms of deploy.toml, each read by one function: ports, volumes, restart policies, names.
//!
//! `check` uses them to find what is malformed, `resolve` to read what is right. An error is the help for the reader.

pub(super) mod env_file;
pub(super) mod expose;
pub(super) mod image;
pub(super) mod mode;
pub(super) mod mount;
pub(super) mod name;
pub(super) mod port;
pub(super) mod postgres_url;
pub(super) mod recipient;
pub(super) mod restart;
pub(super) mod tag;
