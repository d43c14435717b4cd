//! What the simulation found, each as a story of its own.

use std::time::Duration;

use futures_util::future::join;
use omni::cli::Exit;
use omni::cli::rehearsal::Said;
use omni::provider::Observe;
use omni::provider::fake::Trouble;
use omni::store::Store;
use tokio::time::Instant;

use crate::apply::simulation::dice::Dice;
use crate::apply::simulation::team::{Command, Manner, Team};
use crate::apply::simulation::wanted::Wanted;

fn spec(version: u8, behaviour: &str) -> Command {
    let service = |name: &str, behaviour: &str| {
        format!(
            "[services.{name}]\nimage = \"shop/serve:1\"\nvolumes = [\"{name}:/data\"]\n[volumes.{name}]\n\
             [services.{name}.environment]\nVERSION = \"{version}\"\nBEHAVIOUR = \"{behaviour}\"\n\
             [services.{name}.healthcheck]\ntest = [\"check\"]\ninterval = \"1s\"\ntimeout = \"1s\"\nretries = 2\n"
        )
    };
    Command::Apply(format!("[project]\nname = \"shop\"\n{}{}", service("db", "serve:80"), service("web", behaviour)))
}

fn manner() -> Manner {
    Manner::calm(&mut Dice::new(7))
}

async fn ends(team: &Team, who: usize, command: Command) -> Said {
    team.process(who, command, manner()).await.expect("nobody kills it")
}

fn violations(team: &Team) -> Vec<String> {
    team.annals.book().violations.clone()
}

/// A record that could not be written, before one that could, was a gap: nobody could take the journal up any more.
#[tokio::test(start_paused = true)]
async fn a_disk_that_is_full_for_a_moment_leaves_a_journal_that_can_be_taken_up() {
    for ms in (0..6_000).step_by(120) {
        let team = Team::of(1, true, true);
        assert_eq!(ends(&team, 0, spec(1, "serve:80")).await.exit, Exit::Done);
        let before = team.host().observe(team.scope()).await.expect("the engine answers").fingerprint();
        let mut full = manner();
        let from = Instant::now() + Duration::from_millis(ms);
        full.misfortune.full = Some((from, from + Duration::from_millis(40)));
        team.process(0, spec(2, "never"), full).await.expect("nobody kills it");
        let said = ends(&team, 0, Command::Recover).await;
        assert_eq!(said.exit, Exit::Done, "full after {ms} ms: {said:?}");
        let now = team.host().observe(team.scope()).await.expect("the engine answers").fingerprint();
        assert_eq!(now, before, "full after {ms} ms");
    }
}

/// What was undone and not written down was finished forward by the next recovery, without what was gone.
#[tokio::test(start_paused = true)]
async fn nothing_is_undone_that_the_journal_does_not_say() {
    let one_way = |version: u8, code: u8| {
        Command::Apply(format!(
            "[project]\nname = \"shop\"\n[jobs.once]\nimage = \"shop/serve:1\"\ncommand = [\"exit\", \"0\", \"40\"]\n\
             environment = {{ VERSION = \"{version}\" }}\n[jobs.then]\nimage = \"shop/serve:1\"\n\
             command = [\"exit\", \"{code}\", \"60\"]\nside_effects = false\ndepends_on = {{ once = \"completed\", web = \"healthy\" }}\n\
             [services.web]\nimage = \"shop/serve:1\"\nenvironment = {{ VERSION = \"{version}\", BEHAVIOUR = \"serve:40\" }}\n\
             healthcheck = {{ test = [\"check\"] }}\n"
        ))
    };
    for ms in (100..500).step_by(10) {
        let team = Team::of(1, true, true);
        assert_eq!(ends(&team, 0, one_way(1, 0)).await.exit, Exit::Done);
        let before = team.host().observe(team.scope()).await.expect("the engine answers").fingerprint();
        let mut full = manner();
        let from = Instant::now() + Duration::from_millis(ms);
        full.misfortune.full = Some((from, from + Duration::from_mins(10)));
        team.process(0, one_way(2, 3), full).await.expect("nobody kills it");
        team.engine.settle(Duration::from_mins(11)).await;
        ends(&team, 0, Command::Recover).await;
        ends(&team, 0, Command::Recover).await;
        let now = team.host().observe(team.scope()).await.expect("the engine answers").fingerprint();
        assert_eq!(now, before, "full after {ms} ms: its last job fails, so it can only be undone");
    }
}

/// Whoever waited for the lock had looked for the newest fence before, and then had the fence of the one it waited for.
#[tokio::test(start_paused = true)]
async fn one_that_waited_for_another_store_has_a_fence_of_its_own() {
    let team = Team::of(2, false, false);
    let mut waits = manner();
    waits.starts += Duration::from_millis(60);
    waits.wait = Duration::from_mins(1);
    let first = team.process(0, spec(1, "serve:80"), manner());
    let (first, _) = join(first, team.process(1, spec(2, "serve:80"), waits)).await;
    assert_eq!(first.expect("it lives").exit, Exit::Done);
    // What it had planned does not fit any more; the next one does.
    let second = ends(&team, 1, spec(2, "serve:80")).await;
    assert_eq!(second.exit, Exit::Done, "{second:?}");
    let fences = (team.omnis[0].store.last_fence().await, team.omnis[1].store.last_fence().await);
    let (Ok(first), Ok(second)) = fences else { panic!("the stores answer") };
    assert!(second > first, "{second} after {first}");
}

/// The lease was counted from the first step on: a process that was stopped right before it took itself for the holder.
#[tokio::test(start_paused = true)]
async fn one_that_is_stopped_between_the_lock_and_the_first_step_sends_nothing_more() {
    let mut overtaken = 0;
    for ms in (30..90).step_by(2) {
        let team = Team::of(2, false, false);
        assert_eq!(ends(&team, 0, spec(1, "serve:80")).await.exit, Exit::Done);
        let (mut stopped, mut waits) = (manner(), manner());
        let from = Instant::now() + Duration::from_millis(ms);
        stopped.misfortune.fate.stops = vec![(from, from + Duration::from_mins(5))];
        waits.starts += Duration::from_millis(100);
        waits.wait = Duration::from_mins(4);
        let first = team.process(0, spec(2, "serve:80"), stopped);
        let (first, second) = join(first, team.process(1, spec(3, "serve:80"), waits)).await;
        assert_eq!(violations(&team), Vec::<String>::new(), "stopped after {ms} ms");
        let (first, second) = (first.expect("it lives"), second.expect("it lives"));
        // It may have opened an apply in its own store when it woke up. That is not taken back under what serves now.
        let serves = async || team.host().observe(team.scope()).await.expect("the engine answers").fingerprint();
        let now = serves().await;
        let recovered = ends(&team, 0, Command::Recover).await;
        assert!(matches!(recovered.exit, Exit::Done | Exit::Store), "{recovered:?}");
        assert_eq!(serves().await, now, "stopped after {ms} ms, {recovered:?}");
        overtaken += usize::from(first.exit == Exit::Locked && second.exit == Exit::Done);
    }
    assert!(overtaken > 3, "only {overtaken} were overtaken");
}

/// A store whose release had a newer container than the one that another store had gone back to left that one running.
#[tokio::test(start_paused = true)]
async fn what_another_store_went_back_to_is_seen() {
    let team = Team::of(2, false, false);
    assert_eq!(ends(&team, 1, spec(1, "serve:80")).await.exit, Exit::Done);
    let release = team.omnis[1].store.head().await.expect("the store answers").expect("a release");
    assert_eq!(ends(&team, 0, spec(2, "serve:80")).await.exit, Exit::Done);
    assert_eq!(ends(&team, 1, Command::Rollback(Box::new(release))).await.exit, Exit::Done);
    let third = spec(3, "serve:80");
    assert_eq!(ends(&team, 0, third.clone()).await.exit, Exit::Done);
    assert_eq!(team.left_to_do(0, &third).await, Vec::<String>::new());
}

/// A store did not see what another one had started beside what it knew, and left it running when the service went.
#[tokio::test(start_paused = true)]
async fn what_another_store_started_beside_what_is_known_goes_with_the_service() {
    let scaled = |replicas: u8| {
        Command::Apply(format!(
            "[project]\nname = \"shop\"\n[services.web]\nimage = \"shop/serve:1\"\nreplicas = {replicas}\n\
             [services.web.healthcheck]\ntest = [\"check\"]\n"
        ))
    };
    let team = Team::of(2, false, false);
    assert_eq!(ends(&team, 0, scaled(2)).await.exit, Exit::Done);
    let release = team.omnis[0].store.head().await.expect("the store answers").expect("a release");
    assert_eq!(ends(&team, 1, scaled(1)).await.exit, Exit::Done);
    assert_eq!(ends(&team, 0, Command::Rollback(Box::new(release))).await.exit, Exit::Done);
    let none = Command::Apply("[project]\nname = \"shop\"\n".to_owned());
    assert_eq!(ends(&team, 1, none.clone()).await.exit, Exit::Done);
    assert_eq!(team.left_to_do(1, &none).await, Vec::<String>::new());
}

/// One whose lock was answered only once its lease was over, and somebody else had it, took itself for the holder.
#[tokio::test(start_paused = true)]
async fn a_lock_that_is_answered_once_it_is_lost_is_not_had() {
    for number in 1..40 {
        let team = Team::of(2, false, false);
        assert_eq!(ends(&team, 0, spec(1, "serve:80")).await.exit, Exit::Done);
        team.engine.heal();
        team.engine.trouble_at(number, Trouble::HangAfter);
        let (mut stopped, mut waits) = (manner(), manner());
        let from = Instant::now() + Duration::from_millis(300);
        stopped.misfortune.fate.stops = vec![(from, from + Duration::from_mins(5))];
        waits.starts += Duration::from_millis(400);
        waits.wait = Duration::from_mins(4);
        let first = team.process(0, spec(2, "serve:80"), stopped);
        join(first, team.process(1, spec(3, "serve:80"), waits)).await;
        assert_eq!(violations(&team), Vec::<String>::new(), "hung at call {number}");
    }
}

/// A way back without a statement took the migration out of the ledger, and left what it had made.
#[tokio::test(start_paused = true)]
async fn a_way_back_that_is_empty_is_none() {
    let team = Team::of(1, true, true).with_database();
    let schema = |many: u64| Command::Apply(Wanted::only_migrations(many, false));
    assert_eq!(ends(&team, 0, schema(3)).await.exit, Exit::Done);
    let release = team.omnis[0].store.head().await.expect("the store answers").expect("a release");
    assert_eq!(ends(&team, 0, schema(4)).await.exit, Exit::Done);
    let said = ends(&team, 0, Command::Rollback(Box::new(release))).await;
    assert!(said.text.contains("omni::plan::no_way_back"), "{said:?}");
    assert_eq!(team.engine.ledger("pos"), ["1", "2", "3", "4"]);
}

/// A database that was not heard of at the last look was left out of what a release says of the world.
#[tokio::test(start_paused = true)]
async fn a_database_that_is_silent_for_a_moment_is_a_part_of_the_world() {
    for first in 1..16 {
        let team = Team::of(1, true, true).with_database();
        assert_eq!(ends(&team, 0, Command::Apply(Wanted::only_migrations(1, false))).await.exit, Exit::Done);
        team.engine.heal();
        // As often as one look tries it.
        for nth in first..first + 3 {
            team.engine.trouble_in("connect", nth, Trouble::Refuse);
        }
        let said = ends(&team, 0, Command::Apply(Wanted::only_migrations(2, false))).await;
        team.engine.heal();
        let now = team.host().observe(team.scope()).await.expect("the engine answers").fingerprint();
        let release = team.omnis[0].store.head().await.expect("the store answers").expect("a release");
        assert_eq!(release.world, now, "silent from connection {first} on: {said:?}");
    }
}
