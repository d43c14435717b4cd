//! Every trouble at every request of an apply, once or from there on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::proxy::{Call, ENGINE, Pick, Proxy, Trouble};
use crate::share::{every, is_wanted, set};
use crate::tier::deployment::{Deployment, Version};
use crate::tier::tally::{Tally, tell_times};
use crate::world::World;

/// How much shorter deadlines are: a call may take 3 s, and a lease lasts 6.
const HASTE: [(&str, &str); 1] = [("OMNI_HASTE", "10")];
/// A moment after the deadline of a call.
const LATE: Duration = Duration::from_millis(3200);
/// How long an engine stalls: 45 s without haste.
const STALL: Duration = Duration::from_millis(4500);
/// How long a stall is waited for.
const LONGEST: Duration = Duration::from_mins(1);
/// Which share is tried where nobody asks for another.
const USUAL: usize = 293;
/// How many of these run side by side.
const LANES: usize = 2;

const TROUBLES: [(&str, Trouble); 12] = [
    ("refused", Trouble::Refuse),
    ("reset before it was sent", Trouble::Reset),
    ("answer lost after the effect", Trouble::Drop),
    ("delivered after the deadline", Trouble::Late(LATE)),
    ("hung after the effect", Trouble::Hang),
    ("half an answer", Trouble::Truncate),
    ("an answer that is no JSON", Trouble::Garbage),
    ("a byte at a time", Trouble::Drip),
    ("409", Trouble::Status(409)),
    ("500", Trouble::Status(500)),
    ("503", Trouble::Status(503)),
    ("500 after the effect", Trouble::FailsAfter),
];

/// One cell.
#[derive(Debug, Clone)]
struct Cell {
    row: String,
    trouble: Trouble,
    on: bool,
    number: usize,
}

/// A deployment whose omni reaches the engine only through a proxy.
struct Stage {
    proxy: Proxy,
    deployment: Deployment,
    tallies: BTreeMap<String, Tally>,
}

impl Stage {
    fn new(name: &str) -> Self {
        let proxy = Proxy::new(ENGINE);
        let world = World::new(name).on(&proxy.host(), &format!("unix://{ENGINE}"));
        Self { deployment: Deployment::new(world), proxy, tallies: BTreeMap::new() }
    }

    /// How many requests an apply makes that nothing disturbs, from each version.
    fn requests(&mut self) -> BTreeMap<Version, usize> {
        let mut found = BTreeMap::new();
        for from in [Version::A, Version::B] {
            self.proxy.count();
            self.deployment.turn_to(from.other());
            found.insert(from, self.proxy.calls().len());
        }
        found
    }

    /// Tries one cell, and says whether there was any trouble.
    fn try_cell(&mut self, cell: &Cell) -> bool {
        let from = self.deployment.now;
        self.proxy.arm(cell.number, cell.trouble, cell.on);
        let ran = self.deployment.try_other(&HASTE);
        let has_fired = self.proxy.fired() > 0;
        let at = self.proxy.calls().get(cell.number - 1).map(Call::template).unwrap_or_default();
        self.proxy.heal();
        let unplanned = self.deployment.unplanned(&self.proxy.calls());
        let on = u8::from(cell.on);
        let name = format!(
            "{} at request {} ({at})\nreplay: OMNI_FAULTS_ROW='{}' OMNI_FAULTS_FROM={from:?} OMNI_FAULTS_AT={} \
             scripts/faults-engine troubles\n(on: {on})",
            cell.row, cell.number, cell.row, cell.number
        );
        self.deployment.lasts = cell.on;
        let mut tally = Tally::default();
        tally.violations.extend(unplanned.into_iter().map(|what| format!("{name}: {what}")));
        self.deployment.judge(&name, &ran, &mut tally);
        if has_fired || !tally.violations.is_empty() {
            self.tallies.entry(cell.row.clone()).or_default().add(&tally);
        }
        has_fired
    }

    /// Tries these cells, whichever is next from where the deployment is.
    fn try_all(&mut self, mut cells: BTreeMap<Version, VecDeque<Cell>>) {
        while cells.values().any(|left| !left.is_empty()) {
            let now = self.deployment.now;
            match cells.get_mut(&now).and_then(VecDeque::pop_front) {
                Some(cell) => {
                    self.try_cell(&cell);
                }
                None => self.deployment.turn_to(now.other()),
            }
        }
    }
}

fn row(name: &str, on: bool) -> String {
    format!("{name}, {}", if on { "from there on" } else { "once" })
}

fn rows() -> Vec<(String, Trouble, bool)> {
    let all = TROUBLES.iter().flat_map(|(name, trouble)| [false, true].map(|on| (row(name, on), *trouble, on)));
    all.filter(|(row, ..)| is_wanted("OMNI_FAULTS_ROW", row)).collect()
}

/// The next share that has no factor in common with the number of rows: else some rows would have no cell at all.
fn share(every: usize, rows: usize) -> usize {
    let is_common = |factor: usize, share: usize| rows.is_multiple_of(factor) && share.is_multiple_of(factor);
    let next = (every..=every + rows).find(|share| !(2..=rows).any(|factor| is_common(factor, *share)));
    next.expect("one after a multiple of the rows has none")
}

/// The cells of one lane.
fn cells(requests: &BTreeMap<Version, usize>, lane: usize) -> BTreeMap<Version, VecDeque<Cell>> {
    let (every, at) = (share(every(USUAL), rows().len()), set("OMNI_FAULTS_AT"));
    let mut found: BTreeMap<Version, VecDeque<Cell>> = BTreeMap::new();
    let mut position = 0;
    for (version, count) in requests {
        if !is_wanted("OMNI_FAULTS_FROM", &format!("{version:?}")) {
            continue;
        }
        for number in 1..=*count {
            for (row, trouble, on) in rows() {
                // Two neighbours go to one lane, so that no lane has only one of the ways.
                position += 1;
                let is_next = position % every == every / 2 && (position / every / 2) % LANES == lane;
                if at.map_or(is_next, |at| at == number && lane == 0) {
                    found.entry(*version).or_default().push_back(Cell { row, trouble, on, number });
                }
            }
        }
    }
    found
}

fn lane(lane: usize) {
    let mut stage = Stage::new(&format!("trouble{lane}"));
    let requests = stage.requests();
    stage.try_all(cells(&requests, lane));
    if every(USUAL) == 1 && set("OMNI_FAULTS_AT").is_none() {
        // Other runs may have had more requests than those that were counted: on until there is no trouble.
        for (at, (row, trouble, on)) in rows().into_iter().enumerate().filter(|(at, _)| at % LANES == lane) {
            let from = stage.deployment.now;
            let most = requests[&from] + 200;
            let mut number = requests[&from] + 1;
            while stage.try_cell(&Cell { row: row.clone(), trouble, on, number }) {
                number += 1;
                assert!(number < most, "row {at} has no end");
                if stage.deployment.now != from {
                    stage.deployment.turn_to(from);
                }
            }
        }
    }
    let mut all = Tally::default();
    for (name, tally) in &stage.tallies {
        tally.tell(name);
        all.add(tally);
    }
    tell_times("to recover after trouble", &mut stage.deployment.recoveries);
    all.ends_well();
}

#[test]
fn every_trouble_at_every_request_ends_before_or_after() {
    lane(0);
}

#[test]
fn every_trouble_at_every_other_request_ends_before_or_after() {
    lane(1);
}

/// The release is closed and serves by then: whether what it replaced could be removed does not change that.
#[test]
fn what_cannot_be_tidied_is_told_and_the_apply_is_done() {
    let mut stage = Stage::new("untidy");
    for status in [409, 500] {
        // All that is asked after a removal that fails; a conflict only for the removal: nothing else can be in conflict.
        stage.proxy.arm_when(Arc::new(|call| call.method == "DELETE"), Trouble::Status(status), status == 500);
        let ran = stage.deployment.try_other(&HASTE);
        assert!(stage.proxy.fired() > 0, "{}", ran.text);
        stage.proxy.heal();
        assert_eq!(ran.code, Some(0), "{}", ran.text);
        // A conflict is what uses it still, and nothing to tell.
        assert_eq!(ran.text.contains("could not all be removed"), status == 500, "{}", ran.text);
        let mut tally = Tally::default();
        stage.deployment.judge("untidy", &ran, &mut tally);
        assert_eq!((tally.violations, tally.after), (Vec::<String>::new(), 1));
    }
}

/// Longer than a lock goes unseen, and no longer than its lease and the longest call: nobody may take it over.
#[test]
fn an_engine_that_stalls_while_an_apply_is_open_is_waited_for() {
    let mut stage = Stage::new("stalls");
    let begun: Pick = Arc::new(|call| call.method == "POST" && call.path.ends_with("/start"));
    stage.proxy.arm_when(begun, Trouble::Late(2 * STALL), true);
    let ran = std::thread::scope(|scope| {
        let proxy = &stage.proxy;
        scope.spawn(move || {
            let until = Instant::now() + LONGEST;
            while proxy.fired() == 0 && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
            std::thread::sleep(STALL);
            proxy.heal();
        });
        stage.deployment.try_other(&HASTE)
    });
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let mut tally = Tally::default();
    stage.deployment.judge("stalled", &ran, &mut tally);
    assert_eq!((tally.violations, tally.after), (Vec::<String>::new(), 1));
}
