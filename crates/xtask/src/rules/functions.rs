//! Functions stay small: none outside tests is longer than [`HARD_LIMIT`] lines or takes more than
//! [`PARAMETER_LIMIT`] parameters, and nine of ten have at most [`P90_LIMIT`] lines.
//!
//! Good and bad code have the same median; the tail grows in the wiring, the one hot handler and the
//! delivery function. So the tail is what this rule keeps. It counts from `fn` to the closing brace,
//! comments included: what a reader has to scroll.

use super::Violation;
use crate::measure::{bodies, percentile};
use crate::tree::Tree;

/// Lines in any one function.
const HARD_LIMIT: usize = 80;
/// Lines that nine of ten functions do not exceed.
const P90_LIMIT: usize = 35;
/// Parameters of any one function, the receiver included.
const PARAMETER_LIMIT: usize = 6;

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in &tree.sources {
        for function in &source.functions {
            let name = &function.name;
            if function.lines > HARD_LIMIT {
                let what = format!(
                    "`{name}` has {} lines, the limit is {HARD_LIMIT}; name its steps as functions",
                    function.lines
                );
                violations.push(Violation::new(&source.path, function.line, what));
            }
            if function.parameters > PARAMETER_LIMIT {
                let what = format!(
                    "`{name}` takes {} parameters, the limit is {PARAMETER_LIMIT}; \
                     some of them belong together in a type",
                    function.parameters
                );
                violations.push(Violation::new(&source.path, function.line, what));
            }
        }
    }
    violations.extend(tail(tree));
    violations
}

/// The percentile belongs to no function, so it is reported at the longest one.
fn tail(tree: &Tree) -> Option<Violation> {
    let p90 = percentile(bodies(tree).map(|(_, function)| function.lines).collect(), 90);
    let (source, longest) = bodies(tree).max_by_key(|(_, function)| function.lines)?;
    (p90 > P90_LIMIT).then(|| {
        let what = format!(
            "one function in ten has {p90} lines or more, the limit is {P90_LIMIT}; \
             shorten the longest, of which this is the first"
        );
        Violation::new(&source.path, longest.line, what)
    })
}
