//! Output that cannot be written: told, and no success; a reader that has gone away is no failure.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::place::Place;
use crate::said::Said;

const WEB: &str = "[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"sleep\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

/// What a command says whose standard output is a full disk.
fn on_a_full_disk(place: &Place, words: &[&str]) -> Said {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    place.run(place.command(words).stdout(Stdio::from(full)))
}

/// The exit code of a command whose standard output nobody reads.
fn unread(place: &Place, words: &[&str]) -> Option<i32> {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    place.command(words).stdout(writer).stderr(Stdio::null()).status().expect("the program runs").code()
}

#[test]
fn what_cannot_be_written_is_no_success() {
    let place = Place::with("unheard", WEB);
    let looks: [&[&str]; 7] = [
        &["plan"],
        &["plan", "--json"],
        &["status"],
        &["validate"],
        &["schema"],
        &["--help"],
        &["destroy", "--dry-run"],
    ];
    for words in looks {
        let said = on_a_full_disk(&place, words);
        assert_eq!(said.code, 7, "{words:?}: {}", said.screen());
        assert!(said.err.contains("omni::cli::output"), "{words:?}: {}", said.screen());
        assert!(said.err.contains("No space left on device"), "{words:?}: {}", said.screen());
        assert_eq!(unread(&place, words), Some(0), "{words:?}");
    }
}

#[test]
fn what_was_done_stays_done_where_it_cannot_be_told() {
    let place = Place::with("untold", WEB);
    let mut there = place.containers();
    for words in [&["apply", "--yes"][..], &["apply", "--yes", "--json", "--replace", "service.web"], &["fmt"]] {
        let said = on_a_full_disk(&place, words);
        assert_eq!(said.code, 0, "{words:?}: {}", said.screen());
        let is_warned = said.err.contains("warning: standard output cannot be written");
        assert_eq!(is_warned, words[0] == "apply", "{words:?}: {}", said.screen());
        let now = place.containers();
        assert_eq!(now != there, words[0] == "apply", "{words:?}: {}", said.screen());
        there = now;
    }
}
