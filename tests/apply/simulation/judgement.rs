//! What is held against the annals once everything is healed and recovered: the world, the locks, what is left behind.

use std::collections::BTreeSet;
use std::time::Duration;

use omni::provider::{Anchor, Observe};
use omni::store::Store;

use crate::apply::simulation::annals::Book;
use crate::apply::simulation::nature;
use crate::apply::simulation::play::Play;
use crate::apply::simulation::team::Command;
use crate::apply::simulation::wanted::made_by;

impl Play {
    pub(super) async fn judge(&mut self) {
        self.team.engine.settle(Duration::from_secs(3)).await;
        let found = self.found().await;
        for text in found {
            self.team.annals.wrong(&text);
        }
    }

    /// Everything that is not as it has to be once all is healed and recovered.
    async fn found(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        let host = self.team.host();
        if let Some(held) = host.anchor(self.team.scope()).await.expect("the engine answers") {
            found.push(format!("the engine's lock is left by {}", held.holder));
        }
        let mut known = BTreeSet::new();
        for omni in &self.team.omnis {
            nature::at(omni.host);
            if let Some(held) = omni.store.lock().await.expect("the store answers")
                && nature::alive(&held.holder) == Some(true)
            {
                found.push(format!("a store's lock is left by {}", held.holder));
            }
            if let Some(open) = omni.store.open_apply().await.expect("the store answers") {
                found.push(format!("{} is still open", open.op));
            }
            let releases = omni.store.releases().await.expect("the store answers");
            let resources = releases.iter().flat_map(|release| release.resources.values());
            known.extend(resources.flat_map(|recorded| recorded.objects.iter().cloned()));
        }
        let observed = match host.observe(self.team.scope()).await {
            Ok(observed) => observed,
            Err(fault) => return vec![format!("a healthy engine cannot be looked at: {fault:?}")],
        };
        let leaked = observed.objects.values().flatten().filter(|object| !known.contains(&object.id));
        found.extend(leaked.map(|object| format!("left behind: {} of {}", object.name, object.provenance.op)));
        let seen: BTreeSet<_> = observed.objects.values().flatten().map(|object| object.name.clone()).collect();
        let unseen = self.team.engine.names().into_iter().filter(|name| !seen.contains(name));
        found.extend(unseen.map(|name| format!("left behind, and nobody sees it: {name}")));
        found.extend(self.ledger_is_schema());
        let world = observed.fingerprint();
        let (left, last, is_overlapped) = {
            let book: &mut Book = &mut self.team.annals.book();
            (book.world, book.last.clone(), book.is_overlapped)
        };
        if is_overlapped {
            return Vec::new();
        }
        if let Some(left) = left.filter(|left| *left != world) {
            let is_after = last.as_ref().is_some_and(|(_, applied)| *applied);
            let which = if is_after { "after" } else { "before" };
            found.push(format!("the world is {}, and {which} is {}", world.spoken(), left.spoken()));
        }
        self.team.annals.book().world = Some(world);
        if let Some((op, true)) = last {
            found.extend(self.left_to_do(&op).await);
        }
        found
    }

    /// What is in the database and not in its ledger, or the other way; and sessions that are left.
    fn ledger_is_schema(&self) -> Option<String> {
        let engine = &self.team.engine;
        let (ledger, indexes) = (engine.ledger("pos"), engine.indexes("pos"));
        let tables = engine.rows("pos").into_keys();
        let valid = indexes.iter().filter(|(_, valid)| **valid).map(|(name, _)| name.clone());
        let there: BTreeSet<_> = tables.chain(valid).collect();
        let invalid = indexes.values().any(|valid| !valid);
        // The look itself has just ended its own.
        let sessions = engine.sessions("pos");
        let is_so = there == made_by(&ledger) && !invalid && sessions <= 1;
        (!is_so)
            .then(|| format!("the ledger has {ledger:?}, and there are {there:?}, {indexes:?}, {sessions} sessions"))
    }

    /// What a new plan for what was applied last would do.
    async fn left_to_do(&self, op: &omni::lock::Op) -> Vec<String> {
        let opened = self.team.annals.book().applies.get(op).cloned().expect("what was closed was opened");
        let Some(text) = opened.goal.strip_prefix("apply\n") else { return Vec::new() };
        let command = Command::Apply(text.to_owned());
        let steps = self.team.left_to_do(opened.who, &command).await;
        if steps.is_empty() { Vec::new() } else { vec![format!("after {op} a new plan is not empty: {steps:?}")] }
    }
}
