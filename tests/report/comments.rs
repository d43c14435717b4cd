//! The comment of a pull request: its form, its budget, its fences and its tables.

use omni::address::Address;
use omni::plan::{Action, Class, Inverse, Plan, Reason, Turn};
use omni::report::{BUDGET, PullRequest, plan_markdown};
use proptest::prelude::*;

use crate::support::{change, empty_plan, known, plan, plan_of, web, worker};

fn about() -> PullRequest<'static> {
    PullRequest { commit: Some("4be19d2"), valid: Some("24 h"), link: Some("https://ci.example/runs/1"), context: 3 }
}

#[test]
fn a_comment() {
    insta::assert_snapshot!(known(&plan_markdown(&plan(), &about())));
}

#[test]
fn a_comment_without_changes() {
    insta::assert_snapshot!(plan_markdown(&empty_plan(), &about()), @r"
    <!-- omni:plan:v1 project=shop env=prod -->
    ### omni plan: `shop/prod`: no changes
    ");
}

/// A plan of so many services, each with a text of so many lines that changes; every tenth is one-way.
fn large(services: usize, lines: usize, name: &str) -> Plan {
    let text = |word: &str| (0..lines).map(|n| [word, " line ", &n.to_string(), "\n"].concat()).collect::<String>();
    let one = |n: usize| {
        let before = worker("50", "5ec1", &text("old"), "orders");
        let after = worker("200", "5ec2", &text("new"), "invoices");
        let address = Address::service(format!("{name}{n}"));
        let action = Action::Replace(if n.is_multiple_of(3) { Turn::OldFirst } else { Turn::NewFirst });
        let mut change = change(address, action, Some(before), Some(after), vec![Reason::Spec]);
        if n.is_multiple_of(10) {
            (change.class, change.inverse) = (Class::OneWay, Inverse::Impossible);
        }
        change
    };
    let edges = (1..u32::try_from(services).expect("few services")).map(|n| (n - 1, n)).collect();
    plan_of((0..services).map(one).collect(), edges)
}

/// What has to hold of every comment: its length, its first line, its fences, its tables.
fn holds(plan: &Plan, about: &PullRequest<'_>) -> Result<String, TestCaseError> {
    let text = plan_markdown(plan, about);
    prop_assert!(text.len() <= BUDGET, "{} bytes", text.len());
    prop_assert!(text.starts_with("<!-- omni:plan:v1 project="));
    let head: Vec<_> = text.lines().take(2).collect();
    prop_assert!(head[0].ends_with(" -->"));
    prop_assert_eq!(head[0].matches("-->").count(), 1);
    prop_assert!(head[1].starts_with("### omni plan: "));
    let named = text.contains(&format!("Plan `{}`", plan.id().spoken()));
    prop_assert!(plan.is_empty() || named);
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match &fence {
            Some(open) if line.trim_end() == open => fence = None,
            // A closing fence is at least as long as the opening one and has nothing beside it.
            Some(open) => prop_assert!(ticks < open.len() || line.chars().any(|c| c != '`'), "{line}"),
            None if ticks >= 3 => fence = Some("`".repeat(ticks)),
            None => {
                let rules = if line.starts_with('|') { 7 } else { 0 };
                prop_assert_eq!(line.matches('|').count(), rules, "{}", line);
                prop_assert!(!line.contains('@'), "{}", line);
                // Headings of the table and of the comment, and entities, are all that may have a `#`.
                let own = line.starts_with("### ") || line.starts_with("| # |");
                let links =
                    line.match_indices('#').filter(|(at, _)| *at == 0 || line.as_bytes()[at - 1] != b'&').count();
                prop_assert!(own && links <= 3 || links == 0, "{}", line);
                let tags = [
                    "<!-- omni:plan",
                    "<code>",
                    "</code>",
                    "<details><summary>",
                    "</summary>",
                    "</details>",
                    "<https:",
                ];
                let rest = tags.iter().fold(line.to_owned(), |rest, tag| rest.replace(tag, ""));
                prop_assert!(!rest.contains('<'), "{}", line);
            }
        }
    }
    prop_assert_eq!(fence, None);
    Ok(text)
}

#[test]
fn a_comment_that_does_not_fit_says_what_it_leaves_out() {
    let long = "a".repeat(250);
    for (services, lines, name, said) in [
        (80, 100, "s", "the graph is left out, differences are counted only."),
        (900, 1, "s", "the graph is left out, the differences are left out, only the steps that may hurt are listed."),
        (1_300, 1, long.as_str(), "the steps are left out, not every name is given."),
    ] {
        let plan = large(services, lines, name);
        let text = holds(&plan, &about()).unwrap();
        assert!(text.contains(said), "{services}: {}", &text[text.len().saturating_sub(1_000)..]);
        assert!(text.contains("<https://ci.example/runs/1>"));
        assert!(text.contains(&format!("cannot be taken back**: `service.{name}0`")));
    }
}

#[test]
fn a_command_that_fits_is_never_cut() {
    let plan = large(400, 1, "service-");
    let text = plan_markdown(&plan, &about());
    for change in plan.needing_consent() {
        assert!(text.contains(&format!("--allow-loss {}", change.address)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn no_comment_is_too_long_or_broken(services in 0_usize..120, lines in 0_usize..30, name in "\\PC{0,24}") {
        holds(&large(services, lines, &name), &about())?;
    }

    #[test]
    fn whatever_others_wrote_breaks_no_comment(
        texts in prop::collection::vec("(```|`|\\||@a|#1|<!--|-->|</details>|\n|\r|\u{1b}\\[31m|[a-z*_~\\\\]){0,12}", 8),
    ) {
        let mut plan = plan();
        plan.scope.project.clone_from(&texts[0]);
        plan.scope.environment = Some(texts[1].clone());
        plan.warnings = vec![texts[2].clone()];
        plan.drift[0].summary.clone_from(&texts[3]);
        let mut after = web("1.8.0", 'c');
        let inner = after.container_mut().unwrap();
        inner.environment.insert(texts[4].clone(), texts[5].as_str().into());
        inner.image.reference.clone_from(&texts[6]);
        let address = Address::service(texts[7].clone());
        plan.changes.push(change(address, Action::Create, None, Some(after), vec![Reason::Drift(texts[3].clone())]));
        let about = PullRequest { commit: Some(&texts[2]), valid: Some(&texts[3]), link: Some(&texts[4]), context: 3 };
        holds(&plan, &about)?;
    }
}
