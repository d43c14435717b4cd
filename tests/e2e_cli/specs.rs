//! Mistakes in deploy.toml and on the command line, which need no engine: exit code 2, the place, and what to do.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::place::Place;

#[test]
fn a_typo_is_shown_in_its_place_with_the_nearest_word() {
    let place = Place::bare("typo");
    place.spec(
        "[services.web]\nimage = \"IMAGE\"\nenvironmnet = { A = \"1\" }\nresources.limits = { memory = \"32MiB\" }\n",
    );
    place.omni(&["plan"]).is(
        2,
        "omni::spec::unknown_key

  × unknown key `environmnet` in `services.web`
   ╭─[deploy.toml:7:1]
 6 │ image = \"omni-e2e-cli:1\"
 7 │ environmnet = { A = \"1\" }
   · ─────┬─────
   ·      ╰── not known here
 8 │ resources.limits = { memory = \"32MiB\" }
   ╰────
  help: did you mean `environment`?

1 error, nothing was changed
",
    );
}

#[test]
fn a_circle_is_shown_as_the_whole_ring() {
    let place = Place::bare("circle");
    let table = |name: &str, needs: &str| {
        format!(
            "[services.{name}]\nimage = \"IMAGE\"\ndepends_on = [\"{needs}\"]\nresources.limits = {{ memory = \"32MiB\" }}\n"
        )
    };
    place.spec(&[table("a", "b"), table("b", "c"), table("c", "a")].concat());
    let said = place.omni(&["plan"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.screen());
    for part in [
        "omni::spec::cycle",
        "service.a",
        "service.b",
        "service.c",
        "depends_on = [\"a\"]",
        "depends_on = [\"b\"]",
        "depends_on = [\"c\"]",
    ] {
        assert!(said.err.contains(part), "`{part}` is in {}", said.screen());
    }
    insta::assert_snapshot!(said.screen());
}

#[test]
fn a_missing_variable_names_what_needs_it_and_how_to_make_one() {
    let place = Place::bare("variable");
    place.spec("[env.DB_PASSWORD]\nsecret = true\nhelp = \"openssl rand -hex 24\"\n[services.web]\nimage = \"IMAGE\"\nenvironment = { URL = \"postgres://${DB_PASSWORD}@db\" }\nresources.limits = { memory = \"32MiB\" }\n");
    let said = place.omni(&["plan"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.screen());
}

#[test]
fn an_unknown_environment_suggests_the_nearest() {
    let place = Place::bare("environment");
    place.spec("[environments.production]\n[environments.staging]\n");
    let said = place.omni(&["plan", "--env", "productoin"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.screen());
}

#[test]
fn an_unknown_profile_suggests_the_nearest() {
    let place = Place::bare("profile");
    let limits = "resources.limits = { memory = \"32MiB\" }";
    place.spec(&format!("[services.dbg]\nimage = \"IMAGE\"\nprofiles = [\"debug\"]\n{limits}\n"));
    place.omni(&["validate", "--profile", "debgu"]).is(
        2,
        "omni::spec::unknown_profile

  × no service and no job has the profile `debgu`
  help: did you mean `debug`? there are `debug`

1 error, nothing was changed
",
    );
    assert_eq!(place.omni(&["validate", "--profile", "debug"]).code, 0);
}

#[test]
fn a_spec_that_is_no_utf8_is_shown_where_it_is_not() {
    let place = Place::bare("utf8");
    let bytes = b"[project]\nname = \"a\"\nversion = \"\xff\"\n";
    std::fs::write(place.path("deploy.toml"), bytes).expect("a file");
    let said = place.omni(&["validate"]);
    let shown =
        ["omni::spec::not_utf8", "`deploy.toml` is no UTF-8 text", "[deploy.toml:3:12]", "byte 32", "save the file"];
    for part in shown {
        assert!(said.err.contains(part), "`{part}` is in {}", said.screen());
    }
    assert_eq!(said.code, 2, "{}", said.screen());
    let said = place.omni(&["validate", "--format", "github"]);
    assert!(said.out.starts_with("::error file=deploy.toml,line=3,endLine=3,col=12,"), "{}", said.screen());
    let said = place.omni(&["validate", "--format", "sarif"]);
    assert_eq!(said.json()["runs"][0]["results"][0]["ruleId"], "omni::spec::not_utf8", "{}", said.screen());
}

#[test]
fn a_missing_name_is_shown_where_it_belongs() {
    let place = Place::bare("nameless");
    for (text, shown) in [
        ("[project]\nversion = \"1\"\n", &["[deploy.toml:1:2]", "has no `name`", "help: add `name = \"…\"`"][..]),
        ("[networks.a]\n", &["[deploy.toml:1:1]", "no `[project]` in this file", "help: add `[project]` with"]),
        ("", &["`project.name` is missing", "help: add `[project]` with"]),
    ] {
        place.write("deploy.toml", text);
        let said = place.omni(&["plan"]);
        assert_eq!(said.code, 2, "{}", said.screen());
        for part in shown {
            assert!(said.err.contains(part), "`{part}` is in {}", said.screen());
        }
    }
}

#[test]
fn a_missing_dockerfile_is_told_from_a_missing_context() {
    let place = Place::bare("dockerfile");
    place.write("build/Dockerfile", "FROM scratch\n");
    let limits = "resources.limits = { memory = \"32MiB\" }";
    let build = |text: &str| place.spec(&format!("[services.web]\nbuild = {text}\n{limits}\n"));
    for (text, message, place_of, label) in [
        (
            "{ context = \"build\", dockerfile = \"Dokerfile\" }",
            "the Dockerfile `build/Dokerfile` cannot be read",
            "6:43",
            "named here",
        ),
        ("\".\"", "the Dockerfile `./Dockerfile` cannot be read", "6:9", "has no `Dockerfile`"),
        ("\"biuld\"", "the build context `biuld` cannot be read", "6:9", "named here"),
    ] {
        build(text);
        let said = place.omni(&["validate"]);
        for part in [message, &format!("deploy.toml:{place_of}]"), label] {
            assert!(said.err.contains(part), "`{part}` is in {}", said.screen());
        }
    }
}

#[test]
fn a_spec_that_is_not_there_is_named() {
    let place = Place::bare("absent");
    for words in [&["plan"][..], &["validate"], &["status"], &["apply", "--yes"], &["history"]] {
        place.omni(words).is(
            2,
            "error[omni::spec::unreadable]: cannot read `deploy.toml`: No such file or directory (os error 2)
  help: write one with `omni init`, or name it with `-f`
",
        );
    }
}

/// What omni says when it may have no more than 256 MiB of memory, and 10 s of a processor.
fn bounded(place: &Place, words: &[&str]) -> crate::said::Said {
    let mut command = Command::new("prlimit");
    command.args(["--as=268435456", "--cpu=10", env!("CARGO_BIN_EXE_omni")]).args(words);
    command.arg0("prlimit").current_dir(place.folder()).env_clear().env("LANG", "C.UTF-8");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    place.run(&mut command)
}

#[test]
fn a_spec_nested_for_ever_is_refused_at_once() {
    let place = Place::bare("deep");
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        place.spec(&format!("x-a = {}1{}\n", open.repeat(20_000), close.repeat(20_000)));
        let said = bounded(&place, &["validate"]);
        assert_eq!(said.code, 2, "{}", said.err.chars().take(300).collect::<String>());
        assert!(said.err.starts_with("omni::spec::too_deep\n"));
        assert!(said.err.ends_with("1 error, nothing was changed\n"));
    }
}

#[test]
fn a_spec_of_a_hundred_megabytes_is_refused_before_it_is_read() {
    let place = Place::bare("large");
    place.spec(&format!("# {}", "x".repeat(100 << 20)));
    bounded(&place, &["validate"]).is(
        2,
        "error[omni::spec::too_large]: `deploy.toml` has 102400 KiB; a spec has at most 512 KiB
  help: check that this is the file you mean
",
    );
}

#[test]
fn words_that_are_none_are_explained() {
    let place = Place::bare("words");
    place.spec("");
    place.omni(&["aply"]).is(
        2,
        "error: unrecognized subcommand 'aply'

  tip: a similar subcommand exists: 'apply'

Usage: omni [OPTIONS] <COMMAND>

For more information, try '--help'.
",
    );
    place.omni(&["plan", "--target", "web"]).is(
        2,
        "error: invalid value 'web' for '--target <ADDRESS>': `web` is no address; write `kind.name`, as in `service.web`

For more information, try '--help'.
",
    );
    place.omni(&["plan", "--timeout", "0s"]).is(
        2,
        "error: invalid value '0s' for '--timeout <TIME>': it is no time at all; leave it out for no bound

For more information, try '--help'.
",
    );
    place.omni(&["plan", "--store", "mysql://ci:canary@x"]).is(
        2,
        "error[omni::store::unknown_url]: `mysql://…` is no store that this version knows
  help: give the path of a file, as in `--store .omni/shop.sqlite`, or a server: `postgres://USER@HOST/DATABASE`
",
    );
    place.omni(&["explain", "spec::unknown_kye"]).is(
        2,
        "error[omni::explain::unknown_code]: there is no code `spec::unknown_kye`
  help: did you mean `omni::spec::unknown_key`? `omni explain` lists all codes
",
    );
}

/// Whether no line ends between two backticks.
fn is_whole(text: &str) -> bool {
    text.lines().all(|line| line.matches('`').count() % 2 == 0)
}

#[test]
fn what_is_to_be_copied_is_never_broken() {
    let place = Place::bare("copied");
    place.spec("[env.DB_PASSWORD]\nsecret = true\nhelp = \"openssl rand -hex 24\"\n[services.web]\nimage = \"IMAGE\"\nenvironment = { A = \"${DB_PASSWORD}\" }\n");
    for width in 60..=120 {
        let said = place.omni_with(&[("COLUMNS", &width.to_string())], &["validate"]);
        assert!(said.err.contains("`resources.limits = { memory = \"512MiB\" }`"), "{width}: {}", said.screen());
        assert!(said.err.contains("to make one: openssl rand -hex 24\n"), "{width}: {}", said.screen());
    }
    let commands =
        "init validate fmt graph plan show apply recover rollback status history drift prune logs destroy explain";
    for words in commands.split(' ').map(|command| vec![command]).chain([vec!["lock", "break"]]) {
        for width in ["40", "60", "80", "100"] {
            for flag in ["-h", "--help"] {
                let words: Vec<_> = words.iter().copied().chain([flag]).collect();
                let said = place.omni_with(&[("COLUMNS", width)], &words);
                assert!(is_whole(&said.out), "{width}: {words:?}: {}", said.out);
            }
        }
    }
}
#[test]
fn a_tag_that_is_none_is_refused_with_the_rule() {
    let place = Place::bare("tag");
    place.spec("[services.web]\nimage = \"IMAGE\"\nresources.limits = { memory = \"32MiB\" }\n");
    let long = "x".repeat(300);
    let shown = "x".repeat(128);
    for (tag, shown) in
        [("", ""), ("  ", ""), ("a b", "a b"), ("a\nb", "a b"), ("\u{1b}[31mred", "red"), (&long, shown.as_str())]
    {
        for words in [&["plan", "--tag", tag][..], &["apply", "--yes", "--tag", tag]] {
            place.omni(words).is(
                2,
                &format!(
                    "error[omni::release::bad_tag]: `{shown}` is no tag
  help: a tag has 1 to 128 characters: letters, digits, `.`, `_`, `-`, `+` and `/`
"
                ),
            );
        }
    }
}

#[test]
fn a_file_or_folder_that_cannot_be_used_comes_with_the_next_act() {
    let place = Place::bare("next");
    place.omni(&["init", "-f", "nowhere/x.toml"]).is(
        2,
        "error[omni::init::unwritable]: cannot write `nowhere/x.toml`: No such file or directory (os error 2)
  help: make the folder first: `mkdir -p nowhere`
",
    );
    place.write("deploy.toml/x", "");
    place.omni(&["init"]).is(
        2,
        "error[omni::init::unwritable]: cannot write `deploy.toml`: File exists (os error 17)
  help: `deploy.toml` is a folder; give another name with `-f`
",
    );
    place.omni(&["plan"]).is(
        2,
        "error[omni::spec::unreadable]: cannot read `deploy.toml`: is a directory
  help: it is a folder: name the file with `-f`, or move the folder away
",
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_told_by_init_and_doctor() {
    let place = Place::bare("rights");
    let folder = place.path("locked");
    let program = place.path("omni");
    std::fs::copy(env!("CARGO_BIN_EXE_omni"), &program).expect("a copy that everybody may run");
    place.write("locked/here.toml", "[project]\nname = \"shop\"\n");
    for (path, rights) in [(place.folder(), 0o755), (folder.as_path(), 0o555)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(rights)).expect("rights");
    }
    let nobody = |words: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).args(words);
        place.run(command.current_dir(&folder))
    };
    nobody(&["init"]).is(
        2,
        "error[omni::init::unwritable]: cannot write `deploy.toml`: Permission denied (os error 13)
  help: give this account the right to write in `.` (`ls -ld .`), or name another folder
",
    );
    let said = nobody(&["doctor", "-f", "here.toml"]);
    let told = "  BAD  store     none yet, and it cannot be made in `DIR/locked`: Permission denied (os error 13); \
                give this account the right to write there, or put it elsewhere with `--store`\n";
    assert_eq!((said.code, said.redacted(&said.out).contains(told)), (7, true), "{}", said.screen());
}
