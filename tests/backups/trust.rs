//! What is known of a backup is remembered, and one that cannot be relied on pushes out none that can.

use std::fs;

use age::secrecy::ExposeSecret;
use serde_json::Value;

use crate::commands::Place;

const FILE: &str = "sqlite:data/shop.db?mode=rwc";
const NOTES: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL); \
                     INSERT INTO notes (id, text) VALUES (1, 'one'), (2, 'two')";

fn names(said: &Value) -> Vec<String> {
    let backups = said["backups"].as_array().unwrap();
    backups.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

fn listed(place: &Place) -> Vec<String> {
    names(&place.omni(&["backup", "list", "--json"]).json())
}

fn flip(place: &Place, name: &str) {
    let path = place.path(&format!("backups/{name}.sqlite.gz"));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
}

/// Three backups, the oldest of which is whole.
async fn with_the_newest_two_damaged() -> (Place, Vec<String>) {
    let place = Place::new(FILE, "");
    place.sql(NOTES).await;
    for _ in 0..3 {
        place.omni(&["backup", "create"]).ends(0);
    }
    let all = listed(&place);
    flip(&place, &all[1]);
    flip(&place, &all[2]);
    (place, all)
}

#[tokio::test]
async fn what_was_found_to_be_damaged_is_remembered_and_pushes_out_nothing() {
    let (place, all) = with_the_newest_two_damaged().await;
    place.write("keep = { last = 2 }");
    place.omni(&["backup", "verify", "--all"]).ends(7);

    let said = place.omni(&["backup", "list"]).ends(7);
    assert!(
        said.out.contains("DAMAGED") && said.out.contains(&all[2]) && said.out.contains("found at"),
        "{}",
        said.out
    );
    let said = place.omni(&["backup", "list", "--json"]).ends(7).json();
    assert_eq!((names(&said), &said["damaged"][1]["name"]), (vec![all[0].clone()], &all[2].as_str().into()));
    place.omni(&["backup", "prune", "--yes"]).ends(0);
    assert_eq!(listed(&place), all[..1]);
    let said = place.omni(&["backup", "create", "--json"]).ends(0).json();
    assert_eq!(said["removed"].as_array().unwrap().len(), 0);
    assert!(listed(&place).contains(&all[0]));
    place.omni(&["backup", "restore", &all[2], "--dry-run"]).ends(7);

    // Whoever has put the file back has it tried again.
    flip(&place, &all[2]);
    place.omni(&["backup", "verify", &all[2]]).ends(0);
    assert_eq!(listed(&place).len(), 3);
}

#[tokio::test]
async fn before_others_are_removed_the_best_is_read_back() {
    let (place, all) = with_the_newest_two_damaged().await;
    place.write("keep = { last = 1 }");
    let said = place.omni(&["backup", "prune", "--yes"]).ends(0);
    assert!(said.out.contains("Nothing to remove"), "{}", said.out);
    assert_eq!(listed(&place), all[..1]);
}

#[tokio::test]
async fn a_file_that_is_gone_is_told_and_not_made_and_what_is_empty_pushes_out_nothing() {
    let place = Place::new(FILE, "keep = { last = 2 }");
    place.sql(NOTES).await;
    place.omni(&["backup", "create"]).ends(0);
    let full = listed(&place);
    fs::rename(place.path("data/shop.db"), place.path("data/away.db")).unwrap();
    let said = place.omni(&["backup", "create"]).ends(7);
    assert!(said.err.contains("omni::backup::absent") && said.err.contains("backup restore"), "{}", said.err);
    place.omni(&["backup", "verify"]).ends(0);
    assert!(!place.path("data/shop.db").exists());

    place.sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").await;
    for _ in 0..3 {
        let said = place.omni(&["backup", "create"]).ends(0);
        assert!(said.err.contains("has no row") && said.out.contains("empty"), "{}{}", said.err, said.out);
    }
    let now = listed(&place);
    assert_eq!((now.len(), &now[0]), (3, &full[0]));
}

#[tokio::test]
async fn what_is_removed_is_told() {
    let place = Place::new(FILE, "keep = { last = 1 }");
    place.sql(NOTES).await;
    place.omni(&["backup", "create"]).ends(0);
    let first = listed(&place);
    let said = place.omni(&["backup", "create", "--json"]).ends(0).json();
    assert_eq!(said["removed"], serde_json::json!(first));
    let second = listed(&place);
    let said = place.omni(&["backup", "create"]).ends(0);
    assert!(said.err.contains(&format!("removed {}", second[0])), "{}{}", said.err, said.out);
}

#[tokio::test]
async fn a_restore_that_is_refused_leaves_no_backup() {
    let identity = age::x25519::Identity::generate();
    let place = Place::new(FILE, &format!("encrypt_to = [\"{}\"]", identity.to_public()));
    place.sql(NOTES).await;
    place.omni(&["backup", "create"]).ends(0);
    let name = &listed(&place)[0];
    let agreed = ["backup", "restore", name, "--yes", "--allow-loss", "database.shop"];
    let other = age::x25519::Identity::generate();
    fs::write(place.path("wrong"), other.to_string().expose_secret()).unwrap();
    fs::write(place.path("right"), identity.to_string().expose_secret()).unwrap();
    for keys in [&[("OMNI_AGE_KEYS", "wrong")][..], &[]] {
        let dry = place.omni_with(keys, &["backup", "restore", name, "--dry-run"]).ends(7);
        assert!(dry.err.contains("omni::backup::no_key"), "{}", dry.err);
        place.omni_with(keys, &["backup", "restore", name, "--to", "scratch", "--dry-run"]).ends(7);
        place.omni_with(keys, &agreed).ends(7);
    }
    let right = [("OMNI_AGE_KEYS", "right")];
    let mut other = place.session().await;
    other.begin().await.unwrap();
    let said = place.omni_with(&right, &agreed).ends(4);
    assert!(said.err.contains("omni::backup::busy") && !said.err.contains("--disconnect"), "{}", said.err);
    other.abort().await.unwrap();
    drop(other);
    assert_eq!(listed(&place).len(), 1);
    place.omni_with(&right, &agreed).ends(0);
    assert_eq!(listed(&place).len(), 2);

    // What is restored to be looked into is not encrypted: it lies where the database does, which is not either.
    let said = place.omni_with(&right, &["backup", "restore", name, "--to", "scratch"]).ends(0);
    assert!(said.err.contains("is not encrypted"), "{}", said.err);
    assert!(fs::read(place.path(&format!("data/restored-{name}.db"))).unwrap().starts_with(b"SQLite format 3"));

    fs::write(place.path("right"), "no key").unwrap();
    let said = place.omni_with(&right, &["backup", "verify"]).ends(7);
    assert!(said.err.contains("omni::backup::bad_key"), "{}", said.err);
}

#[tokio::test]
async fn a_backup_is_named_by_its_files_too() {
    let place = Place::new(FILE, "");
    place.sql(NOTES).await;
    place.omni(&["backup", "create"]).ends(0);
    let name = &listed(&place)[0];
    for word in [format!("./backups/{name}.sqlite.gz"), format!("backups/{name}.json"), format!("{name}.sqlite.gz")] {
        place.omni(&["backup", "restore", &word, "--dry-run"]).ends(0);
    }
    let said = place.omni(&["backup", "restore", &format!("/tmp/{name}.json"), "--dry-run"]).ends(2);
    assert!(said.err.contains("does not lie in `backups`"), "{}", said.err);
    fs::rename(place.path("backups"), place.path("moved")).unwrap();
    fs::write(place.path("backups"), "").unwrap();
    let said = place.omni(&["backup", "create"]).ends(7);
    assert!(said.err.contains("name a folder in `dir`"), "{}", said.err);
}
