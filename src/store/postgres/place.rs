//! `Place`: where the server is and which schema is meant, with a name that holds no password.
//!
//! What a URL does not say is taken from where every client of `PostgreSQL` takes it: `PGPASSWORD`, `~/.pgpass`, ….

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::address::Scope;
use crate::fingerprint::Fingerprint;
use crate::store::StoreError;

/// The longest name that `PostgreSQL` keeps whole, in bytes.
const LONGEST_NAME: usize = 63;

/// Where the store is.
#[derive(Clone)]
pub(super) struct Place {
    options: PgConnectOptions,
    /// Its name for people: `postgres://ci@db:5432/omni`. It holds no password.
    pub(super) shown: String,
    /// The schema that holds this deployment's tables: `omni:shop/prod`.
    pub(super) schema: String,
}

impl Place {
    /// The place of a deployment's store at `url`.
    ///
    /// # Errors
    /// When the URL cannot be understood. The error holds nothing of it.
    pub(super) fn new(url: &str, scope: &Scope) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| malformed())?;
        let database = options.get_database().unwrap_or_else(|| options.get_username()).to_owned();
        let shown = shown(&options, &database);
        let mode = mode(&options, url);
        let options =
            options.ssl_mode(mode).extra_float_digits(None).statement_cache_capacity(40).disable_statement_logging();
        Ok(Self { options, shown, schema: schema(scope) })
    }

    /// The way there, for a session of this name.
    pub(super) fn options(&self, session: &str) -> PgConnectOptions {
        self.options.clone().application_name(session)
    }

    /// The schema as SQL names it.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.schema.replace('"', "\"\""))
    }

    /// Who uses it.
    pub(super) fn user(&self) -> &str {
        self.options.get_username()
    }
}

/// The URL without what is secret in it.
pub(super) fn shown(options: &PgConnectOptions, database: &str) -> String {
    let (user, port) = (options.get_username(), options.get_port());
    match options.get_socket() {
        Some(socket) => format!("postgres://{user}@localhost:{port}/{database}?host={}", socket.display()),
        None => format!("postgres://{user}@{}:{port}/{database}", options.get_host()),
    }
}

/// Over a network the server has to prove who it is, unless somebody says otherwise, here or in `PGSSLMODE`.
fn mode(options: &PgConnectOptions, url: &str) -> PgSslMode {
    let host = options.get_host();
    let is_local = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let said = url.split_once('?').is_some_and(|(_, query)| {
        query.split('&').any(|pair| pair.starts_with("sslmode=") || pair.starts_with("ssl-mode="))
    });
    match options.get_ssl_mode() {
        PgSslMode::Prefer if !said && !is_local => PgSslMode::VerifyFull,
        mode => mode,
    }
}

/// The name of the schema. No two deployments share one: no name holds `/`.
fn schema(scope: &Scope) -> String {
    let whole = format!("omni:{scope}");
    if whole.len() <= LONGEST_NAME {
        return whole;
    }
    let mark = Fingerprint::of(scope).short();
    let mut kept = LONGEST_NAME - mark.len() - 1;
    while !whole.is_char_boundary(kept) {
        kept -= 1;
    }
    format!("{}:{mark}", &whole[..kept])
}

fn malformed() -> StoreError {
    StoreError::Server {
        place: "postgres://…".into(),
        why: "the URL cannot be understood".into(),
        help: "write it like `postgres://USER@HOST:5432/DATABASE`; a password in it has to be percent-encoded".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        Place::new(url, &Scope { project: "shop".into(), environment: Some("prod".into()) }).unwrap()
    }

    #[test]
    fn no_password_is_shown() {
        let shown = |url: &str| place(url).shown;
        assert_eq!(shown("postgres://ci:can%40ry@db.internal:6000/omni"), "postgres://ci@db.internal:6000/omni");
        assert_eq!(shown("postgresql://ci@db/omni?password=canary&sslmode=disable"), "postgres://ci@db:5432/omni");
        assert_eq!(
            shown("postgres://ci:canary@localhost/o?host=/run/pg"),
            "postgres://ci@localhost:5432/o?host=/run/pg"
        );
        for wrong in ["postgres://ci:canary@db:port/x", "postgres://ci:canary@db/x?sslmode=canary"] {
            let error = Place::new(wrong, &Scope { project: "shop".into(), environment: None }).err().unwrap();
            assert!(!format!("{error} {error:?} {}", error.help()).contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_server_elsewhere_has_to_prove_who_it_is() {
        let mode = |url: &str| format!("{:?}", place(url).options.get_ssl_mode());
        assert_eq!(mode("postgres://ci@db.internal/omni"), "VerifyFull");
        assert_eq!(mode("postgres://ci@10.0.0.7/omni?application_name=x"), "VerifyFull");
        assert_eq!(mode("postgres://ci@db.internal/omni?sslmode=disable"), "Disable");
        assert_eq!(mode("postgres://ci@db.internal/omni?sslmode=prefer"), "Prefer");
        for local in ["localhost", "127.0.0.1", "[::1]", "localhost:1/o?host=/run/pg"] {
            assert_eq!(mode(&format!("postgres://ci@{local}")), "Prefer", "{local}");
        }
    }

    #[test]
    fn a_schema_is_for_one_deployment_and_fits() {
        let name = |project: &str, environment: Option<&str>| {
            schema(&Scope { project: project.into(), environment: environment.map(Into::into) })
        };
        assert_eq!(name("shop", Some("prod")), "omni:shop/prod");
        assert_ne!(name("a-b", Some("c")), name("a", Some("b-c")));
        let (one, other) = (name(&"x".repeat(63), Some("a")), name(&"x".repeat(63), Some("b")));
        assert!(one != other && one.len() <= LONGEST_NAME, "{one} {other}");
    }
}
