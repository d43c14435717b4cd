//! Any text as deploy.toml: it ends in a spec or in problems that are told well.

#![no_main]

#[path = "../../tests/hostile/judge.rs"]
mod judge;

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let variables = BTreeMap::from([("A".to_owned(), "${B}\"]\n[x]".to_owned())]);
    if let Err(wrong) = judge::judge(text, &variables) {
        panic!("{wrong}");
    }
});
