//! `World`: an engine with images of known behaviour, on which the contract runs.

use std::path::Path;

use omni::fingerprint::Fingerprint;
use omni::lock::Holder;
use omni::provider::engine::Engine;
use omni::provider::host::{BuildFiles, Host};
use omni::resource::Build;
use omni::template::Template;

/// What a container of the contract does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// It runs, and its health command soon ends with 0.
    Serve,
    /// It runs, its health command ends with another code, and it writes a line with `email_verified` and, where it has
    /// the variable `PASSWORD`, the value of that.
    NeverHealthy,
    /// It ends with this code, after it wrote a line.
    End(i64),
}

/// An engine on which the contract runs.
pub(crate) trait World: Send + Sync {
    /// The engine.
    type Engine: Engine;

    /// The host of it, made with `alive` and `context` of this file.
    fn host(&self) -> &Host<Self::Engine>;

    /// What the names of this run's projects start with, so that several runs share an engine.
    fn prefix(&self) -> String;

    /// The reference of a local image, and the command with which it does this.
    fn does(&self, what: Does) -> (String, Option<Vec<Template>>);

    /// The command that tells the health of what `does`.
    fn health(&self) -> Vec<Template>;

    /// A command that ends with 0 in a container that serves.
    fn harmless(&self) -> Vec<Template>;

    /// A command that ends with 3 in a container that serves.
    fn failing(&self) -> Vec<Template>;

    /// A host port that nobody listens on.
    fn port(&self) -> u16;
}

/// The holders of the contract: those on the host `dead` are proven dead.
pub(crate) fn alive(holder: &Holder) -> Option<bool> {
    (holder.host == "dead").then_some(false)
}

/// The build context of the contract: one Dockerfile from nothing.
pub(crate) fn context(_root: &Path, build: &Build) -> Result<BuildFiles, String> {
    if build.context == "missing" {
        return Err("there is no such folder".to_owned());
    }
    let dockerfile = b"FROM scratch\nLABEL contract=1\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "Dockerfile", dockerfile.as_slice()).map_err(|error| error.to_string())?;
    let tar = archive.into_inner().map_err(|error| error.to_string())?;
    Ok(BuildFiles { content: content(), tar })
}

/// The fingerprint of what `context` reads.
pub(crate) fn content() -> Fingerprint {
    Fingerprint::of_bytes(b"the context of the contract")
}
