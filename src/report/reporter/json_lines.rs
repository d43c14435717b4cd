//! `JsonLines`: a reporter for programs, one JSON document a line.

use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Reporter;
use crate::journal::Event;
use crate::plain::plain;

/// Writes each event as one line of JSON with its moment. Its `format` is `omni.event/1`.
#[derive(Debug)]
pub struct JsonLines<W> {
    to: W,
}

#[derive(Serialize)]
struct Line {
    format: &'static str,
    ts: Timestamp,
    #[serde(flatten)]
    event: Value,
}

impl<W: Write + Send> JsonLines<W> {
    /// One that writes to `to`.
    pub const fn new(to: W) -> Self {
        Self { to }
    }
}

impl<W: Write + Send> Reporter for JsonLines<W> {
    fn tell(&mut self, event: &Event, at: Timestamp) {
        let Ok(mut event) = serde_json::to_value(event) else { return };
        clean(&mut event);
        if let Ok(line) = serde_json::to_string(&Line { format: "omni.event/1", ts: at, event }) {
            // What cannot be written is lost: a closed pager must not stop a deployment.
            writeln!(self.to, "{line}").and_then(|()| self.to.flush()).ok();
        }
    }
}

/// Makes every text safe to print, one line each.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(map) => map.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
