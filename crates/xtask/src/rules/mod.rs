//! The rules of this repository, one file each.
//!
//! A rule is a function from the [`Tree`] to what breaks it. It looks at everything itself, so that a
//! rule about the whole (a median, a missing file) has the same shape as one about a line. What rustfmt,
//! clippy or the compiler already keep is not repeated here, except where an `#[allow]` in the code
//! could switch it off unseen.
//!
//! To add a rule:
//! 1. add `rules/<name>.rs` that says in its first lines what it keeps and why, with one
//!    `pub(crate) fn check(tree: &Tree) -> Vec<Violation>`;
//! 2. say in each violation what is wrong and what to do about it, at the line to change;
//! 3. list it in [`ALL`];
//! 4. add tests that show it fail, and pass on the nearest innocent text.

mod documented;
mod files;
mod functions;
mod layers;
mod links;
mod lints;
mod machine_paths;
mod promises;
mod sleeps;
mod stories;
mod unfinished;
mod unwraps;

use std::fmt;

use crate::tree::Tree;

/// A named check.
#[derive(Debug)]
pub(crate) struct Rule {
    /// What the output calls it: the name of its file.
    pub(crate) name: &'static str,
    /// Finds everything that breaks it.
    pub(crate) check: fn(&Tree) -> Vec<Violation>,
}

/// Every rule, in the order of the output: the shape of the code, its content, then the documents.
pub(crate) const ALL: &[Rule] = &[
    Rule { name: "stories", check: stories::check },
    Rule { name: "files", check: files::check },
    Rule { name: "functions", check: functions::check },
    Rule { name: "layers", check: layers::check },
    Rule { name: "lints", check: lints::check },
    Rule { name: "documented", check: documented::check },
    Rule { name: "unwraps", check: unwraps::check },
    Rule { name: "sleeps", check: sleeps::check },
    Rule { name: "unfinished", check: unfinished::check },
    Rule { name: "machine_paths", check: machine_paths::check },
    Rule { name: "links", check: links::check },
    Rule { name: "promises", check: promises::check },
];

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Relative to the root of the repository.
    pub(crate) path: String,
    /// 1-based.
    pub(crate) line: usize,
    /// What is wrong, and after a semicolon what to do.
    pub(crate) what: String,
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

#[cfg(test)]
mod tests;
