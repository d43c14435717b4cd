//! Texts with a form of their own, as the JSON Schema knows them: `format` names the form, `check` reads it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! text {
    ($name:ident, $description:literal, $schema:tt) => {
        #[doc = $description]
        pub(in crate::spec) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

macro_rules! forms {
    ($($name:ident = $format:literal: $description:literal;)*) => {$(
        text!($name, $description, {"type": "string", "format": $format});
    )*};
}

forms! {
    Text = "template": "A text in which a secret may stand.";
    Duration = "period": "A length of time: `1m30s`.";
    Size = "size": "A size: `512MiB`.";
    PortText = "port": "`8080:80`, `127.0.0.1:8080:80`, `53:53/udp` or `80`.";
    ExposeText = "expose": "`3000` or `3000/udp`.";
    MountText = "mount": "`data:/var/lib/x`, `./folder:/path:ro`.";
    RestartText = "restart": "`no`, `always`, `unless-stopped`, `on-failure` or `on-failure:5`.";
    ModeText = "mode": "Permissions in octal: `0440`.";
    Pattern = "pattern": "A regular expression.";
    Subnet = "subnet": "An address range: `172.30.0.0/16`.";
    Ipv4 = "ipv4-text": "An IPv4 address.";
    Platform = "platform": "`linux/amd64`.";
    ImageText = "image": "A reference: `postgres:16-alpine`.";
    StoreText = "store-text": "A URL, which may hold a secret.";
    ProjectName = "name": "Lower-case letters, digits, `_`, `.` and `-`; at most 63.";
    Tag = "tag": "At most 128 letters, digits, `.`, `_`, `-`, `+` and `/`.";
    UrlText = "url-text": "A URL.";
    TableName = "table-name": "A table: `migrations` or `app.migrations`.";
    Recipient = "recipient": "An age recipient: `age1…`.";
    Reason = "reason": "Why, in a few words.";
}

macro_rules! words {
    ($($name:ident: $($word:literal = $description:literal),+;)*) => {$(
        text!($name, "One of a few words.", {
            "oneOf": [$({"const": $word, "type": "string", "description": $description}),+]
        });
    )*};
}

words! {
    PullPolicyWord:
        "missing" = "Ask the registry only when the engine has none by that reference.",
        "always" = "Ask the registry at every plan.",
        "never" = "The engine has it, or it is an error.";
    StrategyWord:
        "blue-green" = "All new containers are ready before the first old one stops.",
        "rolling" = "Batch by batch.",
        "recreate" = "The old ones stop before the new ones start.";
    OrderWord:
        "start-first" = "The new container starts before the old one stops.",
        "stop-first" = "The old container stops before the new one starts.";
    ConditionWord:
        "started" = "It runs.",
        "healthy" = "It is ready.",
        "completed" = "It is a job and ended with exit code 0.";
    EngineKind:
        "docker" = "A Docker engine.";
    OnFailure:
        "undo" = "Take everything back.",
        "pause" = "Stop where it is and leave the apply open.";
    LayoutWord:
        "prisma" = "`NAME/migration.sql`, and `down.sql` or `rollback.sql` beside it.",
        "sqlx" = "`VERSION_NAME.sql`, or `VERSION_NAME.up.sql` and `.down.sql`.",
        "golang-migrate" = "`VERSION_NAME.up.sql` and `.down.sql`.",
        "dbmate" = "`VERSION_NAME.sql` with `-- migrate:up` and `-- migrate:down`.",
        "diesel" = "`VERSION_NAME/up.sql` and `down.sql`.",
        "goose" = "`VERSION_NAME.sql` with `-- +goose Up` and `-- +goose Down`.",
        "flyway" = "`V1__name.sql`, `U1__name.sql`, `R__name.sql`.",
        "sqitch" = "`deploy/NAME.sql`, `revert/NAME.sql` and `verify/NAME.sql`.";
    ProveWord:
        "schema" = "On a copy of the schema.",
        "data" = "On the newest backup, with its rows.",
        "off" = "They are not tried.";
    BeforeWord:
        "migrate" = "Before the database is migrated.";
    VerifyWord:
        "restore" = "It is restored into a scratch database, and that is compared.",
        "checksum" = "It is read back, and its hash compared.";
}
