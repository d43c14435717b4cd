//! `Dump`: where the text of a schema comes from, and `PgDump`, which has the host's `pg_dump` write it.
//!
//! A program in a container is another way; whoever runs it implements `Dump`. What the text is good for is left to
//! `loading`.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::process::Command;

use crate::plain::plain;
use crate::provider::database::Target;
use crate::provider::{Fault, FaultKind};

/// Writes a schema as SQL.
#[async_trait]
pub trait Dump: Send + Sync {
    /// The text that makes everything but the rows, without these tables' definitions left out: they are part of it.
    ///
    /// # Errors
    /// When it cannot be written, or not in time.
    async fn schema(&self, target: &Target) -> Result<String, Fault>;
}

/// The host's `pg_dump`.
#[derive(Debug, Clone)]
pub struct PgDump {
    /// The program. Its major has to be that of the server or newer.
    pub program: PathBuf,
    /// How long it may take.
    pub deadline: Duration,
}

#[async_trait]
impl Dump for PgDump {
    async fn schema(&self, target: &Target) -> Result<String, Fault> {
        let failed = |why: String| Fault::new(FaultKind::Failed, format!("database `{}`: {why}", target.name));
        let (url, password) = without_password(&target.url);
        let mut command = Command::new(&self.program);
        command.args(["--schema-only", "--no-password", "--encoding=UTF8"]).arg(format!("--dbname={url}"));
        command.stdin(Stdio::null()).kill_on_drop(true).env("PGAPPNAME", &target.application);
        if let Some(password) = password {
            // Arguments can be read by every user of the machine.
            command.env("PGPASSWORD", password);
        }
        let output = tokio::time::timeout(self.deadline, command.output()).await;
        let output =
            output.map_err(|_| failed(format!("`pg_dump` does not end within {} s", self.deadline.as_secs())))?;
        let program = self.program.display();
        let output = output.map_err(|error| failed(format!("`{program}` cannot be run: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            return Err(failed(format!("`pg_dump` failed: {}", plain(last))));
        }
        let text = String::from_utf8(output.stdout).map_err(|_| failed("`pg_dump` wrote no UTF-8".to_owned()))?;
        Ok(runnable(&text))
    }
}

/// The URL without its password, and the password: before the host, or among the settings.
pub(in crate::provider) fn without_password(url: &str) -> (String, Option<String>) {
    let (place, settings) = url.split_once('?').map_or((url, None), |(place, settings)| (place, Some(settings)));
    let (place, mut password) = place_without_password(place);
    let Some(settings) = settings else { return (place, password) };
    let mut rest = Vec::new();
    for setting in settings.split('&') {
        match setting.strip_prefix("password=") {
            Some(found) => password = Some(decoded(found)),
            None => rest.push(setting),
        }
    }
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    (format!("{place}{query}"), password)
}

fn place_without_password(place: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = place.split_once("://") else { return (place.to_owned(), None) };
    let end = rest.find('/').unwrap_or(rest.len());
    let Some((account, server)) = rest[..end].rsplit_once('@') else { return (place.to_owned(), None) };
    let Some((user, password)) = account.split_once(':') else { return (place.to_owned(), None) };
    (format!("{scheme}://{user}@{server}{}", &rest[end..]), Some(decoded(password)))
}

/// The text that a percent-encoded one stands for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let hex = others.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        if let (b'%', Some(byte)) = (first, hex) {
            bytes.push(byte);
            rest = &others[2..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text without the two lines that only `psql` understands: a random key that is different in every dump.
pub(in crate::provider) fn runnable(text: &str) -> String {
    let key = text.lines().find_map(|line| line.strip_prefix("\\restrict "));
    let Some(key) = key else { return text.to_owned() };
    let (first, last) = (format!("\\restrict {key}"), format!("\\unrestrict {key}"));
    text.lines().filter(|line| *line != first && *line != last).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::{runnable, without_password};

    #[test]
    fn a_password_is_no_argument() {
        let taken = |url: &str| without_password(url);
        let with = |password: &str| Some(password.to_owned());
        assert_eq!(taken("postgres://u:a%40b@h/d?x=1"), ("postgres://u@h/d?x=1".to_owned(), with("a@b")));
        assert_eq!(taken("postgres://u@h/d"), ("postgres://u@h/d".to_owned(), None));
        assert_eq!(taken("postgres:///d?host=/a:b@c"), ("postgres:///d?host=/a:b@c".to_owned(), None));
        assert_eq!(
            taken("postgres:///d?user=u&password=a%26b&host=/a"),
            ("postgres:///d?user=u&host=/a".to_owned(), with("a&b"))
        );
        assert_eq!(taken("postgres://u@h/d?password=a"), ("postgres://u@h/d".to_owned(), with("a")));
        assert_eq!(taken("postgres://u:5%@h/d"), ("postgres://u@h/d".to_owned(), with("5%")));
    }

    #[test]
    fn only_the_lines_of_the_key_are_left_out() {
        let dump = "--\n\\restrict abc\nSELECT '\n\\restrict other\n';\n\\unrestrict abc\n";
        assert_eq!(runnable(dump), "--\nSELECT '\n\\restrict other\n';\n");
        assert_eq!(runnable("SELECT 1;\n"), "SELECT 1;\n");
    }
}
