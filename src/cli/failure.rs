//! `Failure`: why a command could not do what it was asked, with its exit code and the next act.

use std::fmt::Write;

use serde_json::json;

use crate::address::Address;
use crate::apply::Aborted;
use crate::cli::exit::Exit;
use crate::cli::problems;
use crate::journal::Outcome;
use crate::lock::Held;
use crate::plain::plain;
use crate::plan::{Moved, PlanFileError, Refusal};
use crate::provider::{Fault, FaultKind};
use crate::report::diagnostics::Severity;
use crate::spec::Problems;
use crate::store::StoreError;

/// What a failure says that left everything as it was.
pub(crate) const UNTOUCHED: &str = "nothing was changed";

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The spec is wrong: every problem, with its place.
    Spec(Box<Problems>),
    /// Anything else.
    Told(Box<Told>),
}

/// A failure in words.
#[derive(Debug)]
pub(crate) struct Told {
    /// The exit code.
    pub(crate) exit: Exit,
    /// The stable code.
    pub(crate) code: &'static str,
    /// What is wrong, each in a line of its own.
    pub(crate) messages: Vec<String>,
    /// Where the spec says something about each message, as `deploy.toml:61:1`; empty where no place is to blame.
    pub(crate) places: Vec<Option<String>>,
    /// The reader's next act.
    pub(crate) help: Option<String>,
}

impl Failure {
    /// A failure in one line.
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self::Told(Box::new(Told { exit, code, messages: vec![message.into()], places: Vec::new(), help: None }))
    }

    /// The same with the reader's next act.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Told(told) = &mut self {
            told.help = Some(help.into());
        }
        self
    }

    /// The same with one more thing to know.
    #[must_use]
    pub(crate) fn and(mut self, message: String) -> Self {
        if let Self::Told(told) = &mut self {
            told.messages.push(message);
        }
        self
    }

    /// The same with the place in the spec that its last message is about.
    #[must_use]
    pub(crate) fn at(mut self, place: Option<String>) -> Self {
        if let Self::Told(told) = &mut self {
            told.places.resize(told.messages.len(), None);
            if let Some(last) = told.places.last_mut() {
                *last = place;
            }
        }
        self
    }

    /// What is wrong, in one line.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Spec(_) => "the spec is wrong".to_owned(),
            Self::Told(told) => told.messages.join("; "),
        }
    }

    /// The exit code.
    #[must_use]
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Spec(_) => Exit::Usage,
            Self::Told(told) => told.exit,
        }
    }

    /// The refusals of a plan, all in one. `place` tells where the spec says something about a thing.
    #[must_use]
    pub(crate) fn refusals(refusals: &[Refusal], place: impl Fn(&Address) -> Option<String>) -> Self {
        let first = refusals.first();
        let mut helps: Vec<_> = refusals.iter().map(Refusal::help).collect();
        helps.dedup();
        Self::Told(Box::new(Told {
            exit: if refusals.iter().any(|r| matches!(r, Refusal::NoSuchThing(_))) {
                Exit::Usage
            } else {
                Exit::Refused
            },
            code: first.map_or("omni::plan::refused", Refusal::code),
            messages: refusals.iter().map(ToString::to_string).collect(),
            places: refusals.iter().map(|refusal| refusal.address().and_then(&place)).collect(),
            help: Some(helps.join("; ")),
        }))
    }

    /// An apply lost its lock, which somebody else may have now.
    #[must_use]
    pub(crate) fn lock_lost(why: &str, now: Option<&Held>) -> Self {
        let (who, help) = match now {
            Some(held) => (
                format!("{} holds the lock now (fence {}); ", held.holder, held.fence),
                "the open apply is left to it; look with `omni status`",
            ),
            None => (String::new(), "look with `omni status`, then run `omni recover`"),
        };
        Self::Told(Box::new(Told {
            exit: Exit::Locked,
            code: "omni::lock::lost",
            messages: vec![
                format!("the lock was lost: {why}"),
                format!("the apply stopped where it was; {who}nothing further was sent"),
            ],
            help: Some(help.to_owned()),
            places: Vec::new(),
        }))
    }

    /// The same after something was done first: it does not say that nothing was.
    #[must_use]
    pub(crate) fn after(mut self, done: &str) -> Self {
        if let Self::Told(told) = &mut self {
            let instead = format!("{done}; nothing else was changed");
            let mut said = false;
            for text in told.messages.iter_mut().chain(&mut told.help) {
                said |= text.contains(UNTOUCHED);
                *text = text.replace(UNTOUCHED, &instead);
            }
            let is_untouched = matches!(told.exit, Exit::Usage | Exit::Refused | Exit::Locked | Exit::Consent);
            if is_untouched && !said {
                told.messages.push(instead);
            }
        }
        self
    }

    /// What has moved since a plan was made, all in one.
    #[must_use]
    pub(crate) fn moved(moved: &[Moved]) -> Self {
        Self::Told(Box::new(Told {
            exit: Exit::Refused,
            code: "omni::plan::stale",
            messages: moved.iter().map(ToString::to_string).collect(),
            places: Vec::new(),
            help: Some(format!("run `omni plan` again and have the new plan reviewed; {UNTOUCHED}")),
        }))
    }
}

impl Told {
    /// The failure as text, without colour.
    #[must_use]
    pub(crate) fn draw(&self) -> String {
        let mut text = String::new();
        let places = self.places.iter().map(Option::as_deref).chain(std::iter::repeat(None));
        for (message, place) in self.messages.iter().zip(places) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "error[{}]: {}", self.code, plain(message));
            if let Some(place) = place {
                let _ = writeln!(text, "  --> {}", plain(place));
            }
        }
        if let Some(help) = &self.help {
            let _ = writeln!(text, "  help: {}", plain(help));
        }
        text
    }
}

/// The format of an error for programs.
const FORMAT: &str = "omni.error/1";

impl Failure {
    /// The failure in one line for programs. A spec with several problems has them all under `findings`.
    #[must_use]
    pub(crate) fn json(&self) -> String {
        let exit = self.exit().number();
        let document = match self {
            Self::Told(told) => json!({
                "format": FORMAT,
                "code": told.code,
                "message": plain(&told.messages.join("; ")),
                "help": told.help.as_deref().map(plain),
                "place": told.places.iter().flatten().next().map(|place| plain(place)),
                "exit": exit,
            }),
            Self::Spec(found) => {
                let findings = problems::findings(found);
                let first = findings.iter().find(|finding| finding.severity == Severity::Error);
                json!({
                    "format": FORMAT,
                    "code": first.map(|finding| plain(&finding.code)),
                    "message": first.map(|finding| plain(&finding.message)),
                    "help": first.and_then(|finding| finding.help.as_deref()).map(plain),
                    "exit": exit,
                    "findings": findings,
                })
            }
        };
        format!("{document}\n")
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Spec(Box::new(problems))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let (code, exit) = match fault.kind {
            FaultKind::Unreachable => ("omni::engine::unreachable", Exit::Unusable),
            FaultKind::Denied => ("omni::engine::denied", Exit::Unusable),
            FaultKind::Unknown => ("omni::engine::no_answer", Exit::Unusable),
            FaultKind::NotFound => ("omni::engine::not_found", Exit::Unusable),
            FaultKind::Conflict => ("omni::engine::conflict", Exit::Refused),
            FaultKind::Failed | FaultKind::Exhausted => ("omni::engine::failed", Exit::Unusable),
        };
        let failure = Self::new(exit, fault.code.unwrap_or(code), fault.message);
        match fault.help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Unusable { .. } | StoreError::Server { .. } => Exit::Unusable,
            StoreError::FenceLost(_) => Exit::Locked,
            StoreError::AlreadyOpen => Exit::Stuck,
            StoreError::Absent(_) => Exit::Usage,
            StoreError::TooNew { .. }
            | StoreError::Foreign { .. }
            | StoreError::Damaged(_)
            | StoreError::Journal(_)
            | StoreError::HasReleases
            | StoreError::NoFile(_) => Exit::Store,
        };
        Self::new(exit, error.code(), error.to_string()).help(error.help())
    }
}

impl From<PlanFileError> for Failure {
    fn from(error: PlanFileError) -> Self {
        let (exit, code) = match &error {
            PlanFileError::NotAPlan { .. } => (Exit::Usage, "omni::plan_file::not_a_plan"),
            PlanFileError::OtherFormat { .. } => (Exit::Usage, "omni::plan_file::other_format"),
            PlanFileError::Edited(_) => (Exit::Refused, "omni::plan_file::edited"),
            PlanFileError::Expired { .. } => (Exit::Refused, "omni::plan_file::expired"),
        };
        Self::new(exit, code, error.to_string()).help("make a new one with `omni plan -o FILE`")
    }
}

impl From<Aborted> for Failure {
    fn from(aborted: Aborted) -> Self {
        match aborted {
            Aborted::Journal(error) => Self::new(Exit::Store, "omni::store::damaged", error.to_string()),
            Aborted::Store { error, outcome, .. } => {
                let how = match outcome.as_deref() {
                    Some(Outcome::Unwound(_)) => "everything was undone, but the journal does not say so",
                    Some(Outcome::Applied) => "every step is done, but the journal does not say so",
                    Some(Outcome::Stuck { .. }) => "not everything could be undone, and the journal does not say so",
                    Some(Outcome::Interrupted) => {
                        "the undo stopped where it was: nothing is undone that is not written down"
                    }
                    None => "nothing was undone",
                };
                let mend = match &error {
                    StoreError::Server { .. } => "bring the store's server back",
                    _ => "make room for the store",
                };
                let failure = Self::from(error);
                let Self::Told(mut told) = failure else { return failure };
                told.exit = Exit::Stuck;
                told.messages.push(how.to_owned());
                told.help = Some(format!("{mend}, then run `omni recover` (safe to repeat)"));
                Self::Told(told)
            }
            Aborted::LeaseLost(why) => Self::lock_lost(&why, None),
        }
    }
}
