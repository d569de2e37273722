//! How a command can fail, and the exit code that tells programs.

use std::{fmt, process::ExitCode};

/// Why a command did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line asks for something that cannot be meant: exit code 2, as clap's own.
    Usage(String),
    /// It was refused, or it went wrong: 1.
    Failed(String),
    /// What it is about is not there: 1.
    NotFound(String),
    /// It went wrong, and the command has said so already: 1.
    Said,
    /// Nobody answered, or only a proxy did: 3.
    Unreachable(String),
    /// Ctrl-C ended the command before its end: 130, as shells have it.
    Interrupted(String),
}

impl Failure {
    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) | Self::NotFound(_) | Self::Said => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Interrupted(_) => 130,
        })
    }

    pub(super) fn is_said(&self) -> bool {
        *self == Self::Said
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said => f.write_str("failed"),
            Self::Usage(text)
            | Self::Failed(text)
            | Self::NotFound(text)
            | Self::Unreachable(text)
            | Self::Interrupted(text) => f.write_str(text),
        }
    }
}
