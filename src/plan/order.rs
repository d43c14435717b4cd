//! `Phase` and the order of execution.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::plan::{Change, Class};

/// When in an apply a change may run. A phase starts when every change of the one before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Making and changing.
    Build,
    /// Removing, so that most of an unwind is starting what is still there.
    Remove,
}

/// Changes in the order of execution, and the edges among them by position.
type Ordered = (Vec<Change>, Vec<(u32, u32)>);

/// The changes in the order of execution, with the edges as positions in it. The order is by phase, then by how much
/// has to be done before, then with what cannot be taken back last, then by address.
///
/// # Errors
/// The addresses that wait for each other.
pub(super) fn ordered(changes: Vec<Change>, edges: &[(usize, usize)]) -> Result<Ordered, Vec<Address>> {
    let levels = levels(changes.len(), edges)
        .map_err(|stuck| stuck.into_iter().map(|at| changes[at].address.clone()).collect::<Vec<_>>())?;
    let mut positions: Vec<usize> = (0..changes.len()).collect();
    positions.sort_by(|a, b| {
        let key = |at: usize| (changes[at].phase, levels[at], changes[at].class != Class::Reversible);
        key(*a).cmp(&key(*b)).then_with(|| changes[*a].address.cmp(&changes[*b].address))
    });
    let mut place = vec![0_u32; changes.len()];
    for (new, old) in positions.iter().enumerate() {
        place[*old] = u32::try_from(new).unwrap_or(u32::MAX);
    }
    let mut moved: Vec<_> = edges.iter().map(|(first, second)| (place[*first], place[*second])).collect();
    // What waits for a change of a later phase would wait for ever.
    if let Some((first, second)) = edges.iter().find(|(first, second)| place[*first] > place[*second]) {
        return Err(vec![changes[*first].address.clone(), changes[*second].address.clone()]);
    }
    moved.sort_unstable();
    moved.dedup();
    let mut slots: Vec<_> = changes.into_iter().map(Some).collect();
    let sorted = positions.into_iter().filter_map(|old| slots[old].take()).collect();
    Ok((sorted, moved))
}

/// For each node, the number of edges on the longest way to it; or the nodes that lie on or behind a circle.
fn levels(count: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting = vec![0_usize; count];
    let mut followers = vec![Vec::new(); count];
    for (first, second) in edges {
        waiting[*second] += 1;
        followers[*first].push(*second);
    }
    let mut level = vec![0; count];
    let mut free: Vec<usize> = (0..count).filter(|at| waiting[*at] == 0).collect();
    let mut seen = 0;
    while let Some(at) = free.pop() {
        seen += 1;
        for follower in &followers[at] {
            level[*follower] = level[*follower].max(level[at] + 1);
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                free.push(*follower);
            }
        }
    }
    if seen == count { Ok(level) } else { Err((0..count).filter(|at| waiting[*at] > 0).collect()) }
}
