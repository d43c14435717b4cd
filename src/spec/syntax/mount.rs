//! A volume or a folder that a container sees: `data:/var/lib/x:ro`.

/// A mount as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct Written {
    /// A volume's name, or a path of the host.
    pub(in crate::spec) source: String,
    /// Whether the source is a path of the host.
    pub(in crate::spec) is_path: bool,
    /// The path inside.
    pub(in crate::spec) target: String,
    pub(in crate::spec) read_only: bool,
}

/// Reads a mount.
pub(in crate::spec) fn parse(text: &str) -> Result<Written, String> {
    let form = "write `\"name:/path/inside\"` or `\"./folder:/path/inside:ro\"`";
    let mut parts = text.split(':');
    let source = parts.next().unwrap_or_default();
    let Some(target) = parts.next() else {
        return Err(format!("a volume needs a name, or nothing would find its content again; {form}"));
    };
    let read_only = match parts.next() {
        None | Some("rw") => false,
        Some("ro") => true,
        Some(other) => {
            return Err(format!("`{}` is not supported; only `ro` and `rw` are", crate::plain::plain(other)));
        }
    };
    if source.is_empty() || parts.next().is_some() {
        return Err(form.to_owned());
    }
    if !target.starts_with('/') || target == "/" || target.split('/').any(|part| part == "..") {
        return Err(format!("the path inside has to be absolute, and not `/` itself; {form}"));
    }
    if source.starts_with('~') {
        return Err("`~` would mean another folder for everybody; write the whole path".to_owned());
    }
    let is_path = source.starts_with(['/', '.']);
    if !is_path && source.contains('/') {
        return Err(format!("a folder beside deploy.toml starts with `./`: `./{source}`"));
    }
    let target = target.trim_end_matches('/').to_owned();
    Ok(Written { source: source.to_owned(), is_path, target, read_only })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn tells_volumes_from_paths() {
        let read = |text| parse(text).map(|mount| (mount.source, mount.is_path, mount.target, mount.read_only));
        assert_eq!(read("data:/var/lib/x"), Ok(("data".into(), false, "/var/lib/x".into(), false)));
        assert_eq!(read("./conf:/etc/x/:ro"), Ok(("./conf".into(), true, "/etc/x".into(), true)));
        assert_eq!(read("/srv:/srv:rw"), Ok(("/srv".into(), true, "/srv".into(), false)));
        for wrong in
            ["", "data", "/data", "data:rel", "data:/", "data:/x:z", "~/x:/x", "conf/x:/x", "a:/b:ro:x", "data:/a/../b"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
