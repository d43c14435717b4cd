//! golang-migrate: `VERSION_NAME.up.sql` and `.down.sql`, in the order of the numbers. What is called otherwise is
//! ignored, and so is what stands after `.up.` and `.down.`.

use super::pairs::{Pair, Pairs};
use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Script, Way};

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let mut pairs = Pairs::new();
    for path in reading.flat() {
        if let Some((version, way, _)) = parts(path) {
            pairs.add(&mut reading, version.into(), way, path);
        }
    }
    let pairs = pairs.in_order(&mut reading);
    let scripts = pairs.iter().filter_map(|pair| script(&mut reading, pair)).collect();
    reading.finish_with_checks(scripts)
}

fn script(reading: &mut Reading<'_>, pair: &Pair<'_>) -> Option<Script> {
    let (_, _, name) = parts(pair.up)?;
    let up = reading.piece(pair.up);
    let down = pair.down.and_then(|down| reading.piece(down));
    let verify = reading.check(name);
    Some(Script {
        name: name.to_owned(),
        version: pair.version.clone(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: up?,
        down,
        verify,
    })
}

/// The version, the way and the stem of a file: `^([0-9]+)_(.*)\.(down|up)\.(.*)$`. None for any other.
pub(super) fn parts(path: &str) -> Option<(u64, Way, &str)> {
    let (number, rest) = path.split_once('_')?;
    let version = number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let ways = [(".up.", Way::Up), (".down.", Way::Down)];
    let (at, way) = ways.iter().filter_map(|(word, way)| Some((rest.rfind(word)?, *way))).max()?;
    Some((version, way, &path[..number.len() + 1 + at]))
}
