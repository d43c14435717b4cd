//! `Middle`: an apply that is under way, and waits for a service.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use crate::specs::Service;
use crate::world::{Ran, World};

/// Two services, of which the second takes its time to be well.
pub(crate) fn two(version: &str, slow: &str) -> String {
    let web = Service::new("web", version, &["db"]).set("SLOW", slow);
    format!("[networks.inside]\n{}{}", Service::new("db", version, &[]).text(), web.text())
}

/// A deployment at version 1, and an apply of version 2 that waits for the second service.
pub(crate) struct Middle {
    pub(crate) world: World,
    pub(crate) before: BTreeMap<String, String>,
    pub(crate) child: Child,
    told: BufReader<std::process::ChildStderr>,
    pub(crate) heard: String,
}

impl Middle {
    pub(crate) fn new(name: &str, slow: &str) -> Self {
        let world = World::new(name);
        world.write("v1", 3, &two("1", "0"));
        world.ends(&["apply", "--yes"], 0);
        let before = world.ids();
        world.write("v2", 3, &two("2", slow));
        Self::begin(world, before)
    }

    /// The same, of what is in the folder of this world.
    pub(crate) fn begin(world: World, before: BTreeMap<String, String>) -> Self {
        let mut command = world.command(&["apply", "--yes", "--plain"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("omni runs");
        let told = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut middle = Self { world, before, child, told, heard: String::new() };
        middle.hear("waiting for health");
        middle
    }

    /// Reads on until a line says this.
    pub(crate) fn hear(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.told.read_line(&mut line).expect("a line");
            assert!(read > 0, "`{text}` was never told:\n{}", self.heard);
            self.heard.push_str(&line);
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
    }

    pub(crate) fn end(mut self) -> (World, BTreeMap<String, String>, Ran) {
        self.told.read_to_string(&mut self.heard).expect("text");
        let status = self.child.wait().expect("an end");
        let ran = Ran { code: status.code(), signal: status.signal(), text: self.heard };
        (self.world, self.before, ran)
    }
}
