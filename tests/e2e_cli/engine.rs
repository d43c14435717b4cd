//! An engine, a registry, a port or a service that is not as it should be: 7 when nothing was begun, 1 when all was undone.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::place::Place;
use crate::support::docker_cli;

const WEB: &str = "[networks.inside]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"say-and-sleep\", \"starting\", \"KeyError: 'email'\"]
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
";

#[test]
fn nobody_answers() {
    let place = Place::bare("dead");
    place.spec(WEB);
    for words in [&["plan"][..], &["apply", "--yes"], &["status"], &["drift"], &["destroy", "--yes"]] {
        place.omni_with(&[("DOCKER_HOST", "unix:///nowhere/docker.sock")], words).is(
            7,
            "error[omni::engine::unreachable]: cannot reach the engine at `unix:///nowhere/docker.sock`: nobody answers
  help: start Docker: `sudo systemctl start docker`; or name another engine with `--engine` or `DOCKER_HOST`
",
        );
    }
    assert!(!place.path(".omni").exists(), "nothing was written");
}

#[test]
fn a_socket_without_the_right_to_it_names_the_group() {
    let place = Place::bare("denied");
    place.spec(WEB);
    let (socket, program) = (place.path("engine.sock"), place.path("omni"));
    let _listener = UnixListener::bind(&socket).expect("a socket");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o0)).expect("rights");
    fs::set_permissions(place.folder(), fs::Permissions::from_mode(0o777)).expect("rights");
    fs::copy(env!("CARGO_BIN_EXE_omni"), &program).expect("a copy that everybody may run");
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    command.args(["plan", "--engine"]).arg(format!("unix://{}", socket.display())).current_dir(place.folder());
    place.run(&mut command).is(
        7,
        "error[omni::engine::denied]: cannot use the engine at `unix://DIR/engine.sock`: permission denied
  help: add yourself to the `docker` group and log in again, use `sudo`, or use a rootless engine
",
    );
}

#[test]
fn an_image_that_is_nowhere_is_named() {
    let place = Place::bare("image");
    for (reference, why) in
        [("omni-e2e-nowhere:1", "no such host"), ("localhost:1/omni-e2e-nowhere:1", "connection refused")]
    {
        place.spec(&WEB.replace("IMAGE", reference));
        let said = place.omni(&["apply", "--yes"]);
        let (first, help) = said.err.split_once('\n').expect("two lines");
        assert_eq!(said.code, 7, "{}", said.screen());
        let cannot = format!("error[omni::engine::failed]: service.web: cannot get `{reference}`: ");
        assert!(first.starts_with(&cannot), "{first}");
        assert!(first.ends_with(why), "{first}");
        let wanted = "  --> deploy.toml:7:9\n  help: if the name is right, see whether the engine reaches the registry, or load the image on the engine\n";
        assert_eq!(help, wanted);
    }
    place.spec(&WEB.replace("\"IMAGE\"", "\"omni-e2e-nowhere:1\"\npull_policy = \"never\""));
    place.omni(&["apply", "--yes"]).is(
        7,
        "error[omni::engine::not_found]: service.web: the engine has no image `omni-e2e-nowhere:1`, and `pull_policy` is \"never\"
  --> deploy.toml:7:9
  help: load or build the image on the engine, or set `pull_policy = \"missing\"`
",
    );
    let said = place.omni(&["plan", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&said.err).expect("an error");
    assert_eq!(error["place"], "deploy.toml:7:9", "{error}");
    assert!(!place.path(".omni").exists(), "nothing was written");
}

#[test]
fn a_dockerfile_that_cannot_be_read_is_named() {
    let place = Place::new("misread");
    place.spec(&WEB.replace("image = \"IMAGE\"", "build = { context = \"build\", dockerfile = \"Dockerfile.web\" }"));
    place.write("build/Dockerfile.web", "FROM scratch\nCOPPY a b\n");
    let said = place.omni(&["apply", "--yes"]);
    assert_eq!(said.code, 1, "{}", said.screen());
    assert!(said.err.contains("`build/Dockerfile.web`: "), "{}", said.screen());
    assert!(said.err.contains("parse error line 2"), "{}", said.screen());
}

#[test]
fn a_port_of_somebody_else_is_named_and_all_is_undone() {
    let place = Place::new("port");
    let theirs = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = theirs.local_addr().expect("an address").port();
    place.spec(&format!("{WEB}ports = [\"127.0.0.1:{port}:80\"]\n"));
    let said = place.omni(&["apply", "--yes"]);
    assert_eq!(said.code, 1, "{}", said.screen());
    assert!(said.err.contains("error[omni::apply::step_failed]: service.web failed, everything was undone\n"));
    let told = format!(
        "  --> deploy.toml:6:11
   = host port {port} of 127.0.0.1, which service.web wants, is taken by a program of the engine's host
"
    );
    assert!(said.err.contains(&told), "{}", said.screen());
    let help = format!("see which: `ss -lntp 'sport = :{port}'`; stop it, or give service.web another host port");
    assert!(said.err.contains(&help), "{}", said.screen());
    assert!(place.containers().is_empty(), "{:?}", place.containers());
    drop(theirs);
    place.apply();
    let other = Place::with("port2", &format!("{WEB}ports = [\"127.0.0.1:{port}:80\"]\n"));
    let said = other.omni(&["apply", "--yes"]);
    assert_eq!(said.code, 1, "{}", said.screen());
    let owner = docker_cli(&["inspect", "-f", "{{slice .Name 1}}", &place.container("web")]);
    let told = format!("which service.web wants, is taken by the container `{}`\n", owner.trim());
    assert!(said.err.contains(&told), "{}", said.screen());
    let id = regex_lite::Regex::new("[0-9a-f]{64}").expect("a pattern");
    assert!(!id.is_match(&said.all()), "{}", said.screen());
}

#[test]
fn an_address_without_an_engine_says_why_and_what_to_do() {
    let place = Place::bare("nohost");
    place.spec(WEB);
    for address in ["tcp://nohost.invalid:2375", "http://x.invalid"] {
        let said = place.omni(&["plan", "--engine", address]);
        assert_eq!(said.code, 7, "{}", said.screen());
        let start = format!("error[omni::engine::unreachable]: cannot reach the engine at `{address}`: ");
        assert!(said.err.starts_with(&start), "{}", said.screen());
        assert!(!said.err.contains("uncategorized"), "{}", said.screen());
        let help =
            "  help: check the address; it comes from `--engine`, `[engine] host`, `DOCKER_HOST` or Docker's context\n";
        assert!(said.err.ends_with(help), "{}", said.screen());
    }
}

#[test]
fn a_configuration_of_docker_that_cannot_be_read_names_the_ways_around_it() {
    let place = Place::bare("config");
    place.spec(WEB);
    place.write(".docker/config.json/x", "");
    let mut command = place.command(&["plan"]);
    place.run(command.env_remove("DOCKER_HOST")).is(
        7,
        "error[omni::engine::failed]: cannot read `DIR/.docker/config.json`: Is a directory (os error 21)
  help: mend the file or its rights; or name the engine with `--engine` or `DOCKER_HOST`, or another folder than this one with `DOCKER_CONFIG`
",
    );
}

#[test]
fn a_health_check_that_never_passes_shows_what_the_service_said() {
    let place = Place::new("unwell");
    let health = "healthcheck = { test = [\"/fixture\", \"health\", \"/nowhere\"], start_period = \"1s\", retries = 1, interval = \"1s\" }
update = { progress_deadline = \"2s\" }
";
    place.spec(&format!("{WEB}{health}"));
    let said = place.omni(&["apply", "--yes"]);
    assert_eq!(said.code, 1, "{}", said.screen());
    let ending = &said.err[said.err.find("error[").expect("an error")..];
    let tries = regex_lite::Regex::new(r"failed \d+ of \d+ times in \S+:").expect("a pattern");
    let ending = tries.replace(ending, "failed N of N times in TIME:");
    assert_eq!(
        said.redacted(&ending),
        "error[omni::apply::step_failed]: service.web failed, everything was undone
  --> deploy.toml:6:11
   = health check failed N of N times in TIME: exit code 1
   = last log lines of service.web:
       starting
       KeyError: 'email'
   = the system is as it was before, with no release (fingerprint 0000-0000)
   help: fix and run `omni plan` again
"
    );
    assert!(place.containers().is_empty(), "{:?}", place.containers());
}
