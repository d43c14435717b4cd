//! The tail of a journal: records that could not be written to the store, left where a person can read them.
//!
//! No recovery needs them: every step that was begun has its intent on disk, and an undo looks before it acts. They
//! tell what is known beyond that, so they go to a file in the folder for temporary files; where that has no room
//! either, to the terminal. They hold no secret, as no record does.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::address::Scope;
use crate::journal::Record;
use crate::lock::Op;

/// Leaves the tail of the journal of an apply, and says in one line where it is; none where there is none.
#[must_use]
pub(crate) fn left(op: &Op, scope: &Scope, fence: u64, tail: &[Record]) -> Option<String> {
    left_in(&std::env::temp_dir(), op, scope, fence, tail)
}

fn left_in(folder: &Path, op: &Op, scope: &Scope, fence: u64, tail: &[Record]) -> Option<String> {
    if tail.is_empty() {
        return None;
    }
    let document = json!({
        "format": "omni.journal_tail/1",
        "op": op,
        "scope": scope.to_string(),
        "fence": fence,
        "records": tail,
    });
    let many = if tail.len() == 1 { "1 record is".to_owned() } else { format!("{} records are", tail.len()) };
    Some(match write(&folder.join(format!("omni-recover-{op}.json")), &document.to_string()) {
        Ok(path) => format!("{many} not in the journal but in `{}`", path.display()),
        Err(_) => format!("{many} not in the journal but here: {document}"),
    })
}

/// Writes a new file that only this account can read. What lies there already may be somebody else's, and is left.
fn write(path: &Path, text: &str) -> io::Result<PathBuf> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).inspect_err(|_| {
        // Half a file helps nobody; the whole text goes elsewhere.
        let _ = std::fs::remove_file(path);
    })?;
    Ok(path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, from_str, to_value};

    use super::left_in;
    use crate::address::Scope;
    use crate::fingerprint::Fingerprint;
    use crate::journal::{Cause, Record};
    use crate::lock::Op;

    #[test]
    fn the_tail_is_in_a_file_of_its_own_or_else_in_what_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let op = Op::new(&Fingerprint::of("plan"), "lineage", 7);
        let scope = Scope { project: "shop".to_owned(), environment: None };
        let tail = [Record::Unwinding { cause: Cause::Recovered }];
        let left = |tail: &[Record]| left_in(folder.path(), &op, &scope, 7, tail);

        assert_eq!(left(&[]), None);
        let path = folder.path().join(format!("omni-recover-{op}.json"));
        let said = left(&tail).expect("there is a tail");
        assert_eq!(said, format!("1 record is not in the journal but in `{}`", path.display()));
        let kept: Value = from_str(&fs::read_to_string(&path).expect("it is there")).expect("JSON");
        assert_eq!(kept["records"], to_value(&tail).expect("JSON"));
        assert_eq!((&kept["op"], &kept["fence"]), (&to_value(&op).expect("JSON"), &Value::from(7)));

        // A name that is taken may be somebody's trap.
        let said = left(&tail).expect("there is a tail");
        let (_, here) = said.split_once("but here: ").expect("it is said");
        assert_eq!(from_str::<Value>(here).expect("one line of JSON"), kept);
    }
}
