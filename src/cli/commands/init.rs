//! `omni init`: writes a first deploy.toml, and keeps the store out of version control.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::cli::Exit;
use crate::cli::args::{Global, InitArgs};
use crate::cli::console::Console;
use crate::cli::disk;
use crate::cli::failure::Failure;
use crate::cli::project;
use crate::spec;

pub(crate) fn run(global: &Global, args: &InitArgs, console: &Console) -> Result<Exit, Failure> {
    let path = project::path(global);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = args.name.clone().or_else(|| folder_name(folder)).unwrap_or_else(|| "app".to_owned());
    let failed = |error: std::io::Error| {
        let failure =
            Failure::new(Exit::Usage, "omni::init::unwritable", format!("cannot write `{}`: {error}", path.display()));
        failure.help(match error.kind() {
            _ if path.is_dir() => format!("`{}` is a folder; give another name with `-f`", path.display()),
            ErrorKind::AlreadyExists => "omni does not write over a spec; give another name with `-f`".to_owned(),
            _ => disk::mend(&path, &error),
        })
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    file.write_all(spec::starter(&name).as_bytes()).map_err(failed)?;
    let ignored = ignore_store(folder).map_err(failed)?;
    // Editors read it for completion and for problems while typing.
    std::fs::write(folder.join("deploy.schema.json"), spec::schema()).map_err(failed)?;
    let beside = if ignored { "deploy.schema.json and .gitignore" } else { "deploy.schema.json" };
    console.print(&format!("Wrote {}, {beside}.\nnext: omni validate\n", path.display()));
    Ok(Exit::Done)
}

/// The folder's name as a project's name.
fn folder_name(folder: &Path) -> Option<String> {
    let real = folder.canonicalize().ok()?;
    let name = real.file_name()?.to_str()?.to_lowercase();
    let clean: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let clean = clean.trim_matches(['-', '_']).to_owned();
    (!clean.is_empty()).then_some(clean)
}

/// Adds the store to .gitignore; returns whether it was not there.
fn ignore_store(folder: &Path) -> std::io::Result<bool> {
    let path = folder.join(".gitignore");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    if text.lines().any(|line| matches!(line.trim(), ".omni" | ".omni/" | "/.omni" | "/.omni/")) {
        return Ok(false);
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    std::fs::write(path, format!("{text}{gap}.omni/\n"))?;
    Ok(true)
}
