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

/// A spec with every key, in which pieces are replaced by others.
fn damaged() -> impl Strategy<Value = String> {
    let whole = include_str!("../specs/valid/every-service-key.toml");
    let piece = prop::sample::select(vec![
        "",
        "1",
        "\"\"",
        "\"x\"",
        "\"$\"",
        "\"${A}\"",
        "[]",
        "{}",
        "[1]",
        "[\"\"]",
        "{ a = 1 }",
        "true",
        "-1",
        "1.5",
        "\n",
        "]",
        "=",
        "web",
        "x-a",
        "99999999999",
        "[[]]",
        "[{}]",
        "1979-05-27",
        "nan",
    ]);
    let values: Vec<(usize, usize)> =
        whole.match_indices(" = ").map(|(at, _)| (at + 3, at + 3 + whole[at + 3..].find('\n').unwrap_or(0))).collect();
    prop::collection::vec((prop::sample::select(values), piece), 1..4).prop_map(move |mut changes| {
        changes.sort_by_key(|((start, _), _)| std::cmp::Reverse(*start));
        changes.dedup_by_key(|((start, _), _)| *start);
        let mut text = whole.to_owned();
        let mut before = text.len();
        for ((start, end), piece) in changes {
            if end <= before {
                text.replace_range(start..end, piece);
                before = start;
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_damaged_spec_is_told_with_a_place(text in damaged()) {
        if let Err(problems) = Case::new("damaged", &text).resolve() {
            for problem in problems.list() {
                prop_assert!(!problem.labels.is_empty(), "no place: {}", problem);
                prop_assert!(problem.labels.iter().all(|label| text.get(label.span.clone()).is_some()));
            }
            let _ = crate::world::drawn(&problems);
        }
    }

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
