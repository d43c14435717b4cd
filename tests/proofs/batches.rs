//! Batches of several migrations: groups that hold only together, what stops a batch, and independence of each verdict.

use omni::migration::proof::{Proof, Redo};

use crate::bench::{Bench, proof, script};
use crate::pairs::said;

async fn proven(bench: &Bench, scripts: &[(&str, Option<&str>)]) -> Proof {
    let scratch = bench.scratch("CREATE TABLE users (id int PRIMARY KEY, name text)").await;
    let name = |at: usize| format!("{}_step", at + 1);
    let scripts: Vec<_> = scripts.iter().enumerate().map(|(at, (up, down))| script(&name(at), up, *down)).collect();
    let proof = proof(scratch.as_ref(), &scripts).await.unwrap();
    scratch.remove().await.unwrap();
    proof
}

fn verdicts(proof: &Proof) -> Vec<&'static str> {
    proof.migrations.iter().map(|one| one.verdict.word()).collect()
}

async fn a_batch_can_hold_where_its_files_do_not(bench: &Bench) {
    let proof = proven(
        bench,
        &[
            ("CREATE TABLE a (id int)", Some("DROP TABLE a")),
            ("CREATE TABLE b (id int)", Some("DROP TABLE b; DROP TABLE c")),
            ("CREATE TABLE c (id int)", None),
            ("CREATE TABLE d (id int)", Some("DROP TABLE d")),
        ],
    )
    .await;
    assert_eq!(verdicts(&proof), ["exact", "fails", "no_down", "exact"]);
    assert_eq!(proof.batch.word(), "exact");
    assert_eq!(proof.words("3_step", false), "no down alone; proven together with 2_step");
    assert_eq!(proof.words("1_step", false), "down proven");
    assert_eq!(proof.batch_words(), "proven as a whole: 2 downs do not hold alone");
}

async fn each_verdict_is_independent_of_later_faults(bench: &Bench) {
    let proof = proven(
        bench,
        &[
            ("CREATE TABLE a (id int)", Some("DROP TABLE a")),
            ("CREATE TABLE b (id int)", Some("SELECT 1")),
            ("CREATE TABLE c (id int)", Some("DROP TABLE nowhere")),
            ("CREATE TABLE d (id int)", Some("DROP TABLE d")),
        ],
    )
    .await;
    assert_eq!(verdicts(&proof), ["exact", "empty", "fails", "exact"]);
    assert_eq!(proof.batch.word(), "fails");
    let back: Vec<_> = proof.migrations.iter().map(|one| one.is_back).collect();
    assert_eq!(back, [None, None, None, Some(true)]);
}

async fn what_a_batch_leaves_is_said_as_a_whole(bench: &Bench) {
    let proof = proven(
        bench,
        &[
            ("CREATE TABLE a (id int)", Some("DROP TABLE a")),
            ("CREATE INDEX users_name ON users (name)", Some("SELECT 1")),
            ("CREATE TABLE c (id int)", Some("DROP TABLE c")),
        ],
    )
    .await;
    assert_eq!(verdicts(&proof), ["exact", "empty", "exact"]);
    assert_eq!(proof.batch.word(), "lossy");
    assert_eq!(proof.batch_words(), "down LEAVES index users_name behind");
    assert!(matches!(&proof.migrations[1].redo, None | Some(Redo::Fails { .. })));
}

async fn what_comes_after_a_way_up_that_fails_is_not_reached(bench: &Bench) {
    let proof = proven(
        bench,
        &[
            ("CREATE TABLE a (id int)", Some("DROP TABLE a")),
            ("CREATE TABLE a (id int)", Some("DROP TABLE a")),
            ("CREATE TABLE c (id int)", Some("DROP TABLE c")),
        ],
    )
    .await;
    assert_eq!(verdicts(&proof), ["exact", "up_fails", "not_reached"]);
    assert_eq!(proof.batch.word(), "up_fails");
    assert_eq!(proof.words("3_step", false), "unproven");
}

async fn a_batch_without_a_way_back_is_said_to_have_none(bench: &Bench) {
    let proof = proven(bench, &[("CREATE TABLE a (id int)", None), ("SELECT 1", None)]).await;
    assert_eq!(verdicts(&proof), ["no_down", "no_down"]);
    assert_eq!(proof.batch.word(), "no_down");
}

async fn what_does_not_verify_fails(bench: &Bench) {
    let scratch = bench.scratch("").await;
    let mut one = script("1_step", "CREATE TABLE a (id int)", Some("DROP TABLE a"));
    let verify = |text: &str| script("1_step", text, None).up;
    one.verify = Some(verify("SELECT id FROM a"));
    assert_eq!(proof(scratch.as_ref(), std::slice::from_ref(&one)).await.unwrap().batch.word(), "exact");
    one.verify = Some(verify("SELECT id FROM nowhere"));
    let proof = proof(scratch.as_ref(), &[one]).await.unwrap();
    assert!(said(&proof.migrations[0]).starts_with("up_fails on line 1: "), "{}", said(&proof.migrations[0]));
    scratch.remove().await.unwrap();
}

async fn all(bench: &Bench) {
    a_batch_can_hold_where_its_files_do_not(bench).await;
    each_verdict_is_independent_of_later_faults(bench).await;
    what_a_batch_leaves_is_said_as_a_whole(bench).await;
    what_comes_after_a_way_up_that_fails_is_not_reached(bench).await;
    a_batch_without_a_way_back_is_said_to_have_none(bench).await;
    what_does_not_verify_fails(bench).await;
}

async fn what_all_databases_share_is_not_touched(bench: &Bench) {
    let scratch = bench.scratch("").await;
    let scripts = [script("1_step", "CREATE TABLE a (id int);\nCREATE ROLE nobody_has;", None)];
    let fault = proof(scratch.as_ref(), &scripts).await.unwrap_err();
    assert!(fault.message.starts_with("`1_step/up.sql`, line 2: `CREATE ROLE` reaches"), "{fault}");
    let mut session = scratch.open().await.unwrap();
    let made = session.value("SELECT to_regclass('a')::text").await.unwrap();
    assert_eq!(made, None);
    drop(session);
    scratch.remove().await.unwrap();
}

async fn what_a_script_leaves_in_its_session_is_not_met_by_the_next(bench: &Bench) {
    let proof = proven(
        bench,
        &[
            ("CREATE SCHEMA app; SET search_path = app; CREATE TEMP TABLE a (id int)", Some("DROP SCHEMA app")),
            ("CREATE TABLE a (id int)", Some("DROP TABLE public.a")),
        ],
    )
    .await;
    assert_eq!(verdicts(&proof), ["exact", "exact"]);
}

#[tokio::test]
async fn batches_on_a_server() {
    let bench = Bench::server().await;
    all(&bench).await;
    what_all_databases_share_is_not_touched(&bench).await;
    what_a_script_leaves_in_its_session_is_not_met_by_the_next(&bench).await;
}

#[tokio::test]
async fn batches_on_files() {
    all(&Bench::folder()).await;
}
