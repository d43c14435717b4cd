//! `omni explain`: what an error code means, with its cause and its mend.

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::args::ExplainArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::failure_codes;
use crate::migration::sql;
use crate::plain::plain;
use crate::spec;

pub(crate) fn run(args: &ExplainArgs, console: &Console) -> Result<Exit, Failure> {
    let all: Vec<_> = spec::codes().iter().chain(failure_codes::codes()).chain(sql::codes()).collect();
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
        return Err(Failure::new(
            Exit::Usage,
            "omni::explain::unknown_code",
            format!("there is no code `{}`", plain(wanted)),
        )
        .help(match near(wanted, &all.iter().map(|(code, _)| *code).collect::<Vec<_>>()) {
            Some(code) => format!("did you mean `{code}`? `omni explain` lists all codes"),
            None => "`omni explain` lists all codes".to_owned(),
        }));
    };
    console.print(&if console.json { document(&[one(code, text)]) } else { format!("{code}\n\n{}\n", text.trim()) });
    Ok(Exit::Done)
}

/// The code that was meant, by all that follows the program's name or by its last word alone.
fn near<'c>(wanted: &str, codes: &[&'c str]) -> Option<&'c str> {
    let tail = |code: &'c str| code.trim_start_matches("omni::");
    let last = |code: &'c str| code.rsplit("::").next().unwrap_or(code);
    let wanted = wanted.trim_start_matches("omni::");
    let by = |part: &dyn Fn(&'c str) -> &'c str| {
        let meant = spec::near(wanted, codes.iter().copied().map(part))?;
        codes.iter().copied().find(|code| part(code) == meant)
    };
    by(&tail).or_else(|| by(&last))
}

fn one(code: &str, text: &str) -> Value {
    json!({ "code": code, "text": text.trim() })
}

/// Codes and what they mean, for programs.
fn document(codes: &[Value]) -> String {
    format!("{:#}\n", json!({ "format": "omni.explain/1", "codes": codes }))
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn only_a_near_code_is_meant() {
        let codes = ["omni::plan::stale", "omni::spec::unknown_key", "omni::apply::open"];
        for (wanted, meant) in [
            ("plan::stalle", Some(codes[0])),
            ("plan::stale", Some(codes[0])),
            ("stale", Some(codes[0])),
            ("unknown-key", Some(codes[1])),
            ("nosuch", None),
            ("nosuch::thing", None),
        ] {
            assert_eq!(near(wanted, &codes), meant, "{wanted}");
        }
    }
}
