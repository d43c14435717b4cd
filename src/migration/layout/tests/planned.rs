//! Sqitch.

use super::{names, one, problem, problems, read, versions};
use crate::migration::Layout::Sqitch;

const SIGNED: &str = "2026-01-31T12:00:00Z Ann <ann@example.com>";

/// A plan of these lines; `…` stands for a date and a planner.
fn plan(lines: &str) -> String {
    format!("%syntax-version=1.0.0\n%project=shop\n\n{}\n", lines.replace('…', SIGNED))
}

#[test]
fn without_a_plan_paths_say_the_order() {
    let files = [
        ("deploy/b.sql", "b"),
        ("deploy/a/z.sql", "z"),
        ("revert/b.sql", "-b"),
        ("verify/b.sql", "?b"),
        ("revert/gone.sql", ""),
        ("sqitch.conf", ""),
    ];
    let scripts = read(Sqitch, &files);
    assert_eq!(names(&scripts), ["a/z", "b"]);
    assert_eq!(scripts[0].down, None);
    assert_eq!(scripts[1].down.as_ref().map(|down| down.text.as_str()), Some("-b"));
    assert_eq!(scripts[1].verify.as_ref().map(|verify| verify.text.as_str()), Some("?b"));
    assert_eq!(
        scripts[1].checksum.as_deref(),
        Some("3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d")
    );
}

#[test]
fn the_plan_says_the_order() {
    let text = plan("+zoo … # first\nant [zoo shop:zoo] …\n# a note\n@v1 … # tagged\nbee [ant@v1 @v1] …");
    let files = [
        ("sqitch.plan", &*text),
        ("deploy/ant.sql", ""),
        ("deploy/bee.sql", ""),
        ("deploy/zoo.sql", ""),
        ("deploy/other.sql", ""),
    ];
    assert_eq!(names(&read(Sqitch, &files)), ["zoo", "ant", "bee"]);
}

#[test]
fn a_reworked_change_keeps_its_name_when_its_file_does_not() {
    let before = plan("users …\n@v1 …");
    let files = [("sqitch.plan", &*before), ("deploy/users.sql", "one"), ("revert/users.sql", "-one")];
    let first = one(Sqitch, &files);
    let after = plan("users …\n@v1 …\nother …\n@v2 …\nusers [users@v1] …\n@v3 …");
    let files = [
        ("sqitch.plan", &*after),
        ("deploy/other.sql", ""),
        ("deploy/users.sql", "two"),
        ("deploy/users@v2.sql", "one"),
        ("revert/users.sql", "-two"),
        ("revert/users@v2.sql", "-one"),
    ];
    let scripts = read(Sqitch, &files);
    assert_eq!(versions(&scripts), ["users", "other", "users:2"]);
    assert_eq!((&scripts[0].version, &scripts[0].checksum), (&first.version, &first.checksum));
    let downs: Vec<_> = scripts.iter().map(|script| script.down.as_ref().map(|down| down.text.as_str())).collect();
    assert_eq!(downs, [Some("-one"), None, Some("-two")]);
}

#[test]
fn what_the_plan_asks_for_in_vain_is_refused() {
    let cases = [
        ("a …\na …", "line 5: `a` stands here again without a tag in between"),
        ("a [!b] …", "line 4: `!b` is a conflict, which omni does not follow"),
        ("a [core:b] …", "line 4: `core:b` is a change of another project, which omni does not know"),
        ("a [b] …", "line 4: `b` is needed here, and does not stand before"),
        ("a [@v9] …", "line 4: `@v9` is needed here, and does not stand before"),
        ("a", "line 4: `a` is no line of a plan: its date or its planner is missing"),
        ("-a …", "line 4: `-a` takes a change back within the plan, which omni does not"),
    ];
    for (lines, shown) in cases {
        let text = plan(lines);
        let found = problems(Sqitch, &[("sqitch.plan", &text), ("deploy/a.sql", "")]);
        assert!(found.iter().any(|found| found.to_string() == format!("`sqitch.plan`, {shown}")), "{found:?}");
    }
    let text = plan("a …");
    assert_eq!(problem(Sqitch, &[("sqitch.plan", &text)]), "`deploy/a.sql`: the file is missing");
}

#[test]
fn commands_of_psql_are_refused() {
    let files = [("deploy/a.sql", "BEGIN;\n  \\set x 1\nCOMMIT;\n"), ("revert/a.sql", "SELECT E'\\n';\n\\.\n")];
    assert_eq!(
        problem(Sqitch, &files),
        "`deploy/a.sql`, line 2: `\\set x 1` is a command of psql, which no database takes"
    );
}
