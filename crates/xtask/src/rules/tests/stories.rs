//! Stories: only a first line that says something counts.

use super::assert_found;
use crate::rules::stories::check;

#[test]
fn a_file_without_a_story_is_found() {
    assert_found(check, &[("a.rs", "fn f() {}\n")], &["a.rs:1: no story"]);
    assert_found(check, &[("a.rs", "")], &["a.rs:1: no story"]);
}

#[test]
fn a_story_that_comes_late_or_says_nothing_is_none() {
    assert_found(check, &[("a.rs", "\n//! late\n")], &["a.rs:1: no story"]);
    assert_found(check, &[("a.rs", "//!\nfn f() {}\n")], &["a.rs:1: no story"]);
}

#[test]
fn a_story_in_the_first_line_passes_and_other_languages_need_none() {
    assert_found(check, &[("a.rs", "//! What it is for.\n"), ("a.sql", "SELECT 1")], &[]);
}
