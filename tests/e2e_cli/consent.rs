//! What has to be agreed to: exit code 8 names the flag, and nothing is begun.

use std::process::{Command, Stdio};

use crate::place::Place;

const WEB: &str = "[networks.inside]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"sleep\"]
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

const JOB: &str = "[networks.inside]
[jobs.setup]
image = \"IMAGE\"
command = [\"/fixture\", \"say\", \"hello\"]
networks = [\"inside\"]
resources.limits = { memory = \"32MiB\" }
";

#[track_caller]
fn is_untouched(place: &Place) {
    assert!(place.containers().is_empty(), "{:?}", place.containers());
    assert!(!place.path(".omni").exists(), "no store was made");
}

#[test]
fn without_a_terminal_it_wants_yes() {
    let place = Place::with("yes", WEB);
    for words in [&["apply"][..], &["apply", "--no-input"]] {
        place.omni(words).is(
            8,
            "error[omni::consent::missing]: there is nobody to ask for consent
  help: read the plan, then give `--yes`
",
        );
    }
    place.omni(&["apply", "--json"]).is(
        8,
        "{\"code\":\"omni::consent::missing\",\"exit\":8,\"format\":\"omni.error/1\",\"help\":\"read the plan, then give \
         `--yes`\",\"message\":\"there is nobody to ask for consent\",\"place\":null}\n",
    );
    is_untouched(&place);
}

#[test]
fn a_step_that_cannot_be_taken_back_wants_its_name() {
    let place = Place::with("loss", JOB);
    let missing = |stray: &str| {
        format!(
            "error[omni::consent::loss]: job.setup cannot be taken back
{stray}  help: if that is right, add `--allow-loss job.setup`
"
        )
    };
    place.omni(&["apply", "--yes"]).is(8, &missing(""));
    for (typed, near) in [("job.other", ""), ("job.setpu", "; did you mean `job.setup`?")] {
        let stray = format!("error[omni::consent::loss]: `--allow-loss {typed}` names no step of this plan{near}\n");
        place.omni(&["apply", "--yes", "--allow-loss", typed]).is(8, &missing(&stray));
    }
    is_untouched(&place);
    assert_eq!(place.omni(&["plan", "--exit-code"]).code, 11);
    let said = place.omni(&["apply", "--yes", "--allow-loss", "job.setup"]);
    assert_eq!(said.code, 0, "{}", said.screen());
}

#[test]
fn an_environment_with_approval_wants_the_id_of_the_plan() {
    let place = Place::with("approval", &format!("{WEB}[environments.production]\napproval = true\n"));
    let id =
        place.omni(&["plan", "--env", "production", "--json"]).json()["spoken"].as_str().expect("an id").to_owned();
    let said = place.omni(&["apply", "--env", "production", "--yes"]);
    assert_eq!(said.code, 8);
    assert_eq!(
        said.err,
        format!(
            "error[omni::consent::missing]: there is nobody to ask for consent\n  help: read the plan, then give `--plan-id {id}`\n"
        )
    );
    is_untouched(&place);
    let said = place.omni(&["apply", "--env", "production", "--plan-id", &id]);
    assert_eq!(said.code, 0, "{}", said.screen());
}

#[test]
fn an_id_of_another_plan_is_refused() {
    let place = Place::with("id", WEB);
    let said = place.omni(&["apply", "--yes", "--plan-id", "1234-5678"]);
    said.is(
        4,
        "error[omni::plan::other_id]: the plan is 0000-0000 and not `0000-0000`, which was reviewed
  help: run `omni plan` again and have the new plan reviewed; nothing was changed
",
    );
    is_untouched(&place);
}

/// What omni shows on a terminal on which this is typed.
fn typed(place: &Place, words: &str, answer: &str) -> (i32, String) {
    typed_on(place, words, answer, 24)
}

/// The same on a terminal of so many rows.
pub(crate) fn typed_on(place: &Place, words: &str, answer: &str, rows: u32) -> (i32, String) {
    let line = format!("stty rows {rows} cols 100; exec {} {words}", env!("CARGO_BIN_EXE_omni"));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(place.folder()).env("TERM", "xterm").env("LANG", "C.UTF-8");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("util-linux's `script`");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), answer.as_bytes()).expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn on_a_terminal_it_asks_before_it_takes_an_open_apply_back() {
    let place = Place::with("open", WEB);
    place.apply();
    place.edit(
        "command = [\"/fixture\", \"sleep\"]",
        "command = [\"/fixture\", \"exit-after\", \"50\", \"3\"]\nrestart = \"no\"",
    );
    let said = place.omni(&["apply", "--yes", "--on-failure", "pause"]);
    assert_eq!(said.code, 3, "{}", said.screen());
    place.edit("\"exit-after\", \"50\", \"3\"", "\"sleep\"");
    let there = place.containers();
    for words in ["apply --color never", "rollback --to v1 --color never", "destroy --color never"] {
        let (code, shown) = typed(&place, words, "no\n");
        assert_eq!(code, 8, "{shown}");
        assert!(shown.contains("an apply is open (v1-r2, release 2, opened "), "{shown}");
        assert!(shown.contains("): take it back first? Type `yes` to go on: "), "{shown}");
        assert!(shown.contains("you did not agree; nothing was changed"), "{shown}");
        assert_eq!(place.containers(), there);
    }
    let (code, shown) = typed(&place, "rollback --to v1 --color never", "yes\n");
    assert_eq!(code, 0, "what was taken back is v1 already: {shown}");
    assert_ne!(place.containers(), there);
    assert_eq!(place.omni(&["status"]).code, 0);
}

#[test]
fn on_a_terminal_it_asks() {
    let place = Place::with("asks", &format!("[volumes.data]\n{WEB}volumes = [\"data:/data\"]\n"));
    let (code, shown) = typed(&place, "apply --color never", "no\n");
    assert_eq!(code, 8, "{shown}");
    assert!(shown.contains("Apply this plan? Type `yes` to go on: "), "{shown}");
    assert!(shown.contains("error[omni::consent::refused]: you did not agree; nothing was changed"), "{shown}");
    is_untouched(&place);
    // Ctrl-D: the error does not follow on the line of the question.
    let (code, shown) = typed(&place, "apply --color never", "\u{4}");
    assert_eq!(code, 8, "{shown}");
    let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
    assert!(lines.iter().any(|line| line.starts_with("error[omni::consent::refused]: you did not agree")), "{shown}");
    let (code, shown) = typed(&place, "apply --color never --no-input", "yes\n");
    assert_eq!(code, 8, "{shown}");
    let (code, shown) = typed(&place, "apply", "yes\n");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("\u{1b}[32m✓"), "{shown}");
    let (code, shown) = typed(&place, "destroy --volumes --color never", "yes\n");
    assert_eq!(code, 8, "its name has to be typed: {shown}");
    let (code, shown) = typed(&place, "destroy --volumes --color never", &format!("{}\n", place.project));
    assert_eq!(code, 0, "{shown}");
}

#[test]
fn the_warnings_of_the_spec_are_told_once_by_whoever_reads_it() {
    let place = Place::with("warned", &WEB.replace("resources.limits = { memory = \"32MiB\" }\n", ""));
    let told = |said: &crate::said::Said| said.err.matches("omni::spec::no_memory_limit").count();
    for (words, code) in [
        (&["plan", "-o", "p.omni"][..], 0),
        (&["apply"], 8),
        (&["apply", "p.omni", "--yes"], 0),
        (&["apply", "--yes"], 0),
        (&["destroy", "--yes"], 0),
    ] {
        let said = place.omni(words);
        let wanted = usize::from(words[0] != "destroy");
        assert_eq!((said.code, told(&said)), (code, wanted), "{words:?}: {}", said.screen());
    }
}
