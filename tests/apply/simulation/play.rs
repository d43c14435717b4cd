//! `Play`: one seed: a team, a first deployment, and one to five rounds of commands and troubles, each judged.
//!
//! After a round everything is healed and recovered as any of the omnis would do it, and then held against the annals:
//! the world is that which the last apply left, before or after; nothing leaks, no lock is left, and what was said is so.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use omni::cli::Exit;
use omni::cli::rehearsal::Said;
use omni::fingerprint::Fingerprint;
use omni::journal::Outcome;
use omni::lock::{LEASE, LONGEST_CALL};
use omni::provider::Observe;
use omni::store::Store;
use tokio::time::{Instant, timeout};

use crate::apply::simulation::annals::told;
use crate::apply::simulation::dice::Dice;
use crate::apply::simulation::nature;
use crate::apply::simulation::team::{Command, Manner, Team};
use crate::apply::simulation::troubles::{Mode, Troubles};
use crate::apply::simulation::wanted::{REFUSED, Wanted};

/// No round takes longer.
const LONGEST_ROUND: Duration = Duration::from_hours(6);
/// How often a recovery on a healthy engine is tried.
const TRIES: usize = 5;

/// One seed at play.
pub(crate) struct Play {
    dice: Dice,
    mode: Mode,
    pub(crate) team: Team,
    /// How many commands were given.
    pub(crate) commands: u64,
    /// Recoveries of a healthy engine that ended stuck, each named.
    pub(crate) stuck: Vec<String>,
}

impl Play {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mode = if seed.is_multiple_of(2) { Mode::Safety } else { Mode::Liveness };
        let team = Team::random(&mut dice);
        Self { dice, mode, team, commands: 0, stuck: Vec::new() }
    }

    pub(crate) async fn run(&mut self) {
        let world = self.world().await;
        self.team.annals.book().world = Some(world);
        if self.dice.chance(90) {
            self.calm_apply().await;
        }
        let rounds = *self.dice.pick(&[1, 1, 2, 2, 3, 4, 5]);
        for round in 1..=rounds {
            self.team.annals.note(&format!("round {round} of {rounds}"));
            self.by_hand().await;
            self.round().await;
            let is_last = round == rounds;
            if is_last || self.dice.chance(85) {
                let (is_overlapped, is_open) = {
                    let book = self.team.annals.book();
                    (book.is_overlapped, !book.open.is_empty())
                };
                if !is_overlapped {
                    if is_open && self.dice.chance(30) {
                        self.recover_and_die().await;
                    }
                    self.recover_all().await;
                }
                self.judge().await;
            }
            let (is_wrong, is_overlapped) = {
                let book = self.team.annals.book();
                (!book.violations.is_empty(), book.is_overlapped)
            };
            if is_overlapped && !is_wrong {
                self.recover_overtaken().await;
            }
            if is_overlapped || is_wrong {
                return;
            }
        }
        self.calm_apply().await;
        self.judge().await;
    }

    async fn world(&self) -> Fingerprint {
        match self.team.host().observe(self.team.scope()).await {
            Ok(observed) => observed.fingerprint(),
            Err(fault) => {
                self.team.annals.wrong(&format!("a healthy engine cannot be looked at: {fault:?}"));
                Fingerprint::of(&())
            }
        }
    }

    /// An apply that nothing disturbs.
    async fn calm_apply(&mut self) {
        let wanted = Wanted::random(&mut self.dice, self.team.has_database);
        let who = self.somebody();
        let command = Command::Apply(wanted.text());
        let mut said = self.calm(who, command.clone()).await;
        if said.exit == Exit::Locked && !self.is_one_host() {
            // A store's lock whose holder died on another host before it had the engine's.
            self.team.engine.settle(LEASE + 3 * LONGEST_CALL).await;
            said = self.calm(who, command).await;
        }
        if said.exit != Exit::Done && !self.team.annals.book().is_overlapped {
            self.team.annals.wrong(&format!("an apply that nothing disturbs ends with {said:?}"));
        }
    }

    fn is_one_host(&self) -> bool {
        self.team.omnis.iter().all(|omni| omni.host == self.team.omnis[0].host)
    }

    fn somebody(&mut self) -> usize {
        usize::try_from(self.dice.below(self.team.omnis.len() as u64)).expect("few omnis")
    }

    async fn calm(&mut self, who: usize, command: Command) -> Said {
        let manner = Manner::calm(&mut self.dice);
        self.commands += 1;
        self.team.annals.book().goals.insert(who, command_text(&command));
        let life = self.team.process(who, command, manner);
        let said = timeout(LONGEST_ROUND, life).await;
        let said = said.ok().flatten().unwrap_or_else(|| {
            self.team.annals.wrong("a process that nothing disturbs does not end");
            Said { exit: Exit::Stuck, outcome: None, op: None, text: "no end".to_owned() }
        });
        self.heard(who, &said);
        said
    }

    /// Somebody changes something beside omni, while no apply is open.
    async fn by_hand(&mut self) {
        let is_open = !self.team.annals.book().open.is_empty();
        if is_open || self.team.annals.book().world.is_none() || !self.dice.chance(20) {
            return;
        }
        let names: Vec<_> = self.team.engine.names().into_iter().filter(|name| name.starts_with("shop-")).collect();
        if names.is_empty() {
            return;
        }
        let name = self.dice.pick(&names).clone();
        if self.dice.chance(50) {
            self.team.engine.kill(&name, 137);
            self.team.annals.count("fault: killed by hand");
        } else {
            self.team.engine.forget(&name);
            self.team.annals.count("fault: removed by hand");
        }
        self.team.annals.note(&format!("by hand: {name}"));
        let world = self.world().await;
        let mut book = self.team.annals.book();
        (book.world, book.last) = (Some(world), None);
    }

    async fn command(&mut self, who: usize) -> Command {
        let releases = self.team.omnis[who].store.releases().await.expect("the store answers");
        match self.dice.below(100) {
            0..15 if !releases.is_empty() => Command::Rollback(Box::new(self.dice.pick(&releases).clone())),
            15..20 => Command::Destroy,
            20..25 => Command::Recover,
            25..45 => {
                let wanted = Wanted::random(&mut self.dice, self.team.has_database).ill(&mut self.dice);
                self.team.annals.count(if wanted.is_ill() { "fault: a member that fails" } else { "no members" });
                Command::Apply(wanted.text())
            }
            _ => Command::Apply(Wanted::random(&mut self.dice, self.team.has_database).text()),
        }
    }

    /// One to three commands at once, and what disturbs them.
    async fn round(&mut self) {
        let hosts: Vec<_> = self.team.omnis.iter().map(|omni| omni.host).collect();
        let troubles = Troubles::random(&mut self.dice, self.mode, &hosts, &self.team.annals);
        self.team.annals.heal();
        troubles.arm(&self.team.engine);
        let mut commands = Vec::new();
        for who in 0..hosts.len() {
            if who > 0 && self.dice.chance(30) {
                continue;
            }
            let manner = Manner {
                starts: Instant::now() + Duration::from_millis(self.dice.below(1_500)),
                wait: if troubles.are_patient {
                    Duration::from_secs(self.dice.between(200, 900))
                } else if self.dice.chance(50) {
                    Duration::ZERO
                } else {
                    Duration::from_secs(self.dice.below(300))
                },
                misfortune: troubles.fates[who].clone(),
                pauses_on_interrupt: self.dice.chance(20),
                pauses_on_failure: self.dice.chance(10),
                dice: self.dice.fork(),
            };
            commands.push((who, self.command(who).await, manner));
        }
        let mut lives = Vec::new();
        for (who, command, manner) in &commands {
            self.commands += 1;
            self.team.annals.book().goals.insert(*who, command_text(command));
            lives.push(self.team.process(*who, command.clone(), manner.clone()));
        }
        let ended = timeout(LONGEST_ROUND, join_all(lives)).await;
        self.team.annals.polls(None);
        troubles.count(self.team.engine.calls(), &self.team.annals);
        self.team.annals.heal();
        nature::right();
        let Ok(ended) = ended else {
            self.team.annals.wrong("a round does not end");
            return;
        };
        for ((who, command, manner), said) in commands.iter().zip(ended) {
            let Some(said) = said else { continue };
            self.heard(*who, &said);
            let may_be_locked = said.exit == Exit::Locked && !self.is_one_host();
            let is_overlapped = self.team.annals.book().is_overlapped;
            let is_alone = commands.len() == 1 && troubles.is_none() && !may_be_locked && !is_overlapped;
            let is_ill = matches!(command, Command::Apply(text) if is_ill(text));
            // A migration that another release has made may stand in the way, or have no way back.
            let may_be_refused = self.team.has_database && matches!(command, Command::Rollback(_));
            let is_agreed = said.outcome.as_ref().is_some_and(is_wayless);
            let is_free = is_alone && !is_ill && !may_be_refused && !is_agreed && !manner.pauses_on_failure;
            if is_free && said.exit != Exit::Done {
                self.team.annals.wrong(&format!("o{who}, which nothing disturbs, ends with {said:?}"));
            }
            if is_ill && said.outcome == Some(Outcome::Applied) && !matches!(command, Command::Recover) {
                let op = said.op.clone();
                let own = op.and_then(|op| {
                    self.team.annals.book().applies.get(&op).map(|opened| opened.goal == command_text(command))
                });
                if own == Some(true) {
                    self.team.annals.wrong(&format!("o{who} has applied what cannot be healthy"));
                }
            }
        }
        self.team.engine.settle(Duration::from_secs(3)).await;
    }

    /// Holds what a process said against what is so.
    fn heard(&self, who: usize, said: &Said) {
        let annals = &self.team.annals;
        let paths = [
            ("omni::lock::held", "path: refused, locked"),
            ("omni::lock::lost", "path: lost its lock and stopped"),
            ("omni::plan::stale", "path: refused, the plan does not fit any more"),
            ("omni::apply::not_closed", "path: done and not closed"),
            ("omni::store::unusable", "path: ended by its store"),
            ("omni::engine::", "path: refused, the engine does not answer"),
        ];
        for (_, path) in paths.iter().filter(|(code, _)| said.text.contains(code)) {
            annals.count(path);
        }
        if said.text.contains("omni::store::outdated") {
            // Another store has applied since this one opened an apply: no end is promised to that.
            annals.count("path: refused, another store has applied since");
            annals.book().is_overlapped = true;
        }
        if said.text.contains("somebody broke the lock") || said.text.contains("does not hold it any more") {
            annals.count("path: fenced out");
        }
        let (Some(outcome), Some(op)) = (&said.outcome, &said.op) else { return };
        let is_open = annals.book().closers.get(op) != Some(&who);
        match outcome {
            Outcome::Stuck { .. } => {
                annals.count("path: stuck under faults");
                annals.stuck(op);
            }
            Outcome::Interrupted => annals.count("path: left open"),
            Outcome::Applied | Outcome::Unwound(_) => {}
        }
        let is_true = match outcome {
            Outcome::Applied => !is_open && said.exit == Exit::Done,
            // What another store had begun may still have changed something meanwhile.
            Outcome::Unwound(_) => !is_open && (said.exit != Exit::Stuck || annals.book().is_overlapped),
            Outcome::Stuck { .. } | Outcome::Interrupted => is_open && said.exit == Exit::Stuck,
        };
        if !is_true {
            annals.wrong(&format!(
                "o{who} says {said:?}, and it {} its apply",
                if is_open { "has not closed" } else { "has closed" }
            ));
        }
    }

    /// A recovery that is killed, too.
    async fn recover_and_die(&mut self) {
        let who = self.somebody();
        let mut manner = Manner::calm(&mut self.dice);
        manner.wait = LEASE + 3 * LONGEST_CALL;
        let latest = if self.is_one_host() { 500 } else { 130_000 };
        manner.misfortune.fate.dies = Some(Instant::now() + Duration::from_millis(self.dice.below(latest)));
        self.commands += 1;
        self.team.annals.book().goals.insert(who, command_text(&Command::Recover));
        if let Some(said) = self.team.process(who, Command::Recover, manner).await {
            self.heard(who, &said);
        }
    }

    /// Recovers every store, as one of its omnis does it on a healthy engine.
    async fn recover_all(&mut self) {
        let lineages: BTreeSet<_> = self.team.omnis.iter().map(|omni| omni.lineage).collect();
        for lineage in lineages {
            let of: Vec<_> =
                (0..self.team.omnis.len()).filter(|who| self.team.omnis[*who].lineage == lineage).collect();
            let who = *self.dice.pick(&of);
            self.recover(who).await;
        }
    }

    /// A recovery of every store, after another one has applied over an open apply. No end is promised to that; but it
    /// ends, what it says is so, and a refusal stays one however often it is asked for.
    async fn recover_overtaken(&mut self) {
        self.team.engine.settle(LEASE + 3 * LONGEST_CALL).await;
        for who in 0..self.team.omnis.len() {
            let refused = self.calm(who, Command::Recover).await.exit == Exit::Store;
            if refused && self.calm(who, Command::Recover).await.exit != Exit::Store {
                self.team.annals.wrong(&format!("o{who} was refused its recovery, and then it was not"));
            }
        }
    }

    async fn recover(&mut self, who: usize) {
        for tried in 0..TRIES {
            let said = self.calm(who, Command::Recover).await;
            match said.exit {
                Exit::Done => return,
                Exit::Store if self.team.annals.book().is_overlapped => return,
                Exit::Locked if tried == 0 => {
                    if self.is_one_host() {
                        self.team.annals.wrong(&format!("nobody lives on the only host, and {}", said.text));
                        return;
                    }
                    // Nobody here can know that its holder is dead: the lease has to run out.
                    self.team.engine.settle(LEASE + 3 * LONGEST_CALL).await;
                    self.team.annals.count("path: lock free once the lease is long over");
                }
                Exit::Stuck if said.outcome.is_some() => {
                    let how = said.outcome.as_ref().map(told).unwrap_or_default();
                    if said.outcome.as_ref().is_some_and(is_wayless) {
                        // It was agreed that there is no way back: `omni recover --accept` is left to people.
                        self.team.annals.count("path: stuck behind a migration that has no way back");
                        self.team.annals.book().is_overlapped = true;
                        return;
                    }
                    self.team.annals.note(&format!("a healthy engine, and still: {how}"));
                    self.stuck.push(how);
                }
                _ => {
                    self.team.annals.wrong(&format!("a recovery of a healthy engine ends with {said:?}"));
                    return;
                }
            }
        }
        self.team.annals.wrong("no recovery of a healthy engine ends it");
    }
}

/// Whether an apply is stuck behind a migration of which it was agreed that it has no way back.
fn is_wayless(outcome: &Outcome) -> bool {
    let Outcome::Stuck { left, .. } = outcome else { return false };
    left.iter().any(|left| {
        let said = left.fault.as_ref().map_or("", |fault| &fault.message);
        ONE_WAY.contains(&left.node.name()) && WAYLESS.iter().any(|words| said.contains(words))
    })
}

/// The migrations whose way back has no statement.
const ONE_WAY: [&str; 2] = ["pos.4_d", "pos.8_e"];
/// What is said of a migration that cannot be taken back.
const WAYLESS: [&str; 2] = ["has no way back", "does not bring the schema back"];

/// Whether something in a spec fails by itself.
fn is_ill(text: &str) -> bool {
    let refused = format!("{REFUSED}\"\nlayout");
    ["never", "exit:1", "\"3\"", &refused].iter().any(|word| text.contains(word))
}

fn command_text(command: &Command) -> String {
    match command {
        Command::Apply(text) => format!("apply\n{text}"),
        other => other.word().to_owned(),
    }
}
