//! Two stores, one deployment: of two that apply at once just one does.

use std::process::Stdio;

use crate::specs::Service;
use crate::world::{Ran, World};

const ROUNDS: usize = 50;

#[test]
fn of_two_with_a_store_each_just_one_applies() {
    let one = World::new("race");
    let two = one.beside();
    let spec = |version: usize| {
        let service = Service::new("web", &version.to_string(), &[]).set("SLOW", "500");
        format!("[networks.inside]\n{}", service.text())
    };
    one.write("v0", 2, &spec(0));
    one.ends(&["apply", "--yes"], 0);
    two.write("v0", 2, &spec(0));
    two.ends(&["apply", "--yes"], 0);
    let (mut decided, mut version) = (0, 0);
    let mut tries = 0;
    while decided < ROUNDS {
        tries += 1;
        assert!(tries < 2 * ROUNDS, "only {decided} of {tries} rounds overlapped");
        version += 1;
        let running = [&one, &two].map(|world| {
            world.write(&format!("v{version}"), 2, &spec(version));
            let mut command = world.command(&["apply", "--yes"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("omni runs")
        });
        let [a, b] = running.map(|child| Ran::of(&child.wait_with_output().expect("an end")));
        let told = format!("round {tries}:\n--- one: {:?}\n{}\n--- two: {:?}\n{}", a.code, a.text, b.code, b.text);
        let late = |ran: &Ran| ran.code == Some(0) && ran.text.contains("No changes");
        if late(&a) || late(&b) {
            // The first was done before the second began to look.
            continue;
        }
        // The second looked before the first was done, and got the lock after: the plan it showed is not what is to do.
        let stale = |ran: &Ran| ran.code == Some(4) && ran.text.contains("omni::plan::stale");
        if stale(&a) || stale(&b) {
            continue;
        }
        let (won, lost) = if a.code == Some(0) { (&a, &b) } else { (&b, &a) };
        assert_eq!((won.code, lost.code), (Some(0), Some(5)), "{told}");
        assert!(lost.text.contains("omni::lock::held"), "{told}");
        assert!(lost.text.contains("(pid ") && lost.text.contains(": apply"), "the holder is not named: {told}");
        assert_eq!(one.versions(), [version.to_string()].into(), "{told}");
        decided += 1;
    }
    println!("{decided} of {decided} decided rounds had one winner ({tries} rounds in all)");
    for world in [&one, &two] {
        let plan = world.ends(&["plan", "--exit-code"], 0);
        assert!(plan.text.contains("No changes"), "{}", plan.text);
    }
    assert_eq!(one.anchors(), [""; 0]);
    assert_eq!(one.serving().len(), 1);
}

#[test]
fn a_store_that_is_behind_sees_that_another_one_has_applied_since() {
    let one = World::new("behind");
    let two = one.beside();
    let spec = |version: &str| format!("[networks.inside]\n{}", Service::new("web", version, &[]).text());
    // The second store writes down what it finds as a release of its own, which takes a number and makes nothing.
    for world in [&one, &two] {
        world.write("v0", 2, &spec("0"));
        world.ends(&["apply", "--yes"], 0);
    }
    for (world, version) in [(&one, "1"), (&two, "2"), (&one, "3"), (&one, "4"), (&two, "5")] {
        world.write(&format!("v{version}"), 2, &spec(version));
        let ran = world.ends(&["apply", "--yes"], 0);
        assert_eq!(one.serving().len(), 1, "{}", ran.text);
        assert_eq!(one.serving()["web"].version, version, "{}", ran.text);
        world.ends(&["plan", "--exit-code"], 0);
    }
}
