//! `StorePlace`: where the store of a deployment is: a file, or a server.
//!
//! The URL of a server may hold a password. It is never shown: `name` is what messages say.

use std::path::{Path, PathBuf};

use crate::address::Scope;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::store::{Machine, Postgres, Sqlite, Store};

/// Where the store of a deployment is.
pub(crate) enum StorePlace {
    /// A file.
    File(PathBuf),
    /// A server, by its URL.
    Server(String),
}

impl StorePlace {
    /// The place that a URL names; a file in `.omni/` below `root` where there is none.
    ///
    /// # Errors
    /// When the URL is none that this version knows.
    pub(crate) fn new(url: Option<&str>, root: &Path, scope: &Scope) -> Result<Self, Failure> {
        let file = |path: &str| Ok(Self::File(root.join(path)));
        let Some(url) = url else { return file(&format!(".omni/{}.sqlite", scope.prefix())) };
        match url.split_once("://") {
            Some(("sqlite", path)) => file(path),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Server(url.to_owned())),
            Some((scheme, _)) => Err(unknown(&format!("{scheme}://…"))),
            // `postgres:ci:secret@db` is a slip, and no file that anybody wants.
            None if url.starts_with("postgres:") || url.starts_with("postgresql:") => Err(unknown("postgres:…")),
            None => file(url.strip_prefix("sqlite:").unwrap_or(url)),
        }
    }

    /// The store there; none where there is none.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) async fn open(&self, scope: &Scope, machine: Machine) -> Result<Option<Box<dyn Store>>, Failure> {
        Ok(match self {
            Self::File(path) => Sqlite::open_existing(path, scope, machine).await?.map(boxed),
            Self::Server(url) => Postgres::open_existing(url, scope, machine).await?.map(boxed),
        })
    }

    /// The store there; it is made where there is none.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) async fn make(&self, scope: &Scope, machine: Machine) -> Result<Box<dyn Store>, Failure> {
        Ok(match self {
            Self::File(path) => boxed(Sqlite::create(path, scope, machine).await?),
            Self::Server(url) => boxed(Postgres::create(url, scope, machine).await?),
        })
    }

    /// Its name for people, without a password; none where it is a file, which is named where it matters.
    ///
    /// # Errors
    /// When the URL cannot be understood.
    pub(crate) fn name(&self, scope: &Scope) -> Result<Option<String>, Failure> {
        match self {
            Self::File(_) => Ok(None),
            Self::Server(url) => Ok(Some(Postgres::shown(url, scope)?)),
        }
    }
}

fn boxed<S: Store + 'static>(store: S) -> Box<dyn Store> {
    Box::new(store)
}

fn unknown(shown: &str) -> Failure {
    let message = format!("`{shown}` is no store that this version knows");
    Failure::new(Exit::Usage, "omni::store::unknown_url", message).help(
        "give the path of a file, as in `--store .omni/shop.sqlite`, or a server: `postgres://USER@HOST/DATABASE`",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::StorePlace;
    use crate::address::Scope;

    fn place(url: Option<&str>) -> Result<String, String> {
        let scope = Scope { project: "shop".to_owned(), environment: Some("prod".to_owned()) };
        match StorePlace::new(url, Path::new("/srv"), &scope) {
            Ok(StorePlace::File(path)) => Ok(path.display().to_string()),
            Ok(StorePlace::Server(url)) => Ok(url),
            Err(failure) => Err(failure.json()),
        }
    }

    #[test]
    fn a_url_names_a_file_or_a_server() {
        for (url, file) in [
            (None, "/srv/.omni/shop-prod.sqlite"),
            (Some("sqlite://x/y.db"), "/srv/x/y.db"),
            (Some("sqlite:///x/y.db"), "/x/y.db"),
            (Some("sqlite:y.db"), "/srv/y.db"),
            (Some("y.db"), "/srv/y.db"),
        ] {
            assert_eq!(place(url).as_deref(), Ok(file), "{url:?}");
        }
        for url in ["postgres://ci@db/omni", "postgresql://ci@db/omni"] {
            assert_eq!(place(Some(url)).as_deref(), Ok(url));
        }
    }

    #[test]
    fn what_is_refused_is_not_repeated() {
        for url in ["mysql://ci:canary@db/omni", "postgres:ci:canary@db/omni", "postgresql:/ci:canary@db"] {
            let said = place(Some(url)).expect_err(url);
            assert!(said.contains("omni::store::unknown_url") && !said.contains("canary"), "{said}");
        }
    }
}
