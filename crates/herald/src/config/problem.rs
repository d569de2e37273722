//! What is wrong with a configuration: every problem, each with its place.

use std::fmt;

/// Everything that is wrong with a configuration.
#[derive(Debug, Default)]
pub(crate) struct ConfigProblems(pub(super) Vec<String>);

impl ConfigProblems {
    /// Notes a problem. `place` is a file with its line, or `the environment`.
    pub(super) fn add(&mut self, place: &str, what: impl fmt::Display) {
        self.0.push(format!("{place}: {what}"));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each problem in a line of its own.
    #[cfg(test)]
    pub(super) fn lines(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))?;
        f.write_str("\n`herald config` prints every key with its default and its meaning")
    }
}

impl std::error::Error for ConfigProblems {}
