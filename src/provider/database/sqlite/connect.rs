//! Opening a file: its settings, and whether it is there.

use std::path::Path;
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use crate::migration::Dialect;
use crate::plain::plain;
use crate::provider::database::sqlite::fault::{CANNOT_OPEN, fault, primary};
use crate::provider::database::sqlite::stop::Stoppable;
use crate::provider::database::trouble::{Trouble, in_time};
use crate::provider::database::{Facts, Target};
use crate::provider::{Fault, FaultKind};

/// A connection with all its settings made.
pub(super) async fn connect(target: &Target) -> Result<(Stoppable, Facts), Fault> {
    let file = SqliteConnectOptions::from_str(&target.url).map_err(|_| malformed(&target.name))?;
    // Opening a file that may be made makes it.
    let is_unmade = target.is_look && target.url.contains("mode=rwc") && is_makeable(file.get_filename());
    let base = if is_unmade { SqliteConnectOptions::new().in_memory(true) } else { file.clone() };
    let options = base.busy_timeout(target.lock_timeout).statement_cache_capacity(0).disable_statement_logging();
    match in_time(Some(target.connect_timeout), opened(&options)).await {
        Ok((opened, version)) => Ok((opened, facts(file.get_filename(), &version))),
        Err(Trouble::Silent) => {
            let message = format!("database `{}`: the file does not open in time", target.name);
            Err(Fault::new(FaultKind::Unreachable, message).help("run it again in a moment"))
        }
        Err(trouble) if primary(&trouble) == CANNOT_OPEN => Err(shut(trouble, file.get_filename(), target)),
        Err(trouble) => Err(fault(trouble, &target.name)),
    }
}

/// Whether there is no such file, and could be.
fn is_makeable(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    !path.exists() && folder.is_none_or(Path::exists)
}

async fn opened(options: &SqliteConnectOptions) -> Result<(Stoppable, String), Trouble> {
    let mut connection: SqliteConnection = options.connect().await?;
    // Until it is read nobody knows whether the file is a database.
    let facts = "SELECT sqlite_version() FROM (SELECT count(*) FROM main.sqlite_schema)";
    let version = sqlx::query_scalar(facts).persistent(false).fetch_one(&mut connection).await?;
    Ok((Stoppable::new(connection).await?, version))
}

fn facts(path: &Path, version: &str) -> Facts {
    Facts {
        dialect: Dialect::Sqlite,
        version: format!("SQLite {version}"),
        major: version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default(),
        database: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        schema: "main".to_owned(),
        user: String::new(),
    }
}

/// Why a file cannot be opened.
fn shut(trouble: Trouble, path: &Path, target: &Target) -> Fault {
    let not_found = |what: &str, help: &str| {
        let shown = plain(&path.display().to_string());
        Fault::new(FaultKind::NotFound, format!("database `{}`: there is no {what} `{shown}`", target.name)).help(help)
    };
    if path.exists() {
        return fault(trouble, &target.name);
    }
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        Some(_) => not_found("folder for the file", "make the folder, or name another file in the URL"),
        None => not_found("file", "name another one in the URL, or end it in `?mode=rwc` to have it made"),
    }
}

fn malformed(name: &str) -> Fault {
    let message = format!("the URL of database `{name}` cannot be understood");
    Fault::new(FaultKind::Failed, message).help("write it like `sqlite:data/app.db` or `sqlite:data/app.db?mode=rwc`")
}
