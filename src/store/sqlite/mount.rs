//! `network_mount`: whether a path is on a file system of another machine, where `SQLite`'s locks cannot be trusted.

use std::path::Path;

/// File systems that a network is behind. A virtual machine's shared folder is one too.
const NETWORK: [&str; 15] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "smb2",
    "9p",
    "afs",
    "ceph",
    "ncpfs",
    "coda",
    "glusterfs",
    "lustre",
    "gfs2",
    "ocfs2",
];

/// The same, mounted by a program.
const NETWORK_FUSE: [&str; 8] = ["sshfs", "s3fs", "rclone", "gcsfuse", "glusterfs", "ceph", "davfs", "curlftpfs"];

/// The kind of network file system that `path`, which is absolute, is on; none where it is on a local one.
pub(super) fn network_mount(path: &Path) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    // Where /proc is not there nothing can be told, and nothing is refused.
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_at(&mounts, path).filter(|kind| is_network(kind))
}

fn is_network(kind: &str) -> bool {
    NETWORK.contains(&kind) || kind.strip_prefix("fuse.").is_some_and(|kind| NETWORK_FUSE.contains(&kind))
}

/// The kind of the file system at `path`: that of the deepest mount above it; of several at one place, the last.
fn kind_at(mounts: &str, path: &Path) -> Option<String> {
    let mut found: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (Some(at), Some((_, rest))) = (line.split(' ').nth(4), line.split_once(" - ")) else { continue };
        let (at, kind) = (unescaped(at), rest.split(' ').next().unwrap_or_default());
        let depth = Path::new(&at).components().count();
        if path.starts_with(&at) && found.is_none_or(|(deepest, _)| depth >= deepest) {
            found = Some((depth, kind));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

/// The kernel writes a blank in a path as `\040`.
fn unescaped(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:50 / /srv rw,relatime shared:1 - nfs4 host:/srv rw
41 40 0:51 / /srv/local\\040disk rw - xfs /dev/vdb rw
42 27 0:52 / /home/ci rw - fuse.sshfs ci@host: rw
43 27 0:53 / /mnt rw - ext4 /dev/vdc rw
44 27 0:54 / /mnt rw - cifs //host/share rw
";

    #[test]
    fn the_deepest_and_latest_mount_decides() {
        let kind = |path: &str| kind_at(MOUNTS, Path::new(path)).unwrap();
        assert_eq!(kind("/var/omni"), "ext4");
        assert_eq!(kind("/srv/shop"), "nfs4");
        assert_eq!(kind("/srv/local disk/shop"), "xfs");
        assert_eq!(kind("/srvx"), "ext4");
        assert_eq!(kind("/mnt/x"), "cifs");
    }

    #[test]
    fn networks_are_known_and_local_disks_are_not_taken_for_one() {
        for kind in ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"] {
            assert!(is_network(kind), "{kind}");
        }
        for kind in ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuse.fuse-overlayfs", "apfs"] {
            assert!(!is_network(kind), "{kind}");
        }
    }

    #[test]
    fn this_machine_s_own_table_can_be_read() {
        if cfg!(target_os = "linux") {
            let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
            assert!(kind_at(&mounts, Path::new("/proc/self")).is_some_and(|kind| kind == "proc"));
        }
    }
}
