//! Three releases, two of them taken back without their files, brought again; and a fourth that fails.

use crate::base::House;
use crate::case::{Case, each, server};
use crate::files::{FAILING, STEPS};

#[test]
fn a_server_goes_two_releases_back_and_forward_again() {
    each(&server(), lives);
}

#[test]
fn a_file_goes_two_releases_back_and_forward_again() {
    each(&House::Files, lives);
}

async fn lives(case: Case<'_>) {
    case.write(&STEPS[..2], false);
    case.apply("v1");
    let first = case.has(&STEPS[..2], "after v1").await;
    case.base.run("INSERT INTO notes (id, text) VALUES (1, 'one'), (2, 'two')").await;
    case.write(&STEPS[..3], true);
    case.apply("v2");
    case.has(&STEPS[..3], "after v2").await;
    case.base.run("UPDATE notes SET due = 'today' WHERE id = 1").await;
    case.write(&STEPS, true);
    case.apply("v3");
    let third = case.has(&STEPS, "after v3").await;

    // The column goes with what is in it: that has to be agreed to, and there is a backup, though v1 had none.
    let backups = || std::fs::read_dir(case.world.path("backups")).unwrap().count();
    let made = backups();
    case.write(&STEPS[..2], true);
    case.ends(&["rollback", "--to", "v1", "--yes"], 8);
    case.is_as(&third, "after a rollback that nobody agreed to").await;
    case.goes_back("v1");
    assert!(backups() > made, "{case}: no backup was made");
    case.has(&STEPS[..2], "after the rollback").await;
    case.is_as(&first, "after the rollback").await;
    assert_eq!(case.base.texts("SELECT id || ' ' || text FROM notes ORDER BY id").await, ["1 one", "2 two"], "{case}");
    assert_eq!(case.pending(), [""; 0], "{case}");

    case.write(&STEPS, true);
    assert_eq!(case.pending(), case.names(&STEPS[2..]), "{case}");
    case.apply("v3-again");
    case.has(&STEPS, "after v3 again").await;
    case.is_as(&third, "after v3 again").await;

    case.write(&[&STEPS[..], &FAILING].concat(), true);
    let failed = case.ends(&["apply", "--tag", "v4", "--yes"], 1);
    assert!(failed.text.contains("nowhere"), "{case}: {}", failed.text);
    case.is_as(&third, "after a failed apply").await;
    assert_eq!(case.pending(), case.names(&FAILING), "{case}");
}
