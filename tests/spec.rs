//! deploy.toml through the room `spec`: every file in `tests/specs` is one test, and its whole report a snapshot.
//!
//! A file may start with lines for the test: `#> env NAME`, `#> set NAME=value`, `#> file PATH=line;line`
//! (`;;` is a semicolon), `#> profile NAME`. Snapshots stand in `tests/specs/snapshots`; `INSTA_UPDATE=always` accepts them.

#[path = "spec/corpus.rs"]
mod corpus;
#[path = "spec/formatting.rs"]
mod formatting;
#[path = "spec/limits.rs"]
mod limits;
#[path = "spec/properties.rs"]
mod properties;
#[path = "spec/resolved.rs"]
mod resolved;
#[path = "spec/schema.rs"]
mod schema;
#[path = "spec/words.rs"]
mod words;
#[path = "spec/world.rs"]
mod world;
