//! The provider contract: what every engine has to hold, run on the fake; and the faults that only a fake can be made to have.
//!
//! A case is a generic function over a `World`. To run them all on another engine: implement `World` and call `contract!`.

#[path = "support/change.rs"]
mod change;
#[macro_use]
mod provider {
    pub(crate) mod cases;
    mod docker;
    mod fake;
    pub(crate) mod stage;
    pub(crate) mod things;
    pub(crate) mod world;
}
#[path = "support/things.rs"]
mod things;
