//! Who this process is, and whether another one still lives: the proof behind a lock.

use std::fs;

use crate::lock::Holder;

/// This process as a holder of a lock.
#[must_use]
pub(crate) fn myself(who: Option<String>, doing: &str, lineage: &str) -> Holder {
    let pid = std::process::id();
    Holder {
        who: who.unwrap_or_else(|| "unknown".to_owned()),
        host: host_name(),
        boot: boot(),
        pid,
        started: started(pid).unwrap_or(0),
        doing: doing.to_owned(),
        lineage: lineage.to_owned(),
    }
}

/// Whether a holder still lives; none where that cannot be told from this machine.
#[must_use]
pub(crate) fn is_alive(holder: &Holder) -> Option<bool> {
    let same_machine = !holder.boot.is_empty() && holder.boot == boot();
    same_machine.then(|| started(holder.pid) == Some(holder.started))
}

/// What identifies the machine's present run; empty where the system does not say. A container on the machine shares it
/// but not its process ids, so the namespace of process ids is part of it.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    if id.is_empty() { String::new() } else { format!("{} {namespace}", id.trim()) }
}

/// When a process started, in ticks since boot; none where there is no such process.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold blanks; the fields after it do not. The start is the 22nd of all.
    let after_name = stat.rsplit_once(')')?.1;
    let fields: Vec<_> = after_name.split_whitespace().collect();
    // A process that has ended and was not waited for yet holds nothing any more.
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    name.map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// The name of the account this process runs as; none where the system does not say.
#[cfg(unix)]
pub(crate) fn account() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let uid = fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| fields.get(2) == Some(&uid.as_str())).map(|fields| fields[0].to_owned())
}

/// The name of the account this process runs as; none where the system does not say.
#[cfg(not(unix))]
pub(crate) fn account() -> Option<String> {
    None
}
