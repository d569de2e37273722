//! The one table of what can be configured.
//!
//! A row says what the key is called, what it takes, what it is for, how it is read and how its
//! value is written. Its order is the order of the default file and of the documentation.

use std::{path::Path, time::Duration};

use herald_domain::{delivery::DisablePolicy, schedule::DAY};

use super::{
    Config, Database, LogFormat,
    node::ROLES,
    values::{self, Given, Read, TIMEOUTS, write_duration},
};

/// A key that can be configured.
pub(super) struct Key {
    /// Its section and name, for example `delivery.timeout`.
    pub(super) path: &'static str,
    /// What it takes, for people.
    pub(super) takes: &'static str,
    /// What it is for, for people: sentences, without line breaks.
    pub(super) about: &'static str,
    /// A value to show where there is no default.
    pub(super) example: &'static str,
    /// Reads a value into the configuration.
    pub(super) set: fn(&mut Config, &Given) -> Read<()>,
    /// Writes its value as TOML; `None` if it is not set, or is not to be shown.
    pub(super) get: fn(&Config) -> Option<String>,
}

/// A `[section]` of the file.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
}

/// The sections, in the order of the file. Keys without a section come before the first.
pub(super) const SECTIONS: &[Section] = &[
    Section { name: "delivery", about: "How notifications are sent." },
    Section { name: "limits", about: "What one environment may have." },
    Section { name: "checks", about: "How checks of clients complete." },
    Section { name: "retention", about: "What is forgotten, and when." },
    Section { name: "log", about: "What Herald says of itself, on standard error." },
];

const POLICIES: &[(&str, DisablePolicy)] =
    &[("always", DisablePolicy::Always), ("unless_succeeding", DisablePolicy::UnlessSucceeding)];

const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

const DURATION: &str = "duration";
const LEAST_CONNECTIONS: u32 = 4;
const MOST_CONNECTIONS: u32 = 1_000;
/// Shortest and longest time that others wait for a silent process.
const LEASES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
const MOST_IN_FLIGHT: u32 = 100_000;
const MOST_WEBHOOKS: u32 = 10_000;
const MOST_DAYS: u32 = 3_650;
const MOST_RETRIES: u32 = 100;

/// Every key.
pub(super) const KEYS: &[Key] = &[
    Key {
        path: "listen",
        takes: "address:port",
        about: "Where Herald answers. Port 0 takes a free one and prints it. Herald speaks plain \
                HTTP: put a TLS proxy in front of it before it listens beyond this machine.",
        example: "",
        set: |config, given| put(&mut config.listen, values::address(given)),
        get: |config| Some(quoted(&config.listen.to_string())),
    },
    Key {
        path: "public_url",
        takes: "URL",
        about: "The address under which people reach Herald, for links, temporary endpoints and \
                examples. Unset, it is the address that Herald listens on.",
        example: "https://hooks.example.com",
        set: |config, given| put(&mut config.public_url, values::web_address(given).map(Some)),
        get: |config| config.public_url.as_deref().map(quoted),
    },
    Key {
        path: "database_url",
        takes: "sqlite:PATH, or postgres://user:password@host:port/database",
        about: "Where everything is remembered: one SQLite file, made at the first start, whose \
                folder also takes the generated keys; or a PostgreSQL database (13 or later), on \
                which any number of Heralds may work together. Generated keys are in herald-data \
                then, and have to be the same everywhere. With `?sslmode=require` the connection \
                is encrypted, and the server's certificate is verified by the system's \
                authorities.",
        example: "",
        set: |config, given| put(&mut config.database, database(given)),
        get: |config| Some(quoted(&config.database.to_string())),
    },
    Key {
        path: "database_connections",
        takes: "whole number",
        about: "Connections that this process makes to PostgreSQL at most, beside two that it \
                always has. The server's max_connections has to be enough for all processes.",
        example: "",
        set: |config, given| {
            let connections = values::size(given, LEAST_CONNECTIONS, MOST_CONNECTIONS);
            put(&mut config.node.connections, connections)
        },
        get: |config| Some(config.node.connections.to_string()),
    },
    Key {
        path: "role",
        takes: "\"all\", \"api\" or \"dispatch\"",
        about: "What this process does, of several on one PostgreSQL database: \"api\" answers \
                requests and sends nothing, \"dispatch\" sends and answers only /healthz, /readyz \
                and /metrics, \"all\" does both. `herald serve --role` wins over it.",
        example: "",
        set: |config, given| put(&mut config.node.role, values::choice(given, ROLES)),
        get: |config| word(ROLES, &config.node.role),
    },
    Key {
        path: "node_name",
        takes: "text of at most 100 characters",
        about: "What other processes on the same PostgreSQL database, and `herald doctor`, call \
                this one. Unset, it is the host's name and the process's number.",
        example: "herald-1",
        set: |config, given| put(&mut config.node.name, values::name(given).map(Some)),
        get: |config| config.node.name.as_deref().map(quoted),
    },
    Key {
        path: "node_lease",
        takes: DURATION,
        about: "How long the others wait for a process that is silent, killed or cut off from \
                PostgreSQL, before they take over what it had in hand. A process that ends in \
                order hands over at once.",
        example: "",
        set: |config, given| {
            let (least, most) = LEASES;
            put(&mut config.node.lease, values::duration_within(given, least, most))
        },
        get: |config| Some(quoted(&write_duration(config.node.lease))),
    },
    Key {
        path: "operator_key",
        takes: "text of at least 16 characters",
        about: "Opens the operator's API, which publishes events and manages accounts. Unset, it \
                is in the file operator.key beside the database, or in herald-data, made at the \
                first start.",
        example: "replace-this-by-what-openssl-rand-hex-32-prints",
        set: |config, given| {
            let key = values::secret(given, values::operator_key);
            put(&mut config.operator_key, key.map(Some))
        },
        get: |_| None,
    },
    Key {
        path: "secret_key",
        takes: "64 hex digits",
        about: "Seals the webhooks' signing secrets in the database. Keep a copy apart from the \
                database's backups: without it the secrets are lost. Every \
                process on one database needs the same. Unset, it is in the file secret.key \
                beside the database, or in herald-data, made at the first start.",
        example: "64 hex digits, as `openssl rand -hex 32` prints them",
        set: |config, given| {
            let key = values::secret(given, values::secret_key);
            put(&mut config.secret_key, key.map(Some))
        },
        get: |_| None,
    },
    Key {
        path: "catalogue_file",
        takes: "path of a TOML file",
        about: "Event types of your own, beside the built-in ones of the specification.",
        example: "event-types.toml",
        set: |config, given| put(&mut config.catalogue_file, values::file(given).map(Some)),
        get: |config| path(config.catalogue_file.as_deref()),
    },
    Key {
        path: "notice_url",
        takes: "URL",
        about: "Where you are told of webhooks that are close to being disabled, and of those that \
                were: events of the types webhook.failing and webhook.disabled, signed and retried \
                like any other. Judged as every webhook's URL.",
        example: "https://ops.example.com/herald",
        set: |config, given| {
            put(&mut config.notice_url, given.one().map(|url| Some(url.to_owned())))
        },
        get: |config| config.notice_url.as_deref().map(quoted),
    },
    Key {
        path: "notice_secret",
        takes: "32 letters and digits",
        about: "Signs what is sent to notice_url, and has to be given with it.",
        example: "32 hex digits, as `openssl rand -hex 16` prints them",
        set: |config, given| {
            let secret = values::secret(given, values::notice_secret);
            put(&mut config.notice_secret, secret.map(Some))
        },
        get: |_| None,
    },
    Key {
        path: "notice_attempts_left",
        takes: "whole number",
        about: "A webhook is close to being disabled when a delivery to it has so many attempts \
                left, or fewer; at most half of the retries count. 0: nobody is warned.",
        example: "",
        set: |config, given| {
            put(&mut config.notice_attempts_left, values::count(given, 0, MOST_RETRIES))
        },
        get: |config| Some(config.notice_attempts_left.to_string()),
    },
    Key {
        path: "delivery.timeout",
        takes: DURATION,
        about: "The time for one attempt: looking up the name, connecting, sending, and the head \
                of the answer, all together.",
        example: "",
        set: |config, given| {
            let (least, most) = TIMEOUTS;
            put(&mut config.delivery.timeout, values::duration_within(given, least, most))
        },
        get: |config| Some(quoted(&write_duration(config.delivery.timeout))),
    },
    Key {
        path: "delivery.retry_schedule",
        takes: "list of durations",
        about: "How long to wait after each failed attempt. One retry for each delay; after the \
                last one the delivery is exhausted.",
        example: "",
        set: |config, given| {
            put(&mut config.delivery.retry_schedule, values::retry_schedule(given))
        },
        get: |config| {
            let delays = config.delivery.retry_schedule.iter();
            Some(list(delays.map(|delay| write_duration(*delay))))
        },
    },
    Key {
        path: "delivery.retry_jitter",
        takes: "share from 0.0 to 1.0",
        about: "Each wait is stretched at random by up to this share, so that retries do not \
                march in step. A retry is never earlier than the schedule.",
        example: "",
        set: |config, given| put(&mut config.delivery.retry_jitter, values::share(given)),
        get: |config| Some(format!("{:?}", config.delivery.retry_jitter)),
    },
    Key {
        path: "delivery.disable_policy",
        takes: "\"always\" or \"unless_succeeding\"",
        about: "Whether an exhausted delivery disables its webhook: always, or only if nothing \
                was delivered to that webhook since the delivery's first attempt.",
        example: "",
        set: |config, given| {
            put(&mut config.delivery.disable_policy, values::choice(given, POLICIES))
        },
        get: |config| word(POLICIES, &config.delivery.disable_policy),
    },
    Key {
        path: "delivery.allowed_networks",
        takes: "list of networks (CIDR)",
        about: "Networks that webhooks may reach beyond the public internet, such as one of your \
                own. Cloud metadata addresses stay forbidden in any case.",
        example: "",
        set: |config, given| put(&mut config.delivery.allowed_networks, values::networks(given)),
        get: |config| {
            let networks = config.delivery.allowed_networks.iter();
            Some(list(networks.map(ToString::to_string)))
        },
    },
    Key {
        path: "delivery.allow_http",
        takes: "true or false",
        about: "Whether webhooks may have http:// URLs. Payloads then travel in the clear.",
        example: "",
        set: |config, given| put(&mut config.delivery.allow_http, values::boolean(given)),
        get: |config| Some(config.delivery.allow_http.to_string()),
    },
    Key {
        path: "delivery.extra_ca_file",
        takes: "path of a PEM file",
        about: "Certificates of authorities that are trusted beside the system's. Verification \
                itself can't be switched off.",
        example: "/etc/herald/ca.pem",
        set: |config, given| put(&mut config.delivery.extra_ca_file, values::file(given).map(Some)),
        get: |config| path(config.delivery.extra_ca_file.as_deref()),
    },
    Key {
        path: "delivery.max_in_flight",
        takes: "whole number",
        about: "Attempts that may be in flight at once, over all webhooks. Attempts that have \
                become slow are counted apart, so that hanging receivers do not use this up: there \
                may be four times as many of them.",
        example: "",
        set: |config, given| {
            let limit = values::size(given, 1, MOST_IN_FLIGHT);
            put(&mut config.delivery.concurrency.in_flight, limit)
        },
        get: |config| Some(config.delivery.concurrency.in_flight.to_string()),
    },
    Key {
        path: "delivery.max_in_flight_per_webhook",
        takes: "whole number",
        about: "Attempts that may be in flight to one webhook at once.",
        example: "",
        set: |config, given| {
            let limit = values::size(given, 1, MOST_IN_FLIGHT);
            put(&mut config.delivery.concurrency.in_flight_per_webhook, limit)
        },
        get: |config| Some(config.delivery.concurrency.in_flight_per_webhook.to_string()),
    },
    Key {
        path: "limits.webhooks_per_environment",
        takes: "whole number",
        about: "Webhooks that one environment of an account may have.",
        example: "",
        set: |config, given| {
            put(&mut config.webhooks_per_environment, values::count(given, 1, MOST_WEBHOOKS))
        },
        get: |config| Some(config.webhooks_per_environment.to_string()),
    },
    Key {
        path: "checks.test_delay",
        takes: DURATION,
        about: "How long a check of the test environment is pending before it completes by \
                itself, by its client's last name. Those of the live environment wait for your \
                engine's report.",
        example: "",
        set: |config, given| {
            let within = values::duration_within(given, Duration::ZERO, DAY);
            put(&mut config.check_delay, within)
        },
        get: |config| Some(quoted(&write_duration(config.check_delay))),
    },
    Key {
        path: "retention.days",
        takes: "whole number of days",
        about: "How long events are kept once all their deliveries have ended. What is pending \
                or held is kept longer.",
        example: "",
        set: |config, given| {
            let days = values::count(given, 1, MOST_DAYS);
            put(&mut config.retention, days.map(|days| DAY * days))
        },
        get: |config| Some((config.retention.as_secs() / DAY.as_secs()).to_string()),
    },
    Key {
        path: "log.format",
        takes: "\"text\" or \"json\"",
        about: "Lines for people, or one JSON object a line.",
        example: "",
        set: |config, given| put(&mut config.log.format, values::choice(given, FORMATS)),
        get: |config| word(FORMATS, &config.log.format),
    },
    Key {
        path: "log.level",
        takes: "error, warn, info, debug or trace",
        about: "How much is said. A filter such as \"info,herald_engine=debug\" sets parts apart.",
        example: "",
        set: |config, given| put(&mut config.log.level, values::log_filter(given)),
        get: |config| Some(quoted(&config.log.level)),
    },
];

/// The key with this path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

fn put<T>(slot: &mut T, value: Read<T>) -> Read<()> {
    *slot = value?;
    Ok(())
}

fn database(given: &Given) -> Read<Database> {
    Database::parse(given.one()?)
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn path(path: Option<&Path>) -> Option<String> {
    path.map(|path| quoted(&path.display().to_string()))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| format!("{item:?}")).collect();
    format!("[{}]", items.join(", "))
}

fn word<T: PartialEq>(words: &[(&str, T)], meaning: &T) -> Option<String> {
    let found = words.iter().find(|(_, known)| known == meaning);
    found.map(|(word, _)| quoted(word))
}
