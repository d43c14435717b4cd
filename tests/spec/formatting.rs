//! The canonical form: formatting twice is formatting once, and says the same.

use crate::world::Case;

#[test]
fn every_spec_of_the_corpus_has_one_form_that_says_the_same() {
    let mut formatted = 0;
    for case in Case::all("valid").iter().chain(&Case::all("invalid")) {
        let Ok(once) = omni::spec::format(&case.text) else { continue };
        assert_eq!(omni::spec::format(&once).expect("a canonical spec can be read"), once, "{}", case.name);
        let (before, after): (toml::Table, toml::Table) =
            (toml::from_str(&case.text).unwrap(), toml::from_str(&once).unwrap());
        assert_eq!(before, after, "{}", case.name);
        let resolved = |text| Case::new(&case.name, text).resolve().map(|(spec, _)| spec.fingerprint()).ok();
        assert_eq!(resolved(&case.text), resolved(&once), "{}", case.name);
        formatted += 1;
    }
    assert!(formatted >= 80, "only {formatted} specs could be formatted");
}

#[test]
fn sections_are_ordered_and_comments_stay() {
    let written = concat!(
        "\n",
        "#:schema ./x.json\n",
        "# about the services\n",
        "[services.web]   # the shop\n",
        "\n",
        "\n",
        "# the image\n",
        "image='shop/web:1'#pinned\n",
        "ports = [ \"80:80\" ,\n",
        "\"81:81\"]\n",
        "environment={A=\"1\",B = [1,2]}\n",
        "labels = { # kept\n",
        "  a = \"#\" }\n",
        "resources . limits.memory=\"1m\"\n",
        "\n",
        "[environments.x]\n",
        "[services.api]\n",
        "image = \"x:1\"\n",
        "\n",
        "\n",
        "# the end of networks\n",
        "\n",
        "[networks]\n",
        "[project]\n",
        "name=\"shop\"\n",
        "\n",
        "version=\"1\"\n",
        "# last words",
    );
    let canonical = r##"#:schema ./x.json
[project]
name = "shop"

version = "1"

# the end of networks

[networks]

# about the services
[services.web] # the shop
# the image
image = 'shop/web:1' #pinned
ports = [
    "80:80",
    "81:81",
]
environment = { A = "1", B = [1, 2] }
labels = { # kept
  a = "#" }
resources.limits.memory = "1m"

[services.api]
image = "x:1"

[environments.x]

# last words
"##;
    assert_eq!(omni::spec::format(written).expect("it can be read"), canonical);
}

#[test]
fn what_cannot_be_read_is_not_formatted() {
    let problems = omni::spec::format("[project\nname = ").expect_err("no TOML");
    assert!(problems.errors() >= 1);
}

#[test]
fn a_spec_of_comments_alone_is_formatted_once() {
    let once = omni::spec::format("#:schema ./schemas/deploy.json\n\n\n").expect("it can be read");
    assert_eq!(once, "#:schema ./schemas/deploy.json\n");
    assert_eq!(omni::spec::format(&once).expect("it can be read"), once);
}
