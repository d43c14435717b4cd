//! Words that are known without being keys: sections of later versions, and what Compose files call things.

use crate::spec::problem::Problem;
use crate::spec::tree::{self, Node, Value};

/// Sections that a later version brings.
const LATER_SECTIONS: [&str; 4] = ["secrets", "checks", "routes", "notify"];

/// Words of Compose files that omni spells otherwise.
const COMPOSE: &[(&str, &str)] = &[
    ("container_name", "omni names containers itself, so that a new one can start beside the old one; remove this key"),
    ("deploy", "write `resources`, `replicas`, `update` and `restart` straight into the service"),
    ("mem_limit", "write `resources.limits.memory`"),
    ("mem_reservation", "write `resources.reservations.memory`"),
    ("memswap_limit", "`resources.limits.memory` includes swap; remove this key"),
    ("pids_limit", "write `resources.limits.pids`"),
    ("env_file", "write `env_files = [\"…\"]`"),
    ("network_mode", "omni joins containers to networks by name; write `networks = [\"…\"]`"),
    ("links", "containers on one network find each other by name; write `depends_on` where the order matters"),
    ("stdin_open", "nobody is at a terminal in a deployment; remove this key"),
    ("tty", "nobody is at a terminal in a deployment; remove this key"),
    ("extends", "write what the services share in an overlay, or repeat it"),
    ("scale", "write `replicas`"),
    ("command_shell", "write `command` as one string"),
    ("pid", "sharing the host's processes is not supported"),
    ("ipc", "sharing the host's memory is not supported"),
    ("cgroup_parent", "not supported; use `resources.limits`"),
    ("volumes_from", "name the volumes themselves in `volumes`"),
    ("external_links", "join the other's network as an external one"),
    ("file", "write the file's path, or `{ source = \"…\" }`"),
    ("condition", "write `depends_on = { name = \"started\" }`: `started`, `healthy` or `completed`"),
    ("failure_action", "write `[rollback] on_failure`"),
    ("restart_policy", "write `restart = \"unless-stopped\"`"),
    ("start_interval", "omni checks readiness at once by itself; remove this key"),
    ("update_config", "write `update`"),
    ("max_attempts", "write `restart = \"on-failure:5\"`"),
    ("version", "a spec needs no version of its own; `project.version` is the version of what is deployed"),
    ("name", "write `[project] name`"),
    ("include", "a spec is one file; write what differs in `[environments.NAME]`"),
];

/// A known word of a later version: a section, or a key of a service.
pub(super) fn later_key(key: &str, path: &[String]) -> Option<Problem> {
    let at_top = path.len() == 1 || (path.len() == 3 && path[0] == "environments");
    let in_service = path.len() == 3 && matches!(path[0].as_str(), "services" | "jobs");
    let known = (at_top && LATER_SECTIONS.contains(&key)) || (in_service && key == "secrets");
    known.then(|| {
        let what = if at_top { format!("the section `{key}`") } else { format!("`{}`", tree::joined(path)) };
        let problem =
            Problem::error("omni::spec::not_yet", path, format!("{what} is not available in this version of omni"));
        let help = match key {
            "secrets" => "for now declare `[env.NAME]` with `secret = true` and use `${NAME}` in `environment`",
            _ => "remove it, or keep it under a name that starts with `x-`",
        };
        problem.help(help)
    })
}

/// A known word of a later version as a value.
pub(super) fn later_word(word: &str, path: &[String]) -> Option<Problem> {
    let help = match (path.last()?.as_str(), word) {
        ("strategy", "canary") => "for now use `blue-green`",
        ("kind", "swarm") => "for now use `docker`",
        _ => return None,
    };
    let message = format!("`{}` = `{word}` is not available in this version of omni", tree::joined(path));
    Some(Problem::error("omni::spec::not_yet", path, message).help(help))
}

/// What omni calls a word of Compose files.
pub(super) fn compose(key: &str) -> Option<&'static str> {
    COMPOSE.iter().find(|(word, _)| *word == key).map(|(_, help)| *help)
}

/// Why a job has no such key, where a service has it.
pub(super) fn service_only(key: &str, path: &[String]) -> Option<&'static str> {
    let in_job = path.len() == 3 && path[0] == "jobs";
    match key {
        "restart" | "replicas" | "update" if in_job => Some("a job runs once and is never restarted; remove this key"),
        "ports" | "expose" if in_job => Some("nobody connects to a job; remove this key, or make it a service"),
        "healthcheck" if in_job => Some("a job is right when it ends with exit code 0; remove this key"),
        _ => None,
    }
}

/// How to write a value of the wrong type, where it is a known mistake.
pub(super) fn type_help(node: &Node, path: &[String]) -> Option<String> {
    let key = path.iter().rev().find(|step| step.parse::<usize>().is_err())?;
    let above = path.len().checked_sub(2).map(|at| path[at].as_str());
    match (&node.value, key.as_str()) {
        (Value::Int(number), "ports") => Some(format!("write it in quotes: `\"{number}:{number}\"`, host first")),
        (Value::Int(number), "expose") => Some(format!("write it in quotes: `\"{number}\"`")),
        (
            Value::Int(seconds),
            "interval" | "timeout" | "start_period" | "stop_grace_period" | "delay" | "monitor" | "window"
            | "progress_deadline" | "connect_timeout" | "lock_timeout" | "statement_timeout",
        ) => Some(format!("write the unit too: `\"{seconds}s\"`")),
        (Value::Int(_), "memory" | "shm_size") => Some("write the unit too, as in `\"512MiB\"`".to_owned()),
        (Value::Int(mode), "mode") => Some(format!("write it in quotes: `\"0{mode:o}\"`")),
        (Value::List(_), "labels" | "args" | "sysctls" | "options") => {
            Some(format!("write a table: `{key} = {{ name = \"value\" }}`"))
        }
        (Value::Bool(wanted), "restart") => {
            Some(format!("write it in quotes: `\"{}\"`", if *wanted { "always" } else { "no" }))
        }
        (Value::Table(table), _) if above == Some("depends_on") && table.contains_key("condition") => {
            Some(format!("write `{key} = \"started\"`, `\"healthy\"` or `\"completed\"`"))
        }
        (Value::Table(_), "ports" | "volumes") => {
            Some("write each as one string, as in `\"8080:80\"` or `\"data:/var/lib/x:ro\"`".to_owned())
        }
        _ => None,
    }
}
