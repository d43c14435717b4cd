//! The step that proves: who hears of what came of it, and what that decides.

use std::sync::{Arc, Mutex};

use omni::journal::{Direction, Outcome, Record};
use omni::migration::Worth;
use omni::migration::proof::MigrationProof;
use omni::store::Store;

use crate::apply::theatre::Theatre;

/// A database with so many of the migrations, whose policy asks for proofs.
fn spec(many: u8) -> String {
    format!(
        "[project]\nname = \"shop\"\n[databases.pos]\nurl = \"postgres://omni@db.example/pos\"\n\
         [migrations.pos]\ndir = \"migrations/{many}\"\nlayout = \"dbmate\"\n[policy]\nrequire_proof = true\n"
    )
}

/// What came of an apply.
struct Came {
    outcome: Outcome,
    records: Vec<Record>,
    /// What was heard of each migration.
    heard: Vec<(String, Worth)>,
}

/// Applies a spec; whoever hears of the proof cannot keep it.
async fn applied(theatre: &mut Theatre, text: &str) -> Came {
    let plan = theatre.plan(text).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    theatre.hear_proofs(Arc::new(move |proof, scripts| {
        assert_eq!(proof.migrations.len(), scripts.len());
        let told = |one: &MigrationProof| (one.migration.clone(), one.worth());
        into.lock().expect("nobody panicked").extend(proof.migrations.iter().map(told));
        Err("there is no room".to_owned())
    }));
    let locks = theatre.lock().await;
    let apply = theatre.open(plan, &locks).await;
    let ended = theatre.run(&apply, &[], Direction::Forward, &locks).await.expect("the store works");
    let records = theatre.store.journal(&apply.op).await.expect("the store answers");
    theatre.close(&apply, &ended, &locks).await;
    theatre.unlock(&locks).await;
    let heard = heard.lock().expect("nobody panicked").clone();
    Came { outcome: ended.outcome, records, heard }
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_cannot_be_kept_holds_nothing_up() {
    let mut theatre = Theatre::new();
    theatre.engine.add_database("pos");
    let came = applied(&mut theatre, &spec(3)).await;
    assert_eq!(came.outcome, Outcome::Applied);
    let proven = |name: &str| (name.to_owned(), Worth::Proven);
    assert_eq!(came.heard, [proven("1_a"), proven("2_b"), proven("3_c")]);
    let first = came.records.iter().find_map(|record| match record {
        Record::Done { node, effect } if node.to_string() == "proof.pos" => Some(effect.note.clone()),
        _ => None,
    });
    assert_eq!(first.as_deref(), Some("3 of 3 proven"));
    assert_eq!(theatre.engine.ledger("pos"), ["1", "2", "3"]);
    assert_eq!(theatre.engine.databases(), ["pos"], "what it was proven on is gone");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_hold_is_heard_of_before_anything_is_migrated() {
    let mut theatre = Theatre::new();
    theatre.engine.add_database("pos");
    assert_eq!(applied(&mut theatre, &spec(2)).await.outcome, Outcome::Applied);
    let before = theatre.engine.database("pos");
    // The last one makes a table that is there already.
    let came = applied(&mut theatre, &spec(6)).await;
    assert!(matches!(came.outcome, Outcome::Unwound(_)), "{:?}", came.outcome);
    let (name, worth) = came.heard.last().expect("it is heard of all the same");
    assert!(name == "6_f" && matches!(worth, Worth::UpFails(_)), "{worth:?}");
    let begun = came.records.iter().filter(|record| matches!(record, Record::Intent { .. })).count();
    assert_eq!(begun, 1, "{:?}", came.records);
    let said = came.records.iter().find_map(|record| match record {
        Record::Failed { fault, .. } => Some(fault.message.clone()),
        _ => None,
    });
    let said = said.expect("it failed");
    assert!(said.starts_with("migration.pos.6_f: up fails: ") && said.contains("the policy asks"), "{said}");
    assert_eq!(theatre.engine.database("pos"), before);
    assert_eq!(theatre.engine.databases(), ["pos"]);
}
