//! File sizes: the hard limit, the median, and what does not count.

use super::assert_found;
use crate::rules::files::check;

fn lines(count: usize) -> String {
    "//! line\n".repeat(count)
}

#[test]
fn a_file_of_501_lines_is_found_and_one_of_500_is_not() {
    let (long, longest, small) = (lines(500), lines(501), lines(1));
    let files = [("a.rs", &*long), ("b.rs", &*longest), ("c.rs", &*small), ("d.rs", &*small)];
    assert_found(check, &files, &["b.rs:501: 501 lines outside tests"]);
}

#[test]
fn lines_of_a_test_module_or_a_test_file_do_not_count() {
    let tests = "    fn f() {}\n".repeat(600);
    let file = format!("//! story\n#[cfg(test)]\nmod tests {{\n{tests}}}\n");
    let test_file = lines(900);
    assert_found(check, &[("a.rs", &file), ("a/tests.rs", &test_file)], &[]);
}

#[test]
fn a_high_median_is_found_at_the_longest_file() {
    let (high, higher, low) = (lines(181), lines(190), lines(180));
    assert_found(
        check,
        &[("a.rs", &high), ("b.rs", &higher), ("c.rs", &high)],
        &["b.rs:190: the median file has 181 lines"],
    );
    assert_found(check, &[("a.rs", &low), ("b.rs", &higher), ("c.rs", &low)], &[]);
}
