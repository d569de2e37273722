//! The environment as a source: `HERALD_DELIVERY__TIMEOUT=15s` gives `delivery.timeout`.
//!
//! Every `HERALD_*` variable has to be a key, so that a typo is found; a few are the command
//! line's: `HERALD_CONFIG`, which names the file, those of the commands that use the API, and where
//! `migrate-to` copies to.

use super::{Entry, EntryKind, values::Given};

const PREFIX: &str = "HERALD_";
const OF_THE_COMMAND_LINE: [&str; 5] =
    ["HERALD_CONFIG", "HERALD_URL", "HERALD_API_KEY", "HERALD_WEBHOOK_SECRET", "HERALD_MIGRATE_TO"];

/// This process's `HERALD_*` variables. Text that is not UTF-8 cannot be any key's value; it is
/// read with replacement characters, and then refused like any other wrong value.
pub(super) fn of_process() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let all = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    let key = |name: &str| name.starts_with(PREFIX) && !OF_THE_COMMAND_LINE.contains(&name);
    let mut ours: Vec<_> = all.filter(|(name, _)| key(name)).collect();
    // The environment has no order of its own; errors should come in the same one every time.
    ours.sort();
    ours
}

pub(super) fn read(variables: &[(String, String)]) -> impl Iterator<Item = Entry> {
    variables.iter().map(|(name, value)| Entry {
        path: path_of(name),
        name: name.clone(),
        place: "the environment".into(),
        kind: EntryKind::Variable,
        given: Given::One(value.clone()),
    })
}

/// The variable that gives the key `path`.
pub(super) fn variable_of(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_uppercase())
}

fn path_of(variable: &str) -> String {
    // Only upper case names a key: two spellings of one variable could contradict each other.
    match variable.strip_prefix(PREFIX) {
        Some(name) if !name.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            name.to_lowercase().replace("__", ".")
        }
        _ => variable.to_owned(),
    }
}
