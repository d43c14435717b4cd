//! diesel: `VERSION_NAME/up.sql`, in the byte-wise order of the versions.
//!
//! The version is what stands before the first `_`, without `-`.

use serde::Deserialize;

use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Piece, Script};

/// `metadata.toml` of one migration. A file without the key means no transaction; no file means one.
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    run_in_transaction: bool,
}

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let mut scripts = Vec::new();
    for name in reading.directories().into_iter().filter(|name| !name.starts_with('.')) {
        scripts.extend(script(&mut reading, name));
    }
    scripts.sort_by(|a: &Script, b| a.version.cmp(&b.version));
    reading.finish(scripts)
}

fn script(reading: &mut Reading<'_>, name: &str) -> Option<Script> {
    let is_bare = is_bare(reading, &format!("{name}/metadata.toml"));
    let up = reading.needed(&format!("{name}/up.sql"), name);
    let down = reading.piece(&format!("{name}/down.sql"));
    let verify = reading.piece(&format!("{name}/verify.sql"));
    let up = up?;
    if up.text.is_empty() {
        reading.problem(&up.path, None, "it is empty, which diesel refuses", "write its SQL, or a comment");
    }
    Some(Script {
        name: name.to_owned(),
        version: name.split('_').next().unwrap_or(name).replace('-', ""),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: Piece { is_bare, ..up },
        // diesel refuses to run an empty way back, so it is none.
        down: down.filter(|down| !down.text.is_empty()).map(|down| Piece { is_bare, ..down }),
        verify,
    })
}

/// Whether the metadata ask for no transaction. What diesel cannot read asks for nothing.
fn is_bare(reading: &mut Reading<'_>, path: &str) -> bool {
    let metadata = reading.text(path).and_then(|text| toml::from_str::<Metadata>(text).ok());
    metadata.is_some_and(|metadata| !metadata.run_in_transaction)
}
