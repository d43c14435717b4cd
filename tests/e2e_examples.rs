//! The examples with databases, as their READMEs walk through them: every block of commands is run, in its order, in a
//! copy of the example, on the real engine.

#[path = "e2e_faults/world.rs"]
#[expect(dead_code, reason = "what faults need is used elsewhere")]
mod world;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::world::{Ran, World};

/// A copy of an example, under a name of its own.
struct Example {
    world: World,
    name: &'static str,
    blocks: Vec<String>,
}

impl Example {
    fn new(name: &'static str) -> Self {
        let world = World::new(name);
        copy(&source(name), &world.path(""));
        let spec = fs::read_to_string(world.path("deploy.toml")).expect("a spec");
        let named = format!("name = \"{name}\"");
        assert!(spec.contains(&named), "the project is called as its folder is");
        let spec = spec.replace(&named, &format!("name = \"{}\"", world.project));
        fs::write(world.path("deploy.toml"), spec).expect("a spec");
        let text = fs::read_to_string(source(name).join("README.md")).expect("a README");
        Self { world, name, blocks: blocks(&text) }
    }

    /// Runs the block of the README that holds this. It is used up: each is run once.
    #[track_caller]
    fn runs(&mut self, holding: &str, code: i32) -> Ran {
        let at = self.blocks.iter().position(|block| block.contains(holding));
        let block = self.blocks.remove(at.unwrap_or_else(|| panic!("{}: no block holds `{holding}`", self.name)));
        self.shell(&block, code)
    }

    /// Runs commands as somebody in this folder who has `omni`.
    #[track_caller]
    fn shell(&self, commands: &str, code: i32) -> Ran {
        let omni = Path::new(env!("CARGO_BIN_EXE_omni")).parent().expect("a folder").to_owned();
        let path = std::env::var_os("PATH").expect("a path");
        let path: OsString =
            std::env::join_paths([omni].into_iter().chain(std::env::split_paths(&path))).expect("a path");
        let output = Command::new("bash")
            .args(["-c", commands])
            .current_dir(self.world.path(""))
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("BLOG_PASSWORD", "canary-of-the-example")
            .env("POSTGRES_IMAGE", "omni-example/postgres:15")
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let ran = Ran::of(&output);
        assert_eq!(ran.code, Some(code), "{commands}\n{}", ran.text);
        assert!(!ran.text.contains("canary"), "{}", ran.text);
        ran
    }
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Copies what belongs to an example; what somebody left there who tried it stays where it is.
fn copy(from: &Path, to: &Path) {
    let words = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(words).current_dir(from).output().expect("git lists the files");
    for path in String::from_utf8(listed.stdout).expect("names").lines() {
        fs::create_dir_all(to.join(path).parent().expect("a folder")).expect("a folder");
        fs::copy(from.join(path), to.join(path)).expect("a copy");
    }
}

/// The blocks of commands of a README, in order, without the secrets that its reader makes.
fn blocks(text: &str) -> Vec<String> {
    let parts = text.split("```sh\n").skip(1).map(|part| part.split("\n```").next().unwrap_or_default());
    let kept = |part: &str| part.lines().filter(|line| !line.starts_with("export ")).collect::<Vec<_>>().join("\n");
    parts.map(kept).collect()
}

#[track_caller]
fn tells(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.text.contains(word), "`{word}` is not told:\n{}", ran.text);
    }
}

#[test]
fn postgres_blog() {
    let mut example = Example::new("postgres-blog");
    let rows = |example: &Example, query: &str| {
        let server = example.world.ids()["postgres"].clone();
        example.world.docker(&["exec", &server, "psql", "-U", "blog", "-Atc", query]).trim().to_owned()
    };
    let first = example.runs("omni apply --yes --tag v1", 0);
    tells(&first, &["CREATE TABLE posts", "in no transaction", "is at release 1 (v1)", "3 migrations, 0 pending"]);
    assert_eq!(rows(&example, "SELECT title FROM posts"), "Hello");
    let status = ["database.blog", "answers", "PostgreSQL 15", "3 migrations, at 20260119083000"];
    tells(&example.shell("omni status", 0), &status);
    let indexes = "SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = 'comments_by_post'::regclass";
    assert_eq!(rows(&example, indexes), "1");

    tells(&example.runs("add_slug.sql", 0), &["down proven", "is at release 2 (v2)"]);
    let columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute \
                   WHERE attrelid = 'posts'::regclass AND attnum > 0 AND NOT attisdropped";
    assert_eq!(rows(&example, columns), "id title body published_at slug");

    let forgotten = example.runs("drop_index.sql", 0);
    tells(&forgotten, &["down does nothing", "comments_by_post"]);
    let failed = example.runs("_author.sql", 0);
    tells(&failed, &["23502", "everything was undone", "exit code 1"]);
    assert_eq!(rows(&example, columns), "id title body published_at slug");

    rows(&example, "UPDATE posts SET slug = 'hello'");
    tells(&example.runs("omni rollback --to v1", 8), &["--allow-loss", "add_slug"]);
    fs::remove_file(example.world.path("migrations/20260202100000_add_slug.sql")).expect("it is there");
    let loss = "migration.blog.20260202100000_add_slug";
    example.shell(&format!("omni rollback --to v1 --yes --allow-loss {loss}"), 0);
    assert_eq!(rows(&example, columns), "id title body published_at");
    assert_eq!(rows(&example, "SELECT title FROM posts"), "Hello");
    assert_eq!(rows(&example, "SELECT count(*) FROM schema_migrations"), "3");

    example.runs("omni destroy --volumes", 8);
    example.shell("omni destroy --volumes --yes --allow-loss volume.data", 0);
    assert_eq!(example.world.networks_and_volumes(), (0, 0));
    assert_eq!(example.blocks, [""; 0], "every block is run");
}

#[test]
fn sqlite_notes() {
    let mut example = Example::new("sqlite-notes");
    example.shell("omni status && omni plan", 0);
    assert!(!example.world.path("data/notes.db").exists(), "looking makes no file");
    let first = example.runs("omni apply --yes --tag v1", 0);
    tells(&first, &["CREATE TABLE notes", "is at release 1 (v1)", "2 migrations, 0 pending"]);
    let told = example.shell("omni status --json", 0);
    let status: serde_json::Value = serde_json::from_str(&told.text).expect("JSON");
    let applied = &status["databases"]["notes"]["standing"]["applied"];
    assert_eq!(*applied, serde_json::json!(["20260105090000", "20260112140000"]));
    tells(&example.runs("omni migrate new done", 0), &["down proven", "is at release 2 (v2)"]);
    tells(&example.runs("omni rollback --to v1", 8), &["--allow-loss", "_done"]);
    let plan = example.shell("omni rollback --to v1 --dry-run", 0);
    let step = plan.text.split_whitespace().find(|word| word.ends_with("_done")).expect("a step").to_owned();
    example.shell(&format!("omni rollback --to v1 --yes --allow-loss {step}"), 0);
    tells(&example.shell("omni migrate status", 0), &["3 migrations, 1 pending"]);
    assert_eq!(example.blocks, [""; 0], "every block is run");
}
