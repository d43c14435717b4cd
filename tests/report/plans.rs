//! Screens of plans.

use omni::plan::Purpose;
use omni::report::{PullRequest, Style, plan_json, plan_markdown, plan_text};
use omni::resource::{Difference, Shown};

use crate::support::{empty_plan, known, plan, wide};

#[test]
fn a_plan_on_a_wide_terminal() {
    insta::assert_snapshot!(known(&plan_text(&plan(), Some("v1.8.0.omni"), &wide())));
}

#[test]
fn a_plan_on_a_narrow_terminal_without_unicode() {
    let style = Style { width: 64, unicode: false, ..wide() };
    let text = plan_text(&plan(), Some("v1.8.0.omni"), &style);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(known(&text));
}

#[test]
fn a_plan_in_colour() {
    let text = plan_text(&plan(), None, &Style { colour: true, ..wide() });
    insta::assert_snapshot!(known(&text).escape_debug().to_string().replace("\\n", "\n"));
}

#[test]
fn a_plan_in_full() {
    insta::assert_snapshot!(known(&plan_text(&plan(), None, &Style { full: true, context: 1, ..wide() })));
}

#[test]
fn colour_never_carries_meaning_alone() {
    let coloured = plan_text(&plan(), None, &Style { colour: true, ..wide() });
    let bare: String = coloured.lines().map(|line| omni::plain::plain(line) + "\n").collect();
    assert_eq!(bare, plan_text(&plan(), None, &wide()));
}

#[test]
fn an_empty_plan() {
    insta::assert_snapshot!(plan_text(&empty_plan(), None, &wide()), @r"
    No changes. shop/prod is at release 41 (v1.7.2).
    What runs is what was recorded: no drift.
    ");
}

#[test]
fn a_rollback_names_where_it_goes() {
    let mut plan = plan();
    plan.purpose = Purpose::Rollback(39);
    plan.tag = "v1.7.0".to_owned();
    let text = plan_text(&plan, None, &wide());
    assert!(text.starts_with("shop/prod   back to release 39 (v1.7.0)   spec "), "{text}");
    assert!(text.ends_with("Apply this plan:  omni rollback --to v1.7.0 --allow-loss job.migrate\n"), "{text}");
}

#[test]
fn a_plan_for_programs() {
    insta::assert_snapshot!(known(&plan_json(&plan())));
}

#[test]
fn a_plan_never_shows_a_secret_nor_its_mark() {
    for text in [plan_text(&plan(), None, &Style { full: true, ..wide() }), plan_json(&plan())] {
        for mark in ["5ec1", "5ec2", "feed", "${"] {
            assert!(!text.contains(mark), "{mark} in {text}");
        }
    }
}

#[test]
fn a_text_that_becomes_a_secret_is_one_already() {
    let mut plan = plan();
    let difference = Difference {
        path: "environment.PASSWORD".to_owned(),
        before: Some(Shown::Text("hunter2".to_owned())),
        after: Some(Shown::Secret),
    };
    let back = Difference { before: difference.after.clone(), after: difference.before.clone(), ..difference.clone() };
    plan.drift[0].differences = vec![back.clone()];
    plan.changes[4].differences = vec![difference, back];
    let texts = [plan_text(&plan, None, &wide()), plan_json(&plan), plan_markdown(&plan, &PullRequest::default())];
    for text in texts {
        assert!(!text.contains("hunter2") && text.contains("environment.PASSWORD"), "{text}");
    }
}
