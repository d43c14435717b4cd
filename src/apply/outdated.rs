//! `outdated`: whether the store that says an apply is open is older than what is on the engine.
//!
//! Nobody sends a call before its intent is on disk, and nobody opens an apply in this store while one is open. What is
//! on the engine and cannot be by these two rules was made by an apply of which this store does not know: a copy of it
//! was put back, or another machine has applied meanwhile. To take the open apply back would break what serves now.

use crate::apply::Frontier;
use crate::journal::{Apply, NodeStatus};
use crate::observed::Observed;

/// What on the engine shows that a store whose open apply has come this far is older; none where nothing does.
#[must_use]
pub fn outdated(apply: &Apply, frontier: &Frontier<'_>, observed: &Observed) -> Option<String> {
    let mut all = observed.objects.iter().flat_map(|(address, objects)| objects.iter().map(move |one| (address, one)));
    all.find_map(|(address, object)| {
        let (name, made) = (&object.name, &object.provenance);
        if made.op == apply.op.as_str() {
            let is_ahead = frontier.status(address) == Some(NodeStatus::Waiting);
            return is_ahead.then(|| format!("it made `{name}`, and its journal has not begun {address}"));
        }
        let is_later = made.fence > apply.fence;
        is_later.then(|| format!("`{name}` was made later, by the apply of {} (fence {})", made.tag, made.fence))
    })
}
