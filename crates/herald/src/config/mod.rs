//! The configuration: read from a file and the environment, checked as a whole, explained.
//!
//! [`keys::KEYS`] is the one table of what can be configured. Reading a value, the commented
//! default file (`herald config`), `docs/configuration.md` and the "did you mean" of an error all
//! come from it; the defaults themselves are [`Config::default`], which takes the engine's.
//!
//! The environment wins over the file. Everything wrong is reported at once, each problem with
//! its place, and an unknown key is an error: a typo that silently keeps a default would be found
//! in production.
//!
//! # To add a key
//!
//! 1. Add a field to [`Config`] and its default below.
//! 2. Add its row to the table; a reader of its kind is in `values`.
//! 3. `UPDATE_DOCS=1 cargo test -p herald config` rewrites the two generated files.

mod database;
mod environment;
mod file;
mod keys;
mod node;
mod problem;
mod render;
mod secret;
mod suggest;
#[cfg(test)]
mod tests;
mod values;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use herald_domain::{
    delivery::{DeliveryRules, DisablePolicy},
    schedule::{DAY, RetrySchedule},
};
use herald_engine::Concurrency;
use ipnet::IpNet;

pub(crate) use database::{Database, PostgresUrl};
pub(crate) use node::{Node, Role};
pub(crate) use problem::ConfigProblems;
pub(crate) use render::default_file;
pub(crate) use secret::SecretText;
use values::Given;
pub(crate) use values::{
    one_duration as read_duration, operator_key as check_operator_key,
    secret_key as check_secret_key,
};

/// Everything that can be configured.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) database: Database,
    pub(crate) node: Node,
    pub(crate) operator_key: Option<SecretText>,
    /// 64 hex digits.
    pub(crate) secret_key: Option<SecretText>,
    pub(crate) catalogue_file: Option<PathBuf>,
    pub(crate) notice_url: Option<String>,
    /// 32 letters and digits; there is one if there is a URL.
    pub(crate) notice_secret: Option<SecretText>,
    pub(crate) notice_attempts_left: u32,
    pub(crate) delivery: Delivery,
    pub(crate) webhooks_per_environment: u32,
    pub(crate) check_delay: Duration,
    pub(crate) retention: Duration,
    pub(crate) log: Log,
}

/// `[delivery]`.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) timeout: Duration,
    pub(crate) retry_schedule: Vec<Duration>,
    pub(crate) retry_jitter: f64,
    pub(crate) disable_policy: DisablePolicy,
    pub(crate) allowed_networks: Vec<IpNet>,
    pub(crate) allow_http: bool,
    pub(crate) extra_ca_file: Option<PathBuf>,
    pub(crate) concurrency: Concurrency,
}

/// `[log]`.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    /// A level, or a filter of `tracing-subscriber`; known to parse.
    pub(crate) level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8400)),
            public_url: None,
            database: Database::Sqlite("herald-data/herald.db".into()),
            node: Node {
                role: Role::All,
                name: None,
                connections: 16,
                lease: Duration::from_secs(10),
            },
            operator_key: None,
            secret_key: None,
            catalogue_file: None,
            notice_url: None,
            notice_secret: None,
            notice_attempts_left: DeliveryRules::default().notice_attempts_left,
            delivery: Delivery {
                timeout: Duration::from_secs(15),
                retry_schedule: RetrySchedule::default().delays().to_vec(),
                retry_jitter: 0.1,
                disable_policy: DisablePolicy::default(),
                allowed_networks: Vec::new(),
                allow_http: false,
                extra_ca_file: None,
                concurrency: Concurrency::default(),
            },
            webhooks_per_environment: 20,
            check_delay: Duration::from_secs(1),
            retention: DAY * 30,
            log: Log { format: LogFormat::Text, level: "info".into() },
        }
    }
}

const UNSIGNED_NOTICES: &str = "`notice_url` needs a `notice_secret`, with which notices are \
    signed: 32 letters and digits, such as `openssl rand -hex 16` prints";

const ALONE: &str = "`role` parts the work between several processes, and one process alone works \
    on an SQLite file: leave it at \"all\", or give a postgres:// URL as `database_url`";

/// Where a configuration is read from.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// `HERALD_*` variables and their values.
    pub(crate) environment: Vec<(String, String)>,
    /// What the command line gives to keys, which wins over both.
    pub(crate) arguments: Vec<(&'static str, String)>,
}

impl Sources {
    /// This process's: the file asked for, or `./herald.toml` if there is one.
    pub(crate) fn of_process(asked: Option<PathBuf>) -> Self {
        let usual = PathBuf::from("herald.toml");
        let file = asked.or_else(|| usual.exists().then_some(usual));
        Self { file, environment: environment::of_process(), arguments: Vec::new() }
    }

    /// The configuration that these sources make, or everything that is wrong with them.
    pub(crate) fn load(&self) -> Result<Config, ConfigProblems> {
        let mut problems = ConfigProblems::default();
        let mut given = Vec::new();
        if let Some(path) = &self.file {
            given.extend(file::read(path, &mut problems));
        }
        given.extend(environment::read(&self.environment));
        given.extend(self.arguments.iter().map(of_argument));

        let mut config = Config::default();
        for entry in &given {
            match keys::find(&entry.path) {
                Some(key) => {
                    if let Err(what) = (key.set)(&mut config, &entry.given) {
                        problems.add(&entry.place, format!("`{}` {what}", entry.name));
                    }
                }
                None => problems.add(&entry.place, suggest::unknown(entry)),
            }
        }
        // A value that is wrong by itself has its own problem already.
        if problems.is_empty() {
            judge_together(&config, &given, &mut problems);
        }
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }
}

fn of_argument((path, value): &(&'static str, String)) -> Entry {
    Entry {
        path: (*path).to_owned(),
        name: format!("--{path}"),
        place: "the command line".to_owned(),
        kind: EntryKind::Variable,
        given: Given::One(value.clone()),
    }
}

/// What no value is wrong by itself, but by another.
fn judge_together(config: &Config, given: &[Entry], problems: &mut ConfigProblems) {
    let place_of = |path| given.iter().rfind(|entry| entry.path == path).map(|entry| &entry.place);
    if let (Some(place), None) = (place_of("notice_url"), &config.notice_secret) {
        problems.add(place, UNSIGNED_NOTICES);
    }
    let alone = config.database.file().is_some() && config.node.role != Role::All;
    if let (Some(place), true) = (place_of("role"), alone) {
        problems.add(place, ALONE);
    }
}

/// A value that a source gives to a key.
#[derive(Debug)]
struct Entry {
    /// Which key it means, for example `delivery.timeout`.
    path: String,
    /// What the key is called in this source.
    name: String,
    /// Where it stands, for errors.
    place: String,
    kind: EntryKind,
    given: Given,
}

/// How keys are spelled in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntryKind {
    File,
    Variable,
}
