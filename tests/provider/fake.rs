//! The contract on the fake, and the faults that only it can be made to have.

mod anchors;
mod edges;
mod faults;
mod looks;

use std::sync::Arc;
use std::time::Duration;

use omni::provider::fake::{Behaviour, FakeEngine};
use omni::provider::host::Host;
use omni::template::Template;

use crate::provider::world::{Does, World, alive, context};

/// The fake, with images of every behaviour.
pub(crate) struct Fake {
    pub(crate) engine: FakeEngine,
    host: Host<FakeEngine>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let engine = FakeEngine::new();
        engine.load_image("shop/serve:1", Behaviour::Serves(Duration::from_millis(120)), None);
        engine.load_image("shop/never:1", Behaviour::NeverHealthy, None);
        for code in [0, 3, 5] {
            engine.load_image(&format!("shop/end:{code}"), Behaviour::Ends(code, Duration::from_millis(40)), None);
        }
        let host = Host::new(engine.clone(), Arc::new(engine.clone()), context, alive);
        Self { engine, host }
    }
}

impl World for Fake {
    type Engine = FakeEngine;

    fn host(&self) -> &Host<FakeEngine> {
        &self.host
    }

    fn prefix(&self) -> String {
        String::new()
    }

    fn does(&self, what: Does) -> (String, Option<Vec<Template>>) {
        match what {
            Does::Serve => ("shop/serve:1".to_owned(), None),
            Does::NeverHealthy => ("shop/never:1".to_owned(), None),
            Does::End(code) => {
                let words = ["exit", &code.to_string(), "40"].map(Template::from);
                (format!("shop/end:{code}"), Some(words.to_vec()))
            }
        }
    }

    fn health(&self) -> Vec<Template> {
        vec![Template::plain("check")]
    }

    fn harmless(&self) -> Vec<Template> {
        ["touch", "/rolled-back"].map(Template::from).to_vec()
    }

    fn failing(&self) -> Vec<Template> {
        ["exit", "3"].map(Template::from).to_vec()
    }

    fn port(&self) -> u16 {
        8080
    }
}

crate::contract! { [#[tokio::test(start_paused = true)]] Fake::new() }
