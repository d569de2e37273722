//! The commands as clap has them: sound, with help and examples each, and the reference made of
//! them, `docs/cli.md`.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;

const HEAD: &str = "\
# Commands

<!-- Made from the commands in crates/herald/src by `UPDATE_DOCS=1 cargo test -p herald cli`.
     Change them there. -->

`herald` is the server and what looks after it (`serve`, `config`, `migrate`, `backup`,
`migrate-to`, `doctor`), and the tools of a receiver's developer, which use a running Herald over its
API. `herald help COMMAND` says the same as this page.

The developer's tools find Herald by `--url` (or `HERALD_URL`) and open it with the API key in
`HERALD_API_KEY`, `--key-file` or `--key`; each of them takes these options. They print tables for
people, and with `--json` the API's own JSON, one document or one line an item. A time is
`2026-01-31T09:30:00Z`, a date, or how long ago, such as `2h`.

| exit code | means |
|---|---|
| 0 | done |
| 1 | refused, or failed: a resend that was not delivered, a signature that is not valid |
| 2 | the command line is wrong, or no key is given |
| 3 | Herald is not reachable, or cannot do it right now |
| 130 | Ctrl-C ended the waiting, and not what was begun: a recovery goes on |
";

/// Every command that does something, with its words: `herald webhooks list`.
fn leaves(command: &Command, words: &str) -> Vec<(String, Command)> {
    let words = format!("{words}{}", command.get_name());
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    let below: Vec<_> = below.flat_map(|below| leaves(below, &format!("{words} "))).collect();
    if below.is_empty() { vec![(words, command.clone())] } else { below }
}

fn built() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

fn reference() -> String {
    let mut out = HEAD.to_owned();
    for (words, command) in leaves(&built(), "") {
        let about = command.get_long_about().or(command.get_about()).map(ToString::to_string);
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        let _ = write!(
            out,
            "\n## `{words}`\n\n{}\n\n```text\n{usage}\n```\n",
            about.unwrap_or_default()
        );
        // What all have is told at the top.
        let uses_api = command.get_arguments().any(|arg| arg.get_id() == "key_file");
        let of_all: &[&str] = if uses_api { &["url", "key", "key_file", "json"] } else { &[] };
        let arguments = command.get_arguments().filter(|arg| {
            let id = arg.get_id().as_str();
            !["help", "version", "config"].contains(&id) && !of_all.contains(&id)
        });
        let rows: Vec<_> = arguments.map(row).collect();
        if !rows.is_empty() {
            let _ = write!(out, "\n| option | |\n|---|---|\n{}", rows.concat());
        }
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let _ = write!(out, "\n```text\n{}\n```\n", after.trim_end());
    }
    out
}

fn row(arg: &Arg) -> String {
    let names: Vec<_> =
        arg.get_value_names().into_iter().flatten().map(ToString::to_string).collect();
    let takes = arg.get_action().takes_values();
    let value = if takes { names.join(" ") } else { String::new() };
    let name = match arg.get_long() {
        Some(long) => format!("--{long} {value}").trim_end().to_owned(),
        None => value,
    };
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let choices: Vec<_> =
        arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
    let choices = if takes && !choices.is_empty() && choices != ["true", "false"] {
        format!(" ({})", choices.join(", "))
    } else {
        String::new()
    };
    let defaults =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
    let default = defaults.filter(|_| takes).map(|value| format!(" [default: `{value}`]"));
    let variable = arg.get_env().map(|name| format!(" [env: {}]", name.to_string_lossy()));
    let notes = default.chain(variable).collect::<String>();
    format!("| `{}` | {}{choices}{notes} |\n", name.replace('|', "\\|"), help.replace('|', "\\|"))
}

#[test]
fn the_commands_do_not_contradict_each_other() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_help_with_an_example() {
    for (words, mut command) in leaves(&built(), "") {
        let help = command.render_long_help().to_string();
        assert!(command.get_about().is_some(), "{words} should say what it does");
        assert!(help.contains("Example"), "{words} should have an example:\n{help}");
        assert!(help.contains("herald "), "{words}:\n{help}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{words}: {} has no help", argument.get_id());
        }
    }
}

#[test]
fn the_help_tells_every_exit_code_of_the_reference() {
    let help = built().get_after_help().map(ToString::to_string).unwrap_or_default();
    let rows = HEAD.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let codes: Vec<&str> = rows.filter(|cell| cell.parse::<u8>().is_ok()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "130"]);
    for code in codes {
        assert!(help.contains(&format!(" {code} (")), "{code} in {help}");
    }
}

#[test]
fn the_reference_of_the_commands_is_up_to_date() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md"));
    let generated = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/cli.md is not what the commands make: run `UPDATE_DOCS=1 cargo test -p herald cli`"
    );
}
