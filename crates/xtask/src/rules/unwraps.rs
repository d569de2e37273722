//! No `.unwrap()` outside tests: `?` where it can fail, `expect("why it cannot")` where it cannot.
//!
//! clippy says so too, but an `#[allow]` silences clippy, and it does not look into the body of a macro
//! call.

use super::Violation;
use crate::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in &tree.sources {
        for line in source.find(&[".", "unwrap", "(", ")"]) {
            if !source.is_test(line) {
                let what = "`.unwrap()` outside tests; use `?`, or `expect` with the reason why it \
                            cannot fail";
                violations.push(Violation::new(&source.path, line, what));
            }
        }
    }
    violations
}
