//! Durations, sizes and CPU counts as people write them: `Period` (`1m30s`), `Bytes` (`512MiB`), `Cpus` (`0.5`).
//!
//! The syntax is that of Compose files. Each type prints the shortest form that reads back to the same value, so
//! a value written in two ways compares and shows as one. What the numbers limit is left to `resource`.

mod bytes;
mod cpus;
mod period;

pub use bytes::Bytes;
pub use cpus::Cpus;
pub use period::Period;

use thiserror::Error;

/// A text that is no duration, size or CPU count; says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no {what}; write it like {example}")]
pub struct NotAUnit {
    text: String,
    what: &'static str,
    example: &'static str,
}
