//! The table of keys, for people: the commented default file and the reference.

use std::fmt::Write as _;

#[cfg(test)]
use super::environment::variable_of;
use super::{
    Config,
    keys::{KEYS, Key, SECTIONS},
};

/// Longest line of a comment in the default file.
const WIDTH: usize = 96;

const FILE_HEAD: &str = "\
# Herald's configuration: every key, with its default. Remove the # before a key to change it.
#
# Herald reads the file given as --config or in HERALD_CONFIG, else ./herald.toml if it is there.
# Each key can be given in the environment too, which wins over the file: HERALD_ and its path in
# upper case, with two underscores after the section, lists with commas:
# HERALD_DELIVERY__TIMEOUT=10s, HERALD_DELIVERY__ALLOWED_NETWORKS=10.1.0.0/16,fd00:1::/64
";

#[cfg(test)]
const REFERENCE_HEAD: &str = "\
# Configuration

<!-- Made from the table in crates/herald/src/config/keys.rs by
     `UPDATE_DOCS=1 cargo test -p herald config`. Change it there. -->

Herald works without any configuration. What is set comes from two places:

1. a TOML file: the one given as `--config` or in `HERALD_CONFIG`, else `./herald.toml` if it is
   there. `herald config` prints one with every key and its default;
2. the environment, which wins over the file: `HERALD_` and the key's path in upper case, with two
   underscores after the section. Lists are separated by commas.

A duration is a whole number and a unit: `300ms`, `15s`, `2m`, `1h`, `1d`. A relative path starts
at the folder that Herald is started in. A key that does not exist is refused, in the file and in
the environment, so that a typo does not silently keep a default.
";

/// The default configuration as a file: everything commented out, with its meaning.
pub(crate) fn default_file() -> String {
    let defaults = Config::default();
    let mut out = FILE_HEAD.to_owned();
    for key in keys_of(None) {
        write_key(&mut out, key, &defaults);
    }
    for section in SECTIONS {
        let _ = write!(out, "\n# {}\n[{}]\n", section.about, section.name);
        for key in keys_of(Some(section.name)) {
            write_key(&mut out, key, &defaults);
        }
    }
    out
}

fn write_key(out: &mut String, key: &Key, defaults: &Config) {
    out.push('\n');
    for line in wrapped(key.about, WIDTH) {
        let _ = writeln!(out, "# {line}");
    }
    let _ = writeln!(out, "# Takes: {}.", key.takes);
    let value = (key.get)(defaults).unwrap_or_else(|| format!("{:?}", key.example));
    let _ = writeln!(out, "#{} = {value}", name_of(key));
}

/// The reference, as Markdown.
#[cfg(test)]
pub(super) fn reference() -> String {
    let defaults = Config::default();
    let mut out = REFERENCE_HEAD.to_owned();
    let general = keys_of(None).map(|key| entry(key, &defaults));
    let _ = write!(out, "\n## General\n{}", general.collect::<String>());
    for section in SECTIONS {
        let entries = keys_of(Some(section.name)).map(|key| entry(key, &defaults));
        let entries: String = entries.collect();
        let _ = write!(out, "\n## `[{}]`\n\n{}\n{entries}", section.name, section.about);
    }
    out
}

#[cfg(test)]
fn entry(key: &Key, defaults: &Config) -> String {
    let default = (key.get)(defaults).map_or("unset".to_owned(), |value| format!("`{value}`"));
    let about = wrapped(key.about, WIDTH).join("\n");
    format!(
        "\n### `{}`\n\n{about}\n\n- takes: {}\n- default: {default}\n- variable: `{}`\n",
        key.path,
        key.takes,
        variable_of(key.path)
    )
}

/// The keys of a section, or those without one.
fn keys_of(section: Option<&str>) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.path.split_once('.').map(|(first, _)| first) == section)
}

fn name_of(key: &Key) -> &'static str {
    key.path.rsplit('.').next().unwrap_or(key.path)
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is always a line to write on");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    lines
}
