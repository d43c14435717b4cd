//! What is too large or too deep ends in a problem, not in a crash.

use crate::world::Case;

const PROJECT: &str = "[project]\nname = \"shop\"\n";

fn codes(text: &str) -> Vec<&'static str> {
    let problems = Case::new("limits", text).resolve().expect_err("a spec that is refused");
    problems.list().iter().map(|problem| problem.code).collect()
}

#[test]
fn a_text_of_more_than_16_mib_is_not_read() {
    let text = format!("{PROJECT}# {}", "x".repeat(16 * 1024 * 1024));
    assert_eq!(codes(&text), ["omni::spec::too_large"]);
}

#[test]
fn nesting_of_any_depth_ends_in_a_problem() {
    let deep = 20_000;
    let texts = [
        format!("{PROJECT}x-deep = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{PROJECT}x-deep = {}1{}", "{ a = ".repeat(deep), " }".repeat(deep)),
        format!("{PROJECT}x-deep{} = 1", ".a".repeat(deep)),
        format!("{PROJECT}[x-deep{}]", ".a".repeat(deep)),
        format!("{PROJECT}x-deep = {}", "[".repeat(deep)),
    ];
    for text in texts {
        let found = codes(&text);
        assert!(found.contains(&"omni::spec::too_deep"), "{found:?}");
    }
}

#[test]
fn many_services_are_read_in_one_go() {
    let service =
        |at: usize| format!("\n[services.s{at}]\nimage = \"shop/s{at}:1\"\nresources.limits.memory = \"1m\"\n");
    let text: String = std::iter::once(PROJECT.to_owned()).chain((0..2_000).map(service)).collect();
    let (spec, _) = Case::new("many", &text).resolve().expect("a valid spec");
    assert_eq!(spec.resources.len(), 4_001);
}

#[test]
fn an_outline_needs_no_variables() {
    let text = "[project]\nname = \"shop\"\ndefault_environment = \"prod\"\n[store]\nurl = \"sqlite://${DIR:-x}/y\"\n\
        [env.A]\n[services.web]\nimage = \"${A}\"\nnonsense = 1\n[environments.prod]\n[environments.test]\nengine.host = \"unix:///x\"\n";
    let nothing = std::collections::BTreeMap::new();
    let outline = omni::spec::outline(text, "deploy.toml", None, &nothing).expect("an outline");
    assert_eq!(outline.scope.to_string(), "shop/prod");
    assert_eq!(outline.environments, ["prod", "test"]);
    assert_eq!(outline.store.as_deref(), Some("sqlite://x/y"));
    assert_eq!(outline.engine_host, None);
    let outline = omni::spec::outline(text, "deploy.toml", Some("test"), &nothing).expect("an outline");
    assert_eq!(outline.engine_host.as_deref(), Some("unix:///x"));
    assert!(omni::spec::outline(text, "deploy.toml", Some("tset"), &nothing).is_err());
    assert!(omni::spec::outline("[project]\n", "deploy.toml", None, &nothing).is_err());
}

#[test]
fn a_problem_knows_its_line_and_its_path() {
    let text = "[project]\nname = \"shop\"\n\n[services.web]\nimage = \"a:1\"\n  reeplicas = 2\n";
    let problems = Case::new("place", text).resolve().expect_err("an unknown key");
    let problem = problems.list().iter().find(|problem| problem.code == "omni::spec::unknown_key").expect("it is told");
    assert_eq!(problem.path, "services.web.reeplicas");
    assert_eq!(problems.source().position(problem.start()), (6, 3));
    assert_eq!((problems.errors(), problems.warnings()), (1, 1));
    assert_eq!(problems.to_string(), "1 error, 1 warning");
}

#[test]
fn the_starter_is_valid_whatever_the_folder_is_called() {
    for name in ["shop", "My Shop!", "", "___", "ünïcode", &"x".repeat(200)] {
        let text = omni::spec::starter(name);
        let (spec, _) = Case::new("starter", &text).resolve().expect("a valid spec");
        assert!(spec.warnings.list().is_empty());
        assert_eq!(omni::spec::format(&text).expect("a canonical spec"), text);
    }
}

#[test]
fn a_very_long_line_is_cut_around_what_is_wrong_in_it() {
    let padding = "x".repeat(20_000);
    let texts = [
        format!(
            "services = {{ web = {{ image = \"a:1\", hostname = \"{padding}\", nonsense = 1, command = \"{padding}\" }} }}\n"
        ),
        format!(
            "services = {{ web = {{ image = \"a:1\", hostname = \"日本{}\", nonsense = 1 }} }}\n",
            "日".repeat(9_000)
        ),
        format!("[services.web]\nimage = \"a:1\"\n# {padding}\nnonsense = 1\nhostname = \"{padding}\"\n"),
        format!("[services.web]\nimage = \"a:1\"\nreplicas = \"{padding}\"\n"),
        format!("[services.web]\nimage = \"{padding}:\"\n"),
        format!(
            "[services.web]\nimage = \"a:1\"\nports = [\"{padding}\"]\nvolumes = [\"{padding}\"]\nrestart = \"{padding}\"\n"
        ),
        format!(
            "[services.web]\nimage = \"a:1\"\n{padding} = 1\ndepends_on = [\"{padding}\"]\nstop_grace_period = \"{padding}\"\n"
        ),
        format!("[services.web]\nimage = \"a:1\"\nenvironment = {{ A = \"${{{padding}}} ${{B\" }}\n"),
        format!("[services.web]\nimage = \"a:1\" {padding}\n"),
    ];
    for text in texts {
        let text = if text.starts_with("services") { format!("{text}{PROJECT}") } else { format!("{PROJECT}{text}") };
        let problems = Case::new("long", &text).resolve().expect_err("a spec that is refused");
        let report = crate::world::drawn(&problems);
        let widest = report.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest < 200 && report.contains('…'), "{widest}: {report}");
        for problem in problems.list() {
            assert!(problem.message.len() < 300, "{}", problem.message);
        }
    }
}

#[test]
fn a_cut_line_keeps_its_place_and_its_caret() {
    let padding = "x".repeat(500);
    let web = format!("image = \"a:1\", hostname = \"{padding}\", nonsense = 1, user = \"{padding}\"");
    let text = format!("services = {{ web = {{ {web} }} }}\n{PROJECT}");
    let problems = Case::new("caret", &text).resolve().expect_err("a spec that is refused");
    let report = crate::world::drawn(&problems);
    let column = text.find("nonsense").expect("the key") + 1;
    assert!(report.contains(&format!("[deploy.toml:1:{column}]")), "{report}");
    let mut lines = report.lines().skip_while(|line| !line.contains("nonsense = 1"));
    let (source, carets) = (lines.next().expect("the line"), lines.next().expect("what is marked"));
    let marked: String =
        carets.chars().zip(source.chars()).filter(|(mark, _)| "─┬".contains(*mark)).map(|(_, c)| c).collect();
    assert_eq!(marked, "nonsense", "{report}");
    assert!(source.chars().count() < 130 && source.matches('…').count() == 2, "{report}");
}

#[test]
fn of_thousands_of_problems_the_first_are_told_and_all_are_counted() {
    let keys = (0..5_000).fold(String::new(), |text, at| text + "k" + &at.to_string() + " = 1\n");
    let text = format!("{PROJECT}[services.web]\nimage = \"a:1\"\n{keys}");
    let problems = Case::new("thousands", &text).resolve().expect_err("a spec that is refused");
    assert_eq!((problems.errors(), problems.warnings(), problems.list().len()), (5_000, 1, 200));
    assert!(problems.list().iter().all(|problem| problem.code == "omni::spec::unknown_key"));
    assert_eq!(problems.to_string(), "5000 errors, 1 warning");
}
