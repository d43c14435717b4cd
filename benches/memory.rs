//! How much memory planning takes: the peak of a fresh process for each size, as a Markdown table, and the time of one plan
//! without a warm-up, on the clock and on the processor: on a busy machine only the second is the plan's own. Linux only,
//! as both are read from /proc; elsewhere nothing is measured, and that is said.

#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]
#![expect(clippy::print_stdout, reason = "its output is the measurement")]

#[path = "support/world.rs"]
mod world;

use std::process::Command;
use std::time::Instant;

use omni::apply::Frontier;

use world::{Case, World};

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// The most memory this process ever had, in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// For how many milliseconds this thread ran on a processor.
fn ran() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1_000_000
}

/// Plans once and tells the peak before the plan, the peak after it, and the times it took.
fn measure(size: usize, case: Case) {
    let world = World::new(size, case);
    let inputs = peak().unwrap();
    let (since, before) = (Instant::now(), ran());
    let plan = world.plan();
    let (took, busy) = (since.elapsed(), ran() - before);
    let frontier = Frontier::new(&plan);
    assert_eq!(frontier.under_way(), 0);
    println!("{inputs} {} {} {busy}", peak().unwrap(), took.as_millis());
}

fn main() {
    let words: Vec<_> = std::env::args().filter(|word| !word.starts_with("--")).collect();
    if let [_, size, case] = words.as_slice() {
        let case = Case::ALL.into_iter().find(|one| one.name() == case).unwrap();
        return measure(size.parse().unwrap(), case);
    }
    if peak().is_none() {
        return println!("peak memory is measured on Linux only");
    }
    println!("| things | case | inputs | with the plan | on the clock | on the processor |\n|--:|---|--:|--:|--:|--:|");
    for case in Case::ALL {
        for size in SIZES {
            let child = Command::new(std::env::current_exe().unwrap()).args([&size.to_string(), case.name()]).output();
            let text = String::from_utf8(child.unwrap().stdout).unwrap();
            let [inputs, all, took, busy] = text.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
            let mib = |kib: &str| kib.parse::<u64>().unwrap().div_ceil(1024);
            println!("| {size} | {} | {} MiB | {} MiB | {took} ms | {busy} ms |", case.name(), mib(inputs), mib(all));
        }
    }
}
