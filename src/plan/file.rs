//! `PlanFile`: a plan on disk, as a commitment.
//!
//! A plan file is no program: an apply computes the plan again under the lock and compares. So the file holds the plan
//! for people and for the comparison, and an edited file can only be refused. It holds no secret.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::plain::{escaped, plain};
use crate::plan::Plan;
use crate::spec::Written;

const FORMAT: &str = "omni.plan-file/1";

/// How long a plan may wait to be applied.
pub const VALID_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A plan on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    format: String,
    /// The plan's id.
    pub id: Fingerprint,
    /// When it was made.
    pub made: Timestamp,
    /// The fingerprint of all the rest, so that nothing of it can be edited alone.
    seal: Fingerprint,
    /// What `--target` had picked, so that an apply picks the same.
    pub target: Vec<Address>,
    /// What `--replace` had picked.
    pub replace: Vec<Address>,
    /// What the spec was read from.
    pub written: Written,
    /// The plan.
    pub plan: Plan,
}

/// Why a plan file cannot be used.
#[derive(Debug, Error)]
pub enum PlanFileError {
    /// It is no plan file.
    #[error("`{place}` is no plan file: {why}")]
    NotAPlan {
        /// The file.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// It was written by a newer omni.
    #[error("`{place}` has the format `{found}`, and this omni reads `{FORMAT}`")]
    OtherFormat {
        /// The file.
        place: String,
        /// The format it has.
        found: String,
    },
    /// Its content is not what its id says.
    #[error("`{0}` was edited or damaged: its content does not fit its id")]
    Edited(String),
    /// It is too old.
    #[error("the plan of {made} is older than {} hours", VALID_FOR.as_hours())]
    Expired {
        /// When it was made.
        made: Timestamp,
    },
}

impl PlanFile {
    /// The file of a plan made at this time of a spec, with what was picked for it.
    #[must_use]
    pub fn new(plan: Plan, made: Timestamp, target: &[Address], replace: &[Address], written: Written) -> Self {
        let (format, id, seal) = (FORMAT.to_owned(), plan.id(), seal(&plan, made, target, replace, &written));
        Self { format, id, made, seal, target: target.to_vec(), replace: replace.to_vec(), written, plan }
    }

    /// The text of the file.
    ///
    /// # Panics
    /// Never: a plan is plain data.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a plan is plain data");
        escaped(&text).into_owned() + "\n"
    }

    /// The plan file in `text`, which came from `place`.
    ///
    /// # Errors
    /// When it is no plan file of this format, or its content was changed.
    pub fn read(place: &str, text: &str) -> Result<Self, PlanFileError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        let no_plan =
            |why: serde_json::Error| PlanFileError::NotAPlan { place: place.to_owned(), why: why.to_string() };
        let head: Head = serde_json::from_str(text).map_err(no_plan)?;
        if head.format != FORMAT {
            return Err(PlanFileError::OtherFormat { place: place.to_owned(), found: plain(&head.format) });
        }
        let edited = || PlanFileError::Edited(place.to_owned());
        // omni writes no file of this format that it cannot read: somebody else changed it.
        let file: Self = serde_json::from_str(text).map_err(|_| edited())?;
        if !file.is_whole(text)
            || !file.plan.is_sound()
            || file.plan.reviewed.is_some()
            || file.plan.id() != file.id
            || seal(&file.plan, file.made, &file.target, &file.replace, &file.written) != file.seal
        {
            return Err(edited());
        }
        Ok(file)
    }

    /// Whether `text` says just this. A misspelt key would be read as one that is not there, and of a key that stands
    /// twice only the last; whoever reads the file does not read it so. Only its layout may have changed.
    fn is_whole(&self, text: &str) -> bool {
        tokens(&self.to_text()).eq(tokens(text))
    }

    /// Whether it may still be applied at this time.
    ///
    /// # Errors
    /// When it is too old.
    pub fn check_age(&self, now: Timestamp) -> Result<(), PlanFileError> {
        if now.duration_since(self.made) > VALID_FOR {
            return Err(PlanFileError::Expired { made: self.made });
        }
        Ok(())
    }
}

fn seal(plan: &Plan, made: Timestamp, target: &[Address], replace: &[Address], written: &Written) -> Fingerprint {
    Fingerprint::of(&(plan, made, target, replace, written))
}

/// The bytes of a JSON text without the blanks between its tokens.
fn tokens(text: &str) -> impl Iterator<Item = u8> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.bytes().filter(move |byte| {
        let is_kept = is_quoted || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        is_quoted ^= *byte == b'"' && !is_escaped;
        is_escaped = is_quoted && *byte == b'\\' && !is_escaped;
        is_kept
    })
}
