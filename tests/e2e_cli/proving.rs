//! `omni migrate prove` where a service runs the database: on a server of its own, in a container of the same image.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::Place;
use crate::support::docker_cli;

const SPEC: &str = "[env.DB_PASSWORD]
secret = true
[services.pg]
image = \"POSTGRES\"
pull_policy = \"never\"
environment = { POSTGRES_USER = \"boss\", POSTGRES_PASSWORD = \"${DB_PASSWORD}\", POSTGRES_DB = \"shop\", TZ = \"UTC\" }
volumes = [\"data:/var/lib/postgresql/data\"]
stop_grace_period = \"1s\"
[volumes.data]
[databases.shop]
url = \"postgres://boss:${DB_PASSWORD}@pg:5432/shop\"
service = \"pg\"
[migrations.shop]
dir = \"migrations\"
layout = \"golang-migrate\"
";

const SCRIPTS: [(&str, &str); 8] = [
    (
        "1_notes.up.sql",
        "CREATE ROLE app LOGIN PASSWORD 'canary-app'; GRANT pg_read_all_data TO app; CREATE ROLE reader;
         GRANT CREATE, USAGE ON SCHEMA public TO app; ALTER ROLE app SET work_mem = '6MB';
         CREATE TABLE notes (id int PRIMARY KEY, text text); ALTER TABLE notes OWNER TO app;
         GRANT SELECT ON notes TO reader;",
    ),
    ("1_notes.down.sql", "DROP TABLE notes;"),
    ("2_text.up.sql", "CREATE INDEX notes_text ON notes (text);"),
    ("2_text.down.sql", "DROP INDEX notes_text;"),
    ("3_size.up.sql", "ALTER TABLE notes ADD COLUMN size int DEFAULT 1;"),
    ("3_size.down.sql", "SELECT 1;"),
    ("4_role.up.sql", "CREATE ROLE writer;"),
    ("4_role.down.sql", "DROP ROLE writer;"),
];

/// The image of PostgreSQL, made by the first who needs it.
pub(crate) fn image() -> String {
    let made = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres-image")).output();
    let made = made.expect("the script runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("a name").trim().to_owned()
}

/// A place where the first migration is applied and the others are there.
fn applied(name: &str, spec: &str) -> Place {
    let place = Place::new(name);
    place.spec(&spec.replace("POSTGRES\"", &format!("{}\"", image())));
    for (path, text) in &SCRIPTS[..2] {
        place.write(&format!("migrations/{path}"), text);
    }
    let said = place.omni_with(&PASSWORD, &["apply", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    for (path, text) in &SCRIPTS[2..] {
        place.write(&format!("migrations/{path}"), text);
    }
    place
}

const PASSWORD: [(&str, &str); 1] = [("DB_PASSWORD", "canary-boss")];

/// The names of the scratch servers and of their networks.
fn scratches(place: &Place) -> String {
    let project = format!("label=omni.project={}", place.project);
    let words = ["--filter", &project, "--filter", "label=omni.scratch"];
    let containers = docker_cli(&[&["ps", "--all", "--format", "{{.Names}}"], &words[..]].concat());
    containers + &docker_cli(&[&["network", "ls", "--format", "{{.Name}}"], &words[..]].concat())
}

fn texts(said: &Value) -> Vec<&str> {
    let migrations = said["databases"][0]["migrations"].as_array().expect("a list");
    migrations.iter().map(|one| one["text"].as_str().expect("a text")).collect()
}

/// omni at proving, as soon as its scratch server is there.
fn proving(place: &Place) -> Child {
    at_work(place, &["migrate", "prove"])
}

/// The same for whatever proves.
fn at_work(place: &Place, words: &[&str]) -> Child {
    let mut command = place.command(words);
    let mut child = command.envs(PASSWORD).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("omni runs");
    let until = Instant::now() + Duration::from_mins(2);
    while !scratches(place).contains("omni-scratch-") {
        assert!(Instant::now() < until && child.try_wait().expect("a process").is_none(), "no server is made");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn signal(child: &mut Child, name: &str) -> Option<i32> {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("`kill` runs");
    assert!(sent.success());
    child.wait().expect("a process").code()
}

#[test]
fn a_proof_has_a_server_of_its_own_and_leaves_nothing() {
    let place = applied("prove", SPEC);
    let said = place.omni_with(&PASSWORD, &["migrate", "prove", "--json"]);
    assert_eq!(said.code, 1, "{}", said.screen());
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    let database = &json["databases"][0];
    let version = database["version"].as_str().expect("a version");
    assert_eq!(database["place"], format!("a container of {}, {version}", image()), "{json:#}");
    assert_eq!(database["notes"], Value::Array(Vec::new()), "{json:#}");
    // A role is of the whole server: nobody else is on this one.
    assert_eq!(texts(&json), ["down proven", "down does nothing", "unproven: it changes no schema"], "{json:#}");
    assert_eq!(scratches(&place), "");

    // The account of the migrations has just the rights that it has on the real one.
    place.edit("boss:${DB_PASSWORD}@pg", "app:canary-app@pg");
    let said = place.omni_with(&PASSWORD, &["migrate", "prove"]);
    assert_eq!(said.code, 1, "{}", said.screen());
    assert!(said.out.contains("permission denied to create role"), "{}", said.screen());
    assert!(said.out.contains("2_text  down proven"), "{}", said.screen());
    assert_eq!(scratches(&place), "");

    place.edit("app:canary-app@pg", "boss:${DB_PASSWORD}@pg");
    let rows = "INSERT INTO notes VALUES (1, 'one'), (2, 'two')";
    docker_cli(&["exec", &place.container("pg"), "psql", "-U", "boss", "-d", "shop", "-c", rows]);
    place.edit("layout = ", "prove = \"data\"\nlayout = ");
    place.spec_more("[backups.shop]\n");
    let said = place.omni_with(&PASSWORD, &["backup", "create"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    place.write("migrations/5_less.up.sql", "DELETE FROM notes WHERE id = 1;");
    place.write("migrations/5_less.down.sql", "SELECT 1;");
    let said = place.omni_with(&PASSWORD, &["migrate", "prove"]);
    assert_eq!(said.code, 1, "{}", said.screen());
    assert!(said.out.contains("5_less  down does NOT bring back 1 of 2 rows of public.notes"), "{}", said.screen());
    assert_eq!(scratches(&place), "");
    assert_eq!(signal(&mut proving(&place), "-TERM"), Some(143));
    assert_eq!(scratches(&place), "");
    assert_eq!(signal(&mut proving(&place), "-INT"), Some(130));
    assert_eq!(scratches(&place), "");
    assert_eq!(signal(&mut proving(&place), "-KILL"), None);
    let left = scratches(&place);
    assert!(left.contains("omni-scratch-"), "nobody could remove it: {left}");
    let said = place.omni_with(&PASSWORD, &["prune", "--dry-run", "--json"]);
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert!(left.contains(json["scratch"][0].as_str().expect("a name")), "{}", said.screen());
    let said = place.omni_with(&PASSWORD, &["prune", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    assert_eq!(scratches(&place), "");
}

#[test]
fn a_server_that_cannot_be_made_is_told_with_another_way() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|open| open.local_addr()).expect("a port").port();
    let spec = SPEC.replace("service = \"pg\"", "service = \"web\"").replace("@pg:5432", &format!("@127.0.0.1:{port}"));
    let ports = format!("ports = [\"127.0.0.1:{port}:5432\"]\nvolumes");
    let web = "[services.web]\nimage = \"IMAGE\"\ncommand = [\"/fixture\", \"sleep\"]\ndepends_on = [\"pg\"]\n";
    let place = applied("prove-no", &format!("{}{web}", spec.replacen("volumes", &ports, 1)));
    let said = place.omni_with(&PASSWORD, &["migrate", "prove"]);
    assert_eq!(said.code, 7, "{}", said.screen());
    assert!(said.err.contains("no scratch server in a container of `omni-e2e-cli:1`"), "{}", said.screen());
    assert!(said.err.contains("`omni migrate prove --scratch URL`"), "{}", said.screen());
    let url = format!("postgres://boss:canary-boss@127.0.0.1:{port}/postgres");
    let said = place.omni_with(&PASSWORD, &["migrate", "prove", "--scratch", &url]);
    assert!(said.out.contains("the copy: a server that was named for it"), "{}", said.screen());
    assert!(said.out.contains("2_text  down proven"), "{}", said.screen());
    assert_eq!(scratches(&place), "");
}

/// The step of a plan: from the first apply on, in a container too, and nothing stays of one that was killed.
#[test]
fn the_policy_has_proofs_made_beside_the_service_of_the_plan() {
    let place = Place::new("prove-step");
    place.spec(&SPEC.replace("POSTGRES\"", &format!("{}\"", image())));
    place.spec_more("[policy]\nrequire_proof = true\n");
    place.write("migrations/1_notes.up.sql", "CREATE ROLE app; CREATE TABLE notes (id int PRIMARY KEY, text text);");
    place.write("migrations/1_notes.down.sql", "DROP TABLE notes; DROP ROLE app;");
    // The service is made by the very plan that proves on a copy of what is in it.
    let said = place.omni_with(&PASSWORD, &["apply", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    assert!(said.screen().contains("1 of 1 proven"), "{}", said.screen());
    assert_eq!(scratches(&place), "");

    for (path, text) in &SCRIPTS[2..4] {
        place.write(&format!("migrations/{path}"), text);
    }
    let mut killed = at_work(&place, &["apply", "--yes"]);
    assert_eq!(signal(&mut killed, "-KILL"), None);
    let left = scratches(&place);
    assert!(left.contains("omni-scratch-"), "nobody could remove it: {left}");
    let said = place.omni_with(&PASSWORD, &["recover", "--back"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    assert_eq!(scratches(&place), "", "{}", said.screen());

    let mut interrupted = at_work(&place, &["apply", "--yes"]);
    assert_eq!(signal(&mut interrupted, "-INT"), Some(130));
    assert_eq!(scratches(&place), "");

    let mut killed = at_work(&place, &["apply", "--yes"]);
    assert_eq!(signal(&mut killed, "-KILL"), None);
    let said = place.omni_with(&PASSWORD, &["apply", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.screen());
    assert_eq!(scratches(&place), "", "{}", said.screen());
    let said = place.omni_with(&PASSWORD, &["migrate", "status"]);
    assert!(said.out.contains("2_text"), "{}", said.screen());
    let said = place.omni_with(&PASSWORD, &["plan", "--exit-code"]);
    assert_eq!(said.code, 0, "{}", said.screen());
}
