//! The connection to the server cut before, in and after each round trip, once or for good, while omni applies.

use crate::postgres::{PASSWORD, USER};
use crate::scripts::{FAILS, INDEXES, LEGACY, NOTES, Script, TAGS};
use crate::share::{every, set};
use crate::shop::{DATABASE, Facts, Shop, tell};
use crate::tally::Tally;
use crate::wire::{CUTS, Cut, Wire};

const APPLY: [&str; 4] = ["apply", "--yes", "--allow-loss", "migration.shop.0004_legacy"];

struct Row {
    name: &'static str,
    shop: Shop,
    wire: Wire,
    words: &'static [&'static str],
    scripts: &'static [Script],
    before: Facts,
    after: Facts,
    trips: usize,
    tally: Tally,
}

impl Row {
    async fn new(name: &'static str, shop: Shop, words: &'static [&'static str], scripts: &'static [Script]) -> Self {
        let wire = Wire::new(shop.server.port);
        let url = format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{DATABASE}", wire.port);
        shop.write_at("v2", &url, scripts);
        shop.save().await;
        let before = shop.facts().await;
        wire.arm(None);
        let ran = shop.omni(words);
        let (trips, _) = wire.heal();
        assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.text);
        let after = shop.facts().await;
        Self { name, shop, wire, words, scripts, before, after, trips, tally: Tally::default() }
    }

    async fn go(mut self, otherwise: usize) {
        let every = every(otherwise);
        let first = set("OMNI_FAULTS_SEED").unwrap_or(0) % every;
        let one = set("OMNI_FAULTS_TRIP");
        let cells: Vec<_> = (1..=self.trips).flat_map(|number| CUTS.map(|cut| (number, cut))).collect();
        for (at, (number, cut)) in cells.into_iter().enumerate() {
            if one.map_or(at % every != first, |one| one != number) {
                continue;
            }
            self.tally.cells += 1;
            if let Err(why) = self.cell(number, cut).await {
                let again = format!("OMNI_FAULTS_TRIP={number} scripts/faults-databases cut::{}", self.name);
                let why = format!("{cut:?} {number}: {why}\nagain: {again}");
                tell(&format!("found in cut {}: {why}", self.name));
                self.tally.violations.push(why);
                self.shop.unlock();
            }
            if self.tally.cells.is_multiple_of(20) {
                tell(&format!("cut {}: {} tried", self.name, self.tally.cells));
            }
        }
        self.tally.tell(&format!("cut {} ({} round trips)", self.name, self.trips));
        self.tally.ends_well();
    }

    async fn cell(&mut self, number: usize, cut: Cut) -> Result<(), String> {
        self.shop.reset().await;
        self.wire.arm(Some((number, cut)));
        let ran = self.shop.omni(self.words);
        let _ = self.wire.heal();
        self.shop.until_alone().await?;
        let wrong = self.shop.inconsistent(self.scripts).await;
        if !wrong.is_empty() {
            return Err(format!("after the cut: {}\nit said:\n{}", wrong.join("; "), ran.text));
        }
        let mut said = ran.text;
        match ran.code {
            Some(0 | 1 | 7) => {}
            Some(3) => {
                self.tally.left_open += 1;
                let recovered = self.shop.omni(&["recover"]);
                said.push_str(&recovered.text);
                if recovered.code != Some(0) {
                    return Err(format!("the recovery ended with {:?}:\n{said}", recovered.code));
                }
            }
            code => return Err(format!("it ended with {code:?}:\n{said}")),
        }
        let is_before = self.shop.judged(self.scripts, &self.before, &self.after, ran.code == Some(0), &said).await?;
        if is_before {
            self.tally.before += 1;
        } else {
            self.tally.after += 1;
        }
        Ok(())
    }
}

#[tokio::test]
async fn forward() {
    let shop = Shop::new("cfwd").await;
    Row::new("forward", shop, &APPLY, &[NOTES, TAGS, INDEXES, LEGACY]).await.go(311).await;
}

#[tokio::test]
async fn undone_by_the_ways_down() {
    let mut shop = Shop::new("cund").await;
    shop.backups = "keep = { last = 2 }\nverify = \"checksum\"";
    Row::new("undone_by_the_ways_down", shop, &APPLY[..2], &[NOTES, TAGS, INDEXES, FAILS]).await.go(397).await;
}

#[tokio::test]
async fn undone_by_the_backup() {
    let shop = Shop::new("cres").await;
    Row::new("undone_by_the_backup", shop, &APPLY, &[NOTES, TAGS, INDEXES, LEGACY, FAILS]).await.go(797).await;
}
