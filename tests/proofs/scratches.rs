//! Scratch databases: alike to the real one, gone afterwards, and nothing else is.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use omni::provider::Fault;
use omni::provider::database::Target;
use omni::provider::database::scratch::Scratch;
use omni::provider::database::scratch::dump::{Dump, PgDump};
use omni::provider::database::scratch::loading::load;
use omni::provider::database::scratch::postgres::PostgresScratch;
use omni::provider::database::scratch::sqlite::SqliteScratch;

use crate::bench::{Bench, proof, script};
use crate::postgres::program;

const SHOP: &str = "
    CREATE SCHEMA app;
    CREATE TABLE app.users (id serial PRIMARY KEY, name text DEFAULT 'x;y', CHECK (name IN ('a', 'b')));
    CREATE FUNCTION app.f() RETURNS text LANGUAGE sql AS $$ SELECT '
\\restrict nothing
' $$;
    CREATE VIEW app.names AS SELECT name FROM app.users;
    CREATE EXTENSION pg_trgm;
    ALTER DATABASE shop SET search_path = app, public;
    ALTER DATABASE shop SET work_mem = '8MB';
    COMMENT ON DATABASE shop IS 'it''s mine'";

async fn names(bench: &Bench) -> String {
    let mut session = bench.session("postgres").await;
    let list = "SELECT string_agg(datname::text, ' ' ORDER BY datname) FROM pg_database";
    session.value(list).await.unwrap().unwrap_or_default()
}

#[tokio::test]
async fn a_schema_is_copied_beside_the_real_one() {
    let bench = Bench::server().await;
    let Bench::Server(server, connect) = &bench else { panic!("it is a server") };
    server.database("shop").await;
    bench.session("shop").await.run(SHOP).await.unwrap();
    let mut real = bench.session("shop").await;
    let server = bench.target("postgres");
    let scratch = PostgresScratch::make(Arc::clone(connect), &server, real.as_mut(), 100, "a1").await.unwrap();
    let dump = PgDump { program: program("pg_dump"), deadline: Duration::from_mins(1) };
    let text = dump.schema(&bench.target("shop")).await.unwrap();
    let schema = real.catalogue(&[]).await.unwrap();
    let loaded = load(&scratch, &text, &schema, &[]).await.unwrap();
    // What the server wrote is not a fixed point: of a check on a list it makes another text of the same meaning.
    let texts: Vec<_> = loaded.differences.iter().map(ToString::to_string).collect();
    assert_eq!(texts, Vec::<String>::new());
    let mut session = scratch.open().await.unwrap();
    assert_eq!(session.facts().schema, "app");
    assert_eq!(session.value("SHOW work_mem").await.unwrap().as_deref(), Some("8MB"));
    assert_eq!(session.catalogue(&[]).await.unwrap(), schema);
    scratch.remove().await.unwrap();
    scratch.remove().await.unwrap();
    assert_eq!(names(&bench).await, "postgres shop template0 template1");
}

#[tokio::test]
async fn only_old_scratch_databases_that_nobody_uses_are_swept() {
    let bench = Bench::server().await;
    let Bench::Server(server, _) = &bench else { panic!("it is a server") };
    let made = [
        "omni_scratch_100_a1",
        "omni_scratch_100_b2_1",
        "omni_scratch_100_used",
        "omni_scratch_900_new",
        "omni_scratch_mine_a1",
        "omni_scratch_100_A1",
        "shop",
    ];
    for name in made {
        server.database(name).await;
    }
    let used = bench.session("omni_scratch_100_used").await;
    let mut session = bench.session("postgres").await;
    let removed = PostgresScratch::sweep(session.as_mut(), 1000, 600).await.unwrap();
    assert_eq!(removed, ["omni_scratch_100_a1", "omni_scratch_100_b2_1"]);
    drop(used);
    let left = "omni_scratch_100_A1 omni_scratch_100_used omni_scratch_900_new omni_scratch_mine_a1 postgres shop";
    assert_eq!(names(&bench).await, format!("{left} template0 template1"));
}

/// Makes the scratch database that an account without rights gets beside a database with these settings.
async fn made_beside(bench: &Bench, settings: &str) -> Result<PostgresScratch, Fault> {
    let Bench::Server(server, connect) = bench else { panic!("it is a server") };
    server.database("shop").await;
    server.sql("postgres", "CREATE ROLE maker LOGIN CREATEDB PASSWORD 'm'").await;
    server.sql("postgres", settings).await;
    let url = |name: &str| format!("postgres://maker:m@127.0.0.1:{}/{name}", server.port);
    let target = |name: &str| Target { url: url(name), ..bench.target(name) };
    let mut real = connect.connect(&target("shop")).await.unwrap();
    PostgresScratch::make(Arc::clone(connect), &target("postgres"), real.as_mut(), 100, "a1").await
}

#[tokio::test]
async fn what_only_an_administrator_may_set_is_left_out() {
    let bench = Bench::server().await;
    let settings = "ALTER DATABASE shop SET log_statement = 'all'; ALTER DATABASE shop SET work_mem = '8MB'";
    let scratch = made_beside(&bench, settings).await.unwrap();
    let work_mem = scratch.open().await.unwrap().value("SHOW work_mem").await.unwrap();
    assert_eq!(work_mem.as_deref(), Some("8MB"));
    scratch.remove().await.unwrap();
}

#[tokio::test]
async fn one_that_cannot_be_furnished_does_not_stay() {
    let bench = Bench::server().await;
    let damage = "UPDATE pg_catalog.pg_db_role_setting SET setconfig = '{work_mem=much}'";
    let settings = format!("ALTER DATABASE shop SET work_mem = '8MB'; {damage}");
    let fault = made_beside(&bench, &settings).await.err().unwrap();
    assert!(fault.message.contains("work_mem"), "{fault:?}");
    assert_eq!(names(&bench).await, "postgres shop template0 template1");
}

#[tokio::test]
async fn a_file_is_copied_with_its_schema_or_with_all() {
    let bench = Bench::folder();
    let mut real = bench.session("shop").await;
    let schema = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE); CREATE INDEX i ON t (b);
        CREATE VIRTUAL TABLE words USING fts5(text); CREATE VIEW v AS SELECT a FROM t;
        CREATE VIEW w AS SELECT a FROM t -- the end
        ;
        CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END; INSERT INTO t VALUES (1, 'x');
        PRAGMA user_version = 7";
    real.run(schema).await.unwrap();
    let catalogue = real.catalogue(&[]).await.unwrap();
    let (target, connect) = (bench.target("shop"), bench.connect());
    let path = |name: &str| bench.path(name);
    let count = "SELECT CAST(count(*) AS TEXT) FROM t";
    let bare = SqliteScratch::of_schema(Arc::clone(connect), &target, real.as_mut(), &path("bare")).await.unwrap();
    let full = SqliteScratch::of_data(Arc::clone(connect), &target, real.as_mut(), &path("full's")).await.unwrap();
    for (scratch, rows) in [(&bare, "0"), (&full, "1")] {
        let mut session = scratch.open().await.unwrap();
        assert_eq!(session.catalogue(&[]).await.unwrap(), catalogue);
        assert_eq!(session.value(count).await.unwrap().as_deref(), Some(rows));
        drop(session);
        let copy = scratch.copy().await.unwrap();
        for made in std::fs::read_dir(bench.path("")).unwrap().map(Result::unwrap) {
            let is_scratch = !made.file_name().to_string_lossy().starts_with("shop");
            let mode = made.metadata().unwrap().permissions().mode() & 0o777;
            assert!(!is_scratch || mode == 0o600, "{:?} has mode {mode:o}", made.file_name());
        }
        assert_eq!(copy.open().await.unwrap().catalogue(&[]).await.unwrap(), catalogue);
        copy.remove().await.unwrap();
        scratch.remove().await.unwrap();
    }
    assert!(!path("bare").exists() && !path("bare.1").exists() && path("shop").exists());
}

#[tokio::test]
async fn trouble_of_the_scratch_server_is_no_verdict() {
    let bench = Bench::server().await;
    let raise = |code: &str| format!("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$");
    for (code, is_verdict) in [
        ("53100", false), // the disk is full
        ("53200", false), // there is no memory left
        ("55P03", false), // a lock was not to be had
        ("40P01", false), // a deadlock
        ("58030", false), // the disk does not answer
        ("58P01", true),  // a file that the script needs is not there
        ("57014", true),  // it takes longer than it may
        ("P0001", true),  // the script's own words
    ] {
        for (up, down) in [(raise(code), "SELECT 1".to_owned()), ("CREATE TABLE a (x int)".to_owned(), raise(code))] {
            let scratch = bench.scratch("").await;
            let answer = proof(scratch.as_ref(), &[script("1", &up, Some(&down))]).await;
            scratch.remove().await.unwrap();
            match answer {
                Ok(proof) => {
                    assert!(is_verdict && format!("{:?}", proof.migrations).contains(code), "{code}: {proof:?}");
                }
                Err(fault) => assert!(!is_verdict && fault.message.contains(code), "{code}: {fault:?}"),
            }
        }
    }
}
