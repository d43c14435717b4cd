//! An image's reference: `registry.example.org:5000/shop/web:1.8.0@sha256:…`.

/// Whether a text may be a reference.
pub(in crate::spec) fn check(text: &str) -> Result<(), String> {
    let form = "write it like `postgres:16-alpine` or `ghcr.io/shop/web:1.8.0`";
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err("a digest is `sha256:` and 64 hexadecimal digits".to_owned());
    }
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    };
    let tag_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if tag.is_some_and(|tag| tag.is_empty() || tag.len() > 128 || !tag.bytes().all(tag_byte)) {
        return Err(format!("the tag after `:` is malformed; {form}"));
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) && !path.contains('/') {
        return Err(format!("the name has to be lower-case; {form}"));
    }
    let byte = |byte: u8| tag_byte(byte) || matches!(byte, b':' | b'[' | b']');
    let parts_fine = path.split('/').all(|part| {
        part.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'[')
            && part.bytes().all(byte)
    });
    if parts_fine { Ok(()) } else { Err(form.to_owned()) }
}

/// Whether a reference names an image by its digest.
pub(in crate::spec) fn has_digest(text: &str) -> bool {
    text.split_once('@').is_some_and(|(_, digest)| is_digest(digest))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
