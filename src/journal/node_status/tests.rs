//! The whole algebra as a table, held against the code and against docs/journal.md.

use super::*;
use crate::journal::{Cause, Effect, FaultReport};

use NodeStatus::{Doing, Done, Failed, Left, Undoing, Undone, Unknown, Waiting};

const STATUSES: [NodeStatus; 8] = [Waiting, Doing, Done, Failed, Unknown, Undoing, Undone, Left];

/// The whole algebra: a line per status, a column per record in the order of `records`.
#[rustfmt::skip]
const TABLE: [(NodeStatus, [Option<NodeStatus>; 8]); 8] = [
    //         intent       done        failed        unknown        undo intent    undone        undo failed  unwinding
    (Waiting, [Some(Doing), None,       None,         None,          None,          None,         None,       Some(Waiting)]),
    (Doing,   [None,        Some(Done), Some(Failed), Some(Unknown), None,          None,         None,       Some(Doing)]),
    (Done,    [None,        None,       None,         None,          Some(Undoing), None,         None,       Some(Done)]),
    (Failed,  [Some(Doing), None,       None,         None,          Some(Undoing), None,         None,       Some(Failed)]),
    (Unknown, [Some(Doing), None,       None,         None,          Some(Undoing), None,         None,       Some(Unknown)]),
    (Undoing, [None,        None,       None,         None,          Some(Undoing), Some(Undone), Some(Left), Some(Undoing)]),
    (Undone,  [None,        None,       None,         None,          None,          None,         None,       Some(Undone)]),
    (Left,    [None,        None,       None,         None,          Some(Undoing), None,         None,       Some(Left)]),
];

fn records() -> [(&'static str, Record); 8] {
    let node = Address::service("web");
    let fault = FaultReport { message: "no".into(), help: None, log: Vec::new() };
    [
        ("intent", Record::Intent { node: node.clone() }),
        ("done", Record::Done { node: node.clone(), effect: Effect::default() }),
        ("failed", Record::Failed { node: node.clone(), fault: fault.clone() }),
        ("unknown", Record::Unknown { node: node.clone(), fault: fault.clone() }),
        ("undo intent", Record::UndoIntent { node: node.clone() }),
        ("undone", Record::Undone { node: node.clone(), effect: Effect::default() }),
        ("undo failed", Record::UndoFailed { node, fault }),
        ("unwinding", Record::Unwinding { cause: Cause::Recovered }),
    ]
}

#[test]
fn the_table_covers_every_status() {
    assert_eq!(TABLE.map(|(status, _)| status), STATUSES);
}

#[test]
fn every_record_after_every_status_is_as_the_table_says() {
    for (status, line) in TABLE {
        for ((name, record), expected) in records().into_iter().zip(line) {
            match (status.after(&record), expected) {
                (Ok(next), Some(expected)) => assert_eq!(next, expected, "{name} after {status:?}"),
                (Err(illegal), None) => {
                    let told = IllegalRecord::OutOfTurn { node: Address::service("web"), record: name, status };
                    assert_eq!(illegal, told);
                }
                (got, expected) => panic!("{name} after {status:?}: {got:?}, and not {expected:?}"),
            }
        }
    }
}

#[test]
fn a_record_out_of_turn_says_what_it_is() {
    let illegal = Undone.after(&records()[0].1).unwrap_err();
    assert_eq!(illegal.to_string(), "`intent` of service.web cannot follow `Undone`");
}

#[test]
fn only_what_is_undone_is_at_its_end_and_everything_begun_can_get_there() {
    for (status, line) in TABLE {
        let ends = line[..7].iter().all(Option::is_none);
        assert_eq!(ends, status == Undone, "{status:?}");
    }
    let mut reached = vec![Undone];
    while let Some((status, _)) = TABLE
        .iter()
        .find(|(status, line)| !reached.contains(status) && line.iter().flatten().any(|next| reached.contains(next)))
    {
        reached.push(*status);
    }
    assert_eq!(reached.len(), STATUSES.len(), "{reached:?}");
}

#[test]
fn the_documentation_has_the_same_table() {
    let text = include_str!("../../../docs/journal.md");
    let word = |status: NodeStatus| format!("{status:?}").to_lowercase();
    for (status, line) in TABLE {
        let cells = line[..7].iter().map(|next| next.map_or_else(|| "-".to_owned(), word));
        let row = format!("| {} | {} |", word(status), cells.collect::<Vec<_>>().join(" | "));
        assert!(text.lines().any(|line| line == row), "docs/journal.md lacks `{row}`");
    }
}
