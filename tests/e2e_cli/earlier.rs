//! A rollback to a release that has no database yet: what the migrations made is taken back while its server runs.

use crate::place::Place;
use crate::proving::image;
use crate::support::docker_cli;

const SERVICE: &str = "[services.pg]
image = \"POSTGRES\"
pull_policy = \"never\"
environment = { POSTGRES_PASSWORD = \"sesame\", POSTGRES_DB = \"shop\" }
volumes = [\"data:/var/lib/postgresql/data\"]
healthcheck = { test = \"pg_isready -h 127.0.0.1 -d shop\", interval = \"1s\", retries = 60 }
stop_grace_period = \"1s\"
[volumes.data]
";
const DATABASE: &str = "[databases.shop]
url = \"postgres://postgres:sesame@pg:5432/shop\"
service = \"pg\"
[migrations.shop]
dir = \"migrations\"
layout = \"golang-migrate\"
[backups.shop]
dir = \"backups\"
";
const NETWORK: &str = "[networks.front]\n";

fn ends(place: &Place, words: &[&str], code: i32) -> String {
    let said = place.omni(words);
    assert_eq!(said.code, code, "{}", said.screen());
    said.screen()
}

/// Whether the table that the migrations make is there.
fn has_table(place: &Place) -> bool {
    let project = format!("label=omni.project={}", place.project);
    let name = docker_cli(&["ps", "--filter", &project, "--filter", "status=running", "--format", "{{.Names}}"]);
    let name = name.lines().find(|name| name.contains("-pg-")).expect("the server runs");
    let query = "SELECT to_regclass('notes') IS NOT NULL";
    docker_cli(&["exec", "-u", "postgres", name, "psql", "-d", "shop", "-Atc", query]).trim() == "t"
}

#[test]
fn a_rollback_to_before_the_database_takes_back_what_was_migrated() {
    let place = Place::new("earlier");
    let service = SERVICE.replace("POSTGRES\"", &format!("{}\"", image()));
    place.write("migrations/1_notes.up.sql", "CREATE TABLE notes (id int);");
    place.write("migrations/1_notes.down.sql", "DROP TABLE notes;");
    place.spec(NETWORK);
    ends(&place, &["apply", "--yes", "--tag", "bare"], 0);
    place.spec(&format!("{NETWORK}{service}"));
    ends(&place, &["apply", "--yes", "--tag", "served"], 0);
    place.spec(&format!("{NETWORK}{service}{DATABASE}"));
    ends(&place, &["apply", "--yes", "--tag", "migrated"], 0);
    assert!(has_table(&place));

    // Its server stays.
    ends(&place, &["rollback", "--to", "served", "--yes", "--allow-loss", "migration.shop.1_notes"], 0);
    assert!(!has_table(&place));
    ends(&place, &["drift"], 0);
    ends(&place, &["apply", "--yes", "--tag", "again"], 0);
    assert!(has_table(&place));

    // Its server goes too, after it.
    let said = ends(&place, &["rollback", "--to", "bare", "--yes", "--allow-loss", "migration.shop.1_notes"], 0);
    assert!(said.contains("taken back"), "{said}");
    ends(&place, &["apply", "--yes", "--tag", "served-again", "--target", "service.pg"], 0);
    assert!(!has_table(&place));
}
