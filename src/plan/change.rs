//! `Change`: what is to be done at one address, why, how it is taken back and what it costs.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::migration::Worth;
use crate::plan::{Phase, Told, migrations};
use crate::resource::{Difference, Resource};
use crate::units::Period;

/// What is to be done at one address. The before and the after are whole, so a provider needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which thing.
    pub address: Address,
    /// The verb.
    pub action: Action,
    /// Why, most important first; empty for `Keep`.
    pub reasons: Vec<Reason>,
    /// What is lost by taking it back.
    pub class: Class,
    /// How it is taken back.
    pub inverse: Inverse,
    /// For how long its users cannot reach it.
    pub downtime: Downtime,
    /// When in the apply it may run.
    pub phase: Phase,
    /// What is there now; none where nothing is.
    pub before: Option<Side>,
    /// What will be there; none where nothing will.
    pub after: Option<Resource>,
    /// Ids of stopped containers that are just what is wanted, kept from an older release: they are started instead
    /// of making new ones.
    pub reuse: Vec<String>,
    /// The fields that change, sorted.
    pub differences: Vec<Difference>,
    /// What is known of the way back of a migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<Worth>,
    /// The migrations whose ways back a proof tries, with what the plan takes each for: it may do nothing that asks for
    /// less consent than what comes of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proves: BTreeMap<Address, Worth>,
    /// What a migration does, statement by statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<Told>,
}

impl Change {
    /// The thing as it will be; as it was, where it goes.
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        self.after.as_ref().or_else(|| Some(&self.before.as_ref()?.resource))
    }

    /// What is lost when it runs, whatever comes afterwards: ``column `posts.slug`: its values are lost``.
    pub fn losses(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|told| &told.loses).map(String::as_str)
    }

    /// What does not come back with a migration that is taken back: its way up destroyed that, and its way back brings
    /// the schema back only; none where all comes back.
    #[must_use]
    pub fn not_back(&self) -> Option<String> {
        let taken_back = self.before.as_ref().filter(|_| self.action == Action::Delete);
        let migration = taken_back.and_then(|side| side.resource.migration());
        let (_, worth) =
            migration.zip(self.worth.as_ref()).filter(|(one, worth)| !migrations::brings_data_back(one, worth))?;
        Some(match worth {
            Worth::RowsLost(what) => what.join(", "),
            _ => "the rows and values that it destroyed".to_owned(),
        })
    }

    /// Whether somebody has to agree to it by name: it loses data, cannot be taken back, or takes an empty database for
    /// one that a release has migrated.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        self.class != Class::Reversible || self.is_made_anew()
    }

    /// Whether it is a database that has lost all that a release knows of it.
    #[must_use]
    pub fn is_made_anew(&self) -> bool {
        self.reasons.contains(&Reason::Emptied)
    }

    /// Whether a volume goes, with all that is in it.
    #[must_use]
    pub fn removes_volume(&self) -> bool {
        self.action == Action::Delete && self.address.kind() == Kind::Volume
    }
}

/// One side of a change: a thing and its objects on the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// What it is, as observed.
    pub resource: Resource,
    /// The ids of its objects, by replica.
    pub objects: Vec<String>,
    /// Those of them that are up.
    pub up: Vec<String>,
    /// Those of them that are up and that the engine calls unhealthy: nobody can ask more of them when they come back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwell: Vec<String>,
}

/// The verb of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It stays as it is.
    Keep,
    /// It is made.
    Create,
    /// It is changed where it stands.
    Update,
    /// Another takes its place.
    Replace(Turn),
    /// It runs once.
    Run,
    /// It stops serving, and is kept until no kept release needs it.
    Delete,
}

/// Which half of a replacement comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The new one is ready before the old one stops.
    NewFirst,
    /// The old one stops before the new one starts.
    OldFirst,
}

impl Action {
    /// The symbol of product screens: `+`, `~`, `+/-`, `-/+`, `-`, `>`; a blank for `Keep`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Keep => " ",
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace(Turn::NewFirst) => "+/-",
            Self::Replace(Turn::OldFirst) => "-/+",
            Self::Run => ">",
            Self::Delete => "-",
        }
    }
}

/// Why a change is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is in the spec and nowhere else.
    New,
    /// It is no longer in the spec.
    Gone,
    /// The release that is gone back to does not have it.
    NotThen,
    /// Everything is removed.
    Destroyed,
    /// The spec says another thing than what was recorded; the fields are in `differences`.
    Spec,
    /// It is not as it was recorded: somebody else changed it.
    Drift(String),
    /// An apply left it half made.
    Tainted,
    /// Something it requires is replaced, and it cannot follow where it stands.
    Requirement(Address),
    /// The user asked for it with `--replace`.
    Asked,
    /// The old one has to stop first: why.
    OldFirst(String),
    /// The database is about to be migrated.
    BeforeMigration,
    /// The database is empty, though a release has migrated it.
    Emptied,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Gone => f.write_str("no longer in the spec"),
            Self::NotThen => f.write_str("not in that release"),
            Self::Destroyed => f.write_str("removed by destroy"),
            Self::Spec => f.write_str("changed in the spec"),
            Self::Drift(what) => write!(f, "not as recorded: {what}"),
            Self::Tainted => f.write_str("left half made by an earlier apply"),
            Self::Requirement(address) => write!(f, "{address} is replaced"),
            Self::Asked => f.write_str("asked for with --replace"),
            Self::BeforeMigration => f.write_str("before the migrations"),
            Self::Emptied => f.write_str("empty, though a release has migrated it"),
            Self::OldFirst(why) => write!(f, "{why}: the old one must stop first"),
        }
    }
}

/// What is lost by taking a change back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing.
    Reversible,
    /// What was written since.
    Lossy,
    /// It cannot be taken back.
    OneWay,
}

/// How a change is taken back. Every undo looks before it acts, so it can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inverse {
    /// Nothing has to be done.
    Nothing,
    /// What was made is removed.
    RemoveNew,
    /// What was made is removed, and the old containers are started again.
    StartOld,
    /// The settings from before are put back.
    UpdateBack,
    /// The job's rollback command runs, and its container is removed.
    RunRollback,
    /// The migration's way back runs.
    RunDown,
    /// The migration runs again.
    RunUp,
    /// The backup that was made before it is restored: what was written since is lost.
    Restore,
    /// There is no way back.
    Impossible,
}

impl fmt::Display for Inverse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "-",
            Self::RemoveNew => "remove new",
            Self::StartOld => "start old",
            Self::UpdateBack => "update back",
            Self::RunRollback => "run its rollback",
            Self::RunDown => "run its down",
            Self::RunUp => "run its up again",
            Self::Restore => "RESTORE the backup",
            Self::Impossible => "NONE",
        })
    }
}

/// For how long the users of a thing cannot reach it while it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Downtime {
    /// It has no users, or did not serve before.
    NotApplicable,
    /// Not at all.
    None,
    /// From the stop of the old one to the readiness of the new one: about so long, as it took the last time.
    About(Period),
    /// From the stop of the old one to the readiness of the new one, which was never measured.
    UntilReady,
    /// For good: it is removed.
    Ends,
}

impl fmt::Display for Downtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplicable => f.pad(""),
            Self::None => f.pad("none"),
            Self::About(period) => f.pad(&format!("about {period}")),
            Self::UntilReady => f.pad("until ready"),
            Self::Ends => f.pad("ends"),
        }
    }
}
