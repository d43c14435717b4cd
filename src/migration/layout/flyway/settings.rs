//! `Settings`: what `SCRIPT.sql.conf` says of one script.

use crate::migration::layout::reading::Reading;
use crate::plain::plain;

/// The settings of one script.
pub(super) struct Settings {
    pub(super) is_bare: bool,
    pub(super) has_placeholders: bool,
}

impl Settings {
    /// Those beside a script; Flyway's own where it has none.
    pub(super) fn beside(reading: &mut Reading<'_>, script: &str) -> Self {
        let mut settings = Self { is_bare: false, has_placeholders: true };
        let path = format!("{script}.conf");
        let Some(text) = reading.text(&path) else { return settings };
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let (key, value) = line.split_once(['=', ':']).unwrap_or((line, ""));
            let (key, value) = (key.trim(), value.trim());
            let is_true = value.eq_ignore_ascii_case("true");
            match key {
                "executeInTransaction" => settings.is_bare = !is_true,
                "placeholderReplacement" => settings.has_placeholders = is_true,
                "encoding" if value.eq_ignore_ascii_case("utf-8") => {}
                "shouldExecute" if is_true => {}
                "encoding" | "shouldExecute" => {
                    let message = format!("omni does not follow `{key}={}`", plain(value));
                    reading.problem(&path, Some(at + 1), message, "remove the line");
                }
                _ => {
                    let message = format!("`{}` is no setting that Flyway knows", plain(key));
                    reading.problem(&path, Some(at + 1), message, "remove the line");
                }
            }
        }
        settings
    }
}
