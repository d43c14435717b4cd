use super::*;
use crate::migration::Piece;
use crate::migration::Worth;
use crate::migration::catalogue::{SchemaChange, SchemaDifference};

fn piece(text: &str) -> Piece {
    Piece { path: "1/up.sql".to_owned(), line: 1, text: text.to_owned(), is_bare: false }
}

fn script(name: &str, up: &str, down: Option<&str>) -> Script {
    Script {
        name: name.to_owned(),
        version: name.to_owned(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: piece(up),
        down: down.map(piece),
        verify: None,
    }
}

fn made(name: &str, verdict: Verdict, is_back: bool) -> MigrationProof {
    let digest = digest(&script(name, "", None));
    MigrationProof { verdict, is_back: Some(is_back), ..MigrationProof::not_reached(name, digest, Rows::Kept) }
}

fn lost(name: &str) -> SchemaDifference {
    SchemaDifference {
        kind: "index".to_owned(),
        name: format!("public.users.{name}"),
        change: SchemaChange::Missing,
        text: format!("index {name} is missing"),
        brief: format!("LOSES index {name}"),
    }
}

fn ground() -> Ground {
    Ground { dialect: Dialect::Postgres, major: 15, copied: Copied::Schema, base: Fingerprint::of("base") }
}

fn proof(migrations: Vec<MigrationProof>, batch: Verdict) -> Proof {
    Proof { ground: ground(), migrations, batch, rows: None, place: String::new(), at: Timestamp::UNIX_EPOCH, took: 12 }
}

fn failure(message: &str) -> Failure {
    Failure::new("1/down.sql", 7, message)
}

#[test]
fn a_plan_says_what_a_way_back_is_worth() {
    let differences = vec![lost("a"), lost("b"), lost("c")];
    let said = [
        (Verdict::Exact, "down proven"),
        (Verdict::Lossy { differences: vec![lost("users_email_idx")] }, "down LOSES index users_email_idx"),
        (Verdict::Lossy { differences }, "down LOSES index a, and 2 more"),
        (Verdict::Empty, "down does nothing"),
        (
            Verdict::Fails { failure: failure("table \"t\" does not exist\n(42P01)") },
            "down fails: table \"t\" does not exist (42P01)",
        ),
        (Verdict::NoSchemaChange, "unproven: it changes no schema"),
        (Verdict::NoDown, "no down"),
        (Verdict::NotReached, "unproven"),
    ];
    for (verdict, words) in said {
        assert_eq!(made("1", verdict, true).words(false), words);
    }
}

#[test]
fn a_way_back_that_does_not_bring_the_rows_is_not_proven_without_a_backup() {
    let one = MigrationProof { rows: Rows::Destroyed, ..made("1", Verdict::Exact, true) };
    assert_eq!((one.is_proven(false), one.is_proven(true)), (false, true));
    assert_eq!(one.words(false), "down restores the schema, NOT the rows");
    assert_eq!(one.words(true), "down proven, the rows are in the backup");
    assert!(!made("1", Verdict::NoSchemaChange, true).is_proven(true));
}

#[test]
fn migrations_that_hold_together_are_said_to() {
    let lossy = || Verdict::Lossy { differences: vec![lost("a")] };
    let all = vec![
        made("1", Verdict::Exact, true),
        made("2", lossy(), true),
        made("3", Verdict::Empty, false),
        made("4", Verdict::Exact, true),
    ];
    let proof = proof(all, Verdict::Exact);
    let groups: Vec<Vec<_>> =
        proof.groups().iter().map(|group| group.iter().map(|one| one.migration.as_str()).collect()).collect();
    assert_eq!(groups, [["2", "3"]]);
    assert_eq!(proof.words("3", false), "down does nothing alone; proven together with 2");
    assert_eq!(proof.words("4", false), "down proven");
    assert_eq!(proof.words("5", false), "unproven");
    assert_eq!(proof.batch_words(), "proven as a whole: 2 downs do not hold alone");
}

#[test]
fn a_batch_that_never_comes_back_has_no_groups() {
    let all = vec![made("1", Verdict::Empty, false), made("2", Verdict::Exact, false)];
    assert!(proof(all, Verdict::Empty).groups().is_empty());
}

#[test]
fn a_verdict_follows_from_what_differs() {
    let order = SchemaDifference { kind: "column order".to_owned(), ..lost("a") };
    let of = |differences, changed, moved| Verdict::of(differences, changed, moved).word();
    assert_eq!(of(vec![], true, true), "exact");
    assert_eq!(of(vec![], false, false), "no_schema_change");
    assert_eq!(of(vec![lost("a")], true, false), "empty");
    assert_eq!(of(vec![lost("a")], true, true), "lossy");
    assert_eq!(of(vec![lost("a")], false, true), "lossy");
    assert_eq!(of(vec![order.clone()], true, true), "column_order");
    assert_eq!(of(vec![order, lost("a")], true, true), "lossy");
}

#[test]
fn a_key_holds_for_scripts_and_ground() {
    let scripts = [script("1", "create", Some("drop"))];
    let key = Proof::key(&scripts, &ground());
    assert_eq!(key, Proof::key(&scripts.clone(), &ground()));
    let others = [
        (script("2", "create", Some("drop")), ground()),
        (script("1", "create ", Some("drop")), ground()),
        (script("1", "create", None), ground()),
        (scripts[0].clone(), Ground { major: 16, ..ground() }),
        (scripts[0].clone(), Ground { copied: Copied::Data, ..ground() }),
        (scripts[0].clone(), Ground { base: Fingerprint::of("other"), ..ground() }),
    ];
    for (script, ground) in others {
        assert_ne!(key, Proof::key(&[script], &ground));
    }
}

#[test]
fn a_missing_extension_is_read_from_what_the_server_says() {
    let by_name = failure("extension \"vector\" is not available (0A000)");
    let by_file = failure("could not open extension control file \"/usr/share/vector.control\": No such file (58P01)");
    for failure in [by_name, by_file] {
        assert_eq!(failure.missing_extension.as_deref(), Some("vector"));
        assert_eq!(failure.to_string(), "needs the extension `vector`, which the server lacks");
    }
    assert_eq!(failure("extension \"vector\" already exists").missing_extension, None);
}

#[test]
fn one_bad_place_in_the_middle_decides() {
    let prefix = |done, verdict, rows| Prefix { done, of: 3, line: 1, verdict, rows };
    let one = |prefixes| MigrationProof { prefixes: Some(prefixes), ..made("1", Verdict::Exact, true) };
    let good = one(vec![prefix(1, Verdict::Exact, None), prefix(2, Verdict::Exact, Some(Vec::new()))]);
    assert_eq!(good.words(false), "down proven, from the middle too");
    assert!(good.is_proven(false) && good.worth() == Worth::Proven);
    let bad = one(vec![prefix(1, Verdict::Exact, None), prefix(2, Verdict::Fails { failure: failure("no") }, None)]);
    assert_eq!(bad.words(false), "down proven; NOT from the middle: after 2 of 3 units, down fails: no");
    assert_eq!(bad.worth().to_string(), "down NOT proven from the middle: after 2 of 3 units, down fails: no");
    assert!(!bad.is_proven(true) && !bad.worth().is_trusted() && bad.worth().is_trusted_at_the_end());
    // An apply takes no other order of columns for the schema before.
    let bad = one(vec![prefix(1, Verdict::ColumnOrder { differences: vec![lost("a")] }, None)]);
    assert!(!bad.worth().is_trusted());
    let rows = RowChange { table: "users".to_owned(), column: None, before: 2, after: 1 };
    let bad = one(vec![prefix(1, Verdict::Exact, Some(vec![rows]))]);
    assert_eq!(
        bad.words(false),
        "down proven; NOT from the middle: after 1 of 3 units, down does NOT bring back 1 of 2 rows of users"
    );
    // A way back that does not hold as a whole is told as that.
    let lossy = MigrationProof { prefixes: bad.prefixes, ..made("1", Verdict::Empty, false) };
    assert_eq!((lossy.words(false).as_str(), lossy.worth()), ("down does nothing", Worth::Nothing));
}

#[test]
fn a_proof_is_kept_as_json() {
    let one = MigrationProof {
        redo: Some(Redo::Fails { failure: failure("it exists") }),
        prefixes: Some(vec![Prefix { done: 1, of: 2, line: 3, verdict: Verdict::Exact, rows: None }]),
        ..made("1", Verdict::Lossy { differences: vec![lost("a")] }, false)
    };
    let proof = proof(vec![one], Verdict::Fails { failure: failure("no") });
    let json = serde_json::to_string(&proof).unwrap();
    assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), proof);
    assert!(json.contains(r#""verdict":{"verdict":"lossy","differences":[{"kind":"index""#), "{json}");
}
