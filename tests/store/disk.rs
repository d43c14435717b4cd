//! Where the file lies: who can read it, and what happens when the disk is full or cannot be written.

use std::fs;

use omni::store::{Sqlite, StoreError};

use crate::house::{House, OnDisk};
use crate::sample::scope;

#[tokio::test]
async fn looking_makes_nothing() {
    let house = OnDisk::new();
    let opened = Sqlite::open_existing(&house.path(), &scope(), house.hands().machine()).await.unwrap();
    assert!(opened.is_none());
    assert!(!house.path().parent().unwrap().exists());
}

#[tokio::test]
async fn a_store_is_one_whole_file_from_the_start() {
    let house = OnDisk::new();
    house.open().await.shut().await.unwrap();
    let mut names: Vec<_> = fs::read_dir(house.path().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [".gitignore", "shop-prod.sqlite"]);
    let opened = Sqlite::open_existing(&house.path(), &scope(), house.hands().machine()).await.unwrap();
    assert!(opened.is_some());
}

#[tokio::test]
async fn version_control_leaves_the_folder_out() {
    let house = OnDisk::new();
    drop(house.open().await);
    let ignored = fs::read_to_string(house.path().with_file_name(".gitignore")).unwrap();
    assert_eq!(ignored, "*\n");
}

#[tokio::test]
async fn a_folder_that_was_there_stays_as_it_is() {
    let house = OnDisk::new();
    let path = house.path().parent().unwrap().with_file_name("shop.sqlite");
    drop(Sqlite::create(&path, &scope(), house.hands().machine()).await.unwrap());
    assert!(!path.with_file_name(".gitignore").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_can_be_read_by_this_account_alone() {
    use std::os::unix::fs::PermissionsExt;

    use omni::store::Store;

    use crate::contract::locked;
    use crate::sample::apply;

    let house = OnDisk::new();
    let mut store = house.open().await;
    let fence = locked(&mut store, 1).await;
    store.open(&apply(1, fence, &[]), Vec::new()).await.unwrap();
    let folder = house.path().parent().unwrap().to_owned();
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != ".gitignore") {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        seen += 1;
    }
    assert_eq!(seen, 6, "the file, its log, its index, its lock, its ballast and its reach");
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_unusable() {
    let house = OnDisk::new();
    fs::write(house.path().parent().unwrap(), "").unwrap();
    let opened = Sqlite::create(&house.path(), &scope(), house.hands().machine()).await;
    assert!(matches!(opened, Err(StoreError::Unusable { .. })), "{opened:?}");
}

#[cfg(target_os = "linux")]
mod mounted {
    //! Disks that are full or cannot be written, made with `mount`, which needs the right to mount.

    use std::fs;
    use std::io::Write;
    use std::path::Path;
    use std::process::Command;

    use omni::journal::{Cause, Outcome, Record};
    use omni::store::{Sqlite, Store, StoreError};
    use tempfile::TempDir;

    use crate::contract::locked;
    use crate::house::{Hands, OnDisk, store_in};
    use crate::sample::{apply, at, holder, large_apply, node, scope};

    /// A small disk of its own, gone when this is dropped.
    struct Disk(TempDir);

    impl Disk {
        fn new() -> Self {
            let disk = Self(tempfile::tempdir().unwrap());
            disk.mount("size=4m,mode=777");
            disk
        }

        fn path(&self) -> &Path {
            self.0.path()
        }

        fn mount(&self, options: &str) {
            let arguments = ["-t", "tmpfs", "-o", options, "tmpfs"];
            let done = root("mount", &arguments, self.path());
            assert!(done, "this test mounts a disk of 4 MiB: run it as root, or where `sudo -n mount` is allowed");
        }

        /// Fills the disk to the last byte.
        fn fill(&self) {
            let mut filler = fs::OpenOptions::new().create(true).append(true).open(self.path().join("filler")).unwrap();
            for size in [65_536, 4096, 512, 1] {
                while filler.write_all(&vec![b'x'; size]).is_ok() {}
            }
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            root("umount", &["-l"], self.0.path());
        }
    }

    fn root(program: &str, arguments: &[&str], path: &Path) -> bool {
        let run =
            |command: &mut Command| command.args(arguments).arg(path).output().is_ok_and(|out| out.status.success());
        run(&mut Command::new(program)) || run(Command::new("sudo").args(["-n", program]))
    }

    #[tokio::test]
    async fn a_full_disk_loses_nothing_and_leaves_room_to_take_back() {
        let disk = Disk::new();
        let path = store_in(disk.path());
        let mut store = Sqlite::create(&path, &scope(), Hands::new().machine()).await.unwrap();
        let fence = locked(&mut store, 1).await;
        let apply = apply(1, fence, &[]);
        store.open(&apply, Vec::new()).await.unwrap();
        let ballast = path.with_file_name("shop-prod.sqlite.ballast");
        assert_eq!(fs::metadata(&ballast).unwrap().len(), 1024 * 1024);
        disk.fill();

        let record = Record::Intent { node: node() };
        let mut kept = 0;
        let error = loop {
            match store.append(&apply.op, fence, &record, at(kept)).await {
                Ok(()) => kept += 1,
                Err(error) => break error,
            }
            assert!(kept < 100_000, "the disk is never full");
        };
        assert!(matches!(&error, StoreError::Unusable { why, .. } if why.contains("full")), "{error}");
        assert!(!ballast.exists(), "the room that was kept back was used");
        assert!(kept >= 100, "only {kept} records fitted into the ballast");

        let there = store.journal(&apply.op).await.unwrap().len();
        assert_eq!(i64::try_from(there).unwrap(), kept, "still readable, and nothing half written");
        fs::remove_file(disk.path().join("filler")).unwrap();
        store.append(&apply.op, fence, &record, at(kept)).await.expect("it goes on when there is room again");
        drop(store);

        let again = Sqlite::open_existing(&path, &scope(), Hands::new().machine()).await.unwrap().unwrap();
        assert_eq!(again.journal(&apply.op).await.unwrap().len(), there + 1);
        drop(again);

        let mut next = Sqlite::create(&path, &scope(), Hands::new().machine()).await.unwrap();
        next.close(&apply.op, fence, &Outcome::Unwound(Cause::Recovered), None, at(kept)).await.unwrap();
        let large = large_apply(2, fence, 100);
        next.open(&large, Vec::new()).await.unwrap();
        assert_eq!(
            fs::metadata(&ballast).unwrap().len(),
            100 * 16 * 1024,
            "it is made anew, as large as the plan needs"
        );
    }

    #[tokio::test]
    async fn after_a_crash_on_a_full_disk_the_store_can_be_opened() {
        let roomy = OnDisk::new();
        let mut store = roomy.open().await;
        let fence = locked(&mut store, 1).await;
        let apply = apply(1, fence, &[]);
        store.open(&apply, Vec::new()).await.unwrap();
        store.append(&apply.op, fence, &Record::Intent { node: node() }, at(2)).await.unwrap();

        // As a crash leaves it: the log is not folded back, and the index in memory is gone.
        let disk = Disk::new();
        let path = disk.path().join("shop-prod.sqlite");
        for suffix in ["", "-wal", ".ballast"] {
            fs::copy(format!("{}{suffix}", roomy.path().display()), format!("{}{suffix}", path.display())).unwrap();
        }
        disk.fill();
        let opened = Sqlite::open_existing(&path, &scope(), Hands::new().machine()).await.unwrap();
        let mut again = opened.expect("it is there");
        assert_eq!(again.journal(&apply.op).await.unwrap().len(), 1);
        let fence = locked(&mut again, 2).await;
        again.take_over(&apply.op, fence).await.unwrap();
        again.append(&apply.op, fence, &Record::UndoIntent { node: node() }, at(3)).await.unwrap();
    }

    #[tokio::test]
    async fn a_disk_that_is_full_before_the_start_refuses_to_start() {
        let disk = Disk::new();
        let path = store_in(disk.path());
        let mut store = Sqlite::create(&path, &scope(), Hands::new().machine()).await.unwrap();
        let fence = locked(&mut store, 1).await;
        disk.fill();
        let opened = store.open(&apply(1, fence, &[]), Vec::new()).await;
        assert!(matches!(opened, Err(StoreError::Unusable { .. })), "{opened:?}");
        assert_eq!(store.open_apply().await.unwrap(), None);

        let nowhere = Sqlite::create(&disk.path().join("other.sqlite"), &scope(), Hands::new().machine()).await;
        assert!(matches!(nowhere, Err(StoreError::Unusable { .. })), "{nowhere:?}");
        assert!(!disk.path().join("other.sqlite").exists(), "no half store is left");
    }

    #[tokio::test]
    async fn a_disk_that_cannot_be_written_is_unusable_and_says_so() {
        let disk = Disk::new();
        let path = store_in(disk.path());
        let store = Sqlite::create(&path, &scope(), Hands::new().machine()).await.unwrap();
        store.shut().await.unwrap();
        disk.mount("remount,ro");

        let mut opened = Vec::new();
        opened.push(Sqlite::create(&disk.path().join("new/x.sqlite"), &scope(), Hands::new().machine()).await.err());
        opened.push(match Sqlite::create(&path, &scope(), Hands::new().machine()).await {
            Ok(mut store) => store.take_lock(&holder(1), 0).await.err(),
            Err(error) => Some(error),
        });
        for error in opened {
            assert!(matches!(error, Some(StoreError::Unusable { .. })), "{error:?}");
        }
    }
}
