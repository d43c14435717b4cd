//! In what two kept releases differ: for people, drawn as a plan draws it, and for programs.
//!
//! A value with a secret in it is never shown; that it changed is.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::address::Address;
use crate::plain::plain;
use crate::release::Release;
use crate::report::plan_json::{DifferenceOut, difference};
use crate::report::plan_text::is_unasked;
use crate::report::style::{Style, Tone};
use crate::report::{difference_text, words};
use crate::resource::{Difference, differences};

/// One thing in which two releases differ.
struct Changed<'r> {
    address: &'r Address,
    sign: char,
    differences: Vec<Difference>,
}

fn changed<'r>(from: &'r Release, to: &'r Release) -> Vec<Changed<'r>> {
    let addresses: BTreeSet<_> = from.resources.keys().chain(to.resources.keys()).collect();
    let one = |address| {
        let [before, after] = [from, to].map(|release| release.resources.get(address).map(|one| &one.resource));
        let sign = match (before, after) {
            (None, _) => '+',
            (_, None) => '-',
            (Some(_), Some(_)) => '~',
        };
        Changed { address, sign, differences: differences(before, after) }
    };
    addresses.into_iter().map(one).filter(|one| !one.differences.is_empty()).collect()
}

/// What has to change to come from one release to another, ending with a newline.
#[must_use]
pub fn release_differences(from: &Release, to: &Release, style: &Style) -> String {
    let name = |release: &Release| format!("release {} ({})", release.number, plain(&release.tag));
    let title = style.paint(Tone::Strong, &format!("{} -> {}", name(from), name(to)));
    let mut lines = vec![format!("{}   {title}", plain(&to.scope.to_string()))];
    let found = changed(from, to);
    if found.is_empty() {
        lines.extend([String::new(), "Both run the same.".to_owned()]);
    }
    for Changed { address, sign, differences } in found {
        let tone = match sign {
            '+' => Tone::Good,
            '-' => Tone::Bad,
            _ => Tone::Warn,
        };
        lines.extend([String::new(), style.paint(tone, &format!("{sign} {}", words::name(address)))]);
        let told: Vec<_> = differences.into_iter().filter(|one| style.full || !is_unasked(one)).collect();
        // What is gone is gone whole: its fields say no more.
        if sign != '-' || style.full {
            let drawn = difference_text::lines(&told, difference_text::Sides::Change, style);
            lines.extend(drawn.into_iter().map(|line| format!("    {line}")));
        }
    }
    lines.join("\n") + "\n"
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    scope: String,
    from: Side,
    to: Side,
    things: Vec<Thing>,
}

#[derive(Serialize)]
struct Side {
    number: u64,
    tag: String,
}

#[derive(Serialize)]
struct Thing {
    address: String,
    change: &'static str,
    differences: Vec<DifferenceOut>,
}

/// The same for programs, ending with a newline. Its `format` is `omni.release_differences/1`.
///
/// # Panics
/// Never: the document is plain data with text keys.
#[must_use]
pub fn release_differences_json(from: &Release, to: &Release) -> String {
    let side = |release: &Release| Side { number: release.number, tag: plain(&release.tag) };
    let thing = |one: Changed<'_>| Thing {
        address: words::name(one.address),
        change: match one.sign {
            '+' => "added",
            '-' => "removed",
            _ => "changed",
        },
        differences: one.differences.iter().map(difference).collect(),
    };
    let document = Document {
        format: "omni.release_differences/1",
        scope: plain(&to.scope.to_string()),
        from: side(from),
        to: side(to),
        things: changed(from, to).into_iter().map(thing).collect(),
    };
    serde_json::to_string_pretty(&document).expect("the document is plain data with text keys") + "\n"
}
