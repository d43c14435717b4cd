//! `Reporter`: the voice of an apply, and the voices there are.
//!
//! A reporter hears events and moments and can change nothing; what it cannot write is lost, because a closed pager
//! must not stop a deployment. Which one speaks is left to `cli`; when it is spoken to, to `apply`.

mod json_lines;
mod lines;
mod live;
mod resting;
mod silent;

use jiff::Timestamp;

use crate::journal::Event;

pub use json_lines::JsonLines;
pub use lines::Lines;
pub use live::Live;
pub use silent::Silent;

/// Hears how an apply goes and tells people or programs.
pub trait Reporter: Send {
    /// Something happened at this moment.
    fn tell(&mut self, event: &Event, at: Timestamp);

    /// Time has passed; called about ten times a second, for spinners and for signs of life.
    fn tick(&mut self, at: Timestamp) {
        let _ = at;
    }
}
