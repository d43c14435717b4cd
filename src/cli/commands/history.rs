//! `omni history`: releases and figures, from the journal.

use jiff::SignedDuration;

use crate::cli::Exit;
use crate::cli::args::{Global, HistoryArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::report;

pub(crate) async fn run(global: &Global, args: &HistoryArgs, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut pasts = match project.store().await? {
        Some(store) => store.history().await?,
        None => Vec::new(),
    };
    let now = SystemClock.now();
    let span = SignedDuration::try_from(args.since.duration()).unwrap_or(SignedDuration::MAX);
    pasts.retain(|past| now.duration_since(past.opened) <= span);
    let days = u32::try_from(args.since.duration().as_secs() / 86_400).ok().filter(|days| *days > 0);
    console.print(&if console.json {
        report::history_json(&pasts, days)
    } else if args.csv {
        report::history_csv(&pasts)
    } else {
        report::history(&pasts, days, args.limit, &console.out)
    });
    Ok(Exit::Done)
}
