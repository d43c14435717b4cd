//! The spec that `omni init` writes: one service, and how to go on.

/// A valid spec with one service, for the project of this name.
#[must_use]
pub fn starter(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(kept).collect();
    let name: String = name.trim_matches(['-', '_']).chars().take(63).collect();
    let name = if name.is_empty() { "app" } else { &name };
    include_str!("starter.toml").replace("PROJECT", name)
}
