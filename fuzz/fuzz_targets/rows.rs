//! Any text as rows of the store.

#![no_main]
#![allow(dead_code, reason = "the other targets use the rest")]

#[path = "../../tests/hostile/drawn.rs"]
mod drawn;
#[path = "../../tests/hostile/judge.rs"]
mod judge;
#[path = "../../tests/hostile/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::rows(text));
