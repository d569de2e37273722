//! What may be wrong with an installation, and what to do about it.
//!
//! Each check looks at one thing and answers with a [`Finding`]; none changes anything or sends
//! anything to anybody, so that `herald doctor` is safe beside a running server, and on a machine
//! whose network must not be touched. All of them run, whatever the others found.

mod database;
mod files;
mod postgres;
mod system;

use std::process::ExitCode;

use crate::{
    config::{Config, Sources},
    terminal::say,
    wiring,
};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// All is well: what was looked at, and what is there.
    Good(String),
    /// Worth knowing; Herald works all the same.
    Note(String),
    /// Something is wrong.
    Bad {
        /// What.
        what: String,
        /// What to do about it.
        remedy: String,
    },
}

impl Finding {
    fn good(text: impl Into<String>) -> Self {
        Self::Good(text.into())
    }

    fn note(text: impl Into<String>) -> Self {
        Self::Note(text.into())
    }

    fn bad(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Bad { what: what.into(), remedy: remedy.into() }
    }

    fn shown(&self) -> String {
        match self {
            Self::Good(text) => format!("✓ {text}"),
            Self::Note(text) => format!("· {text}"),
            Self::Bad { what, remedy } => format!("✗ {what}\n  → {remedy}"),
        }
    }
}

/// Looks everything over, says what was found, answers 0 if nothing is wrong.
pub(crate) fn doctor(sources: &Sources) -> ExitCode {
    let findings = examine(sources);
    for finding in &findings {
        say(&finding.shown());
    }
    let bad = findings.iter().filter(|finding| matches!(finding, Finding::Bad { .. })).count();
    match bad {
        0 => {
            say("\nall is well");
            ExitCode::SUCCESS
        }
        1 => conclude("\none thing is wrong"),
        _ => conclude(&format!("\n{bad} things are wrong")),
    }
}

fn conclude(text: &str) -> ExitCode {
    say(text);
    ExitCode::FAILURE
}

fn examine(sources: &Sources) -> Vec<Finding> {
    let config = match sources.load() {
        Ok(config) => config,
        Err(problems) => {
            return vec![Finding::bad(problems.to_string(), "correct these, and run this again")];
        }
    };
    let mut findings = vec![configuration(sources), catalogue(&config), certificates(&config)];
    findings.extend(files::examine(&config));
    findings.extend(database::examine(&config));
    findings.extend(system::examine(&config));
    findings
}

fn configuration(sources: &Sources) -> Finding {
    let variables = sources.environment.len();
    match &sources.file {
        Some(file) => Finding::good(format!(
            "configuration: {} and {variables} variables of the environment",
            file.display()
        )),
        None => Finding::good(format!(
            "configuration: no file, {variables} variables of the environment, the rest by default"
        )),
    }
}

fn catalogue(config: &Config) -> Finding {
    match wiring::catalogue(config) {
        Ok(catalogue) => Finding::good(format!("event types: {}", catalogue.iter().len())),
        Err(problem) => Finding::bad(
            format!("event types: {problem:#}"),
            "correct the file, or remove catalogue_file",
        ),
    }
}

/// The HTTP client is made as `serve` makes it; it makes no connection.
fn certificates(config: &Config) -> Finding {
    match wiring::client(config) {
        Ok(client) => Finding::good(format!(
            "delivery: {} extra certificates, {} networks allowed beyond the public internet",
            client.extra_ca.len(),
            client.policy.allowed_networks().len()
        )),
        Err(problem) => Finding::bad(
            format!("delivery: {problem:#}"),
            "correct the file, or remove delivery.extra_ca_file",
        ),
    }
}

#[cfg(test)]
mod tests;
