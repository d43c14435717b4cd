//! `Refusal`: why no plan can be made.

use thiserror::Error;

use crate::address::Address;
use crate::migration::Worth;

/// Why no plan can be made: applying one could not end well.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The spec asks for the new containers first, and they cannot run beside the old ones.
    #[error("{address} cannot start its new containers first: {why}")]
    CannotOverlap {
        /// Which service.
        address: Address,
        /// Why.
        why: String,
    },
    /// A volume would have to be made anew, and its data would be lost.
    #[error("{address} cannot be changed in place, and omni does not delete data: {fields}")]
    VolumeChanged {
        /// Which volume.
        address: Address,
        /// The fields that differ.
        fields: String,
    },
    /// A network with a fixed address range would have to stand beside itself.
    #[error("{address} cannot be replaced while it keeps the range {subnet}")]
    NetworkOverlaps {
        /// Which network.
        address: Address,
        /// The range.
        subnet: String,
    },
    /// Things swap something exclusive, so that each would have to wait for the other.
    #[error("{0} cannot be ordered: they hand exclusive ports or volumes to each other")]
    Swap(String),
    /// The image of an older release is gone.
    #[error("the image `{reference}` of {address} is no longer on the engine")]
    ImageGone {
        /// Which image.
        address: Address,
        /// Its reference.
        reference: String,
    },
    /// A migration is applied by half, and nobody says by which apply of omni.
    #[error("{address} is half applied: {why}")]
    HalfApplied {
        /// Which migration.
        address: Address,
        /// What the ledger says.
        why: String,
    },
    /// A migration was edited after it was applied, and its tool forbids that.
    #[error("{0} was edited after it was applied, which its tool refuses")]
    Edited(Address),
    /// A database has tables, and no ledger says which migrations made them.
    #[error(
        "{address} has tables, and no ledger says which migrations made them{}",
        known_by(then.as_ref(), now.as_ref())
    )]
    NoLedger {
        /// Which database.
        address: Address,
        /// The ledger that the latest release knows; none where it knows none.
        then: Option<String>,
        /// The one that deploy.toml names now.
        now: Option<String>,
    },
    /// Nothing takes a migration back.
    #[error("{address} cannot be taken back: {}", why.clone().unwrap_or_else(|| worth.to_string()))]
    NoWayBack {
        /// Which migration.
        address: Address,
        /// Why, as deploy.toml says it.
        why: Option<String>,
        /// What its way back is worth.
        worth: Worth,
    },
    /// A name given on the command line is not in the deployment.
    #[error("there is no {0} in this deployment")]
    NoSuchThing(Address),
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CannotOverlap { .. } => "omni::plan::cannot_overlap",
            Self::VolumeChanged { .. } => "omni::plan::volume_changed",
            Self::NetworkOverlaps { .. } => "omni::plan::network_overlaps",
            Self::Swap(_) => "omni::plan::swap",
            Self::ImageGone { .. } => "omni::plan::image_gone",
            Self::HalfApplied { .. } => "omni::plan::half_applied",
            Self::Edited(_) => "omni::plan::edited",
            Self::NoLedger { .. } => "omni::plan::no_ledger",
            Self::NoWayBack { .. } => "omni::plan::no_way_back",
            Self::NoSuchThing(_) => "omni::plan::no_such_thing",
        }
    }

    /// The reader's next act.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::CannotOverlap { .. } => {
                "remove `update.strategy`/`update.order`, so that omni stops the old one first, or give up \
                 what is exclusive"
                    .to_owned()
            }
            Self::VolumeChanged { .. } => {
                "give the volume another name in `[volumes]` and copy the data, or put the old settings back".to_owned()
            }
            Self::NetworkOverlaps { .. } => "change `subnet` together with the other settings".to_owned(),
            Self::Swap(_) => "apply in two steps: free the port or the volume first".to_owned(),
            Self::ImageGone { .. } => {
                "check out the commit of that release and run `omni apply`, which builds it again".to_owned()
            }
            Self::HalfApplied { .. } => {
                "look at what it has done, finish it or take it back by hand, and say so with the tool that wrote the \
                 ledger"
                    .to_owned()
            }
            Self::Edited(_) => "put the text back that was applied, and write a new migration".to_owned(),
            Self::NoLedger { then, now, .. } => {
                let adopt =
                    "`omni migrate baseline NAME` writes down where the database is; `--dry-run` shows it first";
                match (then, now) {
                    (Some(then), Some(now)) if then != now => {
                        format!("put `layout` and `ledger` back ({then}) where that was not meant; else {adopt}")
                    }
                    (Some(_), _) => format!("restore the ledger from a backup; else {adopt}"),
                    (None, _) => adopt.to_owned(),
                }
            }
            Self::NoWayBack { .. } => "restore a backup: `omni backup list` shows them".to_owned(),
            Self::NoSuchThing(_) => "`omni graph` lists every address".to_owned(),
        }
    }

    /// What the reader has to look at in the spec; none where the spec is not the place.
    #[must_use]
    pub const fn address(&self) -> Option<&Address> {
        match self {
            Self::CannotOverlap { address, .. }
            | Self::VolumeChanged { address, .. }
            | Self::NetworkOverlaps { address, .. }
            | Self::HalfApplied { address, .. }
            | Self::Edited(address)
            | Self::NoLedger { address, .. } => Some(address),
            Self::NoWayBack { .. } | Self::Swap(_) | Self::ImageGone { .. } | Self::NoSuchThing(_) => None,
        }
    }
}

/// What a release says of a ledger that is not there.
fn known_by(then: Option<&String>, now: Option<&String>) -> String {
    match (then, now) {
        (Some(then), Some(now)) if then != now => {
            format!(": the latest release knows that of {then}, and deploy.toml names that of {now}")
        }
        (Some(then), _) => format!(": that of {then}, which the latest release knows, is gone or was emptied"),
        (None, _) => String::new(),
    }
}
