//! What the engine does when a container ends: `on-failure:5`.

use crate::resource::Restart;

/// Reads a restart policy.
pub(in crate::spec) fn parse(text: &str) -> Result<Restart, String> {
    match text {
        "no" => Ok(Restart::No),
        "always" => Ok(Restart::Always),
        "unless-stopped" => Ok(Restart::UnlessStopped),
        "on-failure" => Ok(Restart::OnFailure(0)),
        _ => {
            let times = text.strip_prefix("on-failure:").and_then(|times| times.parse().ok());
            times
                .map(Restart::OnFailure)
                .ok_or_else(|| "it can be `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:5`".to_owned())
        }
    }
}
