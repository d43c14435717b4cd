//! Where a URL of PostgreSQL leads: `postgres://shop:secret@db:5432/shop`.
//!
//! A secret stands in the text as a hole: what is read here is never a secret's value. A hole in the place of a host or
//! a database is as good a name as any, the same one wherever the same secret stands.

use crate::template::{Part, Template};

/// What stands on either side of a secret's name, in the text in which it is a hole.
const HOLE: char = '\0';

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct PostgresUrl {
    /// The host, or the folder of its socket; empty where none is said.
    pub(in crate::spec) host: String,
    /// The port: `5432` where none is said.
    pub(in crate::spec) port: String,
    /// The database: the user's name where none is said; empty where neither is.
    pub(in crate::spec) database: String,
    /// Whether a password stands in it for everybody to read.
    pub(in crate::spec) has_open_password: bool,
}

impl PostgresUrl {
    /// Whether another one leads to the same server.
    pub(in crate::spec) fn is_same_server(&self, other: &Self) -> bool {
        (&self.host, &self.port) == (&other.host, &other.port)
    }
}

/// The text of a template with a hole for each secret.
pub(in crate::spec) fn with_holes(template: &Template) -> String {
    let parts = template.parts().iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Secret { name, .. } => format!("{HOLE}{name}{HOLE}"),
    });
    parts.collect()
}

/// Every URL of PostgreSQL in a text, also one with a driver in its scheme (`postgresql+asyncpg://`) or before it
/// (`jdbc:postgresql://`).
pub(in crate::spec) fn all(text: &str) -> Vec<PostgresUrl> {
    let starts = text.match_indices("://").filter(|(at, _)| is_postgres(&text[..*at]));
    starts.map(|(at, mark)| read(&text[at + mark.len()..])).collect()
}

fn is_postgres(before: &str) -> bool {
    let scheme = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && !"+.-".contains(c)).next().unwrap_or_default();
    let kind = scheme.split('+').next().unwrap_or_default();
    ["postgres", "postgresql", "postgis", "pgsql"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

fn read(rest: &str) -> PostgresUrl {
    let end = rest.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c)).unwrap_or(rest.len());
    let rest = &rest[..end];
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    // Of several hosts the first is tried first.
    let place = place.split(',').next().unwrap_or_default();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (place, ""),
    };
    let said = |key: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.rfind(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let first = |words: [Option<&str>; 3]| words.into_iter().flatten().find(|word| !word.is_empty()).map(str::to_owned);
    let password = said("password").unwrap_or(password);
    PostgresUrl {
        host: first([Some(host), said("host"), None]).unwrap_or_default().to_ascii_lowercase(),
        port: first([Some(port), said("port"), Some("5432")]).unwrap_or_default(),
        database: first([Some(path.trim_end_matches('/')), said("dbname"), Some(user)]).unwrap_or_default(),
        has_open_password: !password.is_empty() && !password.contains(HOLE),
    }
}

#[cfg(test)]
mod tests {
    use super::{all, with_holes};
    use crate::fingerprint::Key;
    use crate::template::{Part, Template, Vault};

    #[test]
    fn reads_where_a_url_leads_however_it_is_written() {
        let told = |text: &str| {
            let found = all(text).into_iter().map(|url| format!("{}:{}/{}", url.host, url.port, url.database));
            found.collect::<Vec<_>>().join(" ")
        };
        for (text, wanted) in [
            ("postgres://shop:x@DB:5433/shop?sslmode=disable", "db:5433/shop"),
            ("postgresql://db/shop", "db:5432/shop"),
            ("postgres://db", "db:5432/"),
            ("postgres://shop@db", "db:5432/shop"),
            ("postgres://shop:a:b@c@db/", "db:5432/shop"),
            ("postgres://[::1]:5433/shop", "[::1]:5433/shop"),
            ("postgres://[::1]/shop", "[::1]:5432/shop"),
            ("postgres:///shop?host=/run/postgresql&port=5499", "/run/postgresql:5499/shop"),
            ("postgres://a:1,b:2/shop", "a:1/shop"),
            ("postgres://?dbname=shop&host=db", "db:5432/shop"),
            ("jdbc:postgresql://db:5432/shop?user=x", "db:5432/shop"),
            ("postgresql+asyncpg://u:p@db/shop", "db:5432/shop"),
            ("--dsn='postgres://db/a' --other \"postgres://db/b\"", "db:5432/a db:5432/b"),
            ("ä=postgres://db/a", "db:5432/a"),
            ("mysql://db/shop notpostgres://db/x", ""),
            ("redis://db", ""),
            ("", ""),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_secret_is_a_hole_and_its_value_nowhere() {
        let mut vault = Vault::new(Key::new([7; 32]));
        let secret = vault.keep_secret("DB_PASSWORD", "a/b@c:5/d?e".to_owned());
        let text = |text: &str| Part::Text(text.to_owned());
        let url = Template::from_parts(vec![text("postgres://shop:"), secret, text("@db/shop")]);
        let found = all(&with_holes(&url));
        assert_eq!((found[0].host.as_str(), found[0].database.as_str()), ("db", "shop"));
        assert!(!found[0].has_open_password);
        assert!(all("postgres://shop:open@db/shop")[0].has_open_password);
        assert!(all("postgres://shop@db/shop?password=open")[0].has_open_password);
        assert!(!all("postgres://shop:@db/shop")[0].has_open_password);
    }
}
