//! What programs read: a document with a format for every result, one line for every error.

use serde_json::Value;

use crate::consent::typed_on;
use crate::place::Place;
use crate::said::Said;

/// A service that ends at once, and is watched for longer than a busy machine takes to hear of it.
const ENDS: &str = "\"exit-after\", \"50\", \"3\"]\nupdate = { monitor = \"30s\" }";

const WEB: &str = "[networks.inside]
[env.TOKEN]
secret = true
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"say-and-sleep\", \"at work\"]
environment = { MOOD = \"calm\", TOKEN = \"${TOKEN}\" }
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

/// The only line on standard error, which has to be the error.
#[track_caller]
fn error(said: &Said) -> Value {
    let error: Value = serde_json::from_str(&said.err).unwrap_or_else(|error| panic!("{error} in {}", said.screen()));
    assert_eq!(said.err.lines().count(), 1, "{}", said.screen());
    assert_eq!((&error["format"], &error["exit"]), (&"omni.error/1".into(), &said.code.into()), "{}", said.screen());
    assert!(error["code"].is_string() && error["message"].is_string() && error["help"].is_string(), "{error}");
    error
}

#[test]
fn every_result_has_a_format_and_every_error_is_one_line() {
    let place = Place::with("programs", WEB);
    let run = |words: &[&str]| place.omni_with(&[("TOKEN", "hunter2-hunter2")], words);
    let format = |words: &[&str], format: &str| {
        let said = run(words);
        assert_eq!((said.code, &said.json()["format"]), (0, &format.into()), "{}", said.screen());
        said.json()
    };
    assert_eq!(run(&["apply", "--yes", "--tag", "v1"]).code, 0);
    place.edit("calm", "merry");
    assert_eq!(run(&["apply", "--yes", "--tag", "v2"]).code, 0);
    assert_eq!(format(&["rollback", "--json"], "omni.releases/1")["releases"][0]["tag"], "v2");
    assert_eq!(format(&["prune", "--dry-run", "--json"], "omni.prune/1")["dry_run"], true);
    assert_eq!(format(&["recover", "--dry-run", "--json"], "omni.recover/1")["would"], Value::Null);
    assert_eq!(format(&["doctor", "--json"], "omni.doctor/1")["findings"][0]["place"], "spec");
    format(&["explain", "--json"], "omni.explain/1");
    let explained = format(&["explain", "--json", "omni::plan::stale"], "omni.explain/1");
    assert_eq!(explained["codes"][0]["code"], "omni::plan::stale");
    assert_eq!(format(&["show", "v1", "--json"], "omni.release/1")["tag"], "v1");
    let differing = format(&["show", "v1", "v2", "--json"], "omni.release_differences/1");
    assert_eq!(differing["things"][0]["differences"][0]["before"], "calm");

    assert_eq!(error(&run(&["logs", "web", "--json"]))["code"], "omni::logs::no_json");
    assert_eq!(error(&run(&["show", "v7", "--json"]))["exit"], 2);
    assert_eq!(error(&run(&["shwo", "--json"]))["code"], "omni::cli::usage");
    place.edit("\"say-and-sleep\", \"at work\"]", ENDS);
    let failed = run(&["apply", "--yes", "--json"]);
    assert_eq!(error(&failed)["code"], "omni::apply::step_failed", "{}", failed.screen());
    place.edit("[networks.inside]", "[networks.inside]\nnonsense = 1");
    assert_eq!(error(&run(&["plan", "--json"]))["findings"][0]["code"], "omni::spec::unknown_key");
}

#[test]
fn an_open_apply_is_told_as_json_by_whoever_meets_it() {
    let place = Place::with("open-json", WEB);
    let run = |words: &[&str]| place.omni_with(&[("TOKEN", "hunter2-hunter2")], words);
    assert_eq!(run(&["apply", "--yes", "--tag", "v1"]).code, 0);
    let good = place.read("deploy.toml");
    let pause = || {
        place.edit("\"say-and-sleep\", \"at work\"]", ENDS);
        assert_eq!(run(&["apply", "--yes", "--on-failure", "pause"]).code, 3);
        place.write("deploy.toml", &good);
    };
    pause();
    for command in ["plan", "drift"] {
        let said = run(&[command, "--json"]);
        assert_eq!((error(&said)["code"].as_str(), said.code), (Some("omni::apply::open"), 3), "{}", said.screen());
    }
    let said = run(&["recover", "--back", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.screen());
    for line in said.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {}", said.screen()));
        assert!(event.is_object(), "{event}");
    }
    pause();
    let said = run(&["recover", "--accept", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.screen());
    let told = said.json();
    assert_eq!(told["format"], "omni.recover/1", "{told}");
    assert_eq!(told["closed"]["left"], serde_json::json!(["service.web"]), "{told}");
}

#[test]
fn releases_are_told_apart() {
    let place = Place::with("apart", WEB);
    let run = |token: &str, words: &[&str]| place.omni_with(&[("TOKEN", token)], words);
    assert_eq!(run("hunter2-hunter2", &["apply", "--yes", "--tag", "v1"]).code, 0);
    place.edit("calm", "merry");
    assert_eq!(run("hunter3-hunter3", &["apply", "--yes", "--tag", "v2"]).code, 0);
    let [first, second] = ["v1", "v2"].map(|tag| run("", &["show", tag]).out);
    assert!(first.contains("environment.MOOD") && first.contains("\"calm\""), "{first}");
    assert!(second.contains("\"merry\"") && second.contains("environment.TOKEN        (secret)"), "{second}");
    let both = run("", &["show", "v1", "v2"]);
    assert!(both.out.contains("~ environment.MOOD   \"calm\" -> \"merry\"\n"), "{}", both.screen());
    assert!(both.out.contains("~ environment.TOKEN  (secret, changed)\n"), "{}", both.screen());
    assert!(!format!("{first}{second}{}", both.all()).contains("hunter"), "no secret is told");
    assert!(run("", &["show", "v2", "v2"]).out.ends_with("Both run the same.\n"));
}

#[test]
fn the_steps_are_in_view_where_consent_is_asked_for() {
    let place = Place::with("view", WEB);
    place.write("omni.env", "TOKEN=hunter2-hunter2\n");
    let asked = |rows: u32| {
        let (code, shown) = typed_on(&place, "apply --color never --env-file omni.env", "no\n", rows);
        assert_eq!(code, 8, "{shown}");
        shown.replace('\r', "").matches(" step ").count()
    };
    assert_eq!((asked(200), asked(12)), (1, 2));
}
