//! `Troubles`: what goes wrong in one round: with calls of the engine, with processes, with clocks, with disks.

use std::time::Duration;

use omni::provider::fake::{FakeEngine, Trouble};
use tokio::time::Instant;

use crate::apply::simulation::annals::Annals;
use crate::apply::simulation::dice::Dice;
use crate::apply::simulation::nature::{self, Tick};
use crate::apply::simulation::process::Fate;

/// How many faults a seed may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Any number: nothing may be broken by them.
    Safety,
    /// Two in a round at most: the next recovery has to end it.
    Liveness,
}

/// What goes wrong in one round.
pub(crate) struct Troubles {
    /// Calls that go wrong, by number.
    calls: Vec<(u64, Trouble, &'static str)>,
    /// Whether everybody waits long for the lock, since somebody sleeps who may have it.
    pub(crate) are_patient: bool,
    /// What happens to each process.
    pub(crate) fates: Vec<Misfortune>,
}

/// What happens to one process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Misfortune {
    pub(crate) fate: Fate,
    /// When it gets a signal, and a second one.
    pub(crate) signals: Vec<Instant>,
    /// From when until when its disk is full.
    pub(crate) full: Option<(Instant, Instant)>,
    /// Whether the engine goes away once every step of its apply is done.
    pub(crate) is_away_at_the_end: bool,
}

const CLOCKS: [(Tick, &str); 6] = [
    (Tick::Off(-86_400), "fault: clock back a day"),
    (Tick::Off(-1), "fault: clock back a second"),
    (Tick::Off(3_600), "fault: clock forward an hour"),
    (Tick::Off(86_400), "fault: clock forward a day"),
    (Tick::Off(315_576_000), "fault: clock forward ten years"),
    (Tick::Frozen, "fault: clock frozen"),
];

/// Something that goes wrong with a call.
fn trouble(dice: &mut Dice) -> (Trouble, &'static str) {
    match dice.below(8) {
        0 => (Trouble::Refuse, "fault: refused"),
        1 => (Trouble::LostBefore, "fault: lost before its effect"),
        2 => (Trouble::LostAfter, "fault: lost after its effect"),
        3 => (Trouble::Conflict, "fault: conflict"),
        4 => (Trouble::Failure, "fault: failed"),
        5 => (Trouble::Hang, "fault: hung"),
        6 => (Trouble::HangAfter, "fault: hung after its effect"),
        // omni waits 5 s for something to appear whose making was not answered.
        _ => (Trouble::Late(Duration::from_millis(dice.below(3_000))), "fault: late effect"),
    }
}

impl Troubles {
    /// Throws what goes wrong among so many processes on these hosts, and sets the clocks.
    pub(crate) fn random(dice: &mut Dice, mode: Mode, hosts: &[usize], annals: &Annals) -> Self {
        let mut found = Self { calls: Vec::new(), are_patient: false, fates: vec![Misfortune::default(); hosts.len()] };
        if hosts.iter().any(|host| *host != hosts[0]) && dice.chance(25) {
            found.overtake(dice, hosts);
        }
        let most = match mode {
            Mode::Safety => *dice.pick(&[0, 1, 2, 3, 5, 8, 13, 30]),
            Mode::Liveness => dice.below(3),
        };
        for _ in 0..most {
            found.add(dice, hosts, annals);
        }
        found
    }

    /// Somebody sleeps until another machine takes its lock over, and wakes up.
    fn overtake(&mut self, dice: &mut Dice, hosts: &[usize]) {
        let who = usize::try_from(dice.below(hosts.len() as u64)).expect("few processes");
        let at = Instant::now() + Duration::from_millis(dice.between(100, 2_500));
        let time = Duration::from_secs(dice.between(150, 600));
        self.fates[who].fate.stops.push((at, at + time));
        self.are_patient = true;
    }

    fn add(&mut self, dice: &mut Dice, hosts: &[usize], annals: &Annals) {
        let now = Instant::now();
        let who = usize::try_from(dice.below(hosts.len() as u64)).expect("few processes");
        let latest = *dice.pick(&[600, 2_500, 2_500, 8_000]);
        let at = now + Duration::from_millis(dice.below(latest));
        let fates = &mut self.fates[who];
        match dice.below(100) {
            0..44 => {
                let (trouble, name) = trouble(dice);
                let last = *dice.pick(&[60, 150, 400]);
                let number = dice.between(1, last);
                self.calls.push((number, trouble, name));
            }
            44..51 => {
                let (first, many) = (dice.between(1, 250), dice.between(2, 100));
                self.calls.push((first, Trouble::Refuse, "fault: engine away for a while"));
                self.calls.extend((first + 1..first + many).map(|number| (number, Trouble::Refuse, "")));
            }
            51..64 => fates.fate.dies = Some(at),
            64..67 => {
                let time = Duration::from_millis(dice.between(50, 20_000));
                fates.fate.stops.push((at, at + time));
            }
            67..72 => {
                // Past the lease, and mostly past the minute after which another machine takes the lock over.
                let time = Duration::from_secs(dice.between(61, 600));
                fates.fate.stops.push((at, at + time));
            }
            72..78 => {
                fates.signals = vec![at];
                if dice.chance(40) {
                    fates.signals.push(at + Duration::from_millis(dice.below(900)));
                }
            }
            78..83 => {
                let (tick, name) = *dice.pick(&CLOCKS);
                nature::turn(hosts[who], at, tick);
                annals.count(name);
                annals.note(&format!("{name} on {}", nature::host(hosts[who])));
            }
            83..86 => fates.is_away_at_the_end = true,
            _ => {
                let longest = *dice.pick(&[120, 700, 6_000]);
                let time = Duration::from_millis(dice.between(5, longest));
                fates.full = Some((at, at + time));
            }
        }
    }

    /// Lets the calls go wrong.
    pub(crate) fn arm(&self, engine: &FakeEngine) {
        let from = engine.calls();
        for (number, trouble, _) in &self.calls {
            engine.trouble_at(from + number, *trouble);
        }
    }

    /// Counts the calls that went wrong among so many.
    pub(crate) fn count(&self, calls: u64, annals: &Annals) {
        for (_, _, name) in self.calls.iter().filter(|(number, _, name)| *number <= calls && !name.is_empty()) {
            annals.count(name);
        }
    }

    /// Whether nothing at all goes wrong.
    pub(crate) fn is_none(&self) -> bool {
        let none = |fate: &Misfortune| {
            fate.fate.dies.is_none()
                && fate.fate.stops.is_empty()
                && fate.signals.is_empty()
                && fate.full.is_none()
                && !fate.is_away_at_the_end
        };
        self.calls.is_empty() && self.fates.iter().all(none)
    }
}
