//! `omni migrate new`: the files of a new migration, named as those that are there.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::NewArgs;
use crate::cli::console::Console;
use crate::cli::disk;
use crate::cli::failure::Failure;
use crate::cli::histories::History;
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::migration::layout::Fresh;

pub(crate) fn run(project: &Project, args: &NewArgs, console: &Console) -> Result<Exit, Failure> {
    let history = History::one(project, args.of.db.as_deref())?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if args.name.is_empty() || !args.name.chars().all(is_name) {
        let message = format!("`{}` is no name of a migration", crate::plain::plain(&args.name));
        return Err(Failure::new(Exit::Usage, "omni::migrate::name", message)
            .help("write it in lower-case letters, digits and `_`, as in `add_tax`"));
    }
    let fresh = Fresh::of(history.ledger.layout, &history.scripts, &args.name, SystemClock.now());
    let folder = project.root.join(&history.dir);
    for (path, text) in &fresh.files {
        let path = folder.join(path);
        if path.exists() {
            let message = format!("`{}` is there already", path.display());
            return Err(Failure::new(Exit::Refused, "omni::migrate::exists", message).help("give it another name"));
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| {
                let message = format!("cannot make `{}`: {error}", parent.display());
                Failure::new(Exit::Unusable, "omni::cli::unwritable", message).help(disk::mend(parent, &error))
            })?;
        }
        disk::write(&path, text)?;
    }
    let dir = history.dir.trim_end_matches('/');
    let paths: Vec<_> = fresh.files.iter().map(|(path, _)| format!("{dir}/{path}")).collect();
    let verify = format!("{dir}/{}", fresh.verify);
    console.print(&if console.json {
        let document = json!({ "format": "omni.migrate-new/1", "files": paths, "verify": verify, "note": fresh.note });
        format!("{document:#}\n")
    } else {
        let made: Vec<_> = paths.iter().map(|path| format!("made {path}\n")).collect();
        let note = fresh.note.map(|note| format!("{note}\n")).unwrap_or_default();
        format!(
            "{}What has to hold after the way up goes into {verify}.\n{note}\
             next: omni migrate lint, then omni migrate prove\n",
            made.concat()
        )
    });
    Ok(Exit::Done)
}
