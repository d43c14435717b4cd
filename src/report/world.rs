//! The world that serves, with its fingerprint: what two looks at a deployment can be compared by.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::address::Scope;
use crate::observed::{Object, Observed};
use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::table::{Column, Table, cell};
use crate::resource::{Shown, differences};

/// The world that serves, a line for each object with the head of its fingerprint, ending with a newline.
#[must_use]
pub fn world(observed: &Observed, style: &Style) -> String {
    let whole = observed.fingerprint();
    let mut table = Table::new(&[Column::left("thing"), Column::left("fingerprint"), Column::left("on the engine")]);
    for (address, objects) in observed.serving() {
        for object in objects {
            let print = object.resource.fingerprint();
            table.row(vec![
                cell(Tone::Normal, plain(&address.to_string())),
                cell(Tone::Normal, print.short()),
                cell(Tone::Normal, plain(&object.name)),
            ]);
        }
    }
    let spoken = whole.spoken();
    let named = format!("{spoken}   {whole}");
    let rest = if named.len() > usize::from(style.width) { "" } else { &named[spoken.len()..] };
    let mut lines = vec![format!("{}{rest}", style.paint(Tone::Strong, &spoken))];
    lines.extend(table.lines(style));
    fitted(&(lines.join("\n") + "\n"), style)
}

/// The same for programs, sorted: its `format` is `omni.fingerprint/1`. No id, time or address is in it, so two worlds
/// that serve the same print the same. Secrets are not shown, but count in the fingerprints.
///
/// # Panics
/// Never: the document is plain data.
#[must_use]
pub fn world_json(scope: &Scope, observed: &Observed) -> String {
    let things: BTreeMap<_, Vec<_>> = observed
        .serving()
        .into_iter()
        .map(|(address, objects)| (plain(&address.to_string()), objects.into_iter().map(thing).collect()))
        .collect();
    let document = json!({
        "format": "omni.fingerprint/1",
        "scope": plain(&scope.to_string()),
        "fingerprint": observed.fingerprint(),
        "things": things,
    });
    format!("{document:#}\n")
}

fn thing(object: &Object) -> Value {
    let fields = differences(None, Some(&object.resource)).into_iter().filter_map(|field| {
        let value = match field.after? {
            Shown::Text(text) => plain(&text),
            Shown::Secret => "(secret)".to_owned(),
        };
        Some((plain(&field.path), value))
    });
    json!({ "fingerprint": object.resource.fingerprint(), "fields": fields.collect::<BTreeMap<_, _>>() })
}
