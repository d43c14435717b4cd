//! What is on disk when a call is sent: no call that changes something goes out before its intent is kept, and none
//! goes out that the plan does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use omni::address::Scope;
use omni::journal::Record;
use omni::store::{Machine, Sqlite, Store};

use crate::proxy::{Call, ENGINE, Proxy};
use crate::tier::deployment::{Deployment, Version};
use crate::world::World;

/// The addresses that are being done or taken back, as the disk says at this moment; none where no apply is open.
fn under_way(path: &Path, scope: &Scope) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let machine = Machine::new(|| Timestamp::UNIX_EPOCH, |_| None);
        let store = Sqlite::open_existing(path, scope, machine).await.expect("a store that can be read")?;
        let apply = store.open_apply().await.expect("an answer");
        let found = match &apply {
            None => None,
            Some(apply) => {
                let mut doing = BTreeSet::new();
                for record in store.journal(&apply.op).await.expect("a journal") {
                    match record {
                        Record::Intent { node } | Record::UndoIntent { node } => {
                            doing.insert(node.to_string());
                        }
                        Record::Done { node, .. }
                        | Record::Failed { node, .. }
                        | Record::Unknown { node, .. }
                        | Record::Undone { node, .. }
                        | Record::UndoFailed { node, .. } => {
                            doing.remove(&node.to_string());
                        }
                        Record::Unwinding { .. } => {}
                    }
                }
                let planned = apply.plan.steps().map(|change| change.address.to_string()).collect();
                Some((doing, planned))
            }
        };
        store.shut().await.expect("a store that can be closed");
        found
    })
}

#[test]
fn every_call_that_changes_something_has_its_intent_on_disk_and_is_planned() {
    let proxy = Proxy::new(ENGINE);
    let world = World::new("witness").on(&proxy.host(), &format!("unix://{ENGINE}"));
    let mut deployment = Deployment::new(world);
    let project = deployment.world.project.clone();
    let scope = Scope { project: project.clone(), environment: None };
    let path = deployment.world.path(&format!(".omni/{}.sqlite", scope.prefix()));
    let wrong: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let (wrongs, seens) = (Arc::clone(&wrong), Arc::clone(&seen));
    proxy.watch(Arc::new(move |call: &Call| {
        let is_lock = call.labels.contains_key("omni.lock");
        if !call.is_mutating() || is_lock {
            return;
        }
        *seens.lock().unwrap().entry(call.template()).or_default() += 1;
        let node = call.labels.get("omni.node");
        let why = match (under_way(&path, &scope), node) {
            // After the apply only what no release needs any more is removed, and the lock is given back.
            (None, _) => (call.method != "DELETE").then(|| "no apply is open".to_owned()),
            (Some((doing, planned)), Some(node)) => {
                let project_told = call.labels.get("omni.project");
                if project_told != Some(&project) {
                    Some(format!("it is of the project {project_told:?}"))
                } else if !planned.contains(node) {
                    Some(format!("{node} is not in the plan"))
                } else {
                    (!doing.contains(node)).then(|| format!("the intent of {node} is not on disk; there are {doing:?}"))
                }
            }
            (Some((doing, _)), None) => doing.is_empty().then(|| "no intent is on disk".to_owned()),
        };
        wrongs.lock().unwrap().extend(why.map(|why| format!("{} {}: {why}", call.method, call.path)));
    }));
    // Forward, back again, and once so that it is undone.
    for version in [Version::B, Version::A] {
        deployment.go(version);
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(*wrong.lock().unwrap(), [""; 0]);
    for kind in
        ["POST /containers/create", "POST /networks/create", "POST /volumes/create", "POST /containers/{}/start"]
    {
        assert!(seen.contains_key(kind), "{kind} was never sent: {seen:?}");
    }
    println!("{} calls that change something were seen, all with their intent on disk", seen.values().sum::<usize>());
}
