//! `omni explain`: what an error code means, with its cause and its mend.

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::args::ExplainArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::failure_codes;
use crate::plain::plain;
use crate::spec;

pub(crate) fn run(args: &ExplainArgs, console: &Console) -> Result<Exit, Failure> {
    let all: Vec<_> = spec::codes().iter().chain(failure_codes::codes()).collect();
    let Some(wanted) = &args.code else {
        if console.json {
            console.print(&document(&all.iter().map(|(code, text)| one(code, text)).collect::<Vec<_>>()));
            return Ok(Exit::Done);
        }
        let codes: Vec<_> = all.iter().map(|(code, _)| *code).collect();
        console.print(&(codes.join("\n") + "\n"));
        return Ok(Exit::Done);
    };
    let full = if wanted.starts_with("omni::") { wanted.clone() } else { format!("omni::{wanted}") };
    let Some((code, text)) = all.iter().find(|(code, _)| *code == full) else {
        let near = all
            .iter()
            .map(|(code, _)| *code)
            .max_by(|a, b| strsim::jaro_winkler(a, &full).total_cmp(&strsim::jaro_winkler(b, &full)));
        return Err(Failure::new(
            Exit::Usage,
            "omni::explain::unknown_code",
            format!("there is no code `{}`", plain(wanted)),
        )
        .help(format!("did you mean `{}`? `omni explain` lists all codes", near.unwrap_or_default())));
    };
    console.print(&if console.json { document(&[one(code, text)]) } else { format!("{code}\n\n{}\n", text.trim()) });
    Ok(Exit::Done)
}

fn one(code: &str, text: &str) -> Value {
    json!({ "code": code, "text": text.trim() })
}

/// Codes and what they mean, for programs.
fn document(codes: &[Value]) -> String {
    format!("{:#}\n", json!({ "format": "omni.explain/1", "codes": codes }))
}
