//! 10,000 malformed specs, in processes of their own that have neither much memory nor much time.
//!
//! `OMNI_SEED` picks other ones, `OMNI_SPECS` more of them. A violation names the command that replays it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use crate::judge::{Verdict, judge};
use crate::mutator::Mutator;

const NAME: &str = "malformed::ten_thousand_malformed_specs";
/// How many specs one process reads.
const BATCH: u64 = 1_000;
/// What one process may take: the memory that a spec may take at most, and the time of its slowest spec above all others.
const MEMORY: u64 = 256 << 20;
const SECONDS: u64 = 2 + BATCH / 100;

#[expect(clippy::disallowed_methods, reason = "the seed of a run comes from outside")]
fn given(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn ten_thousand_malformed_specs() {
    if let Some(part) = given("OMNI_MALFORMED") {
        let numbers: Vec<u64> = part.split(' ').map(|word| word.parse().expect("a number")).collect();
        return read(numbers[0], numbers[1], numbers[2]);
    }
    let seed = given("OMNI_SEED").map_or(1, |seed| seed.parse().expect("OMNI_SEED is a number"));
    let cells = given("OMNI_SPECS").map_or(10_000, |cells| cells.parse().expect("OMNI_SPECS is a number"));
    let (mut violations, mut stuck, mut valid) = (Vec::new(), 0, 0);
    let mut from = 0;
    while from < cells {
        let batch = Batch::run(seed, from, (from + BATCH).min(cells));
        valid += batch.valid;
        violations.extend(batch.violations);
        from = (from + BATCH).min(cells);
        if let Some((turn, how)) = batch.died {
            stuck += 1;
            violations.push(format!("spec {turn} ended its process: {how}\n  {}", replay(seed, turn)));
            from = turn + 1;
        }
    }
    println!("malformed specs: {cells} cells, {} violations, {stuck} stuck ({valid} were valid)", violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(valid * 20 > cells && valid * 2 < cells, "{valid} of {cells} specs are valid: the mutator is too {}", {
        if valid * 2 < cells { "wild" } else { "tame" }
    });
}

fn replay(seed: u64, turn: u64) -> String {
    format!("OMNI_MALFORMED='{seed} {turn} {}' cargo test --test hostile {NAME} -- --nocapture", turn + 1)
}

/// What a process said of the specs it read.
struct Batch {
    valid: u64,
    violations: Vec<String>,
    /// The spec at which it died, and how.
    died: Option<(u64, String)>,
}

impl Batch {
    fn run(seed: u64, from: u64, to: u64) -> Self {
        let output = Command::new("prlimit")
            .args([format!("--data={MEMORY}"), format!("--cpu={SECONDS}"), "--core=0".to_owned()])
            .arg(std::env::current_exe().expect("this program has a path"))
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env("OMNI_MALFORMED", format!("{seed} {from} {to}"))
            .env("MALLOC_ARENA_MAX", "2")
            .output()
            .expect("`prlimit` of util-linux starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let turn = |line: &str| line.rsplit(' ').next().and_then(|turn| turn.parse().ok());
        let last: u64 =
            said.lines().filter(|line| line.starts_with("spec ")).filter_map(turn).next_back().unwrap_or(from);
        let told = said.split("violation at ").skip(1).filter_map(|text| {
            let (turn, why) = text.split_once(": ")?;
            Some(format!("spec {turn}: {}\n  {}", why.lines().next()?, replay(seed, turn.parse().ok()?)))
        });
        Self {
            valid: said.matches("is valid").count() as u64,
            violations: told.collect(),
            died: (!said.contains("all were read")).then(|| {
                let noise = String::from_utf8_lossy(&output.stderr);
                (last, format!("{}, {}", output.status, noise.trim().chars().take(300).collect::<String>()))
            }),
        }
    }
}

/// Reads these specs in this process.
#[expect(clippy::print_stdout, reason = "the process that started this one reads how far it came")]
fn read(seed: u64, from: u64, to: u64) {
    let mutator = Mutator::new();
    for turn in from..to {
        println!("spec {turn}");
        let text = mutator.spec(seed, turn);
        if to == from + 1 {
            println!("{text:?}\n{:?}", Mutator::variables(&text, seed, turn));
        }
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&text, &Mutator::variables(&text, seed, turn))));
        match judged {
            Ok(Ok(Verdict::Valid)) => println!("it is valid"),
            Ok(Ok(Verdict::Refused)) => {}
            Ok(Err(why)) => println!("violation at {turn}: {}", why.escape_debug()),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                println!("violation at {turn}: it panicked: {}", text.unwrap_or_default().escape_debug());
            }
        }
    }
    println!("all were read");
}
