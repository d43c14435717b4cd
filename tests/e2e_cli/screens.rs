//! Every screen, as one snapshot of all that omni says.

use crate::place::{OTHER_IMAGE, Place};
use crate::said::Said;
use crate::support::docker_cli;

const SPEC: &str = "[env.TOKEN]
secret = true

[networks.inside]
[volumes.data]

[services.api]
image = \"IMAGE\"
command = [\"/fixture\", \"serve\", \"80\"]
environment = { LEVEL = \"info\", TOKEN = \"${TOKEN}\" }
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
healthcheck = { http = \"/\", port = 80 }

[services.worker]
image = \"IMAGE\"
command = [\"/fixture\", \"say-and-sleep\", \"at work\"]
environment = { BATCH = \"50\" }
depends_on = [\"api\"]
networks = [\"inside\"]
volumes = [\"data:/data\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

fn check(name: &str, said: &Said) {
    insta::assert_snapshot!(name, said.screen());
}

#[test]
fn from_the_first_plan_to_the_end() {
    let place = Place::with("screens", SPEC);
    let run = |words: &[&str]| place.omni_with(&[("TOKEN", "not-to-be-shown")], words);
    let show = |name: &str, words: &[&str]| check(name, &run(words));
    show("status_before", &["status"]);
    show("history_before", &["history"]);
    show("plan_first", &["plan"]);
    show("apply_first", &["apply", "--yes", "--parallel", "1"]);
    show("plan_empty", &["plan"]);
    show("status", &["status"]);
    place.edit("BATCH = \"50\"", "BATCH = \"200\"");
    place.edit("LEVEL = \"info\"", "LEVEL = \"debug\"");
    show("plan_changed", &["plan", "-o", "v2.omni", "--tag", "v2"]);
    show("plan_changed_json", &["plan", "--json"]);
    run(&["plan", "--md", "plan.md"]);
    insta::assert_snapshot!("plan_changed_md", run(&[]).redacted(&place.read("plan.md")));
    show("show_plan", &["show", "v2.omni"]);
    show("graph_plan", &["graph", "--plan", "v2.omni"]);
    check("plan_secret", &place.omni_with(&[("TOKEN", "changed")], &["plan"]));
    let told = run(&["apply", "v2.omni", "--yes", "--json", "--parallel", "1"]).screen();
    // How often a service is asked until it is ready depends on the machine.
    let events: Vec<_> = told.lines().filter(|line| !line.contains("\"event\":\"progress\"")).collect();
    insta::assert_snapshot!("apply_second_json", events.join("\n"));
    show("rollback_list", &["rollback"]);
    show("rollback_plan", &["rollback", "--to", "v1", "--dry-run"]);
    check("rollback_unknown", &place.omni(&["rollback", "--to", "v7", "--yes"]));
    show("show_release", &["show", "v2"]);
    show("history", &["history"]);
    show("history_csv", &["history", "--csv"]);
    show("lock_status", &["lock", "status"]);
    show("logs", &["logs", "worker"]);
    check("logs_unknown", &place.omni(&["logs", "wroker"]));
    docker_cli(&["stop", "-t", "1", &place.container("worker")]);
    show("drift", &["drift"]);
    show("plan_drift", &["plan"]);
    show("prune", &["prune", "--dry-run"]);
    show("destroy", &["destroy", "--yes", "--parallel", "1"]);
}

const JOBS: &str = "[jobs.setup]
image = \"IMAGE\"
command = [\"/fixture\", \"say\"]
environment = { LEVEL = \"info\", TOKEN = \"${TOKEN}\" }
networks = [\"inside\"]
resources.limits = { memory = \"32MiB\" }

[jobs.fill]
image = \"IMAGE\"
command = [\"/fixture\", \"say\"]
rollback = { command = [\"/fixture\", \"unsay\"] }
timeout = \"1m\"
networks = [\"inside\"]
resources.limits = { memory = \"32MiB\" }

";

#[test]
fn a_one_way_job() {
    let place = Place::with("one-way", &SPEC.replace("[services.worker]", &format!("{JOBS}[services.worker]")));
    check("plan_one_way", &place.omni_with(&[("TOKEN", "x")], &["plan"]));
}

#[test]
fn an_apply_that_fails() {
    // One that were started again and again would be seen now running, now restarting.
    let place = Place::with("fails", &SPEC.replace("depends_on = ", "restart = \"no\"\ndepends_on = "));
    let run = |words: &[&str]| place.omni_with(&[("TOKEN", "x")], words);
    assert_eq!(run(&["apply", "--yes"]).code, 0);
    place.edit("\"say-and-sleep\", \"at work\"", "\"exit-after\", \"50\", \"3\"");
    place.edit("omni-e2e-cli:1", OTHER_IMAGE);
    check("apply_failed", &run(&["apply", "--yes", "--parallel", "1", "--tag", "v2"]));
    check("history_failed", &run(&["history"]));
    check("apply_paused", &run(&["apply", "--yes", "--parallel", "1", "--tag", "v2", "--on-failure", "pause"]));
    check("status_open", &run(&["status"]));
    check("recover_dry", &run(&["recover", "--dry-run"]));
    check("recover", &run(&["recover", "--back", "--parallel", "1"]));
    assert_eq!(run(&["apply", "--yes", "--on-failure", "pause"]).code, 3);
    check("recover_forward_fails", &run(&["recover", "--forward", "--parallel", "1"]));
}

#[test]
fn without_an_engine() {
    let place = Place::bare("offline");
    check("init", &place.omni(&["init", "--name", &place.project.clone()]));
    insta::assert_snapshot!("init_file", place.omni(&["validate"]).redacted(&place.read("deploy.toml")));
    place.spec(SPEC);
    let run = |words: &[&str]| place.omni_with(&[("TOKEN", "x")], words);
    for format in ["mermaid", "dot", "json"] {
        check(&format!("graph_{format}"), &run(&["graph", "--format", format]));
    }
    check("validate", &run(&["validate"]));
    check("fmt_check", &run(&["fmt", "--check"]));
    place.edit("volumes = [", "volums = [");
    for format in ["human", "json", "sarif", "github"] {
        check(&format!("validate_{format}"), &run(&["validate", "--format", format]));
    }
    check("explain", &run(&["explain", "omni::plan::stale"]));
    for shell in ["bash", "zsh", "fish"] {
        let said = run(&["completions", shell]);
        assert_eq!((said.code, said.out.contains("omni")), (0, true), "{shell}");
    }
    assert!(run(&["man"]).out.contains(".TH omni 1"), "{}", run(&["man"]).out.lines().take(5).collect::<String>());
}

#[test]
fn help_of_every_command() {
    let place = Place::bare("help");
    check("help", &place.omni(&["--help"]));
    for command in "init validate fmt graph plan show apply recover rollback status history drift fingerprint lock prune logs doctor destroy explain completions man schema".split(' ') {
        // What holds everywhere is in the help of omni itself.
        let mut said = place.omni(&[command, "--help"]);
        said.out.truncate(said.out.find("\nEverywhere:").expect("a section"));
        check(&format!("help_{command}"), &said);
    }
}
