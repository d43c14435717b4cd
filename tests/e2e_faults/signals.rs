//! Signals, stopped processes and closed pipes in the middle of an apply.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use crate::specs::Service;
use crate::world::{Ran, World};

/// Two services, of which the second takes its time to be well.
fn two(version: &str, slow: &str) -> String {
    let web = Service::new("web", version, &["db"]).set("SLOW", slow);
    format!("[networks.inside]\n{}{}", Service::new("db", version, &[]).text(), web.text())
}

/// A deployment at version 1, and an apply of version 2 that waits for the second service.
struct Middle {
    world: World,
    before: BTreeMap<String, String>,
    child: Child,
    told: BufReader<std::process::ChildStderr>,
    heard: String,
}

impl Middle {
    fn new(name: &str, slow: &str) -> Self {
        let world = World::new(name);
        world.write("v1", 3, &two("1", "0"));
        world.ends(&["apply", "--yes"], 0);
        let before = world.ids();
        world.write("v2", 3, &two("2", slow));
        let mut command = world.command(&["apply", "--yes", "--plain"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("omni runs");
        let told = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut middle = Self { world, before, child, told, heard: String::new() };
        middle.hear("waiting for health");
        middle
    }

    /// Reads on until a line says this.
    fn hear(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.told.read_line(&mut line).expect("a line");
            assert!(read > 0, "`{text}` was never told:\n{}", self.heard);
            self.heard.push_str(&line);
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
    }

    fn end(mut self) -> (World, BTreeMap<String, String>, Ran) {
        self.told.read_to_string(&mut self.heard).expect("text");
        let status = self.child.wait().expect("an end");
        let ran = Ran { code: status.code(), signal: status.signal(), text: self.heard };
        (self.world, self.before, ran)
    }
}

#[track_caller]
fn is_as_before(world: &World, before: &BTreeMap<String, String>, ran: &Ran) {
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
    assert!(ran.text.contains("omni recover"), "{}", ran.text);
    world.ends(&["plan"], 3);
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
