//! Every test that `docs/promises.md` names exists.
//!
//! The page says which test proves which promise, as `path::to::test_name` (the end of its module path
//! is enough) or `file.rs::test_name`. A renamed or deleted test would leave a promise that nothing
//! proves, with a page that says otherwise.

use super::Violation;
use crate::tree::{TestFn, Tree, tests_of};

const PAGE: &str = "docs/promises.md";

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(page) = tree.file(PAGE) else {
        return vec![Violation::new(
            PAGE,
            1,
            "missing; list each promise and the tests that prove it",
        )];
    };
    let tests: Vec<TestFn> = tree.sources.iter().flat_map(tests_of).collect();
    let mut violations = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        for name in line.split('`').skip(1).step_by(2).filter(|code| code.contains("::")) {
            if !tests.iter().any(|test| test.answers_to(name)) {
                let what = format!("no test `{name}`; name the test that proves this");
                violations.push(Violation::new(PAGE, index + 1, what));
            }
        }
    }
    violations
}
