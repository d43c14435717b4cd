//! `Workshop`: what the steps that prove migrations need beside the site: a folder, a name, and somebody who keeps what
//! comes of it.
//!
//! A proof is evidence and no memory. Where and how it is kept is left to whoever made the workshop.

use std::path::PathBuf;
use std::sync::Arc;

use crate::lock::Holder;
use crate::migration::Script;
use crate::migration::proof::Proof;

/// Keeps a proof of these scripts. Answers why, where it could not.
pub type Evidence = Arc<dyn Fn(&Proof, &[Script]) -> Result<(), String> + Send + Sync>;

/// What the steps that prove migrations need beside the site.
#[derive(Clone)]
pub struct Workshop {
    /// Who proves: servers that are made for a proof carry it, so that those of the dead are known.
    pub holder: Holder,
    /// Where files are made that may be ruined.
    pub folder: PathBuf,
    /// Hears of each proof.
    pub evidence: Evidence,
}

impl Default for Workshop {
    /// One in the machine's own folder for such files, of nobody, that keeps nothing.
    fn default() -> Self {
        let none = String::new;
        let holder = Holder {
            who: none(),
            host: none(),
            boot: none(),
            pid: std::process::id(),
            started: 0,
            doing: "prove".to_owned(),
            lineage: none(),
        };
        Self { holder, folder: std::env::temp_dir(), evidence: Arc::new(|_, _| Ok(())) }
    }
}
