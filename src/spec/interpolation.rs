//! `${NAME}` and its kin in a text, as pieces. What the names stand for is left to `variables`.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it is.
    Text(String),
    /// `${NAME…}`.
    Variable {
        name: String,
        /// Whether an empty value counts as none: `:-` and `:?`, in contrast to `-` and `?`.
        empty_is_none: bool,
        otherwise: Otherwise,
    },
}

/// What stands in for a variable without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// Nothing was given: `${NAME}`.
    Nothing,
    /// `${NAME:-default}`.
    Default(Vec<Piece>),
    /// `${NAME:?message}`.
    Demand(String),
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

/// How deep defaults may stand inside defaults.
const DEEPEST: usize = 16;

const LONE: Malformed =
    Malformed { message: "a `$` stands alone", help: "write `${NAME}` for a variable, `$$` for a dollar sign" };
const OPEN: Malformed =
    Malformed { message: "`${` is never closed", help: "close it with `}`, or write `$$` for a dollar sign" };
const NAME: Malformed = Malformed {
    message: "`${` is not followed by a name",
    help: "names have letters, digits and `_`, and start with no digit; write `$$` for a dollar sign",
};
const OPERATOR: Malformed = Malformed {
    message: "the name in `${…}` is followed by something else than `}`, `:-`, `-`, `:?` or `?`",
    help: "write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`",
};
const DEEP: Malformed = Malformed {
    message: "defaults stand too deep inside each other",
    help: "declare the variables in `[env]` instead",
};

/// The pieces of a text.
pub(super) fn parse(text: &str) -> Result<Vec<Piece>, Malformed> {
    let mut rest = text;
    pieces(&mut rest, 0)
}

/// Pieces up to the end, or up to the closing brace where `depth` says that this is a default.
fn pieces(rest: &mut &str, depth: usize) -> Result<Vec<Piece>, Malformed> {
    let mut found = Vec::new();
    loop {
        let stop = rest.find(|c| c == '$' || (depth > 0 && c == '}')).unwrap_or(rest.len());
        if stop > 0 {
            found.push(Piece::Text(rest[..stop].to_owned()));
        }
        *rest = &rest[stop..];
        if let Some(after) = rest.strip_prefix("$$") {
            found.push(Piece::Text("$".to_owned()));
            *rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            *rest = after;
            found.push(variable(rest, depth)?);
        } else if rest.starts_with('$') {
            return Err(LONE);
        } else {
            return Ok(found);
        }
    }
}

fn variable(rest: &mut &str, depth: usize) -> Result<Piece, Malformed> {
    if depth >= DEEPEST {
        return Err(DEEP);
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').ok_or(OPEN)?;
    let name = rest[..end].to_owned();
    if !is_name(&name) {
        return Err(NAME);
    }
    *rest = &rest[end..];
    let colon = rest.strip_prefix(':');
    let empty_is_none = colon.is_some();
    let after = colon.unwrap_or(rest);
    let otherwise = if let Some(after) = after.strip_prefix('-') {
        *rest = after;
        Otherwise::Default(pieces(rest, depth + 1)?)
    } else if let Some(after) = after.strip_prefix('?') {
        let end = after.find('}').ok_or(OPEN)?;
        *rest = &after[end..];
        Otherwise::Demand(after[..end].to_owned())
    } else if empty_is_none {
        return Err(OPERATOR);
    } else {
        Otherwise::Nothing
    };
    *rest = rest.strip_prefix('}').ok_or(if rest.is_empty() { OPEN } else { OPERATOR })?;
    Ok(Piece::Variable { name, empty_is_none, otherwise })
}

/// Whether a text is a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    starts && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Otherwise, Piece, parse};

    #[test]
    fn reads_every_form() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let variable =
            |name: &str, empty_is_none, otherwise| Piece::Variable { name: name.to_owned(), empty_is_none, otherwise };
        assert_eq!(parse("a$$b}"), Ok(vec![text("a"), text("$"), text("b}")]));
        assert_eq!(parse("x${A}y"), Ok(vec![text("x"), variable("A", false, Otherwise::Nothing), text("y")]));
        assert_eq!(parse("${A:?say}"), Ok(vec![variable("A", true, Otherwise::Demand("say".to_owned()))]));
        let inner = variable("B", false, Otherwise::Default(vec![text("x")]));
        assert_eq!(parse("${A:-${B-x}}"), Ok(vec![variable("A", true, Otherwise::Default(vec![inner]))]));
    }

    #[test]
    fn refuses_what_is_no_form() {
        for wrong in ["$A", "$", "${", "${}", "${1}", "${A", "${A:", "${A:x}", "${A b}", "${A:-x", "${A:?x", "cost $5"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&"${A:-".repeat(100_000)).is_err());
    }
}
