//! A network and a volume of which nothing is asked but a name.

use std::collections::BTreeMap;

use omni::resource::{Network, Volume};

pub(crate) fn network(name: &str) -> Network {
    Network {
        name: name.to_owned(),
        external: false,
        driver: "bridge".to_owned(),
        options: BTreeMap::new(),
        labels: BTreeMap::new(),
        internal: false,
        subnet: None,
    }
}

pub(crate) fn volume(name: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        external: false,
        shared: false,
        driver: "local".to_owned(),
        options: BTreeMap::new(),
        labels: BTreeMap::new(),
    }
}
