//! A store that cannot be used: 6 where it is not ours to read, 7 where there is no room.

use std::fs;
use std::process::Command;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::place::Place;

const WEB: &str = "[networks.inside]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"sleep\"]
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

#[test]
fn a_store_of_a_newer_omni_is_left_alone() {
    let place = Place::with("newer", WEB);
    place.apply();
    let file = place.path(&format!(".omni/{}.sqlite", place.project));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut store = SqliteConnectOptions::new().filename(&file).connect().await.expect("a store");
        sqlx::raw_sql("PRAGMA user_version = 99; UPDATE meta SET version = 99, min_reader = 99")
            .execute(&mut store)
            .await
            .expect("a newer store");
        store.close().await.expect("it closes");
    });
    let before = (fs::read(&file).expect("a store"), place.containers());
    for words in [&["plan"][..], &["status"], &["history"], &["apply", "--yes"], &["destroy", "--yes"]] {
        let said = place.omni(words);
        assert_eq!(said.code, 6, "{words:?}: {}", said.screen());
        assert!(said.err.starts_with("error[omni::store::too_new]: "), "{words:?}: {}", said.screen());
    }
    assert!(before == (fs::read(&file).expect("a store"), place.containers()), "nothing was changed");
}

/// A file system of 2 MiB that is unmounted when it is dropped.
struct Small(std::path::PathBuf);

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_before_anything_is_begun() {
    let place = Place::with("full", WEB);
    let folder = place.path(".omni");
    fs::create_dir(&folder).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(&folder).status();
    assert!(mounted.expect("`mount`").success(), "these tests may mount");
    let _small = Small(folder.clone());
    let filled = fs::write(folder.join("filling"), vec![0_u8; 4 << 20]);
    assert!(filled.is_err(), "the disk is full");
    let said = place.omni(&["apply", "--yes"]);
    assert_eq!(said.code, 7, "{}", said.screen());
    assert!(said.err.starts_with("error[omni::store::unusable]: "), "{}", said.screen());
    assert!(place.containers().is_empty());
}
