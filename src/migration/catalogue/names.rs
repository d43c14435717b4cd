//! Names of a catalogue: the pieces they are made of, and how people say them.

/// The pieces of a name at its dots, as they are written; a dot in quotes or in the arguments of a function is none.
pub(super) fn pieces(name: &str) -> Vec<&str> {
    split(name, '.')
}

/// The entries of a list that is written with `, `; a comma in quotes is none.
pub(super) fn entries(list: &str) -> Vec<&str> {
    split(list, ',').into_iter().map(str::trim_start).filter(|entry| !entry.is_empty()).collect()
}

fn split(text: &str, separator: char) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quote, mut depth) = (0, None, 0_usize);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, c) if c == separator && depth == 0 => {
                found.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

/// The names of what a thing is in, innermost first: of `public.users.email` the table `public.users` and the schema.
pub(super) fn around(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let last = pieces(rest).pop()?.len();
        rest = rest.get(..rest.len().checked_sub(last + 1)?)?;
        Some(rest)
    })
}

/// The name without the schema that is the usual one.
pub(super) fn short(name: &str, has_schemas: bool) -> &str {
    if has_schemas { name.strip_prefix("public.").unwrap_or(name) } else { name }
}

/// The thing as people say it: `index users_email_idx`, `trigger touch of users`, `column app.users.email`.
pub(super) fn thing(kind: &str, name: &str, has_schemas: bool) -> String {
    let name = short(name, has_schemas);
    let table = around(name).next();
    let own = pieces(name).pop().unwrap_or_default();
    match (kind, table) {
        // Its name is its own in the whole schema.
        ("index", Some(table)) => match around(table).next() {
            Some(schema) if has_schemas => format!("index {schema}.{own}"),
            _ => format!("index {own}"),
        },
        ("trigger" | "rule" | "policy" | "constraint" | "domain constraint", Some(table)) => {
            format!("{kind} {own} of {table}")
        }
        ("database", _) => "the database".to_owned(),
        _ => format!("{kind} {name}"),
    }
}
