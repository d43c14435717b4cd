use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{absent, meant};
use crate::address::Scope;
use crate::cli::failure::Failure;
use crate::fingerprint::Fingerprint;
use crate::journal::{Outcome, Past};
use crate::lock::Op;
use crate::release::Release;

fn release(number: u64, tag: &str) -> Release {
    let mark = Fingerprint::of(&number);
    Release {
        number,
        tag: tag.to_owned(),
        scope: Scope { project: "shop".to_owned(), environment: None },
        plan: mark,
        spec: mark,
        at: Timestamp::UNIX_EPOCH,
        by: "ci@runner".to_owned(),
        rollback_of: None,
        resources: BTreeMap::new(),
        world: mark,
        without_backup: Vec::new(),
        databases: BTreeMap::new(),
    }
}

fn past(release: u64, tag: &str, purpose: &str) -> Past {
    Past {
        op: Op::new(&Fingerprint::of(&release), "lineage", release),
        release,
        tag: tag.to_owned(),
        purpose: purpose.to_owned(),
        by: "ci@runner".to_owned(),
        opened: Timestamp::UNIX_EPOCH,
        closed: Timestamp::UNIX_EPOCH,
        turned: None,
        outcome: Outcome::Applied,
        steps: 1,
        without_backup: Vec::new(),
    }
}

fn told(failure: Failure) -> String {
    match failure {
        Failure::Told(told) => format!("{} {}", told.exit.number(), told.draw()),
        Failure::Spec(_) => panic!("the spec is not to blame"),
    }
}

#[test]
fn a_tag_that_is_also_a_number_has_to_be_said_outright() {
    let releases = [release(18, "v18"), release(17, "v17"), release(3, "17")];
    let number = |name: &str| meant(&releases, name).expect("one release").map(|release| release.number);
    assert_eq!(
        told(meant(&releases, "17").expect_err("two releases")),
        "2 error[omni::release::ambiguous]: `17` means release 3, whose tag it is, and release 17 (v17)\n  help: say which: `tag:17` or `release:17`\n"
    );
    assert_eq!(
        ["tag:17", "release:17", "18", "v18", "3", "tag:18", "release:v18", "release:4"].map(number),
        [Some(3), Some(17), Some(18), Some(18), Some(3), None, None, None]
    );
}

#[test]
fn of_two_releases_with_one_tag_the_newest_is_meant() {
    let releases = [release(3, "1"), release(2, "2"), release(1, "1")];
    let number = |name: &str| meant(&releases, name).expect("one release").map(|release| release.number);
    assert_eq!(["1", "release:1", "2"].map(number), [Some(3), Some(1), Some(2)]);
}

#[test]
fn a_release_that_is_no_longer_kept_is_told_from_one_that_never_was() {
    let releases = [release(4, "v4"), release(3, "v3")];
    let history = [past(4, "v4", "apply"), past(2, "v2", "apply")];
    let gone = "2 error[omni::release::not_kept]: release 2 (v2) is no longer kept: newer ones have taken its place (retain = 2)\n  help: kept are: 4 (v4), 3 (v3)\n";
    for name in ["2", "v2", "tag:v2", "release:2"] {
        assert_eq!(told(absent(&releases, &history, 2, name)), gone, "{name}");
    }
    let pruned = told(absent(&releases, &history, 5, "v2"));
    assert!(pruned.contains("release 2 (v2) is no longer kept: `omni prune` has removed it, or "), "{pruned}");
    let history = [&[past(5, "destroyed", "destroy")], &history[..]].concat();
    for name in ["5", "destroyed", "v9"] {
        let never = format!(
            "2 error[omni::release::unknown]: there is no release `{name}`\n  help: there are: 4 (v4), 3 (v3)\n"
        );
        assert_eq!(told(absent(&releases, &history, 3, name)), never);
    }
    let removed = told(absent(&[], &history, 5, "v2"));
    let why =
        "release 2 (v2) is no longer kept: everything was removed by `omni destroy` at 1970-01-01 00:00\n  help: no";
    assert!(removed.contains(why), "{removed}");
    assert!(told(absent(&[], &[], 3, "v1")).ends_with("help: nothing was applied yet\n"));
}
