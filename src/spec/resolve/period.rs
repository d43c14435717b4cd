//! Lengths of time that have to be one: what is tried every 0 s, or for 0 s, is never tried.

use super::Resolver;
use crate::spec::problem::Problem;
use crate::spec::tree::{self, below};
use crate::units::Period;

/// The shortest time that engines know.
const SHORTEST: Period = Period::millis(1);

impl Resolver<'_> {
    /// The period at a key, `otherwise` where none is given; a problem where it is too short to be one.
    pub(super) fn some_time(&mut self, given: Option<Period>, at: &[String], key: &str, otherwise: Period) -> Period {
        self.no_instant(given, at, key, &format!("leave it out for {otherwise}"));
        given.unwrap_or(otherwise)
    }

    /// Reports a period that is too short to be one.
    pub(super) fn no_instant(&mut self, given: Option<Period>, at: &[String], key: &str, help: &str) {
        if given.is_none_or(|period| period >= SHORTEST) {
            return;
        }
        let place = below(at, key);
        let message = format!("`{}` is no time at all", tree::joined(&place));
        let problem = Problem::error("omni::spec::out_of_range", &place, message);
        self.report(problem.help(format!("{help}; the least is {SHORTEST}")), &place, "over before it starts");
    }
}
