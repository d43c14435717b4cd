//! An older copy of the whole store is put back, from every moment of an apply. Only the engine can tell then.
//!
//! A cell is right when omni refuses the copy, or goes on from it to where the newest store leads. What it may not do is
//! take back an apply that others were built upon.

use omni::apply::{Frontier, outdated};
use omni::journal::Outcome;
use omni::plan::Plan;
use omni::store::Store;

use crate::apply::disk::{self, Disk};
use crate::apply::journal_matrix::{Course, Play, reference, set};
use crate::apply::steady::Copy;
use crate::apply::theatre::Theatre;

/// The release after the reference: everything but the first is another version.
fn third() -> String {
    let mut third = reference().1;
    third.0.iter_mut().skip(1).for_each(|member| member.version += 1);
    third.spec(None)
}

/// The world after two or three releases, and copies of the store from every moment of the second.
async fn grown(disk: &Disk, releases: u64) -> (Play, Vec<Copy>) {
    let (mut play, _) = set(&disk.path().join("project"), Course::Forward).await;
    play.store.begin().expect("the disk works");
    play.store.copies = Some(Vec::new());
    assert_eq!(play.apply(&reference().1.spec(None)).await, Outcome::Applied);
    let copies = play.store.copies.take().expect("copies");
    if releases == 3 {
        assert_eq!(play.apply(&third()).await, Outcome::Applied);
    }
    play.store.end();
    (play, copies)
}

/// What comes of one copy: whether it was refused.
async fn cell(disk: &Disk, releases: u64, number: usize) -> Option<Result<bool, String>> {
    let (mut play, copies) = grown(disk, releases).await;
    let spec = if releases == 3 { third() } else { reference().1.spec(None) };
    let right = play.fingerprint().await;
    play.store.put_back(copies.get(number)?);
    play.store.begin().expect("every row of it is right");
    if let Some(open) = play.store.open_apply().await.expect("it can be read") {
        let records = play.store.journal(&open.op).await.expect("it can be read");
        let frontier = Frontier::replay(&open.plan, &records).expect("records in turn");
        if outdated(&open, &frontier, &play.observed().await).is_some() {
            return Some(Ok(true));
        }
        if releases == 3 {
            return Some(Err(format!("an old apply with {} records would be taken back", records.len())));
        }
        // Nothing came after it: to end it the one way or the other is right.
        play.recover().await;
    }
    if play.apply(&spec).await != Outcome::Applied {
        return Some(Err("the spec cannot be applied any more".to_owned()));
    }
    let leads = play.fingerprint().await == right && play.plan(&spec).await.is_empty();
    Some(if leads { Ok(false) } else { Err("it leads elsewhere".to_owned()) })
}

#[test]
#[ignore = "run by its parent"]
fn child_with_old_copies() {
    let disk = Disk::of_this_process();
    let (mut refused, mut led, mut violations) = (0, 0, Vec::new());
    for releases in [2, 3] {
        for number in 0.. {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
            match runtime.expect("a runtime").block_on(cell(&disk, releases, number)) {
                None => break,
                Some(Ok(true)) => refused += 1,
                Some(Ok(false)) => led += 1,
                Some(Err(why)) => violations.push(format!("copy {number} after {releases} releases: {why}")),
            }
        }
    }
    let all = refused + led + violations.len();
    println!("\nsaid {all} cells, {} violations, 0 stuck ({refused} refused, {led} led on)", violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(all > 20, "only {all} cells were tried");
}

#[test]
fn an_older_copy_of_everything_in_the_matrix() {
    println!("older_copies_of_everything: {}", disk::child("apply::old_copies::child_with_old_copies", "all"));
}

fn with_a_job(version: u8, job: bool) -> String {
    let job = if job { "[jobs.setup]\nimage = \"shop/serve:1\"\ncommand = [\"exit\", \"0\", \"10\"]\n" } else { "" };
    format!(
        "[project]\nname = \"shop\"\n[services.web]\nimage = \"shop/serve:1\"\n\
         environment = {{ VERSION = \"{version}\", BEHAVIOUR = \"serve:120\" }}\n{job}"
    )
}

/// The same deployment was made on two engines, each with a store of its own; then one gets the store of the other.
#[tokio::test(start_paused = true)]
async fn the_store_of_another_engine_is_not_the_record_of_this_one() {
    let steps = |plan: &Plan| plan.steps().map(|change| (change.address.clone(), change.action)).collect::<Vec<_>>();
    let (mut here, mut there) = (Theatre::new(), Theatre::new());
    assert_eq!(here.apply(&with_a_job(0, false)).await, Outcome::Applied);
    for version in 1..3 {
        assert_eq!(there.apply(&with_a_job(version, true)).await, Outcome::Applied);
    }
    let spec = with_a_job(1, true);
    let right = steps(&here.plan(&spec).await);
    assert!(right.iter().any(|(address, _)| address.to_string() == "job.setup"), "{right:?}");

    here.store = there.store;
    assert_eq!(steps(&here.plan(&spec).await), right, "a job that ran there has not run here");
    assert_eq!(here.apply(&spec).await, Outcome::Applied);
    assert!(here.plan(&spec).await.is_empty());
}
