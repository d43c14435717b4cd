//! Whatever is written, reading ends in a spec or in problems; whatever a variable holds, it stays a text.

use proptest::prelude::*;

use crate::world::Case;

fn tomlish() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "[project]",
        "[services.web]",
        "[services",
        "]",
        "name",
        "image",
        "=",
        "\"shop\"",
        "\"a:1\"",
        "\n",
        "{",
        "}",
        "[",
        ",",
        "1",
        "true",
        "ports",
        "\"80:80\"",
        "environment",
        "\"${A}\"",
        "\"${A:-\"",
        "[env.A]",
        "[environments.x]",
        "#",
        ".",
        "\"\"\"",
        "'",
        "depends_on",
        "healthcheck",
        "test",
        "build",
        "volumes",
        "\"./x:/x\"",
        "1979-05-27",
        "0x",
        "\u{200b}",
        "-",
        "x-a",
        "1.5",
        "inf",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_ends_in_a_spec_or_in_problems(text in any::<String>()) {
        let _ = Case::new("any", &text.replace("#> ", "# ")).resolve();
        let _ = omni::spec::format(&text);
    }

    #[test]
    fn anything_like_toml_ends_in_a_spec_or_in_problems(text in tomlish()) {
        let case = Case::new("tomlish", &text.replace("#> ", "# "));
        if let Err(problems) = case.resolve() {
            prop_assert!(problems.errors() > 0);
            let _ = crate::world::drawn(&problems);
        }
        if let Ok(once) = omni::spec::format(&text) {
            prop_assert_eq!(omni::spec::format(&once).expect("what was written can be read"), once);
        }
    }

    #[test]
    fn a_value_stays_a_text(value in "[ -~äöü€\n\t]{0,40}") {
        let text = "[project]\nname = \"shop\"\n[env.V]\n[services.web]\nimage = \"a:1\"\nuser = \"${V}\"\nenvironment = { A = \"<${V}>\", B = \"x\" }\n";
        let set = format!("#> set V={}\n{text}", value.replace('\n', " "));
        let (spec, _) = Case::new("value", &set).resolve().expect("a valid spec");
        let service = spec.resources.values().find_map(|resource| resource.container()).expect("a container");
        let wanted = value.replace('\n', " ");
        let framed = format!("<{wanted}>");
        prop_assert_eq!(service.environment["A"].as_plain(), Some(framed.as_str()));
        prop_assert_eq!(service.user.as_deref(), Some(wanted.as_str()));
        prop_assert_eq!(service.environment.len(), 2);
        prop_assert_eq!(spec.resources.len(), 3);
    }
}
