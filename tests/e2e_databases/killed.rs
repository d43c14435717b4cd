//! Killed at every round trip to the database, at every write of the journal and at every stage of a backup: forward,
//! while an apply is undone, and while it goes back to an older release.
//!
//! Per pull request a share of the places is tried; `scripts/faults-databases` tries all.

use std::time::Duration;

use omni::failpoint;

use crate::proven::POLICY;
use crate::scripts::{FAILS, INDEXES, LEGACY, LIGHT, NOTES, PLAIN, STUCK, Script, TAGS};
use crate::share::{every, set, word};
use crate::shop::{Facts, Shop, counted, tell};
use crate::tally::{Tally, tell_times};

const APPLY: [&str; 4] = ["apply", "--yes", "--allow-loss", "migration.shop.0004_legacy"];
const ROLLBACK: [&str; 8] = [
    "rollback",
    "--to",
    "v1",
    "--yes",
    "--allow-loss",
    "migration.shop.0003_indexes",
    "--allow-loss",
    "migration.shop.0002_tags",
];
const RECOVER: [&[&str]; 3] = [&["recover"], &["recover", "--back"], &["recover", "--forward"]];

/// Places that are tried one after the other lie so far apart.
const STRIDE: usize = 8;

/// Backups that are read back only: how they are restored is another row's.
const QUICK: &str = "keep = { last = 2 }\nverify = \"checksum\"";

/// The row of a proof, which leaves nothing on the server.
const PROVEN: &str = "proven";

/// One run that is killed over and over.
struct Row {
    name: &'static str,
    shop: Shop,
    words: &'static [&'static str],
    scripts: &'static [Script],
    before: Facts,
    /// What the run leads to: before again where it fails.
    after: Facts,
    places: Vec<String>,
    code: i32,
    tally: Tally,
    locked: Vec<Duration>,
    alone: Vec<Duration>,
    missed: usize,
    beside: Vec<String>,
}

impl Row {
    /// A run from what the shop is now.
    async fn new(
        name: &'static str,
        shop: Shop,
        words: &'static [&'static str],
        scripts: &'static [Script],
        code: i32,
    ) -> Self {
        #[expect(clippy::assertions_on_constants, reason = "a feature decides it")]
        let () = assert!(failpoint::ARE_COMPILED_IN, "without failpoints nothing is killed: use --all-features");
        shop.save().await;
        let before = shop.facts().await;
        let (places, ran) = shop.places(words);
        assert_eq!(ran.code, Some(code), "{}", ran.text);
        let after = shop.facts().await;
        assert_eq!(before == after, code == 1, "{}\n{before:#?}\n{after:#?}", ran.text);
        Self::with(name, shop, words, scripts, (before, after), places, code)
    }

    /// The recovery of an apply that was killed, which is killed in its turn. `ends` are what was before that apply,
    /// and what it would have come to.
    async fn of_recovery(name: &'static str, shop: Shop, scripts: &'static [Script], ends: (Facts, Facts)) -> Self {
        shop.save().await;
        let (places, ran) = shop.places(RECOVER[0]);
        assert_eq!(ran.code, Some(0), "{}", ran.text);
        Self::with(name, shop, RECOVER[0], scripts, ends, places, 0)
    }

    fn with(
        name: &'static str,
        shop: Shop,
        words: &'static [&'static str],
        scripts: &'static [Script],
        (before, after): (Facts, Facts),
        places: Vec<String>,
        code: i32,
    ) -> Self {
        let (tally, locked, alone) = (Tally::default(), Vec::new(), Vec::new());
        let beside = Vec::new();
        Self { name, shop, words, scripts, before, after, places, code, tally, locked, alone, missed: 0, beside }
    }

    /// Kills it at every so many-th place.
    async fn go(mut self, otherwise: usize) {
        let every = every(otherwise);
        let first = set("OMNI_FAULTS_SEED").unwrap_or(0) % every;
        let one = word("OMNI_FAULTS_PLACE");
        let wanted = |at: &usize| one.as_ref().map_or(at % every == first, |one| *one == self.places[*at]);
        let mut chosen: Vec<_> = (0..self.places.len()).filter(wanted).collect();
        // Whoever cannot wait for the end has seen something of everything; before the lock nothing is done.
        let locked = self.places.iter().position(|place| place == "locked:1").unwrap_or(0);
        chosen.sort_by_key(|at| (*at < locked, at / every % STRIDE, *at));
        for at in chosen {
            let place = self.places[at].clone();
            // One that is tried again is finished in each way.
            let kinds = if one.is_some() { 0..4 } else { at / every % 4..at / every % 4 + 1 };
            for kind in kinds {
                self.tally.cells += 1;
                let Err(why) = self.cell(kind, &place).await else { continue };
                self.shop.unlock();
                let again = format!("OMNI_FAULTS_PLACE={place} scripts/faults-databases killed::{}", self.name);
                let why = format!("{place}: {why}\nagain: {again}");
                tell(&format!("found in killed {}: {why}", self.name));
                self.tally.violations.push(why);
            }
            if self.tally.cells.is_multiple_of(20) {
                let longest = self.locked.iter().max();
                tell(&format!("killed {}: {} tried, longest lock {longest:?}", self.name, self.tally.cells));
            }
        }
        self.tell();
    }

    #[expect(clippy::print_stdout, reason = "the numbers are what this is measured for")]
    fn tell(mut self) {
        let name = format!("killed {}", self.name);
        self.tally.tell(&name);
        tell_times(&format!("{name}: the lock was free"), &mut self.locked);
        tell_times(&format!("{name}: the last session was gone"), &mut self.alone);
        println!(
            "{name}: {} places in all, {} not reached again, left beside: {:?}",
            self.places.len(),
            self.missed,
            counted(self.beside)
        );
        self.tally.ends_well();
        // One of a few says nothing.
        assert!(self.missed * 10 <= self.tally.cells.max(10), "{} places were not reached again", self.missed);
    }

    async fn cell(&mut self, kind: usize, place: &str) -> Result<(), String> {
        self.shop.reset().await;
        let killed = self.shop.dying_at(self.words, place);
        if killed.signal != Some(9) {
            // What is done again and again until something is so, is done as often as it takes.
            self.missed += 1;
            return self.judge(self.only_after(), &killed.text).await;
        }
        let (locked, alone) = self.shop.until_alone().await?;
        self.locked.push(locked);
        self.alone.push(alone);
        let wrong = self.shop.inconsistent(self.scripts).await;
        if !wrong.is_empty() {
            return Err(format!("after the kill: {}\nit said:\n{}", wrong.join("; "), killed.text));
        }
        if let Some(words) = RECOVER.get(kind) {
            return self.recovered(words).await;
        }
        let ran = self.shop.omni(self.words);
        // What was to be done once more may be done already.
        let is_done = ran.code == Some(self.code) || ran.code == Some(0);
        let told = self.judge(self.only_after(), &ran.text).await;
        if is_done { told } else { Err(format!("the next one ended with {:?}:\n{}", ran.code, ran.text)) }
    }

    async fn recovered(&mut self, words: &[&str]) -> Result<(), String> {
        let mut ran = self.shop.omni(words);
        if ran.code == Some(4) {
            // An apply that was being undone cannot go forward any more.
            ran = self.shop.omni(&["recover"]);
        }
        // One that goes forward fails again where the first one did.
        let fails_again = self.code == 1 && words.contains(&"--forward");
        if ran.code != Some(0) && !(fails_again && ran.code == Some(1)) {
            let plan = self.shop.omni(&["plan"]).text;
            return Err(format!("omni {words:?} ended with {:?}:\n{}\nthe plan says:\n{plan}", ran.code, ran.text));
        }
        self.judge(false, &ran.text).await
    }

    /// A recovery may lead either way; all else leads forward.
    fn only_after(&self) -> bool {
        self.words != RECOVER[0]
    }

    /// Whether it has come to what it has to.
    async fn judge(&mut self, only_after: bool, said: &str) -> Result<(), String> {
        let (before, after) = (&self.before, &self.after);
        let is_before = self.shop.judged(self.scripts, before, after, only_after, said).await?;
        if is_before {
            self.tally.before += 1;
        } else {
            self.tally.after += 1;
        }
        let beside = self.shop.beside().await;
        if self.name == PROVEN && !beside.is_empty() {
            return Err(format!("what the proof was made on is left: {beside:?}\nit said:\n{said}"));
        }
        self.beside.extend(beside.iter().map(|name| name[..11].to_owned()));
        Ok(())
    }
}

#[tokio::test]
async fn forward() {
    let shop = Shop::new("kfwd").await;
    shop.write("v2", &[NOTES, TAGS, INDEXES, LEGACY]);
    let row = Row::new("forward", shop, &APPLY, &[NOTES, TAGS, INDEXES, LEGACY], 0).await;
    row.go(61).await;
}

#[tokio::test]
async fn undone_by_the_backup() {
    let shop = Shop::new("kres").await;
    shop.write("v2", &[NOTES, TAGS, INDEXES, LEGACY, FAILS]);
    let row = Row::new("undone_by_the_backup", shop, &APPLY, &[NOTES, TAGS, INDEXES, LEGACY, FAILS], 1).await;
    row.go(113).await;
}

#[tokio::test]
async fn undone_by_the_ways_down() {
    let mut shop = Shop::new("kund").await;
    shop.backups = QUICK;
    shop.write("v2", &[NOTES, TAGS, INDEXES, FAILS]);
    let row = Row::new("undone_by_the_ways_down", shop, &APPLY[..2], &[NOTES, TAGS, INDEXES, FAILS], 1).await;
    row.go(73).await;
}

#[tokio::test]
async fn rolled_back() {
    let mut shop = Shop::new("kback").await;
    shop.backups = QUICK;
    shop.write("v2", &[NOTES, TAGS, INDEXES]);
    shop.ends(&["apply", "--yes"], 0);
    let row = Row::new("rolled_back", shop, &ROLLBACK, &[NOTES, TAGS, INDEXES], 0).await;
    row.go(59).await;
}

#[tokio::test]
async fn a_rollback_undone() {
    let mut shop = Shop::new("kbund").await;
    shop.backups = "before = []";
    shop.write("v2", &[NOTES, STUCK, LIGHT, PLAIN]);
    shop.ends(&["apply", "--yes"], 0);
    let row = Row::new("a_rollback_undone", shop, &ROLLBACK[..4], &[NOTES, STUCK, LIGHT, PLAIN], 1).await;
    row.go(61).await;
}

/// The proof is a step like any other: nothing of it stays, and what it is for runs wholly or not at all.
#[tokio::test]
async fn proven() {
    let mut shop = Shop::new("kprov").await;
    shop.backups = POLICY;
    shop.write("v2", &[NOTES, TAGS, LIGHT]);
    let row = Row::new(PROVEN, shop, &APPLY[..2], &[NOTES, TAGS, LIGHT], 0).await;
    row.go(127).await;
}

/// The last place before the journal knows that the last migration is applied.
fn last_of(places: &[String]) -> &String {
    let written = places.iter().rposition(|place| place.starts_with("record.unwritten")).expect("records");
    places[..written].iter().rfind(|place| place.starts_with("sql.")).expect("statements")
}

#[tokio::test]
async fn a_recovery_by_the_backup() {
    let shop = Shop::new("krrec").await;
    shop.write("v2", &[NOTES, TAGS, INDEXES, LEGACY]);
    shop.save().await;
    let before = shop.facts().await;
    let (places, ran) = shop.places(&APPLY);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let after = shop.facts().await;
    shop.reset().await;
    assert_eq!(shop.dying_at(&APPLY, last_of(&places)).signal, Some(9));
    shop.until_alone().await.unwrap();
    assert_eq!(shop.facts().await, after, "it is done, and the journal does not know");
    let row = Row::of_recovery("a_recovery_by_the_backup", shop, &[NOTES, TAGS, INDEXES, LEGACY], (before, after));
    row.await.go(127).await;
}

#[tokio::test]
async fn a_recovery_by_the_ways_down() {
    let mut shop = Shop::new("krdown").await;
    shop.backups = QUICK;
    shop.write("v2", &[NOTES, TAGS, INDEXES]);
    shop.save().await;
    let before = shop.facts().await;
    let (places, ran) = shop.places(&APPLY[..2]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let after = shop.facts().await;
    // The last index is begun, so it is settled by looking.
    let last = places.iter().position(|place| place == last_of(&places)).expect("a place");
    let mut at = last - 6;
    while shop.marks().await.iter().all(|mark| mark.is_whole) || shop.facts().await.ledger == after.ledger {
        at -= 1;
        shop.reset().await;
        shop.dying_at(&APPLY[..2], &places[at]);
        shop.until_alone().await.unwrap();
    }
    let row = Row::of_recovery("a_recovery_by_the_ways_down", shop, &[NOTES, TAGS, INDEXES], (before, after));
    row.await.go(61).await;
}

#[tokio::test]
async fn what_a_restore_has_replaced_is_dropped_by_the_recovery() {
    let shop = Shop::new("kaside").await;
    shop.write("v2", &[NOTES, TAGS, LEGACY, FAILS]);
    let before = shop.facts().await;
    assert_eq!(shop.dying_at(&APPLY, "database.replaced:1").signal, Some(9));
    let aside = shop.beside().await.into_iter().find(|name| name.starts_with("omni_before_")).expect("it is there");
    let ran = shop.ends(&["recover"], 0);
    let judged = shop.judged(&[NOTES, TAGS, LEGACY, FAILS], &before, &before, false, &ran.text).await;
    judged.unwrap_or_else(|why| panic!("{why}"));
    assert!(!shop.beside().await.contains(&aside), "nobody has written to it, and it is there yet");
}
