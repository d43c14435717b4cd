//! `omni backup`, as people call it: on a file of SQLite and on a real server.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::bench::target;
use omni::provider::database::{Anywhere, Connect};

/// A folder with a deploy.toml.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) project: String,
    url: String,
}

/// What omni said.
pub(crate) struct Said {
    code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    /// The only backup it tells of.
    fn backup(&self) -> Value {
        let backups = self.json()["backups"].as_array().unwrap().clone();
        assert_eq!(backups.len(), 1, "{}", self.out);
        backups[0].clone()
    }
}

static PLACES: AtomicU32 = AtomicU32::new(0);

impl Place {
    /// A place whose database `shop` is at this URL, and how it is backed up.
    pub(crate) fn new(url: &str, backups: &str) -> Self {
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            project: format!("omni-bk-{}-{number}", std::process::id()),
            url: url.to_owned(),
        };
        fs::create_dir(place.path("data")).unwrap();
        place.write(backups);
        place
    }

    /// A place with this spec, whose `PROJECT` is its name.
    pub(crate) fn with(spec: &str) -> Self {
        let place = Self::new("sqlite:data/shop.db", "");
        fs::write(place.path("deploy.toml"), spec.replace("PROJECT", &place.project)).unwrap();
        place
    }

    /// Writes the spec.
    pub(crate) fn write(&self, backups: &str) {
        let spec = format!(
            "[project]\nname = \"{}\"\n[databases.shop]\nurl = \"{}\"\n[backups.shop]\n{backups}\n",
            self.project, self.url
        );
        fs::write(self.path("deploy.toml"), spec).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn omni(&self, words: &[&str]) -> Said {
        self.omni_with(&[], words)
    }

    pub(crate) fn omni_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        #[expect(clippy::disallowed_methods, reason = "where the machine's own engine is, the environment says")]
        let own = std::env::var("DOCKER_HOST").ok();
        command.envs(own.map(|host| ("DOCKER_HOST", host))).envs(variables.iter().copied());
        let output = command.current_dir(self.folder.path()).args(words).output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs SQL in the database; a file is made.
    pub(crate) async fn sql(&self, text: &str) {
        self.session().await.run(text).await.unwrap();
    }

    pub(crate) async fn count(&self) -> Option<String> {
        self.session().await.value("SELECT CAST(count(*) AS TEXT) FROM notes").await.ok().flatten()
    }

    pub(crate) async fn session(&self) -> Box<dyn omni::provider::database::Session> {
        let path = self.path("data/shop.db");
        let url = match self.url.strip_prefix("sqlite:") {
            Some(_) => format!("sqlite:{}?mode=rwc", path.display()),
            None => self.url.clone(),
        };
        Anywhere::default().connect(&target(&url)).await.unwrap()
    }
}

const FILE: &str = "sqlite:data/shop.db";
const NOTES: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL); \
                     INSERT INTO notes (id, text) VALUES (1, 'one'), (2, 'two')";

#[tokio::test]
async fn a_file_is_backed_up_tried_and_restored_with_consent() {
    let place = Place::new(FILE, "");
    place.sql(NOTES).await;
    let none = place.omni(&["backup", "list"]).ends(0);
    assert!(none.out.contains("No backup yet"), "{}", none.out);
    let made = place.omni(&["backup", "create", "--json"]).ends(0);
    assert_eq!(made.json()["format"], "omni.backup-create/1");
    let made = made.backup();
    let name = made["name"].as_str().unwrap();
    assert_eq!((&made["rows"], &made["verified"]["how"]), (&2.into(), &"restore".into()));
    let listed = place.omni(&["backup", "list", "shop"]).ends(0);
    assert!(listed.out.contains(name) && listed.out.contains("restored in"), "{}", listed.out);
    place.omni(&["backup", "verify"]).ends(0);
    place.omni(&["backup", "verify", "--checksum", &name[..name.len() - 1]]).ends(0);

    place.sql("DELETE FROM notes WHERE id = 1; CREATE TABLE later (id INTEGER)").await;
    let dry = place.omni(&["backup", "restore", name, "--dry-run"]).ends(0);
    assert!(dry.out.contains("2 tables are replaced, after a backup of them"), "{}", dry.out);
    for words in [&["--yes"][..], &["--no-input"], &["--allow-loss", "database.shop", "--no-input"]] {
        let refused = place.omni(&[&["backup", "restore", name], words].concat()).ends(8);
        assert!(refused.err.contains("omni::consent::"), "{}", refused.err);
    }
    assert_eq!(place.count().await.as_deref(), Some("1"));
    let agreed = ["backup", "restore", name, "--yes", "--allow-loss", "database.shop", "--json"];
    let restored = place.omni(&agreed).ends(0).json();
    assert_eq!(place.count().await.as_deref(), Some("2"));
    assert_eq!((&restored["format"], &restored["tables"]), (&"omni.backup-restore/1".into(), &2.into()));

    // What was there before can be had back the same way; a file that was lost is no loss to agree to.
    fs::remove_file(place.path("data/shop.db")).unwrap();
    place.omni(&["backup", "restore", restored["safety"].as_str().unwrap(), "--yes"]).ends(0);
    assert_eq!(place.count().await.as_deref(), Some("1"));
}

#[tokio::test]
async fn what_is_misspelt_damaged_or_locked_is_told_with_the_next_act() {
    let identity = age::x25519::Identity::generate();
    let place = Place::new(FILE, &format!("encrypt_to = [\"{}\"]", identity.to_public()));
    place.sql(NOTES).await;
    let made = place.omni(&["backup", "create"]).ends(0);
    assert!(made.err.contains("only read back") && made.out.contains("encrypted"), "{}{}", made.out, made.err);
    let made = place.omni(&["backup", "list", "--json"]).backup();
    let name = made["name"].as_str().unwrap();

    let said = place.omni(&["backup", "create", "shpo"]).ends(2);
    assert!(said.err.contains("omni::backup::no_such_database") && said.err.contains("did you mean `shop`"));
    let typo = name.replacen("shop", "shpo", 1);
    let said = place.omni(&["backup", "restore", &typo, "--dry-run"]).ends(2);
    assert!(said.err.contains("omni::backup::no_such_backup") && said.err.contains(name), "{}", said.err);
    place.omni(&["backup", "restore", name, "--to", "scrtch", "--dry-run"]).ends(2);

    let locked = place.omni(&["backup", "verify", "--json"]).ends(7).json();
    assert_eq!(locked["damaged"][0]["code"], "omni::backup::no_key");
    let other = age::x25519::Identity::generate();
    for (key, code) in [(&other, 7), (&identity, 0)] {
        use age::secrecy::ExposeSecret;
        fs::write(place.path("key"), key.to_string().expose_secret()).unwrap();
        let keys = [("OMNI_AGE_KEYS", "key")];
        place.omni_with(&keys, &["backup", "verify"]).ends(code);
        let agreed = ["backup", "restore", name, "--yes", "--allow-loss", "database.shop"];
        place.omni_with(&keys, &agreed).ends(code);
        place.omni_with(&keys, &["backup", "restore", name, "--to", "scratch"]).ends(code);
    }
    let beside = place.path(&format!("data/restored-{name}.db"));
    assert!(fs::read(&beside).unwrap().starts_with(b"SQLite format 3"));

    let path = place.path(made["path"].as_str().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[300] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let said = place.omni(&["backup", "verify", "--checksum", name, "--json"]).ends(7).json();
    assert_eq!(
        (&said["damaged"][0]["code"], &said["damaged"][0]["name"]),
        (&"omni::backup::damaged".into(), &name.into())
    );
    fs::write(&path, &bytes[..300]).unwrap();
    let said = place.omni(&["backup", "list"]).ends(7);
    assert!(said.out.contains("DAMAGED: database.shop"), "{}", said.out);
    let said = place.omni(&["backup", "restore", name, "--yes"]).ends(7);
    assert!(said.err.contains("omni::backup::damaged") && said.err.contains("restore an older one"), "{}", said.err);
}

#[tokio::test]
async fn what_nothing_asks_for_is_removed() {
    let place = Place::new(FILE, "");
    place.sql(NOTES).await;
    for _ in 0..3 {
        place.omni(&["backup", "create"]).ends(0);
    }
    let names = |said: Said| -> Vec<String> {
        let backups = said.json()["backups"].as_array().unwrap().clone();
        backups.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(place.omni(&["backup", "list", "--json"]).ends(0));
    assert!(place.omni(&["backup", "prune"]).ends(0).out.contains("Nothing to remove"));
    place.write("keep = { last = 1 }");
    assert_eq!(names(place.omni(&["backup", "prune", "--dry-run", "--json"]).ends(0)), all[..2]);
    place.omni(&["backup", "prune"]).ends(8);
    assert_eq!(names(place.omni(&["backup", "prune", "--yes", "--json"]).ends(0)), all[..2]);
    assert_eq!(names(place.omni(&["backup", "list", "--json"]).ends(0)), all[2..]);
}
