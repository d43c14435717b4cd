//! Disks that are full: of a table, of the server's log, of backups, and of the backup that is made before a restore.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::mishaps::{APPLY, Before};
use crate::postgres::owned;
use crate::scripts::{FAILS, LEGACY, NOTES, Script, TAGS};
use crate::shop::{DATABASE, Shop};

/// A small file system, unmounted when it is dropped.
struct Small(PathBuf);

impl Small {
    fn new(folder: PathBuf, size: &str) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&folder).status();
        assert!(mounted.unwrap().success(), "these tests may mount");
        owned(&folder);
        Self(folder)
    }

    /// Makes room.
    fn grow(&self, size: &str) {
        let grown = Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0).status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// What does not fit on a small disk, after something that does.
const LARGE: Script = Script {
    name: "0002_large",
    up: "CREATE TABLE large (text text);\n\
         INSERT INTO large SELECT repeat(md5(g::text), 20) FROM generate_series(1, 60000) AS g;",
    down: "DROP TABLE large;",
    parts: &["to_regclass('large') IS NOT NULL"],
};

#[tokio::test]
async fn a_server_whose_disk_is_full_turns_the_apply() {
    let shop = Shop::new("full").await;
    let small = Small::new(shop.server.folder.path().join("small"), "24m");
    let tablespace = format!("CREATE TABLESPACE small LOCATION '{}'", small.0.display());
    shop.server.sql("postgres", &tablespace).await;
    shop.server.sql("postgres", "ALTER DATABASE shop SET TABLESPACE small").await;
    let before = Before::of(&shop, &[NOTES, LARGE]).await;
    let ran = shop.ends(&APPLY[..2], 1);
    assert!(ran.text.contains("No space left on device") && ran.text.contains("53100"), "{}", ran.text);
    assert!(ran.text.contains("make room on the server, then run it again"), "{}", ran.text);
    before.is_back(&shop, &ran.text).await;
    shop.server.sql("postgres", "ALTER DATABASE shop SET TABLESPACE pg_default").await;
    let ran = shop.ends(&APPLY[..2], 0);
    before.is_done(&shop, &ran.text).await;
}

/// Random, since what repeats itself needs no room: about 350 KiB when it is packed.
const FILL: &str = "INSERT INTO notes (text) SELECT string_agg(md5(random()::text), '') \
     FROM generate_series(1, 20000) AS g GROUP BY g / 100";

#[tokio::test]
async fn a_disk_that_is_full_of_backups_turns_the_apply() {
    let shop = Shop::new("shelf").await;
    shop.server.sql(DATABASE, FILL).await;
    let before = Before::of(&shop, &[NOTES, TAGS, LEGACY]).await;
    fs::remove_dir_all(shop.world.path("backups")).unwrap();
    let small = Small::new(shop.world.path("backups"), "200k");
    let ran = shop.ends(&APPLY, 1);
    assert!(ran.text.contains("No space left on device"), "{}", ran.text);
    assert!(ran.text.contains("help: make room on the disk"), "{}", ran.text);
    let left: Vec<_> = fs::read_dir(&small.0).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
    before.is_back(&shop, &ran.text).await;
    drop(small);
    let ran = shop.ends(&APPLY, 0);
    before.is_done(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_restore_that_finds_no_room_for_what_is_there_can_be_recovered() {
    let shop = Shop::new("safety").await;
    shop.server.sql(DATABASE, FILL).await;
    let before = Before::of(&shop, &[NOTES, TAGS, LEGACY, FAILS]).await;
    fs::remove_dir_all(shop.world.path("backups")).unwrap();
    // The first backup fits, and one more does not.
    let small = Small::new(shop.world.path("backups"), "600k");
    let ran = shop.ends(&APPLY, 3);
    assert!(ran.text.contains("No space left on device"), "{}", ran.text);
    assert!(ran.text.contains("make room on the disk") && ran.text.contains("omni recover"), "{}", ran.text);
    assert_eq!(shop.inconsistent(before.scripts).await, [""; 0]);
    small.grow("8m");
    let ran = shop.ends(&["recover"], 0);
    before.is_back(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_server_whose_log_has_no_room_is_recovered_once_it_has() {
    let mut shop = Shop::new("log").await;
    let before = Before::of(&shop, &[NOTES, LARGE]).await;
    let spec = shop.world.path("deploy.toml");
    let hasty = fs::read_to_string(&spec).unwrap().replace("connect_timeout = \"20s\"", "connect_timeout = \"2s\"");
    fs::write(&spec, hasty).unwrap();
    shop.server.kill();
    let log = shop.server.folder.path().join("data/pg_wal");
    let aside = shop.server.folder.path().join("wal");
    fs::rename(&log, &aside).unwrap();
    let small = Small::new(log.clone(), "36m");
    let moved = Command::new("cp").arg("-a").arg(aside.join(".")).arg(&log).status().unwrap();
    assert!(moved.success());
    shop.server.start_again(&[]).await;
    let ran = shop.omni(&APPLY[..2]);
    assert!(matches!(ran.code, Some(1 | 3)), "{:?}: {}", ran.code, ran.text);
    small.grow("256m");
    shop.server.kill();
    shop.server.start_again(&[]).await;
    let ran = shop.ends(&["recover"], 0);
    before.is_back(&shop, &ran.text).await;
}
