//! Signals, stopped processes and closed pipes in the middle of an apply.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::middle::{Middle, two};
use crate::world::{Ran, World};

#[track_caller]
pub(crate) fn is_as_before(world: &World, before: &BTreeMap<String, String>, ran: &Ran) {
    assert_eq!(world.ids(), *before, "{}", ran.text);
    assert_eq!(world.leaked(), [""; 0]);
    assert_eq!(world.anchors(), [""; 0]);
    world.ends(&["plan"], 0);
}

#[test]
fn the_first_signal_undoes_everything() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 130)] {
        let middle = Middle::new("signal", "60000");
        middle.signal(signal);
        let (world, before, ran) = middle.end();
        assert_eq!((ran.code, ran.signal), (Some(code), None), "{}", ran.text);
        assert!(!ran.text.contains("-->"), "nothing in the spec is to blame: {}", ran.text);
        is_as_before(&world, &before, &ran);
        assert!(world.versions().contains("1"));
    }
}

#[test]
fn the_second_signal_stops_at_once_and_says_how_to_go_on() {
    let mut middle = Middle::new("twice", "60000");
    middle.signal("-INT");
    middle.hear("SIGINT");
    middle.signal("-INT");
    let (world, before, ran) = middle.end();
    assert_eq!((ran.code, ran.signal), (Some(3), None), "{}", ran.text);
    let only_back = |ran: &Ran| {
        assert!(ran.text.contains("run `omni recover` to undo the rest of it"), "{}", ran.text);
        assert!(!ran.text.contains("--forward") && !ran.text.contains("-->"), "{}", ran.text);
    };
    only_back(&ran);
    for words in [&["plan"][..], &["drift"], &["plan", "--json"]] {
        only_back(&world.ends(words, 3));
    }
    world.ends(&["recover", "--forward"], 4);
    let recovered = world.ends(&["recover"], 0);
    is_as_before(&world, &before, &recovered);
}

#[test]
fn closed_pipes_do_not_stop_an_apply() {
    let world = World::new("pipes");
    world.write("v1", 3, &two("1", "500"));
    let mut child = world
        .command(&["apply", "--yes", "--plain"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("omni runs");
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert_eq!(world.versions(), ["1".to_owned()].into());
    assert_eq!(world.serving().len(), 2);
    world.ends(&["plan", "--exit-code"], 0);
    assert_eq!(world.anchors(), [""; 0]);
}

#[test]
fn a_process_that_was_stopped_for_a_while_goes_on() {
    let middle = Middle::new("stopped", "1500");
    middle.signal("-STOP");
    // What omni waits for comes to pass while omni sleeps.
    let probe = |world: &World| {
        let new = world.containers().into_iter().find(|seen| seen.node == "web" && seen.version == "2");
        new.is_some_and(|seen| {
            let words = ["exec", &seen.id, "/fixture", "health"];
            Command::new("docker").args(words).stdout(Stdio::null()).status().expect("docker runs").success()
        })
    };
    while !probe(&middle.world) {
        std::thread::yield_now();
    }
    middle.signal("-CONT");
    let (world, _, ran) = middle.end();
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert_eq!(world.versions(), ["2".to_owned()].into());
    assert_eq!(world.leaked(), [""; 0]);
    assert_eq!(world.anchors(), [""; 0]);
    world.ends(&["plan", "--exit-code"], 0);
}
