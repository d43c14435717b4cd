//! Plan files that somebody edited: refused, or read as the very same plan; never another one, never a crash.

use omni::plan::{Plan, PlanFile, PlanFileError};
use omni::spec::Written;

use crate::mutator::Dice;
use crate::support::{at, change, plan, plan_of, web};

fn written() -> Written {
    let text = omni::fingerprint::Fingerprint::of("text");
    let variables = serde_json::json!({ "LOG_LEVEL": "0123456789ab", "UNSET": null });
    serde_json::from_value(serde_json::json!({ "text": text, "variables": variables })).expect("what was read")
}

/// A plan file of a plan, and its text.
pub(crate) fn kept(plan: Plan) -> (PlanFile, String) {
    let target = [omni::address::Address::service("web")];
    let file = PlanFile::new(plan, at("2026-11-22T07:31:00Z"), &target, &[], written());
    let text = file.to_text();
    (file, text)
}

/// A plan with one change, so that every byte of it can be edited.
fn small() -> Plan {
    let address = omni::address::Address::service("web");
    let (before, after) = (Some(web("1.7.2", '9')), Some(web("1.8.0", 'c')));
    let reasons = vec![omni::plan::Reason::Spec];
    plan_of(vec![change(address, omni::plan::Action::Update, before, after, reasons)], vec![])
}

/// The text without blanks between its tokens: all that an editor may change.
fn tokens(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    text.chars()
        .filter(|c| {
            let is_token = quoted || !matches!(c, ' ' | '\n' | '\r' | '\t');
            (quoted, escaped) = (quoted ^ (*c == '"' && !escaped), quoted && *c == '\\' && !escaped);
            is_token
        })
        .collect()
}

/// Whether an edited file is refused, or says the same; otherwise what it is read as.
fn judge(edited: &str, whole: &PlanFile, text: &str) -> Result<bool, String> {
    match PlanFile::read("plan.json", edited) {
        Err(_) => Ok(false),
        Ok(file) if file == *whole && tokens(edited) == tokens(text) => Ok(true),
        Ok(file) if file == *whole => Err("it says something else and is read as the same plan".to_owned()),
        Ok(_) => Err("it is read as another plan".to_owned()),
    }
}

#[test]
fn every_edit_of_one_byte_is_refused_or_changes_nothing() {
    let (whole, text) = kept(small());
    let mut dice = Dice::new(1, 1);
    let (mut cells, mut same, mut violations) = (0, 0, Vec::new());
    for at in 0..text.len() {
        let mut flipped = text.clone().into_bytes();
        flipped[at] ^= 1 << dice.below(7);
        let mut deleted = text.clone().into_bytes();
        deleted.remove(at);
        let mut inserted = text.clone().into_bytes();
        inserted.insert(at, *dice.one(b"\0\x1b \n\"\\{}[],:-+.eE019aAfFnultr/"));
        for (how, bytes) in [("flipped", flipped), ("deleted", deleted), ("inserted", inserted)] {
            cells += 1;
            // What is no UTF-8 is refused where the file is read.
            let Ok(edited) = String::from_utf8(bytes) else { continue };
            match judge(&edited, &whole, &text) {
                Ok(is_same) => same += usize::from(is_same),
                Err(wrong) => violations.push(format!("byte {at} {how}: {wrong}")),
            }
        }
    }
    println!("edited plan files: {cells} cells, {} violations, 0 stuck ({same} said the same)", violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(cells > 5_000 && same > 100 && same * 2 < cells, "{same} of {cells} edits changed nothing");
}

#[test]
fn a_key_that_stands_twice_is_refused_wherever_it_stands() {
    let (whole, text) = kept(plan());
    let mut tried = 0;
    for (at, line) in text.lines().enumerate().filter(|(_, line)| line.contains("\": ")) {
        let key = line.split(": ").next().expect("a key");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.insert(at, format!("{key}: null,"));
        let edited = lines.join("\n");
        assert!(!judge(&edited, &whole, &text).expect("no other plan"), "line {at}: {key}");
        tried += 1;
    }
    assert!(tried > 100, "{tried} keys");
}

#[test]
fn what_is_no_plan_file_is_refused() {
    let (_, text) = kept(plan());
    let deep = |open: &str| format!("{{\"format\": \"omni.plan-file/1\", \"plan\": {}", open.repeat(50_000));
    let texts = [
        String::new(),
        "\u{feff}".to_owned() + &text,
        text.clone() + &text,
        text.clone() + "\0",
        "[]".to_owned(),
        "{}".to_owned(),
        "null".to_owned(),
        "1".repeat(100_000),
        deep("["),
        deep("{\"a\":"),
        text.replace("omni.plan-file/1", "omni.plan-file/2"),
        text.replace("omni.plan-file/1", "\\u001b[31m"),
        text.replacen("\"id\"", "\"\\u0069d\"", 1),
    ];
    for broken in texts {
        let error = PlanFile::read("plan.json", &broken).expect_err("it is refused");
        assert!(error.to_string().chars().count() < 300, "{error}");
    }
    let other = text.replace("omni.plan-file/1", "omni.plan-file/2\\u001b[31m");
    match PlanFile::read("plan.json", &other) {
        Err(PlanFileError::OtherFormat { found, .. }) => assert_eq!(found, "omni.plan-file/2"),
        other => panic!("{other:?}"),
    }
    for end in (0..text.len() - 1).step_by(97) {
        assert!(PlanFile::read("plan.json", &text[..text.floor_char_boundary(end)]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_plan_whose_edges_lead_nowhere_is_refused_though_it_is_sealed() {
    for edge in [(0, 99), (99, 0), (u32::MAX, u32::MAX)] {
        let mut forged = plan();
        forged.edges.push(edge);
        let (_, text) = kept(forged);
        assert!(matches!(PlanFile::read("plan.json", &text), Err(PlanFileError::Edited(_))), "{edge:?}");
    }
}

#[test]
fn another_layout_is_the_same_plan() {
    let (whole, text) = kept(plan());
    for layout in [tokens(&text), text.replace('\n', "\r\n"), text.replace("  ", "\t")] {
        assert_eq!(PlanFile::read("plan.json", &layout).expect("the same plan"), whole);
    }
}
