//! Prisma: `NAME/migration.sql`, in the byte-wise order of the names.
//!
//! Prisma itself knows no way back; people put one beside the script. From 6.6 on it sorts by the locale of Node,
//! which differs from bytes only where the numbers that names start with differ in length.

use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Script, checksum};

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let mut scripts = Vec::new();
    for name in reading.directories() {
        scripts.extend(script(&mut reading, name));
    }
    reading.finish(scripts)
}

fn script(reading: &mut Reading<'_>, name: &str) -> Option<Script> {
    let up = reading.needed(&format!("{name}/migration.sql"), name);
    let down = reading.either(&format!("{name}/down.sql"), &format!("{name}/rollback.sql"));
    let verify = reading.piece(&format!("{name}/verify.sql"));
    let up = up?;
    let checksum = checksum::sha256(up.text.as_bytes());
    let (unix, windows) = (up.text.replace("\r\n", "\n"), up.text.replace('\n', "\r\n"));
    let mut equal = vec![checksum::sha256(unix.as_bytes()), checksum::sha256(windows.as_bytes())];
    equal.push(checksum::sha256_unpadded(up.text.as_bytes()));
    equal.retain(|other| *other != checksum);
    Some(Script {
        name: name.to_owned(),
        version: name.to_owned(),
        description: String::new(),
        checksum: Some(checksum),
        equal,
        up,
        down,
        verify,
    })
}
