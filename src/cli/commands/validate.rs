//! `omni validate`: checks the spec: words, types, names, paths, the graph. It needs no engine.

use crate::cli::Exit;
use crate::cli::args::{Global, ProblemFormat, ValidateArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::problems;
use crate::cli::project::Project;
use crate::fingerprint::Key;
use crate::report;
use crate::spec::Problems;

pub(crate) fn run(global: &Global, args: &ValidateArgs, console: &Console) -> Result<Exit, Failure> {
    let format = if console.json && args.format == ProblemFormat::Human { ProblemFormat::Json } else { args.format };
    let checked = Project::open(global).and_then(|project| {
        let (spec, _) = project.resolve(&Key::unset())?;
        Ok((project.scope().to_string(), spec))
    });
    let (scope, spec) = match checked {
        Ok(checked) => checked,
        Err(Failure::Spec(found)) if format != ProblemFormat::Human => {
            console.print(&told(&found, format));
            return Ok(Exit::Usage);
        }
        Err(failure) => return Err(failure),
    };
    if format == ProblemFormat::Human {
        if !spec.warnings.list().is_empty() {
            console.warn(&problems::drawn(&spec.warnings, console));
        }
        let things = spec.resources.len();
        let things = if things == 1 { "1 thing".to_owned() } else { format!("{things} things") };
        console.print(&format!("{} is valid: {scope}, {things}\n", spec.source().name()));
    } else {
        console.print(&told(&spec.warnings, format));
    }
    Ok(Exit::Done)
}

fn told(found: &Problems, format: ProblemFormat) -> String {
    let findings = problems::findings(found);
    match format {
        ProblemFormat::Sarif => report::diagnostics::sarif(&findings),
        ProblemFormat::Github => report::diagnostics::github(&findings),
        ProblemFormat::Json | ProblemFormat::Human => report::diagnostics::json(&findings),
    }
}
