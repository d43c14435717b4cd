//! `--skip-backup`: the plan says that it has none, needs consent to more, and is kept as that.

use std::fs;

use serde_json::Value;

use crate::commands::Place;

const MIGRATIONS: &str = "[migrations.shop]\ndir = \"migrations\"\nlayout = \"golang-migrate\"";

/// A place with one migration that is applied, and one that drops a table.
fn place() -> Place {
    let place = Place::new("sqlite:data/shop.db?mode=rwc", MIGRATIONS);
    fs::create_dir(place.path("migrations")).unwrap();
    let write = |name: &str, text: &str| fs::write(place.path("migrations").join(name), text).unwrap();
    write("000001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);");
    write("000001_notes.down.sql", "DROP TABLE notes;");
    place.omni(&["apply", "--yes", "--tag", "v1"]).ends(0);
    write("000002_gone.up.sql", "DROP TABLE notes;");
    write("000002_gone.down.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);");
    place
}

fn step<'v>(plan: &'v Value, address: &str) -> Option<&'v Value> {
    plan["steps"].as_array().unwrap().iter().find(|step| step["address"] == address)
}

#[tokio::test]
async fn a_plan_without_backups_is_another_plan_that_needs_consent_and_is_kept() {
    let place = place();
    let with = place.omni(&["plan", "--json"]).ends(0).json();
    let without = place.omni(&["plan", "--skip-backup", "--json"]).ends(0).json();
    assert_ne!(with["id"], without["id"]);
    assert!(step(&with, "backup.shop").is_some() && step(&without, "backup.shop").is_none());
    assert_eq!((&with["without_backup"], &without["without_backup"][0]), (&Value::Null, &"backup.shop".into()));
    let drops = "migration.shop.000002_gone";
    assert_ne!(step(&with, drops).unwrap()["class"], step(&without, drops).unwrap()["class"]);
    let said = place.omni(&["plan", "--skip-backup"]).ends(0);
    assert!(said.out.contains("backup.shop is left out by --skip-backup"), "{}", said.out);

    // What was reviewed is what is done: with the flag, and with nothing beside it.
    let id = with["spoken"].as_str().unwrap();
    let agreed = ["apply", "--yes", "--allow-loss", drops, "--skip-backup"];
    place.omni(&[&agreed[..], &["--plan-id", id]].concat()).ends(4);
    place.omni(&["plan", "--skip-backup", "-o", "plan.json"]).ends(0);
    place.omni(&["apply", "plan.json", "--skip-backup"]).ends(2);
    let refused = place.omni(&["apply", "plan.json"]).ends(8);
    assert!(refused.err.contains("cannot be taken back"), "{}", refused.err);
    place.omni(&["apply", "plan.json", "--allow-loss", drops]).ends(0);
    assert_eq!(place.count().await, None);
    let list = place.omni(&["backup", "list", "--json"]).ends(0).json();
    assert_eq!(list["backups"].as_array().unwrap().len(), 1, "only that of the first apply");
    let release = place.omni(&["show", "--json"]).ends(0).json();
    assert_eq!(release["without_backup"][0], "backup.shop");
    let listed = place.omni(&["rollback"]).ends(0);
    assert!(listed.out.contains("without a backup"), "{}", listed.out);

    let applies = place.omni(&["history", "--json"]).ends(0).json();
    let left_out: Vec<_> = applies["applies"].as_array().unwrap().iter().map(|one| &one["without_backup"][0]).collect();
    assert_eq!(left_out, [&Value::from("backup.shop"), &Value::Null], "{applies:#}");
    let told = place.omni(&["history"]).ends(0);
    assert_eq!(told.out.matches("without a backup").count(), 1, "{}", told.out);

    // A later rollback is backed up again, unless that is skipped too.
    let back = place.omni(&["rollback", "--to", "v1", "--dry-run", "--json"]).ends(0).json();
    assert!(step(&back, "backup.shop").is_some(), "{back:#}");
    let back = place.omni(&["rollback", "--to", "v1", "--skip-backup", "--yes"]).ends(0);
    assert!(back.err.contains("backup.shop is left out") || back.out.contains("backup.shop is left out"));
    place.omni(&["destroy", "--yes"]).ends(0);
}

#[tokio::test]
async fn the_policy_refuses_to_leave_backups_out() {
    let place = place();
    place.write(&format!("{MIGRATIONS}\n[policy]\nrequire_backup = true"));
    for words in [&["plan"][..], &["apply", "--yes"], &["rollback", "--to", "v1", "--yes"]] {
        let refused = place.omni(&[words, &["--skip-backup"]].concat()).ends(8);
        assert!(refused.err.contains("omni::policy::backup_required"), "{}", refused.err);
    }
    place.omni(&["destroy", "--yes"]).ends(0);
}
