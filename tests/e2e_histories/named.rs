//! Histories that are not as their files say: what the plan says of them, and what it does.

use omni::migration::Layout;
use serde_json::Value;

use crate::base::House;
use crate::case::{Case, each};
use crate::files::{STEPS, Step};

#[test]
fn a_file_whose_history_is_not_as_its_scripts_say_is_told_so() {
    each(&House::Files, odd);
}

/// What a plan warns of, as one text.
fn warnings(case: &Case<'_>) -> String {
    let output = case.command(&["plan", "--json"]).output().unwrap();
    let plan: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{case}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
    plan["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

async fn odd(case: Case<'_>) {
    case.write(&base_steps(), false);
    case.apply("v1");
    let before = case.now().await;
    edited(&case);
    missing(&case);
    out_of_order(&case);
    case.is_as(&before, "after plans").await;
    half(&case).await;
}

/// Three, whose last does not need the one that comes late.
fn base_steps() -> [Step; 3] {
    let (up, verify) = ("CREATE VIEW dues AS SELECT id FROM notes;\n", "SELECT id FROM dues WHERE 1 = 0;\n");
    [STEPS[0], STEPS[1], Step { up, verify, ..STEPS[3] }]
}

/// Tools that keep a checksum tell, and the release does where they keep none; sqlx and Flyway refuse to go on.
fn edited(case: &Case<'_>) {
    let mut steps = base_steps();
    steps[1].up = "CREATE TABLE tags (id INTEGER PRIMARY KEY, note INTEGER NOT NULL);\n";
    case.write(&steps, false);
    let address = format!("migration.shop.{}", steps[1].name(case.layout));
    match case.layout {
        Layout::Sqlx | Layout::Flyway => {
            let refused = case.ends(&["plan"], 4);
            assert!(refused.text.contains("error[omni::plan::edited]"), "{case}: {}", refused.text);
            assert!(refused.text.contains(&address), "{case}: {}", refused.text);
        }
        _ => {
            let said = warnings(case);
            assert!(said.contains(&format!("{address} was edited after it was applied")), "{case}: {said}");
        }
    }
    case.write(&base_steps(), false);
    assert_eq!(warnings(case), "", "{case}");
}

/// The file of the newest is gone.
fn missing(case: &Case<'_>) {
    case.write(&base_steps()[..2], false);
    let said = warnings(case);
    assert!(said.contains("is applied, and has no script here"), "{case}: {said}");
    assert_eq!(case.pending(), [""; 0], "{case}");
    case.write(&base_steps(), false);
}

/// One comes whose number is below that of one that is applied. golang-migrate can never tell.
fn out_of_order(case: &Case<'_>) {
    let [first, second, last] = base_steps();
    case.write(&[first, second, STEPS[2], last], false);
    if case.layout == Layout::GolangMigrate {
        assert_eq!(case.pending(), [""; 0], "{case}");
    } else {
        assert_eq!(case.pending(), case.names(&STEPS[2..3]), "{case}");
        let said = warnings(case);
        let wanted = format!("migration.shop.{} runs after later ones", STEPS[2].name(case.layout));
        assert!(said.contains(&wanted), "{case}: {said}");
    }
    case.write(&base_steps(), false);
}

/// The tool itself was cut off in the middle of one.
async fn half(case: &Case<'_>) {
    let broken = match case.layout {
        Layout::Prisma => "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%_dues'",
        Layout::Sqlx => "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 20260301000004",
        Layout::GolangMigrate => "UPDATE schema_migrations SET dirty = TRUE",
        Layout::Flyway => "UPDATE flyway_schema_history SET success = FALSE WHERE version = '4'",
        // These tell nothing by their tables.
        Layout::Dbmate | Layout::Diesel | Layout::Goose | Layout::Sqitch => return,
    };
    case.base.run(broken).await;
    let refused = case.ends(&["plan"], 4);
    let wanted = format!("migration.shop.{}", STEPS[3].name(case.layout));
    assert!(refused.text.contains("error[omni::plan::half_applied]"), "{case}: {}", refused.text);
    assert!(refused.text.contains(&wanted), "{case}: {}", refused.text);
}
