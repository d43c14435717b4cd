//! Killed around the programs that dump and restore in the container of the service that runs the database.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::scripts::{FAILS, LEGACY, NOTES, Script};
use crate::share::{every, set, word};
use crate::shop::{SCHEMA, tell};
use crate::tally::Tally;
use crate::world::World;

const APPLY: [&str; 4] = ["apply", "--yes", "--allow-loss", "migration.shop.0004_legacy"];

const SPEC: &str = "[services.pg]\nimage = \"omni-example/postgres:15\"\n\
    environment = { POSTGRES_USER = \"shop\", POSTGRES_PASSWORD = \"shop\" }\n\n\
    [databases.shop]\nurl = \"postgres://shop:shop@pg:5432/shop\"\nservice = \"pg\"\n\n\
    [migrations.shop]\ndir = \"migrations\"\nlayout = \"sqlx\"\n\n[backups.shop]\nkeep = { last = 2 }\n";

/// A deployment that runs its own server, with its first release and some notes.
struct Shop(World);

impl Shop {
    fn new() -> Self {
        let image = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres-image")).output().unwrap();
        assert!(image.status.success(), "{}", String::from_utf8_lossy(&image.stderr));
        let shop = Self(World::new("kins"));
        fs::create_dir(shop.0.path("migrations")).unwrap();
        shop.write("v1", &[NOTES]);
        shop.0.ends(&["apply", "--yes"], 0);
        shop.sql("INSERT INTO notes (text, legacy) SELECT 'note ' || g, 'old ' || g FROM generate_series(1, 50) AS g");
        shop
    }

    fn write(&self, version: &str, scripts: &[Script]) {
        for script in scripts {
            let path = |way: &str| self.0.path("migrations").join(format!("{}.{way}.sql", script.name));
            fs::write(path("up"), script.up).unwrap();
            fs::write(path("down"), script.down).unwrap();
        }
        self.0.write(version, 5, SPEC);
    }

    fn sql(&self, query: &str) -> String {
        let server = self.0.serving().remove("pg").expect("a server");
        self.0.docker(&["exec", &server.id, "psql", "--username=shop", "-qAtc", query])
    }

    /// The schema, the rows and the ledger.
    fn facts(&self) -> Vec<String> {
        let rows = "SELECT string_agg(to_jsonb(n)::text, ',' ORDER BY id) FROM notes AS n";
        let ledger = "SELECT string_agg(version::text, ',' ORDER BY version) FROM _sqlx_migrations WHERE success";
        [SCHEMA, rows, ledger].map(|query| self.sql(query)).to_vec()
    }

    /// Waits until no session of omni is left: the programs in the container end when nobody hears them any more.
    fn until_alone(&self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let left = self.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'omni/%'");
            if left.trim() == "0" {
                return Ok(());
            }
            if begun.elapsed() > Duration::from_mins(1) {
                return Err(format!("after a minute {} sessions are left", left.trim()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn cell(&self, place: &str, before: &[String]) -> Result<(), String> {
        let killed = self.0.omni_dying_at(&APPLY, place);
        if killed.signal != Some(9) {
            return Err(format!("it was not killed there: {:?}\n{}", killed.code, killed.text));
        }
        self.until_alone()?;
        let recovered = self.0.omni(&["recover"]);
        let found = self.facts();
        if recovered.code != Some(0) || found != before {
            return Err(format!("recover ended with {:?}:\n{}\n{found:#?}", recovered.code, recovered.text));
        }
        let plan = self.0.omni(&["plan"]);
        if plan.code == Some(0) { Ok(()) } else { Err(format!("the next plan: {:?}\n{}", plan.code, plan.text)) }
    }
}

/// A backup is dumped, tried, and restored when the last migration fails: each time by programs in the container.
#[test]
fn undone_by_programs_in_the_container() {
    let shop = Shop::new();
    shop.write("v2", &[NOTES, LEGACY, FAILS]);
    let before = shop.facts();
    let (places, ran) = shop.0.places(&APPLY);
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("of service.pg"), "{}", ran.text);
    assert_eq!(shop.facts(), before, "{}", ran.text);
    let places: Vec<_> = places.into_iter().filter(|place| place.starts_with("tool.")).collect();
    assert!(places.len() >= 6, "dumped, tried and restored: {places:?}");
    let every = every(places.len().div_ceil(2));
    let first = set("OMNI_FAULTS_SEED").unwrap_or(0) % every;
    let one = word("OMNI_FAULTS_PLACE");
    let mut tally = Tally::default();
    for (at, place) in places.iter().enumerate() {
        if one.as_ref().map_or(at % every != first, |one| one != place) {
            continue;
        }
        tally.cells += 1;
        match shop.cell(place, &before) {
            Ok(()) => tally.before += 1,
            Err(why) => {
                let again = format!("OMNI_FAULTS_PLACE={place} scripts/faults-databases inside");
                tally.violations.push(format!("{place}: {why}\nagain: {again}"));
                break;
            }
        }
    }
    tell(&format!("killed inside: {} places", places.len()));
    tally.tell("killed inside");
    tally.ends_well();
}
