//! What plans say of data that is lost, and what they refuse because it would be.

use std::fs;

use serde_json::Value;

use crate::{Place, SCRIPTS, Said};

/// A column goes, and what brings it back brings no value with it.
const DROPPED: [(&str, &str); 2] = [
    ("000002_less.up.sql", "ALTER TABLE notes DROP COLUMN text;"),
    ("000002_less.down.sql", "ALTER TABLE notes ADD COLUMN text TEXT;"),
];

impl Place {
    fn write(&self, scripts: &[(&str, &str)]) {
        for (path, text) in scripts {
            fs::write(self.path("migrations").join(path), text).unwrap();
        }
    }

    fn edit(&self, from: &str, to: &str) {
        let spec = fs::read_to_string(self.path("deploy.toml")).unwrap();
        assert!(spec.contains(from), "{spec}");
        fs::write(self.path("deploy.toml"), spec.replace(from, to)).unwrap();
    }

    fn apply(&self, words: &[&str]) -> Said {
        self.omni_at(None, &[&["apply", "--yes"], words].concat())
    }
}

fn step<'p>(plan: &'p Value, address: &str) -> &'p Value {
    plan["steps"].as_array().unwrap().iter().find(|step| step["address"] == address).unwrap()
}

#[tokio::test]
async fn a_known_database_without_its_ledger_is_not_migrated_anew() {
    let place = Place::called("omni-losing-ledger", "sqlite:notes.db?mode=rwc", &SCRIPTS[..4]);
    place.apply(&["--tag", "v1"]).ends(0);
    let refused = |why: &str, help: &str| {
        for words in [&["plan"][..], &["apply", "--yes"], &["rollback", "--to", "v1", "--yes"]] {
            let said = place.omni_at(None, words).ends(4);
            assert!(said.err.contains("omni::plan::no_ledger") && said.err.contains(why), "{words:?}: {}", said.err);
            assert!(said.err.contains(help) && said.err.contains("omni migrate baseline"), "{words:?}: {}", said.err);
            assert_eq!(said.err.matches("error[").count(), 1, "once for a database: {}", said.err);
        }
    };
    let layout = "layout = \"golang-migrate\"";
    place.edit(layout, "layout = \"golang-migrate\"\nledger = \"main.other\"");
    let why =
        "the latest release knows that of golang-migrate, and deploy.toml names that of golang-migrate in `main.other`";
    let said = place.omni_at(None, &["plan"]).ends(4);
    assert!(said.err.contains(why) && said.err.contains("put `layout` and `ledger` back"), "{}", said.err);
    place.apply(&[]).ends(4);
    place.edit("\nledger = \"main.other\"", "");
    place.edit(layout, "layout = \"sqlx\"");
    let said = place.omni_at(None, &["plan"]).ends(4);
    assert!(said.err.contains("and deploy.toml names that of sqlx"), "{}", said.err);
    place.edit("layout = \"sqlx\"", layout);
    place.omni_at(None, &["plan"]).ends(0);
    place.sql("DROP TABLE schema_migrations").await;
    let gone = "that of golang-migrate, which the latest release knows, is gone or was emptied";
    refused(gone, "restore the ledger from a backup");
}

#[tokio::test]
async fn a_known_database_whose_ledger_was_emptied_is_not_migrated_anew() {
    let place = Place::called("omni-losing-rows", "sqlite:notes.db?mode=rwc", &SCRIPTS[..4]);
    place.apply(&["--tag", "v1"]).ends(0);
    place.sql("DELETE FROM schema_migrations").await;
    for words in [&["plan"][..], &["apply", "--yes"], &["rollback", "--to", "v1", "--yes"]] {
        let said = place.omni_at(None, words).ends(4);
        assert!(said.err.contains("omni::plan::no_ledger"), "{words:?}: {}", said.err);
    }
    // The way out that it names.
    place.omni_at(None, &["migrate", "baseline", "000002_tags", "--yes"]).ends(0);
    let said = place.apply(&[]).ends(0);
    assert!(said.out.contains("No changes"), "{}", said.out);
}

#[test]
fn a_known_database_that_is_empty_is_made_anew_only_with_consent() {
    let place = Place::called("omni-losing-all", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.apply(&["--tag", "v1"]).ends(0);
    fs::remove_file(place.path("notes.db")).unwrap();
    let said = place.omni_at(None, &["plan"]).ends(0);
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("database.shop is empty, though a release has migrated it"), "{}", said.out);
    assert!(flat.contains("!~ database.shop") || flat.contains("! ~ database.shop"), "{}", said.out);
    let said = place.apply(&["--tag", "v2"]).ends(8);
    assert!(said.err.contains("omni::consent::loss"), "{}", said.err);
    assert!(said.err.contains("what it had is in backups only"), "{}", said.err);
    assert!(said.err.contains("add `--allow-loss database.shop`"), "{}", said.err);
    place.apply(&["--tag", "v2", "--allow-loss", "database.shop"]).ends(0);
    let said = place.apply(&[]).ends(0);
    assert!(said.out.contains("No changes"), "{}", said.out);
}

#[test]
fn a_deployment_of_a_database_alone_can_be_destroyed() {
    let place = Place::called("omni-losing-destroyed", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.apply(&["--tag", "v1"]).ends(0);
    let said = place.omni_at(None, &["destroy", "--yes"]).ends(0);
    assert!(said.out.contains("database.shop and what is in it stay"), "{}", said.out);
    assert!(fs::exists(place.path("notes.db")).unwrap());
    let said = place.omni_at(None, &["destroy", "--yes"]).ends(0);
    assert!(said.out.contains("No changes"), "{}", said.out);
    // What it had is adopted, and nothing runs again.
    let plan = place.omni_at(None, &["plan", "--json"]).ends(0).json();
    let steps: Vec<_> = plan["steps"].as_array().unwrap().iter().map(|step| &step["address"]).collect();
    assert_eq!(steps, ["database.shop"], "{plan:#}");
    place.apply(&["--tag", "v2"]).ends(0);
}

#[test]
fn a_plan_names_what_its_steps_lose() {
    let place = Place::called("omni-losing-named", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.apply(&["--tag", "v1"]).ends(0);
    place.write(&DROPPED);
    let lost = "column `notes.text`: its values are lost";
    let plan = place.omni_at(None, &["plan", "--md", "plan.md"]).ends(0);
    let named = format!("! migration.shop.000002_less: when it runs: {lost}");
    assert!(plan.out.contains(&named) && plan.out.contains(&format!("! {lost}\n")), "{}", plan.out);
    let comment = fs::read_to_string(place.path("plan.md")).unwrap();
    assert!(comment.contains("when it runs: column"), "{comment}");
    let plan = place.omni_at(None, &["plan", "--json"]).ends(0).json();
    let one = step(&plan, "migration.shop.000002_less");
    assert_eq!((&one["loses"][0], &one["statements"][0]["loses"][0]), (&lost.into(), &lost.into()), "{one:#}");
    let said = place.apply(&[]).ends(8);
    assert!(said.err.contains(&format!("; when it runs: {lost}")), "{}", said.err);
    // What the policy forbids is refused where it is planned, and not only after the merge.
    place.edit("[databases.shop]", "[policy]\nallow_destructive = false\n[databases.shop]");
    let said = place.omni_at(None, &["plan"]).ends(8);
    assert!(said.err.contains("omni::policy::destructive") && said.err.contains(lost), "{}", said.err);
}

#[tokio::test]
async fn a_rollback_over_a_half_applied_migration_is_refused() {
    let place = Place::called("omni-losing-half", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.apply(&["--tag", "v1"]).ends(0);
    place.write(&SCRIPTS[2..4]);
    place.apply(&["--tag", "v2"]).ends(0);
    place.sql("UPDATE schema_migrations SET dirty = 1").await;
    let said = place.omni_at(None, &["rollback", "--to", "v1", "--yes"]).ends(4);
    assert!(said.err.contains("omni::plan::half_applied"), "{}", said.err);
    place.sql("SELECT id FROM tags").await;
}

/// What takes something away runs late, and what comes between two such scripts does too: each on the schema that it was
/// written for.
#[tokio::test]
async fn migrations_run_in_the_order_of_their_tool_whatever_they_lose() {
    let place = Place::called("omni-losing-order", "sqlite:notes.db?mode=rwc", &SCRIPTS[..4]);
    place.apply(&["--tag", "v1"]).ends(0);
    place.write(&[
        ("000003_less.up.sql", "ALTER TABLE notes DROP COLUMN text;"),
        ("000003_less.down.sql", "ALTER TABLE notes ADD COLUMN text TEXT NOT NULL DEFAULT '';"),
        ("000004_text.up.sql", "ALTER TABLE notes ADD COLUMN text TEXT;"),
        ("000004_text.down.sql", "ALTER TABLE notes DROP COLUMN text;"),
        ("000005_tags.up.sql", "DROP TABLE tags;"),
        ("000005_tags.down.sql", "CREATE TABLE tags (id INTEGER PRIMARY KEY);"),
    ]);
    let names = ["000003_less", "000004_text", "000005_tags"];
    let plan = place.omni_at(None, &["plan", "--json"]).ends(0).json();
    let steps = plan["steps"].as_array().unwrap().iter().map(|step| step["address"].as_str().unwrap());
    assert!(steps.filter_map(|one| one.strip_prefix("migration.shop.")).eq(names), "{plan:#}");
    let losses = names.map(|name| format!("--allow-loss=migration.shop.{name}"));
    place.apply(&losses.each_ref().map(String::as_str)).ends(0);
    let plan = place.omni_at(None, &["plan"]).ends(0);
    assert!(plan.out.contains("No changes"), "{}", plan.out);
    place.sql("SELECT text FROM notes").await;
}

#[test]
fn a_rollback_that_brings_no_data_back_says_so() {
    let place = Place::called("omni-losing-back", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.apply(&["--tag", "v1"]).ends(0);
    place.write(&DROPPED);
    let loss = ["--allow-loss", "migration.shop.000002_less"];
    place.apply(&[&loss[..], &["--tag", "v2"]].concat()).ends(0);
    let back = ["rollback", "--to", "v1"];
    let not_back = "does NOT bring back the rows and values that it destroyed";
    let plan = place.omni_at(None, &[&back[..], &["--dry-run", "--json"]].concat()).ends(0).json();
    let one = step(&plan, "migration.shop.000002_less");
    // To run it again would destroy what was written since, and there is no backup.
    assert_eq!((&one["class"], &one["inverse"]), (&"one_way".into(), &"impossible".into()), "{one:#}");
    assert_eq!(one["not_back"], not_back, "{one:#}");
    let said = place.omni_at(None, &[&back[..], &["--yes"]].concat()).ends(8);
    assert!(said.err.contains("omni::consent::loss") && said.err.contains(not_back), "{}", said.err);
    let said = place.omni_at(None, &[&back[..], &["--yes"], &loss[..]].concat()).ends(0);
    assert!(said.out.contains(&format!("! it {not_back}")), "{}", said.out);
    let told = format!("NOT the data of then: taking back migration.shop.000002_less {not_back}");
    assert!(said.err.contains(&told), "{}", said.err);
}

#[test]
fn a_way_back_without_the_rows_is_not_relied_on() {
    let more = [
        ("000002_more.up.sql", "ALTER TABLE notes ADD COLUMN slug TEXT;"),
        ("000002_more.down.sql", "ALTER TABLE notes DROP COLUMN slug;"),
    ];
    let place = Place::called("omni-losing-proof", "sqlite:notes.db?mode=rwc", &[&SCRIPTS[..2], &more].concat());
    place.apply(&[]).ends(0);
    place.write(&[
        ("000003_less.up.sql", "ALTER TABLE notes DROP COLUMN slug;"),
        ("000003_less.down.sql", "ALTER TABLE notes ADD COLUMN slug TEXT;"),
    ]);
    let said = place.omni(&["migrate", "prove"]).ends(0);
    assert!(said.out.contains("all of them taken back: proven: the schema, NOT the rows"), "{}", said.out);
    let summary =
        "1 migration, 0 with a way back that can be relied on, 1 that brings back the schema and NOT the rows";
    assert!(said.out.contains(summary), "{}", said.out);
    let proof = place.omni(&["migrate", "prove", "--json"]).ends(0).json();
    assert_eq!(proof["databases"][0]["migrations"][0]["reliable"], false, "{proof:#}");
}

#[test]
fn files_that_are_no_migrations_are_named() {
    let place = Place::new("sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    let warned = |place: &Place, what: &str| {
        let said = place.omni(&["validate"]).ends(0);
        let all = format!("{}{}", said.out, said.err);
        // The screen may break a line anywhere.
        let flat = all.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(all.contains("omni::spec::no_migration") && flat.contains(what), "{all}");
    };
    let said = place.omni(&["validate"]).ends(0);
    assert!(!format!("{}{}", said.out, said.err).contains("no_migration"), "{}{}", said.out, said.err);
    place.write(&[("3-q.up.sql", "SELECT 1;"), ("add_q.sql", "SELECT 1;")]);
    warned(&place, "2 files of SQL in `migrations` are no migrations as golang-migrate lays them out");
    fs::remove_dir_all(place.path("migrations")).unwrap();
    fs::create_dir(place.path("migrations")).unwrap();
    warned(&place, "the folder `migrations` holds no migration");
}

#[test]
fn an_edit_is_seen_where_the_ledger_keeps_no_checksum() {
    let place = Place::called("omni-losing-edited", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    place.apply(&[]).ends(0);
    let edited = "migration.shop.000001_notes was edited after it was applied";
    assert!(!place.omni_at(None, &["plan"]).ends(0).out.contains(edited));
    place.write(&[("000001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text INT);")]);
    let said = place.omni_at(None, &["plan"]).ends(0);
    assert!(said.out.contains(edited), "{}", said.out);
}

#[test]
fn what_has_nothing_to_do_tells_programs_so_and_strangers_are_refused() {
    let place = Place::called("omni-losing-nothing", "sqlite:notes.db?mode=rwc", &SCRIPTS[..2]);
    let said = place.apply(&["--allow-loss", "migration.shop.000001_note"]).ends(2);
    assert!(said.err.contains("omni::consent::unknown_step"), "{}", said.err);
    place.apply(&[]).ends(0);
    let said = place.apply(&["--json"]).ends(0).json();
    assert_eq!((&said["format"], &said["event"]), (&"omni.event/1".into(), &"ended".into()), "{said:#}");
    fs::remove_file(place.path("notes.db")).unwrap();
    place.edit("?mode=rwc", "");
    let (plan, other) = (place.omni_at(None, &["plan"]).ends(7), place.omni(&["migrate", "prove"]).ends(7));
    let help = other.err.lines().find(|line| line.contains("help: ")).unwrap();
    assert!(plan.err.contains(help.trim()) && !help.contains("see to it"), "{}{}", plan.err, other.err);
}
