//! Tests never sleep: they wait for a signal, or move the manual clock.
//!
//! A sleep is either too short on a busy machine or too long on every other. The rule covers test code
//! and the testkit. It forbids the real sleeps, called by path or imported
//! (`thread::sleep`, `tokio::time::sleep`, `sleep_until`); a method such as `clock.sleep(…)` is ours, and
//! its clock stands still until a test moves it.

use super::Violation;
use crate::tree::{Source, Tree};

/// Its code is for tests, though it is an ordinary crate.
const TESTKIT: &str = "crates/testkit/";

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in &tree.sources {
        for (name, line) in real_sleeps(source) {
            if source.path.starts_with(TESTKIT) || source.is_test(line) {
                let what = format!(
                    "`{name}` in a test; wait for a signal (with a deadline), or move the clock"
                );
                violations.push(Violation::new(&source.path, line, what));
            }
        }
    }
    violations
}

/// Calls of a function named like a sleep; a method call or a definition is not one.
fn real_sleeps(source: &Source) -> impl Iterator<Item = (&str, usize)> {
    source.tokens.windows(3).filter_map(|window| {
        let [before, name, after] = window else { return None };
        let sleeps = matches!(name.text.as_str(), "sleep" | "sleep_until" | "sleep_ms");
        let called = after.text == "(" && !matches!(before.text.as_str(), "." | "fn");
        (sleeps && called).then_some((name.text.as_str(), name.line))
    })
}
