//! Screens of plans with migrations: what each of them does, what its way back is worth, what is lost.

use omni::address::{Address, Kind};
use omni::fingerprint::Fingerprint;
use omni::migration::sql::Analysis;
use omni::migration::{Dialect, Worth};
use omni::plan::{Action, Change, Class, Inverse, Phase, Plan, Reason, Told};
use omni::report::{PullRequest, Style, plan_json, plan_markdown, plan_text};
use omni::resource::{Migration, Nature, Proof, Prove, Resource, Sheet};

use crate::support::{change, plan_of, wide};

fn sheet(name: &str, end: &str, text: &str) -> Sheet {
    Sheet {
        path: format!("{name}.{end}.sql"),
        line: 1,
        content: Fingerprint::of(text),
        is_bare: false,
        nature: Nature::of(&Analysis::of(Dialect::Postgres, text)),
    }
}

fn migration(name: &str, text: &str, worth: Worth, class: Class, inverse: Inverse) -> Change {
    let resource = Resource::Migration(Box::new(Migration {
        database: "shop".to_owned(),
        version: name[..4].to_owned(),
        description: name[5..].replace('_', " "),
        checksum: None,
        equal: Vec::new(),
        up: sheet(name, "up", text),
        down: Some(sheet(name, "down", "SELECT 1")),
        verify: None,
        previous: None,
        backup: true,
        one_way: None,
    }));
    let address = Address::migration("shop", name);
    Change {
        class,
        inverse,
        phase: Phase::Build,
        differences: Vec::new(),
        worth: Some(worth),
        statements: Told::of(&Analysis::of(Dialect::Postgres, text)),
        ..change(address, Action::Run, None, Some(resource), vec![Reason::New])
    }
}

fn plan() -> Plan {
    let changes = vec![
        migration(
            "0042_add_email_verified",
            "ALTER TABLE users\n  ADD COLUMN email_verified boolean NOT NULL DEFAULT false;\n\
             CREATE INDEX users_email_idx ON users (email);",
            Worth::Proven,
            Class::Reversible,
            Inverse::RunDown,
        ),
        migration(
            "0043_rename_owner",
            "ALTER TABLE orders RENAME COLUMN owner TO customer;",
            Worth::Loses(vec!["LOSES index orders_owner_idx".to_owned(), "LEAVES view late behind".to_owned()]),
            Class::Lossy,
            Inverse::Restore,
        ),
        migration(
            "0044_drop_legacy_email",
            "ALTER TABLE users DROP COLUMN legacy_email;",
            Worth::SchemaOnly,
            Class::Lossy,
            Inverse::Restore,
        ),
    ];
    plan_of(changes, vec![(0, 1), (1, 2)])
}

/// The same with the proof that stands before it.
fn proven() -> Plan {
    let mut changes = plan().changes;
    let address = Address::new(Kind::Proof, "shop");
    let resource = Resource::Proof(Proof { database: "shop".to_owned(), prove: Prove::Schema });
    let proves = changes.iter().map(|change| (change.address.clone(), Worth::Unproven)).collect();
    let step = change(address, Action::Run, None, Some(resource), vec![Reason::BeforeMigration]);
    for change in &mut changes {
        change.worth = Some(Worth::Unproven);
    }
    let (class, inverse) = (Class::Reversible, Inverse::Nothing);
    changes.insert(0, Change { proves, class, inverse, differences: Vec::new(), ..step });
    plan_of(changes, vec![(0, 1), (1, 2), (2, 3)])
}

#[test]
fn a_proof_stands_before_the_migrations() {
    let plan = proven();
    let text = plan_text(&plan, None, &wide());
    let row = text.lines().find(|line| line.contains("proof.shop")).expect("it has a row");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>().join(" "), "1 > proof.shop tries 3 ways back -");
    assert!(text.contains("> proof.shop            before the migrations"), "{text}");
    let markdown = plan_markdown(&plan, &PullRequest::default());
    assert!(markdown.contains("proof.shop") && markdown.contains("tries 3 ways back"), "{markdown}");
    let document: serde_json::Value = serde_json::from_str(&plan_json(&plan)).expect("JSON");
    let steps = &document["steps"];
    assert_eq!((&steps[0]["action"], &steps[0]["class"]), (&"run".into(), &"reversible".into()));
    assert_eq!(steps[0]["proves"].as_array().map(Vec::len), Some(3));
    assert_eq!(steps[0]["proves"][0], "migration.shop.0042_add_email_verified");
    assert_eq!((&steps[1]["proves"], &steps[1]["requires"][0]), (&serde_json::Value::Null, &1.into()));
}

fn known(drawn: &str) -> String {
    let id = plan().id();
    drawn.replace(&id.to_string(), "7c1e44d0").replace(&id.spoken(), "7c1e-44d0")
}

#[test]
fn migrations_at_three_widths() {
    for width in [60, 80, 120] {
        let text = plan_text(&plan(), None, &Style { width, ..wide() });
        let fits = |line: &&str| line.chars().count() <= usize::from(width) || line.contains("omni apply");
        assert!(text.lines().all(|line| fits(&line)), "at {width}:\n{text}");
        insta::assert_snapshot!(format!("migrations_at_{width}"), known(&text));
    }
}

#[test]
fn migrations_in_a_comment() {
    insta::assert_snapshot!(known(&plan_markdown(&plan(), &PullRequest::default())));
}

#[test]
fn migrations_for_programs() {
    let document: serde_json::Value = serde_json::from_str(&plan_json(&plan())).expect("JSON");
    let step = &document["steps"][1];
    assert_eq!(step["worth"]["trusted"], false);
    assert_eq!(step["worth"]["text"], "down LOSES index orders_owner_idx, LEAVES view late behind");
    assert_eq!(document["steps"][2]["statements"][0]["destroys"], true);
    assert_eq!(document["steps"][0]["statements"][1]["cost"], "lock: SHARE, reads the whole table");
    assert_eq!(document["needs_consent"].as_array().map(Vec::len), Some(2));
}
