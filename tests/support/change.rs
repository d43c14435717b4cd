//! A change of which nothing is known but where it is and what it does.

use omni::address::Address;
use omni::plan::{Action, Change, Class, Downtime, Inverse, Phase};

pub(crate) fn change(address: Address, action: Action) -> Change {
    Change {
        address,
        action,
        reasons: Vec::new(),
        class: Class::Reversible,
        inverse: Inverse::Nothing,
        downtime: Downtime::NotApplicable,
        phase: Phase::Build,
        before: None,
        after: None,
        reuse: Vec::new(),
        differences: Vec::new(),
        worth: None,
        proves: std::collections::BTreeMap::new(),
        statements: Vec::new(),
    }
}
