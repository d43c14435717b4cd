//! A first plan of the deployment `shop`, and where it is applied.

use omni::address::Scope;
use omni::fingerprint::Fingerprint;
use omni::observed::EngineFacts;
use omni::plan::{Change, Plan, Purpose};

pub(crate) fn scope() -> Scope {
    Scope { project: "shop".to_owned(), environment: Some("prod".to_owned()) }
}

pub(crate) fn engine() -> EngineFacts {
    EngineFacts {
        id: "ABCD:EFGH".to_owned(),
        version: "docker 20.10.24".to_owned(),
        host: "unix:///var/run/docker.sock".to_owned(),
        memory: 8 << 30,
        cpus: 4,
        platform: "linux/amd64".to_owned(),
    }
}

/// A plan of these changes, with nothing there before.
pub(crate) fn plan(changes: Vec<Change>, edges: Vec<(u32, u32)>) -> Plan {
    Plan {
        scope: scope(),
        purpose: Purpose::Apply,
        tag: "v1.8.0".to_owned(),
        spec: Fingerprint::of("spec"),
        engine: engine(),
        base: None,
        preconditions: Vec::new(),
        changes,
        edges,
        drift: Vec::new(),
        warnings: Vec::new(),
        afterwards: Vec::new(),
        without_backup: Vec::new(),
        reviewed: None,
    }
}
