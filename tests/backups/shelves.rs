//! What lies on a shelf: half made backups, names, what is private.

use std::os::unix::fs::PermissionsExt;

use omni::provider::backup::Shelf;

use crate::bench::{Bench, nobody};

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_backup_without_its_manifest_does_not_exist() {
    use std::panic::AssertUnwindSafe;

    use futures_util::FutureExt;
    use omni::failpoint::{Place, die_at, disarm};

    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let backups = bench.on(&url, &|_| {});
    die_at(Place::BackupUnlisted, 1);
    let died = AssertUnwindSafe(backups.make("op1", &nobody())).catch_unwind().await;
    disarm();
    assert!(died.is_err());
    assert_eq!(bench.files().len(), 1);
    assert!(bench.shelf.list().await.unwrap().whole.is_empty());
    let made = backups.make("op1", &nobody()).await.unwrap();
    assert_eq!(bench.files(), [format!("{}.json", made.name), made.file]);
}

#[tokio::test]
async fn what_a_dead_process_left_is_removed_and_what_a_living_one_makes_is_not() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let folder = bench.folder.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    let dead = [".shop-20260101T000000Z-a.part", ".shop-20260101T000000Z-a.raw", "shop-20260102T000000Z-b.sqlite.gz"];
    let other = [".shop-eu-20260101T000000Z-a.part", "notes.txt", "shop-of-mine.dump"];
    for name in dead.iter().chain(&other) {
        std::fs::write(folder.join(name), "half").unwrap();
    }
    let living = std::fs::File::create(folder.join(".shop-20260103T000000Z-c.part")).unwrap();
    living.lock().unwrap();
    std::fs::write(folder.join(".shop-20260103T000000Z-c.raw"), "half").unwrap();
    let made = bench.on(&url, &|_| {}).make("op1", &nobody()).await.unwrap();
    let mut expected: Vec<_> = other.iter().map(ToString::to_string).collect();
    expected.extend([".shop-20260103T000000Z-c.part", ".shop-20260103T000000Z-c.raw"].map(str::to_owned));
    expected.extend([made.file, format!("{}.json", made.name)]);
    expected.sort();
    assert_eq!(bench.files(), expected);
    drop(living);
    assert_eq!(bench.shelf.sweep().await.unwrap().len(), 2);
}

#[tokio::test]
async fn two_of_a_second_have_two_names_and_are_listed_in_order() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let backups = bench.on(&url, &|_| {});
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(backups.make("manual", &nobody()).await.unwrap().name);
    }
    let listed: Vec<_> = bench.shelf.list().await.unwrap().whole.into_iter().map(|made| made.name).collect();
    assert_eq!(listed, names);
    let newest = bench.shelf.made_by("manual").await.unwrap().unwrap();
    assert_eq!(newest.name, names[2]);
    assert_eq!(bench.shelf.made_by("op1").await.unwrap(), None);
    bench.shelf.remove(&newest).await.unwrap();
    assert_eq!(bench.files().len(), 4);
}

#[tokio::test]
async fn nobody_else_reads_a_backup() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let made = bench.on(&url, &|_| {}).make("manual", &nobody()).await.unwrap();
    let rights = std::fs::metadata(bench.shelf.path(&made)).unwrap().permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
}

#[tokio::test]
async fn shelves_share_a_folder() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    bench.on(&url, &|_| {}).make("manual", &nobody()).await.unwrap();
    let other = Shelf::new(&bench.folder.path().join("backups"), "sho");
    let listed = other.list().await.unwrap();
    assert!(listed.whole.is_empty() && listed.damaged.is_empty());
}
