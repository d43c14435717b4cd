//! The proofs that were made of this project's migrations: files in `.omni/proofs`, one for each proof.
//!
//! They are evidence and not memory: a lost one is made again by `omni migrate prove`. So they stand beside the store
//! and not in it. What a proof means is left to `migration::proof`.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use crate::cli::disk;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::fingerprint::Fingerprint;
use crate::migration::proof::Proof;

/// How many are kept: the oldest go first.
const KEPT: usize = 50;

fn folder(root: &Path) -> PathBuf {
    root.join(".omni").join("proofs")
}

/// Every proof that was kept, newest first. What cannot be read counts as none: it is made again.
pub(crate) fn kept(root: &Path) -> Vec<Proof> {
    let mut found: Vec<_> = all(root).into_iter().map(|(_, proof)| proof).collect();
    found.sort_by_key(|proof| Reverse(proof.at));
    found
}

fn all(root: &Path) -> Vec<(PathBuf, Proof)> {
    let Ok(entries) = std::fs::read_dir(folder(root)) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    files
        .filter_map(|path| Some((path.clone(), serde_json::from_str(&disk::text(&path, disk::LARGEST).ok()?).ok()?)))
        .collect()
}

/// Keeps a proof in the place of an older one of the same scripts on the same ground.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(root: &Path, key: &Fingerprint, proof: &Proof) -> Result<(), Failure> {
    let folder = folder(root);
    std::fs::create_dir_all(&folder).map_err(|error| {
        let message = format!("cannot make `{}`: {error}", folder.display());
        Failure::new(Exit::Unusable, "omni::cli::unwritable", message).help(disk::mend(&folder, &error))
    })?;
    let text = serde_json::to_string_pretty(proof).expect("a proof is plain data with text keys") + "\n";
    disk::write(&folder.join(format!("{key}.json")), &text)?;
    let mut there = all(root);
    there.sort_by_key(|(_, proof)| Reverse(proof.at));
    for (path, _) in there.into_iter().skip(KEPT) {
        // One too many does no harm.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}
