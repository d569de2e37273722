//! Each rule fails on what it forbids and passes on the nearest innocent text.

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

use super::{ALL, Violation};
use crate::tree::Tree;

/// The `line: what` of everything that a rule finds in these files.
fn found(check: fn(&Tree) -> Vec<Violation>, files: &[(&str, &str)]) -> Vec<String> {
    check(&Tree::of(files)).into_iter().map(|found| found.to_string()).collect()
}

/// Asserts that the rule finds exactly this many places and begins each with the given text.
#[track_caller]
fn assert_found(check: fn(&Tree) -> Vec<Violation>, files: &[(&str, &str)], expected: &[&str]) {
    let found = found(check, files);
    let matches = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, start)| found.starts_with(start));
    assert!(matches, "expected {expected:#?}, found {found:#?}");
}

#[test]
fn a_violation_prints_as_a_place_that_editors_can_open() {
    let violation = Violation::new("a/b.rs", 7, "wrong; right it");
    assert_eq!(violation.to_string(), "a/b.rs:7: wrong; right it");
}

#[test]
fn every_rule_is_listed_once() {
    let mut names: Vec<_> = ALL.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}
