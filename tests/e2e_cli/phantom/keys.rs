//! `Key`: a key of a service or a job, two values of it, and what a plan calls the change from one to the other.

use crate::place::Place;

/// A key with two values.
pub(super) struct Key {
    /// The name of the service that has it.
    pub(super) name: &'static str,
    /// The lines of the service, at first.
    pub(super) before: &'static str,
    /// The lines of the service, afterwards.
    pub(super) after: &'static str,
    paths: &'static [&'static str],
}

impl Key {
    /// The paths that a plan names, and no other.
    pub(super) fn paths(&self) -> Vec<String> {
        self.paths.iter().map(|path| (*path).to_owned()).collect()
    }
}

const fn key(name: &'static str, before: &'static str, after: &'static str, paths: &'static [&'static str]) -> Key {
    Key { name, before, after, paths }
}

/// Writes the files that the values below name.
pub(super) fn files(place: &Place) {
    place.write("one.env", "FROM_FILE=one\n");
    place.write("two.env", "FROM_FILE=two\n");
    place.write("one.conf", "one\n");
    place.write("two.conf", "two\n");
    place.write("conf/a", "a\n");
    for folder in ["one", "two"] {
        let text =
            format!("FROM omni-e2e-cli:1 AS base\nARG WHO\nLABEL is={folder}\nFROM base AS further\nLABEL more=1\n");
        place.write(&format!("{folder}/Dockerfile"), &text);
    }
    place.write("one/Other", "FROM omni-e2e-cli:2\n");
}

/// What it runs.
pub(super) const RUNS: &[Key] = &[
    key("image", r#"image = "omni-e2e-cli:1""#, r#"image = "omni-e2e-cli:2""#, &["image"]),
    key("build", r#"build = "one""#, r#"build = "two""#, &["image"]),
    key(
        "dockerfile",
        r#"build = { context = "one" }"#,
        r#"build = { context = "one", dockerfile = "Other" }"#,
        &["image"],
    ),
    key(
        "target",
        r#"build = { context = "one", target = "base" }"#,
        r#"build = { context = "one", target = "further" }"#,
        &["image"],
    ),
    key(
        "args",
        r#"build = { context = "one", args = { WHO = "a" } }"#,
        r#"build = { context = "one", args = { WHO = "b" } }"#,
        &["image"],
    ),
    key(
        "pull-policy",
        "image = \"omni-e2e-cli:3\"\npull_policy = \"missing\"",
        "image = \"omni-e2e-cli:3\"\npull_policy = \"never\"",
        &[],
    ),
    key("command", r#"command = ["/fixture", "sleep"]"#, r#"command = ["/fixture", "serve", "80"]"#, &["command"]),
    key(
        "entrypoint",
        "entrypoint = [\"/fixture\"]\ncommand = [\"sleep\"]",
        "entrypoint = [\"/fixture\", \"say-and-sleep\"]\ncommand = [\"sleep\"]",
        &["entrypoint"],
    ),
    key(
        "environment",
        r#"environment = { A = "1", B = "x y" }"#,
        r#"environment = { A = "2", B = "x y" }"#,
        &["environment.A"],
    ),
    key("environment-more", r#"environment = { A = "1" }"#, r#"environment = { A = "1", B = "" }"#, &["environment.B"]),
    key("environment-list", r#"environment = ["A=1", "B=2"]"#, r#"environment = ["A=1"]"#, &["environment.B"]),
    key("env-files", r#"env_files = ["one.env"]"#, r#"env_files = ["two.env"]"#, &["environment.FROM_FILE"]),
    key(
        "configs",
        r#"configs = { "/etc/a" = "one.conf" }"#,
        r#"configs = { "/etc/a" = "two.conf" }"#,
        &["configs./etc/a.content", "configs./etc/a.source"],
    ),
    key(
        "config-mode",
        r#"configs = { "/etc/a" = { source = "one.conf", mode = "0440" } }"#,
        r#"configs = { "/etc/a" = { source = "one.conf", mode = "0400" } }"#,
        &["configs./etc/a.mode"],
    ),
    key("user", r#"user = "1000:1000""#, r#"user = "1001""#, &["user"]),
    key("working-dir", r#"working_dir = "/a""#, r#"working_dir = "/b""#, &["working_dir"]),
    key("hostname", r#"hostname = "one""#, r#"hostname = "two""#, &["hostname"]),
    key(
        "labels",
        r#"labels = { team = "one", other = 1 }"#,
        r#"labels = { team = "two", other = 1 }"#,
        &["labels.team"],
    ),
    key("init", "init = true", "init = false", &["init"]),
    key("replicas", "replicas = 1", "replicas = 2", &["replicas"]),
];

/// What it may do.
pub(super) const MAY: &[Key] = &[
    key("read-only", "read_only = false", "read_only = true", &["read_only"]),
    key("cap-add", r#"cap_add = ["NET_ADMIN"]"#, r#"cap_add = ["NET_ADMIN", "CAP_SYS_TIME"]"#, &["cap_add"]),
    key("cap-drop", r#"cap_drop = ["ALL"]"#, r#"cap_drop = ["chown"]"#, &["cap_drop"]),
    key("security-opt", r#"security_opt = ["no-new-privileges:true"]"#, "security_opt = []", &["security_opt"]),
    key("devices", r#"devices = ["/dev/null:/dev/one:r"]"#, r#"devices = ["/dev/null:/dev/two"]"#, &["devices"]),
    key(
        "ulimits",
        "ulimits = { nofile = { soft = 512, hard = 1024 }, nproc = 64 }",
        "ulimits = { nofile = { soft = 512, hard = 2048 }, nproc = 64 }",
        &["ulimits.nofile.hard"],
    ),
    key(
        "sysctls",
        r#"sysctls = { "net.core.somaxconn" = 512 }"#,
        r#"sysctls = { "net.core.somaxconn" = 1024 }"#,
        &["sysctls.net.core.somaxconn"],
    ),
    key("tmpfs", r#"tmpfs = ["/tmp", "/run:size=8m"]"#, r#"tmpfs = ["/tmp", "/run:size=16m"]"#, &["tmpfs./run"]),
    key("shm-size", r#"shm_size = "16m""#, r#"shm_size = "32MiB""#, &["shm_size"]),
    key(
        "cpus",
        "resources.limits = { cpus = 0.25, memory = \"32MiB\" }",
        "resources.limits = { cpus = 0.5, memory = \"32MiB\" }",
        &["resources.limits.cpus"],
    ),
    key(
        "memory",
        "resources.limits = { memory = \"32MiB\" }",
        "resources.limits = { memory = \"48m\" }",
        &["resources.limits.memory"],
    ),
    key(
        "memory-none",
        "resources.limits = { pids = 50 }",
        "resources.limits = { pids = 50, memory = \"48m\" }",
        &["resources.limits.memory"],
    ),
    key(
        "pids",
        "resources.limits = { pids = 50, memory = \"32MiB\" }",
        "resources.limits = { pids = 60, memory = \"32MiB\" }",
        &["resources.limits.pids"],
    ),
    key(
        "reserved-cpus",
        "resources.reservations = { cpus = 0.1 }",
        "resources.reservations = { cpus = 0.2 }",
        &["resources.reservations.cpus"],
    ),
    key(
        "reserved-memory",
        "resources.reservations = { memory = \"8MiB\" }",
        "resources.reservations = { memory = \"16MiB\" }",
        &["resources.reservations.memory"],
    ),
];

/// How it is reached.
pub(super) const REACHED: &[Key] = &[
    key("networks", r#"networks = ["inside"]"#, r#"networks = ["inside", "other"]"#, &["networks.other"]),
    key("no-network", r#"environment = { A = "1" }"#, r#"environment = { A = "2" }"#, &["environment.A"]),
    key(
        "aliases",
        r#"networks = { inside = { aliases = ["a"] } }"#,
        r#"networks = { inside = { aliases = ["a", "b"] } }"#,
        &["networks.inside.aliases"],
    ),
    key(
        "ipv4-address",
        r#"networks = { inside = { ipv4_address = "10.231.77.70" } }"#,
        r#"networks = { inside = { ipv4_address = "10.231.77.71" } }"#,
        &["networks.inside.ipv4_address"],
    ),
    key("ports", r#"ports = ["80", "53/udp"]"#, r#"ports = ["80", "54/udp"]"#, &["ports"]),
    key("fixed-port", r#"ports = ["127.0.0.1:39871:80"]"#, r#"ports = ["127.0.0.1:39872:80"]"#, &["ports"]),
    key("expose", r#"expose = ["3000"]"#, r#"expose = ["3000", "3001/udp"]"#, &["expose"]),
    key(
        "extra-hosts",
        r#"extra_hosts = ["db:10.0.0.5", "cache=10.0.0.6"]"#,
        r#"extra_hosts = ["db:10.0.0.7", "cache=10.0.0.6"]"#,
        &["extra_hosts.db"],
    ),
    key("dns", r#"dns = ["1.1.1.1", "9.9.9.9"]"#, r#"dns = ["9.9.9.9", "1.1.1.1"]"#, &["dns"]),
    key("volumes", r#"volumes = ["data:/data"]"#, r#"volumes = ["data:/data:ro"]"#, &["volumes./data"]),
    key("volume-place", r#"volumes = ["data:/one"]"#, r#"volumes = ["data:/two"]"#, &["volumes./one", "volumes./two"]),
    key(
        "host-volume",
        r#"volumes = ["./conf:/etc/conf:ro"]"#,
        r#"volumes = ["./conf:/etc/conf"]"#,
        &["volumes./etc/conf"],
    ),
    key(
        "logging",
        r#"logging = { driver = "json-file", options = { max-size = "1m", max-file = 3 } }"#,
        r#"logging = { driver = "json-file", options = { max-size = "2m", max-file = 3 } }"#,
        &["logging.options.max-size"],
    ),
    key(
        "logging-driver",
        r#"logging = { driver = "json-file" }"#,
        r#"logging = { driver = "local" }"#,
        &["logging.driver"],
    ),
];

/// How it lives.
pub(super) const LIVES: &[Key] = &[
    key("aa", r#"environment = { A = "1" }"#, r#"environment = { A = "2" }"#, &["environment.A"]),
    key("depends-on", "depends_on = []", r#"depends_on = ["aa"]"#, &["depends_on.aa"]),
    key("restart", r#"restart = "no""#, r#"restart = "on-failure:3""#, &["restart"]),
    key("restart-always", r#"restart = "always""#, r#"restart = "unless-stopped""#, &["restart"]),
    key("stop-signal", r#"stop_signal = "SIGTERM""#, r#"stop_signal = "SIGUSR1""#, &["stop_signal"]),
    key("stop-grace", r#"stop_grace_period = "2s""#, r#"stop_grace_period = "3s""#, &["stop_grace_period"]),
    key(
        "test",
        r#"healthcheck = { test = ["/fixture", "health", "/fixture"] }"#,
        r#"healthcheck = { test = ["/fixture", "health", "/"] }"#,
        &["healthcheck.test"],
    ),
    key(
        "test-interval",
        r#"healthcheck = { test = ["/fixture", "health", "/"], interval = "10s" }"#,
        r#"healthcheck = { test = ["/fixture", "health", "/"], interval = "11s" }"#,
        &["healthcheck.interval"],
    ),
    key(
        "test-timeout",
        r#"healthcheck = { test = ["/fixture", "health", "/"], timeout = "2s" }"#,
        r#"healthcheck = { test = ["/fixture", "health", "/"], timeout = "4s" }"#,
        &["healthcheck.timeout"],
    ),
    key(
        "test-retries",
        r#"healthcheck = { test = ["/fixture", "health", "/"], retries = 4 }"#,
        r#"healthcheck = { test = ["/fixture", "health", "/"], retries = 5 }"#,
        &["healthcheck.retries"],
    ),
    key(
        "test-start",
        r#"healthcheck = { test = ["/fixture", "health", "/"], start_period = "1s" }"#,
        r#"healthcheck = { test = ["/fixture", "health", "/"], start_period = "2s" }"#,
        &["healthcheck.start_period"],
    ),
    key(
        "http",
        "command = [\"/fixture\", \"serve\", \"80\"]\nhealthcheck = { http = \"/\", port = 80 }",
        "command = [\"/fixture\", \"serve\", \"80\"]\nhealthcheck = { http = \"/status/204\", port = 80 }",
        &["healthcheck.http"],
    ),
    key(
        "http-interval",
        "command = [\"/fixture\", \"serve\", \"80\"]\nhealthcheck = { http = \"/\", port = 80 }",
        "command = [\"/fixture\", \"serve\", \"80\"]\nhealthcheck = { http = \"/\", port = 80, interval = \"7s\" }",
        &["healthcheck.interval"],
    ),
    key(
        "tcp",
        "command = [\"/fixture\", \"serve\", \"80\"]\nhealthcheck = { tcp = 80 }",
        "command = [\"/fixture\", \"serve\", \"80\"]\nhealthcheck = { tcp = 80, timeout = \"5s\" }",
        &["healthcheck.timeout"],
    ),
    key(
        "disable",
        "environment = { A = \"1\" }\nhealthcheck = { disable = true }",
        "environment = { A = \"2\" }\nhealthcheck = { disable = true }",
        &["environment.A"],
    ),
    key(
        "strategy",
        r#"update = { strategy = "rolling" }"#,
        r#"update = { strategy = "recreate" }"#,
        &["update.strategy"],
    ),
    key("order", r#"update = { order = "start-first" }"#, r#"update = { order = "stop-first" }"#, &["update.order"]),
    key("parallelism", "update = { parallelism = 1 }", "update = { parallelism = 2 }", &["update.parallelism"]),
    key("delay", r#"update = { delay = "1s" }"#, r#"update = { delay = "2s" }"#, &["update.delay"]),
    key("monitor", r#"update = { monitor = "1s" }"#, r#"update = { monitor = "1500ms" }"#, &["update.monitor"]),
    key(
        "deadline",
        r#"update = { progress_deadline = "1m" }"#,
        r#"update = { progress_deadline = "2m" }"#,
        &["update.progress_deadline"],
    ),
    key(
        "rollback",
        r#"rollback = { command = ["/fixture", "say", "a"] }"#,
        r#"rollback = { command = ["/fixture", "say", "b"] }"#,
        &["rollback.command"],
    ),
];

/// What a job has.
pub(super) const JOBS: &[Key] = &[
    key(
        "command",
        "side_effects = false\ncommand = [\"/fixture\", \"say\", \"a\"]",
        "side_effects = false\ncommand = [\"/fixture\", \"say\", \"b\"]",
        &["command"],
    ),
    key(
        "environment",
        "side_effects = false\ncommand = [\"/fixture\", \"env\"]\nenvironment = { A = \"1\" }",
        "side_effects = false\ncommand = [\"/fixture\", \"env\"]\nenvironment = { A = \"2\" }",
        &["environment.A"],
    ),
    key(
        "timeout",
        "side_effects = false\ntimeout = \"1m\"\ncommand = [\"/fixture\", \"say\"]",
        "side_effects = false\ntimeout = \"2m\"\ncommand = [\"/fixture\", \"say\"]",
        &["timeout"],
    ),
    key(
        "rollback",
        "rollback = { command = [\"/fixture\", \"say\", \"a\"] }\ncommand = [\"/fixture\", \"say\"]",
        "rollback = { command = [\"/fixture\", \"say\", \"b\"] }\ncommand = [\"/fixture\", \"say\"]",
        &["rollback.command"],
    ),
    key(
        "side-effects",
        "side_effects = false\nrollback = { command = [\"/fixture\", \"say\"] }\ncommand = [\"/fixture\", \"say\"]",
        "side_effects = true\nrollback = { command = [\"/fixture\", \"say\"] }\ncommand = [\"/fixture\", \"say\"]",
        &["side_effects"],
    ),
];
