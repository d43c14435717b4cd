//! A secret is never printed and never kept, whatever happens to it.

use std::fs;

use crate::place::Place;

const CANARY: &str = "canary-5f0c91aa-secret";

const SPEC: &str = "[env.TOKEN]
secret = true
[networks.inside]
[services.web]
image = \"IMAGE\"
command = [\"/fixture\", \"say-and-sleep\", \"starting with ${TOKEN}\"]
environment = { TOKEN = \"${TOKEN}\", URL = \"redis://:${TOKEN}@redis\" }
networks = [\"inside\"]
stop_grace_period = \"1s\"
resources.limits = { memory = \"32MiB\" }
healthcheck = { test = [\"/fixture\", \"say\", \"${TOKEN}\"], interval = \"1s\", start_period = \"1s\", retries = 1 }
update = { progress_deadline = \"3s\" }
";

/// Checks that neither what was said nor any file of the place holds the secret.
#[track_caller]
fn keeps_quiet(place: &Place, variables: &[(&str, &str)], words: &[&str], code: i32) {
    let said = place.omni_with(variables, words);
    assert_eq!(said.code, code, "{words:?}: {}", said.screen());
    assert!(!said.all().contains(CANARY), "{words:?}: {}", said.screen());
    let mut folders = vec![place.folder().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let bytes = fs::read(&entry).expect("a file");
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "{words:?}: {}", entry.display());
        }
    }
}

#[test]
fn a_secret_stays_where_it_belongs() {
    let place = Place::with("secret", SPEC);
    let first = [("TOKEN", CANARY)];
    keeps_quiet(&place, &first, &["plan", "-o", "plan.omni", "--md", "plan.md", "--full"], 0);
    keeps_quiet(&place, &first, &["plan", "--json"], 0);
    let planned = place.omni_with(&first, &["plan", "--json"]).json();
    keeps_quiet(&place, &first, &["apply", "plan.omni", "--yes"], 0);
    // There was no key when it was planned: the marks of secrets are made under the lock, and the id stays.
    let shown = place.omni_with(&first, &["show", "--json"]).json();
    assert_eq!(shown["plan"], planned["id"], "{shown:#}");
    let environment = crate::support::docker_cli(&["inspect", "--format", "{{.Config.Env}}", &place.container("web")]);
    assert!(environment.contains(CANARY), "it arrived: {environment}");
    for words in
        [&["status"][..], &["status", "--json"], &["history", "--json"], &["show", "--json"], &["drift"], &["doctor"]]
    {
        keeps_quiet(&place, &first, words, 0);
    }
    let labels =
        crate::support::docker_cli(&["inspect", "--format", "{{json .Config.Labels}}", &place.container("web")]);
    assert!(!labels.contains(CANARY), "{labels}");
    // A change of the secret is seen and not shown.
    let second = [("TOKEN", "another-secret-of-them")];
    let said = place.omni_with(&second, &["plan"]);
    assert!(said.out.contains("~ environment.TOKEN  (secret, changed)\n"), "{}", said.screen());
    keeps_quiet(&place, &second, &["apply", "--json", "--yes"], 0);
    // What a service says of its secret, or is told with it, is not shown either.
    place.edit("\"/fixture\", \"say\", ", "\"/fixture\", \"no-such-check\", ");
    keeps_quiet(&place, &first, &["apply", "--yes"], 1);
    keeps_quiet(&place, &first, &["apply", "--yes", "--json"], 1);
    place.edit("\"say-and-sleep\"", "\"no-such-thing\"");
    keeps_quiet(&place, &first, &["apply", "--yes"], 1);
    keeps_quiet(&place, &first, &["history"], 0);
    // The one that the old container was made with is not known to omni any more, and is not shown either.
    let said = place.omni_with(&first, &["apply", "--yes"]);
    assert!(!said.all().contains("another-secret-of-them"), "{}", said.screen());
}
