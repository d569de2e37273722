//! The figures, on trees small enough to count by hand.

use super::{Summary, percentile};
use crate::tree::Tree;

#[test]
fn a_percentile_is_the_smallest_value_that_covers_the_share() {
    assert_eq!(percentile((1..=10).rev().collect(), 90), 9);
    assert_eq!(percentile((1..=10).collect(), 50), 5);
    assert_eq!(percentile(vec![7], 90), 7);
    assert_eq!(percentile(Vec::new(), 50), 0);
}

#[test]
fn the_summary_counts_code_and_leaves_tests_out() {
    let tree = Tree::of(&[
        ("a.rs", "//! a\nfn one() {}\nfn three() {\n    one();\n}\n"),
        ("b.rs", "//! b\n#[cfg(test)]\nmod tests {\n    fn long() {\n\n\n\n    }\n}\n"),
        ("tests/c.rs", "//! c\nfn long() {\n\n\n\n\n\n}\n"),
    ]);
    let expected =
        Summary { files: 2, median_file: 1, functions: 2, p90_function: 3, longest_function: 3 };
    assert_eq!(Summary::of(&tree), expected);
}
