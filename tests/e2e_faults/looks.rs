//! What the commands say that only look: while an apply is open, once the store is lost, and where something is wrong.

use crate::locks::says;
use crate::middle::two;
use crate::world::World;

/// A deployment at version 1, and an apply of version 2 that was killed.
fn cut_off(name: &str) -> World {
    let world = World::new(name);
    world.write("v1", 3, &two("1", "0"));
    world.ends(&["apply", "--yes"], 0);
    world.write("v2", 3, &two("2", "0"));
    let killed = world.omni_dying_at(&["apply", "--yes"], "record.written:3");
    assert_eq!(killed.signal, Some(9), "failpoints have to be compiled in: {}", killed.text);
    world
}

#[test]
fn no_dry_run_plans_from_what_an_open_apply_left() {
    let world = cut_off("dry");
    for words in
        [&["plan"][..], &["destroy", "--dry-run"], &["rollback", "--to", "v1", "--dry-run"], &["prune", "--dry-run"]]
    {
        let ran = world.ends(words, 3);
        says(&ran, &["error[omni::apply::open]", "is open: v2 (release 2)", "run `omni recover`"]);
        let ran = world.ends(&[words, &["--json"]].concat(), 3);
        says(&ran, &["\"omni.error/1\"", "omni::apply::open"]);
    }
}

#[test]
fn a_dry_recovery_says_what_this_very_command_would_do() {
    let world = cut_off("foretold");
    let dry = world.ends(&["recover", "--dry-run"], 0);
    says(&dry, &["is open: v2 (release 2)", "\nomni recover would undo it\n"]);
    assert!(!dry.text.contains("error["), "{}", dry.text);
    says(&world.ends(&["recover", "--back", "--dry-run"], 0), &["\nomni recover --back would undo it\n"]);
    says(&world.ends(&["recover", "--forward", "--dry-run"], 0), &["\nomni recover --forward would finish it\n"]);
    let killed = world.omni_dying_at(&["recover", "--back"], "record.written:2");
    assert_eq!(killed.signal, Some(9), "{}", killed.text);
    for words in [&["recover", "--forward", "--dry-run"][..], &["recover", "--forward"]] {
        says(&world.ends(words, 4), &["omni::recover::already_back"]);
    }
    says(&world.ends(&["recover", "--dry-run"], 0), &["omni recover would undo it"]);
    world.ends(&["recover"], 0);
    says(&world.ends(&["recover", "--dry-run"], 0), &["nothing to recover"]);
}
