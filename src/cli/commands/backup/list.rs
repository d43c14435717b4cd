//! `omni backup list`: the backups that there are. It reads the folders, and asks nobody.

use crate::cli::Exit;
use crate::cli::args::BackedArgs;
use crate::cli::backed::{Backed, listed};
use crate::cli::commands::backup::{damage, facts};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::report;

pub(crate) async fn run(project: &Project, args: &BackedArgs, console: &Console) -> Result<Exit, Failure> {
    let found = Backed::among(project, &args.databases)?;
    let (mut backups, mut damaged) = (Vec::new(), Vec::new());
    for (one, listed) in found.iter().zip(listed(&found).await?) {
        backups.extend(listed.whole.iter().map(|made| facts(one, made)));
        damaged.extend(listed.spoilt.iter().filter_map(|made| Some(damage(one, Some(&made.name), &made.fault()?))));
        damaged.extend(listed.damaged.iter().map(|fault| damage(one, None, fault)));
    }
    console.print(&if console.json {
        report::backups_json("list", &backups, &damaged, &[])
    } else {
        report::backup_list(&backups, &damaged, &console.out)
    });
    Ok(if damaged.is_empty() { Exit::Done } else { Exit::Unusable })
}
