//! `Attachment`: how a container joins a network.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How a container joins a network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attachment {
    /// Names under which others on the network find it, beside the service's own.
    pub aliases: BTreeSet<String>,
    /// A fixed address; the engine chooses where none.
    pub ipv4_address: Option<String>,
}
