//! A server in a container: its own programs dump and restore it, and a failed apply gives back what a migration dropped.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::commands::{Place, Said};

const SPEC: &str = r#"
[project]
name = "PROJECT"
[env.DB_PASSWORD]
secret = true
[services.pg]
image = "omni-example/postgres:15"
environment = { POSTGRES_USER = "shop", POSTGRES_PASSWORD = "${DB_PASSWORD}" }
[databases.shop]
url = "postgres://shop:${DB_PASSWORD}@pg:5432/shop"
service = "pg"
[migrations.shop]
dir = "migrations"
layout = "golang-migrate"
[backups.shop]
"#;

const NOTES: &str = "CREATE TABLE notes (id integer PRIMARY KEY, text text); \
                     INSERT INTO notes SELECT i, repeat('x', i) FROM generate_series(1, 1000) i;";

fn docker(words: &[&str]) -> String {
    let ran = Command::new("docker").args(words).output().unwrap();
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// A place whose server is up, with one migration; everything is removed with it.
struct Shop(Place);

impl Shop {
    fn new() -> Self {
        let image = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres-image")).output().unwrap();
        assert!(image.status.success(), "{}", String::from_utf8_lossy(&image.stderr));
        let shop = Self(Place::with(SPEC));
        fs::create_dir(shop.0.path("migrations")).unwrap();
        shop.script("000001_notes.up.sql", NOTES);
        shop.script("000001_notes.down.sql", "DROP TABLE notes;");
        let first = shop.omni(&["apply", "--yes", "--tag", "v1"]).ends(0);
        assert!(first.err.contains("with `pg_dump` of service.pg"), "{}{}", first.out, first.err);
        shop
    }

    fn script(&self, name: &str, text: &str) {
        fs::write(self.0.path("migrations").join(name), text).unwrap();
    }

    /// omni, which finds no program of this machine by its name.
    fn omni(&self, words: &[&str]) -> Said {
        let said = self.0.omni_with(&[("DB_PASSWORD", "canary-7 p"), ("PATH", "/nowhere")], words);
        assert!(!said.out.contains("canary") && !said.err.contains("canary"), "{}{}", said.out, said.err);
        said
    }

    fn container(&self) -> String {
        let all = docker(&["ps", "--filter", &format!("name={}", self.0.project), "--format", "{{.Names}}"]);
        all.lines().find(|name| name.contains("pg")).unwrap_or_else(|| panic!("no server: {all}")).to_owned()
    }

    fn sql(&self, query: &str) -> String {
        docker(&["exec", &self.container(), "psql", "--username=shop", "-qAtc", query])
    }

    fn backups(&self) -> Vec<Value> {
        self.omni(&["backup", "list", "--json"]).ends(0).json()["backups"].as_array().unwrap().clone()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.0.omni_with(&[("DB_PASSWORD", "canary-7 p")], &["destroy", "--yes", "--volumes"]);
    }
}

#[test]
fn what_a_failed_apply_dropped_is_restored_by_the_servers_own_programs() {
    let shop = Shop::new();
    shop.sql("UPDATE notes SET text = 'kept' WHERE id = 7");
    shop.script("000002_gone.up.sql", "DROP TABLE notes;");
    shop.script("000003_wrong.up.sql", "SELECT * FROM nothing_there;");
    let container = shop.container();
    let agreed = ["--allow-loss", "migration.shop.000002_gone", "--allow-loss", "migration.shop.000003_wrong"];
    let failed = shop.omni(&[&["apply", "--yes", "--tag", "v2"][..], &agreed].concat()).ends(1);
    assert!(failed.err.contains("nothing_there"), "{}", failed.err);
    assert_eq!(shop.sql("SELECT count(*) || ' ' || sum(length(text)) FROM notes WHERE id <> 7"), "999 500493");
    assert_eq!(shop.sql("SELECT text FROM notes WHERE id = 7"), "kept");
    assert_eq!(shop.sql("SELECT string_agg(version::text, ',') FROM schema_migrations"), "1");
    assert_eq!(shop.container(), container, "the server was not touched");
    let backups = shop.backups();
    assert!(backups.iter().all(|one| one["tools"] == "of service.pg"), "{backups:#?}");
    assert_eq!(backups.last().unwrap()["made_by"], "before-restore");
    // What is there is what was recorded: the next plan is the same one again.
    let plan = shop.omni(&["plan", "--json"]).ends(0).json();
    let steps: Vec<_> = plan["steps"].as_array().unwrap().iter().map(|step| step["address"].clone()).collect();
    assert_eq!(steps, ["backup.shop", "migration.shop.000002_gone", "migration.shop.000003_wrong"]);
    assert_eq!(plan["drift"].as_array().unwrap().len(), 0, "{plan:#}");
    // So are proofs: the machine's own `pg_dump` cannot be found.
    fs::remove_file(shop.0.path("migrations/000003_wrong.up.sql")).unwrap();
    let proof = shop.omni(&["migrate", "prove"]);
    assert!(proof.out.contains("000002_gone"), "{}{}", proof.out, proof.err);
}

#[test]
fn backups_of_a_service_are_made_tried_and_restored() {
    let shop = Shop::new();
    let made = shop.omni(&["backup", "create"]).ends(0);
    assert!(made.err.contains("dumped with `pg_dump` of service.pg"), "{}", made.err);
    let name = shop.backups().last().unwrap()["name"].as_str().unwrap().to_owned();
    shop.omni(&["backup", "verify", &name]).ends(0);
    let scratch = shop.omni(&["backup", "restore", &name, "--to", "scratch", "--json"]).ends(0).json();
    let beside = scratch["into"].as_str().unwrap();
    let container = shop.container();
    let count = ["exec", &container, "psql", "--username=shop", "-qAtc", "SELECT count(*) FROM notes", beside];
    assert_eq!(docker(&count), "1000");

    shop.script("000002_tags.up.sql", "CREATE TABLE tags (id integer);");
    shop.script("000002_tags.down.sql", "DROP TABLE tags;");
    shop.omni(&["apply", "--yes", "--tag", "v2"]).ends(0);
    shop.sql("DELETE FROM notes WHERE id > 10");
    let agreed = ["backup", "restore", &name, "--yes", "--allow-loss", "database.shop"];
    let client = ["exec", "--detach", &container, "psql", "--username=shop", "-c", "SELECT pg_sleep(600)"];
    docker(&client);
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while shop.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") != "1" {
        assert!(std::time::Instant::now() < until, "nobody is connected");
    }
    let busy = shop.omni(&agreed).ends(4);
    assert!(busy.err.contains("omni::backup::busy") && busy.err.contains("--disconnect"), "{}", busy.err);
    let restored = shop.omni(&[&agreed[..], &["--disconnect"]].concat()).ends(0);
    assert!(restored.out.contains("pending again: 2"), "{}", restored.out);
    assert_eq!(shop.sql("SELECT count(*) FROM notes"), "1000");
    // The ledger came back with the rest, and the next plan runs what is missing.
    let plan = shop.omni(&["plan"]).ends(0);
    assert!(plan.out.contains("000002_tags") && plan.out.contains("not in the ledger"), "{}", plan.out);
    shop.omni(&["apply", "--yes", "--tag", "v3"]).ends(0);
    assert_eq!(shop.sql("SELECT count(*) FROM tags"), "0");
    assert_eq!(shop.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'omni_scratch%'"), "0");
}
