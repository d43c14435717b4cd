//! Texts, and numbers as written, with a form of their own: each `format` of the schema and who reads it.

use std::net::Ipv4Addr;

use crate::spec::syntax::{expose, image, mode, mount, name, port, recipient, restart, tag};
use crate::units::{Bytes, Cpus, Period};

/// What is wrong with a text, and how to write it.
pub(super) struct Malformed {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Whether a text has the form; every text has a form that is not known here.
pub(super) fn check(form: &str, text: &str) -> Result<(), Malformed> {
    let shown = || crate::plain::plain(text);
    let plainly = |message: String| Malformed { message, help: None };
    match form {
        "period" => text.parse::<Period>().map(drop).map_err(|wrong| plainly(wrong.to_string())),
        "size" => text.parse::<Bytes>().map(drop).map_err(|wrong| plainly(wrong.to_string())),
        "cpus" => text.parse::<Cpus>().map(drop).map_err(|wrong| plainly(wrong.to_string())),
        "port" => port::parse(text).map(drop).map_err(|help| helped(format!("`{}` is no port", shown()), help)),
        "expose" => expose::parse(text).map(drop).map_err(|help| helped(format!("`{}` is no port", shown()), help)),
        "mount" => mount::parse(text).map(drop).map_err(|help| helped(format!("`{}` is no volume", shown()), help)),
        "restart" => {
            restart::parse(text).map(drop).map_err(|help| helped(format!("`{}` is no restart policy", shown()), help))
        }
        "mode" => mode::parse(text)
            .map(drop)
            .ok_or_else(|| helped(format!("`{}` is no file mode", shown()), "write it in octal: `\"0440\"`")),
        "image" => image::check(text).map_err(|help| helped(format!("`{}` is no image reference", shown()), help)),
        "name" => name::check(text).map_err(|help| helped(format!("`{}` is no name", shown()), help)),
        // `"${VERSION:-}"` that stays empty says as much as nothing.
        "tag" if text.is_empty() => Ok(()),
        "tag" => tag::check_tag(text).map_err(|help| helped(format!("`{}` is no tag", shown()), help)),
        "pair" => match text.split_once('=') {
            Some((name, _)) if !name.is_empty() => Ok(()),
            _ => Err(helped(
                format!("`{}` has no value", shown()),
                format!(
                    "write `\"{0}=value\"`; to hand on omni's own variable declare `[env.{0}]` and \
                     write `\"{0}=${{{0}}}\"`",
                    shown()
                ),
            )),
        },
        "host-entry" => match text.split_once([':', '=']) {
            Some((name, address)) if !name.is_empty() && !address.is_empty() => Ok(()),
            _ => Err(helped(format!("`{}` is no host entry", shown()), "write `\"name:address\"`")),
        },
        "pattern" => regex_lite::Regex::new(text).map(drop).map_err(|wrong| {
            helped(format!("the pattern cannot be read: {wrong}"), "look-around and back-references are not supported")
        }),
        "ipv4-text" => text
            .parse::<Ipv4Addr>()
            .map(drop)
            .map_err(|_| helped(format!("`{}` is no IPv4 address", shown()), "write it like `172.30.0.10`")),
        "subnet" => subnet(text)
            .ok_or_else(|| helped(format!("`{}` is no address range", shown()), "write it like `172.30.0.0/16`")),
        "platform" => {
            platform(text).ok_or_else(|| helped(format!("`{}` is no platform", shown()), "write it like `linux/amd64`"))
        }
        "url-text" => (text.is_empty() || text.contains("://")).then_some(()).ok_or_else(|| {
            helped(format!("`{}` is no URL", shown()), "start it with a scheme, as in `unix:///var/run/docker.sock`")
        }),
        // It may hold a password, so it is not repeated.
        "store-text" => (text.is_empty() || text.contains("://")).then_some(()).ok_or_else(|| {
            helped(
                "it is no URL of a store".to_owned(),
                "start it with a scheme: `sqlite://.omni/omni.db` or `postgres://USER@HOST/DATABASE`",
            )
        }),
        "table-name" => table(text).ok_or_else(|| {
            helped(
                format!("`{}` is no name of a table", shown()),
                "write it like `migrations` or `app.migrations`, in letters, digits and `_`",
            )
        }),
        // It may be the secret key that was meant to stay at home, so it is not repeated.
        "recipient" => recipient::check(text).map_err(|help| helped("it is no age recipient".to_owned(), help)),
        "reason" if text.trim().is_empty() => {
            Err(helped("a reason is missing".to_owned(), "say in a few words why it cannot be taken back"))
        }
        _ => Ok(()),
    }
}

fn helped(message: String, help: impl Into<String>) -> Malformed {
    Malformed { message, help: Some(help.into()) }
}

fn subnet(text: &str) -> Option<()> {
    let (address, bits) = text.split_once('/')?;
    let address: std::net::IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(())
}

fn platform(text: &str) -> Option<()> {
    let mut parts = text.split('/');
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (word(parts.next()?) && word(parts.next()?) && parts.next().is_none_or(word) && parts.next().is_none())
        .then_some(())
}

/// `migrations`, `app.migrations`
fn table(text: &str) -> Option<()> {
    let word = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let (schema, table) = text.split_once('.').map_or((None, text), |(schema, table)| (Some(schema), table));
    (schema.is_none_or(word) && word(table)).then_some(())
}
