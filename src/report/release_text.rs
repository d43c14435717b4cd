//! Releases: the list to choose from, and one in full.

use serde_json::json;

use crate::plain::{escaped, plain};
use crate::release::Release;
use crate::report::fitted::fitted;
use crate::report::plan_text::is_unasked;
use crate::report::style::{Style, Tone};
use crate::report::table::{Column, Table, cell};
use crate::report::{difference_text, time, words};
use crate::resource::{Difference, differences};

/// The releases that can be gone back to, newest first, ending with a newline. The first is the one of now.
#[must_use]
pub fn releases(releases: &[Release], style: &Style) -> String {
    let Some(head) = releases.iter().max_by_key(|release| release.number) else {
        return "No release yet.\nnext: omni apply\n".to_owned();
    };
    let mut table = Table::new(&[
        Column { gap: 0, ..Column::left("release") },
        Column::left("tag"),
        Column::left("when"),
        Column::left("by"),
        Column::left("note").wrapping(),
    ]);
    for release in releases {
        let tone = if release.number == head.number { Tone::Strong } else { Tone::Normal };
        table.row(vec![
            cell(tone, release.number.to_string()),
            cell(tone, plain(&release.tag)),
            cell(Tone::Normal, time::moment(release.at)),
            cell(Tone::Normal, plain(&release.by)),
            cell(Tone::Normal, note(release, head)),
        ]);
    }
    let mut lines = table.lines(style);
    if let Some(older) = releases.iter().filter(|r| r.number < head.number).max_by_key(|r| r.number) {
        lines.push(format!("next: omni rollback --to {}", words::shell_word(&name(older, releases))));
    }
    fitted(&(lines.join("\n") + "\n"), style)
}

/// What a release is called on the command line: its tag, said outright where it is the number of another one.
fn name(release: &Release, releases: &[Release]) -> String {
    let is_number = |other: &Release| other.number.to_string() == release.tag && other.number != release.number;
    if releases.iter().any(is_number) { format!("tag:{}", release.tag) } else { release.tag.clone() }
}

fn note(release: &Release, head: &Release) -> String {
    let now = (release.number == head.number).then(|| "now".to_owned());
    let back = release.rollback_of.map(|number| format!("back to release {number}"));
    let tainted = release.resources.values().filter(|recorded| recorded.tainted).count();
    let tainted = (tainted > 0).then(|| format!("{tainted} half made"));
    let bare = (!release.without_backup.is_empty()).then(|| "without a backup".to_owned());
    [now, back, tainted, bare].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One release, ending with a newline; with `full` every field of every thing.
#[must_use]
pub fn release(release: &Release, style: &Style) -> String {
    let title = format!("release {} ({})", release.number, plain(&release.tag));
    let mut lines = vec![
        format!("{}   {}", plain(&release.scope.to_string()), style.paint(Tone::Strong, &title)),
        format!("  applied      {} by {}", time::moment(release.at), plain(&release.by)),
        format!("  plan         {}", release.plan.spoken()),
        format!("  spec         {}", &release.spec.short()[..7]),
        format!("  fingerprint  {}", release.world.spoken()),
    ];
    lines.extend(release.rollback_of.map(|number| format!("  back to      release {number}")));
    if !release.without_backup.is_empty() {
        let skipped: Vec<_> = release.without_backup.iter().map(ToString::to_string).collect();
        lines.push(format!("  left out     {} (--skip-backup)", skipped.join(", ")));
    }
    lines.push(String::new());
    if style.full {
        lines.extend(in_full(release, style));
    } else {
        lines.extend(in_short(release, style));
    }
    fitted(&(lines.join("\n") + "\n"), style)
}

/// One release for programs, ending with a newline. Its `format` is `omni.release/1`.
#[must_use]
pub fn release_json(release: &Release) -> String {
    let mut document = serde_json::to_value(release).unwrap_or_default();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("format".to_owned(), json!("omni.release/1"));
    }
    escaped(&format!("{document:#}\n")).into_owned()
}

/// The releases that can be gone back to for programs, ending with a newline. The `format` is `omni.releases/1`.
#[must_use]
pub fn releases_json(releases: &[Release]) -> String {
    let head = releases.iter().map(|release| release.number).max();
    let one = |release: &Release| {
        json!({
            "number": release.number,
            "tag": plain(&release.tag),
            "at": release.at,
            "by": plain(&release.by),
            "rollback_of": release.rollback_of,
            "is_now": Some(release.number) == head,
        })
    };
    format!("{:#}\n", json!({ "format": "omni.releases/1", "releases": releases.iter().map(one).collect::<Vec<_>>() }))
}

/// What each thing is, but for what is so where nobody says otherwise.
fn in_short(release: &Release, style: &Style) -> Vec<String> {
    of_each(release, style, |field| field.path != "image.node" && !is_unasked(field))
}

fn in_full(release: &Release, style: &Style) -> Vec<String> {
    of_each(release, style, |_| true)
}

fn of_each(release: &Release, style: &Style, is_shown: impl Fn(&Difference) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (address, recorded) in &release.resources {
        let tainted = if recorded.tainted { style.paint(Tone::Bad, "   half made") } else { String::new() };
        lines.push(format!("  {}{tainted}", style.paint(Tone::Strong, &words::name(address))));
        let fields = differences(None, Some(&recorded.resource)).into_iter().filter(&is_shown);
        let fields: Vec<_> = fields.filter_map(|field| Some((field.path, field.after?))).collect();
        let drawn = difference_text::unchanged_lines(&fields, &style.inset(2));
        lines.extend(drawn.into_iter().map(|line| format!("  {line}")));
    }
    lines
}
