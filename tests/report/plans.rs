//! Screens of plans.

use omni::address::Address;
use omni::plan::{Action, Drift, Purpose, Reason, Turn};
use omni::report::{PullRequest, Style, plan_json, plan_markdown, plan_text};
use omni::resource::{Difference, Shown};

use crate::support::{change, empty_plan, known, plan, web, wide, worker};

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

/// What cannot be wrapped: values, names and a command, each of which is read or copied as one.
const WIDE_VALUES: [&str; 5] = [
    "~ configs./etc/nginx/conf.d/upstreams-of-the-shop.conf.mode",
    "[\"work\", \"--queue\", \"mail\", \"--queue\", \"orders\", \"--verbose\", \"--retries\", \"5\"]",
    "\"redis://cache.internal.example.com:6379/0?timeout=5s&pool=50&name=a-very-long-name\"",
    "[\"server\", \"--listen\", \"0.0.0.0:8080\", \"--log\", \"json\", \"--workers\", \"sixteen\"]",
    "omni apply 'plans/of a release with a long name.omni' --allow-loss job.migrate",
];

const LONG_REASONS: [&str; 3] = [
    "not as recorded: shop-prod-checkout-1 exited with code 137",
    "volume `data` takes one writer at a time and host port 9100 is fixed: the old one must stop first",
    "the record was read from the labels on the engine: this store has none, or an older one",
];

/// A plan with everything that can be long.
fn rich() -> omni::plan::Plan {
    let mut plan = plan();
    let reasons = vec![
        Reason::Spec,
        Reason::Drift("shop-prod-checkout-1 exited with code 137".to_owned()),
        Reason::OldFirst("volume `data` takes one writer at a time and host port 9100 is fixed".to_owned()),
    ];
    let mut checkout = change(
        Address::service("checkout"),
        Action::Replace(Turn::OldFirst),
        Some(worker("50", "5ec1", "", "orders")),
        Some(web("1.8.0", 'c')),
        reasons,
    );
    let text = |text: &str| Some(Shown::Text(text.to_owned()));
    let shown = |path: &str, before, after| Difference { path: path.to_owned(), before, after };
    checkout.differences.extend([
        shown("environment.CACHE_URL", None, text(WIDE_VALUES[2].trim_matches('"'))),
        shown("environment.REGION", text("eu-central-1"), text("eu-west-3")),
        shown("configs./etc/nginx/conf.d/upstreams-of-the-shop.conf.mode", text("0440"), text("0444")),
        shown("command", None, text(WIDE_VALUES[3])),
    ]);
    let asked = vec![Reason::Drift("shop-prod-worker-7 exited with code 1".to_owned())];
    let same = Some(web("1.7.2", '9'));
    plan.changes.push(checkout);
    plan.changes.push(change(Address::service("mail"), Action::Update, same.clone(), same, asked));
    plan.drift.push(Drift {
        address: Address::service("checkout"),
        differences: vec![shown("environment.REGION", text("eu-central-1"), text("us-east-2"))],
        schema: Vec::new(),
        summary: "shop-prod-checkout-1 exited with code 137, environment.REGION".to_owned(),
    });
    plan.warnings.push(LONG_REASONS[2].to_owned());
    plan
}

#[test]
fn at_every_width_words_stay_whole_and_lines_fit() {
    let plan = rich();
    for width in 40..=200 {
        for full in [false, true] {
            let style = Style { width, full, ..wide() };
            let text = plan_text(&plan, Some("plans/of a release with a long name.omni"), &style);
            for line in text.lines() {
                let columns = line.chars().count();
                let is_one_value = WIDE_VALUES.contains(&line.trim());
                assert!(columns <= usize::from(width) || is_one_value, "{columns} of {width}: `{line}` in\n{text}");
            }
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for reason in LONG_REASONS {
                assert!(words.contains(reason), "at {width}: `{reason}` is broken in\n{text}");
            }
        }
    }
}

#[test]
fn a_plan_on_the_narrowest_terminal() {
    insta::assert_snapshot!(known(&plan_text(&plan(), Some("v1.8.0.omni"), &Style { width: 40, ..wide() })));
}
