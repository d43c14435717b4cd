//! What the fuzz targets begin with: plan files and rows as omni writes them. `OMNI_SEEDS=FOLDER` writes them there.

use std::path::Path;

use omni::journal::{Cause, LeftBehind, Outcome, Record};
use omni::plan::{Plan, PlanFile};
use omni::release::Release;
use serde::Serialize;

use crate::plan_files::kept;
use crate::support::{empty_plan, fault, held, nodes, plan, release, unwound};
use crate::targets;

fn line<T: Serialize>(row: &T) -> String {
    serde_json::to_string(row).expect("a row is plain data")
}

fn rows() -> Vec<(&'static str, String)> {
    let [image, _, _, worker] = nodes();
    let left = vec![LeftBehind { node: worker.clone(), fault: Some(fault()) }];
    let outcomes = [
        Outcome::Applied,
        Outcome::Interrupted,
        Outcome::Unwound(Cause::Failed(worker.clone())),
        Outcome::Stuck { cause: Cause::Interrupted("SIGTERM".to_owned()), left },
    ];
    let outcomes: Vec<_> = outcomes.iter().map(line).collect();
    let journal = |records: &[Record]| {
        let lines: Vec<_> = std::iter::once(line(&plan())).chain(records.iter().map(line)).collect();
        format!("apply\n{}", lines.join("\n"))
    };
    let lost = [Record::Intent { node: image }, Record::Unknown { node: worker, fault: fault() }];
    vec![
        ("past", format!("past\n{}", outcomes.join("\n"))),
        ("lock", format!("lock\n{}", line(&held()))),
        ("release", format!("release\n{}\n{}", line(&release(1, "v1")), line(&release(2, "v2")))),
        ("unwound", journal(&unwound())),
        ("open", journal(&unwound()[..7])),
        ("lost", journal(&lost)),
    ]
}

#[test]
fn the_fuzz_targets_begin_with_what_omni_writes() {
    let (_, file) = kept(plan());
    let plans = [("file", file), ("plan", line(&plan())), ("empty", line(&empty_plan()))];
    let rows = rows();
    #[expect(clippy::disallowed_methods, reason = "the folder comes from outside")]
    if let Ok(folder) = std::env::var("OMNI_SEEDS") {
        let (plan_file, row) = (Path::new(&folder).join("plan_file"), Path::new(&folder).join("rows"));
        for (folder, seeds) in [(plan_file, &plans[..]), (row, &rows[..])] {
            std::fs::create_dir_all(&folder).expect("a folder of seeds");
            for (name, text) in seeds {
                std::fs::write(folder.join(name), text).expect("a seed");
            }
        }
    }
    for (_, text) in &plans {
        targets::plan_file(text);
    }
    for (_, text) in &rows {
        targets::rows(text);
    }
    targets::spec(include_str!("../../deploy.toml"));
    PlanFile::read("plan.json", &plans[0].1).expect("a plan file");
    serde_json::from_str::<Plan>(&plans[1].1).expect("a plan");
    let of = |name: &str| {
        let (_, text) = rows.iter().find(|(known, _)| *known == name).expect("a row of this name");
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(of("release").iter().all(|line| serde_json::from_str::<Release>(line).is_ok()));
    assert!(of("unwound")[1..].iter().all(|line| serde_json::from_str::<Record>(line).is_ok()));
    assert!(of("past").iter().all(|line| serde_json::from_str::<Outcome>(line).is_ok()));
}
