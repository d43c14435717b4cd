//! The canonical form of a spec.

use super::problems::Problems;

/// To come.
///
/// # Errors
/// Syntax errors.
pub fn format(text: &str) -> Result<String, Problems> {
    Ok(text.to_owned())
}
